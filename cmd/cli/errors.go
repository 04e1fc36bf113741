// Package cli is what the command lines of plimsoll and plimsoll-remote share:
// help of one screen, errors with hints and exit codes, signals, values of
// flags, and the table of the flags that the one program hands on to the other.
package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/plimsoll-load/plimsoll/runtime/exit"
)

// Explain prints an error of a program in words, the source that it is about,
// its hint, and returns its exit status. All three are found by method, so
// that any package can have them.
func Explain(w io.Writer, program string, err error) int {
	if text := err.Error(); text != "" {
		fmt.Fprintf(w, "%s: %s\n", program, text)
	}
	var framed interface{ Frame() string }
	if errors.As(err, &framed) {
		fmt.Fprint(w, framed.Frame())
	}
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) && hinted.Hint() != "" {
		fmt.Fprintf(w, "%s: hint: %s\n", program, hinted.Hint())
	}
	var coded interface{ ExitCode() int }
	if errors.As(err, &coded) {
		return coded.ExitCode()
	}
	return exit.Internal
}

// StatusError is an error without words: all was said in the report, only the exit status is left.
type StatusError int

// Error is empty.
func (StatusError) Error() string { return "" }

// ExitCode is the status.
func (s StatusError) ExitCode() int { return int(s) }

// FaultError is an error with an exit status and, mostly, advice.
type FaultError struct {
	Code   int
	Err    error
	Advice string
}

func (f FaultError) Error() string { return f.Err.Error() }

// Unwrap returns what caused it.
func (f FaultError) Unwrap() error { return f.Err }

// ExitCode is the exit status.
func (f FaultError) ExitCode() int { return f.Code }

// Hint is the advice.
func (f FaultError) Hint() string { return f.Advice }

// Usage is a fault of the command line.
func Usage(hint, format string, args ...any) error {
	return FaultError{Code: exit.Usage, Err: fmt.Errorf(format, args...), Advice: hint}
}
