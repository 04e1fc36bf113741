package monitor

import (
	"os/exec"
	"syscall"
)

// endWithUs keeps a Ctrl-C of the console from a child that is read.
func endWithUs(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}
