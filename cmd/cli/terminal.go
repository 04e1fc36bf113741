package cli

import (
	"io"
	"runtime"

	"golang.org/x/term"
)

// Terminal is what a stream is, and takes.
type Terminal struct {
	Columns int  // 0: it is no terminal
	Codes   bool // it takes codes that colour text and move the cursor
}

// The width of a terminal that does not say it, or says less than can be used.
const (
	usualColumns = 80
	leastColumns = 20
)

// TerminalOf tells what a stream is in an environment. It is the one place that decides on codes.
func TerminalOf(w io.Writer, env func(string) string) Terminal {
	f, ok := w.(interface{ Fd() uintptr })
	if !ok || !term.IsTerminal(int(f.Fd())) { //nolint:gosec // a descriptor is a small number
		return Terminal{}
	}
	columns, _, err := term.GetSize(int(f.Fd())) //nolint:gosec // as above
	if err != nil {
		columns = 0
	}
	return terminal(columns, runtime.GOOS, env)
}

// terminal is one of so many columns: codes go to those that say by TERM that they know some (on Windows none says it),
// unless the user wants none (https://no-color.org).
func terminal(columns int, system string, env func(string) string) Terminal {
	if columns < leastColumns {
		columns = usualColumns
	}
	name := env("TERM")
	known := name != "" && name != "dumb" || name == "" && system == "windows"
	return Terminal{Columns: columns, Codes: known && env("NO_COLOR") == ""}
}
