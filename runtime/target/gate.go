package target

import (
	"sync"
	"time"
)

// Counts is what happened to requests. Requests counts them as they arrive, the
// others as they are answered: what is missing is inside.
type Counts struct {
	Requests uint64 `json:"requests"`
	OK       uint64 `json:"ok"`       // whatever the API then answered
	Rejected uint64 `json:"rejected"` // no place
	Failed   uint64 `json:"failed"`   // base failures
	Dropped  uint64 `json:"dropped"`  // inside when the target was closed
}

// Second is what happened in one second since the start.
type Second struct {
	At int `json:"at_s"`
	Counts
}

// gate lets requests in by the schedule, and counts them. It alone tells the
// schedule what time it is.
type gate struct {
	latency time.Duration
	begin   time.Time
	closed  <-chan struct{}

	mu       sync.Mutex
	schedule *schedule
	sum      Counts
	seconds  []Second
}

func newGate(c Config, closed <-chan struct{}) *gate {
	return &gate{latency: c.Latency, begin: time.Now(), closed: closed, schedule: newSchedule(c)}
}

// pass takes a request through the service and returns when its answer is
// due, with how it went. False: the target was closed meanwhile.
func (g *gate) pass() (outcome, bool) {
	g.mu.Lock()
	now := time.Since(g.begin)
	done, how := g.schedule.arrive(now)
	g.count(now).Requests++
	g.sum.Requests++
	g.mu.Unlock()
	if how != rejected {
		done += g.latency
	}
	ok := g.wait(done - now)
	g.mu.Lock()
	defer g.mu.Unlock()
	answered(&g.sum, how, ok)
	answered(&g.count(time.Since(g.begin)).Counts, how, ok)
	return how, ok
}

// wait waits, unless the target is closed.
func (g *gate) wait(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-g.closed:
		return false
	}
}

// count returns the second that a time lies in. Requests are counted one at a
// time under the lock, so its seconds are in order.
func (g *gate) count(now time.Duration) *Second {
	at := int(now / time.Second)
	if n := len(g.seconds); n == 0 || g.seconds[n-1].At < at {
		g.seconds = append(g.seconds, Second{At: at})
	}
	return &g.seconds[len(g.seconds)-1]
}

func answered(c *Counts, how outcome, ok bool) {
	switch {
	case !ok:
		c.Dropped++
	case how == rejected:
		c.Rejected++
	case how == failed:
		c.Failed++
	default:
		c.OK++
	}
}

// counts returns the sums and the seconds so far.
func (g *gate) counts() (Counts, []Second) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.sum, append([]Second(nil), g.seconds...)
}
