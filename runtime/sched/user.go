package sched

import (
	"context"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

// User is one virtual user. All its methods are called by one goroutine.
type User interface {
	// Iterate runs one iteration. A zero due means a closed load; otherwise the
	// iteration is timed from due. Once ctx has ended it returns soon: scripts
	// are interrupted and connections closed. ctx is the one that Spawn was
	// given, the same for each iteration of a user.
	Iterate(ctx context.Context, due time.Time) Result
	// Flush hands over the samples that are held back. It is called whenever
	// the user is about to wait, so that windows are complete.
	Flush()
	// Rest gives back what a user holds only to be quicker the next time: its
	// connections. It is called when the user is not needed for a while.
	Rest()
	// Close ends the user. Once ctx has ended it, too, returns soon.
	Close()
}

// Result is how one iteration went.
type Result struct {
	Scenario metric.ScenarioID
	OK       bool
	Took     time.Duration // from its start (not from when it was due) to its end
	Pause    time.Duration // the scenario's own delay, waited after it in a closed load
}

// Spawn makes the virtual user with an id: 1, 2, 3 and so on within a run. It
// is called by the user's goroutine, and again with the same id some time
// after it failed. ctx lives as long as the user.
type Spawn func(ctx context.Context, id int) (User, error)
