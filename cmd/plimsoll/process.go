package main

import (
	"fmt"
	"io"

	"golang.org/x/term"

	"github.com/plimsoll-load/plimsoll/cmd/cli"
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

// width returns the columns of a terminal, or false when w is none.
func width(w io.Writer) (int, bool) {
	f, ok := w.(interface{ Fd() uintptr })
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil || columns < 20 {
		return 80, true
	}
	return columns, true
}

// colour says whether to write colours to w (https://no-color.org).
func (p process) colour(w io.Writer) bool {
	_, terminal := width(w)
	return terminal && p.env("NO_COLOR") == "" && p.env("TERM") != "dumb"
}

// say writes a line of what goes on.
func (p process) say(text string) { fmt.Fprintf(p.stderr, "plimsoll: %s\n", text) }
