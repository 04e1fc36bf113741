package sched

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

// Reason is why a run ended.
type Reason string

// The reasons.
const (
	Iterations  Reason = "iterations"  // all that were asked for have run
	Duration    Reason = "duration"    // its time was over
	Stopped     Reason = "stopped"     // by Stop
	Interrupted Reason = "interrupted" // by the context of Run
	Failed      Reason = "failed"      // no virtual user could be made
)

// Ending is how a run ended.
type Ending struct {
	Why         Reason
	Interrupted int   // iterations that were cut off
	Cut         int   // of them, those whose executor gives no time after its end
	Unstarted   int   // iterations that were to start, of executors whose time was over before
	Stuck       []int // ids of VUs that did not come back after that; their goroutines are left behind
	Refused     int   // how often no VU could be made although others ran
	Refusal     error // the last of these
}

// The causes of an ended context of a VU.
var (
	ErrGrace   = errors.New("the grace period is over")
	ErrCut     = error(cutError{})
	ErrStopped = errors.New("the run was stopped for the second time")
)

// cutError is the cause where a plan gives no grace period: its iterations are
// not given the time to succeed, and so have not failed.
type cutError struct{}

func (cutError) Error() string { return "its time was over, and the plan gives it no more" }

// Planned says that what is interrupted has not failed.
func (cutError) Planned() bool { return true }

// overtime is why an iteration is interrupted that took more than a grace period.
func overtime(grace time.Duration) error {
	if grace == 0 {
		return ErrCut
	}
	return ErrGrace
}

// stuckAfter is how long after an interruption a VU may take to come back: a regular
// expression cannot be interrupted.
const stuckAfter = 1500 * time.Millisecond

// Run carries the load to its end and returns when all VUs have left. The
// error is that of the VUs that could not be made, or the cause of ctx.
func (l *Load) Run(ctx context.Context) (Ending, error) {
	// VUs are interrupted by us alone: who does counts their iterations first.
	vus, interrupt := context.WithCancelCause(context.WithoutCancel(ctx))
	defer interrupt(nil)
	defer context.AfterFunc(ctx, func() { notify(l.wakeRun) })()
	why := l.follow(ctx, vus)
	l.endAll(why)
	ending := l.waitVUs(ctx, why)
	switch why {
	case Failed:
		return ending, l.refusals.fatal
	case Interrupted:
		return ending, context.Cause(ctx)
	default:
		return ending, nil
	}
}

// follow lets the executors do what is due until the end is decided. VUs have
// contexts from vus.
func (l *Load) follow(ctx, vus context.Context) Reason {
	s := newSleeper()
	defer s.close()
	l.mu.Lock()
	l.began = time.Now()
	l.mu.Unlock()
	for {
		why, next := l.step(vus, time.Now())
		l.tellDrops()
		switch {
		case why != "":
			return why
		case ctx.Err() != nil:
			return Interrupted
		}
		s.sleep(next, l.wakeRun)
	}
}

// step does what is to be done at a time, and says when the next step is due.
func (l *Load) step(vus context.Context, now time.Time) (Reason, time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.stops > 0:
		return Stopped, now
	case l.refusals.fatal != nil:
		return Failed, now
	}
	var next time.Time
	why, running := Iterations, false
	for _, j := range l.jobs {
		next = earliest(next, j.step(vus, l.began, now))
		running = running || j.ended == ""
		if j.ended == Duration {
			why = Duration
		}
	}
	if running {
		return "", next
	}
	return why, now
}

// tellDrops passes on how many arrivals did not start.
func (l *Load) tellDrops() {
	l.mu.Lock()
	drops := l.drops
	l.drops = metric.Dropped{}
	l.mu.Unlock()
	if drops != (metric.Dropped{}) && l.drop != nil {
		l.drop(drops)
	}
}

// all are the VUs of all executors, and those that rest; mu is held.
func (l *Load) all(yield func(*vu) bool) {
	for _, j := range l.jobs {
		for _, v := range j.vus.list {
			if !yield(v) {
				return
			}
		}
	}
	for _, v := range l.resting.list {
		if !yield(v) {
			return
		}
	}
}

// endAll ends all executors, and tells all VUs to leave.
func (l *Load) endAll(why Reason) {
	l.mu.Lock()
	l.over = true
	now := time.Now()
	for _, j := range l.jobs {
		if j.ended == "" {
			j.finish(why, now)
		}
		if j.until.After(l.last) {
			l.last = j.until
		}
	}
	for v := range l.all {
		v.set(l.leave)
	}
	l.mu.Unlock()
	l.tellDrops()
}

// twice is the number of stops that end the grace period.
const twice = 2

// waitVUs waits for the VUs to leave: for the grace period, and for a while
// after they were interrupted.
func (l *Load) waitVUs(ctx context.Context, why Reason) Ending {
	cause := ErrGrace
	stops := l.await(ctx, l.grace)
	switch {
	case ctx.Err() != nil:
		cause = context.Cause(ctx)
	case stops >= twice:
		cause = ErrStopped
	}
	l.mu.Lock()
	for v := range l.all {
		l.interrupt(v, cause)
	}
	end := time.Now().Add(stuckAfter)
	l.mu.Unlock()
	l.await(context.WithoutCancel(ctx), func(now time.Time) (time.Time, bool) { return end, !now.Before(end) })
	l.mu.Lock()
	defer l.mu.Unlock()
	e := Ending{Why: why, Interrupted: l.interrupted, Cut: l.cuts, Unstarted: l.unstarted(), Refused: l.refusals.count, Refusal: l.refusals.last}
	for v := range l.all {
		e.Stuck = append(e.Stuck, v.id)
	}
	return e
}

// unstarted is how many iterations were to start when their executors' time was over; mu is held.
func (l *Load) unstarted() (n int) {
	for _, j := range l.jobs {
		if j.ended == Duration && j.plan.Iterations > 0 {
			n = min(n, math.MaxInt/2) + int(min(max(j.left.Load(), 0), math.MaxInt/2))
		}
	}
	return n
}

// grace interrupts those whose executor's grace period is over, and says when
// to come again, and whether all of it is. mu is held.
func (l *Load) grace(now time.Time) (next time.Time, over bool) {
	next = l.last
	for _, j := range l.jobs {
		next = earliest(next, j.interruptLate(now))
	}
	return next, !now.Before(l.last)
}

// await waits until no VU is left, until it is over, or, as long as ctx can
// end, until that or a second Stop; it returns the number of stops.
func (l *Load) await(ctx context.Context, check func(now time.Time) (next time.Time, over bool)) int {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		now := time.Now()
		l.mu.Lock()
		size, stops := l.size, l.stops
		next, over := check(now)
		l.mu.Unlock()
		if size == 0 || over || ctx.Done() != nil && (stops >= twice || ctx.Err() != nil) {
			return stops
		}
		timer.Reset(next.Sub(now))
		select {
		case <-timer.C:
		case <-l.wakeRun:
		}
	}
}
