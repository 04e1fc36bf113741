// Package sched starts iterations: executors say when, a pool holds the VUs
// that run them, and Load decides the end. An executor follows its plan or is
// driven while it runs; a run may have several, side by side.
//
// In a closed load each VU runs one iteration after the other. In an open load
// iterations arrive, whoever is free takes them, and each is timed from when
// it was due. A driven executor may switch between both and keep its VUs.
//
// # One pool
//
// All executors of a run share one pool: VUs that one of them gives up serve
// the next, with their VM and what beforeVU set up, so a run needs as many as
// its executors have at a time, not as many as all have together; and ids are
// unique in the run by construction. A VU belongs to one executor at a time.
//
// # Who does what
//
// Each VU is one goroutine, and nobody else calls its [VU]. It follows its
// order (vu.go): iterate or serve for its executor, release itself to the
// pool, rest there, or leave. The goroutine of [Load.Run] lets executors do
// what is due (executor.go): follow stages, make VUs, hand out arrivals. All
// state is under the pool's mutex, but for what a VU reads in each lap.
//
// There are two wake-ups, both channels of one place: wakeRun ends the wait of
// Run's goroutine (something changed that an executor may have to act upon),
// and a VU's wake ends its own (its order changed).
//
// The hot path is a closed lap (closed.go): a few atomic loads, the mutex once
// a millisecond, no allocation.
package sched

import (
	"context"
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

// Spawn makes the virtual user with an id: 1, 2, 3 and so on within a run, of
// which a share has every N-th. It is called by the VU's goroutine, and again
// with the same id some time after it failed. ctx lives as long as the VU.
type Spawn func(ctx context.Context, id int) (VU, error)

// Options are what a [Load] is made of.
type Options struct {
	Plan      plan.Plan       // its executor is driven by Resize and SetRate alone where it has no stages
	Executors []plan.Executor // side by side, instead of the plan's own one
	Share     pace.Share      // of the plan, where several generators carry it out
	Spawn     Spawn
	Drop      func(metric.Dropped) // counts arrivals that did not start; may be nil
	// Patience is how long an arrival waits for a VU where all are busy and
	// more may be made; past it it is dropped. 0: 100 ms.
	Patience time.Duration
	Keep     bool // surplus VUs of a Resize rest until they are needed again, and so do idle ones of arrivals; else they leave
}

// Load is the load of one run. Its methods are safe for concurrent use.
type Load struct {
	pool
	drop  func(metric.Dropped)
	jobs  []*job // one an executor
	stops int
	began time.Time
	last  time.Time // when the last grace period ends
}

// New makes a load; [Load.Run] starts it.
func New(o Options) *Load {
	l := &Load{drop: o.Drop}
	l.prepare(o)
	executors := o.Executors
	if len(executors) == 0 {
		executors = []plan.Executor{o.Plan.Executor}
	}
	for i, e := range executors {
		l.jobs = append(l.jobs, newJob(&l.pool, e, i))
	}
	l.waiting = len(l.jobs)
	return l
}

// VUs returns how many virtual users there are, without those that rest; in an open load idle ones count too.
func (l *Load) VUs() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.made - l.resting.made
}

// InFlight returns how many iterations are under way.
func (l *Load) InFlight() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for v := range l.all {
		if v.busy.Load() {
			n++
		}
	}
	return n
}

// Waiting returns how many arrivals are due and wait for a VU.
func (l *Load) Waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, j := range l.jobs {
		n += j.queue.len()
	}
	return n
}

// Lateness returns how much later than due the arrivals began that found a VU
// free, since the last call: the generator's own lateness. What waited because
// all VUs were busy is the service's.
func (l *Load) Lateness() metric.Histogram {
	l.mu.Lock()
	defer l.mu.Unlock()
	late := l.late
	l.late = metric.Histogram{}
	return late
}

// Resize makes the load's first executor a closed one of n VUs, of which this
// generator has its share, and returns at once. New VUs start spread over one
// mean iteration; surplus VUs rest after theirs if they are kept, else they
// leave, and are interrupted if that takes longer than the grace period.
func (l *Load) Resize(n int) {
	l.drive(func(j *job, _ time.Time) {
		c, ok := j.exec.(*closed)
		if !ok {
			j.exec.stop()
			c = newClosed(j, nil)
			j.exec = c
		}
		c.stages = nil
		c.spread = min(l.backoff.Slowest(), maxSpread)
		c.setTarget(l.share.Of(max(n, 0)))
	})
}

// maxSpread bounds the time over which the VUs of a Resize start.
const maxSpread = 5 * time.Second

// SetRate makes the load's first executor an open one of so many arrivals a
// second, of which this generator starts its share, and returns at once. The
// VUs there are serve it, each once its closed iteration has ended; more are
// made as they are needed. At a rate of zero they are kept.
func (l *Load) SetRate(perSecond float64) {
	l.drive(func(j *job, now time.Time) {
		a, ok := j.exec.(*arrivals)
		if !ok {
			a = newArrivals(j, now)
			j.exec.stop()
			a.takeOver()
			j.exec = a
		}
		a.opening = false
		a.startDue(now) // what was due until now was due at the old rate
		a.due.SetRate(now.Sub(a.origin), perSecond)
	})
}

// drive changes what the first executor does, unless it has ended.
func (l *Load) drive(change func(*job, time.Time)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	j := l.jobs[0]
	if l.over || j.ended != "" {
		return
	}
	now := time.Now()
	j.driven = true
	change(j, now)
	notify(l.wakeRun)
}

// SetScenario lets the first executor's iterations be of one scenario alone
// from each VU's next one on; without a name VUs pick by weight again.
func (l *Load) SetScenario(name string) { l.jobs[0].scenario.Store(&name) }

// Stop ends the run: at the first call no iteration starts any more and those
// under way have the grace period to end; at the second they are interrupted.
func (l *Load) Stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stops++
	notify(l.wakeRun)
}

// notify wakes whoever waits on a channel of one place.
func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
