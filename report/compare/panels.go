package compare

import (
	"slices"

	"github.com/plimsoll-load/plimsoll/report"
)

// overlaid are the lines that a comparison draws of each set, by panel.
func overlaid() map[string]string {
	return map[string]string{"load": "virtual users", "throughput": "successful iterations", "failures": "of iterations", "latency": "p95"}
}

// Panels draw the first run of each set over the same time since its start:
// virtual users, throughput, failures and the p95 of response time.
func (c *Comparison) Panels() (times []float64, panels []report.Panel) {
	var g report.Grid
	for _, s := range c.sets {
		if own := s.Runs[0].Grid(); len(own.At) > 0 && (len(g.At) == 0 || own.At[len(own.At)-1] > g.At[len(g.At)-1]) {
			g = own
		}
	}
	lines := overlaid()
	for i, s := range c.sets {
		at, own := s.Runs[0].Panels()
		for _, p := range own {
			name, wanted := lines[p.ID]
			k := slices.IndexFunc(p.Lines, func(l report.Line) bool { return l.Name == name })
			if !wanted || k < 0 {
				continue
			}
			line := report.Line{Name: s.Name, Color: i, Values: g.Onto(at, p.Lines[k].Values)}
			if n := slices.IndexFunc(panels, func(o report.Panel) bool { return o.ID == p.ID }); n >= 0 {
				panels[n].Lines = append(panels[n].Lines, line)
				continue
			}
			panels = append(panels, report.Panel{ID: p.ID, Title: p.Title, Note: name + ", the first run of each set", Unit: p.Unit, Mark: p.Mark, Lines: []report.Line{line}})
		}
	}
	return g.At, panels
}

// Curves are the load curves of the first run of each set.
func (c *Comparison) Curves() []report.Curve {
	var out []report.Curve
	for _, s := range c.sets {
		if curve := s.Runs[0].LoadCurve(); curve != nil {
			curve.Name = s.Name
			out = append(out, *curve)
		}
	}
	return out
}
