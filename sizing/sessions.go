package sizing

import (
	"fmt"
	"math"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// sessionWidth is the relative width of the interval of virtual users.
const sessionWidth = .05

// bySessions stays in virtual users to the end: how many sessions until it breaks.
func (c *controller) bySessions() error {
	s := &c.closed
	one, err := c.probe()
	if err != nil {
		return err
	}
	if one != nil {
		s.hi = one
		g, err := c.testBaseline(one)
		if err != nil {
			return err
		}
		s.plateau.goodput = g.rate * c.goodputPerArrival()
		return c.end(record.VerdictFound, one.cause, "one virtual user is too much: %s", c.describe(one))
	}
	if err := c.explore(); err != nil {
		return err
	}
	if err := c.testSessions(); err != nil {
		return err
	}
	if err := c.narrowKnee(); err != nil {
		return err
	}
	if len(c.outages) > 0 {
		return c.unstable()
	}
	if s.hi == nil { // nothing fails: the plateau is the answer
		n := min(s.lo.vus(), 2*max(1, s.knee))
		h, err := c.holdVUs(n, holdSpec{phase: record.PhaseConfirm, why: "no number of users fails: the plateau for longer", min: confirmTime, max: 1.25 * confirmTime, need: boundIterations})
		if err != nil {
			return err
		}
		s.lo = h
	}
	if !s.falling {
		s.plateau = c.finalPlateau()
	}
	return nil
}

// testSessions narrows the interval until both of its ends have been tested;
// there is nothing to do where no number of users was too many.
func (c *controller) testSessions() error {
	for c.closed.hi != nil {
		if err := c.refineSessions(); err != nil {
			return err
		}
		done, err := c.confirmSessions()
		if err == nil && done {
			done, err = c.retestUpperVUs()
		}
		if err != nil || done {
			return err
		}
	}
	return nil
}

// tryVUs holds n users, and looks again where everything failed.
func (c *controller) tryVUs(n int, o holdSpec) (*hold, error) {
	if err := c.withinBudget(); err != nil {
		return nil, err
	}
	h, err := c.holdVUs(n, o)
	if err != nil || h.pass {
		return h, err
	}
	return c.outage(h)
}

// refineSessions narrows the numbers that pass and fail to 5 %, or to one user.
func (c *controller) refineSessions() error {
	s := &c.closed
	for s.hi.vus() > s.lo.vus()+1 && s.hi.level > (1+sessionWidth)*1.01*s.lo.level {
		n, why := c.sessionCandidate()
		h, err := c.tryVUs(n, holdSpec{phase: record.PhaseRefine, why: why, min: refineMin * s.stretch, max: refineMax * s.stretch, need: boundIterations})
		if err != nil {
			return err
		}
		if h.pass {
			s.lo = h
		} else {
			s.hi = h
		}
	}
	return nil
}

// sessionCandidate is the next number of users: beside the number that fits, by
// the share that fails above it or by the objective's logit, else the middle.
func (c *controller) sessionCandidate() (int, string) {
	lo, hi := c.closed.lo, c.closed.hi
	fits := (1 - hi.share()) * hi.level / (1 - c.opt.Tolerance)
	if c.mix.perIteration() > 1 {
		fits = math.Sqrt(lo.level * hi.level)
	}
	for i := range hi.series {
		if k := &hi.series[i]; hi.forLatency() && k.cause == hi.cause {
			a, b := logit(lo.series[i].share(lo.half())), logit(k.share(hi.half()))
			u := clamp((logit(k.allowed)-a)/max(b-a, .1), 0, 1)
			fits = lo.level * math.Pow(hi.level/lo.level, u)
		}
	}
	n, why := math.Sqrt(lo.level*hi.level), "half-way"
	switch {
	case fits*(1-sessionWidth/2) > 1.01*lo.level && fits < hi.level:
		n, why = fits*(1-sessionWidth/2), fmt.Sprintf("about %.0f fit: just below", fits)
	case fits*(1+sessionWidth/2) < .99*hi.level && fits*(1+sessionWidth/2) > lo.level:
		n, why = fits*(1+sessionWidth/2), fmt.Sprintf("about %.0f fit: just above", fits)
	}
	return min(max(int(math.Round(n)), lo.vus()+1), hi.vus()-1), why
}

// confirmSessions holds the lower end for the confirming time, and steps down if it fails.
func (c *controller) confirmSessions() (bool, error) {
	s := &c.closed
	h, err := c.tryVUs(s.lo.vus(), holdSpec{phase: record.PhaseConfirm, why: "the lower end, for longer", min: confirmTime, max: 1.25 * confirmTime, need: boundIterations})
	if err != nil {
		return false, err
	}
	if h.pass {
		s.lo = h
		return true, nil
	}
	c.open.inversions++
	s.stretch = min(s.stretch*1.4, 2.5)
	s.hi = h
	if h.vus() == 1 {
		return false, c.end(record.VerdictBaseline, h.cause, "%s with one virtual user, which passed before", c.describe(h))
	}
	n := int(h.level / (1 + sessionWidth*math.Pow(1.6, float64(c.open.inversions-1))))
	n = max(1, min(n, h.vus()-1))
	h, err = c.tryVUs(n, holdSpec{phase: record.PhaseRefine, why: "what passed before has failed: lower", min: refineMin * s.stretch, max: refineMax * s.stretch, need: boundIterations})
	if err != nil {
		return false, err
	}
	s.lo = h
	return false, nil
}

// retestUpperVUs tests the upper end again: it must fail, else the search goes on upwards.
func (c *controller) retestUpperVUs() (bool, error) {
	s := &c.closed
	if !c.policy.has(retestsUpper) {
		return true, nil
	}
	h, err := c.tryVUs(s.hi.vus(), holdSpec{phase: record.PhaseRetestUpper, why: "just above what was confirmed: must fail", min: refineMin * s.stretch, max: refineMax * s.stretch, need: boundIterations})
	if err != nil {
		return false, err
	}
	if !h.pass {
		s.hi = h
		return true, nil
	}
	s.lo, s.hi = h, nil
	for n := h.vus(); n < s.max; {
		n = min(s.max, max(n+1, int(float64(n)*(1+2*sessionWidth))))
		h, err = c.tryVUs(n, holdSpec{phase: record.PhaseRefine, why: "no upper end is known: higher", min: refineMin, max: refineMax, need: boundIterations})
		if err != nil {
			return false, err
		}
		if !h.pass {
			s.hi = h
			break
		}
		if s.lo = h; h.vus() > farVUs && h.level > farFactor*c.fillingVUs() {
			break
		}
	}
	return false, nil
}
