package sizing

import (
	"context"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// rules are those that tests can switch off, to show what each is for.
var rules = map[string]func(*ablations){
	"sandwich":   func(a *ablations) { a.noSandwich = true },
	"drain":      func(a *ablations) { a.noDrain = true },
	"plateau":    func(a *ablations) { a.noPlateau = true },
	"trim":       func(a *ablations) { a.noTrim = true },
	"inflation":  func(a *ablations) { a.noInflation = true },
	"little":     func(a *ablations) { a.noLittle = true },
	"outage":     func(a *ablations) { a.noOutage = true },
	"rising":     func(a *ablations) { a.noRising = true },
	"retrograde": func(a *ablations) { a.noRetrograde = true },
	"health":     func(a *ablations) { a.noHealth = true },
	"pool":       func(a *ablations) { a.noPool = true },
	"settle":     func(a *ablations) { a.noSettle = true },
	"baseline":   func(a *ablations) { a.noBaseline = true },
}

// RunWithout is Run without one rule.
func RunWithout(ctx context.Context, load Load, o Options, rule string) (record.Sizing, error) {
	o, err := o.complete()
	if err != nil {
		return record.Sizing{}, err
	}
	c := newController(o, load)
	if rule != "" {
		rules[rule](&c.ablations)
	}
	c.next = func(d time.Duration) (Tick, error) { return load.Tick(ctx, d) }
	e := c.run()
	return c.answer(e), e.err
}

// CarryWithout says whether a hold of arrivals passes, without one rule.
func CarryWithout(ctx context.Context, load Load, rate float64, rule string) (bool, error) {
	o, err := Options{}.complete()
	if err != nil {
		return false, err
	}
	c := newController(o, load)
	if rule != "" {
		rules[rule](&c.ablations)
	}
	c.next = func(d time.Duration) (Tick, error) { return load.Tick(ctx, d) }
	c.unloaded.iteration, c.effectGate, c.open.safeRate = .01, minEffect, rate/2
	return c.holdRate(rate, holdSpec{phase: "refine", min: refineMin, max: refineMax}).pass, nil
}

// Survives is the chance to have a way back after a minute.
var Survives = survives

// StepSize is that of a service whose goodput, with more users than at its peak, was so many by tick.
func StepSize(good []float64) float64 {
	c := &controller{holds: []*hold{{level: 20, pass: true, good: good}}}
	c.closed.bestVUs = 10
	return c.stepSize()
}
