package sched_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
	"github.com/plimsoll-load/plimsoll/runtime/sched"
)

// probe is a VU that keeps how late its arrivals were.
type probe struct {
	work, wait time.Duration // of an iteration: on the processor, then off it
	late       []time.Duration
	done       func(*probe)
}

func (p *probe) Iterate(_ context.Context, _ string, due time.Time) metric.Outcome {
	if !due.IsZero() {
		p.late = append(p.late, time.Since(due))
	}
	if p.work > 0 {
		for begin := time.Now(); time.Since(begin) < p.work; {
			continue
		}
	}
	if p.wait > 0 {
		<-time.After(p.wait)
	}
	return metric.Outcome{OK: true, Took: max(p.work+p.wait, 100)}
}

func (p *probe) Flush() {}
func (p *probe) Rest()  {}
func (p *probe) Close() { p.done(p) }

// BenchmarkClosedLap is what an empty iteration costs.
func BenchmarkClosedLap(b *testing.B) {
	for _, vus := range []int{1, 100} {
		b.Run(fmt.Sprintf("vus=%d", vus), func(b *testing.B) {
			p := plan.Executor{Stages: []plan.Stage{{Target: float64(vus)}}, Iterations: b.N}
			b.ReportAllocs()
			_, err := sched.New(sched.Options{Plan: plan.Plan{Executor: p}, Spawn: func(context.Context, int) (sched.VU, error) {
				return &probe{done: func(*probe) {}}, nil
			}}).Run(b.Context())
			if err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkArrivals is how late arrivals start that last a millisecond, by
// their rate and by how long each needs the processor.
func BenchmarkArrivals(b *testing.B) {
	for _, tt := range []struct {
		rate float64
		work time.Duration
	}{
		{100, 10 * time.Microsecond},
		{1000, 10 * time.Microsecond},
		{5000, 10 * time.Microsecond},
		{20_000, 10 * time.Microsecond},
		{20_000, 40 * time.Microsecond},
	} {
		b.Run(fmt.Sprintf("rate=%v/work=%v", tt.rate, tt.work), func(b *testing.B) {
			var mu sync.Mutex
			var late []time.Duration
			done := func(p *probe) {
				mu.Lock()
				defer mu.Unlock()
				late = append(late, p.late...)
			}
			begin := time.Now()
			p := plan.Executor{Open: true, Poisson: true, Stages: []plan.Stage{{Target: tt.rate}}, Iterations: b.N, Grace: time.Second}
			_, err := sched.New(sched.Options{Plan: plan.Plan{Executor: p}, Spawn: func(context.Context, int) (sched.VU, error) {
				return &probe{work: tt.work, wait: time.Millisecond, done: done}, nil
			}}).Run(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			slices.Sort(late)
			for _, q := range []int{50, 99} {
				b.ReportMetric(float64(late[(len(late)-1)*q/100].Microseconds()), fmt.Sprintf("p%d-late-µs", q))
			}
			b.ReportMetric(float64(len(late))/time.Since(begin).Seconds(), "arrivals/s")
		})
	}
}
