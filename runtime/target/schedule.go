package target

import (
	"math"
	"math/rand/v2"
	"time"
)

// outcome is what becomes of a request.
type outcome int

const (
	served   outcome = iota
	rejected         // no place: answered at once
	failed           // one of the base failures
)

// schedule decides when each request is done. It is pure: time is what it is
// given, and a request's end is fixed when it arrives. Servers that are busy
// are so until the computed end of their last request, not until a timer told
// them, so that late timers never cost capacity.
//
// Inside, time is work time: it stands still during stalls.
type schedule struct {
	c     Config
	rng   *rand.Rand
	mean  float64 // Slots: seconds of service once warm
	gamma float64 // Retrograde: requests/s of one alone
	kappa float64 // Retrograde: coherency

	servers  times           // when each server that was ever used is free
	starts   []time.Duration // of requests that wait or waited, in order
	inside   times           // Retrograde: ends of those in the service
	tokens   float64
	filled   time.Duration // when tokens was right
	requests float64       // taken in so far
}

// newSchedule wants a valid service.
func newSchedule(c Config) *schedule {
	s := &schedule{c: c, rng: rand.New(rand.NewPCG(c.Seed, 0x9e3779b97f4a7c15)), tokens: c.Capacity * c.Burst.Seconds()}
	working := 1.0 // share of the time
	if c.Stall > 0 {
		working -= c.Stall.Seconds() / c.StallEvery.Seconds()
	}
	rate := c.Capacity / working
	switch c.Kind {
	case Unlimited, Bucket:
		s.c.Capacity = rate
	case Slots:
		s.mean = float64(c.Servers) / rate
	case Retrograde:
		n := float64(c.Peak)
		s.kappa = (1 - c.Sigma) / (n * n) // the law's peak is at √((1-σ)/κ)
		s.gamma = rate / n * s.slower(n)
	}
	return s
}

// arrive takes a request at a time since the start and says how it ends, and when.
func (s *schedule) arrive(now time.Duration) (done time.Duration, _ outcome) {
	if s.c.Errors > 0 && s.rng.Float64() < s.c.Errors {
		return now, failed
	}
	at := s.work(now)
	end, ok := s.place(at)
	if !ok {
		return now, rejected
	}
	s.requests++
	return max(now, s.wall(end)), served
}

// place finds the end of a request in work time, or no place for it.
func (s *schedule) place(at time.Duration) (time.Duration, bool) {
	switch s.c.Kind {
	case Bucket:
		return at, s.take(at)
	case Slots:
		return s.queue(at)
	case Retrograde:
		return s.enter(at)
	case Unlimited:
	}
	return at, true
}

// take takes a token. While warming up, a request costs more of them.
func (s *schedule) take(at time.Duration) bool {
	depth := max(1, s.c.Capacity*s.c.Burst.Seconds())
	s.tokens = min(depth, s.tokens+(at-s.filled).Seconds()*s.c.Capacity)
	s.filled = at
	if s.tokens < 1 {
		return false
	}
	s.tokens -= s.warm()
	return true
}

// queue gives a request the server that is free first.
func (s *schedule) queue(at time.Duration) (time.Duration, bool) {
	for len(s.starts) > 0 && s.starts[0] <= at {
		s.starts = s.starts[1:]
	}
	start, used := at, false
	if len(s.servers) > 0 && (s.servers[0] <= at || len(s.servers) == s.c.Servers) {
		start, used = max(at, s.servers[0]), true
	}
	if start > at && s.c.Queue != Endless {
		if len(s.starts) >= s.c.Queue {
			return 0, false
		}
		s.starts = append(s.starts, start)
	}
	end := start + s.service()
	if used {
		s.servers.replaceFirst(end)
	} else {
		s.servers.push(end)
	}
	return end, true
}

// service draws a service time.
func (s *schedule) service() time.Duration {
	t := s.mean * s.warm()
	if s.c.Law == Exponential {
		t *= s.rng.ExpFloat64()
	}
	return seconds(t)
}

// enter lets a request in among those that are inside: N of them take
// N/X(N) each, so that together they leave at the rate X(N) of the law.
func (s *schedule) enter(at time.Duration) (time.Duration, bool) {
	for len(s.inside) > 0 && s.inside[0] <= at {
		s.inside.popFirst()
	}
	if s.c.Queue != Endless && len(s.inside) >= s.c.Queue {
		return 0, false
	}
	end := at + seconds(s.slower(float64(len(s.inside)+1))/s.gamma*s.warm())
	s.inside.push(end)
	return end, true
}

// slower is how much longer a request takes with n in the service than alone.
func (s *schedule) slower(n float64) float64 {
	return 1 + s.c.Sigma*(n-1) + s.kappa*n*(n-1)
}

// warm is how much longer than later a request takes now.
func (s *schedule) warm() float64 {
	if s.c.Warmup == 0 {
		return 1
	}
	return 1 + s.c.Warmup*math.Exp(-s.requests/s.c.WarmupRequests)
}

// work turns a time since the start into work time.
func (s *schedule) work(now time.Duration) time.Duration {
	if s.c.Stall == 0 {
		return now
	}
	busy := s.c.StallEvery - s.c.Stall
	return now/s.c.StallEvery*busy + min(now%s.c.StallEvery, busy)
}

// wall turns work time back; what would be done when a stall begins is done after it.
func (s *schedule) wall(work time.Duration) time.Duration {
	if s.c.Stall == 0 {
		return work
	}
	busy := s.c.StallEvery - s.c.Stall
	return work/busy*s.c.StallEvery + work%busy
}

func seconds(t float64) time.Duration { return time.Duration(t * float64(time.Second)) }

// times is a heap, the earliest first.
type times []time.Duration

func (h *times) push(t time.Duration) {
	*h = append(*h, t)
	a := *h
	for i := len(a) - 1; i > 0; {
		up := (i - 1) / 2
		if a[up] <= a[i] {
			return
		}
		a[up], a[i] = a[i], a[up]
		i = up
	}
}

func (h *times) popFirst() {
	a := *h
	last := a[len(a)-1]
	*h = a[:len(a)-1]
	if len(*h) > 0 {
		h.replaceFirst(last)
	}
}

func (h *times) replaceFirst(t time.Duration) {
	a := *h
	a[0] = t
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(a); child++ {
			if a[child] < a[least] {
				least = child
			}
		}
		if least == i {
			return
		}
		a[i], a[least] = a[least], a[i]
		i = least
	}
}
