package sched

import (
	"context"
	"math"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/pace"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
)

const (
	// defaultPatience is how long an arrival waits for a VU that is still
	// being made. Past it, and at once when no more may be made, it is dropped.
	defaultPatience = 100 * time.Millisecond
	// lateLimit is how far behind Run may be and still start arrivals: after a
	// generator was halted, a burst is not the load asked for.
	lateLimit = time.Second
	// makersMax is how many VUs are made at a time while arrivals run: their
	// iterations need the processors more.
	makersMax = 8
	// spares are the VUs that are free even when iterations grow longer than
	// those that have ended.
	spares = 2
	// defaultCeiling bounds an open load's VUs where the plan does not.
	defaultCeiling = 10_000
	// assumedIteration tells how many VUs are made before arrivals begin,
	// where the plan does not, up to openingMax.
	assumedIteration = 100 * time.Millisecond
	openingMax       = 200
	// idleAfter is how long a kept VU waits for an arrival before it rests.
	idleAfter = time.Second
)

// arrivals is the executor of an open load: iterations are due at a rate, and
// whoever is free serves them.
type arrivals struct {
	*job
	due       *pace.Arrivals
	origin    time.Time // what due counts from
	serve     *order
	idle      idle // VUs that wait for an arrival
	finishing int  // VUs that end their last closed iteration
	spent     bool // VUs were told that the budget of iterations is
}

// newArrivals is at a rate of zero.
func newArrivals(j *job, now time.Time) *arrivals {
	j.openings++
	a := &arrivals{job: j, origin: now}
	a.serve = &order{a.serveArrivals}
	a.due = a.schedule(nil)
	return a
}

func (a *arrivals) schedule(stages []plan.Stage) *pace.Arrivals {
	if a.plan.Poisson { // executors side by side are independent of each other
		return pace.NewPoisson(stages, a.seed+a.openings+a.number<<32, a.share)
	}
	return pace.NewArrivals(stages, a.share)
}

// open has VUs made before the arrivals of the plan begin.
func (a *arrivals) open() {
	a.opening = true
	var peak float64
	for _, s := range a.plan.Stages {
		peak = max(peak, s.Target)
	}
	peak /= float64(max(a.share.N, 1))
	a.want = min(max(a.least(), min(poolSize(peak, assumedIteration), openingMax)), a.ceiling())
}

// takeOver lets all VUs of the job, and those that rest, serve arrivals, each
// once its closed iteration has ended.
func (a *arrivals) takeOver() {
	for a.reuse(a.job, a.serve, 0) {
		continue
	}
	for _, v := range a.vus.list {
		switch {
		case !v.making:
			v.set(a.leave)
		case !v.stay(): // it was interrupted
		default:
			v.set(a.serve)
			if v.made {
				v.finishing = true
				a.finishing++
			}
		}
	}
}

func (a *arrivals) step(ctx context.Context, now time.Time) time.Time {
	if a.opening {
		a.spawnMissing(ctx, noLimit, a.serve, atOnce)
		if !a.ready() {
			return time.Time{}
		}
		a.opening = false
		a.began, a.origin = now, now
		a.due = a.schedule(a.plan.Stages)
	}
	next := a.startDue(now)
	a.spawnMissing(ctx, a.makers(), a.serve, atOnce)
	return next
}

func atOnce(int, int) time.Duration { return 0 }

// ready says whether each VU of the opening waits for an arrival, or could not be made.
func (a *arrivals) ready() bool {
	if len(a.vus.list) < a.want {
		return false
	}
	for _, v := range a.vus.list {
		if v.idleIndex == 0 && !v.refused {
			return false
		}
	}
	return true
}

// startDue hands out all that is due and returns when to come again; zero: when woken.
func (a *arrivals) startDue(now time.Time) time.Time {
	a.expire(now)
	at := now.Sub(a.origin)
	next, more := a.due.Due()
	for ; more && next <= at && !a.exhausted(); next, more = a.due.Due() {
		a.due.Take()
		due := a.origin.Add(next)
		switch {
		case at-next > lateLimit:
			a.drops.Late++
		case a.idle.any():
			if a.take() {
				a.idle.pop().due <- due
			}
		case len(a.vus.list) < a.ceiling() || a.vus.made < len(a.vus.list):
			a.queue.push(due)
		case at-next > defaultPatience: // a burst after a halt of the generator
			a.drops.Late++
		default:
			a.giveUp(1)
		}
	}
	if a.exhausted() {
		a.spend()
		return time.Time{}
	}
	a.estimate(at)
	var wake time.Time
	if more {
		wake = a.origin.Add(next)
	}
	if a.queue.len() > 0 {
		wake = earliest(wake, a.queue.first().Add(a.patience))
	}
	return wake
}

// spend gives all VUs up once the budget of iterations is spent.
func (a *arrivals) spend() {
	a.queue.clear()
	if a.spent {
		return
	}
	a.spent = true
	for _, v := range a.vus.list {
		a.dismiss(v)
	}
}

// estimate works out how many VUs the arrivals need.
func (a *arrivals) estimate(at time.Duration) {
	if a.opening {
		return // open has decided
	}
	busy := a.vus.made - a.idle.len() - a.finishing
	want := busy + a.queue.len() + spares
	switch refused := &a.refusals; {
	case refused.inRow == 0:
		rate := max(a.due.Rate(at), a.due.Rate(at+time.Second))
		want = max(want, poolSize(rate, a.took.mean()))
	case time.Since(refused.at) < retryAfter:
		want = 0
	}
	want = min(max(want, a.least()), a.ceiling())
	a.want = max(want, len(a.vus.list)) // an open load keeps its VUs
}

// poolSize is how many VUs carry arrivals whose iterations take so long: by
// Little's law rate·took are busy on average, with Poisson arrivals give or
// take the root of that.
func poolSize(rate float64, took time.Duration) int {
	busy := rate * took.Seconds()
	return int(math.Ceil(max(1.5*busy, busy+4*math.Sqrt(busy)))) + spares
}

// makers is how many more VUs may be in the making.
func (a *arrivals) makers() int { return makersMax - (len(a.vus.list) - a.vus.made) }

// least is how many VUs there are at least.
func (a *arrivals) least() int { return a.share.Of(a.plan.VUs) }

func (a *arrivals) ceiling() int {
	if a.plan.MaxVUs > 0 {
		return a.share.Of(a.plan.MaxVUs)
	}
	return defaultCeiling
}

// retry says whether a VU that could not be made is to be tried again: not
// where arrivals find VUs enough without it. A service that takes so many
// connections and no more would be asked for another for as long as the load lasts.
func (a *arrivals) retry() bool { return a.opening || a.idle.len() <= spares }

func (a *arrivals) retired(v *vu, _ int) {
	a.finished(v)
	if v.refused {
		a.want = min(a.want, len(a.vus.list)) // until arrivals need it
	}
}

// stop drops what is due and did not start.
func (a *arrivals) stop() {
	a.opening = false
	a.giveUp(uint64(a.queue.len()))
	a.queue.clear()
	a.idle.clear()
	for _, v := range a.vus.list {
		a.finished(v)
	}
}

// finished counts a VU that has ended its closed iterations.
func (a *arrivals) finished(v *vu) {
	if v.finishing {
		v.finishing = false
		a.finishing--
	}
}

// expire drops the arrivals that have waited too long.
func (a *arrivals) expire(now time.Time) {
	for a.queue.len() > 0 && now.Sub(a.queue.first()) >= a.patience {
		a.queue.pop()
		a.giveUp(1)
	}
}

// giveUp drops arrivals for which no VU was free, and says why there was none.
func (a *arrivals) giveUp(n uint64) {
	switch {
	case a.refusals.inRow > 0:
		a.drops.Refused += n
	case len(a.vus.list) >= a.ceiling() && a.vus.made == len(a.vus.list):
		a.drops.NoVU += n
	default:
		a.drops.Unmade += n
	}
}

// serveArrivals is where a VU iterates.
func (a *arrivals) serveArrivals(ctx context.Context, v *vu) {
	for v.order.Load() == a.serve {
		due, ok := a.accept(v)
		if !ok {
			return
		}
		v.busy.Store(true)
		r := v.impl.Iterate(ctx, *a.scenario.Load(), due)
		v.busy.Store(false)
		v.failed = !r.OK
		v.tally.add(r)
	}
}

// accept waits for an arrival; false when the VU's order changed instead.
func (a *arrivals) accept(v *vu) (time.Time, bool) {
	a.mu.Lock()
	a.learn(v)
	a.finished(v)
	if v.late >= 0 {
		a.late.Add(v.late)
		v.late = -1
	}
	if v.order.Load() != a.serve {
		a.mu.Unlock()
		return time.Time{}, false
	}
	if due, ok := a.nextQueued(); ok {
		a.mu.Unlock()
		return due, true
	}
	a.idle.park(v)
	if a.opening {
		notify(a.wakeRun)
	}
	a.mu.Unlock()
	v.impl.Flush()
	if due, ok := a.awaitArrival(v); ok {
		v.late = max(time.Since(due), 0)
		return due, true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.idle.unpark(v)
	select {
	case due := <-v.due: // it was handed over before
		return due, true
	default:
		return time.Time{}, false
	}
}

// nextQueued takes the next arrival that waits; mu is held.
func (a *arrivals) nextQueued() (time.Time, bool) {
	if a.queue.len() == 0 {
		return time.Time{}, false
	}
	a.expire(time.Now())
	if a.queue.len() == 0 || !a.take() {
		return time.Time{}, false
	}
	return a.queue.pop(), true
}

// awaitArrival waits, idle, for an arrival; false when the VU was woken.
func (a *arrivals) awaitArrival(v *vu) (time.Time, bool) {
	var idle <-chan time.Time
	if a.keep {
		idle = v.alarm(idleAfter)
		defer v.timer.Stop()
	}
	for {
		select {
		case due := <-v.due:
			return due, true
		case <-v.wake:
			return time.Time{}, false
		case <-idle:
			v.impl.Rest()
		}
	}
}
