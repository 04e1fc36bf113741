package sizing

import (
	"cmp"
	"math"
	"slices"
)

// plateau is the goodput that more users do not raise.
type plateau struct {
	goodput float64
	se      float64 // relative
	count   float64 // iterations
	seconds float64
	from    int // users
	to      int
	kind    string
}

// point is what all holds at one number of users say together.
type point struct {
	vus     int
	work    float64
	weight  float64 // inverse variance
	seconds float64
	mean    float64
}

// curve pools the holds of virtual users by their number. Holds in which
// nearly everything failed, and those beyond the tolerance, say nothing about it.
func (c *controller) curve() []point {
	var ps []point
	for _, h := range c.vuHolds() {
		if h.cause == causeFailures || h.work <= 0 || h.nearlyAllFail() {
			continue
		}
		i := slices.IndexFunc(ps, func(p point) bool { return p.vus == h.vus() })
		if i < 0 {
			i = len(ps)
			ps = append(ps, point{vus: h.vus()})
		}
		p, w := &ps[i], 1/(h.se*h.se*h.work*h.work)
		p.work = (p.work*p.weight + h.work*w) / (p.weight + w)
		p.weight += w
		p.mean = (p.mean*p.seconds + h.mean*h.length()) / (p.seconds + h.length())
		p.seconds += h.length()
	}
	slices.SortFunc(ps, func(a, b point) int { return cmp.Compare(a.vus, b.vus) })
	return ps
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

// judgeCurve finds the best goodput, and whether it falls beyond it: lower by
// 5 % and by three standard errors. More at the same number later is a rise,
// and makes every fall doubtful: the smaller numbers were tried earlier.
func (c *controller) judgeCurve() {
	s := &c.closed
	holds := c.vuHolds()
	for i, h := range holds {
		for _, g := range holds[:i] {
			if c.rose(g, h) {
				s.rising = true
			}
		}
	}
	ps := c.curve()
	s.best, s.bestVUs, s.falling = 0, 0, false
	var top point
	for _, p := range ps {
		if p.work > s.best {
			s.best, s.bestVUs, top = p.work, p.vus, p
		}
	}
	for _, p := range ps {
		z := (s.best - p.work) / math.Sqrt(1/p.weight+1/top.weight)
		if p.vus > s.bestVUs && p.work < .95*s.best && z > 3 && !s.rising && !s.fallRefuted && c.policy.has(tellsRetrograde) {
			s.falling = true
		}
	}
	for _, h := range holds { // a service that rejects has its plateau above the limit
		if h.rejecting() && h.work > s.best && !s.falling {
			s.best = h.work
		}
	}
}

// rose says whether the same number of users gave more later.
func (c *controller) rose(before, after *hold) bool {
	comparable := before.level == after.level && before.cause != causeFailures && after.cause != causeFailures && before.work > 0 && !after.nearlyAllFail() && !before.nearlyAllFail()
	return comparable && c.policy.has(tellsRises) &&
		after.work > 1.06*before.work && after.work-before.work > 3*math.Hypot(after.se*after.work, before.se*before.work)
}

// pooledPlateau puts together the saturated holds that agree.
func (c *controller) pooledPlateau() plateau {
	full := c.fillingVUs()
	var sat []*hold
	for _, h := range c.vuHolds() {
		saturated := h.level >= 1.3*full || h.rejecting() && h.share() > 2*c.opt.Tolerance
		if saturated && !h.nearlyAllFail() && !h.forLatency() && h.sum.ended() > 0 && h.work > 0 {
			sat = append(sat, h)
		}
	}
	p := plateau{se: 1, kind: "none"}
	if len(sat) == 0 {
		return p
	}
	middle := medianWork(sat)
	information := 0.0
	for _, h := range sat {
		if math.Abs(h.work/middle-1) > max(.02, 3*h.se) {
			continue
		}
		p.count += h.work * h.length()
		p.seconds += h.length()
		information += 1 / (h.se * h.se)
		if p.from == 0 || h.vus() < p.from {
			p.from = h.vus()
		}
		p.to = max(p.to, h.vus())
	}
	p.goodput, p.se, p.kind = p.count/p.seconds, 1/math.Sqrt(information), "flat"
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
	h, err := c.holdVUs(n, holdSpec{phase: "probe", why: "goodput rose: all over again", min: 1, max: 4, need: 20, ramp: true})
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
	if v := stopOf(err).verdict; v == Budget || v == Maximum {
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
	for _, q := range c.curve() {
		if q.vus == s.bestVUs {
			return plateau{
				goodput: q.work, se: 1 / math.Sqrt(q.weight) / q.work, count: q.work * q.seconds, seconds: q.seconds,
				from: q.vus, to: q.vus, kind: "peak",
			}
		}
	}
	return p
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
	if n := c.plateauVUs(); s.hi != nil && n >= s.hi.vus() && s.hi.cause == causeFailures && p.se < enoughToGuess {
		return nil // where only a load that fails is large enough: arrivals tell it as well, with fewer failures
	}
	rate := max(p.goodput, s.best)
	c.measureDispersion()
	need := rate * confirmTime * c.stretch(rate) * c.closed.dispersion
	if s.falling {
		need = max(1/(peakError*peakError)-c.countAt(s.bestVUs), rate)
	}
	if p.goodput > 0 {
		excess := p.se / aim
		need = min(need, p.count*(excess*excess-1))
	}
	longest := clamp(need/rate, 1, confirmTime*c.stretch(rate))
	h, err := c.holdVUs(c.plateauVUs(), holdSpec{phase: "plateau", why: "goodput that more users do not raise, precisely", min: 1, max: longest, need: need})
	if err != nil {
		return err
	}
	c.judgeCurve()
	if s.falling && !s.rising && !c.clearlyFalls() {
		return c.verifyFall(h)
	}
	return nil
}

// countAt is how many iterations so many users have completed.
func (c *controller) countAt(n int) float64 {
	for _, p := range c.curve() {
		if p.vus == n {
			return p.work * p.seconds
		}
	}
	return 0
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
		phase: "plateau", why: "one user gets nearly as much as more do: is that the peak?",
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
// and believes these two alone: the best of a dozen noisy holds looks like a
// peak, and a service that warms up is slower at the numbers tried first.
func (c *controller) verifyFall(best *hold) error {
	s := &c.closed
	seconds := clamp(1/(peakError*peakError*max(s.best, 1)), 2, clamp(c.budget-c.now, 2, confirmTime))
	o := holdSpec{phase: "plateau", why: "goodput seems to fall with more users: by chance, or slower earlier?", min: seconds, max: seconds, need: math.Inf(1)}
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
	if s.hi != nil && s.hi.cause != causeFailures {
		return s.hi.vus()
	}
	return s.lo.vus()
}

// clearlyFalls says whether the fall is too deep to be a matter of chance or of a warm-up.
func (c *controller) clearlyFalls() bool {
	ps := c.curve()
	last := ps[len(ps)-1]
	return last.work < .8*c.closed.best && len(ps) > 3 && ps[len(ps)-2].work < .9*c.closed.best
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

// narrowKnee looks for the smallest number of users that reaches 97 % of the
// plateau, with two holds at most: where Little's law puts it, then half-way.
func (c *controller) narrowKnee() error {
	for try := 0; ; try++ {
		a, b := c.kneeNeighbours()
		c.closed.knee, c.closed.kneeBelow = b.vus, a.vus
		if a.vus == 0 || b.vus <= a.vus+1 || float64(b.vus) <= 1.08*float64(a.vus) || try == 2 || c.unloaded.iteration > 2 || c.spent() {
			return nil
		}
		n := int(math.Ceil(.97 * c.closed.plateau.goodput * float64(a.vus) / max(a.work, 1e-9)))
		if try == 1 || n >= b.vus {
			n = int(math.Round(math.Sqrt(float64(a.vus) * float64(b.vus))))
		}
		if _, err := c.holdVUs(min(max(n, a.vus+1), b.vus-1), holdSpec{phase: "knee", why: "the fewest users that reach 97 %", min: 2, max: 6, need: 1500}); err != nil {
			return err
		}
	}
}

// kneeNeighbours are the points below and at 97 % of the plateau.
func (c *controller) kneeNeighbours() (below, at point) {
	var ps []point
	for _, h := range c.vuHolds() {
		if !h.nearlyAllFail() {
			ps = append(ps, point{vus: h.vus(), work: h.work})
		}
	}
	slices.SortStableFunc(ps, func(a, b point) int { return cmp.Compare(a.vus, b.vus) })
	for _, p := range ps {
		if p.work >= .97*c.closed.plateau.goodput {
			return below, p
		}
		below = p
	}
	return point{}, below
}
