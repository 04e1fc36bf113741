package sizing

import (
	"fmt"
	"math"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// closed is what virtual users showed.
type closed struct {
	max         int
	best        float64 // goodput, and the users that gave it
	bestVUs     int
	falling     bool // goodput at some larger number is lower, surely
	fallRefuted bool // it seemed to fall, and did not when looked at again
	rising      bool // the same number gave more later
	lo, hi      *hold
	knee        int // smallest number of users that reaches 97 % of the plateau
	kneeBelow   int // largest that does not
	plateau     plateau
	everRose    bool
	dispersion  float64 // how much more goodput varies than independent completions, 1 at least
	stretch     float64 // multiplies the length of holds after contradictions
}

const (
	minEffect     = 1.5
	sureError     = .01 // error of the sequential test
	doubtfulError = .1  // in the ramp
)

// bound is Wald's, for an error a on either side.
func bound(a float64) float64 { return math.Log((1 - a) / a) }

// stretch makes holds of slow services longer, for the same number of
// iterations, and those of services whose goodput varies much.
func (c *controller) stretch(rate float64) float64 {
	return clamp(math.Sqrt(400*c.closed.dispersion/max(rate, 1)), 1, 2.5)
}

// lastVUHold is the last hold of virtual users.
func (c *controller) lastVUHold() *hold {
	for i := len(c.holds) - 1; i >= 0; i-- {
		if !c.holds[i].arrivals && !c.holds[i].void {
			return c.holds[i]
		}
	}
	return nil
}

// settleVUs is how long n users need until they are all at work.
func (c *controller) settleVUs(n int) float64 {
	last := c.lastVUHold()
	if last == nil || last.vus() == n || !c.policy.has(settles) {
		return 0
	}
	t1 := c.unloaded.iteration
	t := max(last.mean, t1, c.mix.slowest()) // the slowest scenario sets the pace
	if was := last.vus(); n > was && t > 1.15*t1 {
		t *= float64(n) / float64(was)
	}
	return max(.25, 1.1*(t+c.unloaded.pause)+c.opt.slowest())
}

// slowest is the longest time that an objective allows, in seconds.
func (o *Options) slowest() float64 {
	t := 0.0
	for _, objective := range o.Objectives {
		t = max(t, objective.Limit.Seconds())
	}
	return t
}

// holdVUs holds n virtual users until the verdict and the goodput are known well
// enough, or time is up. Growth is not tested: n bounds what is in flight.
func (c *controller) holdVUs(n int, o holdSpec) (*hold, error) {
	for try := 1; ; try++ {
		h, err := c.holdVUsOnce(n, o)
		if err != nil {
			return nil, err
		}
		if !h.void {
			return h, nil
		}
		if err := c.giveUp(try); err != nil {
			return nil, err
		}
		if err := c.setVUs(max(1, n/2)); err != nil {
			return nil, err
		}
		if _, err := c.wait(cooldown); err != nil {
			return nil, err
		}
		o.why = "the generator was in trouble: the same again"
	}
}

func (c *controller) holdVUsOnce(n int, o holdSpec) (*hold, error) {
	settle := min(c.settleVUs(n), max(0, c.budget-c.now))
	c.announce(o, record.ByVUs, float64(n))
	if err := c.setVUs(n); err != nil {
		return nil, err
	}
	c.mix.vus = float64(n)
	if _, err := c.wait(settle); err != nil {
		return nil, err
	}
	began := c.now
	if err := c.awaitSurplus(n); err != nil {
		return nil, err
	}
	h := c.newHold(o, false, float64(n))
	h.settle = settle + c.now - began
	h.max = max(o.max, c.leastIterations(n)*c.cycle())
	for again := 0; ; again++ {
		for decided := false; !decided; {
			t, err := c.step(max(tick, c.unloaded.iteration/8))
			if err != nil {
				return nil, err
			}
			h.add(t, c.reckoning())
			decided = c.generatorOverloaded(h, h.max) || h.is(c.judge(h).vus(h))
		}
		// Little's law does not hold yet: not all users are at work. Count anew.
		unsteady := h.pass && h.sum.ok >= 100 && h.share() < c.opt.Tolerance/2 && h.mean > .2 && float64(n) > 1.15*h.goodput*(h.mean+c.unloaded.pause)
		if !unsteady || again == 3 || c.spent() || !c.policy.has(awaitsLittle) {
			break
		}
		h.restart(c.criteria, c.inFlight)
	}
	return c.close(h), nil
}

// awaitSurplus waits until at most n iterations are under way: those that a larger
// number of users began, and that are stuck in the service, are none of this load's.
func (c *controller) awaitSurplus(n int) error {
	for start := c.now; c.inFlight > 1.02*float64(n)+1 && c.now-start < drainTimeout && !c.spent() && c.policy.has(drains); {
		if _, err := c.step(tick); err != nil {
			return err
		}
	}
	return nil
}

// leastIterations is how many unloaded iterations a hold lasts at least: fewer of them
// are enough where many users give as many iterations in a part of one.
func (c *controller) leastIterations(n int) float64 {
	if n >= 16 && c.cycle() > slowIteration {
		return .6
	}
	return 1.5
}

// judge is who judges a hold, as things are known now.
func (c *controller) judge(h *hold) judge {
	wrong := sureError
	if h.ramp {
		wrong = doubtfulError
	}
	return judge{
		policy: c.policy, bound: bound(wrong), gate: c.effectGate, tolerance: c.opt.Tolerance, dispersion: c.closed.dispersion,
		iteration: c.unloaded.iteration, served: c.closed.best > 0, spent: c.spent(),
	}
}

// reckoning is what a hold's figures are reckoned with, as things are known now.
func (c *controller) reckoning() reckoning {
	return reckoning{c.mix.perIteration(), c.opt.Tolerance, c.closed.dispersion}
}

// outage tells a crash from a limit: everything fails at a load although a
// smaller one passed. It waits until one user is served again, and looks once more.
func (c *controller) outage(h *hold) (*hold, error) {
	refused := h.sum.reqFailed - h.sum.timedOut // what times out is backlog
	if h.pass || !h.nearlyAllFail() || refused < 20 || c.closed.best == 0 || !c.policy.has(tellsOutages) {
		return h, nil
	}
	if err := c.setVUs(1); err != nil {
		return nil, err
	}
	if err := c.awaitRecovery(func(t Tick) bool { return t.RequestsOK > t.RequestsFailed }, h.requestsAt); err != nil {
		return nil, err
	}
	again, err := c.holdVUs(h.vus(), holdSpec{
		phase: h.phase, why: "everything failed although less passed: is it the load?", min: 2, max: 6, need: 400,
	})
	if err != nil {
		return nil, err
	}
	if again.pass || again.share() < .5 { // the same load fails little, if at all
		if err := c.recordOutage(h.requestsAt); err != nil {
			return nil, err
		}
	}
	return again, nil
}

// awaitRecovery waits until a service that is down answers again. If it does not
// within a minute, the sizing ends.
func (c *controller) awaitRecovery(up func(Tick) bool, since uint64) error {
	answered := false
	for start := c.now; c.now-start < longestOutage; {
		t, err := c.step(tick)
		if err != nil {
			return err
		}
		if up(t) {
			return nil
		}
		answered = answered || t.RequestsOK > 0
	}
	if !answered {
		c.outages = append(c.outages, since)
		return c.end(record.VerdictUnstable, "", "it stopped answering after %d requests and did not come back within %.0f s", since, longestOutage)
	}
	return nil
}

// longestOutage is how long a service that is down is waited for, in seconds.
const longestOutage = 60.0

// recordOutage notes an outage; two are enough to give up.
func (c *controller) recordOutage(at uint64) error {
	c.outages = append(c.outages, at)
	if len(c.outages) >= 2 {
		return c.unstable()
	}
	return nil
}

func (c *controller) unstable() error {
	between := ""
	if n := len(c.outages); n >= 2 {
		between = fmt.Sprintf(", %d requests apart", c.outages[n-1]-c.outages[n-2])
	}
	return c.end(record.VerdictUnstable, "", "everything failed %s at loads that pass otherwise%s: the service crashes, or something else stops it",
		times(len(c.outages)), between)
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
