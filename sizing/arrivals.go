package sizing

import (
	"math"
	"slices"
)

// open is what arrivals showed.
type open struct {
	safeRate        float64 // a rate that is harmless
	safeInFlight    float64 // what the best pass left in flight
	stretch         float64 // multiplies holds after contradictions
	saturated       pool    // goodput while rejecting
	backlogged      pool    // goodput while a backlog grew
	bestGoodput     float64 // surely reached goodput
	falling         bool    // goodput above the limit is lower, surely
	widthFactor     float64 // width of the interval, in resolutions
	expectedCause   string  // cause that is expected above the guess
	backlogMargin   float64 // standard errors above the plateau that make an undecided hold a backlog
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
	c.announce(o, ByRate, rate)
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
		if o.phase == "confirm" {
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
	a := bound(sureError)
	if o.ramp {
		a = bound(doubtfulError)
	}
	for decided := false; !decided; {
		var err error
		if decided, err = c.judgeArrivals(h, a); err != nil {
			return nil, err
		}
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

// judgeArrivals lets a tick go by and says whether the hold is decided.
func (c *controller) judgeArrivals(h *hold, a float64) (bool, error) {
	t, err := c.stepArrivals(h.level)
	if err != nil {
		return false, err
	}
	h.add(c, t)
	if c.generatorOverloaded(h, h.max) {
		return true, nil
	}
	d := h.length()
	if h.endInFlight > h.maxInFlight && h.endInFlight > h.startInFlight {
		h.cause = causeBacklog
		return true, nil
	}
	if d >= .99 && h.sum.started > 30 {
		if h.cause = c.failsEarly(h, a); h.cause != "" {
			return true, nil
		}
	}
	switch {
	case h.ramp && d >= h.min && h.sum.ended() >= 15 && h.wellWithin() && h.growth < 2.5:
		h.pass = true
		return true, nil
	case c.decideByPool(h):
		return true, nil
	case d >= h.min && h.within(a, c.policy) && (h.growth < 1 && !c.abovePlateau(h) || h.ramp && h.growth < 2.5):
		h.pass = true
		return true, nil
	case d >= h.max && (h.sum.ended() >= 60 || d >= 3*h.max) && !c.mayStillPass(h):
		c.decideByLastHalf(h)
		return true, nil
	}
	return false, nil
}

// failsEarly looks for a cause to stop early: a backlog that grows whatever ticks
// are left out, or too many bad ones.
func (c *controller) failsEarly(h *hold, a float64) string {
	trim := 2 + h.ticks()/10
	if h.length() >= max(2*h.min, 6) {
		trim = h.ticks() / 10
	}
	missing, sent := trimmed(h.unfinished, h.started, trim)
	over := (missing - c.opt.Tolerance*sent) / math.Sqrt((1+c.closed.dispersion)*max(sent, 1))
	if over > 3 && h.endInFlight-h.startInFlight > h.sum.failed && h.growth > 3 {
		return causeBacklog
	}
	if c.collapses(h) {
		return causeBacklog
	}
	if h.ticks() < 4 {
		return ""
	}
	return h.earlyCause(a, c.effectGate, trim, c.policy)
}

// collapses says whether much of what arrived during the last seconds is
// still there: of a hold that went well before, the whole would show it late.
func (c *controller) collapses(h *hold) bool {
	before := h.ticks() - 1 - int(math.Ceil(max(collapseTime, 2*c.unloaded.iteration)/tick))
	if before < 0 {
		return false
	}
	sent, more := sum(h.started[before+1:]), h.endInFlight-h.inFlightByTick[before]
	return more > collapseShare*sent && more > 4*math.Sqrt((1+c.closed.dispersion)*sent)
}

const (
	collapseTime  = 3.0 // seconds
	collapseShare = .4  // of the arrivals that did not end
)

// decideByPool decides by the saturated goodput of all holds, which says on which
// side of the limit a rate is.
func (c *controller) decideByPool(h *hold) bool {
	d, p := h.length(), c.open.stallPeriod
	tolerance, lately := c.opt.Tolerance, h.recentShare()
	full := c.open.saturated
	if lately > .8*tolerance {
		full = full.with(h.work, d)
	}
	limit := c.limitOf(full)
	usable := limit > 0 && d >= h.min && d >= 4 && len(c.opt.Objectives) == 0 &&
		math.Abs(h.level/limit-1) > .008 && h.growth < 2 && (p == 0 || d >= 2*p)
	if !usable {
		return false
	}
	z := (h.level/limit - 1) * math.Sqrt(full.count)
	switch {
	case z < -1 && lately < 1.4*tolerance && lately < tolerance+.02 && !c.overTolerance(h):
		h.pass = true
	case z > 1 && lately > .7*tolerance:
		h.cause = causeFailures
	}
	return h.pass || h.cause != ""
}

// overTolerance says whether more failed than is tolerated in a hold that is
// to be told as carried: there the pool may not decide otherwise.
func (c *controller) overTolerance(h *hold) bool {
	return h.phase == "confirm" && h.share() > c.opt.Tolerance
}

// mayStillPass says whether a hold that is to be told as carried goes on for
// longer: more failed than is tolerated, but the pool says that fewer will.
func (c *controller) mayStillPass(h *hold) bool {
	if !c.overTolerance(h) || c.spent() {
		return false
	}
	d := h.length()
	return d < 1.8*h.max && h.share() < 2*c.opt.Tolerance &&
		h.level < c.limitOf(c.open.saturated.with(h.work, d))
}

// decideByLastHalf decides what the tests left open when time was up.
func (c *controller) decideByLastHalf(h *hold) {
	h.marginal = true
	lately, d, p := h.recentShare(), h.length(), c.open.stallPeriod
	limit := 0.0
	if lately > .02 && lately < .3 {
		limit = c.limitOf(c.open.saturated.with(h.work, d))
	}
	switch {
	case c.overTolerance(h):
		h.cause = causeFailures
	case limit > 0 && (p == 0 || d >= 2*p):
		if h.level > limit {
			h.cause = causeFailures
		}
	case h.exceededCause() != "":
		h.cause = h.exceededCause()
	case h.growth > 2 || c.abovePlateau(h):
		h.cause = causeBacklog
	}
	h.pass = h.cause == ""
}

// abovePlateau says whether a rate is above the plateau that was measured, and the
// backlog does not show otherwise: a little above, it takes minutes to show at
// all. A plateau that arrivals alone have shown, in passing, decides only what
// is undecided when time is up.
func (c *controller) abovePlateau(h *hold) bool {
	b, d := c.open.backlogged, c.closed.dispersion
	if b.count == 0 || h.ramp || h.level <= b.rate()*(1+c.open.backlogMargin*math.Sqrt(d/b.count)) {
		return false
	}
	if !c.bracket.fromVUs {
		return h.marginal && h.endInFlight > h.startInFlight
	}
	expected := (h.level - b.rate()) * h.length()
	return h.endInFlight-h.startInFlight > expected-2*math.Sqrt((1+d)*h.sum.started)
}

// poolHold pools what a saturated hold says of the plateau.
func (c *controller) poolHold(h *hold) {
	o, d, tolerance := &c.open, h.length(), c.opt.Tolerance
	if h.cause == causeBacklog && h.sum.failed < .01*h.sum.ended() {
		o.backlogged = o.backlogged.with(h.work, d)
	}
	whole := o.stallPeriod == 0 || d >= 1.9*o.stallPeriod
	if h.share() > .8*tolerance && h.recentShare() > .8*tolerance && !h.nearlyAllFail() && d >= .9 && whole {
		if o.saturated.seconds > 0 {
			x := o.saturated.rate()
			if math.Abs(h.work-x) > 3.5*math.Sqrt(1.5)*math.Sqrt(x/d+x/o.saturated.seconds) { // capacity moved
				o.saturated = pool{}
			}
		}
		o.saturated = o.saturated.with(h.work, d)
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
