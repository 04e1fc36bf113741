package repo

import (
	"os/exec"
	"strconv"
	"syscall"
)

const createNoWindow = 0x08000000

// detach gives a command no console to prompt on, and has it killed together
// with what it started.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: createNoWindow}
	cmd.Cancel = func() error {
		if err := exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(cmd.Process.Pid)).Run(); err != nil { //nolint:gosec // a number
			return cmd.Process.Kill()
		}
		return nil
	}
}
