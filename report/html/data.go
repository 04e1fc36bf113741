package html

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-load/plimsoll/report"
)

// maxSlots bounds the times that the page carries: an hour of seconds. The
// script draws at most 1,000 of them at once, and the others on zoom.
const maxSlots = 3600

// pageData is what the page's script reads.
type pageData struct {
	Started string      `json:"started"`
	Run     string      `json:"run"` // names the downloads
	Times   column      `json:"times"`
	Panels  []panelData `json:"panels"`
	Bands   []bandData  `json:"bands"`
	Events  []eventData `json:"events"`
	Heat    *heatData   `json:"heat,omitempty"`
	Curve   *curveData  `json:"curve,omitempty"`
}

type panelData struct {
	ID    string     `json:"id"`
	Title string     `json:"title"`
	Unit  string     `json:"unit"`
	Full  bool       `json:"full,omitempty"` // the axis reaches at least 100 %
	Lines []lineData `json:"lines"`
	Mark  *markData  `json:"mark,omitempty"`
}

type lineData struct {
	Name      string  `json:"name"`
	Color     int     `json:"color"`
	Off       bool    `json:"off,omitempty"`
	Whole     float64 `json:"whole,omitempty"`
	WholeUnit string  `json:"wholeUnit,omitempty"`
	Values    column  `json:"values"`
}

type markData struct {
	At   float64 `json:"at"`
	Name string  `json:"name"`
}

type bandData struct {
	From float64 `json:"from"`
	To   float64 `json:"to"`
	Kind string  `json:"kind"`
	Name string  `json:"name"`
}

type eventData struct {
	At   float64 `json:"at"`
	Name string  `json:"name"`
}

// curveData are the load curves: one, or one a set of a comparison.
type curveData struct {
	X    string         `json:"x"`
	Sets []curveSetData `json:"sets"`
}

type curveSetData struct {
	Name   string           `json:"name"`
	Knee   float64          `json:"knee,omitempty"`
	Sure   *[2]float64      `json:"sure,omitempty"`
	Points []curvePointData `json:"points"`
}

type curvePointData struct {
	Load    float64 `json:"load"`
	Goodput float64 `json:"goodput"`
	P95     float64 `json:"p95"`
	Failed  float64 `json:"failed"`
	Verdict string  `json:"verdict"`
	Name    string  `json:"name"`
}

// column is a series in few bytes: steps between neighbours, in units of
// Quantum. "5*3" is three steps of 5, "~3" three gaps; the first step is from 0.
type column struct {
	Quantum float64 `json:"q"`
	Steps   string  `json:"d"`
}

// pack keeps a typical value to half a percent, larger ones more exactly.
func pack(values []float64) column { return packIn(quantum(values), values) }

// packTimes keeps hundredths of a second.
func packTimes(times []float64) column { return packIn(0.01, times) }

func packIn(quantum float64, values []float64) column {
	c := column{Quantum: quantum}
	var out strings.Builder
	var before, step, repeated int64
	gap := false
	flush := func() {
		if repeated == 0 {
			return
		}
		if out.Len() > 0 {
			out.WriteByte(' ')
		}
		if gap {
			out.WriteByte('~')
			out.WriteString(strconv.FormatInt(repeated, 10))
			return
		}
		out.WriteString(strconv.FormatInt(step, 10))
		if repeated > 1 {
			out.WriteByte('*')
			out.WriteString(strconv.FormatInt(repeated, 10))
		}
	}
	for _, v := range values {
		missing := math.IsNaN(v)
		next := before
		if !missing {
			next = int64(math.Round(v / c.Quantum))
		}
		if repeated == 0 || missing != gap || !missing && next-before != step {
			flush()
			gap, step, repeated = missing, next-before, 0
		}
		repeated++
		before = next
	}
	flush()
	c.Steps = out.String()
	return c
}

// quantum is the step of 1, 2 or 5 times a power of ten that a typical value
// has 100 to 250 of (histograms tell no more), and the largest no more than 1e9.
func quantum(values []float64) float64 {
	var sizes []float64
	for _, v := range values {
		if v != 0 && !math.IsNaN(v) {
			sizes = append(sizes, math.Abs(v))
		}
	}
	if len(sizes) == 0 {
		return 1
	}
	slices.Sort(sizes)
	want := max(sizes[len(sizes)/2]/100, sizes[len(sizes)-1]/1e9, 1e-12)
	power := math.Pow(10, math.Floor(math.Log10(want)))
	for _, m := range []float64{5, 2} {
		if m*power <= want {
			return m * power
		}
	}
	return power
}

// charts is what both a run's page and a comparison's show over time and load.
type charts struct {
	times  []float64
	panels []report.Panel
	bands  []report.Band
	curves []report.Curve
}

func dataOf(name string, c charts) pageData {
	times, panels := report.ThinPanels(c.times, c.panels, maxSlots)
	d := pageData{Run: name, Times: packTimes(times), Panels: []panelData{}, Bands: []bandData{}, Events: []eventData{}, Curve: curvesOf(c.curves)}
	for _, p := range panels {
		panel := panelData{ID: p.ID, Title: p.Title, Unit: string(p.Unit), Full: p.Whole()}
		for _, l := range p.Lines {
			line := lineData{Name: l.Name, Color: l.Color, Off: l.Off, Values: pack(l.Values)}
			if l.Whole > 0 {
				line.Whole, line.WholeUnit = l.Whole, string(l.WholeUnit)
			}
			panel.Lines = append(panel.Lines, line)
		}
		if p.Mark != nil {
			panel.Mark = &markData{p.Mark.At, p.Mark.Name}
		}
		d.Panels = append(d.Panels, panel)
	}
	for _, b := range c.bands {
		d.Bands = append(d.Bands, bandData{tidy(b.From), tidy(b.To), string(b.Kind), b.Name})
	}
	return d
}

func curvesOf(curves []report.Curve) *curveData {
	if len(curves) == 0 {
		return nil
	}
	d := &curveData{X: curves[0].X}
	for _, c := range curves {
		set := curveSetData{Name: c.Name, Knee: c.Knee, Sure: c.Tested}
		for _, p := range c.Points {
			set.Points = append(set.Points, curvePointData{tidy(p.Load), tidy(p.Goodput), tidy(p.P95), tidy(p.Failed), string(p.Verdict), p.Name})
		}
		d.Sets = append(d.Sets, set)
	}
	return d
}

// maxEvents bounds the marks on the time axis.
const maxEvents = 200

// tidy rounds to six digits, which is more than anyone reads.
func tidy(v float64) float64 {
	out, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64)
	if err != nil {
		return 0
	}
	return out
}

func encode(d pageData) (string, error) {
	body, err := json.Marshal(d) // escapes <, > and &: it cannot end the script it stands in
	return string(body), err
}
