package sizing

import (
	"fmt"
	"math"
)

// byRate sizes with arrivals from the start: it doubles the rate until it is
// too much. Load never exceeds twice what passed.
func (c *controller) byRate() {
	one := c.probe()
	c.open.above = 1.5
	if one != nil {
		c.straddle(c.paced(one))
		c.search()
		return
	}
	start := max(c.closed.lo.x, 2)
	c.open.low = start / 2
	c.handOver()
	if !c.rampRate(min(start, c.opt.Max)) {
		c.exploreInstead("it is too slow for arrivals to begin with: virtual users looked for the limit")
		return
	}
	c.open.falling = c.open.falling || c.fallsAbove()
	c.search()
}

// fallsAbove says whether the first rate that was too much gave less than a
// smaller load did, which neither a service that rejects nor one that queues does.
// A deep fall is believed at once; else the rate is held for longer.
func (c *controller) fallsAbove() bool {
	lo, hi := c.bracket.lo, c.bracket.hi
	if one := c.closed.lo; one.y > lo.y {
		lo = one
	}
	less := func(h *hold, share, sigmas float64) bool {
		noise := math.Sqrt(c.closed.unruly * (lo.y/lo.length() + h.y/h.length()))
		return h.y < share*lo.y && lo.y-h.y > sigmas*noise
	}
	switch {
	case c.ablations.noRetrograde || hi.dead():
		return false
	case less(hi, deepFall, 4):
		return true
	case !less(hi, 1, 1):
		return false
	}
	c.drain()
	h := c.carry(hi.level, order{
		phase: "ramp", why: "less gets through than of less: by chance?",
		min: refineMin, max: refineMin, exact: true, most: math.Inf(1),
	})
	return less(h, fallen, 3)
}

// Shares of the goodput below the limit.
const (
	fallen   = .92 // less than this above it is a fall
	deepFall = .7  // and this in a hold of a second
)

// toUsers says whether virtual users have to find what arrivals cannot.
func (c *controller) toUsers() bool {
	return c.opt.By == ByRate && c.open.falling && !c.explored() && c.closed.lo != nil && c.now < c.budget/2
}

// exploreInstead leaves the search to virtual users. Arrivals above the limit
// bring a service down whose goodput falls there, and those near it seem to be
// carried until they do.
func (c *controller) exploreInstead(why string) {
	c.note(why)
	c.drain()
	c.arrive(0)
	c.emptied(1)
	c.bracket, c.gate, c.open = bracket{}, 0, open{stretch: 1, above: 1}
	c.exploreAndTest()
}

// Where iterations take so many times the unloaded one the limit is near, and
// the next rate is that factor larger, not twice the last.
const (
	crowded = 3.0
	nearby  = 1.3
)

// rampRate leaves the largest rate that passed and the one that did not, and
// says whether there are both.
func (c *controller) rampRate(rate float64) bool {
	b := &c.bracket
	b.step = c.opt.Resolution
	why := "what one virtual user sends"
	for {
		h := c.carry(rate, order{phase: "ramp", why: why, min: 1, max: 4, ramp: true})
		if !h.pass && h.share() < 4*c.opt.Tolerance && h.ending-h.inFlight0 < .1*max(h.sum.started, 1) {
			c.drain()
			h = c.carry(rate, order{phase: "ramp", why: "near the limit, or by chance: once more, longer", min: refineMin, max: refineMax})
		}
		if !h.pass {
			c.fail(h)
			break
		}
		c.pass(h)
		c.open.low = rate / 2
		b.soft = append(b.soft, h)
		c.withinBudget()
		if rate >= c.opt.Max {
			c.end(Maximum, "max-rate", "%s arrivals/s are carried and more are not allowed: raise --max", number(rate))
		}
		factor, passed := 2.0, "%s/s passed: twice that"
		if h.mean > crowded*c.unloaded.iteration {
			factor, passed = nearby, "%s/s passed, and iterations wait: a little more"
		}
		why = fmt.Sprintf(passed, number(rate))
		rate = min(factor*rate, c.opt.Max)
	}
	return b.lo != nil || c.quarter(rate)
}

// quarter tries a quarter of the first rate, which was too much. It says whether
// that is carried. Where it is not, and a single user sent less, it is a
// question of load all the same.
func (c *controller) quarter(rate float64) bool {
	c.open.low = rate / 8
	c.drain()
	h := c.carry(rate/4, order{phase: "paced", why: "the first rate was too much: a quarter of it", min: refineMin, max: refineMax})
	switch {
	case h.pass:
		c.pass(h)
	case h.level <= c.closed.lo.x:
		c.end(Baseline, h.cause, "%s at %s iterations/s: not a question of load", c.told(h), number(h.level))
	}
	return h.pass
}
