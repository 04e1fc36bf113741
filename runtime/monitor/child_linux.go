package monitor

import (
	"os/exec"
	"syscall"
)

// endWithUs keeps a Ctrl-C of the terminal from a child that is read, and lets it die with the thread that starts it.
func endWithUs(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
