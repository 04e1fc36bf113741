package sizing

import (
	"context"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// RunWithout is Run without one rule.
func RunWithout(ctx context.Context, load Load, o Options, without string) (record.Sizing, error) {
	o, err := o.complete()
	if err != nil {
		return record.Sizing{}, err
	}
	c := newController(o, load)
	c.policy.without = rule(without)
	c.next = func(d time.Duration) (Tick, error) { return load.Tick(ctx, d) }
	e := c.run()
	return c.answer(e), e.err
}

// HoldRateWithout says whether a hold of arrivals passes, without one rule.
func HoldRateWithout(ctx context.Context, load Load, rate float64, without string) (bool, error) {
	o, err := Options{}.complete()
	if err != nil {
		return false, err
	}
	c := newController(o, load)
	c.policy.without = rule(without)
	c.next = func(d time.Duration) (Tick, error) { return load.Tick(ctx, d) }
	c.unloaded.iteration, c.effectGate, c.open.safeRate = .01, minEffect, rate/2
	h, err := c.holdRate(rate, holdSpec{phase: "refine", min: refineMin, max: refineMax})
	return err == nil && h.pass, err
}

// Survives is the chance to have a way back after a minute.
var Survives = survives

// StepSize is that of a service whose goodput, with more users than at its peak, was so many by tick.
func StepSize(good []float64) float64 {
	return stepSize([]*hold{{level: 20, judgement: passed, good: good}}, 10)
}
