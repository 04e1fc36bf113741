package remote

import (
	"os"
	"os/exec"
)

// endWithParent does nothing: a Ctrl-C reaches the child by itself.
func endWithParent(*exec.Cmd) {}

// interrupt ends the child: processes cannot be interrupted one by one here. Its record has all but its end.
func interrupt(p *os.Process) error { return p.Kill() }
