package sched

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/pace"
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
	Stuck       []int // ids of VUs that did not come back after that; their goroutines are left behind
	Refused     int   // how often no VU could be made although others ran
	Refusal     error // the last of these
}

// The causes of an ended context of a VU.
var (
	ErrGrace   = errors.New("the grace period is over")
	ErrStopped = errors.New("the run was stopped for the second time")
)

// stuckAfter is how long after an interruption a VU may take to come back.
const stuckAfter = 5 * time.Second

// Run carries the load to its end and returns when all VUs have left. The
// error is that of the VUs that could not be made, or the cause of ctx.
func (l *Load) Run(ctx context.Context) (Ending, error) {
	// Users are interrupted by part alone, which counts them first.
	vus, interrupt := context.WithCancelCause(context.WithoutCancel(ctx))
	defer interrupt(nil)
	l.mu.Lock()
	l.began = time.Now()
	if l.plan.Open && !l.driven {
		l.openArrivals(l.began)
		l.open.opening = true
		l.want = min(max(l.plan.VUs, min(poolSize(l.peak(), assumedIteration), openingMax)), l.ceiling())
	}
	l.mu.Unlock()
	dispatched := make(chan struct{})
	go func() {
		defer close(dispatched)
		l.dispatch()
	}()
	why := l.steer(vus, ctx.Done())
	l.dismiss()
	<-dispatched
	ending := l.waitVUs(ctx, interrupt, why)
	switch why {
	case Failed:
		return ending, l.refusals.fatal
	case Interrupted:
		return ending, context.Cause(ctx)
	default:
		return ending, nil
	}
}

// Where the plan does not say how many VUs are made before an open load
// begins, it is as many as iterations of assumedIteration need, up to openingMax.
const (
	assumedIteration = 100 * time.Millisecond
	openingMax       = 200
)

// peak is the highest rate of the plan.
func (l *Load) peak() float64 {
	var rate float64
	for _, s := range l.plan.Stages {
		rate = max(rate, s.Target)
	}
	return rate
}

// steer makes VUs, each with a context from ctx, and follows the plan until
// the end is decided.
func (l *Load) steer(ctx context.Context, done <-chan struct{}) Reason {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		why, next := l.step(ctx, time.Now())
		if why != "" {
			return why
		}
		timer.Reset(next)
		select {
		case <-done:
			return Interrupted
		case <-l.wakeRun:
		case <-timer.C:
		}
	}
}

// step does what is to be done at a time, and says in how long the next step is due.
func (l *Load) step(ctx context.Context, now time.Time) (Reason, time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change, changes := l.follow(now)
	at := now.Sub(l.began)
	switch {
	case l.stops > 0:
		return Stopped, 0
	case l.refusals.fatal != nil:
		return Failed, 0
	case l.exhausted() && len(l.vus) == 0:
		return Iterations, 0
	case l.timed() && at >= l.plan.Duration:
		return Duration, 0
	}
	next := never
	if l.timed() {
		next = l.plan.Duration - at
	}
	if changes {
		next = min(next, change)
	}
	l.grow(ctx)
	return "", next
}

// timed says whether time runs towards the plan's end; mu is held.
func (l *Load) timed() bool { return l.plan.Duration > 0 && !l.open.opening }

// never is as long as any run.
const never = 365 * 24 * time.Hour

// follow brings the load to where the plan has it; it says when that changes again. mu is held.
func (l *Load) follow(now time.Time) (time.Duration, bool) {
	switch {
	case l.driven || len(l.plan.Stages) == 0:
		return 0, false
	case l.plan.Open:
		l.begin(now)
		return 0, false
	}
	stages, at := pace.Closed(l.plan.Stages), now.Sub(l.began)
	if n := stages.Target(at, pace.Share{}); n != l.want {
		l.setTarget(n)
	}
	change, ok := stages.Next(at, pace.Share{})
	return change - at, ok
}

// begin starts the arrivals of the plan as soon as the VUs for them are
// made; the run's time counts from there. mu is held.
func (l *Load) begin(now time.Time) {
	if !l.open.opening || len(l.vus) < l.want {
		return
	}
	for _, v := range l.vus {
		if !v.made && !v.refused {
			return
		}
	}
	l.open.opening = false
	l.began, l.open.origin = now, now
	l.open.due = l.newArrivals(l.plan.Stages)
	notify(l.wakeDispatch)
}

// dismiss tells all VUs to leave.
func (l *Load) dismiss() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mode == opened {
		l.dismissArrivals()
	}
	l.mode = over
	l.want = 0
	l.orderAll(leave)
	notify(l.wakeDispatch)
}

// orderAll gives all VUs the same order; mu is held.
func (l *Load) orderAll(o order) {
	for _, v := range l.vus {
		v.order(o)
	}
}

// part waits for the VUs to leave: for the grace period, and for a while
// after they were interrupted.
func (l *Load) waitVUs(ctx context.Context, interrupt context.CancelCauseFunc, why Reason) Ending {
	cause := ErrGrace
	stops := l.await(ctx.Done(), l.plan.Grace)
	switch {
	case ctx.Err() != nil:
		cause = context.Cause(ctx)
	case stops >= twice:
		cause = ErrStopped
	}
	e := Ending{Why: why, Interrupted: l.InFlight()}
	interrupt(cause)
	l.await(nil, stuckAfter)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, v := range l.vus {
		e.Stuck = append(e.Stuck, v.id)
	}
	e.Refused, e.Refusal = l.refusals.count, l.refusals.last
	return e
}

// twice is the number of stops that end the grace period.
const twice = 2

// await waits until no VU is left, but no longer than d, than until done,
// or than until a second Stop; it returns the number of stops. Once done is
// nil, VUs are past stopping, and it is only the time that counts.
func (l *Load) await(done <-chan struct{}, d time.Duration) int {
	timer := time.NewTimer(d)
	defer timer.Stop()
	for {
		l.mu.Lock()
		vus, stops := len(l.vus), l.stops
		l.mu.Unlock()
		if vus == 0 || done != nil && stops >= twice {
			return stops
		}
		select {
		case <-done:
			return stops
		case <-timer.C:
			return stops
		case <-l.wakeRun:
		}
	}
}

// refusals are the VUs that could not be made.
type refusals struct {
	count int
	last  error
	at    time.Time // of the last
	since time.Time // of the first after the last success
	inRow int
	fatal error // ends the run
}

// growthPatience is how long growing may fail before the run ends, although VUs run.
const growthPatience = 30 * time.Second

// refuse counts a failed Spawn; false when the VU is not to be tried again.
func (l *Load) refuse(ctx context.Context, v *vu, err error) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if ctx.Err() != nil || v.told() == leave {
		return false
	}
	v.refused = true
	r, now := &l.refusals, time.Now()
	if r.inRow == 0 {
		r.since = now
	}
	r.count++
	r.inRow++
	r.at, r.last = now, err
	switch running := l.ready.Load(); {
	case running == 0 && l.allRefused():
		r.fatal = fmt.Errorf("no virtual user could be started: %w", err)
	case running > 0 && now.Sub(r.since) >= growthPatience && !l.keep: // a service that is driven beyond its limit takes no new VUs, and will again
		r.fatal = fmt.Errorf("no virtual user beyond %d could be started for %v, in %d attempts: %w", running, growthPatience, r.inRow, err)
	}
	notify(l.wakeRun)
	return r.fatal == nil && !l.spared()
}

// spared says that arrivals find VUs enough without one that could not be
// made: it is not tried again. A service that takes so many connections and no
// more would be asked for another for as long as the load lasts. mu is held.
func (l *Load) spared() bool { return l.mode == opened && !l.open.opening && len(l.open.idle) > spares }

func (l *Load) allRefused() bool {
	for _, v := range l.vus {
		if !v.refused {
			return false
		}
	}
	return true
}
