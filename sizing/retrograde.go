package sizing

import (
	"fmt"
	"math"
)

// A service that slows down as more is in flight does not reject what it
// cannot carry: it collapses, some time. A rate is carried if it survives a
// minute in nine runs of ten.
const (
	surviveTime = 60.0
	surviveIn   = .9
)

// beforeCollapse is the highest rate that the measured curve lets survive. It
// is computed, not tried: arrivals above it may bring the service down for good.
func (c *controller) beforeCollapse() guess {
	ps := c.curve()
	last := ps[len(ps)-1].n
	peak := 0.0
	for _, p := range ps {
		peak = max(peak, p.y)
	}
	mean := surviveTime / -math.Log(surviveIn)
	rate := largest(.05*peak, peak, func(l float64) bool {
		return timeToCollapse(l, ps, c.closed.bestN, last) >= mean
	})
	return guess{rate, causeCollapse, fmt.Sprintf("goodput falls from %.4g/s at %d users: about this much survives %g s in %g %% of runs", peak, c.closed.bestN, surviveTime, 100*surviveIn)}
}

// timeToCollapse is the mean time until so many are in flight that goodput is
// below the rate of arrivals, in the birth-death process of the curve.
func timeToCollapse(l float64, ps []point, best, last int) float64 {
	t, total := 0.0, 0.0
	for n := 0; n <= last; n++ {
		mu := 0.0
		if n > 0 {
			mu = between(ps, float64(n))
		}
		t = 1/l + mu/l*t
		total += t
		if n > best && mu < l || total > 1e6 {
			break
		}
	}
	return total
}

// between interpolates the curve's goodput at n users, on log scales.
func between(ps []point, n float64) float64 {
	for i, b := range ps {
		if float64(b.n) < n {
			continue
		}
		if i == 0 {
			return b.y
		}
		a := ps[i-1]
		u := math.Log(n/float64(a.n)) / math.Log(float64(b.n)/float64(a.n))
		return math.Exp((1-u)*math.Log(a.y) + u*math.Log(b.y))
	}
	return ps[len(ps)-1].y
}
