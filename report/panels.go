package report

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// Panel is one chart over time. All its lines have one unit.
type Panel struct {
	ID, Title string
	Note      string // what a reader should know to read it right
	Unit      Unit
	Lines     []Line
	Mark      *Mark // a horizontal line: a tolerance, a limit
	More      bool  // it is for those who look further
}

// Line is one series of a panel, parallel to the panels' times.
type Line struct {
	Name   string
	Values []float64 // NaN: a gap
	Color  int       // of the palette of package chart
	Off    bool      // not shown at first
	// Whole is what a share of 1 stands for in WholeUnit, where that did not change; else 0.
	Whole     float64
	WholeUnit Unit
}

// Mark is a horizontal line with a name.
type Mark struct {
	At   float64
	Name string
}

// Panels are the charts of a run over the times of its windows (their ends):
// load, throughput, failures, response time, resources of each target as a
// share of their limit and by their unit, and the generator's own.
func (r *Run) Panels() (times []float64, panels []Panel) {
	g := r.Grid()
	if len(g.At) == 0 {
		return nil, nil
	}
	panels = append(panels, r.loadPanel(), r.ratePanel(), r.failurePanel())
	if r.Total.Latency != nil || r.Total.Iteration != nil {
		panels = append(panels, r.latencyPanel())
	}
	targets := r.Targets()
	panels = append(panels, resourcePanels(g, targets, "target", "Resources of the target")...)
	if own := r.Generator(); own != nil {
		panels = append(panels, resourcePanels(g, []Source{*own}, "generator", "Generator health")...)
	}
	return g.At, panels
}

// each makes a column of the points; windows that are too short to tell a rate are gaps.
func (r *Run) each(value func(Point) float64) []float64 {
	usual := r.Interval()
	out := gaps(len(r.Points))
	for i, p := range r.Points {
		if p.Length >= usual/4 {
			out[i] = value(p)
		}
	}
	return out
}

func (r *Run) loadPanel() Panel {
	return Panel{ID: "load", Title: "Virtual users", Unit: UnitCount, Lines: []Line{
		{Name: "virtual users", Values: r.each(func(p Point) float64 { return float64(p.VUs) })},
		{Name: "iterations under way", Color: 5, Values: r.each(func(p Point) float64 { return float64(p.InFlight) })},
	}}
}

func (r *Run) ratePanel() Panel {
	rates := func(n func(Point) uint64) []float64 {
		return r.each(func(p Point) float64 { return float64(n(p)) / p.Length })
	}
	panel := Panel{ID: "throughput", Title: "Throughput", Unit: UnitRate, Lines: []Line{
		{Name: "successful iterations", Color: 0, Values: rates(func(p Point) uint64 { return p.OK })},
		{Name: "failed iterations", Color: 1, Values: rates(func(p Point) uint64 { return p.Failed })},
	}}
	if r.Total.Requests() > 0 {
		panel.Lines = append(panel.Lines, Line{Name: "requests", Color: 2, Values: rates(func(p Point) uint64 { return p.Requests }), Off: true})
	}
	if r.Total.Dropped.Total() > 0 {
		panel.Lines = append(panel.Lines, Line{Name: "dropped arrivals", Color: 3, Values: rates(func(p Point) uint64 { return p.Dropped })})
	}
	return panel
}

func (r *Run) failurePanel() Panel {
	panel := Panel{ID: "failures", Title: "Failures", Unit: UnitShare, Lines: []Line{
		{Name: "of iterations", Color: 1, Values: r.each(func(p Point) float64 { return share(p.Failed, p.OK+p.Failed) })},
	}}
	if r.Total.Requests() > 0 {
		panel.Lines = append(panel.Lines, Line{Name: "of requests", Color: 2, Values: r.each(func(p Point) float64 { return share(p.RequestsKO, p.Requests) })})
	}
	if t := r.Tolerance(); t > 0 {
		panel.Mark = &Mark{t, "tolerance " + units.Percent(t, 1)}
	}
	return panel
}

// Tolerance is the share of iterations that may fail; 0: none was set.
func (r *Run) Tolerance() float64 {
	if r.End != nil && r.End.Sizing != nil && r.End.Sizing.Settings.Tolerance > 0 {
		return r.End.Sizing.Settings.Tolerance
	}
	return r.Head.Tolerance
}

func share(part, whole uint64) float64 {
	if whole == 0 {
		return math.NaN()
	}
	return float64(part) / float64(whole)
}

func (r *Run) latencyPanel() Panel {
	quantile := func(of func(*Quantiles) float64) []float64 {
		return r.each(func(p Point) float64 {
			if p.Latency == nil {
				return math.NaN()
			}
			return of(p.Latency)
		})
	}
	title := "Response time of requests"
	if r.Total.Requests() == 0 {
		title = "Duration of successful iterations"
	}
	return Panel{ID: "latency", Title: title, Unit: UnitSeconds, Lines: []Line{
		{Name: "p50", Color: 2, Values: quantile(func(q *Quantiles) float64 { return q.P50 })},
		{Name: "p95", Color: 0, Values: quantile(func(q *Quantiles) float64 { return q.P95 })},
		{Name: "p99", Color: 3, Values: quantile(func(q *Quantiles) float64 { return q.P99 })},
		{Name: "max", Color: 7, Values: quantile(func(q *Quantiles) float64 { return q.Max }), Off: true},
	}}
}

// maxLines bounds the lines of a panel of resources, and maxShown those that are shown at first.
const (
	maxLines = 16
	maxShown = 6
)

// resourcePanels are one panel of all shares of limits, and one for each unit of what has no known limit.
func resourcePanels(g Grid, sources []Source, id, title string) []Panel {
	limited := &Panel{ID: id, Title: title, Note: "share of each one's limit", Unit: UnitShare}
	byUnit := map[Unit]*Panel{}
	for _, s := range sources {
		for _, series := range s.Series {
			u := series.Use()
			if u == nil || series.Key == record.SampleS {
				continue
			}
			m := MeasureOf(series.Key)
			name := m.Name
			if len(sources) > 1 {
				name = s.Name + " " + m.Name
			}
			if u.Limit != nil {
				limited.Lines = append(limited.Lines, limitedLine(g, s, series, name))
				continue
			}
			if byUnit[m.Unit] == nil {
				byUnit[m.Unit] = &Panel{ID: id + "-" + strings.ReplaceAll(string(m.Unit), "/", "-"), Title: title, Note: unitNote(m.Unit), Unit: m.Unit, More: true}
			}
			byUnit[m.Unit].Lines = append(byUnit[m.Unit].Lines, Line{Name: name, Values: g.Onto(s.At, series.Values)})
		}
	}
	var out []Panel
	for _, panel := range append([]*Panel{limited}, inOrder(byUnit)...) {
		if panel.rank(); len(panel.Lines) > 0 {
			out = append(out, *panel)
		}
	}
	return out
}

// rank puts the highest lines first, and drops empty ones and those beyond
// maxLines; what was 0 all the time is said instead of drawn.
func (p *Panel) rank() {
	var zero []string
	p.Lines = slices.DeleteFunc(p.Lines, func(l Line) bool {
		if peak(l) == 0 {
			zero = append(zero, l.Name)
		}
		return empty(l) || peak(l) == 0
	})
	if len(zero) > 0 {
		p.Note += "; always 0: " + strings.Join(zero[:min(len(zero), 6)], ", ")
	}
	slices.SortStableFunc(p.Lines, func(a, b Line) int { return cmp.Compare(peak(b), peak(a)) })
	p.Lines = p.Lines[:min(len(p.Lines), maxLines)]
	for i := range p.Lines {
		p.Lines[i].Color, p.Lines[i].Off = i, i >= maxShown
	}
}

func limitedLine(g Grid, s Source, series Series, name string) Line {
	m := MeasureOf(series.Key)
	shares, whole := gaps(len(s.At)), math.NaN()
	for i, v := range series.Values {
		limit := series.Limits[i]
		if math.IsNaN(limit) {
			continue
		}
		shares[i] = v / limit
		if !math.IsNaN(whole) && whole != limit {
			whole = 0
		} else {
			whole = limit
		}
	}
	line := Line{Name: name, Values: g.Onto(s.At, shares), WholeUnit: m.Unit}
	if whole > 0 && m.Unit != UnitShare {
		line.Whole = whole
	}
	return line
}

func unitNote(u Unit) string {
	switch u {
	case UnitShare:
		return "share of the time"
	case UnitBytes:
		return "bytes, no limit known"
	case UnitByteSec:
		return "bytes per second, no limit known"
	case UnitRate:
		return "per second"
	case UnitSeconds:
		return "durations"
	case UnitCores:
		return "cores, no limit known"
	case UnitCount:
	}
	return "counts"
}

func inOrder(byUnit map[Unit]*Panel) []*Panel {
	var out []*Panel
	for _, u := range []Unit{UnitShare, UnitCores, UnitByteSec, UnitBytes, UnitSeconds, UnitRate, UnitCount} {
		if p := byUnit[u]; p != nil {
			out = append(out, p)
		}
	}
	return out
}

func empty(l Line) bool {
	return !slices.ContainsFunc(l.Values, func(v float64) bool { return !math.IsNaN(v) })
}

func peak(l Line) float64 {
	top := math.Inf(-1)
	for _, v := range l.Values {
		if v > top {
			top = v
		}
	}
	return top
}
