package sizing

import (
	"fmt"
	"math"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// byRate sizes with arrivals from the start: it doubles the rate until it is
// too much. Load never exceeds twice what passed.
func (c *controller) byRate() error {
	one, err := c.probe()
	if err != nil {
		return err
	}
	c.open.backlogMargin = 1.5
	if one != nil {
		g, err := c.testBaseline(one)
		if err != nil {
			return err
		}
		if err := c.testAround(g); err != nil {
			return err
		}
		return c.search()
	}
	start := max(c.closed.lo.goodput, 2)
	c.open.safeRate = start / 2
	if err := c.handOver(); err != nil {
		return err
	}
	found, err := c.rampRate(min(start, c.opt.Max))
	if err != nil {
		return err
	}
	if !found {
		return c.exploreWithVUs("it is too slow for arrivals to begin with: virtual users looked for the limit")
	}
	if !c.open.falling {
		if c.open.falling, err = c.fallsAbove(); err != nil {
			return err
		}
	}
	return c.search()
}

// fallsAbove says whether the first rate that was too much gave less than a
// smaller load did, which neither a service that rejects nor one that queues does.
// A deep fall is taken for one at once; else the rate is held for longer.
func (c *controller) fallsAbove() (bool, error) {
	lo, hi := c.bracket.lo, c.bracket.hi
	if one := c.closed.lo; one.work > lo.work {
		lo = one
	}
	less := func(h *hold, share, sigmas float64) bool {
		noise := math.Sqrt(c.closed.dispersion * (lo.work/lo.length() + h.work/h.length()))
		return h.work < share*lo.work && lo.work-h.work > sigmas*noise
	}
	switch {
	case !c.policy.has(tellsRetrograde) || hi.nearlyAllFail():
		return false, nil
	case less(hi, deepFallShare, 4):
		return true, nil
	case !less(hi, 1, 1):
		return false, nil
	}
	if err := c.drain(); err != nil {
		return false, err
	}
	h, err := c.holdRate(hi.level, holdSpec{
		phase: record.PhaseRamp, why: "less gets through than of less: by chance?",
		min: refineMin, max: refineMin, exact: true, maxInFlight: math.Inf(1),
	})
	if err != nil {
		return false, err
	}
	return less(h, fallShare, 3), nil
}

// Shares of the goodput below the limit.
const (
	fallShare     = .92 // less than this above it is a fall
	deepFallShare = .7  // and this in a hold of a second
)

// needsVUs says whether virtual users have to find what arrivals cannot.
func (c *controller) needsVUs() bool {
	return c.opt.By == record.ByRate && c.open.falling && !c.explored() && c.closed.lo != nil && c.now < c.budget/2
}

// exploreWithVUs leaves the search to virtual users. Arrivals above the limit
// bring a service down whose goodput falls there, and those near it seem to be
// carried until they do.
func (c *controller) exploreWithVUs(why string) error {
	c.note(why)
	if err := c.drain(); err != nil {
		return err
	}
	if err := c.setArrivals(0); err != nil {
		return err
	}
	if err := c.awaitInFlight(1); err != nil {
		return err
	}
	c.bracket, c.effectGate, c.open = bracket{}, 0, open{stretch: 1, backlogMargin: 1}
	return c.exploreAndTest()
}

// Where iterations take so many times the unloaded one the limit is near, and
// the next rate is that factor larger, not twice the last.
const (
	queueingFactor = 3.0
	carefulFactor  = 1.3
)

// rampToRate holds a rate, and looks again where it was near the limit or failed by chance.
func (c *controller) rampToRate(rate float64, why string) (*hold, error) {
	h, err := c.holdRate(rate, holdSpec{phase: record.PhaseRamp, why: why, min: 1, max: 4, ramp: true})
	if err != nil || h.pass || h.share() >= 4*c.opt.Tolerance || h.endInFlight-h.startInFlight >= .1*max(h.sum.started, 1) {
		return h, err
	}
	if err := c.drain(); err != nil {
		return nil, err
	}
	return c.holdRate(rate, holdSpec{phase: record.PhaseRamp, why: "near the limit, or by chance: once more, longer", min: refineMin, max: refineMax})
}

// rampRate leaves the largest rate that passed and the one that did not, and
// says whether there are both.
func (c *controller) rampRate(rate float64) (bool, error) {
	b := &c.bracket
	b.step = c.opt.Resolution
	why := "what one virtual user sends"
	for {
		h, err := c.rampToRate(rate, why)
		if err != nil {
			return false, err
		}
		if !h.pass {
			c.bracket.fail(h)
			break
		}
		c.pass(h)
		c.open.safeRate = rate / 2
		b.weakPasses = append(b.weakPasses, h)
		if err := c.withinBudget(); err != nil {
			return false, err
		}
		if rate >= c.opt.Max {
			return false, c.end(record.VerdictMax, record.CauseMaxRate, "%s arrivals/s are carried and more are not allowed: raise --max", units.Precise(rate))
		}
		factor, passed := 2.0, "%s/s passed: twice that"
		if h.mean > queueingFactor*c.unloaded.iteration {
			factor, passed = carefulFactor, "%s/s passed, and iterations wait: a little more"
		}
		why = fmt.Sprintf(passed, units.Precise(rate))
		rate = min(factor*rate, c.opt.Max)
	}
	if b.lo != nil {
		return true, nil
	}
	return c.tryQuarter(rate)
}

// tryQuarter tries a quarter of the first rate, which was too much. It says whether
// that is carried. Where it is not, and a single user sent less, it is a
// question of load all the same.
func (c *controller) tryQuarter(rate float64) (bool, error) {
	c.open.safeRate = rate / 8
	if err := c.drain(); err != nil {
		return false, err
	}
	h, err := c.holdRate(rate/4, holdSpec{phase: record.PhasePaced, why: "the first rate was too much: a quarter of it", min: refineMin, max: refineMax})
	if err != nil {
		return false, err
	}
	switch {
	case h.pass:
		c.pass(h)
	case h.level <= c.closed.lo.goodput:
		return false, c.end(record.VerdictBaseline, h.cause, "%s at %s iterations/s: not a question of load", c.describe(h), units.Precise(h.level))
	}
	return h.pass, nil
}
