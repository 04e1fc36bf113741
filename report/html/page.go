// Package html makes the page of a run: one file that needs no network, no
// server and, for all that matters, no script.
//
// The verdict and the tables are plain HTML, and beneath each interactive chart
// lies a picture of it in SVG that lives on presentation attributes, so that the
// page can be read in mail, under a CI server's policy against scripts and
// styles, and on paper. The page's own policy allows nothing but its own script
// and style, by their hashes: it cannot ask anything of anyone. All strings from
// outside pass through html/template or encoding/json.
package html

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page's parts
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"path"
	"strings"

	"github.com/plimsoll-load/plimsoll/report"
)

//go:embed page.html.tmpl
var pageSource string

//go:embed page.css
var styleSource string

//go:embed page.js
var scriptSource string

//go:embed vendor/uPlot.iife.min.js
var uPlotScript string

//go:embed vendor/uPlot.min.css
var uPlotStyle string

// Write writes the page of a run.
func Write(w io.Writer, r *report.Run) error {
	page, err := pageOf(r)
	if err != nil {
		return fmt.Errorf("html: %w", err)
	}
	t, err := template.New("page").Parse(pageSource)
	if err != nil {
		return fmt.Errorf("html: %w", err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, page); err != nil {
		return fmt.Errorf("html: %w", err)
	}
	_, err = w.Write(out.Bytes())
	return err
}

// page is what the template sees.
type page struct {
	Policy     string
	Style      template.CSS
	Script     template.JS
	Data       template.JS
	Title      string
	Mode       string
	Started    string
	StartedISO string
	Tool       string
	Verdict    report.Verdict
	Tone       string
	Figures    []figure
	Evidence   []string
	Warnings   []string
	Panels     []panelView
	Curve      []panelView
	Failures   []failureView
	Tables     []tableView
	Facts      []fact
	Settings   [][3]string
	Command    string
	Events     []eventView
	Record     string
}

// figure is one of the numbers under the verdict.
type figure struct{ Name, Value, Unit, Note string }

// fact is a name and a value of the block that tells how to do it again.
type fact struct{ Name, Value string }

type eventView struct{ At, Kind, Message string }

func pageOf(r *report.Run) (*page, error) {
	v := r.Verdict()
	script := uPlotScript + "\n" + scriptSource
	style := uPlotStyle + "\n" + styleSource
	p := &page{
		Policy: policy(script, style), Style: template.CSS(style), Script: template.JS(script),
		Title: titleOf(r), Mode: r.Head.Mode, Tool: r.Head.Tool, Verdict: v, Tone: [...]string{"good", "warn", "bad"}[v.Tone],
		Figures: figures(r), Evidence: r.Evidence(), Warnings: r.Warnings, Failures: failureViews(r), Tables: tables(r),
		Facts: facts(r), Command: strings.Join(quoted(r.Head.Command), " "), Record: r.Path,
	}
	if !r.Head.Started.IsZero() {
		p.Started, p.StartedISO = r.Head.Started.UTC().Format("2 January 2006, 15:04 UTC"), r.Head.Started.UTC().Format("2006-01-02T15:04:05Z")
	}
	for _, s := range r.Head.Settings {
		p.Settings = append(p.Settings, [3]string{s.Name, s.Value, string(s.Source)})
	}
	for _, e := range r.Events[:min(len(r.Events), maxEvents)] {
		p.Events = append(p.Events, eventView{report.Clock(e.AtS), e.Kind, e.Message})
	}
	times, panels := r.Panels()
	p.Panels, p.Curve = panelViews(r, times, panels), curveViews(r)
	fine, thinned := thin(times, panels, maxSlots)
	data, err := encode(dataOf(r, nameOf(r), fine, thinned))
	p.Data = template.JS(data)
	return p, err
}

// policy allows the page its own script and style, and nothing else.
func policy(script, style string) string {
	return fmt.Sprintf("default-src 'none'; script-src '%s'; style-src '%s'; base-uri 'none'; form-action 'none'", hash(script), hash(style))
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func titleOf(r *report.Run) string {
	if r.Head.Script == "" {
		return "load test"
	}
	return path.Base(strings.ReplaceAll(r.Head.Script, `\`, "/"))
}

// nameOf names the files that the page offers.
func nameOf(r *report.Run) string {
	name := strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' {
			return c
		}
		return '-'
	}, titleOf(r))
	return name[:min(len(name), 60)] + r.Head.Started.UTC().Format("-20060102-150405")
}

// quoted are words of a command as a shell would take them.
func quoted(words []string) []string {
	var out []string
	for _, w := range words {
		if w == "" || strings.ContainsAny(w, " \t\"'\\$`&|;<>()*?[]#~!{}") {
			w = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
		out = append(out, w)
	}
	return out
}

// thin reduces panels that share their times.
func thin(times []float64, panels []report.Panel, limit int) ([]float64, []report.Panel) {
	var columns [][]float64
	for _, p := range panels {
		for _, l := range p.Lines {
			columns = append(columns, l.Values)
		}
	}
	times, columns = report.Thin(times, columns, limit)
	out := make([]report.Panel, len(panels))
	for i, p := range panels {
		p.Lines = append([]report.Line(nil), p.Lines...)
		for k := range p.Lines {
			p.Lines[k].Values, columns = columns[0], columns[1:]
		}
		out[i] = p
	}
	return times, out
}
