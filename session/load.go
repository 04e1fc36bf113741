package session

import (
	"context"
	"sync"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/sizing"
)

// sizingLoad is a session's load as a sizing drives it, and the only clock of the sizing.
type sizingLoad struct {
	s          *Session
	objectives []sizing.Objective
	last       time.Time
	health     *health
	ended      <-chan struct{} // the load has ended by itself
}

// sizingLoad makes one; its time begins now.
func (s *Session) sizingLoad(b *runState, objectives []sizing.Objective) *sizingLoad {
	return &sizingLoad{
		s: s, objectives: objectives, last: time.Now(), health: b.health, ended: b.ended,
	}
}

// Resize keeps n virtual users busy.
func (l *sizingLoad) Resize(n int) error {
	l.s.load.Resize(n)
	return nil
}

// SetRate lets iterations arrive.
func (l *sizingLoad) SetRate(perSecond float64) error {
	l.s.load.SetRate(perSecond)
	return nil
}

// Tick waits until length has passed since the tick before.
func (l *sizingLoad) Tick(ctx context.Context, length time.Duration) (sizing.Tick, error) {
	due := l.last.Add(length)
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return sizing.Tick{}, context.Cause(ctx)
	case <-l.ended:
		return sizing.Tick{}, errLoadEnded
	case <-timer.C:
	}
	l.last = time.Now()
	w := l.s.tick()
	t := sizing.NewTick(&w, l.objectives, l.s.kinds.timedOut)
	t.Generator.Failed = l.s.kinds.own(&w)
	l.health.add(&t.Generator)
	return t, nil
}

// failureKinds knows the kinds of failures by their ids. It is for one goroutine.
type failureKinds struct {
	names *metric.Names
	known metric.Lengths
	kinds []string

	lacked bool // something of the generator's
}

func (k *failureKinds) of(id metric.FailureID) string {
	if int(id) >= len(k.kinds) {
		var added metric.Snapshot
		added, k.known = k.names.Since(k.known)
		for _, f := range added.Failures {
			k.kinds = append(k.kinds, f.Kind)
		}
	}
	if int(id) >= len(k.kinds) {
		return ""
	}
	return k.kinds[id]
}

// timedOut says whether a failure is a time-out.
func (k *failureKinds) timedOut(id metric.FailureID) bool {
	return k.of(id) == string(engine.KindTimeout)
}

// own is how many iterations of a window failed for want of something of the generator's.
func (k *failureKinds) own(w *metric.Window) (n uint64) {
	for i := range w.Failures {
		if f := &w.Failures[i]; f.Iterations > 0 && k.of(metric.FailureID(i)) == string(engine.KindGenerator) {
			n += f.Iterations
		}
	}
	return n
}

// lacking says whether a window, or one before it, has a request that failed for want of something of the generator's.
func (k *failureKinds) lacking(w *metric.Window) bool {
	for i := range w.Failures {
		k.lacked = k.lacked || w.Failures[i].Requests > 0 && k.of(metric.FailureID(i)) == string(engine.KindGenerator)
	}
	return k.lacked
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

// busy says whether the generator's processors are: what it measures is about itself then.
func (h *health) busy() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	use, _ := h.newest.Use(record.CPUCores)
	return use >= record.GeneratorBusy
}
