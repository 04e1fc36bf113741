package report

import (
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/plimsoll-load/plimsoll/report/chart"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// pictureSlots bounds the points of a line in a picture.
const pictureSlots = 400

// PNG writes one picture of the run, for a pull request.
func PNG(w io.Writer, r *Run) error { return chart.PNG(w, r.picture()) }

// SVG writes the same picture as SVG.
func SVG(w io.Writer, r *Run) error { return chart.SVG(w, r.picture()) }

// picture is the verdict, the load curve where there is one, and what happened over time.
func (r *Run) picture() chart.Picture {
	v := r.Verdict()
	p := chart.Picture{Title: v.Word + ": " + v.Sentence, Subtitle: r.Head.Script + "   " + r.Head.Started.UTC().Format("2006-01-02 15:04 UTC")}
	if v.Reason != "" {
		p.Subtitle += "   " + v.Reason
	}
	if c := r.LoadCurve(); c != nil && len(r.Holds) > 0 {
		p.Panels = append(p.Panels, CurveChart([]Curve{*c}, CurveGoodput))
	}
	times, panels := r.Panels()
	times, panels = ThinPanels(times, panels, pictureSlots)
	for _, panel := range panels {
		switch panel.ID {
		case "throughput", "failures", "latency", "target":
			p.Panels = append(p.Panels, PanelChart(times, panel, r.Bands()))
		}
	}
	return p
}

// ThinPanels is Thin for all lines of panels that share their times.
func ThinPanels(times []float64, panels []Panel, limit int) ([]float64, []Panel) {
	var columns [][]float64
	for _, p := range panels {
		for _, l := range p.Lines {
			columns = append(columns, l.Values)
		}
	}
	times, columns = Thin(times, columns, limit)
	out := make([]Panel, len(panels))
	for i, p := range panels {
		p.Lines = slices.Clone(p.Lines)
		for k := range p.Lines {
			p.Lines[k].Values, columns = columns[0], columns[1:]
		}
		out[i] = p
	}
	return times, out
}

// PanelChart is a panel as a still picture. Lines that are not shown at first
// keep their place in the order of dashes.
func PanelChart(times []float64, p Panel, bands []Band) chart.Panel {
	c := chart.Panel{Title: p.Title, X: times, TimeAxis: true, FormatX: units.Clock, FormatY: p.Unit.Format}
	if p.Whole() {
		c.AtLeast = 1
	}
	for _, l := range p.Lines {
		y := l.Values
		if l.Off {
			y = nil
		}
		c.Lines = append(c.Lines, chart.Line{Name: l.Name, Color: l.Color, Y: y})
	}
	for _, b := range bands {
		c.Bands = append(c.Bands, chart.Band{From: b.From, To: b.To, Alarm: b.Kind == BandFail || b.Kind == BandOutage})
	}
	if p.Mark != nil {
		c.Mark = &chart.Mark{At: p.Mark.At, Name: p.Mark.Name}
	}
	return c
}

// Whole says that the panel shows how much of a limit is left, so that its axis reaches the limit.
func (p Panel) Whole() bool { return p.Unit == UnitShare && p.ID != "failures" }

// CurveOf is one of the two charts of a load curve.
type CurveOf string

// What a load curve shows over the load.
const (
	CurveGoodput CurveOf = "goodput"
	CurveP95     CurveOf = "p95"
)

// Title is the chart's.
func (o CurveOf) Title() string {
	if o == CurveP95 {
		return "Response time, p95"
	}
	return "Successful iterations per second"
}

// CurveChart draws load curves over each other as a still picture. The knee
// and the sure range are those of the first.
func CurveChart(curves []Curve, of CurveOf) chart.Panel {
	p := chart.Panel{Title: fmt.Sprintf("%s by %s", of.Title(), curves[0].X), FormatX: units.Number, FormatY: UnitRate.Format, Dots: true, Knee: curves[0].Knee}
	if of == CurveP95 {
		p.FormatY = UnitSeconds.Format
	} else {
		p.Sure = curves[0].Tested
	}
	var all []float64
	for i, c := range curves {
		line := chart.Line{Name: c.Name, Color: c.color(i, of)}
		for _, at := range c.Points {
			y := at.Goodput
			if of == CurveP95 {
				y = at.P95
			}
			if y <= 0 && of == CurveP95 {
				y = math.NaN()
			}
			line.X, line.Y = append(line.X, at.Load), append(line.Y, y)
		}
		all = append(all, line.X...)
		p.Lines = append(p.Lines, line)
	}
	p.LogX = Doubling(all)
	return p
}

// color is the set's where there are several, else that of the measure.
func (c Curve) color(i int, of CurveOf) int {
	if i == 0 && c.Name == "" && of == CurveP95 {
		return 3
	}
	return i
}
