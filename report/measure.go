package report

import (
	"fmt"
	"iter"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// How much measures are taken to vary from run to run where no set has two runs.
const (
	spreadOfRates = 0.02
	spreadOfTimes = 0.10
)

// measure is one thing to compare.
type measure struct {
	name, load string
	unit       Unit
	lower      bool    // the lower the better
	decisive   int     // how many measures decide about a regression together; 0: it is none of them
	assume     float64 // its spread where no set has two runs; 0: nothing is known then
	of         func(*Run) (value, within float64)
}

// change compares the measure's mean of two sets. It is false where one has none.
//
// Values are compared as logarithms: a change is a factor. How much the
// measure varies from run to run comes from the sets themselves (pooled, a
// t-test), and is at least what each run says of its own uncertainty.
func (m measure) change(a, b Set) (Change, bool) {
	x, y := m.sample(a), m.sample(b)
	if len(x.logs) == 0 || len(y.logs) == 0 {
		return Change{}, false
	}
	c := Change{Set: b.Name, Measure: m.name, Load: m.load, Unit: m.unit, Before: x.mean, After: y.mean, Decisive: m.decisive > 0, Verdict: NotSignificant}
	if c.Before == 0 {
		return c, true // nothing to divide by
	}
	relative := c.After/c.Before - 1
	c.Relative = &relative
	if c.After == 0 || m.assume == 0 && len(x.logs)+len(y.logs) < 3 {
		return c, true // no interval can be told
	}
	difference := stat.Mean(y.logs, nil) - stat.Mean(x.logs, nil)
	half := m.halfWidth(x, y)
	low, high := math.Exp(difference-half)-1, math.Exp(difference+half)-1
	relative, c.Low, c.High = math.Exp(difference)-1, &low, &high
	switch {
	case low > 0 && m.lower, high < 0 && !m.lower:
		c.Verdict = Worse
	case low > 0, high < 0:
		c.Verdict = Better
	}
	return c, true
}

// sample is a measure over the runs of a set.
type sample struct {
	mean   float64
	logs   []float64
	within float64 // mean variance of a run's own uncertainty, relative
}

func (m measure) sample(s Set) sample {
	var out sample
	var values []float64
	for _, r := range s.Runs {
		v, within := m.of(r)
		if math.IsNaN(v) || v < 0 {
			continue
		}
		values = append(values, v)
		out.logs = append(out.logs, math.Log(max(v, 1e-300)))
		if !math.IsNaN(within) {
			out.within += within * within
		}
	}
	if len(values) > 0 {
		out.mean, out.within = stat.Mean(values, nil), out.within/float64(len(values))
	}
	return out
}

// halfWidth is half the 95 % interval of the difference of two means of logarithms.
func (m measure) halfWidth(x, y sample) float64 {
	n, k := float64(len(x.logs)), float64(len(y.logs))
	freedom := n + k - 2
	spread := m.assume * m.assume
	if freedom > 0 {
		spread = 0
		for _, logs := range [][]float64{x.logs, y.logs} {
			if len(logs) > 1 {
				spread += stat.Variance(logs, nil) * float64(len(logs)-1) / freedom
			}
		}
	} else {
		freedom = 30 // the spread is assumed, not measured
		spread += (x.within + y.within) / 2
	}
	spread = max(spread, (x.within+y.within)/2)
	tail := 0.025 / float64(max(m.decisive, 1))
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: freedom}.Quantile(1-tail) * math.Sqrt(spread*(1/n+1/k))
}

func capacityOf(r *Run) (value, within float64) {
	c := r.End.Sizing.Capacity
	if c == nil || c.Goodput <= 0 {
		return math.NaN(), 0
	}
	return c.Goodput, max(c.CI95[1]-c.CI95[0], 0) / (2 * 1.96 * c.Goodput)
}

func plateauOf(r *Run) (value, within float64) {
	p := r.End.Sizing.Plateau
	if p == nil || p.Goodput <= 0 {
		return math.NaN(), 0
	}
	return p.Goodput, max(p.SE, 0)
}

func goodputOf(r *Run) (value, within float64) {
	if r.Duration <= 0 || r.Total.Ended() == 0 {
		return math.NaN(), 0
	}
	return float64(r.Total.OK) / r.Duration, r.batches(func(p Point) float64 { return float64(p.OK) / p.Length })
}

func failuresOf(r *Run) (value, within float64) {
	return share(r.Total.Failed, r.Total.Ended()), math.NaN()
}

func runQuantile(q string) func(*Run) (float64, float64) {
	return func(r *Run) (float64, float64) {
		if r.Total.Latency == nil {
			return math.NaN(), 0
		}
		return r.Total.Latency.of(q), r.batches(func(p Point) float64 {
			if p.Latency == nil {
				return math.NaN()
			}
			return p.Latency.of(q)
		})
	}
}

func (q *Quantiles) of(name string) float64 {
	switch name {
	case "p50":
		return q.P50
	case "p95":
		return q.P95
	case "p99":
		return q.P99
	}
	return math.NaN()
}

// batches is the relative standard error of a mean over the run's windows, by
// the means of ten stretches, which are less dependent on each other than windows.
func (r *Run) batches(of func(Point) float64) float64 {
	var means []float64
	for k := range 10 {
		part := r.Points[k*len(r.Points)/10 : (k+1)*len(r.Points)/10]
		sum, n := 0.0, 0
		for _, p := range part {
			if v := of(p); !math.IsNaN(v) {
				sum, n = sum+v, n+1
			}
		}
		if n > 0 {
			means = append(means, sum/float64(n))
		}
	}
	if len(means) < 4 || stat.Mean(means, nil) <= 0 {
		return math.NaN()
	}
	return stat.StdErr(stat.StdDev(means, nil), float64(len(means))) / stat.Mean(means, nil)
}

// commonHolds are the loads that passed in every run of both sets, the highest
// three at most, highest first.
func commonHolds(a, b Set) []string {
	var common []record.Hold
	for i, r := range append(slices.Clone(a.Runs), b.Runs...) {
		var here []record.Hold
		for _, h := range r.Holds {
			known := func(o record.Hold) bool { return LoadOf(o) == LoadOf(h) }
			if h.Verdict == record.Pass && h.P95S > 0 && !slices.ContainsFunc(here, known) && (i == 0 || slices.ContainsFunc(common, known)) {
				here = append(here, h)
			}
		}
		common = here
	}
	slices.SortFunc(common, func(x, y record.Hold) int { return int(math.Copysign(1, y.Goodput-x.Goodput)) })
	var out []string
	for _, h := range common[:min(len(common), 3)] {
		out = append(out, LoadOf(h))
	}
	return out
}

func holdQuantile(load, q string) func(*Run) (float64, float64) {
	return func(r *Run) (float64, float64) {
		for _, h := range r.Holds {
			if LoadOf(h) == load && h.Verdict == record.Pass {
				return map[string]float64{"p50": h.P50S, "p95": h.P95S, "p99": h.P99S}[q], math.NaN()
			}
		}
		return math.NaN(), 0
	}
}

// equalLoad says whether plain runs made the same load, and which: as many
// virtual users, and begun iterations within 2 % where arrivals were due.
func equalLoad(a, b Set) (string, bool) {
	first := a.Runs[0]
	for _, r := range append(slices.Clone(a.Runs), b.Runs...) {
		if first.Total.Lateness != nil {
			x, y := units.Rate(first.Total.Started, first.Duration), units.Rate(r.Total.Started, r.Duration)
			if r.Total.Lateness == nil || !(math.Abs(x-y) <= 0.02*x) {
				return "", false
			}
			continue
		}
		if r.Total.VUsMax != first.Total.VUsMax || r.Total.Lateness != nil {
			return "", false
		}
	}
	if first.Total.Lateness != nil {
		return fmt.Sprintf("%s arriving", units.PerSecond(first.Total.Started, first.Duration)), true
	}
	return units.Many(uint64(max(first.Total.VUsMax, 0)), "VU"), true
}

func keysOf(maps ...map[string]string) iter.Seq[string] {
	all := map[string]bool{}
	for _, m := range maps {
		for k := range m {
			all[k] = true
		}
	}
	return func(yield func(string) bool) {
		for k := range all {
			if !yield(k) {
				return
			}
		}
	}
}
