package sizing

import (
	"cmp"
	"math"
	"slices"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// plateau is the goodput that more users do not raise.
type plateau struct {
	goodput float64
	se      float64 // relative
	count   float64 // iterations
	seconds float64
	from    int // users
	to      int
	kind    record.PlateauKind
}

// vuHolds are the holds of virtual users that still count: those after the last rise.
func (c *controller) vuHolds() []*hold {
	var hs []*hold
	for _, h := range c.holds[c.staleHolds:] {
		if !h.arrivals && !h.void {
			hs = append(hs, h)
		}
	}
	return hs
}

// curve is goodput over virtual users, as known now.
func (c *controller) curve() loadCurve { return curveOf(c.vuHolds()) }

// judgeCurve finds the best goodput, and whether it falls beyond it. More at
// the same number later is a rise, and makes every fall doubtful: the smaller
// numbers were tried earlier.
func (c *controller) judgeCurve() {
	s := &c.closed
	holds := c.vuHolds()
	for i, h := range holds {
		for _, g := range holds[:i] {
			if rose(g, h) && c.policy.has(tellsRises) {
				s.rising = true
			}
		}
	}
	ps := curveOf(holds)
	top := ps.best()
	s.best, s.bestVUs = top.work, top.vus
	s.falling = ps.falls() && !s.rising && !s.fallRefuted && c.policy.has(tellsRetrograde)
	for _, h := range holds { // a service that rejects has its plateau above the limit
		if h.rejecting() && h.work > s.best && !s.falling {
			s.best = h.work
		}
	}
}

// rose says whether the same number of users gave more later: by 6 %, and by
// three standard errors.
func rose(before, after *hold) bool {
	comparable := before.level == after.level && before.cause != record.CauseFailures && after.cause != record.CauseFailures && before.work > 0 && !after.nearlyAllFail() && !before.nearlyAllFail()
	return comparable && after.work > 1.06*before.work && after.work-before.work > 3*math.Hypot(after.se*after.work, before.se*before.work)
}

// pooledPlateau puts together the saturated holds that agree.
func (c *controller) pooledPlateau() plateau {
	full := c.fillingVUs()
	var saturated []*hold
	for _, h := range c.vuHolds() {
		fills := h.level >= 1.3*full || h.rejecting() && h.share() > 2*c.opt.Tolerance
		if fills && !h.nearlyAllFail() && !h.forLatency() && h.sum.ended() > 0 && h.work > 0 {
			saturated = append(saturated, h)
		}
	}
	if len(saturated) == 0 {
		return plateau{se: 1, kind: record.PlateauNone}
	}
	return plateauOf(agreeing(saturated), "flat")
}

// agreeing are the holds whose goodput is about the median one, by rising goodput.
func agreeing(hs []*hold) []*hold {
	middle := medianWork(hs)
	var agree []*hold
	for _, h := range hs {
		if math.Abs(h.work/middle-1) <= max(.02, 3*h.se) {
			agree = append(agree, h)
		}
	}
	return agree
}

// plateauOf is the goodput of several holds together; its error is that of
// their weights, by inverse variance.
func plateauOf(hs []*hold, kind record.PlateauKind) plateau {
	p := plateau{kind: kind, from: hs[0].vus()}
	information := 0.0
	for _, h := range hs {
		p.count += h.work * h.length()
		p.seconds += h.length()
		information += 1 / (h.se * h.se)
		p.from, p.to = min(p.from, h.vus()), max(p.to, h.vus())
	}
	p.goodput, p.se = p.count/p.seconds, 1/math.Sqrt(information)
	return p
}

// medianWork is the goodput below which half of what is known lies: a long hold
// counts for more than several short ones, made while less was known.
func medianWork(hs []*hold) float64 {
	slices.SortFunc(hs, func(a, b *hold) int { return cmp.Compare(a.work, b.work) })
	all, below := 0.0, 0.0
	for _, h := range hs {
		all += 1 / (h.se * h.se)
	}
	for _, h := range hs {
		if below += 1 / (h.se * h.se); below >= all/2 {
			return h.work
		}
	}
	return hs[len(hs)-1].work
}

// explore ramps, and again when the same number of users gave more later: a
// service that warms up or scales is sized as it is at the end.
func (c *controller) explore() error {
	s := &c.closed
	for try := 0; ; try++ {
		if err := c.ramp(); err != nil {
			return err
		}
		if c.policy.has(measuresPlateau) {
			if err := c.measurePlateau(); err != nil {
				return err
			}
		}
		if !s.rising || try == 3 || c.now > c.budget/2 {
			break
		}
		c.note("the same load gave more later: what was seen before is not used")
		if err := c.startOver(1); err != nil {
			return err
		}
		c.unloaded.iteration = max(s.lo.mean, minIteration)
	}
	s.plateau = c.finalPlateau()
	c.measureDispersion()
	return nil
}

// startOver forgets the holds of virtual users and begins again with n of them.
func (c *controller) startOver(n int) error {
	s := &c.closed
	c.staleHolds = len(c.holds)
	h, err := c.holdVUs(n, holdSpec{phase: record.PhaseProbe, why: "goodput rose: all over again", min: 1, max: 4, need: 20, ramp: true})
	if err != nil {
		return err
	}
	s.rising, s.falling, s.fallRefuted, s.everRose, s.hi, s.lo = false, false, false, true, nil, h
	s.best, s.bestVUs = h.work, n
	return nil
}

const staleUsers = "capacity rose after the ramp, and no time was left to see what it means for virtual users"

// refreshVUs looks at virtual users again when arrivals have shown that
// capacity rose since: the answer in users would be that of another service.
func (c *controller) refreshVUs() error {
	s, h := &c.closed, c.bracket.confirmed
	if !c.policy.has(tellsRises) || s.falling || len(c.opt.Objectives) > 0 || h.level*(1-h.share()) < 1.06*s.plateau.goodput {
		return nil
	}
	if c.now > .8*c.budget {
		s.everRose = true
		c.note(staleUsers)
		return nil
	}
	err := c.rampAnew()
	if v := stopOf(err).verdict; v == record.VerdictBudget || v == record.VerdictMax {
		c.note(staleUsers)
		return nil
	}
	return err
}

// rampAnew begins half-way to the old knee, and leaves what virtual users say now.
func (c *controller) rampAnew() error {
	s := &c.closed
	was, rose := s.plateau.goodput, s.everRose
	if err := c.startOver(max(1, s.knee/2)); err != nil {
		return err
	}
	if err := c.ramp(); err != nil {
		return err
	}
	s.plateau = c.finalPlateau()
	if err := c.narrowKnee(); err != nil {
		return err
	}
	if s.plateau.goodput < 1.06*was { // arrivals did better for another reason
		s.everRose = rose
	}
	return nil
}

// finalPlateau is the pool, or the peak where goodput falls.
func (c *controller) finalPlateau() plateau {
	s := &c.closed
	p := c.pooledPlateau()
	if !s.falling && p.goodput > 0 {
		return p
	}
	q := c.curve().at(s.bestVUs)
	if q.vus == 0 {
		return p
	}
	return plateau{
		goodput: q.work, se: 1 / math.Sqrt(q.weight) / q.work, count: q.work * q.seconds, seconds: q.seconds,
		from: q.vus, to: q.vus, kind: record.PlateauPeak,
	}
}

// enoughToGuess is the relative error of a plateau from which arrivals find the limit at once.
const enoughToGuess = .03

// measurePlateau adds the iterations that the plateau's precision wants, at a
// number of users of the ramp, so that a drift shows. No overload is needed.
func (c *controller) measurePlateau() error {
	s := &c.closed
	if err := c.remeasureOneVU(); err != nil {
		return err
	}
	p := c.pooledPlateau()
	aim := c.opt.Resolution / 3
	if s.hi == nil {
		aim = c.opt.Resolution / 4
	}
	if p.goodput > 0 && p.se <= aim {
		return nil
	}
	if n := c.plateauVUs(); s.hi != nil && n >= s.hi.vus() && s.hi.cause == record.CauseFailures && p.se < enoughToGuess {
		return nil // where only a load that fails is large enough: arrivals tell it as well, with fewer failures
	}
	rate := max(p.goodput, s.best)
	c.measureDispersion()
	need := rate * confirmTime * c.stretch(rate) * c.closed.dispersion
	if s.falling {
		peak := c.curve().at(s.bestVUs)
		need = max(1/(peakError*peakError)-peak.work*peak.seconds, rate)
	}
	if p.goodput > 0 {
		excess := p.se / aim
		need = min(need, p.count*(excess*excess-1))
	}
	longest := clamp(need/rate, 1, confirmTime*c.stretch(rate))
	h, err := c.holdVUs(c.plateauVUs(), holdSpec{phase: record.PhasePlateau, why: "goodput that more users do not raise, precisely", min: 1, max: longest, need: need})
	if err != nil {
		return err
	}
	c.judgeCurve()
	if s.falling && !s.rising && !c.curve().clearlyFalls(s.best) {
		return c.verifyFall(h)
	}
	return nil
}

// remeasureOneVU measures one user's goodput again where it is nearly that of more: it
// may be the peak itself, and the probe saw it for a second, with everything cold.
func (c *controller) remeasureOneVU() error {
	s, first := &c.closed, c.vuHolds()[0]
	if first.vus() != 1 || first.work < loneShare*s.best || s.lo.vus() == 1 {
		return nil
	}
	need := 1 / (peakError * peakError)
	_, err := c.holdVUs(1, holdSpec{
		phase: record.PhasePlateau, why: "one user gets nearly as much as more do: is that the peak?",
		min: 4, max: clamp(need/first.work, 4, confirmTime), need: need,
	})
	if err != nil {
		return err
	}
	c.judgeCurve()
	return nil
}

// loneShare is the share of the best goodput from which on one user may be the best.
const loneShare = .85

// verifyFall looks at the best and at the largest number of users once more,
// and decides by these two alone: the best of a dozen noisy holds looks like a
// peak, and a service that warms up is slower at the numbers tried first.
func (c *controller) verifyFall(best *hold) error {
	s := &c.closed
	seconds := clamp(1/(peakError*peakError*max(s.best, 1)), 2, clamp(c.budget-c.now, 2, confirmTime))
	o := holdSpec{phase: record.PhasePlateau, why: "goodput seems to fall with more users: by chance, or slower earlier?", min: seconds, max: seconds, need: math.Inf(1)}
	if best.vus() != s.bestVUs {
		var err error
		if best, err = c.holdVUs(s.bestVUs, o); err != nil {
			return err
		}
	}
	last, err := c.holdVUs(s.largest(), o)
	if err != nil {
		return err
	}
	s.fallRefuted = last.work > .95*best.work || best.work-last.work < 2*math.Hypot(best.se*best.work, last.se*last.work)
	c.judgeCurve()
	return nil
}

// peakError is the relative error that a peak is measured to: what is carried
// is decided elsewhere on the curve.
const peakError = .025

// measureDispersion finds how much goodput varies while the service is full: a mix
// of short and long scenarios completes far more unevenly than one of equals.
func (c *controller) measureDispersion() {
	ticks, d := 4.0, 4.0 // weight of the usual
	for _, h := range c.vuHolds() {
		if h.level >= 1.3*c.fillingVUs() && h.pass && h.ticks() >= 4 {
			k := float64(h.ticks())
			ticks, d = ticks+k, d+k*dispersion(h.good)
		}
	}
	c.closed.dispersion = clamp(d/ticks, 1, 4)
}

// largest is the largest number of users that says something about goodput.
func (s *closed) largest() int {
	if s.hi != nil && s.hi.cause != record.CauseFailures {
		return s.hi.vus()
	}
	return s.lo.vus()
}

// plateauVUs is the smallest number of the ramp that surely fills the service.
func (c *controller) plateauVUs() int {
	s, full := &c.closed, c.fillingVUs()
	if s.falling {
		return s.bestVUs
	}
	n := s.lo.vus()
	for _, h := range c.vuHolds() {
		if h.level >= fullFactor*full {
			n = min(n, h.vus())
		}
	}
	if float64(n) < 1.3*full && s.hi != nil {
		n = s.hi.vus()
	}
	return n
}
