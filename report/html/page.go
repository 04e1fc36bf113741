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
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"path"
	"regexp"
	"strings"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/report/compare"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

//go:embed page.html.tmpl
var pageSource string

//go:embed page.css
var styleSource string

// The page's own script, in the order of its parts, which share one scope.
//
//go:embed script/*.js
var scripts embed.FS

//go:embed vendor/uPlot.iife.min.js
var uPlotScript string

//go:embed vendor/uPlot.min.css
var uPlotStyle string

// Options are what a run's page may have besides the run.
type Options struct {
	// Comparison with a former run, shown as a block of its own.
	Comparison *compare.Comparison
}

// Write writes the page of a run.
func Write(w io.Writer, r *report.Run, o Options) error {
	p, err := pageOf(r)
	if err != nil {
		return fmt.Errorf("html: %w", err)
	}
	if o.Comparison != nil {
		p.Compared = changeTables(o.Comparison)
		p.ComparedNotes = append(o.Comparison.LimitLines(), o.Comparison.Warnings...)
	}
	return p.write(w)
}

func (p *page) write(w io.Writer) error {
	t, err := template.New("page").Parse(pageSource)
	if err != nil {
		return fmt.Errorf("html: %w", err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, p); err != nil {
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
	More       []panelView
	Curve      []panelView
	Failures   []failureView
	Tables     []tableView
	Facts      []fact
	Settings   [][3]string
	Command    string
	Events     []eventView
	// Compared are the changes against a former run, ComparedNotes what to know about them.
	Compared      []tableView
	ComparedNotes []string
}

// figure is one of the numbers under the verdict.
type figure struct{ Name, Value, Unit, Note string }

// fact is a name and a value of the block that tells how to do it again.
type fact struct{ Name, Value string }

type eventView struct{ At, Kind, Message string }

// unbroken is between a number and its unit.
var unbroken = regexp.MustCompile(`(\d) ([a-zµ%])`)

// newPage is a page with nothing but its verdict.
func newPage(v report.Verdict) *page {
	script := uPlotScript + "\n(function () {\n'use strict';\n" + ownScript() + "})();\n"
	style := uPlotStyle + "\n" + styleSource
	v.Sentence, v.Reason = unbroken.ReplaceAllString(v.Sentence, "$1\u00a0$2"), unbroken.ReplaceAllString(v.Reason, "$1\u00a0$2")
	return &page{
		Policy: policy(script, style), Style: template.CSS(style), Script: template.JS(script),
		Verdict: v, Tone: [...]string{"good", "warn", "bad"}[v.Tone],
	}
}

func pageOf(r *report.Run) (*page, error) {
	p := newPage(r.Verdict())
	p.Title, p.Mode, p.Tool = titleOf(r), string(r.Head.Mode), r.Head.Tool
	p.Figures, p.Evidence, p.Warnings = figures(r), r.Evidence(), r.Warnings
	p.Failures, p.Tables, p.Facts = failureViews(r), tables(r), facts(r)
	p.Command = strings.Join(quoted(r.Head.Command), " ")
	if !r.Head.Started.IsZero() {
		p.Started, p.StartedISO = r.Head.Started.UTC().Format("2 January 2006, 15:04 UTC"), r.Head.Started.UTC().Format("2006-01-02T15:04:05Z")
	}
	for _, s := range r.Head.Settings {
		p.Settings = append(p.Settings, [3]string{s.Name, s.Value, string(s.Source)})
	}
	for _, e := range r.Events[:min(len(r.Events), maxEvents)] {
		p.Events = append(p.Events, eventView{units.Clock(e.AtS), string(e.Kind), e.Message})
	}
	c := charts{bands: r.Bands()}
	c.times, c.panels = r.Panels()
	if curve := r.LoadCurve(); curve != nil {
		c.curves = []report.Curve{*curve}
	}
	p.Panels, p.More = split(withHeat(panelViews(c.times, c.panels, c.bands), r), c.panels)
	p.Curve = curveViews(c.curves)
	data := dataOf(nameOf(r), c)
	data.Started, data.Heat = p.StartedISO, heatOf(r)
	for _, e := range r.Events[:min(len(r.Events), maxEvents)] {
		if e.Kind == record.EventPhase && len(r.Holds) > 0 {
			continue // the holds are drawn
		}
		data.Events = append(data.Events, eventData{tidy(e.AtS), string(e.Kind) + ": " + e.Message})
	}
	text, err := encode(data)
	p.Data = template.JS(text)
	return p, err
}

// ownScript joins the parts of the page's script.
func ownScript() string {
	var all strings.Builder
	for _, name := range []string{"values", "charts", "curve", "page"} {
		part, err := scripts.ReadFile("script/" + name + ".js")
		if err != nil {
			panic("html: a part of the page's script is not embedded: " + name) // a test makes a page
		}
		all.Write(part)
	}
	return all.String()
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
