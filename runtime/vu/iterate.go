package vu

import (
	"context"
	"time"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

// Iterate runs one iteration of a scenario that the script declared; the empty
// name picks one by weight. In an open load due is when it should have
// started, and its duration counts from there; in a closed one due is zero.
// The context is the one that the user was made with.
func (u *User) Iterate(_ context.Context, scenario string, due time.Time) metric.Outcome {
	if u.cut.Load() {
		return metric.Outcome{}
	}
	s := u.choose(scenario)
	run := s
	if s.picks {
		run = u.pick()
	}
	start := time.Now()
	origin := start
	if !due.IsZero() {
		origin = due
	}
	u.scenario, u.failed, u.failure, u.requests = s.id, false, metric.NoFailure, 0
	u.samples.Begin(start, s.id)
	if u.assigned != nil {
		u.enter(s)
	}
	if !u.factory.options.keepCookies {
		u.client.ResetCookies()
	}
	u.run(run)
	took := time.Since(start) // half the price of time.Now
	end := start.Add(took)
	if u.failed && u.CutOff() {
		u.samples.Abandon()
		return metric.Outcome{Scenario: s.id, Took: took}
	}
	u.samples.Iteration(end, metric.Sample{Scenario: s.id, Failure: u.failure, Duration: end.Sub(origin), Requests: uint32(u.requests)})
	u.iteration++
	return metric.Outcome{Scenario: s.id, OK: !u.failed, Took: took, Pause: run.delay}
}

// run calls the scenario's function, and waits for what it left behind.
func (u *User) run(s *scenario) {
	defer u.recoverIteration()
	if u.broken { // and it could not be replaced
		u.note(metric.Failure{Kind: kindInternal, Message: errBroken.Error()})
		return
	}
	args := u.context
	if s.dialect == k6 {
		args = u.k6
	}
	u.conclude(s.call(goja.Undefined(), args...))
}

// conclude waits for what the scenario's function left behind, and notes why
// the iteration failed if it did.
func (u *User) conclude(value goja.Value, err error) {
	if err != nil {
		u.failError(err)
		u.abandon()
	}
	if !u.loop.idle() {
		if err := u.drain(); err != nil {
			u.failError(err)
		}
	}
	if promise := promiseOf(value); promise != nil && promise.State() == goja.PromiseStateRejected {
		u.failError(u.thrown(promise.Result()))
	}
	if len(u.orphans) > 0 {
		if err := u.orphanError(nil); err != nil {
			u.failError(err)
		}
	}
}

// choose finds a scenario by its name, or picks one by weight.
func (u *User) choose(name string) *scenario {
	if name == "" {
		return u.pick()
	}
	if s := u.named(name); s != nil {
		return s
	}
	panic("vu: the script declares no scenario " + name) // who names one knows Factory.Scenarios
}

// pick chooses a scenario by weight.
func (u *User) pick() *scenario {
	if len(u.scenarios) == 1 {
		return &u.scenarios[0]
	}
	at := u.picks.next() * u.weights
	last := 0
	for i := range u.scenarios {
		w := u.scenarios[i].weight
		if w == 0 {
			continue
		}
		if at < w {
			return &u.scenarios[i]
		}
		at -= w
		last = i
	}
	return &u.scenarios[last] // rounding left nothing over
}

// scenarioContext is the argument of a scenario. There is one for each user:
// iteration is read when the script asks for it.
type scenarioContext struct{ u *User }

func (c *scenarioContext) Get(key string) goja.Value {
	switch key {
	case "vu":
		return c.u.vm.ToValue(c.u.id)
	case "data":
		return c.u.data
	case "iteration":
		return c.u.vm.ToValue(c.u.iteration)
	}
	return nil
}

func (c *scenarioContext) Set(string, goja.Value) bool { return false }
func (c *scenarioContext) Has(key string) bool         { return c.Get(key) != nil }
func (c *scenarioContext) Delete(string) bool          { return false }
func (c *scenarioContext) Keys() []string              { return []string{"vu", "data", "iteration"} }
