package sizingtest

import "math"

// bucket is a rate limiter that answers at once.
type bucket struct {
	rate, burst, latency float64
	tokens, last         float64
}

func newBucket(rate, latency float64) *bucket {
	return &bucket{rate: rate, burst: rate / 10, tokens: rate / 10, latency: latency}
}

const rejectTime = .001 // until a client sees that it was turned away

func (b *bucket) arrive(w *World, r int32) {
	b.tokens = min(b.burst, b.tokens+(w.now-b.last)*b.rate)
	b.last = w.now
	if b.tokens >= 1 {
		b.tokens--
		w.after(b.latency, atReply, r)
		return
	}
	w.after(rejectTime, atReject, r)
}

func (b *bucket) fire(*World, int32) {}

// slots serve a queue in order, so many requests at a time.
type slots struct {
	servers, places int // places < 0: the queue has no end
	mean            float64
	spread          spread
	every, pause    float64 // it stands still for pause seconds every so often
	coldness, warm  float64 // service takes (1 + coldness·e^(-served/warm)) times as long
	replicas        *autoscaler
	speed           *speed

	busy, served int
	queue        []int32
	head         int
}

// spread is how service times vary.
type spread uint8

const (
	exponential spread = iota
	fixed
	lognormal // coefficient of variation 2
)

func (s *slots) arrive(w *World, r int32) {
	if s.replicas != nil && !s.replicas.started {
		s.replicas.start(w, s)
	}
	switch {
	case s.busy < s.servers:
		s.serve(w, r)
	case s.places < 0 || len(s.queue)-s.head < s.places:
		s.queue = append(s.queue, r)
	default:
		w.after(rejectTime, atReject, r)
	}
}

func (s *slots) serve(w *World, r int32) {
	s.note(w)
	s.busy++
	d := s.mean * w.reqs[r].cost
	switch s.spread {
	case exponential:
		d = w.exp(d)
	case lognormal:
		const sigma = 1.2686 // √ln(1+2²)
		d *= math.Exp(sigma*w.rng.NormFloat64() - sigma*sigma/2)
	case fixed:
	}
	if s.warm > 0 {
		d *= 1 + s.coldness*math.Exp(-float64(s.served)/s.warm)
	}
	if s.speed != nil {
		d /= s.speed.at(w)
	}
	s.served++
	w.after(s.stretch(w.now, d), atService, r)
}

// stretch is how long d seconds of work take when the service stands still at times.
func (s *slots) stretch(now, d float64) float64 {
	if s.every == 0 {
		return d
	}
	t := now
	for {
		start := math.Floor(t/s.every) * s.every
		t = max(t, start+s.pause)
		next := start + s.every
		if t+d <= next {
			return t + d - now
		}
		d -= next - t
		t = next
	}
}

func (s *slots) fire(w *World, arg int32) {
	if arg < 0 {
		s.replicas.fire(w, s, arg)
		return
	}
	s.note(w)
	s.busy--
	s.next(w)
	w.answer(arg, true)
}

// next serves from the queue while a server is free.
func (s *slots) next(w *World) {
	for s.busy < s.servers && s.head < len(s.queue) {
		r := s.queue[s.head]
		if s.head++; s.head > 1024 && 2*s.head > len(s.queue) {
			s.queue = s.queue[:copy(s.queue, s.queue[s.head:])]
			s.head = 0
		}
		s.serve(w, r)
	}
}

func (s *slots) note(w *World) {
	if s.replicas != nil {
		s.replicas.note(w.now, s.busy)
	}
}

// speed moves between 1-swing and 1+swing: it goes straight to a new value,
// drawn at random, within some span of seconds, and on from there.
type speed struct {
	swing, span float64

	from, to, since, until float64
}

func (s *speed) at(w *World) float64 {
	for w.now >= s.until {
		s.from, s.since = s.to, s.until
		if s.until == 0 {
			s.from = 1 + s.swing*(2*w.rng.Float64()-1)
		}
		s.to = 1 + s.swing*(2*w.rng.Float64()-1)
		s.until += s.span * (.5 + w.rng.Float64())
	}
	return s.from + (s.to-s.from)*(w.now-s.since)/(s.until-s.since)
}

// autoscaler adds a replica some time after the mean use of the last 15 s exceeded 70 %.
type autoscaler struct {
	most     int
	servers  int // of one replica
	places   int
	replicas int
	started  bool
	pending  bool
	area     float64 // busy servers over time
	since    float64
	former   float64
	use      []float64 // of the last seconds
}

const (
	scaleLook  = -1
	scaleDone  = -2
	scaleDelay = 15.0
	scaleSpan  = 15
	scaleUse   = .7
)

func (a *autoscaler) start(w *World, s *slots) {
	a.started, a.servers, a.places, a.replicas = true, s.servers, s.places, 1
	w.after(1, atService, scaleLook)
}

func (a *autoscaler) note(now float64, busy int) {
	a.area += float64(busy) * (now - a.since)
	a.since = now
}

func (a *autoscaler) fire(w *World, s *slots, arg int32) {
	a.note(w.now, s.busy)
	if arg == scaleDone {
		a.replicas++
		a.pending = false
		a.use = a.use[:0]
		s.servers += a.servers
		s.places += a.places
		s.next(w)
		return
	}
	a.use = append(a.use, (a.area-a.former)/float64(s.servers))
	a.former = a.area
	if len(a.use) > scaleSpan {
		a.use = a.use[1:]
	}
	mean := 0.0
	for _, u := range a.use {
		mean += u / scaleSpan
	}
	if len(a.use) == scaleSpan && mean > scaleUse && !a.pending && a.replicas < a.most {
		a.pending = true
		w.after(scaleDelay, atService, scaleDone)
	}
	w.after(1, atService, scaleLook)
}

// curve completes requests at a rate that depends on how many it holds.
type curve struct {
	rate   func(n float64) float64
	places int // 0: no bound
	speed  *speed
	cold   float64 // so many requests are served at nine tenths of the rate
	grows  float64 // around so many served each begins to take a quarter longer; 0: it stays as it is
	served float64
	in     []int32
	ver    int32
}

func (c *curve) arrive(w *World, r int32) {
	if c.places > 0 && len(c.in) >= c.places {
		w.after(rejectTime, atReject, r)
		return
	}
	c.in = append(c.in, r)
	c.plan(w)
}

// plan draws the next completion anew whenever the rate changes; the time to it has no memory.
func (c *curve) plan(w *World) {
	c.ver++
	if n := len(c.in); n > 0 {
		x := c.rate(float64(n))
		if c.speed != nil {
			x *= c.speed.at(w)
		}
		if c.served < c.cold {
			x *= .9
		}
		if c.grows > 0 {
			x /= 1 + .25/(1+math.Exp(6*(1-c.served/c.grows)))
		}
		w.after(w.exp(1/x), atService, c.ver)
	}
}

func (c *curve) fire(w *World, ver int32) {
	if ver != c.ver {
		return
	}
	c.served++
	i, last := w.rng.IntN(len(c.in)), len(c.in)-1
	r := c.in[i]
	c.in[i] = c.in[last]
	c.in = c.in[:last]
	c.plan(w)
	w.answer(r, true)
}

// crashing goes down for a while after so many requests, and loses what it held.
type crashing struct {
	service
	after int
	down  float64
	count int
	until float64
}

func (c *crashing) arrive(w *World, r int32) {
	if w.now < c.until {
		w.after(rejectTime, atReject, r)
		return
	}
	if c.count++; c.count > c.after {
		c.count = 0
		c.until = w.now + c.down
		w.epoch++
		w.after(rejectTime, atReject, r)
		return
	}
	c.service.arrive(w, r)
}

// thrashing takes longer for each request once it has served so many: it outgrew its memory.
type thrashing struct {
	slots
	after int
	slow  float64
}

func (t *thrashing) arrive(w *World, r int32) {
	if t.served >= t.after {
		t.mean = t.slow
	}
	t.slots.arrive(w, r)
}

// flaky fails a share of the requests whatever the load, in bursts if asked.
type flaky struct {
	service
	share float64
	burst *burst
}

// burst has good and bad times of random length.
type burst struct {
	good, bad float64 // mean length
	share     float64 // that fails in bad times
	now       bool
	until     float64
}

func (f *flaky) arrive(w *World, r int32) {
	p := f.share
	if b := f.burst; b != nil {
		for w.now >= b.until {
			b.now = !b.now
			mean := b.good
			if b.now {
				mean = b.bad
			}
			b.until += w.exp(mean)
		}
		p = 0
		if b.now {
			p = b.share
		}
	}
	if w.rng.Float64() < p {
		w.after(.005, atReject, r)
		return
	}
	f.service.arrive(w, r)
}
