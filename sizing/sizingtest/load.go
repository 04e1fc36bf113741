package sizingtest

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/plimsoll-load/plimsoll/sizing"
)

// counts is the tick under way.
type counts struct {
	tick  sizing.Tick
	began float64
	spent float64 // generator's CPU seconds at its begin
}

// New makes a world of the model; equal seeds make equal worlds.
func (m *Model) New(seed uint64) *World {
	w := &World{rng: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)), model: m, service: m.service()}
	w.mean, w.seen = make([]float64, len(m.mix)), make([]float64, len(m.mix))
	w.tick = w.emptyTick()
	if len(m.mix) > 1 {
		w.first = w.rng.Float64()
	}
	return w
}

func (w *World) emptyTick() sizing.Tick {
	return sizing.Tick{
		InFlight:  w.tick.InFlight,
		Scenarios: make([]sizing.ScenarioTick, len(w.model.mix)),
		Slow:      make([]uint64, len(w.model.Objectives)),
	}
}

// Resize implements sizing.Load.
func (w *World) Resize(n int) error {
	w.setRate(0)
	w.resize(n)
	return nil
}

// SetRate implements sizing.Load.
func (w *World) SetRate(perSecond float64) error {
	w.resize(0)
	w.setRate(perSecond)
	return nil
}

// Tick implements sizing.Load: it returns at once, d later.
func (w *World) Tick(ctx context.Context, d time.Duration) (sizing.Tick, error) {
	if err := ctx.Err(); err != nil {
		return sizing.Tick{}, err
	}
	w.run(w.now + d.Seconds())
	t := w.tick
	t.Length = time.Duration((w.now - w.began) * float64(time.Second))
	t.Generator.CPU = (w.busy - w.spent) / (w.now - w.began)
	w.began, w.spent = w.now, w.busy
	w.tick = w.emptyTick()
	return t, nil
}

// Now is the virtual time in seconds.
func (w *World) Now() float64 { return w.now }

// Options are those that the model is sized with.
func (m *Model) Options() sizing.Options {
	o := sizing.Options{Tolerance: Tolerance, Objectives: m.Objectives, Max: m.Max}
	for i, s := range m.mix {
		o.Scenarios = append(o.Scenarios, sizing.Scenario{Name: string(rune('a' + i)), Weight: s.weight})
	}
	return o
}
