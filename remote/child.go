package remote

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/runtime/exit"
)

// Child is one run of the program plimsoll.
type Child struct {
	Args   []string
	Stdout io.Writer
	Stderr io.Writer
	Halt   <-chan struct{} // closed: stop now, without a graceful end
	Direct string          // the host that is reached without a proxy; "": none
}

// childGrace is how long plimsoll may take to end its load and to report.
const childGrace = 60 * time.Second

// Executable runs a program as [World.Plimsoll] wants it: when ctx ends it is
// interrupted, so that it ends its load and reports; its exit code is returned.
func Executable(path string, environ []string) func(context.Context, Child) (int, error) {
	return func(ctx context.Context, c Child) (int, error) {
		runtime.LockOSThread() // on Linux the child ends with the thread that started it
		defer runtime.UnlockOSThread()
		command := exec.CommandContext(ctx, path, c.Args...)
		command.Env, command.Stdout, command.Stderr = direct(environ, c.Direct), c.Stdout, c.Stderr
		command.Cancel = func() error { return interrupt(command.Process) }
		command.WaitDelay = childGrace
		endWithParent(command)
		if err := command.Start(); err != nil {
			return -1, fmt.Errorf("plimsoll could not be started: %w", err)
		}
		ended := make(chan struct{})
		defer close(ended)
		go func() {
			select {
			case <-c.Halt:
				_ = command.Process.Kill() // it may be gone already
			case <-ended:
			}
		}()
		err := command.Wait()
		var status *exec.ExitError
		switch {
		case err == nil:
			return 0, nil
		case errors.As(err, &status):
			return status.ExitCode(), nil
		case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, exec.ErrWaitDelay):
			return command.ProcessState.ExitCode(), nil
		}
		return -1, fmt.Errorf("plimsoll: %w", err)
	}
}

// direct is an environment in which no proxy leads to a host. A rented machine lets this one's address in, and is what is to
// be measured; a proxy is for the cloud's own services.
func direct(environ []string, host string) []string {
	if host == "" {
		return environ
	}
	const lower, upper = "no_proxy", "NO_PROXY"
	except := map[string]string{}
	for _, pair := range environ {
		if name, value, _ := strings.Cut(pair, "="); name == lower || name == upper {
			except[name] = value
		}
	}
	list := host
	if before := cmp.Or(except[lower], except[upper]); before != "" {
		list = before + "," + host
	}
	return append(slices.Clone(environ), lower+"="+list, upper+"="+list) // the last of a name counts
}

// ChildError is a plimsoll that ended without doing what it was run for. It said why itself.
type ChildError struct {
	What string
	Code int
}

func (e *ChildError) Error() string {
	return fmt.Sprintf("%s: plimsoll ended with status %d, and said why above", e.What, e.Code)
}

// ExitCode is plimsoll's.
func (e *ChildError) ExitCode() int {
	if e.Code < 1 {
		return exit.Internal
	}
	return e.Code
}

// Check lets plimsoll load the script and read its settings, before anything is rented.
func (w World) Check(ctx context.Context, p *plan.Plan) error {
	args := append([]string{p.Options.Mode, "--show-config", "--monitor=none", "--env=SERVER_URL=http://127.0.0.1:1"}, p.Options.ChildArgs...)
	code, err := w.Plimsoll(ctx, Child{Args: args, Stdout: io.Discard, Stderr: w.Stderr})
	if err == nil && code != 0 {
		err = &ChildError{What: "the script or its settings cannot be used, and nothing was made", Code: code}
	}
	return err
}

// Beside finds the program plimsoll: in the folder of this one, else on PATH.
func Beside(self string) (string, error) {
	name := "plimsoll"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	if self != "" {
		path := filepath.Join(filepath.Dir(self), name)
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return path, nil
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", plan.Wrong("build it with `go build -o bin/ ./cmd/plimsoll`, and put it beside plimsoll-remote or on PATH", "the program plimsoll, which makes the load, was not found")
	}
	return path, nil
}
