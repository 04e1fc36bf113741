package sizing

import (
	"math"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// confirm holds the lower end for the confirming time: longer where goodput
// falls beyond the limit, for a collapse takes time to show.
func (c *controller) confirm() (bool, error) {
	b := &c.bracket
	if b.confirmed != nil && b.confirmed.level == b.lo.level {
		return true, nil
	}
	if err := c.drain(); err != nil {
		return false, err
	}
	t := confirmTime
	if c.open.falling {
		t *= 2
	}
	h, err := c.holdRate(b.lo.level, holdSpec{phase: record.PhaseConfirm, why: "the lower end, for longer", min: t, max: 1.25 * t})
	if err != nil {
		return false, err
	}
	if h.pass {
		b.confirmed = h
		b.lo = h
		return true, nil
	}
	if outage, err := c.wasOutage(h); err != nil || outage {
		return false, err
	}
	return false, c.stepDown(h)
}

// stepDown finds a new lower end after one that passed failed: further down
// each time, and with longer holds from now on. After three contradictions the
// bracket is not narrowed any more.
func (c *controller) stepDown(h *hold) error {
	b, o := &c.bracket, &c.open
	o.inversions++
	o.stretch = min(o.stretch*1.4, 2.5)
	width := c.width()
	if o.falling {
		width = max(width, .04)
	}
	factor := max(.6, 1-width*math.Pow(1.6, float64(o.inversions-1)))
	c.bracket.fail(h)
	b.confirmed = nil
	rate := h.level
	for {
		rate *= factor
		h, err := c.tryLower(rate)
		if err != nil {
			return err
		}
		if h.pass {
			break
		}
		if h.nearlyAllFail() {
			if err := c.drain(); err != nil {
				return err
			}
		}
		c.bracket.fail(h)
	}
	if o.inversions >= 3 && b.hi.level > b.lo.level*(1+c.width()) {
		b.hi = untested(b.lo.level*(1+c.width()), b.hi.cause)
	}
	return nil
}

// tryLower holds a rate below one that has failed, which is the new lower end if it passes.
func (c *controller) tryLower(rate float64) (*hold, error) {
	if err := c.withinBudget(); err != nil {
		return nil, err
	}
	c.open.safeRate = min(c.open.safeRate, rate/2)
	if err := c.drain(); err != nil {
		return nil, err
	}
	next := holdSpec{phase: record.PhaseRefine, why: "what passed before has failed: lower", min: refineMin, max: refineMax}
	if c.stopsNarrowing() {
		next.phase, next.min, next.max = record.PhaseConfirm, confirmTime, 1.25*confirmTime
	}
	h, err := c.holdRate(rate, next)
	if err != nil || !h.pass {
		return h, err
	}
	c.pass(h)
	if next.phase == record.PhaseConfirm {
		c.bracket.confirmed = h
	}
	return h, nil
}

// retestUpper tests the upper end again: it must fail. If it passes twice,
// capacity rose, or its failing was noise, and the search goes on upwards.
func (c *controller) retestUpper() (bool, error) {
	b := &c.bracket
	if !c.policy.has(retestsUpper) {
		return true, nil
	}
	rate := b.above(c.limit(), c.width())
	h, err := c.holdRate(rate, holdSpec{phase: record.PhaseRetestUpper, why: "just above what was confirmed: must fail", min: refineMin, max: refineMax})
	if err != nil {
		return false, err
	}
	if h.pass && !c.spent() {
		h, err = c.holdRate(rate, holdSpec{phase: record.PhaseRetestUpper, why: "it passed: once more, longer", min: .75 * confirmTime, max: confirmTime})
		if err != nil {
			return false, err
		}
	}
	if !h.pass {
		c.bracket.fail(h)
		return true, c.drain()
	}
	if c.fluctuates(rate) {
		b.hi = untested(max(b.hi.level, c.closed.plateau.goodput*(1+c.width())), record.CauseBacklog)
		b.hiTested = false
		return true, nil
	}
	c.pass(h)
	c.open.rises++
	b.hi, b.confirmed = nil, nil
	if h.share() <= c.opt.Tolerance && c.stopsNarrowing() { // the second look was long enough to stand
		b.confirmed = h
	}
	c.open.backlogged, c.open.backlogMeasured = pool{}, false
	b.step = 2 * c.opt.Resolution
	if b.fromVUs {
		b.step = 2 * c.width()
	}
	return false, nil
}

// fluctuates says that a rate at which a backlog grew, and which passes now, tells
// of a speed that moves to and fro: it is no more than users back to back
// reach, so capacity did not rise, and looking for it again finds no end.
func (c *controller) fluctuates(rate float64) bool {
	p := c.closed.plateau
	return c.bracket.hiTested && c.bracket.hi.cause == record.CauseBacklog && p.goodput > 0 && rate <= p.goodput*(1+2*p.se)
}
