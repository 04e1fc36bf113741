package metric

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// bufferSize and bufferAge bound how many samples a virtual user keeps back, and for how long.
const (
	bufferSize = 32
	bufferAge  = 20 * time.Millisecond
)

// Buffer is one virtual user's own samples on their way to a shard. It
// belongs to that user's goroutine.
type Buffer struct {
	shard   *Shard
	start   time.Time
	n       int
	last    time.Duration // when it was flushed last, since start
	tags    TagsID        // of samples that have none of their own
	samples [bufferSize]Sample
}

// Request counts a request that ended at now.
func (b *Buffer) Request(now time.Time, s Sample) {
	s.Kind, s.At = RequestSample, now.Sub(b.start)
	b.add(&s)
}

// Check counts the result of a check.
func (b *Buffer) Check(now time.Time, s Sample) {
	s.Kind, s.At = CheckSample, now.Sub(b.start)
	b.add(&s)
}

// Begin counts an iteration that starts at now; InFlight has it at once.
func (b *Buffer) Begin(now time.Time, s ScenarioID) {
	b.shard.begun.Add(1)
	b.samples[b.n] = Sample{Kind: StartSample, At: now.Sub(b.start), Scenario: s}
	if b.n++; b.n == bufferSize { // no reason to flush for its age: what follows will
		b.Flush()
	}
}

// Iteration counts an iteration that ended at now.
func (b *Buffer) Iteration(now time.Time, s Sample) {
	b.shard.begun.Add(-1)
	s.Kind, s.At = IterationSample, now.Sub(b.start)
	b.add(&s)
}

// Abandon takes back an iteration that began and is neither ok nor failed.
func (b *Buffer) Abandon() { b.shard.begun.Add(-1) }

// Value counts s.Value of an own metric, with its Tags and Scenario. What is
// no finite number is not counted: it returns false then.
func (b *Buffer) Value(now time.Time, m Metric, s Sample) bool {
	if math.IsNaN(s.Value) || math.IsInf(s.Value, 0) {
		return false
	}
	s.Kind, s.Series, s.At = m.Kind.sample(), m.ID, now.Sub(b.start)
	b.add(&s)
	return true
}

// SetTags sets the tags of the samples from now on that have none of their own.
func (b *Buffer) SetTags(id TagsID) { b.tags = id }

// Tags are those that SetTags has set: what has own tags has these, too (see [Names.Tags]).
func (b *Buffer) Tags() TagsID { return b.tags }

func (b *Buffer) add(s *Sample) {
	if s.Tags == 0 {
		s.Tags = b.tags
	}
	b.samples[b.n] = *s
	b.n++
	if b.n == bufferSize || s.At-b.last > bufferAge {
		b.last = s.At
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

	subscriptions []subscription
	taps          []*Tap
}

func (s *Shard) add(samples []Sample) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range samples {
		s.window.count(&samples[i])
	}
	if len(s.subscriptions)+len(s.taps) > 0 {
		s.extra(samples)
	}
}

// extra is what only some runs ask for: submetrics and taps.
func (s *Shard) extra(samples []Sample) {
	for i := range s.subscriptions {
		for k := range samples {
			s.subscriptions[i].count(s.window, &samples[k])
		}
	}
	for _, t := range s.taps {
		t.offer(samples)
	}
}

func (w *Window) count(s *Sample) {
	switch s.Kind {
	case RequestSample:
		w.countRequest(s)
	case IterationSample:
		w.countIteration(s)
	case StartSample:
		at(&w.Scenarios, int(s.Scenario)).Started++
	case CheckSample:
		c := at(&w.Checks, int(s.Check))
		if s.OK {
			c.Passed++
		} else {
			c.Failed++
		}
	default: // an own metric
		at(&w.Series, int(s.Series)).count(s.Kind, s.At, s.Value)
	}
}

func (w *Window) countRequest(s *Sample) {
	e := at(&w.Endpoints, int(s.Endpoint))
	if s.Failure == NoFailure {
		e.OK++
	} else {
		e.Failed++
		at(&w.Failures, int(s.Failure)).Requests++
	}
	e.BytesIn += uint64(s.BytesIn)
	e.BytesOut += uint64(s.BytesOut)
	if !s.Reused {
		e.Connections++
	}
	if s.Repeated {
		e.Repeated++
	}
	e.countStatus(s.Status, 1)
	e.Latency.Add(s.Duration)
}

func (w *Window) countIteration(s *Sample) {
	sc := at(&w.Scenarios, int(s.Scenario))
	sc.Requests += uint64(s.Requests)
	if s.Failure == NoFailure {
		sc.OK++
		sc.Duration.Add(s.Duration)
		return
	}
	sc.Failed++
	sc.FailedDuration.Add(s.Duration)
	at(&w.Failures, int(s.Failure)).Iterations++
}

// Collector owns the shards of a run.
type Collector struct {
	names  *Names
	start  time.Time
	last   time.Duration
	shards []*Shard
	next   atomic.Uint32
}

// NewCollector makes a collector of n shards (about one a core) for a run that
// starts at start and whose samples carry the ids of names.
func NewCollector(names *Names, start time.Time, n int) *Collector {
	c := &Collector{names: names, start: start}
	for range max(n, 1) {
		c.shards = append(c.shards, &Shard{window: &Window{}, spare: &Window{}})
	}
	return c
}

// Buffer makes the buffer of one virtual user, on the next shard in turn.
func (c *Collector) Buffer() *Buffer {
	i := int(c.next.Add(1)) % len(c.shards)
	return &Buffer{shard: c.shards[i], start: c.start}
}

// Drop counts arrivals that were due and did not start.
func (c *Collector) Drop(d Dropped) {
	shard := c.shards[0]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	shard.window.Dropped.Add(d)
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
	out := Window{Start: c.last, Length: end - c.last, Names: c.names}
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
