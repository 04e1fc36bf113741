package sizing

import (
	"fmt"
	"math"
)

// A service that slows down as more is in flight does not reject what it
// cannot carry: it collapses, some time. A rate is carried if it survives a
// minute in nine runs of ten, that is, if no more are in flight then than were
// ever tried. The curve of goodput over users is the rate of deaths of a
// birth-death process, which says so without a single collapse.
const (
	surviveTime   = 60.0
	surviveIn     = .9
	surviveStep   = .25  // seconds: implicit steps are stable at any length
	smoothOctaves = 1.5  // over which the curve is smoothed
	stepBelow     = .04  // relative
	nearCollapse  = 6000 // iterations for each of the holds that measure the curve where it decides
)

// guessBeforeCollapse is the highest rate that the measured curve lets survive. It
// is computed, not tried: arrivals above it may bring the service down for good.
func (c *controller) guessBeforeCollapse() (guess, error) {
	rate := c.survivableRate()
	seconds := clamp(nearCollapse/rate, 6, 8)
	for _, n := range c.decisiveVUs(rate) {
		_, err := c.holdVUs(n, holdSpec{
			phase: "plateau", why: fmt.Sprintf("goodput falls beyond %d users: how much, where %s arrivals/s are decided", c.closed.bestVUs, number(rate)),
			min: seconds, max: seconds, need: math.Inf(1),
		})
		if err != nil {
			return guess{}, err
		}
	}
	c.judgeCurve()
	rate = c.survivableRate()
	return guess{rate, causeCollapse, fmt.Sprintf("goodput falls from %s/s at %d users: about this much survives %g s in %g %% of runs",
		number(c.closed.best), c.closed.bestVUs, surviveTime, 100*surviveIn)}, nil
}

// holdBelowCollapse holds the computed rate for twice the usual time, for a collapse
// takes its time, and steps down if it does not hold. Nothing above is tried.
func (c *controller) holdBelowCollapse(g guess) error {
	b := &c.bracket
	b.lo = untested(c.open.safeRate, "")
	ps := c.curve()
	most := 2 * float64(ps[len(ps)-1].vus) // a collapse is known when it begins, and need not be waited for
	rate, why, seconds := g.rate, g.why, 2*confirmTime
	for {
		if err := c.withinBudget(); err != nil {
			return err
		}
		if err := c.drain(); err != nil {
			return err
		}
		h, err := c.holdRate(rate, holdSpec{phase: "confirm", why: why, min: seconds, max: 1.25 * seconds, exact: true, maxInFlight: most})
		if err != nil {
			return err
		}
		if h.pass {
			c.pass(h)
			b.confirmed = h
			break
		}
		if outage, err := c.wasOutage(h); err != nil {
			return err
		} else if outage {
			continue
		}
		c.fail(h)
		c.open.inversions++
		rate, why = rate*(1-stepBelow*math.Pow(1.4, float64(c.open.inversions-1))), "the computed rate did not hold: lower"
		seconds = 1.5 * confirmTime // what was computed from the whole curve is known to be a little too much, not wrong
		c.open.safeRate = min(c.open.safeRate, rate/2)
	}
	if b.hi == nil {
		b.hi = untested(g.rate*(1+c.resolution(g.rate)/2), causeCollapse)
	}
	if len(c.outages) > 0 {
		return c.unstable()
	}
	return nil
}

// survivableRate is the highest rate that the curve lets survive.
func (c *controller) survivableRate() float64 {
	ps := c.curve()
	last := ps[len(ps)-1].vus
	curve := make([]float64, last+1)
	peak := 0.0
	for n := 1; n <= last; n++ {
		curve[n] = smooth(ps, float64(n))
		peak = max(peak, curve[n])
	}
	step := c.stepSize()
	return largestWhere(.05*peak, 1.05*peak, func(rate float64) bool { return survives(rate, curve, step) >= surviveIn })
}

// stepSize is that of the process: one, where completions are as random as
// arrivals are, and less where a full service completes evenly. Arrivals and
// departures in steps of that size drift as before, and spread as they do.
func (c *controller) stepSize() float64 {
	ticks, d := 4.0, 4.0 // weight of the usual
	for _, h := range c.vuHolds() {
		if h.vus() > c.closed.bestVUs && h.pass && h.ticks() >= 8 {
			k := float64(h.ticks())
			ticks, d = ticks+k, d+k*dispersion(h.good)
		}
	}
	return (1 + clamp(d/ticks, minDispersion, 1)) / 2
}

// minDispersion is the least variance of completions, in multiples of their mean,
// that is reckoned with: those of fixed times still depend on random arrivals.
const minDispersion = .3

// decisiveVUs are numbers around that at which goodput falls to the rate: half of it, and itself.
func (c *controller) decisiveVUs(rate float64) []int {
	ps := c.curve()
	last := ps[len(ps)-1].vus
	n := max(2, c.closed.bestVUs+1)
	for n < last && smooth(ps, float64(n)) > rate {
		n++
	}
	return []int{max(2, n/2), max(3, n)}
}

// curveError is the relative error of the curve where it decides what survives.
func (c *controller) curveError() float64 {
	ps := c.curve()
	v, ns := 0.0, c.decisiveVUs(c.bracket.confirmed.level)
	for _, n := range ns {
		weight := 0.0
		for _, p := range ps {
			weight += nearness(p.vus, float64(n)) * p.weight * p.work * p.work
		}
		v += 1 / max(weight, 1)
	}
	return math.Sqrt(v / float64(len(ns)))
}

// nearness is the weight of what was measured at m users for the curve at n.
func nearness(m int, n float64) float64 {
	u := math.Abs(math.Log2(float64(m)/n)) / smoothOctaves
	if u >= 1 {
		return 0
	}
	v := 1 - u*u*u
	return v * v * v
}

// smooth is the goodput at n users: a line through what was measured within
// some octaves, by weight and nearness, on log scales.
func smooth(ps []point, n float64) float64 {
	var w, x, y, xx, xy float64
	for _, p := range ps {
		d := math.Log2(float64(p.vus) / n)
		k := nearness(p.vus, n) * p.weight * p.work * p.work // of the logarithm
		v := math.Log(p.work)
		w, x, y, xx, xy = w+k, x+k*d, y+k*v, xx+k*d*d, xy+k*d*v
	}
	if w == 0 {
		return interpolate(ps, n)
	}
	if det := w*xx - x*x; det > 1e-9*w*w {
		return math.Exp((y*xx - x*xy) / det)
	}
	return math.Exp(y / w)
}

// survives is the chance that, after a minute of arrivals from none in flight,
// no more are in flight than the curve has users; beyond its end goodput is
// taken as flat. In flight goes up and down by steps of a size.
func survives(rate float64, curve []float64, step float64) float64 {
	rate /= step
	users := float64(len(curve) - 1)
	last := int(users / step)
	size := 3*last + 1
	deaths := make([]float64, size)
	for i := range deaths {
		n := min(float64(i)*step, users)
		below := min(int(n), len(curve)-2)
		deaths[i] = (curve[below] + (n-float64(below))*(curve[below+1]-curve[below])) / step
	}
	death := func(n int) float64 { return deaths[min(n, size-1)] }
	p, upper := make([]float64, size), make([]float64, size)
	p[0] = 1
	const h = surviveStep
	for range int(surviveTime / h) {
		for i := range p { // implicit step of the tridiagonal system, by elimination
			diagonal := 1.0
			if i < size-1 {
				diagonal += h * rate
			}
			if i > 0 {
				diagonal += h * death(i)
				diagonal += h * rate * upper[i-1]
				p[i] += h * rate * p[i-1]
			}
			p[i] /= diagonal
			upper[i] = -h * death(i+1) / diagonal
		}
		for i := size - 2; i >= 0; i-- {
			p[i] -= upper[i] * p[i+1]
		}
	}
	return sum(p[:last+1])
}

// interpolate interpolates the curve's goodput at n users, on log scales.
func interpolate(ps []point, n float64) float64 {
	for i, b := range ps {
		if float64(b.vus) < n {
			continue
		}
		if i == 0 {
			return b.work
		}
		a := ps[i-1]
		u := math.Log(n/float64(a.vus)) / math.Log(float64(b.vus)/float64(a.vus))
		return math.Exp((1-u)*math.Log(a.work) + u*math.Log(b.work))
	}
	return ps[len(ps)-1].work
}
