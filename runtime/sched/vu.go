package sched

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

// VU is what the load knows of one virtual user.
type vu struct {
	id     int
	wakeVU chan struct{}  // its order changed
	due    chan time.Time // an arrival handed to it
	cancel context.CancelCauseFunc

	state atomic.Int32 // an order
	after atomic.Int64 // wait so long, in nanoseconds, before the next closed lap
	busy  atomic.Bool  // an iteration is under way

	// Of the VU's own goroutine.
	timer  *time.Timer
	tally  tally
	failed bool          // its last iteration did
	late   time.Duration // of the arrival it took while it was free; negative: it is counted

	// Under the load's mutex.
	at        int         // index in VUs
	idleIndex int         // 1 + index among the idle; 0: not idle
	making    bool        // Spawn was called
	made      bool        // Spawn succeeded
	refused   bool        // Spawn failed, and has not succeeded since
	closing   bool        // it ends its last closed iteration before it serves arrivals
	cut       *time.Timer // interrupts it after the grace period, when it leaves alone
}

type order int32

const (
	iterate order = iota // run iterations back to back
	serve                // run what arrives
	rest                 // wait until the order changes
	leave                // end after the iteration under way
)

func (v *vu) told() order { return order(v.state.Load()) }

func (v *vu) order(o order) {
	v.state.Store(int32(o))
	notify(v.wakeVU)
}

// stay keeps a leaving VU that was not interrupted yet; the load's mutex is held.
func (v *vu) stay() bool {
	if v.cut != nil && !v.cut.Stop() {
		return false
	}
	v.cut = nil
	return true
}

// wait waits, but only while the VU has the order that it acts upon, and
// that is not to leave.
func (v *vu) wait(as order, d time.Duration) {
	v.alarm(d)
	for v.told() == as && as != leave {
		select {
		case <-v.timer.C:
			return
		case <-v.wakeVU: // perhaps an old one
		}
	}
	v.timer.Stop()
}

// alarm sets the VU's one timer.
func (v *vu) alarm(d time.Duration) <-chan time.Time {
	if v.timer == nil {
		v.timer = time.NewTimer(d)
	} else {
		v.timer.Reset(d)
	}
	return v.timer.C
}

// live is the life of one VU.
func (l *Load) live(ctx context.Context, v *vu) {
	defer l.retired(v)
	impl := l.spawn(ctx, v)
	if impl == nil {
		return
	}
	defer l.ready.Add(-1)
	defer impl.Close()
	for more := true; more; {
		switch v.told() {
		case iterate:
			more = l.lap(ctx, v, impl)
		case serve:
			l.serveArrival(ctx, v, impl)
		case rest:
			l.rest(v, impl)
		case leave:
			more = false
		}
	}
	l.mu.Lock()
	l.learn(&v.tally)
	l.mu.Unlock()
}

// rest waits until the VU's order changes.
func (l *Load) rest(v *vu, impl VU) {
	l.mu.Lock()
	l.learn(&v.tally)
	l.mu.Unlock()
	impl.Flush()
	impl.Rest()
	l.rests.Add(1)
	defer l.rests.Add(-1)
	for v.told() == rest {
		<-v.wakeVU
	}
}

// retryAfter is how long after a failed Spawn the VU is tried again.
const retryAfter = time.Second

// spawn makes the VU, trying until it works; nil when it is to leave.
func (l *Load) spawn(ctx context.Context, v *vu) VU {
	for {
		if d := v.after.Swap(0); d > 0 {
			v.wait(v.told(), time.Duration(d))
		}
		if !l.wanted(v) {
			return nil
		}
		impl, err := l.newVU(ctx, v.id)
		if err == nil {
			l.spawned(v)
			return impl
		}
		if !l.refuse(ctx, v, err) {
			return nil
		}
		v.after.Store(int64(retryAfter))
	}
}

// wanted says whether the VU is still to be made.
func (l *Load) wanted(v *vu) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if v.told() == leave || l.exhausted() {
		return false
	}
	v.making = true
	return true
}

func (l *Load) spawned(v *vu) {
	l.ready.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	v.made, v.refused = true, false
	l.refusals.inRow = 0
	notify(l.wakeRun) // an open load may make the next one now
}

// retired takes a VU off the list.
func (l *Load) retired(v *vu) {
	l.mu.Lock()
	defer l.mu.Unlock()
	v.cancel(nil)
	v.stay()
	l.open.welcome(v)
	last := len(l.vus) - 1
	l.vus[v.at] = l.vus[last]
	l.vus[v.at].at = v.at
	l.vus = l.vus[:last]
	if l.mode == opened && v.refused {
		l.want = min(l.want, last) // until arrivals need it
	}
	if l.mode == closed && v.at < l.want && !l.exhausted() {
		l.setTarget(l.want) // one that could not stay, or a leaving one took its place
	}
	if l.mode != over || len(l.vus) == 0 {
		notify(l.wakeRun)
	}
}

// lap runs one closed iteration and what is waited after it; false when the
// budget of iterations is spent.
func (l *Load) lap(ctx context.Context, v *vu, impl VU) bool {
	if d := v.after.Load(); d != 0 {
		v.after.Store(0)
		v.wait(iterate, time.Duration(d))
		return true // its order may have changed
	}
	if !l.take() {
		return false
	}
	v.busy.Store(true)
	r := impl.Iterate(ctx, *l.scenario.Load(), time.Time{})
	v.busy.Store(false)
	v.failed = !r.OK
	pause := l.plan.Delay + r.Pause
	if v.tally.takes(r) {
		v.tally.add(r)
	} else {
		pause += l.settle(v, r)
	}
	if pause > 0 {
		impl.Flush()
		v.wait(iterate, pause)
	}
	return true
}

// settle learns from the VU's iterations, r the last of them; it returns the
// back-off that r calls for.
func (l *Load) settle(v *vu, r metric.Outcome) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.learn(&v.tally)
	v.tally.add(r)
	l.learn(&v.tally)
	if r.OK {
		return 0
	}
	return l.backoff.Pause(int(r.Scenario), r.Took, l.random.Float64())
}

// serveArrival serves one arrival, or none if the VU's order changes first.
func (l *Load) serveArrival(ctx context.Context, v *vu, impl VU) {
	due, ok := l.accept(v, impl)
	if !ok {
		return
	}
	v.busy.Store(true)
	r := impl.Iterate(ctx, *l.scenario.Load(), due)
	v.busy.Store(false)
	v.failed = !r.OK
	v.tally.add(r)
}

// accept waits for an arrival; false when the VU's order changed instead.
func (l *Load) accept(v *vu, impl VU) (time.Time, bool) {
	l.mu.Lock()
	l.learn(&v.tally)
	l.open.welcome(v)
	if v.late >= 0 {
		l.open.late.Add(v.late)
		v.late = -1
	}
	if v.told() != serve {
		l.mu.Unlock()
		return time.Time{}, false
	}
	if due, ok := l.nextQueued(); ok {
		l.mu.Unlock()
		return due, true
	}
	l.open.park(v)
	l.mu.Unlock()
	impl.Flush()
	if due, ok := l.awaitArrival(v, impl); ok {
		v.late = max(time.Since(due), 0)
		return due, true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open.unpark(v)
	select {
	case due := <-v.due: // it was handed over before
		return due, true
	default:
		return time.Time{}, false
	}
}

// idleAfter is how long a kept VU waits for an arrival before it rests.
const idleAfter = time.Second

// awaitArrival waits, idle, for an arrival; false when the VU was woken.
func (l *Load) awaitArrival(v *vu, impl VU) (time.Time, bool) {
	var idle <-chan time.Time
	if l.keep {
		idle = v.alarm(idleAfter)
		defer v.timer.Stop()
	}
	for {
		select {
		case due := <-v.due:
			return due, true
		case <-v.wakeVU:
			return time.Time{}, false
		case <-idle:
			impl.Rest()
		}
	}
}

// tally is a VU's iterations that the load has not learnt of yet: one
// scenario, together about a millisecond, so that the mutex is taken no more
// often than that however short the iterations are.
type tally struct {
	scenario  int
	n, ok     int
	took, all time.Duration // of the successful ones, and of all
}

const (
	tallyTime = time.Millisecond
	tallySize = 1000
)

// takes says whether an iteration may wait in the tally.
func (t *tally) takes(r metric.Outcome) bool {
	return r.OK && t.all+r.Took < tallyTime && t.n < tallySize && (t.n == 0 || t.scenario == int(r.Scenario))
}

func (t *tally) add(r metric.Outcome) {
	t.scenario = int(r.Scenario)
	t.n++
	t.all += r.Took
	if r.OK {
		t.ok++
		t.took += r.Took
	}
}

// learn moves a tally into the means; mu is held.
func (l *Load) learn(t *tally) {
	if t.n == 0 {
		return
	}
	l.backoff.Succeed(t.scenario, t.ok, t.took, int(l.ready.Load()))
	l.took.add(t.n, t.all)
	*t = tally{}
}
