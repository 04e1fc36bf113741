// Package markdown writes runs and comparisons as tables for a comment in a pull request.
package markdown

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/report/compare"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// Write writes a run as a table for a comment in a pull request.
func Write(w io.Writer, r *report.Run) error {
	v := r.Verdict()
	var b strings.Builder
	fmt.Fprintf(&b, "**%s %s**: %s\n\n", v.Tone.Symbol(), md(v.Word), md(v.Sentence))
	if v.Reason != "" {
		fmt.Fprintf(&b, "Ended: %s.\n\n", md(v.Reason))
	}
	if r.Sized() {
		mdTable(&b, []string{"", ""}, factRows(report.CapacityFacts(r.End.Sizing)))
	}
	var bounds [][]string
	for _, t := range report.BrokenFirst(r.Thresholds()) {
		bounds = append(bounds, []string{t.Metric + " " + t.Expression, report.ThresholdValue(&t), report.ThresholdTone(&t).Symbol()})
	}
	mdTable(&b, []string{"threshold", "value", ""}, bounds)
	c := r.Total
	heads := []string{"iterations", "rate", "failed", "requests", "p50", "p95", "p99", "max"}
	cells := append([]string{
		units.Int(c.Ended()), units.PerSecond(c.Ended(), r.Duration), units.Percent(float64(c.Failed), float64(c.Ended())), units.Int(c.Requests()),
	}, quantileCells(c.Latency)...)
	if n := c.Dropped.Total(); n > 0 {
		heads, cells = slices.Insert(heads, 3, "not sent"), slices.Insert(cells, 3, units.Percent(float64(n), float64(c.Due())))
	}
	mdTable(&b, heads, [][]string{cells})
	var rows [][]string
	for _, x := range r.Endpoints[:min(len(r.Endpoints), 15)] {
		rows = append(rows, append([]string{strings.TrimSpace(x.Method + " " + x.Name), units.Int(x.Count), units.Percent(float64(x.Failed), float64(x.Count))}, quantileCells(x.Latency)...))
	}
	mdTable(&b, []string{"endpoint", "count", "failed", "p50", "p95", "p99", "max"}, rows)
	if n := len(r.Endpoints) - 15; n > 0 {
		fmt.Fprintf(&b, "… and %d more endpoints.\n\n", n)
	}
	for _, g := range r.Failures[:min(len(r.Failures), 5)] {
		fmt.Fprintf(&b, "- %s × %s: %s\n", units.Int(g.Count()), md(g.Kind), md(g.Sample.Text()))
	}
	if len(r.Failures) > 0 {
		b.WriteString("\n")
	}
	for _, f := range r.ResourceFacts() {
		fmt.Fprintf(&b, "%s: %s  \n", f.Label, md(f.Text))
	}
	if line := r.Origin(); line != "" {
		fmt.Fprintf(&b, "Scenario: %s  \n", md(line))
	}
	if line := r.ProxyLine(); line != "" {
		fmt.Fprintf(&b, "Requests: %s  \n", md(line))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteComparison writes a comparison as a table for a comment in a pull request.
func WriteComparison(w io.Writer, c *compare.Comparison, beyond float64) error {
	v := c.Verdict(beyond)
	var b strings.Builder
	fmt.Fprintf(&b, "**%s %s**: %s\n\n", v.Tone.Symbol(), md(v.Word), md(v.Sentence))
	if heads, rows := c.MachineTable(); len(rows) > 0 {
		mdTable(&b, heads, rows)
	}
	for _, s := range c.Sets[1:] {
		var rows [][]string
		for i := range c.Changes {
			if c.Changes[i].Set == s.Name {
				rows = append(rows, c.Changes[i].Cells())
			}
		}
		mdTable(&b, append([]string{"measure", c.Sets[0].Name, s.Name}, compare.ChangeHeads()[3:]...), rows)
	}
	for _, l := range c.LimitLines() {
		fmt.Fprintf(&b, "- limit of %s\n", md(l))
	}
	for _, warning := range c.Warnings {
		fmt.Fprintf(&b, "- ⚠ %s\n", md(warning))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func factRows(facts []report.Fact) [][]string {
	var rows [][]string
	for _, f := range facts {
		rows = append(rows, []string{f.Label, f.Text})
	}
	return rows
}

func quantileCells(q *report.Quantiles) []string {
	if q == nil {
		return []string{units.None, units.None, units.None, units.None}
	}
	return []string{units.Seconds(q.P50), units.Seconds(q.P95), units.Seconds(q.P99), units.Seconds(q.Max)}
}

// mdTable writes rows, the first column flush left and the others flush right.
func mdTable(b *strings.Builder, head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	line := func(cells []string) {
		for _, c := range cells {
			b.WriteString("| " + md(c) + " ")
		}
		b.WriteString("|\n")
	}
	line(head)
	b.WriteString("|:--" + strings.Repeat("|--:", len(head)-1) + "|\n")
	for _, row := range rows {
		line(row)
	}
	b.WriteString("\n")
}

// md escapes what Markdown or its HTML would take for more than text.
func md(s string) string {
	var b strings.Builder
	for _, c := range s {
		if strings.ContainsRune("\\`*_[]<>|#~@!$", c) {
			b.WriteByte('\\')
		}
		if c == '&' {
			b.WriteString("&amp;")
			continue
		}
		b.WriteRune(c)
	}
	return b.String()
}
