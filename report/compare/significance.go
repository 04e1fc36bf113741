package compare

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/plimsoll-load/plimsoll/report"
)

// How much measures are taken to vary from run to run where no set has two runs.
const (
	spreadOfRates = 0.02
	spreadOfTimes = 0.10
)

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

// batches is the relative standard error of a mean over the run's windows, by
// the means of ten stretches, which are less dependent on each other than windows.
func batches(r *report.Run, of func(report.Point) float64) float64 {
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
