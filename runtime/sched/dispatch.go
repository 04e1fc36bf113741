package sched

import (
	"math"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/pace"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
)

const (
	// defaultPatience is how long an arrival waits for a VU that is still
	// being made. Past it, and at once when no more may be made, it is dropped.
	defaultPatience = 100 * time.Millisecond
	// lateLimit is how far behind the dispatcher may be and still start
	// arrivals: after a generator was halted, a burst is not the load asked for.
	lateLimit = time.Second
	// makersMax is how many VUs are made at a time while arrivals run: their
	// iterations need the processors more.
	makersMax = 8
	// spares are the VUs that are free even when iterations grow longer than
	// those that have ended.
	spares = 2
	// defaultCeiling bounds an open load's VUs where the plan does not.
	defaultCeiling = 10_000
)

// arrivals are an open load's: when they are due and who is free for them.
// All of it is under the load's mutex.
type arrivals struct {
	due        *pace.Arrivals
	origin     time.Time // what due counts from
	idle       []*vu     // the one that was busy last is the first to be taken: its connections are warm
	failedIdle int       // so many of idle, the first, failed last: they are taken when no other is left
	queue      fifo      // due, and waiting for VUs to come
	drops      metric.Dropped
	late       metric.Histogram // of arrivals that found a VU free
	opening    bool             // VUs are made before arrivals begin
	closing    int              // VUs that end their last closed iteration
	openings   uint64           // how often arrivals began
}

// dispatch hands out arrivals when they are due, until the load is over.
func (l *Load) dispatch() {
	s := newSleeper()
	defer s.close()
	for {
		l.mu.Lock()
		var next time.Time
		if l.mode == opened {
			next = l.release(time.Now())
		}
		drops, done := l.open.drops, l.mode == over
		l.open.drops = metric.Dropped{}
		l.mu.Unlock()
		if drops != (metric.Dropped{}) && l.drop != nil {
			l.drop(drops)
		}
		if done {
			return
		}
		s.sleep(next, l.wakeDispatch)
	}
}

// release hands out all that is due and returns when to come again; zero: when woken. mu is held.
func (l *Load) release(now time.Time) time.Time {
	o := &l.open
	o.expire(now, l.patience)
	at := now.Sub(o.origin)
	next, more := o.due.Due()
	for ; more && next <= at && !l.exhausted(); next, more = o.due.Due() {
		o.due.Take()
		due := o.origin.Add(next)
		switch {
		case at-next > lateLimit:
			o.drops.Late++
		case len(o.idle) > 0:
			if l.take() {
				o.pop().due <- due
			}
		case len(l.vus) < l.ceiling() || int(l.ready.Load()) < len(l.vus):
			o.queue.push(due)
		default:
			o.drops.NoVU++
		}
	}
	if l.exhausted() {
		l.orderAll(leave)
		o.queue.clear()
		return time.Time{}
	}
	l.demand(at)
	var wake time.Time
	if more {
		wake = o.origin.Add(next)
	}
	if o.queue.len() > 0 {
		if expiry := o.queue.first().Add(l.patience); !more || expiry.Before(wake) {
			wake = expiry
		}
	}
	return wake
}

// demand works out how many VUs the arrivals need; mu is held.
func (l *Load) demand(at time.Duration) {
	if l.open.opening {
		return // Run has decided
	}
	busy := int(l.ready.Load()) - len(l.open.idle) - l.open.closing
	want := busy + l.open.queue.len() + spares
	switch refused := &l.refusals; {
	case refused.inRow == 0:
		rate := max(l.open.due.Rate(at), l.open.due.Rate(at+time.Second))
		want = max(want, poolSize(rate, l.took.mean()))
	case time.Since(refused.at) < retryAfter:
		want = 0
	}
	want = min(max(want, l.plan.VUs), l.ceiling())
	l.want = max(want, len(l.vus)) // an open load keeps its VUs
	if l.want > len(l.vus) && l.makers() > 0 {
		notify(l.wakeRun)
	}
}

// poolSize is how many VUs carry arrivals whose iterations take so long: by
// Little's law rate·took are busy on average, with Poisson arrivals give or
// take the root of that.
func poolSize(rate float64, took time.Duration) int {
	busy := rate * took.Seconds()
	return int(math.Ceil(max(1.5*busy, busy+4*math.Sqrt(busy)))) + spares
}

// makers is how many more VUs may be in the making; mu is held.
func (l *Load) makers() int {
	if l.open.opening {
		return math.MaxInt
	}
	return makersMax - (len(l.vus) - int(l.ready.Load()))
}

func (l *Load) ceiling() int {
	if l.plan.MaxVUs > 0 {
		return l.plan.MaxVUs
	}
	return defaultCeiling
}

// openArrivals makes it an open load whose rate is still zero; VUs that are being
// made or were made serve it. mu is held.
func (l *Load) openArrivals(now time.Time) {
	l.mode = opened
	l.open.openings++
	l.open.origin = now
	l.open.due = l.newArrivals(nil)
	for _, v := range l.vus {
		switch {
		case !v.making:
			v.order(leave)
		case v.told() == leave && !v.stay():
		default:
			v.order(serve)
			if v.made && !v.closing {
				v.closing = true
				l.open.closing++
			}
		}
	}
}

// welcome counts a VU that has ended its closed iterations.
func (o *arrivals) welcome(v *vu) {
	if v.closing {
		v.closing = false
		o.closing--
	}
}

func (l *Load) newArrivals(stages []plan.Stage) *pace.Arrivals {
	if l.plan.Poisson {
		return pace.NewPoisson(stages, l.plan.Seed+l.open.openings, pace.Share{})
	}
	return pace.NewArrivals(stages, pace.Share{})
}

// dismissArrivals ends an open load; what is due and did not start is dropped. mu is held.
func (l *Load) dismissArrivals() {
	o := &l.open
	o.opening = false
	o.drops.NoVU += uint64(o.queue.len())
	o.queue.clear()
	for _, v := range o.idle {
		v.idleIndex = 0
	}
	o.idle, o.failedIdle = o.idle[:0], 0
	notify(l.wakeDispatch)
}

// nextQueued takes the next arrival that waits; mu is held.
func (l *Load) nextQueued() (time.Time, bool) {
	if l.open.queue.len() == 0 {
		return time.Time{}, false
	}
	l.open.expire(time.Now(), l.patience)
	if l.open.queue.len() == 0 || !l.take() {
		return time.Time{}, false
	}
	return l.open.queue.pop(), true
}

// expire drops the arrivals that have waited too long.
func (o *arrivals) expire(now time.Time, patience time.Duration) {
	for o.queue.len() > 0 && now.Sub(o.queue.first()) >= patience {
		o.queue.pop()
		o.drops.NoVU++
	}
}

// fifo is a queue that keeps its memory.
type fifo struct {
	list []time.Time
	head int
}

func (q *fifo) len() int         { return len(q.list) - q.head }
func (q *fifo) first() time.Time { return q.list[q.head] }
func (q *fifo) push(t time.Time) { q.list = append(q.list, t) }
func (q *fifo) clear()           { q.list, q.head = q.list[:0], 0 }

func (q *fifo) pop() time.Time {
	t := q.list[q.head]
	if q.head++; q.head == len(q.list) {
		q.clear()
	}
	return t
}

// park puts a VU among the idle. One that failed has perhaps lost its
// connections: a service that was overloaded and accepts only so many would
// wait for it, while those that it accepted lie idle.
func (o *arrivals) park(v *vu) {
	o.idle = append(o.idle, v)
	v.idleIndex = len(o.idle)
	if v.failed {
		o.swap(v.idleIndex-1, o.failedIdle)
		o.failedIdle++
	}
}

// pop takes the VU that became idle last.
func (o *arrivals) pop() *vu {
	last := len(o.idle) - 1
	v := o.idle[last]
	o.idle = o.idle[:last]
	o.failedIdle = min(o.failedIdle, last)
	v.idleIndex = 0
	return v
}

// unpark takes a VU from among the idle, if it is there.
func (o *arrivals) unpark(v *vu) {
	if v.idleIndex == 0 {
		return
	}
	if v.idleIndex <= o.failedIdle {
		o.failedIdle--
		o.swap(v.idleIndex-1, o.failedIdle)
	}
	o.swap(v.idleIndex-1, len(o.idle)-1)
	o.pop()
}

// swap changes the seats of two idle VUs.
func (o *arrivals) swap(i, j int) {
	o.idle[i], o.idle[j] = o.idle[j], o.idle[i]
	o.idle[i].idleIndex, o.idle[j].idleIndex = i+1, j+1
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
