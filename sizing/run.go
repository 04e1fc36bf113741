package sizing

import (
	"context"
	"math"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// Run sizes what the load reaches. Holds are told to onHold (which may be nil)
// as they end. It returns an answer in every case, also with an error: that of
// the load or the context, which then cut the sizing short.
func Run(ctx context.Context, load Load, o Options, onHold func(record.Hold)) (record.Sizing, error) {
	o, err := o.complete()
	if err != nil {
		return record.Sizing{}, err
	}
	c := newController(o, load)
	c.next = func(d time.Duration) (Tick, error) { return load.Tick(ctx, d) }
	c.onHold = onHold
	e := c.run()
	answer := c.answer(e)
	if e.err == nil {
		c.holdFurther(answer)
	}
	return answer, e.err
}

func newController(o Options, load Load) *controller {
	c := &controller{opt: o, criteria: o.criteria(), resize: load.Resize, setRate: load.SetRate, budget: o.Budget.Seconds()}
	c.mix.given = o.Scenarios
	c.closed.max = math.MaxInt32
	if o.By != record.ByRate {
		c.closed.max = int(min(o.Max, math.MaxInt32))
	}
	c.closed.stretch, c.closed.dispersion, c.open.stretch, c.open.widthFactor, c.open.backlogMargin = 1, 1, 1, 1, 1
	return c
}

// run lets the controller go until it ends, and says how.
func (c *controller) run() stop {
	err := c.size()
	if s := stopOf(err); s.verdict != record.VerdictFound || c.opt.Soak == 0 || c.bracket.confirmed == nil && c.closed.lo == nil {
		return s
	}
	return stopOf(c.soak())
}

// size looks for the answer in the way that was asked for.
func (c *controller) size() error {
	switch {
	case c.opt.From != nil:
		return c.recheck()
	case c.opt.By == record.ByRate:
		return c.byRate()
	case c.opt.By == record.BySessions:
		return c.bySessions()
	}
	return c.byVUs()
}

// soak keeps the answer for as long as was asked.
func (c *controller) soak() error {
	d := c.opt.Soak.Seconds()
	c.budget = max(c.budget, c.now) + 2*d
	o := holdSpec{phase: record.PhaseSoak, why: "the answer, for as long as was asked", min: d, max: d, need: boundIterations, exact: true}
	var h *hold
	var err error
	if held := c.bracket.confirmed; held != nil {
		if err := c.drain(); err != nil {
			return err
		}
		h, err = c.holdRate(held.level, o)
	} else {
		h, err = c.holdVUs(c.closed.lo.vus(), o)
	}
	if err != nil {
		return err
	}
	if !h.pass {
		return c.end(record.VerdictUnstable, h.cause, "what held for %.0f s did not hold for %s: %s", confirmTime, c.opt.Soak, c.describe(h))
	}
	return nil
}

// byVUs is the default: virtual users explore, arrivals test.
func (c *controller) byVUs() error {
	one, err := c.probe()
	if err != nil {
		return err
	}
	if one != nil {
		g, err := c.testBaseline(one)
		if err != nil {
			return err
		}
		c.open.widthFactor, c.open.expectedCause = 1, g.cause
		return c.test(g)
	}
	return c.exploreAndTest()
}

// exploreAndTest finds with virtual users where the limit is, and tests it with arrivals.
func (c *controller) exploreAndTest() error {
	if err := c.explore(); err != nil {
		return err
	}
	if err := c.narrowKnee(); err != nil {
		return err
	}
	if !c.closed.falling {
		c.closed.plateau = c.finalPlateau()
	}
	if x := c.closed.plateau.goodput; x == 0 || c.now+boundIterations/x > c.budget {
		return c.outOfTime(c.closed.lo)
	}
	if c.staysInVUs() {
		return c.confirmVUs()
	}
	g, err := c.guessFromVUs()
	if err != nil {
		return err
	}
	if err := c.handOver(); err != nil {
		return err
	}
	return c.test(g)
}

// test holds arrivals around a guess until both sides of the limit are known.
func (c *controller) test(g guess) error {
	if c.open.falling {
		return c.holdBelowCollapse(g)
	}
	if err := c.testAround(g); err != nil {
		return err
	}
	if err := c.search(); err != nil {
		return err
	}
	return c.refreshVUs()
}

// complete fills in the defaults and refuses what cannot be.
func (o Options) complete() (Options, error) {
	o.By = first(o.By, record.ByVUs)
	o.Tolerance = first(o.Tolerance, .05)
	o.Resolution = first(o.Resolution, .03)
	o.Budget = first(o.Budget, startBudget)
	o.Backoff = first(o.Backoff, "iteration")
	o.MaxRegression = first(o.MaxRegression, .1)
	if o.By == record.ByRate {
		o.Max = first(o.Max, math.Inf(1))
	}
	o.Max = first(o.Max, 10000)
	switch {
	case o.By != record.ByVUs && o.By != record.ByRate && o.By != record.BySessions:
		return o, usageError{"control", string(o.By), "is none of vus, rate, sessions"}
	case !(o.Tolerance > 0 && o.Tolerance < 1):
		return o, usageError{"tolerance", units.Percent(o.Tolerance, 1), "is not between 0 % and 100 %"}
	case !(o.Resolution >= .005 && o.Resolution <= .5):
		return o, usageError{"resolution", units.Percent(o.Resolution, 1), "is not between 0.5 % and 50 %"}
	case o.Budget < 5*time.Second:
		return o, usageError{"budget", o.Budget.String(), "is too short for any answer: 5s at least"}
	case !(o.Max >= 1):
		return o, usageError{"max", units.Precise(o.Max), "is below the start, which is one"}
	case !(o.MaxRegression > 0 && o.MaxRegression < 1):
		return o, usageError{"max-regression", units.Percent(o.MaxRegression, 1), "is not between 0 % and 100 %"}
	case o.From != nil && (o.From.Capacity == nil || !(o.From.Capacity.Goodput > 0)):
		return o, usageError{"from", string(o.From.Verdict), "is an answer without a number: nothing to compare with"}
	}
	return o, nil
}

// first is x, or the default where x is not set.
func first[T comparable](x, otherwise T) T {
	if x == *new(T) {
		return otherwise
	}
	return x
}
