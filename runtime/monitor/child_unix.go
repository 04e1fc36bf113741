//go:build unix && !linux

package monitor

import (
	"os/exec"
	"syscall"
)

// endWithUs keeps a Ctrl-C of the terminal from a child that is read.
func endWithUs(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
