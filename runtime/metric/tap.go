package metric

import (
	"slices"
	"sync/atomic"
)

// Tap is a bounded queue of raw samples, for who wants them one by one. It
// never blocks the load: what finds the queue full is dropped and counted.
type Tap struct {
	c       *Collector
	full    chan []Sample
	free    chan []Sample
	dropped atomic.Uint64
}

// Tap starts to hand over every sample, in batches of up to 32; the queue
// holds so many batches (about 2 KB each), at least one. Samples of one virtual
// user come in order; those of several are mixed.
func (c *Collector) Tap(batches int) *Tap {
	n := max(batches, 1)
	t := &Tap{c: c, full: make(chan []Sample, n), free: make(chan []Sample, n)}
	room := make([]Sample, n*bufferSize)
	for i := range n {
		t.free <- room[i*bufferSize : i*bufferSize : (i+1)*bufferSize]
	}
	for _, s := range c.shards {
		s.mu.Lock()
		s.taps = append(s.taps, t)
		s.mu.Unlock()
	}
	return t
}

// Batches delivers the samples; it is closed after [Tap.Close]. Each batch is
// given back with [Tap.Done].
func (t *Tap) Batches() <-chan []Sample { return t.full }

// Done gives a batch back, whose memory is used again.
func (t *Tap) Done(batch []Sample) { t.free <- batch[:0] }

// Dropped counts the samples that found the queue full.
func (t *Tap) Dropped() uint64 { return t.dropped.Load() }

// Close ends it: no more samples come, what is queued can still be read. It may be called once.
func (t *Tap) Close() {
	for _, s := range t.c.shards {
		s.mu.Lock()
		s.taps = slices.DeleteFunc(s.taps, func(other *Tap) bool { return other == t })
		s.mu.Unlock()
	}
	close(t.full)
}

// offer queues a copy of samples, at most bufferSize, if there is room.
func (t *Tap) offer(samples []Sample) {
	select {
	case batch := <-t.free:
		t.full <- append(batch, samples...) // there is room: as many batches exist as it holds
	default:
		t.dropped.Add(uint64(len(samples)))
	}
}
