package main

import (
	"errors"
	"fmt"
	"io"
)

// The exit codes (README.md has the table). They are never renumbered.
const (
	exitOK           = 0
	exitInternal     = 1
	exitUsage        = 2
	exitScript       = 3
	exitBroken       = 4 // a threshold, a tolerance; sizing's baseline
	exitInconclusive = 5
	exitNothing      = 6 // every iteration failed, or the target is unreachable
	exitOutside      = 7 // git, docker, AWS
	exitRegression   = 8
	exitInterrupt    = 130
	exitTerminated   = 143
)

// explain prints an error in words, the source that it is about, its hint,
// and returns its exit status. All three are found by method, so that any
// package can have them.
func explain(w io.Writer, err error) int {
	if text := err.Error(); text != "" {
		fmt.Fprintf(w, "plimsoll: %s\n", text)
	}
	var framed interface{ Frame() string }
	if errors.As(err, &framed) {
		fmt.Fprint(w, framed.Frame())
	}
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) && hinted.Hint() != "" {
		fmt.Fprintf(w, "plimsoll: hint: %s\n", hinted.Hint())
	}
	var coded interface{ ExitCode() int }
	if errors.As(err, &coded) {
		return coded.ExitCode()
	}
	return exitInternal
}

// status is an error without words: all was said in the report, only the exit status is left.
type status int

func (status) Error() string   { return "" }
func (s status) ExitCode() int { return int(s) }

// fault is an error with an exit status and, mostly, advice.
type fault struct {
	code int
	err  error
	hint string
}

func (f fault) Error() string { return f.err.Error() }
func (f fault) Unwrap() error { return f.err }
func (f fault) ExitCode() int { return f.code }
func (f fault) Hint() string  { return f.hint }

// usage is a fault of the command line.
func usage(hint, format string, args ...any) error {
	return fault{code: exitUsage, err: fmt.Errorf(format, args...), hint: hint}
}
