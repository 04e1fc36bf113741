package session

import (
	"context"
	"fmt"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/vu"
)

// user is a virtual user as the scheduler knows it. One that an internal error
// broke is replaced: the run goes on, and is told as faulty at its end.
type user struct{ *vu.User }

// Iterate implements sched.VU.
func (u *user) Iterate(ctx context.Context, scenario string, due time.Time) metric.Outcome {
	outcome := u.User.Iterate(ctx, scenario, due)
	if u.Broken() && ctx.Err() == nil {
		u.User, _ = u.Replace(ctx) // where it fails the next iteration fails, too, and it is tried again
	}
	return outcome
}

// tellFaults says that there were internal errors, and where to report them.
func (s *Session) tellFaults() bool {
	n, first := s.factory.Faults()
	if n == 0 {
		return false
	}
	text := fmt.Sprintf("%d internal errors, the first in %s: %s\n%s", n, first.Where, first.Cause, first.Hint())
	s.rec.tell(Event{Kind: Warning, Text: text})
	s.rec.event("internal", first.Error())
	return true
}
