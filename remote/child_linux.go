package remote

import (
	"os"
	"os/exec"
	"syscall"
)

// endWithParent keeps a Ctrl-C of the terminal from the child, which is interrupted
// by us, and ends its load if this program is killed.
func endWithParent(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGINT}
}

func interrupt(p *os.Process) error { return p.Signal(os.Interrupt) }
