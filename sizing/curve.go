package sizing

import (
	"cmp"
	"math"
	"slices"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// point is what all holds at one number of virtual users say together.
type point struct {
	vus     int
	work    float64
	weight  float64 // inverse variance
	seconds float64
	mean    float64
}

// loadCurve is goodput over virtual users, by rising number of them.
type loadCurve []point

// curveOf pools the holds of virtual users by their number. Holds in which
// nearly everything failed, and those beyond the tolerance, say nothing about it.
func curveOf(holds []*hold) loadCurve {
	var ps loadCurve
	for _, h := range holds {
		if h.cause == record.CauseFailures || h.work <= 0 || h.nearlyAllFail() {
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

// best is the point of most goodput, the zero one where nothing is known.
func (ps loadCurve) best() point {
	var top point
	for _, p := range ps {
		if p.work > top.work {
			top = p
		}
	}
	return top
}

// last is the point of the most virtual users.
func (ps loadCurve) last() point { return ps[len(ps)-1] }

// at is what n virtual users gave, the zero point where they were not tried.
func (ps loadCurve) at(n int) point {
	for _, p := range ps {
		if p.vus == n {
			return p
		}
	}
	return point{}
}

// falls says whether goodput is surely lower beyond its best: by 5 % and by
// three standard errors.
func (ps loadCurve) falls() bool {
	top := ps.best()
	for _, p := range ps {
		z := (top.work - p.work) / math.Sqrt(1/p.weight+1/top.weight)
		if p.vus > top.vus && p.work < .95*top.work && z > 3 {
			return true
		}
	}
	return false
}

// clearlyFalls says whether the fall from a best goodput is too deep to be a
// matter of chance or of a warm-up.
func (ps loadCurve) clearlyFalls(best float64) bool {
	return ps.last().work < .8*best && len(ps) > 3 && ps[len(ps)-2].work < .9*best
}

// lowestBeyond is the point of least goodput beyond n virtual users, the zero
// one where there is none.
func (ps loadCurve) lowestBeyond(n int) point {
	var low point
	for _, p := range ps {
		if p.vus > n && (low.vus == 0 || p.work < low.work) {
			low = p
		}
	}
	return low
}

// kneeShare is the share of the plateau that the knee reaches.
const kneeShare = .97

// knee are the points below and at the fewest virtual users that reach 97 % of
// a goodput. Where none do, the point below is zero and the other one the last.
func (ps loadCurve) knee(goodput float64) (below, at point) {
	for _, p := range ps {
		if p.work >= kneeShare*goodput {
			return below, p
		}
		below = p
	}
	return point{}, below
}

// decisiveVUs are numbers around that at which goodput, beyond its best, falls
// to the rate: half of it, and itself.
func (ps loadCurve) decisiveVUs(best int, rate float64) []int {
	last := ps.last().vus
	n := max(2, best+1)
	for n < last && ps.smooth(float64(n)) > rate {
		n++
	}
	return []int{max(2, n/2), max(3, n)}
}

// errorAt is the relative error of the smoothed curve at some numbers of
// virtual users: the root of the mean variance.
func (ps loadCurve) errorAt(ns []int) float64 {
	v := 0.0
	for _, n := range ns {
		weight := 0.0
		for _, p := range ps {
			weight += nearness(p.vus, float64(n)) * p.weight * p.work * p.work
		}
		v += 1 / max(weight, 1)
	}
	return math.Sqrt(v / float64(len(ns)))
}

// smoothOctaves is how far, in octaves, a point reaches into the smoothed curve.
const smoothOctaves = 1.5

// nearness is the weight of what was measured at m users for the curve at n:
// tricube, as in LOESS (Cleveland 1979).
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
func (ps loadCurve) smooth(n float64) float64 {
	var w, x, y, xx, xy float64
	for _, p := range ps {
		d := math.Log2(float64(p.vus) / n)
		k := nearness(p.vus, n) * p.weight * p.work * p.work // of the logarithm
		v := math.Log(p.work)
		w, x, y, xx, xy = w+k, x+k*d, y+k*v, xx+k*d*d, xy+k*d*v
	}
	if w == 0 {
		return ps.between(n)
	}
	if det := w*xx - x*x; det > 1e-9*w*w {
		return math.Exp((y*xx - x*xy) / det)
	}
	return math.Exp(y / w)
}

// between interpolates the goodput at n users, on log scales.
func (ps loadCurve) between(n float64) float64 {
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
	return ps.last().work
}

// survivableRate is the highest rate of arrivals that the curve lets survive:
// see survives.
func (ps loadCurve) survivableRate(step float64) float64 {
	last := ps.last().vus
	curve := make([]float64, last+1)
	peak := 0.0
	for n := 1; n <= last; n++ {
		curve[n] = ps.smooth(float64(n))
		peak = max(peak, curve[n])
	}
	return largestWhere(.05*peak, 1.05*peak, func(rate float64) bool { return survives(rate, curve, step) >= surviveIn })
}
