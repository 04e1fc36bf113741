package sizing

import (
	"math"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// probe lets one virtual user run alone: what an iteration takes when nothing
// else is going on, and what fails whatever the load. It returns nil when one
// user is within tolerance, else the hold that was not.
func (c *controller) probe() (*hold, error) {
	h, err := c.holdVUs(1, holdSpec{phase: record.PhaseProbe, why: "one virtual user: an iteration without load", min: 1, max: 4, need: 20, ramp: true})
	if err != nil {
		return nil, err
	}
	if err := c.endIfAllFail(h); err != nil {
		return nil, err
	}
	if h.sum.ok < 3 { // slow iterations, or time-outs
		h, err = c.holdVUs(1, holdSpec{phase: record.PhaseProbe, why: "too few iterations ended to know how long one takes", min: 4, max: 30, need: 3, ramp: true})
		if err != nil {
			return nil, err
		}
		if err := c.endIfAllFail(h); err != nil {
			return nil, err
		}
		if h.sum.ok == 0 {
			return nil, c.noneSucceeded(h)
		}
	}
	c.unloaded = unloaded{request: h.latency.Mean().Seconds(), share: h.share()}
	c.unloaded.iteration, c.unloaded.count = h.warm()
	c.unloaded.pause = h.pause()
	c.budget = c.opt.Budget.Seconds() + budgetPerUnit*c.cycle()
	if !h.pass && h.share() < 4*c.opt.Tolerance {
		h, err = c.holdVUs(1, holdSpec{phase: record.PhaseProbe, why: "one user fails at times: by chance?", min: 3, max: 8, need: 100})
		if err != nil {
			return nil, err
		}
	}
	if h.pass {
		c.closed.best, c.closed.bestVUs = h.work, 1
		c.closed.lo = h
		return nil, nil
	}
	if h.goodput > 0 { // once more: a limiter may have allowed a burst
		h, err = c.holdVUs(1, holdSpec{phase: record.PhaseProbe, why: "one user is too much: what gets through in the long run?", min: 3, max: 4, need: 3000})
		if err != nil {
			return nil, err
		}
	}
	return h, nil
}

// warm is the mean of a hold's iterations and their number, of its later half
// alone where the first was surely slower: the first second of a service that
// stood idle says what connections, caches and compilers cost.
func (h *hold) warm() (mean, n float64) {
	half := h.half()
	cold, n := sum(h.good[:half]), sum(h.good[half:])
	if cold >= 3 && n >= 3 {
		first, mean := sum(h.busy[:half])/cold, sum(h.busy[half:])/n
		if first-mean > 3*math.Hypot(first/math.Sqrt(cold), mean/math.Sqrt(n)) {
			return max(mean, minIteration), n
		}
	}
	return max(h.mean, minIteration), h.sum.ok
}

// minIteration is the shortest that is reckoned with, in seconds.
const minIteration = .0005

// pause is how long a user waits between iterations, if that is much: its
// scenario's delay, which is no part of the iteration, and keeps no service busy.
func (h *hold) pause() float64 {
	if p := h.length()/(h.sum.ended()+1) - h.mean; p > .25*h.mean && p > .01 {
		return p
	}
	return 0
}

// cycle is how long a user takes from one iteration to the next without load.
func (c *controller) cycle() float64 { return c.unloaded.iteration + c.unloaded.pause }

// endIfAllFail ends the sizing when enough failed and nothing succeeded.
func (c *controller) endIfAllFail(h *hold) error {
	if c.total.ok == 0 && h.sum.failed >= 20 {
		if err := c.endIfOwnFails(); err != nil {
			return err
		}
		return c.end(record.VerdictDead, "", "nothing worked: all of the first %.0f iterations failed", c.total.failed)
	}
	return nil
}

// noneSucceeded ends the sizing when not one iteration succeeded for half a minute.
func (c *controller) noneSucceeded(h *hold) error {
	if h.sum.failed > 0 {
		if err := c.endIfOwnFails(); err != nil {
			return err
		}
		return c.end(record.VerdictDead, "", "nothing worked: %.0f iterations failed in %.0f s and none succeeded", c.total.failed, c.now)
	}
	return c.end(record.VerdictBudget, record.CauseBudget, "no iteration ended within %.0f s: nothing can be said about a load", c.now)
}

// testBaseline handles a service that one user, back to back, is too much for: it
// passes a quarter of that rate, or fails whatever the load.
func (c *controller) testBaseline(h *hold) (guess, error) {
	quarter := max(h.sum.ended()/h.length()/4, .1)
	c.open.safeRate = quarter
	if err := c.handOver(); err != nil {
		return guess{}, err
	}
	if err := c.setArrivals(quarter); err != nil {
		return guess{}, err
	}
	if _, err := c.wait(1); err != nil {
		return guess{}, err
	}
	low, err := c.holdRate(quarter, holdSpec{phase: record.PhasePaced, why: "a quarter of what one user sends", min: refineMin, max: refineMax})
	if err != nil {
		return guess{}, err
	}
	if !low.pass && c.policy.has(testsBaseline) {
		return guess{}, c.end(record.VerdictBaseline, low.cause, "%s at %s iterations/s, a quarter of what one user sends: not a question of load",
			c.describe(low), units.Precise(low.level))
	}
	c.closed.knee = 1
	c.closed.plateau = plateau{goodput: h.work, se: h.se, from: 1, to: 1, count: h.sum.ok, kind: record.PlateauFlat}
	if n := h.work * h.length(); n > 100 {
		c.open.saturated = pool{}.with(h.work, h.length())
	}
	c.note("one virtual user back to back was too much: the load was paced from there on")
	return guess{rate: h.work / c.goodputPerArrival(), cause: record.CauseFailures, why: "what gets through of one user back to back"}, nil
}
