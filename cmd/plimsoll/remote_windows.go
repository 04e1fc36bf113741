package main

import (
	"errors"
	"math"
	"os/exec"

	"github.com/plimsoll-load/plimsoll/cmd/cli"
)

// become runs another program and ends as it does: a program cannot take another one's place here.
func (p process) become(path string, args []string) error {
	c := exec.Command(path, args...)
	c.Stdin, c.Stdout, c.Stderr, c.Env = p.stdin, cli.Stream(p.stdout), cli.Stream(p.stderr), p.environ()
	defer p.signals.Hold(math.MaxInt, func(error) {})() // it has the same console, and ends as it knows how to
	err := c.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return cli.StatusError(exit.ExitCode())
	}
	return err
}
