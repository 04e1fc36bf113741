package report

import (
	"math"
	"slices"
)

// Grid is the times that all panels of a run share: the ends of its windows.
type Grid struct {
	At   []float64 // the end of each slot
	from []float64 // its start
}

// Grid is that of the run.
func (r *Run) Grid() Grid {
	var g Grid
	for _, p := range r.Points {
		g.from, g.At = append(g.from, p.At), append(g.At, p.At+p.Length)
	}
	return g
}

// Interval is how far apart the windows of the run usually are, in seconds; 0 without any.
func (r *Run) Interval() float64 {
	return typical(len(r.Points), func(i int) float64 { return r.Points[i].Length })
}

// typical is the (lower) median of what values returns for n things; 0 of nothing.
func typical(n int, value func(int) float64) float64 {
	if n <= 0 {
		return 0
	}
	list := make([]float64, n)
	for i := range list {
		list[i] = value(i)
	}
	slices.Sort(list)
	return list[(n-1)/2]
}

// Onto puts readings made at other times on the grid: each slot gets the last
// reading that is not older than the slot, or than one and a half of the
// intervals at which this value is read; where there is none, there is a gap.
// Nothing is interpolated.
func (g Grid) Onto(at, values []float64) []float64 {
	var times, read []float64
	for i, v := range values {
		if !math.IsNaN(v) {
			times, read = append(times, at[i]), append(read, v)
		}
	}
	out := gaps(len(g.At))
	interval := 1.5 * typical(len(times)-1, func(i int) float64 { return times[i+1] - times[i] })
	next := 0
	for i, end := range g.At {
		for next < len(times) && times[next] <= end+1e-6 {
			next++
		}
		if last := next - 1; last >= 0 && times[last] > end-max(end-g.from[i], interval)-1e-6 {
			out[i] = read[last]
		}
	}
	return out
}

// Thin reduces columns of n values that share their times to at most limit
// slots, and returns the times with them. Each pair of slots keeps the lowest
// and the highest value of what it stands for, in their order; where half of
// that has no value, neither has the slot.
func Thin(times []float64, columns [][]float64, limit int) ([]float64, [][]float64) {
	n := len(times)
	if n <= limit || limit < 2 {
		return times, columns
	}
	pairs := limit / 2
	outTimes := make([]float64, 0, 2*pairs)
	out := make([][]float64, len(columns))
	for k := range pairs {
		from, to := k*n/pairs, (k+1)*n/pairs
		middle := (from + to) / 2
		outTimes = append(outTimes, times[from], times[max(middle, from+1)])
		for c, column := range columns {
			a, b := extremes(column[from:to], middle-from)
			out[c] = append(out[c], a, b)
		}
	}
	return outTimes, out
}

// extremes are the lowest and the highest of some values in their order, with
// a gap for a half without any.
func extremes(list []float64, middle int) (first, second float64) {
	lo, hi := -1, -1
	var seen [2]bool
	for i, v := range list {
		if math.IsNaN(v) {
			continue
		}
		seen[min(i/max(middle, 1), 1)] = true
		if lo < 0 || v < list[lo] {
			lo = i
		}
		if hi < 0 || v > list[hi] {
			hi = i
		}
	}
	if lo < 0 {
		return math.NaN(), math.NaN()
	}
	first, second = list[min(lo, hi)], list[max(lo, hi)]
	switch {
	case !seen[0]:
		return math.NaN(), list[hi]
	case !seen[1]:
		return list[hi], math.NaN()
	}
	return first, second
}
