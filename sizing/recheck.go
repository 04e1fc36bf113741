package sizing

import (
	"math"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// A former answer is checked again in half a minute: one user, then arrivals
// where it held, then where it did not.
const (
	recheckBelow = 9.0 // seconds
	recheckAbove = 5.0
	recheckWarm  = 2.0
)

// recheck compares with a former answer.
func (c *controller) recheck() error {
	f := c.opt.From.Capacity
	r := &record.Recheck{Former: f.Goodput, MaxRegression: c.opt.MaxRegression}
	c.rechecked = r
	one, err := c.probe()
	if err != nil {
		return err
	}
	if one != nil && f.OfferedConfirmed == 0 {
		c.compare(r, one.work, one.se)
		return nil
	}
	if f.OfferedConfirmed == 0 {
		return c.recheckVUs(r)
	}
	c.open.safeRate = f.OfferedConfirmed / 2
	if err := c.handOver(); err != nil {
		return err
	}
	if err := c.setArrivals(c.open.safeRate); err != nil {
		return err
	}
	if _, err := c.wait(recheckWarm); err != nil {
		return err
	}
	below, err := c.holdRateFor(f.OfferedConfirmed, recheckBelow, "where it held before")
	if err != nil {
		return err
	}
	if !below.pass {
		c.bracket.fail(below)
		c.bracket.lo = untested(c.open.safeRate, "")
		// Above the limit what gets through is what it carries.
		c.compare(r, below.work, below.se)
		return nil
	}
	c.pass(below)
	c.bracket.confirmed = below
	above, err := c.holdRateFor(c.formerUpper(f), recheckAbove, "where it did not hold before")
	if err != nil {
		return err
	}
	if above.pass {
		c.pass(above)
		c.bracket.confirmed = above
		c.note("it carries more than before: size it anew to know how much")
	} else {
		c.bracket.fail(above)
	}
	held := c.bracket.confirmed
	c.compare(r, held.level*(1-held.share()), held.se)
	return nil
}

func (c *controller) holdRateFor(rate, seconds float64, why string) (*hold, error) {
	return c.holdRate(rate, holdSpec{phase: record.PhaseRecheck, why: why, min: seconds, max: seconds, exact: true})
}

// formerUpper is a rate that the former answer calls too much.
func (c *controller) formerUpper(f *record.Capacity) float64 {
	if f.FirstFailing != nil {
		return *f.FirstFailing
	}
	return f.OfferedConfirmed * (1 + max(c.opt.Resolution, f.Resolution))
}

// recheckVUs does the same where the former answer stayed in virtual users.
func (c *controller) recheckVUs(r *record.Recheck) error {
	n := max(1, 2*c.opt.From.Capacity.Knee)
	h, err := c.holdVUs(min(n, c.closed.max), holdSpec{phase: record.PhaseRecheck, why: "twice the users that filled it", min: recheckBelow, max: recheckBelow + recheckAbove, need: math.Inf(1)})
	if err != nil {
		return err
	}
	c.closed.plateau = plateau{goodput: h.work, se: h.se, count: h.sum.ok, seconds: h.length(), from: n, to: n, kind: record.PlateauFlat}
	c.compare(r, h.work, h.se)
	return nil
}

// compare says how much the goodput changed, and whether it fell by more than
// is allowed and by more than chance explains.
func (c *controller) compare(r *record.Recheck, x, se float64) {
	former := 0.0
	if f := c.opt.From.Capacity; f.CI95[1] > 0 {
		former = (f.CI95[1] - f.CI95[0]) / 2 / f.Goodput
	}
	r.Change = x/r.Former - 1
	r.Noise = math.Hypot(1.96*se, former)
	r.Regressed = r.Change < -r.MaxRegression && r.Change < -r.Noise
	c.closed.plateau.goodput = max(c.closed.plateau.goodput, x)
	c.recheckGoodput = x
}
