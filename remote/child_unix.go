//go:build unix && !linux

package remote

import (
	"os"
	"os/exec"
	"syscall"
)

// endWithParent keeps a Ctrl-C of the terminal from the child, which is interrupted by us.
func endWithParent(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func interrupt(p *os.Process) error { return p.Signal(os.Interrupt) }
