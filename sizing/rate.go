package sizing

import "fmt"

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
	c.rampRate(min(start, c.opt.Max))
	c.search()
}

// rampRate leaves the largest rate that passed and the one that did not.
func (c *controller) rampRate(rate float64) {
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
		why = fmt.Sprintf("%s/s passed: twice that", number(rate))
		rate = min(2*rate, c.opt.Max)
	}
	if b.lo != nil {
		return
	}
	c.drain()
	h := c.carry(rate/4, order{phase: "paced", why: "the first rate was too much: a quarter of it", min: refineMin, max: refineMax})
	if !h.pass {
		c.end(Baseline, h.cause, "%s at %s iterations/s: not a question of load", c.told(h), number(h.level))
	}
	c.open.low = rate / 8
	c.pass(h)
}
