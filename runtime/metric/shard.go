package metric

import (
	"sync"
	"sync/atomic"
	"time"
)

// bufferSize and bufferAge bound how many samples a virtual user keeps back, and for how long.
const (
	bufferSize = 32
	bufferAge  = 20 * time.Millisecond
)

type sampleKind uint8

const (
	requestSample sampleKind = iota
	iterationSample
	checkSample
)

// sample is a Request, an Iteration or a Check in one flat value.
type sample struct {
	duration          time.Duration
	in, out           int
	requests          int
	scenario          ScenarioID
	id                uint16 // EndpointID or CheckID
	status            uint16
	failure           FailureID
	kind              sampleKind
	ok, fresh, repeat bool
}

// Buffer is one virtual user's own samples on their way to a shard. It
// belongs to that user's goroutine.
type Buffer struct {
	shard   *Shard
	n       int
	last    time.Time
	samples [bufferSize]sample
}

// Request counts a request that ended at now.
func (b *Buffer) Request(now time.Time, r Request) {
	b.add(now, sample{
		kind: requestSample, scenario: r.Scenario, id: uint16(r.Endpoint), status: r.Status, failure: r.Failure,
		duration: r.Duration, in: r.BytesIn, out: r.BytesOut, fresh: !r.Reused, repeat: r.Repeated,
	})
}

// Check counts the result of a check.
func (b *Buffer) Check(now time.Time, c Check) {
	b.add(now, sample{kind: checkSample, scenario: c.Scenario, id: uint16(c.Check), ok: c.OK})
}

// Begin counts an iteration that starts; InFlight has it at once.
func (b *Buffer) Begin(s ScenarioID) {
	b.shard.begun.Add(1)
	b.add(b.last, sample{kind: iterationSample, scenario: s, fresh: true})
}

// Iteration counts an iteration that ended at now.
func (b *Buffer) Iteration(now time.Time, it Iteration) {
	b.shard.begun.Add(-1)
	b.add(now, sample{kind: iterationSample, scenario: it.Scenario, failure: it.Failure, duration: it.Duration, requests: it.Requests})
}

func (b *Buffer) add(now time.Time, s sample) {
	b.samples[b.n] = s
	b.n++
	if b.n == bufferSize || now.Sub(b.last) > bufferAge {
		b.last = now
		b.Flush()
	}
}

// Flush hands over what is held back: before a sleep, and at the end.
func (b *Buffer) Flush() {
	if b.n == 0 {
		return
	}
	b.shard.add(b.samples[:b.n])
	b.n = 0
}

// Shard takes the samples of some of the virtual users.
type Shard struct {
	begun  atomic.Int64 // iterations under way
	mu     sync.Mutex
	window *Window
	spare  *Window
}

func (s *Shard) add(samples []sample) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range samples {
		s.window.count(&samples[i])
	}
}

func (w *Window) count(s *sample) {
	switch s.kind {
	case requestSample:
		w.countRequest(s)
	case checkSample:
		c := at(&w.Checks, int(s.id))
		if s.ok {
			c.Passed++
		} else {
			c.Failed++
		}
	case iterationSample:
		w.countIteration(s)
	}
}

func (w *Window) countRequest(s *sample) {
	e := at(&w.Endpoints, int(s.id))
	if s.failure == NoFailure {
		e.OK++
	} else {
		e.Failed++
		at(&w.Failures, int(s.failure)).Requests++
	}
	e.BytesIn += uint64(s.in)
	e.BytesOut += uint64(s.out)
	if s.fresh {
		e.Connections++
	}
	if s.repeat {
		e.Repeated++
	}
	e.countStatus(s.status, 1)
	e.Latency.Add(s.duration)
}

func (w *Window) countIteration(s *sample) {
	sc := at(&w.Scenarios, int(s.scenario))
	if s.fresh {
		sc.Started++
		return
	}
	sc.Requests += uint64(s.requests)
	if s.failure == NoFailure {
		sc.OK++
		sc.Duration.Add(s.duration)
		return
	}
	sc.Failed++
	sc.FailedDuration.Add(s.duration)
	at(&w.Failures, int(s.failure)).Iterations++
}

// Collector owns the shards of a run.
type Collector struct {
	start  time.Time
	last   time.Duration
	shards []*Shard
	next   atomic.Uint32
}

// NewCollector makes a collector of n shards (about one a core) for a run that starts at start.
func NewCollector(start time.Time, n int) *Collector {
	c := &Collector{start: start}
	for range max(n, 1) {
		c.shards = append(c.shards, &Shard{window: &Window{}, spare: &Window{}})
	}
	return c
}

// Buffer makes the buffer of one virtual user, on the next shard in turn.
func (c *Collector) Buffer() *Buffer {
	i := int(c.next.Add(1)) % len(c.shards)
	return &Buffer{shard: c.shards[i]}
}

// Drop counts arrivals that were due and did not start.
func (c *Collector) Drop(d Dropped) {
	shard := c.shards[0]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	shard.window.Dropped.NoVU += d.NoVU
	shard.window.Dropped.Late += d.Late
}

// InFlight counts the iterations under way.
func (c *Collector) InFlight() int {
	var n int64
	for _, s := range c.shards {
		n += s.begun.Load()
	}
	return int(n)
}

// Collect returns what happened since the last call, and starts the next
// window. It is for one goroutine; vus is how many virtual users run now.
func (c *Collector) Collect(now time.Time, vus int) Window {
	end := now.Sub(c.start)
	out := Window{Start: c.last, Length: end - c.last}
	for _, s := range c.shards {
		s.mu.Lock()
		s.window, s.spare = s.spare, s.window
		s.mu.Unlock()
		out.Merge(s.spare)
		s.spare.reset()
	}
	out.Start, out.Length = c.last, end-c.last
	out.VUs, out.InFlight = vus, c.InFlight()
	c.last = end
	return out
}
