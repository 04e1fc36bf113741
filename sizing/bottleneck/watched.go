package bottleneck

import (
	"maps"
	"slices"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// watched are the rows by source.
type watched struct {
	sources map[string][]record.Resources
	target  []string // sources of the service's side
	hosts   []string
}

func newWatched(rows []record.Resources) watched {
	w := watched{sources: map[string][]record.Resources{}}
	for _, r := range rows {
		w.sources[r.Source] = append(w.sources[r.Source], r)
	}
	for _, name := range slices.Sorted(maps.Keys(w.sources)) {
		switch first := w.sources[name][0]; first.Kind() {
		case record.KindGenerator:
		case record.KindHost:
			w.hosts = append(w.hosts, name)
		default:
			w.target = append(w.target, name)
		}
		slices.SortStableFunc(w.sources[name], func(x, y record.Resources) int {
			switch {
			case x.AtS < y.AtS:
				return -1
			case x.AtS > y.AtS:
				return 1
			}
			return 0
		})
	}
	return w
}

func (w watched) names() []string { return slices.Sorted(maps.Keys(w.sources)) }

// figure is a value over some time.
type figure struct {
	mean  float64
	cover float64 // share of the time that readings speak of
	limit float64 // 0: unknown
}

func (f figure) known() bool { return f.cover > 0 }

// use is the mean as a share of the limit; 0 when there is none.
func (f figure) use() float64 {
	if f.limit <= 0 {
		return 0
	}
	return f.mean / f.limit
}

// over returns the mean of a value between two times. A row speaks of the
// time since the row before that has the value; a gap ends that.
func (w watched) over(source, name string, from, to float64) figure {
	var f figure
	var sum, weight, limits, limited float64
	before := -1.0
	for _, r := range w.sources[source] {
		if len(r.Values) == 0 && r.Note != "" {
			before = -1
			continue
		}
		v, ok := r.Values[name]
		if !ok {
			continue
		}
		since := before
		before = r.AtS
		if since < 0 {
			continue
		}
		overlap := min(r.AtS, to) - max(since, from)
		if overlap <= 0 {
			continue
		}
		sum, weight = sum+v*overlap, weight+overlap
		if l, ok := r.Limits[name]; ok {
			limits, limited = limits+l*overlap, limited+overlap
		}
	}
	if weight == 0 {
		return f
	}
	f.mean, f.cover = sum/weight, min(weight/(to-from), 1)
	if limited > 0 {
		f.limit = limits / limited
	}
	return f
}

// during is over, for several points together.
func (w watched) during(source, name string, points []point) figure {
	var f figure
	var sum, weight, length, limits, limited float64
	for _, p := range points {
		one := w.over(source, name, p.from, p.to)
		length += p.length()
		if !one.known() {
			continue
		}
		part := p.length() * one.cover
		sum, weight = sum+one.mean*part, weight+part
		if one.limit > 0 {
			limits, limited = limits+one.limit*part, limited+part
		}
	}
	if weight == 0 {
		return f
	}
	f.mean, f.cover = sum/weight, weight/length
	if limited > 0 {
		f.limit = limits / limited
	}
	return f
}

// total sums a count of events over all rows.
func (w watched) total(source, name string) float64 {
	sum := 0.0
	for _, r := range w.sources[source] {
		sum += r.Values[name]
	}
	return sum
}

// coverage is the share of the judged time in which some source of the service was read.
func (a *analysis) coverage() float64 {
	best := 0.0
	for _, source := range a.watch.target {
		for _, name := range []string{record.CPUCores, record.MemoryBytes} {
			best = max(best, a.watch.during(source, name, a.points).cover)
		}
	}
	return best
}
