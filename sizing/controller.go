package sizing

import (
	"errors"
	"fmt"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// controller holds what a sizing knows. Its only way to the world is through
// the three functions; seconds are those that ticks told.
type controller struct {
	opt      Options
	criteria []criterion
	next     func(time.Duration) (Tick, error)
	resize   func(int) error
	setRate  func(float64) error
	onHold   func(record.Hold)
	policy   policy

	now      float64
	budget   float64 // when to stop at the latest
	total    sums
	inFlight float64
	mix      mix
	holds    []*hold
	rows     []record.Hold

	effectGate     float64 // effect that an early fail needs, in multiples of what is allowed
	unloaded       unloaded
	closed         closed
	open           open
	bracket        bracket
	watch          generatorWatch
	staleHolds     int // holds before the last rise
	outages        []uint64
	rechecked      *record.Recheck
	recheckGoodput float64 // goodput that a re-check found
	notes          []string
	recovery       float64
}

// unloaded is what one virtual user saw.
type unloaded struct {
	iteration, request float64 // seconds
	pause              float64 // between two iterations, seconds: a VU's that the script asks for
	share              float64 // of failed iterations
	count              float64 // iterations that say so
	known              bool    // more of them say nothing new: there is a load already
}

const (
	tick          = .25 // seconds
	confirmTime   = 12.0
	refineMin     = 3.0
	refineMax     = 8.0
	startBudget   = 240 * time.Second
	budgetPerUnit = 20 // unloaded iterations that are added to the budget
)

// stop ends a sizing before its phases are through: for want of budget, of a
// service that works, of a generator that can make the load. It is an error, so
// that every phase hands it up. A sizing that went to its end has the verdict found.
type stop struct {
	verdict record.Verdict
	binding record.Cause
	reason  string
	err     error // of the load or the context
}

func (s *stop) Error() string { return string(s.verdict) + ": " + s.reason }

func (c *controller) end(verdict record.Verdict, binding record.Cause, reason string, args ...any) error {
	return &stop{verdict: verdict, binding: binding, reason: fmt.Sprintf(reason, args...)}
}

// stopOf says how a sizing ended whose phases gave an error, or none.
func stopOf(err error) stop {
	var s *stop
	switch {
	case err == nil:
		return stop{verdict: record.VerdictFound}
	case errors.As(err, &s):
		return *s
	}
	return stop{verdict: record.VerdictInterrupted, reason: err.Error(), err: err}
}

// step lets d seconds go by.
func (c *controller) step(d float64) (Tick, error) {
	t, err := c.next(time.Duration(d * float64(time.Second)))
	if err != nil {
		return Tick{}, err
	}
	c.now += t.Length.Seconds()
	c.inFlight = float64(t.InFlight)
	c.total.add(t)
	c.mix.add(t)
	return t, nil
}

// wait lets d seconds go by without judging, and sums them up.
func (c *controller) wait(d float64) (sums, error) {
	var s sums
	for d > 1e-9 {
		part := min(d, 1)
		t, err := c.step(part)
		if err != nil {
			return sums{}, err
		}
		s.add(t)
		d -= part
	}
	return s, nil
}

// setVUs sets the number of virtual users, setArrivals the arrivals per second.
func (c *controller) setVUs(n int) error             { return c.resize(n) }
func (c *controller) setArrivals(rate float64) error { return c.setRate(rate) }

// spent says whether the budget is.
func (c *controller) spent() bool { return c.now > c.budget }

// sums are counts over some time, in floats to reckon with.
type sums struct {
	seconds                    float64
	started, ok, failed        float64 // iterations
	busy                       float64 // seconds of successful iterations
	reqOK, reqFailed, timedOut float64
	slow                       []float64 // requests, by objective
	cpu, pressure              float64   // times seconds
	own                        float64   // iterations that the generator failed
	dropped, crowded           float64   // arrivals that were not sent
	timerLate                  float64
	late, stall                float64 // seconds, times seconds: a single tick's hiccup is none of the hold's
	files, ports               float64 // worst
}

func (s *sums) add(t Tick) {
	d := t.Length.Seconds()
	s.seconds += d
	for _, x := range t.Scenarios {
		s.started += float64(x.Started)
		s.ok += float64(x.OK)
		s.failed += float64(x.Failed)
		s.busy += x.Seconds
	}
	s.reqOK += float64(t.RequestsOK)
	s.reqFailed += float64(t.RequestsFailed)
	s.timedOut += float64(t.TimedOut)
	for len(s.slow) < len(t.Slow) {
		s.slow = append(s.slow, 0)
	}
	for i, n := range t.Slow {
		s.slow[i] += float64(n)
	}
	g := t.Generator
	s.cpu += g.CPU * d
	s.pressure += g.Pressure * d
	s.own += float64(g.Failed)
	s.dropped += float64(g.Dropped)
	s.crowded += float64(g.Crowded)
	s.timerLate += g.TimerLate * d
	s.late += g.Late.Seconds() * d
	s.stall += g.Stall.Seconds() * d
	s.files, s.ports = max(s.files, g.Files), max(s.ports, g.Ports)
}

func (s *sums) ended() float64    { return s.ok + s.failed }
func (s *sums) requests() float64 { return s.reqOK + s.reqFailed }

// mix is what is known of the scenarios.
type mix struct {
	mean  []float64 // running mean of successful iterations
	seen  []float64
	all   []ScenarioTick // since the start
	sound []ScenarioTick // of holds within tolerance
	given []Scenario
	vus   float64
}

func (m *mix) add(t Tick) {
	for i, s := range t.Scenarios {
		m.grow(i)
		if n := float64(s.OK); n > 0 {
			m.seen[i] += n
			weight := min(1, n/min(m.seen[i], max(20, 2*m.vus)))
			m.mean[i] += (s.Seconds/n - m.mean[i]) * weight
		}
		merge(&m.all[i], s)
	}
}

func (m *mix) grow(i int) {
	for len(m.mean) <= i {
		m.mean, m.seen = append(m.mean, 0), append(m.seen, 0)
		m.all, m.sound = append(m.all, ScenarioTick{}), append(m.sound, ScenarioTick{})
	}
}

// addSound takes in what a hold within tolerance saw: failed iterations may be shorter than good ones.
func (m *mix) addSound(scenarios []ScenarioTick) {
	for i, s := range scenarios {
		m.grow(i)
		merge(&m.sound[i], s)
	}
}

func merge(into *ScenarioTick, s ScenarioTick) {
	into.Started += s.Started
	into.OK += s.OK
	into.Failed += s.Failed
	into.Requests += s.Requests
	into.Seconds += s.Seconds
}

// slowest is the mean iteration of the slowest scenario.
func (m *mix) slowest() float64 {
	t := 0.0
	for _, x := range m.mean {
		t = max(t, x)
	}
	return t
}

// perIteration is the mean number of requests of the mix, 1 at least. Weights
// are used where they are all known: the shares of a few hundred iterations are noisy.
func (m *mix) perIteration() float64 {
	weighted := len(m.given) >= len(m.sound)
	for i := range m.sound {
		weighted = weighted && m.given[i].Weight > 0
	}
	requests, total := 0.0, 0.0
	for i, s := range m.sound {
		ended := float64(s.OK + s.Failed)
		if ended == 0 {
			continue
		}
		share := float64(s.Started)
		if weighted {
			share = m.given[i].Weight
		}
		requests += share * float64(s.Requests) / ended
		total += share
	}
	return max(1, requests/max(total, 1e-9))
}

func (c *controller) note(text string) { c.notes = append(c.notes, text) }

// announce tells what comes next, and why.
func (c *controller) announce(o holdSpec, by record.Control, level float64) {
	if c.opt.OnStep != nil {
		c.opt.OnStep(Decision{
			Phase: o.phase, Control: by, Level: level, Why: o.why,
			Left: time.Duration(c.timeLeft(&hold{holdSpec: o, arrivals: by == record.ByRate}) * float64(time.Second)),
		})
	}
}
