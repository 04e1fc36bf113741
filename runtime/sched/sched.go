// Package sched starts iterations: it grows and shrinks the set of virtual
// VUs, follows the plan or is driven while it runs, and decides the end.
//
// In a closed load each VU runs one iteration after the other. In an open
// load iterations arrive, whoever is free takes them, and each is timed from
// when it was due. One run may switch between both and keep its VUs.
//
// Who does what: each VU is one goroutine, and nobody else calls its [VU].
// The goroutine of [Load.Run] makes VUs, follows the stages and decides the
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

// VU is one virtual user. All its methods are called by one goroutine.
type VU interface {
	// Iterate runs one iteration of a scenario; without a name, of one that the
	// VU picks by weight. A zero due means a closed load; otherwise the
	// iteration is timed from due. Once ctx has ended it returns soon: scripts
	// are interrupted and connections closed. ctx is the one that Spawn was
	// given, the same for each iteration of a VU.
	Iterate(ctx context.Context, scenario string, due time.Time) metric.Outcome
	// Flush hands over the samples that are held back. It is called whenever
	// the VU is about to wait, so that windows are complete.
	Flush()
	// Rest gives back what a VU holds only to be quicker the next time: its
	// connections. It is called when the VU is not needed for a while.
	Rest()
	// Close ends the VU. Once ctx has ended it, too, returns soon.
	Close()
}

// Spawn makes the virtual user with an id: 1, 2, 3 and so on within a run. It
// is called by the VU's goroutine, and again with the same id some time
// after it failed. ctx lives as long as the VU.
type Spawn func(ctx context.Context, id int) (VU, error)

// Options are what a [Load] is made of.
type Options struct {
	Plan  plan.Plan // a plan without stages is driven by Resize and SetRate alone
	Spawn Spawn
	Drop  func(metric.Dropped) // counts arrivals that did not start; may be nil
	// Patience is how long an arrival waits for a virtual user where all are
	// busy and more may be made; past it it is dropped. 0: 100 ms.
	Patience time.Duration
	Keep     bool // surplus VUs of a Resize rest until they are needed again, and so do idle ones of arrivals; else they leave
}

// Load is the load of one run. Its methods are safe for concurrent use.
type Load struct {
	plan     plan.Plan
	newVU    Spawn
	drop     func(metric.Dropped)
	keep     bool
	patience time.Duration

	ready        atomic.Int64           // VUs that were made and have not left
	rests        atomic.Int64           // of them, those that rest
	left         atomic.Int64           // iterations still to start, where they are limited
	scenario     atomic.Pointer[string] // that all iterations are of; empty: by weight
	wakeRun      chan struct{}
	wakeDispatch chan struct{} // wakes the dispatcher

	mu       sync.Mutex
	mode     mode
	driven   bool // Resize or SetRate was called: the stages are no longer followed
	stops    int
	began    time.Time
	vus      []*vu // in a closed load the wanted ones come first
	ids      int   // the last id given
	want     int   // how many VUs there are to be
	spread   time.Duration
	backoff  pace.Backoff
	took     occupancy
	random   *rand.Rand
	refusals refusals
	open     arrivals
}

type mode uint8

const (
	closed mode = iota // VUs run iterations back to back
	opened             // VUs serve arrivals
	over               // VUs leave
)

// New makes a load; [Load.Run] starts it.
func New(o Options) *Load {
	l := &Load{
		plan: o.Plan, newVU: o.Spawn, drop: o.Drop, keep: o.Keep, patience: cmp.Or(o.Patience, defaultPatience),
		wakeRun: make(chan struct{}, 1), wakeDispatch: make(chan struct{}, 1),
		random: rand.New(rand.NewPCG(o.Plan.Seed, jitterStream)),
	}
	l.left.Store(int64(o.Plan.Iterations))
	l.SetScenario("")
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
	for _, v := range l.vus {
		if v.busy.Load() {
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
// waited because all VUs were busy is the service's.
func (l *Load) Lateness() metric.Histogram {
	l.mu.Lock()
	defer l.mu.Unlock()
	late := l.open.late
	l.open.late = metric.Histogram{}
	return late
}

// Resize makes the load a closed one of n VUs and returns at once. New VUs
// start spread over one mean iteration; surplus VUs rest after theirs if they
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
	l.setTarget(max(n, 0))
	notify(l.wakeRun)
}

// maxSpread bounds the time over which the VUs of a Resize start.
const maxSpread = 5 * time.Second

// SetRate makes the load an open one of so many arrivals a second and returns
// at once. The VUs there are serve it, each once its closed iteration has
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
		l.openArrivals(now)
	}
	l.open.opening = false
	l.release(now) // what was due until now was due at the old rate
	l.open.due.SetRate(now.Sub(l.open.origin), perSecond)
	notify(l.wakeDispatch)
}

// SetScenario lets iterations be of one scenario alone from each VU's next one
// on; without a name VUs pick by weight again.
func (l *Load) SetScenario(name string) { l.scenario.Store(&name) }

// Stop ends the run: at the first call no iteration starts any more and those
// under way have the grace period to end; at the second they are interrupted.
func (l *Load) Stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stops++
	notify(l.wakeRun)
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

// grow starts the goroutines of the VUs that are missing; mu is held.
func (l *Load) grow(ctx context.Context) {
	if l.exhausted() {
		return
	}
	missing := l.want - len(l.vus)
	if l.mode == opened {
		missing = min(missing, l.makers())
	}
	for i := range missing {
		v := &vu{at: len(l.vus), late: -1, wakeVU: make(chan struct{}, 1), due: make(chan time.Time, 1)}
		l.ids++
		v.id = l.ids
		if l.mode == opened {
			v.state.Store(int32(serve))
		} else {
			v.after.Store(int64(l.spread) * int64(i) / int64(missing))
		}
		l.vus = append(l.vus, v)
		ctx, cancel := context.WithCancelCause(ctx)
		v.cancel = cancel
		go l.live(ctx, v)
	}
}

// setTarget makes it a closed load of n VUs; mu is held. Those missing are made by grow.
func (l *Load) setTarget(n int) {
	if l.mode == opened {
		l.dismissArrivals()
		l.mode = closed
	}
	l.want = n
	for i, v := range l.vus {
		switch {
		case i >= n && l.keep && v.made && v.told() != leave:
			v.order(rest)
		case i >= n && v.told() != leave:
			v.order(leave)
			v.cut = time.AfterFunc(l.plan.Grace, func() { v.cancel(ErrGrace) })
		case i < n && (v.told() == serve || v.told() == rest):
			v.after.Store(int64(l.spread) * int64(i) / int64(n))
			v.order(iterate)
		case i < n && v.told() == leave && v.stay():
			v.order(iterate)
		}
	}
}
