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
	n       int
	y       float64
	weight  float64 // inverse variance
	seconds float64
	mean    float64
}

// curve pools the holds of virtual users by their number. Holds in which
// nearly everything failed, and those beyond the tolerance, say nothing about it.
func (c *controller) curve() []point {
	var ps []point
	for _, h := range c.sinceRise() {
		if h.cause == causeFailures || h.y <= 0 || h.dead() {
			continue
		}
		i := slices.IndexFunc(ps, func(p point) bool { return p.n == h.number() })
		if i < 0 {
			i = len(ps)
			ps = append(ps, point{n: h.number()})
		}
		p, w := &ps[i], 1/(h.se*h.se*h.y*h.y)
		p.y = (p.y*p.weight + h.y*w) / (p.weight + w)
		p.weight += w
		p.mean = (p.mean*p.seconds + h.mean*h.length()) / (p.seconds + h.length())
		p.seconds += h.length()
	}
	slices.SortFunc(ps, func(a, b point) int { return cmp.Compare(a.n, b.n) })
	return ps
}

// sinceRise are the holds of virtual users that still count: those after the last rise.
func (c *controller) sinceRise() []*hold {
	var hs []*hold
	for _, h := range c.holds[c.forgotten:] {
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
	holds := c.sinceRise()
	for i, h := range holds {
		for _, g := range holds[:i] {
			if c.rose(g, h) {
				s.rising = true
			}
		}
	}
	ps := c.curve()
	s.best, s.bestN, s.falling = 0, 0, false
	var top point
	for _, p := range ps {
		if p.y > s.best {
			s.best, s.bestN, top = p.y, p.n, p
		}
	}
	for _, p := range ps {
		z := (s.best - p.y) / math.Sqrt(1/p.weight+1/top.weight)
		if p.n > s.bestN && p.y < .95*s.best && z > 3 && !s.rising && !s.flat && !c.ablations.noRetrograde {
			s.falling = true
		}
	}
	for _, h := range holds { // a service that rejects has its plateau above the limit
		if h.rejecting() && h.y > s.best && !s.falling {
			s.best = h.y
		}
	}
}

// rose says whether the same number of users gave more later.
func (c *controller) rose(before, after *hold) bool {
	comparable := before.level == after.level && before.cause != causeFailures && after.cause != causeFailures && before.y > 0 && !after.dead() && !before.dead()
	return comparable && !c.ablations.noRising &&
		after.y > 1.06*before.y && after.y-before.y > 3*math.Hypot(after.se*after.y, before.se*before.y)
}

// pooledPlateau puts together the saturated holds that agree.
func (c *controller) pooledPlateau() plateau {
	full := c.little()
	var sat []*hold
	for _, h := range c.sinceRise() {
		saturated := h.level >= 1.3*full || h.rejecting() && h.share() > 2*c.opt.Tolerance
		if saturated && !h.dead() && !h.forLatency() && h.sum.ended() > 0 && h.y > 0 {
			sat = append(sat, h)
		}
	}
	p := plateau{se: 1, kind: "none"}
	if len(sat) == 0 {
		return p
	}
	middle := median(sat)
	information := 0.0
	for _, h := range sat {
		if math.Abs(h.y/middle-1) > max(.02, 3*h.se) {
			continue
		}
		p.count += h.y * h.length()
		p.seconds += h.length()
		information += 1 / (h.se * h.se)
		if p.from == 0 || h.number() < p.from {
			p.from = h.number()
		}
		p.to = max(p.to, h.number())
	}
	p.goodput, p.se, p.kind = p.count/p.seconds, 1/math.Sqrt(information), "flat"
	return p
}

// median is the goodput below which half of what is known lies: a long hold
// counts for more than several short ones, made while less was known.
func median(hs []*hold) float64 {
	slices.SortFunc(hs, func(a, b *hold) int { return cmp.Compare(a.y, b.y) })
	all, below := 0.0, 0.0
	for _, h := range hs {
		all += 1 / (h.se * h.se)
	}
	for _, h := range hs {
		if below += 1 / (h.se * h.se); below >= all/2 {
			return h.y
		}
	}
	return hs[len(hs)-1].y
}

// explore ramps, and again when the same number of users gave more later: a
// service that warms up or scales is sized as it is at the end.
func (c *controller) explore() {
	s := &c.closed
	for try := 0; ; try++ {
		c.ramp()
		if !c.ablations.noPlateau {
			c.measurePlateau()
		}
		if !s.rising || try == 3 || c.now > c.budget/2 {
			break
		}
		c.note("the same load gave more later: what was seen before is not used")
		c.startOver(1)
		c.unloaded.iteration = max(s.lo.mean, leastIteration)
	}
	s.plateau = c.finalPlateau()
	c.measureUnruly()
}

// startOver forgets the holds of virtual users and begins again with n of them.
func (c *controller) startOver(n int) {
	s := &c.closed
	c.forgotten = len(c.holds)
	h := c.keep(n, order{phase: "probe", why: "goodput rose: all over again", min: 1, max: 4, need: 20, ramp: true})
	s.rising, s.falling, s.flat, s.everRose, s.hi, s.lo = false, false, false, true, nil, h
	s.best, s.bestN = h.y, n
}

const staleUsers = "capacity rose after the ramp, and no time was left to see what it means for virtual users"

// refreshUsers looks at virtual users again when arrivals have shown that
// capacity rose since: the answer in users would be that of another service.
func (c *controller) refreshUsers() {
	s, h := &c.closed, c.bracket.confirmed
	if c.ablations.noRising || s.falling || len(c.opt.Objectives) > 0 || h.level*(1-h.share()) < 1.06*s.plateau.goodput {
		return
	}
	if c.now > .8*c.budget {
		s.everRose = true
		c.note(staleUsers)
		return
	}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case ending:
			if r.verdict != Budget && r.verdict != Maximum {
				panic(r)
			}
			c.note(staleUsers)
		default:
			panic(r)
		}
	}()
	was, rose := s.plateau.goodput, s.everRose
	c.startOver(max(1, s.knee/2))
	c.ramp()
	s.plateau = c.finalPlateau()
	c.narrowKnee()
	if s.plateau.goodput < 1.06*was { // arrivals did better for another reason
		s.everRose = rose
	}
}

// finalPlateau is the pool, or the peak where goodput falls.
func (c *controller) finalPlateau() plateau {
	s := &c.closed
	p := c.pooledPlateau()
	if !s.falling && p.goodput > 0 {
		return p
	}
	for _, q := range c.curve() {
		if q.n == s.bestN {
			return plateau{
				goodput: q.y, se: 1 / math.Sqrt(q.weight) / q.y, count: q.y * q.seconds, seconds: q.seconds,
				from: q.n, to: q.n, kind: "peak",
			}
		}
	}
	return p
}

// enoughToGuess is the relative error of a plateau from which arrivals find the limit at once.
const enoughToGuess = .03

// measurePlateau adds the iterations that the plateau's precision wants, at a
// number of users of the ramp, so that a drift shows. No overload is needed.
func (c *controller) measurePlateau() {
	s := &c.closed
	c.lookAtOne()
	p := c.pooledPlateau()
	aim := c.opt.Resolution / 3
	if s.hi == nil {
		aim = c.opt.Resolution / 4
	}
	if p.goodput > 0 && p.se <= aim {
		return
	}
	if n := c.plateauUsers(); s.hi != nil && n >= s.hi.number() && s.hi.cause == causeFailures && p.se < enoughToGuess {
		return // where only a load that fails is large enough: arrivals tell it as well, with fewer failures
	}
	rate := max(p.goodput, s.best)
	c.measureUnruly()
	need := rate * confirmTime * c.stretch(rate) * c.closed.unruly
	if s.falling {
		need = max(1/(peakError*peakError)-c.countAt(s.bestN), rate)
	}
	if p.goodput > 0 {
		excess := p.se / aim
		need = min(need, p.count*(excess*excess-1))
	}
	longest := clamp(need/rate, 1, confirmTime*c.stretch(rate))
	h := c.keep(c.plateauUsers(), order{phase: "plateau", why: "goodput that more users do not raise, precisely", min: 1, max: longest, need: need})
	c.judgeCurve()
	if s.falling && !s.rising && !c.clearlyFalls() {
		c.doubtFall(h)
	}
}

// countAt is how many iterations so many users have completed.
func (c *controller) countAt(n int) float64 {
	for _, p := range c.curve() {
		if p.n == n {
			return p.y * p.seconds
		}
	}
	return 0
}

// lookAtOne measures one user's goodput again where it is nearly that of more: it
// may be the peak itself, and the probe saw it for a second, with everything cold.
func (c *controller) lookAtOne() {
	s, first := &c.closed, c.sinceRise()[0]
	if first.number() != 1 || first.y < nearlyAlone*s.best || s.lo.number() == 1 {
		return
	}
	need := 1 / (peakError * peakError)
	c.keep(1, order{
		phase: "plateau", why: "one user gets nearly as much as more do: is that the peak?",
		min: 4, max: clamp(need/first.y, 4, confirmTime), need: need,
	})
	c.judgeCurve()
}

// nearlyAlone is the share of the best goodput from which on one user may be the best.
const nearlyAlone = .85

// doubtFall looks at the best and at the largest number of users once more,
// and believes these two alone: the best of a dozen noisy holds looks like a
// peak, and a service that warms up is slower at the numbers tried first.
func (c *controller) doubtFall(best *hold) {
	s := &c.closed
	seconds := clamp(1/(peakError*peakError*max(s.best, 1)), 2, clamp(c.budget-c.now, 2, confirmTime))
	o := order{phase: "plateau", why: "goodput seems to fall with more users: by chance, or slower earlier?", min: seconds, max: seconds, need: math.Inf(1)}
	if best.number() != s.bestN {
		best = c.keep(s.bestN, o)
	}
	last := c.keep(s.largest(), o)
	s.flat = last.y > .95*best.y || best.y-last.y < 2*math.Hypot(best.se*best.y, last.se*last.y)
	c.judgeCurve()
}

// peakError is the relative error that a peak is measured to: what is carried
// is decided elsewhere on the curve.
const peakError = .025

// measureUnruly finds how much goodput varies while the service is full: a mix
// of short and long scenarios completes far more unevenly than one of equals.
func (c *controller) measureUnruly() {
	ticks, d := 4.0, 4.0 // weight of the usual
	for _, h := range c.sinceRise() {
		if h.level >= 1.3*c.little() && h.pass && h.ticks() >= 4 {
			k := float64(h.ticks())
			ticks, d = ticks+k, d+k*dispersion(h.good)
		}
	}
	c.closed.unruly = clamp(d/ticks, 1, 4)
}

// largest is the largest number of users that says something about goodput.
func (s *closed) largest() int {
	if s.hi != nil && s.hi.cause != causeFailures {
		return s.hi.number()
	}
	return s.lo.number()
}

// clearlyFalls says whether the fall is too deep to be a matter of chance or of a warm-up.
func (c *controller) clearlyFalls() bool {
	ps := c.curve()
	last := ps[len(ps)-1]
	return last.y < .8*c.closed.best && len(ps) > 3 && ps[len(ps)-2].y < .9*c.closed.best
}

// plateauUsers is the smallest number of the ramp that surely fills the service.
func (c *controller) plateauUsers() int {
	s, full := &c.closed, c.little()
	if s.falling {
		return s.bestN
	}
	n := s.lo.number()
	for _, h := range c.sinceRise() {
		if h.level >= fullAt*full {
			n = min(n, h.number())
		}
	}
	if float64(n) < 1.3*full && s.hi != nil {
		n = s.hi.number()
	}
	return n
}

// narrowKnee looks for the smallest number of users that reaches 97 % of the
// plateau, with two holds at most: where Little's law puts it, then half-way.
func (c *controller) narrowKnee() {
	for try := 0; ; try++ {
		a, b := c.aroundKnee()
		c.closed.knee, c.closed.kneeLow = b.n, a.n
		if a.n == 0 || b.n <= a.n+1 || float64(b.n) <= 1.08*float64(a.n) || try == 2 || c.unloaded.iteration > 2 || c.spent() {
			return
		}
		n := int(math.Ceil(.97 * c.closed.plateau.goodput * float64(a.n) / max(a.y, 1e-9)))
		if try == 1 || n >= b.n {
			n = int(math.Round(math.Sqrt(float64(a.n) * float64(b.n))))
		}
		c.keep(min(max(n, a.n+1), b.n-1), order{phase: "knee", why: "the fewest users that reach 97 %", min: 2, max: 6, need: 1500})
	}
}

// aroundKnee are the points below and at 97 % of the plateau.
func (c *controller) aroundKnee() (below, at point) {
	var ps []point
	for _, h := range c.sinceRise() {
		if !h.dead() {
			ps = append(ps, point{n: h.number(), y: h.y})
		}
	}
	slices.SortStableFunc(ps, func(a, b point) int { return cmp.Compare(a.n, b.n) })
	for _, p := range ps {
		if p.y >= .97*c.closed.plateau.goodput {
			return below, p
		}
		below = p
	}
	return point{}, below
}
