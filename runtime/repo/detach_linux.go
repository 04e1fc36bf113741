package repo

import (
	"os/exec"
	"syscall"
)

// detach gives a command a session of its own: it has no terminal to prompt
// on, and is killed together with what it started. It dies with the thread
// that started it, and so with this process.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
