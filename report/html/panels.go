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
)

// panelView is a chart as the template sees it.
type panelView struct {
	ID, Title, Note string
	Label           string // for those who do not see it
	Legend          []keyView
	Picture         template.HTML
	Values          *tableView // nil: none
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

func panelViews(r *report.Run, times []float64, panels []report.Panel) []panelView {
	coarse, thinned := thin(times, panels, staticSlots)
	var out []panelView
	for i, p := range thinned {
		view := panelView{ID: p.ID, Title: p.Title, Note: p.Note, Label: strings.TrimSpace(p.Title+" "+p.Note) + " over time", Values: valueTable(times, panels[i])}
		for k, l := range p.Lines {
			view.Legend = append(view.Legend, key(l.Name, l.Color, k, l.Off))
		}
		view.Picture = picture(view.Label, chartOf(r, coarse, p))
		out = append(out, view)
		if heat := heatSVG(r, "Requests by response time, over time"); p.ID == "latency" && heat != "" {
			out = append(out, panelView{
				ID: "heat", Title: "Response times, all of them", Note: "each column one stretch of time, darker where more requests ended",
				Label: "Heat map of response times over time", Picture: template.HTML(heat),
			})
		}
	}
	return out
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

func chartOf(r *report.Run, times []float64, p report.Panel) chart.Panel {
	c := chart.Panel{X: times, TimeAxis: true, FormatX: report.Clock, FormatY: p.Unit.Format}
	if full(p) {
		c.AtLeast = 1
	}
	for _, l := range p.Lines {
		y := l.Values
		if l.Off {
			y = nil // it keeps its place in the order of dashes
		}
		c.Lines = append(c.Lines, chart.Line{Name: l.Name, Color: l.Color, Y: y})
	}
	for _, b := range r.Bands() {
		c.Bands = append(c.Bands, chart.Band{From: b.From, To: b.To, Alarm: b.Kind == report.BandFail || b.Kind == report.BandOutage})
	}
	if p.Mark != nil {
		c.Mark = &chart.Mark{At: p.Mark.At, Name: p.Mark.Name}
	}
	return c
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
		row := []cell{{Text: report.Clock(times[to-1])}}
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

// curveViews are the load curve: goodput, and response time over the same loads.
func curveViews(r *report.Run) []panelView {
	c := r.LoadCurve()
	if c == nil {
		return nil
	}
	var loads, goodput, p95 []float64
	for _, p := range c.Points {
		loads, goodput = append(loads, p.Load), append(goodput, p.Goodput)
		if p.P95 <= 0 {
			p.P95 = math.NaN()
		}
		p95 = append(p95, p.P95)
	}
	base := chart.Panel{X: loads, FormatX: report.Number, Dots: true, Knee: c.Knee, LogX: report.Doubling(loads)}
	draw := func(id, title string, unit report.Unit, color int, y []float64) panelView {
		p := base
		p.FormatY, p.Lines = unit.Format, []chart.Line{{Name: title, Color: color, Y: y}}
		if id == "goodput" {
			p.Sure = c.Tested
		}
		label := title + " by " + c.X
		return panelView{ID: id, Title: title, Note: "by " + c.X, Label: label, Picture: picture(label, p)}
	}
	views := []panelView{draw("goodput", "Successful iterations per second", report.UnitRate, 0, goodput)}
	if slices.ContainsFunc(p95, func(v float64) bool { return !math.IsNaN(v) }) {
		views = append(views, draw("p95", "Response time, p95", report.UnitSeconds, 3, p95))
	}
	return views
}
