package sizing

import (
	"math"
	"slices"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// open is what arrivals showed.
type open struct {
	safeRate        float64      // a rate that is harmless
	safeInFlight    float64      // what the best pass left in flight
	stretch         float64      // multiplies holds after contradictions
	saturated       pool         // goodput while rejecting
	backlogged      pool         // goodput while a backlog grew
	bestGoodput     float64      // surely reached goodput
	falling         bool         // goodput above the limit is lower, surely
	widthFactor     float64      // width of the interval, in resolutions
	expectedCause   record.Cause // cause that is expected above the guess
	backlogMargin   float64      // standard errors above the plateau that make an undecided hold a backlog
	stalls          []float64
	stallPeriod     float64 // of stalls, seconds
	inversions      int     // what passed failed later
	rises           int     // what failed passed later
	backlogMeasured bool    // the plateau of a backlog was

	needBounds, needTest float64 // budgets, seconds
}

// holdRate holds arrivals at a rate until the verdict is known well enough, or time is up.
func (c *controller) holdRate(rate float64, o holdSpec) (*hold, error) {
	for try := 1; ; try++ {
		h, err := c.holdRateOnce(rate, o)
		if err != nil {
			return nil, err
		}
		if !h.void {
			return h, nil
		}
		if err := c.giveUp(try); err != nil {
			return nil, err
		}
		if err := c.setArrivals(rate / 2); err != nil {
			return nil, err
		}
		if _, err := c.wait(cooldown); err != nil {
			return nil, err
		}
		o.why = "the generator was in trouble: the same again"
	}
}

func (c *controller) holdRateOnce(rate float64, o holdSpec) (*hold, error) {
	t1 := c.unloaded.iteration
	settle := max(clamp(5*t1+c.opt.slowest(), .25, 1.5), 1.2*t1) // an arrival is in flight for a whole iteration
	c.announce(o, record.ByRate, rate)
	if err := c.setArrivals(rate); err != nil {
		return nil, err
	}
	if _, err := c.wait(settle); err != nil {
		return nil, err
	}
	h := c.newHold(o, true, rate)
	h.settle = settle
	if !o.ramp && !o.exact {
		g := min(c.stretch(rate)*c.open.stretch, longestStretch)
		if o.phase == record.PhaseConfirm {
			g = c.stretch(rate)
		}
		h.min, h.max = o.min*g, o.max*g
		if p := c.open.stallPeriod; p > 0 { // whole stall periods
			h.min = math.Ceil(max(h.min, 2*p)/p) * p
			h.max = max(h.max, 2*h.min)
		}
	}
	if h.maxInFlight == 0 {
		h.maxInFlight = c.backlogLimit(rate)
	}
	for decided := false; !decided; {
		t, err := c.stepArrivals(rate)
		if err != nil {
			return nil, err
		}
		h.add(t, c.reckoning())
		decided = c.generatorOverloaded(h, h.max) || h.is(c.arrivalsJudge(h).arrivals(h))
	}
	if !c.generatorOverloaded(h, h.length()) {
		c.poolHold(h)
	}
	return c.close(h), nil
}

// longestStretch is how many times longer a hold takes at most, for slow and uneven services.
const longestStretch = 2.5

// backlogLimit is how many in flight are a backlog without any further question:
// several times what virtual users have tried, and what arrives in a few
// iterations and two seconds.
func (c *controller) backlogLimit(rate float64) float64 {
	tried := 0.0
	for _, h := range c.vuHolds() {
		tried = max(tried, h.level)
	}
	return max(4*tried, 128, rate*(2+4*c.unloaded.iteration))
}

// arrivalsJudge is who judges a hold of arrivals, as things are known now.
func (c *controller) arrivalsJudge(h *hold) arrivalsJudge {
	o := &c.open
	return arrivalsJudge{
		judge: c.judge(h), limits: c.limits(), saturated: o.saturated, backlogged: o.backlogged, margin: o.backlogMargin,
		period: o.stallPeriod, objectives: len(c.opt.Objectives) > 0, fromVUs: c.bracket.fromVUs,
	}
}

// poolHold pools what a saturated hold says of the plateau.
func (c *controller) poolHold(h *hold) {
	o, d, tolerance := &c.open, h.length(), c.opt.Tolerance
	if h.cause == record.CauseBacklog && h.sum.failed < .01*h.sum.ended() {
		o.backlogged = o.backlogged.with(h.work, d)
	}
	whole := o.stallPeriod == 0 || d >= 1.9*o.stallPeriod
	if h.share() > .8*tolerance && h.recentShare() > .8*tolerance && !h.nearlyAllFail() && d >= .9 && whole {
		o.saturated = o.saturated.follow(h.work, d)
	}
	noise := math.Sqrt(h.work / d)
	switch {
	case h.pass:
		o.bestGoodput = max(o.bestGoodput, h.work-2*noise)
	case d >= .9 && h.work+3*noise < .92*o.bestGoodput && h.level > o.bestGoodput && h.lastShare < .9:
		o.falling = o.falling || c.policy.has(tellsRetrograde)
	}
}

// stepArrivals lets a tick go by, and looks for a stall: nearly nothing
// completed although plenty was waiting. Three of them have a period.
func (c *controller) stepArrivals(rate float64) (Tick, error) {
	t, err := c.step(tick)
	if err != nil {
		return Tick{}, err
	}
	var s sums
	s.add(t)
	o, expected := &c.open, rate*tick
	stalled := expected > 25 && s.ended() < min(.35*expected, expected-4.5*math.Sqrt(expected)) && float64(t.InFlight) > .5*expected
	if n := len(o.stalls); !stalled || n > 0 && c.now-o.stalls[n-1] <= 3*tick {
		return t, nil
	}
	o.stalls = append(o.stalls, c.now)
	if len(o.stalls) < 3 {
		return t, nil
	}
	var gaps []float64
	for i := 1; i < len(o.stalls); i++ {
		gaps = append(gaps, o.stalls[i]-o.stalls[i-1])
	}
	slices.Sort(gaps)
	if p := min(gaps[len(gaps)/4], 10); math.Abs(p-o.stallPeriod) > .5 {
		o.stallPeriod = p
		o.saturated = pool{}
	}
	return t, nil
}
