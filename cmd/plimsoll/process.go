package main

import (
	"fmt"
	"io"

	"github.com/plimsoll-load/plimsoll/cmd/cli"
	"github.com/plimsoll-load/plimsoll/report/out/progress"
	"github.com/plimsoll-load/plimsoll/session"
)

// process is the world that a command lives in. Nothing else in this program
// touches the globals of package os, so that a test can be a world too.
type process struct {
	args    []string
	self    string // this program's own file: the demo target runs in a child
	env     func(string) string
	environ func() []string
	stdin   io.Reader
	stdout  io.Writer // results
	stderr  io.Writer // progress, warnings, errors
	signals *cli.Signals
}

// main runs the command line and returns the exit status.
func (p process) main() int {
	root := newRoot(p)
	root.SetArgs(p.args)
	root.SetIn(p.stdin)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	return p.signals.Main("plimsoll", p.stderr, root.ExecuteContext)
}

// progress is what tells how a run goes.
func (p process) progress(quiet bool) session.Sink {
	o := progress.Options{Quiet: quiet}
	if terminal := cli.TerminalOf(p.stderr, p.env); terminal.Codes {
		o.Columns = terminal.Columns
	}
	return progress.New(p.stderr, o)
}

// say writes a line of what goes on.
func (p process) say(text string) { fmt.Fprintf(p.stderr, "plimsoll: %s\n", text) }
