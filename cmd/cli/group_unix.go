//go:build unix

package cli

import (
	"os/exec"
	"syscall"
)

// OwnGroup keeps a Ctrl-C of the terminal from the child: it ends when we end it.
func OwnGroup(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
