package cli

import (
	"os/exec"
	"syscall"
)

// OwnGroup keeps a Ctrl-C of the console from the child: it ends when we end it.
func OwnGroup(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}
