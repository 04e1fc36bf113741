package sizing

import (
	"fmt"
	"math"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

const (
	stepBelow    = .04  // relative
	nearCollapse = 6000 // iterations for each of the holds that measure the curve where it decides
)

// survivableRate is the highest rate that the measured curve lets survive.
func (c *controller) survivableRate() float64 {
	return c.curve().survivableRate(stepSize(c.vuHolds(), c.closed.bestVUs))
}

// guessBeforeCollapse is the highest rate that the measured curve lets survive. It
// is computed, not tried: arrivals above it may bring the service down for good.
func (c *controller) guessBeforeCollapse() (guess, error) {
	rate := c.survivableRate()
	seconds := clamp(nearCollapse/rate, 6, 8)
	for _, n := range c.curve().decisiveVUs(c.closed.bestVUs, rate) {
		_, err := c.holdVUs(n, holdSpec{
			phase: record.PhasePlateau, why: fmt.Sprintf("goodput falls beyond %d users: how much, where %s arrivals/s are decided", c.closed.bestVUs, units.Precise(rate)),
			min: seconds, max: seconds, need: math.Inf(1),
		})
		if err != nil {
			return guess{}, err
		}
	}
	c.judgeCurve()
	rate = c.survivableRate()
	return guess{rate, record.CauseCollapse, fmt.Sprintf("goodput falls from %s/s at %d users: about this much survives %.0f s in %s of runs",
		units.Precise(c.closed.best), c.closed.bestVUs, surviveTime, units.Percent(surviveIn, 1))}, nil
}

// holdBelowCollapse holds the computed rate for twice the usual time, for a collapse
// takes its time, and steps down if it does not hold. Nothing above is tried.
func (c *controller) holdBelowCollapse(g guess) error {
	b := &c.bracket
	b.lo = untested(c.open.safeRate, "")
	most := 2 * float64(c.curve().last().vus) // a collapse is known when it begins, and need not be waited for
	rate, why, seconds := g.rate, g.why, 2*confirmTime
	for {
		if err := c.withinBudget(); err != nil {
			return err
		}
		if err := c.drain(); err != nil {
			return err
		}
		h, err := c.holdRate(rate, holdSpec{phase: record.PhaseConfirm, why: why, min: seconds, max: 1.25 * seconds, exact: true, maxInFlight: most})
		if err != nil {
			return err
		}
		if h.pass {
			c.pass(h)
			b.confirmed = h
			break
		}
		if outage, err := c.wasOutage(h); err != nil {
			return err
		} else if outage {
			continue
		}
		c.bracket.fail(h)
		c.open.inversions++
		rate, why = rate*(1-stepBelow*math.Pow(1.4, float64(c.open.inversions-1))), "the computed rate did not hold: lower"
		seconds = 1.5 * confirmTime // what was computed from the whole curve is known to be a little too much, not wrong
		c.open.safeRate = min(c.open.safeRate, rate/2)
	}
	if b.hi == nil {
		b.hi = untested(g.rate*(1+c.resolution(g.rate)/2), record.CauseCollapse)
	}
	if len(c.outages) > 0 {
		return c.unstable()
	}
	return nil
}
