//go:build !race

package metric_test

import (
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

func TestSamplesAllocateNothing(t *testing.T) {
	now := time.Now()
	b := metric.NewCollector(now, 1).Buffer()
	sample := func() {
		b.Begin(1)
		b.Request(now, metric.Sample{Endpoint: 3, Status: 200, Duration: time.Millisecond})
		b.Check(now, metric.Sample{Check: 2, OK: true})
		b.Iteration(now, metric.Sample{Scenario: 1, Duration: time.Millisecond, Requests: 1})
	}
	for range 100 {
		sample() // rows and histograms are made once
	}
	if n := testing.AllocsPerRun(1000, sample); n != 0 {
		t.Errorf("the samples of an iteration allocate %v times, want 0", n)
	}
}

func BenchmarkIterationSamples(b *testing.B) {
	c := metric.NewCollector(time.Now(), 2)
	b.RunParallel(func(pb *testing.PB) {
		buf, now := c.Buffer(), time.Now()
		for pb.Next() {
			buf.Begin(0)
			buf.Request(now, metric.Sample{Status: 200, Duration: time.Millisecond})
			buf.Check(now, metric.Sample{OK: true})
			buf.Iteration(now, metric.Sample{Duration: time.Millisecond, Requests: 1})
		}
	})
}
