package sched

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/plan"
)

// executor says when the iterations of a job start. It has its VUs from the
// pool and gives them an order of its own, whose work is where they iterate.
// All methods are called with the pool's mutex held.
type executor interface {
	// step does what is due: it makes VUs, with contexts from ctx, and starts
	// iterations. It returns when it is to be called again at the latest; a
	// zero time means when Run is woken.
	step(ctx context.Context, now time.Time) time.Time
	// retired says that a VU, which had a place in the job's set, is gone.
	retired(v *vu, at int)
	// retry says whether a VU that could not be made is to be tried again.
	retry() bool
	// done says that no iteration is left to start.
	done() bool
	// stop starts no more iterations; it leaves the VUs to its caller.
	stop()
}

// job is an executor's part in a run: what it was asked for, and what stays
// when a driven one switches between closed and open.
type job struct {
	*pool
	plan     plan.Executor
	number   uint64                 // in the run, from 0
	scenario atomic.Pointer[string] // that iterations are of; empty: by weight
	left     atomic.Int64           // iterations still to start, where their number is given

	// Under the pool's mutex.
	exec     executor
	vus      set
	want     int       // how many VUs it is to have
	took     occupancy // of its iterations
	queue    fifo      // arrivals that are due and wait for VUs
	openings uint64    // how often arrivals began
	driven   bool      // Resize or SetRate was called: the plan's stages are no longer followed
	opening  bool      // VUs are made before arrivals begin; time does not count yet
	begun    bool
	began    time.Time // what its time counts from
	ended    Reason    // why it starts no more; empty: it does
	until    time.Time // when its grace period ends, once it has ended
}

func newJob(p *pool, e plan.Executor, number int) *job {
	j := &job{pool: p, plan: e, number: uint64(number)} //nolint:gosec // an index
	j.left.Store(int64(p.share.Of(e.Iterations)))
	j.scenario.Store(&e.Scenario)
	j.exec = newClosed(j, nil)
	return j
}

// limited says whether there is a budget of iterations that all VUs share.
func (j *job) limited() bool { return j.plan.Iterations > 0 && !j.plan.PerVU }

// exhausted says that the budget is spent.
func (j *job) exhausted() bool { return j.limited() && j.left.Load() <= 0 }

// done is that of executors whose VUs share the budget.
func (j *job) done() bool { return j.exhausted() }

// take takes one iteration from the budget.
func (j *job) take() bool { return !j.limited() || j.left.Add(-1) >= 0 }

// step lets the executor do what is due; it says when to come again.
func (j *job) step(ctx context.Context, run, now time.Time) time.Time {
	if !j.begun {
		if start := run.Add(j.plan.Start); now.Before(start) && !j.driven {
			return start
		}
		j.begin(now)
	}
	if j.ended != "" {
		return j.interruptLate(now)
	}
	if end := j.end(); !end.IsZero() && !now.Before(end) {
		j.exec.step(ctx, end.Add(-1)) // what was due before the end is started, however late this is called
		j.finish(Duration, now)
		return j.until
	}
	next := j.exec.step(ctx, now)
	if j.exec.done() && len(j.vus.list) == 0 {
		j.finish(Iterations, now)
		return time.Time{}
	}
	return earliest(next, j.end())
}

// begin starts the executor of the plan, unless it is driven already.
func (j *job) begin(now time.Time) {
	j.begun, j.began = true, now
	j.waiting--
	switch {
	case j.driven:
	case j.plan.Open:
		a := newArrivals(j, now)
		a.open()
		j.exec = a
	case j.plan.PerVU:
		j.exec = newPerVU(j)
	default:
		j.exec = newClosed(j, j.plan.Stages)
	}
}

// end is when its time is over; zero: never, or it does not count yet.
func (j *job) end() time.Time {
	if j.plan.Duration == 0 || j.opening {
		return time.Time{}
	}
	return j.began.Add(j.plan.Duration)
}

// finish ends it: its VUs go back to the pool once their iterations have
// ended, for which they have the grace period.
func (j *job) finish(why Reason, now time.Time) {
	j.exec.stop()
	j.ended, j.want, j.until = why, 0, now.Add(j.plan.Grace)
	for _, v := range j.vus.list {
		j.dismiss(v)
	}
}

// interruptLate interrupts iterations that are still under way at the end of
// the grace period, which it returns.
func (j *job) interruptLate(now time.Time) time.Time {
	if len(j.vus.list) == 0 || j.until.IsZero() {
		return time.Time{}
	}
	if now.Before(j.until) {
		return j.until
	}
	for _, v := range j.vus.list {
		j.interrupt(v, overtime(j.plan.Grace))
	}
	j.until = time.Time{}
	return j.until
}

// spawnMissing gets the VUs that are missing, at most so many: those that
// rest, then new ones. The i-th waits for delay(i) before it acts upon its order.
func (j *job) spawnMissing(ctx context.Context, most int, o *order, delay func(i, n int) time.Duration) {
	if j.exhausted() {
		return
	}
	missing := min(j.want-len(j.vus.list), most)
	for i := range missing {
		if !j.reuse(j, o, delay(i, missing)) {
			j.start(ctx, j, o, delay(i, missing))
		}
	}
}

// noLimit is as many VUs as any run has.
const noLimit = math.MaxInt

// earliest is the earlier one of two times; a zero time is none.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
