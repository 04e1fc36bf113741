// Package monitor watches resources while a test runs: those of the service
// under test (the host, a process with its children, a container, what
// Glances or the service itself tell) and the generator's own, by the same code.
//
// A [Source] is one thing that can be watched; [Open] makes sources from what
// the user wrote, [Watcher] reads them at their own pace and hands on rows. A
// reading that fails is a row with a note and no values: missing is missing,
// never 0, and the run goes on. The names and units of the values are
// constants of package record.
//
// On Linux the sources read /proc and the cgroup files (both versions)
// directly, which is what keeps watching a service four times a second under
// 1 % of a core. Elsewhere they say what they cannot watch.
package monitor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/exit"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// Source is one thing that can be watched. A source is used by one goroutine.
type Source interface {
	// Name is what messages call it; that of its rows, where it has one row a reading.
	Name() string
	// Read takes one reading: mostly one row, several where one question
	// answers for several (Glances). The rows' AtS is not set yet.
	Read(ctx context.Context) ([]record.Resources, error)
	// Close gives back files and connections.
	Close() error
}

// pacer is a source that has nothing new to say more often than this.
type pacer interface{ every() time.Duration }

// CannotWatchError says what cannot be watched, why, and what to do.
type CannotWatchError struct {
	What, Why, Advice string
}

func (e *CannotWatchError) Error() string { return "cannot watch " + e.What + ": " + e.Why }

// Hint says what to do.
func (e *CannotWatchError) Hint() string { return e.Advice }

// ExitCode is that of a wrong configuration.
func (e *CannotWatchError) ExitCode() int { return exit.Usage }

// stateError is a failed reading that tells what became of the source.
type stateError struct {
	state record.ResourceState
	err   error
}

func (e *stateError) Error() string { return e.err.Error() }
func (e *stateError) Unwrap() error { return e.err }

// hasEnded says that the source of this name is not there any more.
func hasEnded(name string) error {
	return &stateError{record.StateEnded, fmt.Errorf("%s has ended", name)}
}

// stateOf is what an error of a reading tells of the source; "": nothing.
func stateOf(err error) record.ResourceState {
	if told := new(stateError); errors.As(err, &told) {
		return told.state
	}
	return ""
}
