// Package sched starts iterations: it grows and shrinks the set of virtual
// users, follows the plan or is driven while it runs, and decides the end.
//
// In a closed load each user runs one iteration after the other. In an open
// load iterations arrive, whoever is free takes them, and each is timed from
// when it was due. One run may switch between both and keep its users.
//
// Who does what: each user is one goroutine, and nobody else calls its [User].
// The goroutine of [Load.Run] makes users, follows the stages and decides the
// end; a dispatcher hands out arrivals. They meet in Load's fields under its
// mutex. The hot path is a closed lap (lap in live.go): a few atomic loads,
// the mutex once a millisecond, no allocation.
package sched

import (
	"cmp"
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/pace"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
)

// Options are what a [Load] is made of.
type Options struct {
	Plan  plan.Plan // a plan without stages is driven by Resize and SetRate alone
	Spawn Spawn
	Drop  func(metric.Dropped) // counts arrivals that did not start; may be nil
	// Patience is how long an arrival waits for a virtual user where all are
	// busy and more may be made; past it it is dropped. 0: 100 ms.
	Patience time.Duration
	Keep     bool // surplus users of a Resize rest until they are needed again, and so do idle ones of arrivals; else they leave
}

// Load is the load of one run. Its methods are safe for concurrent use.
type Load struct {
	plan     plan.Plan
	spawn    Spawn
	drop     func(metric.Dropped)
	keep     bool
	patience time.Duration

	ready atomic.Int64 // users that were made and have not left
	rests atomic.Int64 // of them, those that rest
	left  atomic.Int64 // iterations still to start, where they are limited
	kick  chan struct{}
	rouse chan struct{} // wakes the dispatcher

	mu       sync.Mutex
	mode     mode
	driven   bool // Resize or SetRate was called: the stages are no longer followed
	stops    int
	began    time.Time
	users    []*user // in a closed load the wanted ones come first
	ids      int     // the last id given
	want     int     // how many users there are to be
	spread   time.Duration
	backoff  pace.Backoff
	took     occupancy
	random   *rand.Rand
	refusals refusals
	open     arrivals
}

type mode uint8

const (
	closed mode = iota // users run iterations back to back
	opened             // users serve arrivals
	over               // users leave
)

// New makes a load; [Load.Run] starts it.
func New(o Options) *Load {
	l := &Load{
		plan: o.Plan, spawn: o.Spawn, drop: o.Drop, keep: o.Keep, patience: cmp.Or(o.Patience, defaultPatience),
		kick: make(chan struct{}, 1), rouse: make(chan struct{}, 1),
		random: rand.New(rand.NewPCG(o.Plan.Seed, jitterStream)),
	}
	l.left.Store(int64(o.Plan.Iterations))
	switch b := o.Plan.Backoff; {
	case b.None:
		l.backoff.Mode = pace.Never
	case b.Wait > 0:
		l.backoff.Mode, l.backoff.Wait = pace.Fixed, b.Wait
	}
	return l
}

// jitterStream tells the back-off's random numbers from others of the same seed.
const jitterStream = 0x6a697474

// VUs returns how many virtual users there are, without those that rest; in an open load idle ones count too.
func (l *Load) VUs() int { return int(l.ready.Load() - l.rests.Load()) }

// InFlight returns how many iterations are under way.
func (l *Load) InFlight() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, u := range l.users {
		if u.busy.Load() {
			n++
		}
	}
	return n
}

// Waiting returns how many arrivals are due and wait for a virtual user.
func (l *Load) Waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open.queue.len()
}

// Lateness returns how much later than due the arrivals began that found a
// virtual user free, since the last call: the generator's own lateness. What
// waited because all users were busy is the service's.
func (l *Load) Lateness() metric.Histogram {
	l.mu.Lock()
	defer l.mu.Unlock()
	late := l.open.late
	l.open.late = metric.Histogram{}
	return late
}

// Resize makes the load a closed one of n users and returns at once. New users
// start spread over one mean iteration; surplus users rest after theirs if they
// are kept, else they leave, and are interrupted if that takes longer than the
// grace period.
func (l *Load) Resize(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mode == over {
		return
	}
	l.driven = true
	l.spread = min(l.backoff.Slowest(), maxSpread)
	l.aim(max(n, 0))
	notify(l.kick)
}

// maxSpread bounds the time over which the users of a Resize start.
const maxSpread = 5 * time.Second

// SetRate makes the load an open one of so many arrivals a second and returns
// at once. The users there are serve it, each once its closed iteration has
// ended; more are made as they are needed. At a rate of zero they are kept.
func (l *Load) SetRate(perSecond float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mode == over {
		return
	}
	l.driven = true
	now := time.Now()
	if l.mode != opened {
		l.admit(now)
	}
	l.open.opening = false
	l.release(now) // what was due until now was due at the old rate
	l.open.due.SetRate(now.Sub(l.open.origin), perSecond)
	notify(l.rouse)
}

// Stop ends the run: at the first call no iteration starts any more and those
// under way have the grace period to end; at the second they are interrupted.
func (l *Load) Stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stops++
	notify(l.kick)
}

// exhausted says that the budget of iterations is spent.
func (l *Load) exhausted() bool { return l.plan.Iterations > 0 && l.left.Load() <= 0 }

// take takes one iteration from the budget.
func (l *Load) take() bool { return l.plan.Iterations == 0 || l.left.Add(-1) >= 0 }

// notify wakes whoever waits on a channel of one place.
func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// grow starts the goroutines of the users that are missing; mu is held.
func (l *Load) grow(ctx context.Context) {
	if l.exhausted() {
		return
	}
	missing := l.want - len(l.users)
	if l.mode == opened {
		missing = min(missing, l.makers())
	}
	for i := range missing {
		u := &user{at: len(l.users), late: -1, nudge: make(chan struct{}, 1), due: make(chan time.Time, 1)}
		l.ids++
		u.id = l.ids
		if l.mode == opened {
			u.state.Store(int32(serve))
		} else {
			u.after.Store(int64(l.spread) * int64(i) / int64(missing))
		}
		l.users = append(l.users, u)
		ctx, cancel := context.WithCancelCause(ctx)
		u.cancel = cancel
		go l.live(ctx, u)
	}
}

// aim makes it a closed load of n users; mu is held. Those missing are made by grow.
func (l *Load) aim(n int) {
	if l.mode == opened {
		l.dismissArrivals()
		l.mode = closed
	}
	l.want = n
	for i, u := range l.users {
		switch {
		case i >= n && l.keep && u.made && u.told() != leave:
			u.order(rest)
		case i >= n && u.told() != leave:
			u.order(leave)
			u.cut = time.AfterFunc(l.plan.Grace, func() { u.cancel(ErrGrace) })
		case i < n && (u.told() == serve || u.told() == rest):
			u.after.Store(int64(l.spread) * int64(i) / int64(n))
			u.order(iterate)
		case i < n && u.told() == leave && u.stay():
			u.order(iterate)
		}
	}
}
