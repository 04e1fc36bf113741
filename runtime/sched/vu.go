package sched

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

// vu is what the pool knows of one VU.
type vu struct {
	id     int
	wake   chan struct{}  // its order changed
	due    chan time.Time // an arrival handed to it
	cancel context.CancelCauseFunc

	order atomic.Pointer[order]
	delay atomic.Int64 // wait so long, in nanoseconds, before the next closed lap
	busy  atomic.Bool  // an iteration is under way

	// Of the VU's own goroutine.
	impl   VU
	timer  *time.Timer
	tally  tally
	failed bool          // its last iteration did
	late   time.Duration // of the arrival it took while it was free; negative: it is counted

	// Under the pool's mutex.
	job       *job // that it belongs to; nil: it rests
	in        *set
	at        int         // index in it
	idleIndex int         // 1 + index among the idle; 0: not idle
	making    bool        // Spawn was called
	made      bool        // Spawn succeeded
	refused   bool        // Spawn failed, and has not succeeded since
	finishing bool        // it ends its last closed iteration before it serves arrivals
	counted   bool        // the iteration that was cut off is
	cut       *time.Timer // interrupts it after the grace period, when it leaves alone
}

// order is what a VU is to do. It does it until its order changes; nothing to
// do means to leave.
type order struct {
	do func(context.Context, *vu)
}

// set changes the order.
func (v *vu) set(o *order) {
	v.order.Store(o)
	notify(v.wake)
}

// stay keeps a VU that was to leave from being interrupted; false when it was
// already. The pool's mutex is held.
func (v *vu) stay() bool {
	if v.cut != nil && !v.cut.Stop() {
		return false
	}
	v.cut = nil
	return true
}

// wait waits, but only while the VU has the order that it acts upon, and that
// is not to leave.
func (v *vu) wait(as *order, d time.Duration) {
	v.alarm(d)
	for v.order.Load() == as && as.do != nil {
		select {
		case <-v.timer.C:
			return
		case <-v.wake: // perhaps an old one
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
func (p *pool) live(ctx context.Context, v *vu) {
	defer p.retired(v)
	if !p.spawn(ctx, v) {
		return
	}
	defer v.impl.Close()
	for o := v.order.Load(); o.do != nil; o = v.order.Load() {
		o.do(ctx, v)
	}
}

// retryAfter is how long after a failed Spawn the VU is tried again.
const retryAfter = time.Second

// spawn makes the VU, trying until it works; false when it is to leave.
func (p *pool) spawn(ctx context.Context, v *vu) bool {
	for {
		if d := v.delay.Swap(0); d > 0 {
			v.wait(v.order.Load(), time.Duration(d))
		}
		if !p.wanted(v) {
			return false
		}
		impl, err := p.newVU(ctx, v.id)
		if err == nil {
			v.impl = impl
			p.spawned(v)
			return true
		}
		if !p.refuse(ctx, v, err) {
			return false
		}
		v.delay.Store(int64(retryAfter))
	}
}

// restUntilWoken waits until the VU's order changes.
func (p *pool) restUntilWoken(_ context.Context, v *vu) {
	v.impl.Flush()
	v.impl.Rest()
	for v.order.Load() == p.rest {
		<-v.wake
	}
}

// tally is a VU's iterations that the pool has not learnt of yet: one
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

// occupancy is the mean time that an iteration keeps a VU busy, however it ends.
type occupancy struct{ value, n float64 }

// occupancyMemory is how many iterations the mean looks back.
const occupancyMemory = 1000

func (o *occupancy) add(n int, together time.Duration) {
	each := float64(together) / float64(n)
	o.n = min(o.n+float64(n), occupancyMemory)
	o.value += (each - o.value) * min(float64(n)/o.n, 1)
}

// mean is 0 as long as no iteration has ended: until then it is the arrivals
// that queue who ask for more VUs.
func (o *occupancy) mean() time.Duration { return time.Duration(o.value) }
