package main

import (
	"context"
	"sync"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/sizing"
)

// driven is a session's load as a sizing drives it, and the only clock of the sizing.
type driven struct {
	s          *session
	objectives []sizing.Objective
	last       time.Time
	timedOut   map[metric.FailureID]bool
	names      metric.Lengths
	health     *health
	ended      <-chan struct{} // the load has ended by itself
}

// Resize keeps n virtual users busy.
func (d *driven) Resize(n int) error {
	d.s.load.Resize(n)
	return nil
}

// SetRate lets iterations arrive.
func (d *driven) SetRate(perSecond float64) error {
	d.s.load.SetRate(perSecond)
	return nil
}

// Tick waits until length has passed since the tick before.
func (d *driven) Tick(ctx context.Context, length time.Duration) (sizing.Tick, error) {
	due := d.last.Add(length)
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return sizing.Tick{}, context.Cause(ctx)
	case <-d.ended:
		return sizing.Tick{}, errLoadEnded
	case <-timer.C:
	}
	d.last = time.Now()
	w := d.s.tick()
	d.learn()
	t := sizing.NewTick(&w, d.objectives, func(id metric.FailureID) bool { return d.timedOut[id] })
	d.health.add(&t.Generator)
	return t, nil
}

// learn finds out which of the failures since the last tick are time-outs.
func (d *driven) learn() {
	from := d.names.Failures
	var added metric.Snapshot
	added, d.names = d.s.names.Since(d.names)
	for i, f := range added.Failures {
		if f.Kind == "timeout" {
			d.timedOut[metric.FailureID(from+i)] = true
		}
	}
}

// health is how the generator fares, by its own newest reading.
type health struct {
	mu     sync.Mutex
	newest record.Resources
}

// row takes any resources row and keeps the generator's.
func (h *health) row(r record.Resources) {
	if r.Kind() != record.KindGenerator {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.newest = r
}

// add completes what a window knows of the generator's health.
func (h *health) add(into *sizing.Health) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := &h.newest
	into.CPU, _ = r.Use(record.CPUCores)
	into.Files, _ = r.Use(record.Descriptors)
	into.Pressure = r.Values[record.CPUPressure]
	into.Stall = time.Duration((r.Values[record.GCPauseS] + r.Values[record.SchedWaitS]) * float64(time.Second))
}
