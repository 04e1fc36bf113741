package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/plimsoll-load/plimsoll/remote"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// process is the world that a command lives in, so that a test can be one, too.
type process struct {
	args    []string
	self    string
	env     func(string) string
	environ func() []string
	stdin   *os.File
	stdout  io.Writer
	stderr  io.Writer
	signals <-chan os.Signal
	http    *http.Client // to the cloud; nil: the SDK's
}

// main runs the command line and returns the exit status.
func (p process) main() int {
	root := newRoot(p)
	root.SetArgs(p.args)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	if err := root.Execute(); err != nil {
		return explain(p.stderr, err)
	}
	return 0
}

// say writes a line of what goes on.
func (p process) say(text string) { fmt.Fprintf(p.stderr, "plimsoll-remote: %s\n", text) }

// runs is the folder of all runs of this user.
func (p process) runs() (string, error) {
	dir, err := record.StateDir(p.env)
	return filepath.Join(dir, "remote"), err
}

// terminal says whether somebody can be asked.
func (p process) terminal() bool {
	if p.stdin == nil {
		return false
	}
	info, err := p.stdin.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// explain prints an error in words with its hint, and returns its exit status.
func explain(w io.Writer, err error) int {
	if text := err.Error(); text != "" {
		fmt.Fprintf(w, "plimsoll-remote: %s\n", text)
	}
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) && hinted.Hint() != "" {
		fmt.Fprintf(w, "plimsoll-remote: hint: %s\n", hinted.Hint())
	}
	var coded interface{ ExitCode() int }
	if errors.As(err, &coded) {
		return coded.ExitCode()
	}
	return 1
}

// status is an error without words: all was said, only the exit status is left.
type status int

func (status) Error() string   { return "" }
func (s status) ExitCode() int { return int(s) }

// usage is an error of the command line.
func usage(hint, format string, args ...any) error {
	return &remote.UsageError{What: fmt.Sprintf(format, args...), Advice: hint}
}
