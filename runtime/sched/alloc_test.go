//go:build !race

package sched_test

import (
	"context"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
	"github.com/plimsoll-load/plimsoll/runtime/sched"
)

func TestIterationsDoNotAllocate(t *testing.T) {
	const iterations = 20_000
	for name, p := range map[string]plan.Executor{
		"closed": {Stages: []plan.Stage{{Target: 2}}, Iterations: iterations},
		"per VU": {PerVU: true, VUs: 2, Iterations: iterations / 2},
		"open":   {Open: true, Stages: []plan.Stage{{Target: 200_000}}, Iterations: iterations, VUs: 4, MaxVUs: 8},
	} {
		n := testing.AllocsPerRun(1, func() {
			l := sched.New(sched.Options{Plan: plan.Plan{Executor: p}, Spawn: func(context.Context, int) (sched.VU, error) {
				return idler{}, nil
			}})
			if _, err := l.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
		// What VUs, timers and queues need does not depend on the iterations.
		if n > iterations/20 {
			t.Errorf("%s: %v allocations in %d iterations, want none for each", name, n, iterations)
		}
	}
}

// idler does nothing.
type idler struct{}

func (idler) Iterate(context.Context, string, time.Time) metric.Outcome {
	return metric.Outcome{OK: true, Took: time.Microsecond}
}
func (idler) Flush() {}
func (idler) Rest()  {}
func (idler) Close() {}
