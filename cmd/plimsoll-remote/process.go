package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/plimsoll-load/plimsoll/cmd/cli"
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
	signals *cli.Signals
	http    *http.Client // to the cloud; nil: the SDK's
	// interval is between two looks at what takes the cloud time; 0: the cloud's default.
	interval time.Duration
}

// main runs the command line and returns the exit status.
func (p process) main() int {
	root := newRoot(p)
	root.SetArgs(p.args)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	return p.signals.Main("plimsoll-remote", p.stderr, root.ExecuteContext)
}

// oneByOne hands on signals to a run, of which each ends more than the one before: the context that it returns ends with the last.
func (p process) oneByOne(ctx context.Context) (context.Context, <-chan os.Signal, func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	signals := make(chan os.Signal, remote.LastStop)
	count := 0
	release := p.signals.Hold(remote.LastStop, func(cause error) {
		if s := new(cli.SignalError); errors.As(cause, s) && count < remote.LastStop {
			signals <- s.Signal
			count++
		}
		if count == remote.LastStop {
			cancel()
		}
	})
	return ctx, signals, func() { release(); cancel() }
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
