package bottleneck

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// What a fit of demands needs to be trusted.
const (
	fitPoints = 4   // loads
	fitSpan   = 3.0 // highest over lowest load
)

// line is use = idle + demand x load, with the covariance of both.
type line struct {
	idle, demand     float64
	varIdle, varBoth float64
	varDemand        float64
	free             float64 // degrees of freedom
	from, to         float64 // loads it was fitted over
	n                int
}

// sample is one load and the use of a resource there.
type sample struct{ load, use, weight float64 }

// fitted are the points that were carried: only these obey the utilisation law.
func (a *analysis) fitted() []point {
	return slices.DeleteFunc(slices.Clone(a.points), func(p point) bool {
		return !p.pass || p.rate <= 0 || p.rate > 1.05*a.limit.rate
	})
}

// demand fits a value of a source against the load. Where the use bends, what
// it does at high load counts: the lower half is left out.
func (a *analysis) demand(source, name string) (line, bool) {
	var all []sample
	for _, p := range a.fitted() {
		if f := a.watch.over(source, name, p.from, p.to); f.cover >= 0.5 {
			all = append(all, sample{p.rate, f.mean, p.length() * f.cover})
		}
	}
	slices.SortFunc(all, func(x, y sample) int { return cmp.Compare(x.load, y.load) })
	if len(all) < fitPoints || all[len(all)-1].load < fitSpan*all[0].load {
		return line{}, false
	}
	if bends(all) {
		middle := (all[0].load + all[len(all)-1].load) / 2
		upper := slices.DeleteFunc(slices.Clone(all), func(s sample) bool { return s.load < middle })
		if l, ok := fit(upper); ok && len(upper) >= 3 && upper[len(upper)-1].load > 1.2*upper[0].load {
			return l, true
		}
	}
	return fit(all)
}

// fit is weighted least squares with one line.
func fit(all []sample) (line, bool) {
	var n, sx, sy float64
	for _, s := range all {
		n, sx, sy = n+s.weight, sx+s.weight*s.load, sy+s.weight*s.use
	}
	if len(all) < 3 || n <= 0 {
		return line{}, false
	}
	mx, my := sx/n, sy/n
	var sxx, sxy float64
	for _, s := range all {
		sxx += s.weight * (s.load - mx) * (s.load - mx)
		sxy += s.weight * (s.load - mx) * (s.use - my)
	}
	if sxx <= 0 {
		return line{}, false
	}
	l := line{demand: sxy / sxx, n: len(all), free: float64(len(all) - 2), from: all[0].load, to: all[len(all)-1].load}
	l.idle = my - l.demand*mx
	residual := 0.0
	for _, s := range all {
		e := s.use - l.idle - l.demand*s.load
		residual += s.weight * e * e
	}
	variance := residual / l.free
	l.varDemand = variance / sxx
	l.varIdle = variance * (1/n + mx*mx/sxx)
	l.varBoth = -variance * mx / sxx
	return l, true
}

// bends says whether a parabola fits surely better than the line.
func bends(all []sample) bool {
	n := len(all)
	if n < 6 {
		return false
	}
	scale := all[n-1].load
	x := mat.NewDense(n, 3, nil)
	y := mat.NewVecDense(n, nil)
	for i, s := range all {
		w, u := math.Sqrt(s.weight), s.load/scale
		x.SetRow(i, []float64{w, w * u, w * u * u})
		y.SetVec(i, w*s.use)
	}
	var normal, inverse mat.Dense
	normal.Mul(x.T(), x)
	if inverse.Inverse(&normal) != nil {
		return false // loads too close together to tell
	}
	var right, b, fitted, residual mat.VecDense
	right.MulVec(x.T(), y)
	b.MulVec(&inverse, &right)
	fitted.MulVec(x, &b)
	residual.SubVec(y, &fitted)
	variance := mat.Dot(&residual, &residual) / float64(n-3)
	quadratic, se := b.AtVec(2), math.Sqrt(max(variance*inverse.At(2, 2), 0))
	// a bend that changes nothing is none, however sure
	return math.Abs(quadratic) > 2.5*se && math.Abs(quadratic) > 0.1*math.Abs(b.AtVec(1))
}

// rises says whether use grows with load beyond doubt.
func (l line) rises() bool {
	return l.demand > 0 && (l.varDemand == 0 || l.demand > 2.5*math.Sqrt(l.varDemand))
}

// full is the load at which use reaches a maximum, with its 95 % interval.
func (l line) full(most float64) (rate, low, high float64) {
	rate = (most - l.idle) / l.demand
	// delta method: derivatives of (most-idle)/demand
	di, dd := -1/l.demand, -(most-l.idle)/(l.demand*l.demand)
	se := math.Sqrt(max(di*di*l.varIdle+dd*dd*l.varDemand+2*di*dd*l.varBoth, 0))
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: max(l.free, 1)}.Quantile(0.975)
	return rate, max(rate-t*se, 0), rate + t*se
}

// ceiling is the load at which a resource of a source is full. It is nil where
// neither the fit nor the use at the limit tells.
func (a *analysis) ceiling(c candidate, value string, at figure) *record.Ceiling {
	if at.limit <= 0 {
		return nil
	}
	out := record.Ceiling{Name: c.name, Source: c.source, Use: at.use(), Rate: math.Inf(1)}
	line, fits := a.demand(c.source, value)
	switch {
	case fits && line.rises():
		out.Rate, out.Low, out.High = line.full(at.limit)
		out.Demand = line.demand
	case shared(c.source):
		return nil // others use it too: how much of it the load needs is not known
	case out.Use >= 0.02: // too few loads: at least as far as if it used nothing when idle
		out.Rate, out.Demand = a.limit.rate/out.Use, at.mean/a.limit.rate
	}
	if out.Use >= fullUse && !shared(c.source) { // at the limit itself, extrapolating is idle
		if used := a.limit.rate / min(out.Use, 1); used < out.Rate {
			out.Rate, out.Low, out.High = used, a.limit.rate, used/fullUse
		}
	}
	if math.IsInf(out.Rate, 0) || out.Rate <= 0 {
		return nil
	}
	out.Rate = max(out.Rate, a.limit.rate) // it carried that
	return &out
}

// shared says whether a source is a machine: its use is not the service's alone.
func shared(source string) bool {
	return record.SourceKind(source) == record.KindHost
}

// nearness scores how close a ceiling is to the limit that was found.
func (a *analysis) nearness(c *record.Ceiling) float64 {
	switch {
	case c == nil:
		return 0
	case c.Rate <= nearCeiling*a.limit.rate:
		return 0.5
	case c.Rate <= closeCeiling*a.limit.rate:
		return 0.2
	}
	return 0
}
