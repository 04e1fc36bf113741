package sizing

import (
	"math"
	"slices"
)

// llr is the logarithm of how much likelier x bad of n are at 1.3 times the
// share p than at 0.7 times it: Wald's sequential test with an indifference zone.
func llr(x, n, p float64) float64 {
	lo, hi := .7*p, min(1.3*p, .999)
	return x*math.Log(hi/lo) + (n-x)*math.Log((1-hi)/(1-lo))
}

// inflation is how many times more the bad of each tick vary than independent
// ones would, with what one tick tells of the next; shrunk to 1.5 while ticks are few.
func inflation(bad, n []float64) float64 {
	b, all := sum(bad), sum(n)
	if len(n) < 4 || b < 3 || b >= all {
		return 1.5
	}
	p := b / all
	var v, cov, prev float64
	for i := range n {
		e := bad[i] - p*n[i]
		v += e * e
		cov += e * prev
		prev = e
	}
	r := 0.0
	if v > 0 { // else every tick has the same share
		r = clamp(cov/v, 0, .8)
	}
	f := v / (p * (1 - p) * all) * (1 + r) / (1 - r)
	k := float64(len(n))
	return max(1, (4*1.5+k*f)/(4+k))
}

// dispersion is the variance of counts per tick over their mean, with what one
// tick tells of the next; shrunk to 1 (independent arrivals) with the weight of four ticks.
func dispersion(counts []float64) float64 {
	k := float64(len(counts))
	mean := sum(counts) / k
	if k < 3 || mean <= 0 {
		return 1
	}
	var v, cov, prev float64
	for i, x := range counts {
		e := x - mean
		v += e * e
		if i > 0 {
			cov += e * prev
		}
		prev = e
	}
	r := 0.0
	if v > 0 {
		r = clamp(cov/v, -.5, .8)
	}
	f := v / (k - 1) / mean * (1 + r) / (1 - r)
	return max(.1, (4+k*f)/(4+k))
}

// trimmed drops the k ticks with the most bad: one stall is not a limit.
func trimmed(bad, n []float64, k int) (b, all float64) {
	if len(n) <= k {
		return 0, 0
	}
	b, all = sum(bad), sum(n)
	if k <= 0 {
		return b, all
	}
	order := make([]int, len(n))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		switch {
		case bad[i] > bad[j]:
			return -1
		case bad[i] < bad[j]:
			return 1
		}
		return i - j
	})
	for _, i := range order[:k] {
		b -= bad[i]
		all -= n[i]
	}
	return b, all
}

func sum(a []float64) float64 {
	s := 0.0
	for _, x := range a {
		s += x
	}
	return s
}

func clamp(x, lo, hi float64) float64 { return max(lo, min(hi, x)) }

// logit is ln(p/(1-p)), of shares that were counted and may be 0 or 1.
func logit(p float64) float64 {
	p = clamp(p, .0005, .999)
	return math.Log(p / (1 - p))
}

// largestWhere is the largest x with f true, of which all smaller ones are.
func largestWhere(lo, hi float64, f func(float64) bool) float64 {
	for range 60 {
		if x := (lo + hi) / 2; f(x) {
			lo = x
		} else {
			hi = x
		}
	}
	return lo
}

// erlangTail is the share of requests that take longer than t where c slots of
// rate mu serve a queue without an end (M/M/c).
func erlangTail(rate, mu float64, c int, t float64) float64 {
	a := rate / mu
	if a >= float64(c) {
		return 1
	}
	b := 1.0
	for n := 1; n <= c; n++ {
		b = a * b / (float64(n) + a*b)
	}
	wait := b / (1 - a/float64(c)*(1-b))
	k := float64(c) - 1 - a
	g := mu * t
	if math.Abs(k) > 1e-9 {
		g = (1 - math.Exp(-mu*t*k)) / k
	}
	return math.Exp(-mu*t) * (1 + wait*g)
}
