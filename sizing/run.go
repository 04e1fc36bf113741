package sizing

import (
	"context"
	"math"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
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
	if o.By != ByRate {
		c.closed.max = int(min(o.Max, math.MaxInt32))
	}
	c.closed.stretch, c.closed.dispersion, c.open.stretch, c.open.widthFactor, c.open.backlogMargin = 1, 1, 1, 1, 1
	return c
}

// run lets the controller go until it ends, and says how.
func (c *controller) run() ending {
	e := ends(c.size)
	if e.verdict != Found || c.opt.Soak == 0 || c.bracket.confirmed == nil && c.closed.lo == nil {
		return e
	}
	if soaked := ends(c.soak); soaked.verdict != Found {
		return soaked
	}
	return e
}

// ends runs a part of the controller, and says how it ended.
func ends(part func()) (e ending) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case ending:
			e = r
		default:
			panic(r)
		}
	}()
	part()
	return ending{verdict: Found}
}

// size looks for the answer in the way that was asked for.
func (c *controller) size() {
	switch {
	case c.opt.From != nil:
		c.recheck()
	case c.opt.By == ByRate:
		c.byRate()
	case c.opt.By == BySessions:
		c.bySessions()
	default:
		c.byVUs()
	}
}

// soak keeps the answer for as long as was asked.
func (c *controller) soak() {
	d := c.opt.Soak.Seconds()
	c.budget = max(c.budget, c.now) + 2*d
	o := holdSpec{phase: "soak", why: "the answer, for as long as was asked", min: d, max: d, need: boundIterations, exact: true}
	var h *hold
	if held := c.bracket.confirmed; held != nil {
		c.drain()
		h = c.holdRate(held.level, o)
	} else {
		h = c.holdVUs(c.closed.lo.vus(), o)
	}
	if !h.pass {
		c.end(Unstable, h.cause, "what held for %.0f s did not hold for %s: %s", confirmTime, c.opt.Soak, c.describe(h))
	}
}

// byVUs is the default: virtual users explore, arrivals test.
func (c *controller) byVUs() {
	if one := c.probe(); one != nil {
		g := c.testBaseline(one)
		c.open.widthFactor, c.open.expectedCause = 1, g.cause
		c.test(g)
		return
	}
	c.exploreAndTest()
}

// exploreAndTest finds with virtual users where the limit is, and tests it with arrivals.
func (c *controller) exploreAndTest() {
	c.explore()
	c.narrowKnee()
	if !c.closed.falling {
		c.closed.plateau = c.finalPlateau()
	}
	if x := c.closed.plateau.goodput; x == 0 || c.now+boundIterations/x > c.budget {
		c.outOfTime(c.closed.lo)
	}
	if c.staysInVUs() {
		c.confirmVUs()
		return
	}
	g := c.guessFromVUs()
	c.handOver()
	c.test(g)
}

// test holds arrivals around a guess until both sides of the limit are known.
func (c *controller) test(g guess) {
	if c.open.falling {
		c.holdBelowCollapse(g)
		return
	}
	c.testAround(g)
	c.search()
	c.refreshVUs()
}

// complete fills in the defaults and refuses what cannot be.
func (o Options) complete() (Options, error) {
	o.By = first(o.By, ByVUs)
	o.Tolerance = first(o.Tolerance, .05)
	o.Resolution = first(o.Resolution, .03)
	o.Budget = first(o.Budget, startBudget)
	o.Backoff = first(o.Backoff, "iteration")
	o.MaxRegression = first(o.MaxRegression, .1)
	if o.By == ByRate {
		o.Max = first(o.Max, math.Inf(1))
	}
	o.Max = first(o.Max, 10000)
	switch {
	case o.By != ByVUs && o.By != ByRate && o.By != BySessions:
		return o, usageError{"control", string(o.By), "is none of vus, rate, sessions"}
	case !(o.Tolerance > 0 && o.Tolerance < 1):
		return o, usageError{"tolerance", percent(o.Tolerance), "is not between 0 % and 100 %"}
	case !(o.Resolution >= .005 && o.Resolution <= .5):
		return o, usageError{"resolution", percent(o.Resolution), "is not between 0.5 % and 50 %"}
	case o.Budget < 5*time.Second:
		return o, usageError{"budget", o.Budget.String(), "is too short for any answer: 5s at least"}
	case !(o.Max >= 1):
		return o, usageError{"max", number(o.Max), "is below the start, which is one"}
	case !(o.MaxRegression > 0 && o.MaxRegression < 1):
		return o, usageError{"max-regression", percent(o.MaxRegression), "is not between 0 % and 100 %"}
	case o.From != nil && (o.From.Capacity == nil || !(o.From.Capacity.Goodput > 0)):
		return o, usageError{"from", o.From.Verdict, "is an answer without a number: nothing to compare with"}
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
