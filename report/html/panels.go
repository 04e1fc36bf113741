package html

import (
	"bytes"
	"fmt"
	"html"
	"html/template"
	"math"
	"slices"
	"strings"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/report/chart"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// panelView is a chart as the template sees it.
type panelView struct {
	ID, Title, Note string
	Label           string // for those who do not see it
	Legend          []keyView
	Picture         template.HTML
	Values          *tableView // nil: none
}

// split takes the panels for those who look further from the others.
func split(views []panelView, panels []report.Panel) (first, more []panelView) {
	further := map[string]bool{}
	for _, p := range panels {
		further[p.ID] = p.More
	}
	for _, v := range views {
		if further[v.ID] {
			more = append(more, v)
		} else {
			first = append(first, v)
		}
	}
	return first, more
}

// keyView is one entry of a legend.
type keyView struct {
	Name  string
	Color int
	Paint string
	Dash  string
	Off   bool
}

// staticSlots bounds the points of a static chart's line.
const staticSlots = 240

func panelViews(times []float64, panels []report.Panel, bands []report.Band) []panelView {
	coarse, thinned := report.ThinPanels(times, panels, staticSlots)
	var out []panelView
	for i, p := range thinned {
		view := panelView{ID: p.ID, Title: p.Title, Note: p.Note, Label: strings.TrimSpace(p.Title+" "+p.Note) + " over time"}
		if !p.More {
			view.Values = valueTable(times, panels[i])
		}
		for k, l := range p.Lines {
			view.Legend = append(view.Legend, key(l.Name, l.Color, k, l.Off))
		}
		view.Picture = picture(view.Label, report.PanelChart(coarse, p, bands))
		out = append(out, view)
	}
	return out
}

// withHeat puts the heat map behind the response times.
func withHeat(views []panelView, r *report.Run) []panelView {
	at := slices.IndexFunc(views, func(v panelView) bool { return v.ID == "latency" })
	heat := heatSVG(r, "Requests by response time, over time")
	if at < 0 || heat == "" {
		return views
	}
	return slices.Insert(views, at+1, panelView{
		ID: "heat", Title: "Response times, all of them", Note: "each column one stretch of time, darker where more requests ended",
		Label: "Heat map of response times over time", Picture: template.HTML(heat),
	})
}

func key(name string, color, order int, off bool) keyView {
	palette, dashes := chart.Palette(), chart.Dashes()
	var dash []string
	for _, d := range dashes[order%len(dashes)] {
		dash = append(dash, fmt.Sprint(d))
	}
	color %= len(palette)
	return keyView{name, color, palette[color], strings.Join(dash, " "), off}
}

// picture is a chart of one panel for the page; empty where nothing can be drawn.
func picture(label string, p chart.Panel) template.HTML {
	var out bytes.Buffer
	if err := chart.SVG(&out, chart.Picture{Panels: []chart.Panel{p}, Bare: true}); err != nil {
		return "" // a picture less is no reason to lose the page
	}
	named := `<svg role="img" aria-label="` + html.EscapeString(label) + `" `
	return template.HTML(strings.Replace(out.String(), "<svg ", named, 1)) // chart escapes what it writes
}

// valueTable is a panel in at most twelve rows of numbers.
func valueTable(times []float64, p report.Panel) *tableView {
	t := &tableView{Title: strings.TrimSpace(p.Title+" "+p.Note) + " in numbers", Head: []cell{{Text: "until"}}}
	for _, l := range p.Lines {
		t.Head = append(t.Head, cell{Text: l.Name, Right: true})
	}
	rows := min(len(times), 12)
	for k := range rows {
		from, to := k*len(times)/rows, (k+1)*len(times)/rows
		row := []cell{{Text: units.Clock(times[to-1])}}
		for _, l := range p.Lines {
			row = append(row, cell{Text: p.Unit.Format(mean(l.Values[from:to])), Right: true})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// mean of what is there; NaN of nothing.
func mean(list []float64) float64 {
	sum, n := 0.0, 0
	for _, v := range list {
		if !math.IsNaN(v) {
			sum, n = sum+v, n+1
		}
	}
	return sum / float64(n)
}

// curveViews are load curves: goodput, and response time over the same loads.
func curveViews(curves []report.Curve) []panelView {
	var views []panelView
	for _, of := range []report.CurveOf{report.CurveGoodput, report.CurveP95} {
		if len(curves) == 0 {
			break
		}
		c := report.CurveChart(curves, of)
		if still := picture(c.Title, c); still != "" {
			view := panelView{ID: string(of), Title: of.Title(), Note: "by " + curves[0].X, Label: c.Title, Picture: still}
			for i, l := range c.Lines {
				if l.Name != "" {
					view.Legend = append(view.Legend, key(l.Name, l.Color, i, false))
				}
			}
			views = append(views, view)
		}
	}
	return views
}
