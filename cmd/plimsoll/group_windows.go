package main

import (
	"os/exec"
	"syscall"
)

// ownGroup keeps a Ctrl-C of the console from the child: it ends when we end it.
func ownGroup(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}
