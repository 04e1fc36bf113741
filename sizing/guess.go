package sizing

import (
	"fmt"
	"math"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// guess is the rate at which the limit is expected, and what is expected to fail above it.
type guess struct {
	rate  float64
	cause record.Cause
	why   string
}

// handOver stops the virtual users and lets them end what they began.
func (c *controller) handOver() error {
	if err := c.setVUs(0); err != nil {
		return err
	}
	c.effectGate = minEffect
	o := &c.open
	o.safeInFlight = o.safeRate * c.unloaded.iteration
	o.falling = c.closed.falling
	if t1 := c.unloaded.iteration; t1 > 1 {
		if _, err := c.wait(1.1 * max(t1, c.lastVUHold().mean)); err != nil {
			return err
		}
	}
	return nil
}

// guessFromVUs turns what virtual users showed into the rate to test, and what
// the open holds need to know.
func (c *controller) guessFromVUs() (guess, error) {
	s, o := &c.closed, &c.open
	p := s.plateau
	x := p.goodput
	o.safeRate = x / 2
	o.widthFactor = 1
	g := guess{rate: x}
	var err error
	switch {
	case s.falling:
		g, err = c.guessBeforeCollapse()
		if err != nil {
			return guess{}, err
		}
		o.safeRate = min(g.rate, c.lastVUHold().work) / 2
	case s.hi != nil && s.hi.cause == record.CauseFailures:
		g = guess{x / c.goodputPerArrival(), record.CauseFailures, fmt.Sprintf("%s/s is what it completes; the tolerance allows %s/s to arrive", units.Precise(x), units.Precise(x/c.goodputPerArrival()))}
		if !s.everRose { // what still rises is no measure of what is to come
			o.saturated = pool{}.with(p.count/p.seconds, p.seconds)
		}
	default:
		g.cause, g.why = record.CauseBacklog, fmt.Sprintf("%s/s is what it completes, however many users wait", units.Precise(x))
		o.backlogged, o.widthFactor = pool{}.with(p.count/p.seconds, p.seconds), 1.5
	}
	for i, objective := range c.opt.Objectives {
		g = c.forObjective(g, i, objective)
	}
	o.expectedCause = g.cause
	o.bestGoodput = x * (1 - 2/math.Sqrt(max(p.count, 100)))
	return g, nil
}

// forObjective lowers the guess to where a queue before as many slots as
// Little's law shows would just keep the objective.
func (c *controller) forObjective(g guess, i int, objective Objective) guess {
	x, t1 := c.closed.plateau.goodput, c.unloaded.iteration
	slots := max(1, int(math.Round(x*t1)))
	rate := largestWhere(0, .97*x, func(l float64) bool {
		return erlangTail(l, 1/t1, slots, objective.Limit.Seconds()) <= objective.allowed()
	})
	if rate >= g.rate {
		return g
	}
	return guess{rate, c.criteria[i+1].cause, fmt.Sprintf("%d slots of %s would just keep %s", slots, units.Seconds(t1), objective)}
}

// staysInVUs answers in virtual users where arrivals would take too long.
func (c *controller) staysInVUs() bool {
	x, left := c.closed.plateau.goodput, c.budget-c.now
	return x*left < testIterations && !c.closed.falling && len(c.opt.Objectives) == 0
}

// confirmVUs measures the plateau once more, for as long as the budget allows.
func (c *controller) confirmVUs() error {
	s, w := &c.closed, c.opt.Resolution
	need := 4 * 9 / (w * w)
	h, err := c.holdVUs(s.lo.vus(), holdSpec{
		phase: record.PhaseConfirm, why: "too slow for arrivals on both sides within the budget: the answer stays in virtual users",
		min: 1, max: min((c.budget-c.now)/2, need/s.plateau.goodput), need: need,
	})
	if err != nil {
		return err
	}
	p := c.pooledPlateau()
	if !h.pass || h.work < s.plateau.goodput/2 || p.goodput == 0 || p.se > .15 {
		return c.outOfTime(h)
	}
	s.plateau = p
	c.note("answered in virtual users: at this rate a test with arrivals takes longer than the budget")
	return nil
}
