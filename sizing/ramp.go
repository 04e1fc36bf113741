package sizing

import (
	"fmt"
	"math"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

const (
	fullFactor      = 1.9  // times the users that fill the service by Little's law: goodput cannot rise beyond
	farFactor       = 16.0 // the same, where the ramp ends if nothing gives
	farVUs          = 64   // and at least as many users
	slowIteration   = 2.0  // seconds: an iteration so much slower than unloaded ends the ramp
	boundIterations = 400  // iterations that bound a goodput by ± 10 %
	testIterations  = 6000 // iterations that a test on both sides takes
)

// ramp doubles virtual users, from the last number on, until something gives.
// It leaves the largest number within tolerance and, if there was one, the
// smallest beyond it.
func (c *controller) ramp() error {
	s := &c.closed
	for n := s.lo.vus(); ; {
		factor := 2
		if c.cycle() > 2 && s.lo.mean < 1.15*c.unloaded.iteration {
			factor = 4 // each step costs an iteration
		}
		n = min(n*factor, s.max)
		h, err := c.rampTo(n)
		if err != nil {
			return err
		}
		if !h.pass {
			s.hi = h
			c.judgeCurve()
			return nil
		}
		s.lo = h
		c.refineUnloaded(h)
		if h.work > s.best {
			s.best, s.bestVUs = h.work, n
		}
		c.judgeCurve()
		if ends, err := c.rampEnds(h); err != nil || ends {
			return err
		}
	}
}

// rampTo holds n virtual users, and looks again where an outage or chance may have made them too many.
func (c *controller) rampTo(n int) (*hold, error) {
	h, err := c.holdVUs(n, holdSpec{phase: record.PhaseRamp, why: c.whyMore(n), min: 1, max: 4, need: boundIterations, ramp: true})
	if err != nil || h.pass {
		return h, err
	}
	if h, err = c.outage(h); err != nil || h.pass || h.share() >= 4*c.opt.Tolerance {
		return h, err
	}
	return c.holdVUs(n, holdSpec{phase: record.PhaseRamp, why: "near the tolerance: once more, longer", min: 3 * c.closed.stretch, max: 8, need: 1000})
}

// refineUnloaded adds what a few more users saw while nothing waits: the time
// of an iteration decides when the ramp ends, and one user may have made only three.
func (c *controller) refineUnloaded(h *hold) {
	u := &c.unloaded
	noise := 3 * math.Hypot(1/math.Sqrt(u.count), 1/math.Sqrt(max(h.sum.ok, 1)))
	switch {
	case h.mean > 0 && h.mean < u.iteration*(1-max(coldBy, noise)):
		// No load makes iterations shorter: those of the first user were cold.
		u.iteration, u.count, u.known = max(h.mean, minIteration), h.sum.ok, false
	case u.known:
	case u.count >= 100 || h.mean > 1.3*u.iteration || h.mean < .7*u.iteration:
		u.known = true
	default:
		u.iteration = (u.iteration*u.count + h.sum.busy) / (u.count + h.sum.ok)
		u.count += h.sum.ok
	}
}

// coldBy is how much shorter, relatively, an iteration must get for the first ones to have been cold.
const coldBy = .2

func (c *controller) whyMore(n int) string {
	lo := c.closed.lo
	return fmt.Sprintf("%d within tolerance at %s/s: %d", lo.vus(), units.Precise(lo.goodput), n)
}

// fillingVUs is how many users give the best goodput if nothing ever waits.
func (c *controller) fillingVUs() float64 { return c.closed.best * c.cycle() }

// rampEnds says whether more users can show nothing new. It ends the sizing
// where they would have to, and may not.
func (c *controller) rampEnds(h *hold) (bool, error) {
	n, full, t1 := h.level, c.fillingVUs(), c.unloaded.iteration
	switch {
	case c.spent(), h.work > 0 && c.now+boundIterations/h.work > c.budget && n >= fullFactor*full:
		return false, c.outOfTime(h)
	case h.vus() == c.closed.max && n < 1.5*full:
		return false, c.end(record.VerdictMax, record.CauseMaxVUs, "%d virtual users do not fill it: an iteration still takes %.1f times the unloaded one and goodput rises with their number; raise --max or shorten the pauses",
			h.vus(), h.mean/t1)
	}
	return h.vus() == c.closed.max ||
		n >= fullFactor*full && (n >= farFactor*full && n >= farVUs || 2*h.mean-t1 > slowIteration), nil
}

// outOfTime ends the sizing for want of budget, and says how much it would need.
func (c *controller) outOfTime(h *hold) error {
	x := max(c.closed.best, h.work, 1e-3)
	c.open.needBounds, c.open.needTest = c.now+boundIterations/x, c.now+testIterations/x
	return c.end(record.VerdictBudget, record.CauseBudget, "the budget of %.0f s is too short: at %s iterations/s bounds of ± 10 %% take about %.0f s, a test on both sides %.0f s",
		c.budget, units.Precise(x), c.open.needBounds, c.open.needTest)
}
