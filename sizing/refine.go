package sizing

import (
	"fmt"
	"math"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// resolution is the relative width that the number of iterations in a
// confirming hold allows, and no less than what was asked for.
func (c *controller) resolution(rate float64) float64 {
	iterations := max(rate, 1) * confirmTime * c.stretch(rate)
	return max(c.opt.Resolution, 1.6*math.Sqrt(c.closed.dispersion/iterations))
}

// width is that of the interval that is looked for.
func (c *controller) width() float64 { return c.open.widthFactor * c.resolution(c.bracket.lo.level) }

// withinBudget ends the sizing when the budget is spent.
func (c *controller) withinBudget() error {
	b := &c.bracket
	if c.spent() && b.confirmed != nil && b.hi != nil && b.hi.level > b.confirmed.level && len(c.outages) == 0 {
		b.lo = b.confirmed
		c.tellWidth()
		return &stop{verdict: record.VerdictFound}
	}
	if c.spent() {
		return c.end(record.VerdictBudget, record.CauseBudget, "the budget of %.0f s is spent: the interval is as far as it got", c.budget)
	}
	return nil
}

// stopsNarrowing says whether a narrower interval is not worth more time. What a
// service carries may move while it is looked for; then its limit is chased in
// vain, and an interval that holds is better than none. Slow services take
// longer for the same number of iterations, and a rise is followed to its end.
func (c *controller) stopsNarrowing() bool {
	o, b := &c.open, &c.bracket
	t, g := c.opt.Budget.Seconds()/2, 1.0
	switch {
	case o.inversions == 0 && o.rises > 0:
		g = 1.6
	case o.inversions == 0 && b.lo != nil:
		g = clamp(math.Sqrt(boundIterations/max(b.lo.level, 1)), 1, 1.8)
	}
	return c.now > t*g+budgetPerUnit*c.cycle()
}

// tellWidth says so where the interval is wider than was asked for.
func (c *controller) tellWidth() {
	b := &c.bracket
	if b.hi == nil || b.lo == nil || b.lo.level <= 0 {
		return
	}
	if w := b.hi.level/b.lo.level - 1; w > 1.5*c.width() {
		c.note(fmt.Sprintf("what it carries moved while it was looked for, or varies too much: the interval is %s wide, and more time would not have narrowed it much", units.Percent(w, 1)))
	}
}

// pass makes a hold the lower end, and what it left in flight usual.
func (c *controller) pass(h *hold) {
	c.bracket.lo = h
	c.open.safeInFlight = h.endInFlight
	c.open.safeRate = max(c.open.safeRate, h.level/2)
}

// testAround holds arrivals just below a guess; the upper end is then expected just above it.
func (c *controller) testAround(g guess) error {
	b := &c.bracket
	rate, w := g.rate, c.resolution(g.rate)
	b.lo = untested(c.open.safeRate, "")
	b.fromVUs = true
	b.step = c.opt.Resolution
	if err := c.drain(); err != nil {
		return err
	}
	h, err := c.holdRate(rate*(1-w/2), holdSpec{phase: record.PhaseConfirm, why: g.why, min: confirmTime, max: 1.25 * confirmTime})
	if err != nil {
		return err
	}
	if !h.pass {
		c.bracket.fail(h)
		return nil
	}
	c.pass(h)
	b.confirmed = h
	b.hi, b.hiTested = untested(rate*(1+(c.open.widthFactor-.5)*w), c.open.expectedCause), false
	return nil
}

// search narrows the bracket, confirms its lower end and tests the upper one
// again, until both hold.
func (c *controller) search() error {
	for {
		if err := c.withinBudget(); err != nil {
			return err
		}
		if err := c.refine(); err != nil {
			return err
		}
		if c.needsVUs() {
			return c.exploreWithVUs("goodput falls above the limit: virtual users looked how far, for arrivals bring the service down before they tell")
		}
		if confirmed, err := c.confirm(); err != nil || !confirmed {
			if err != nil {
				return err
			}
			continue
		}
		if c.stopsNarrowing() && c.bracket.hiTested {
			break
		}
		if done, err := c.retestUpper(); err != nil {
			return err
		} else if done {
			break
		}
	}
	c.tellWidth()
	if len(c.outages) > 0 {
		return c.unstable()
	}
	return nil
}

// refine narrows the bracket to the width that is looked for.
func (c *controller) refine() error {
	b := &c.bracket
	for !c.needsVUs() && (b.hi == nil || !c.stopsNarrowing() && b.isWiderThan(c.width())) {
		if err := c.withinBudget(); err != nil {
			return err
		}
		rate, why, err := c.nextRate()
		if err != nil {
			return err
		}
		h, err := c.holdRate(rate, holdSpec{phase: record.PhaseRefine, why: why, min: refineMin, max: refineMax})
		if err != nil {
			return err
		}
		if outage, err := c.wasOutage(h); err != nil {
			return err
		} else if outage {
			continue
		}
		if h.pass {
			c.pass(h)
		} else {
			c.bracket.fail(h)
			b.step = c.opt.Resolution
		}
	}
	return nil
}

// nextRate is the next rate to try: within the bracket, or above its lower end where there is no upper one.
func (c *controller) nextRate() (rate float64, why string, err error) {
	if b := &c.bracket; b.hi == nil {
		return b.higher(), "no upper end is known: higher", nil
	}
	if err := c.drain(); err != nil {
		return 0, "", err
	}
	if err := c.withinBudget(); err != nil {
		return 0, "", err
	}
	return c.candidate()
}

// candidate is the next rate to try within the bracket.
func (c *controller) candidate() (float64, string, error) {
	b, w := &c.bracket, c.width()
	if err := c.measureBacklog(); err != nil {
		return 0, "", err
	}
	limit := b.expected(c.goodputPerArrival(), c.open.backlogged)
	if b.doubtful(limit, w) && !c.open.falling {
		b.weakPasses = b.weakPasses[:len(b.weakPasses)-1]
		c.pass(b.weakPasses[len(b.weakPasses)-1])
		c.open.safeRate = b.lo.level / 2
	}
	rate, why := b.within(limit, w)
	return rate, why, nil
}

// measureBacklog measures, once, the plateau of a service that queues, a little above it.
func (c *controller) measureBacklog() error {
	o, hi := &c.open, c.bracket.hi
	if hi.cause != record.CauseBacklog || o.backlogMeasured || hi.goodput == 0 || hi.level <= 1.08*hi.goodput {
		return nil
	}
	o.backlogMeasured = true
	rate := 1.15 * hi.goodput
	if err := c.setArrivals(rate); err != nil {
		return err
	}
	if _, err := c.wait(.5); err != nil {
		return err
	}
	s, err := c.wait(clamp(5000/rate, 3, 8))
	if err != nil {
		return err
	}
	if s.failed < s.ended()/100 {
		o.backlogged = o.backlogged.with(s.ok/s.seconds, s.seconds)
	}
	return c.drain()
}

// wasOutage says whether a failing hold was none of the load's doing.
func (c *controller) wasOutage(h *hold) (bool, error) {
	if h.pass || !h.nearlyAllFail() || !c.policy.has(tellsOutages) {
		return false, nil
	}
	before := len(c.outages)
	if err := c.drain(); err != nil {
		return false, err
	}
	if len(c.outages) > before {
		return true, nil
	}
	if h.level > 1.5*c.bracket.lo.level {
		return false, nil
	}
	again, err := c.holdRate(h.level, holdSpec{phase: h.phase, why: "everything failed near a load that passed: is it the load?", min: refineMin, max: refineMax})
	if err != nil {
		return false, err
	}
	if again.pass {
		return true, c.recordOutage(h.requestsAt)
	}
	return false, nil
}
