package compare

import (
	"fmt"
	"math"
	"slices"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// measure is one thing to compare.
type measure struct {
	name, load string
	unit       report.Unit
	lower      bool    // the lower the better
	decisive   int     // how many measures decide about a regression together; 0: it is none of them
	assume     float64 // its spread where no set has two runs; 0: nothing is known then
	of         func(*report.Run) (value, within float64)
}

func capacityOf(r *report.Run) (value, within float64) {
	c := r.End.Sizing.Capacity
	if c == nil || c.Goodput <= 0 {
		return math.NaN(), 0
	}
	return c.Goodput, max(c.CI95[1]-c.CI95[0], 0) / (2 * 1.96 * c.Goodput)
}

func plateauOf(r *report.Run) (value, within float64) {
	p := r.End.Sizing.Plateau
	if p == nil || p.Goodput <= 0 {
		return math.NaN(), 0
	}
	return p.Goodput, max(p.SE, 0)
}

func goodputOf(r *report.Run) (value, within float64) {
	if r.Duration <= 0 || r.Total.Ended() == 0 {
		return math.NaN(), 0
	}
	return float64(r.Total.OK) / r.Duration, batches(r, func(p report.Point) float64 { return float64(p.OK) / p.Length })
}

func failuresOf(r *report.Run) (value, within float64) {
	if r.Total.Ended() == 0 {
		return math.NaN(), math.NaN()
	}
	return float64(r.Total.Failed) / float64(r.Total.Ended()), math.NaN()
}

// unsentOf is what of an open load was not sent; a closed one leaves nothing out.
func unsentOf(r *report.Run) (value, within float64) {
	if r.Total.Lateness == nil && r.Total.Dropped.Total() == 0 {
		return math.NaN(), math.NaN()
	}
	return float64(r.Total.Dropped.Total()) / float64(max(r.Total.Due(), 1)), math.NaN()
}

func runQuantile(q string) func(*report.Run) (float64, float64) {
	return func(r *report.Run) (float64, float64) {
		if r.Total.Latency == nil {
			return math.NaN(), 0
		}
		return quantile(r.Total.Latency, q), batches(r, func(p report.Point) float64 {
			if p.Latency == nil {
				return math.NaN()
			}
			return quantile(p.Latency, q)
		})
	}
}

func quantile(q *report.Quantiles, name string) float64 {
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

// commonHolds are the loads that passed in every run of both sets, the highest
// three at most, highest first.
func commonHolds(a, b Set) []string {
	var common []record.Hold
	for i, r := range append(slices.Clone(a.Runs), b.Runs...) {
		var here []record.Hold
		for _, h := range r.Holds {
			known := func(o record.Hold) bool { return report.LoadOf(o) == report.LoadOf(h) }
			if h.Verdict == record.Pass && h.P95S > 0 && !slices.ContainsFunc(here, known) && (i == 0 || slices.ContainsFunc(common, known)) {
				here = append(here, h)
			}
		}
		common = here
	}
	slices.SortFunc(common, func(x, y record.Hold) int { return int(math.Copysign(1, y.Goodput-x.Goodput)) })
	var out []string
	for _, h := range common[:min(len(common), 3)] {
		out = append(out, report.LoadOf(h))
	}
	return out
}

func holdQuantile(load, q string) func(*report.Run) (float64, float64) {
	return func(r *report.Run) (float64, float64) {
		for _, h := range r.Holds {
			if report.LoadOf(h) == load && h.Verdict == record.Pass {
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
