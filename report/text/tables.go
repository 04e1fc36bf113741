package text

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// sections are the tables of the summary, in the order a reader needs them.
func sections(r *report.Run, width int) []*section {
	out := []*section{thresholdSection(r, width), failureSection(r, width)}
	if len(r.Holds) > 0 {
		out = append(out, holdSection(r.Holds, width))
	}
	out = append(out,
		rowSection(r.Duration, "Scenario", r.Scenarios, width),
		rowSection(r.Duration, "Endpoint", r.Endpoints, width),
		checkSection(r, width),
		metricSection(r, width))
	return slices.DeleteFunc(out, func(s *section) bool { return len(s.rows) == 0 })
}

// thresholdSection lists what the run was to keep, the broken ones first.
func thresholdSection(r *report.Run, width int) *section {
	list := r.Thresholds()
	s := &section{more: "thresholds", keep: 3, head: fmt.Sprintf("Thresholds   %s of %s kept", units.Int(uint64(len(list)-r.BrokenThresholds())), units.Int(uint64(len(list))))}
	name := 0
	for i := range list {
		name = max(name, columns(list[i].Metric+"  "+list[i].Expression))
	}
	name = min(name, max(width*7/10, 24))
	for _, t := range report.BrokenFirst(list) {
		bound := elide(t.Metric+"  "+t.Expression, name)
		pad := strings.Repeat(" ", max(name-columns(bound), 0))
		s.rows = append(s.rows, elide(fmt.Sprintf("  %s %s%s  %s", report.ThresholdTone(&t).Symbol(), bound, pad, report.ThresholdValue(&t)), width))
	}
	s.show = len(s.rows)
	return s
}

func failureSection(r *report.Run, width int) *section {
	s := &section{more: "kinds of failure", head: fmt.Sprintf("Failures   %s of %s (%s), %s of %s",
		units.Int(r.Total.Failed), units.Many(r.Total.Ended(), "iteration"), units.Percent(float64(r.Total.Failed), float64(r.Total.Ended())),
		units.Int(r.Total.RequestsFailed), units.Many(r.Total.Requests(), "request"))}
	for _, g := range r.Failures {
		more := ""
		if n := g.Count(); n > 1 {
			more = fmt.Sprintf("  and %s more like this", units.Int(n-1))
		}
		sample := g.Sample
		sample.Where = path.Base(sample.Where)
		s.rows = append(s.rows, failureRow(fmt.Sprintf("  ✗ %-11s", g.Kind), &sample, more, width))
	}
	s.show, s.keep = len(s.rows), 2
	return s
}

// exampleSections tell what was kept of failures, a section each.
func exampleSections(r *report.Run, width int) []*section {
	var out []*section
	for _, g := range r.Failures {
		for _, e := range g.Examples {
			s := &section{rows: []string{wrapped(fmt.Sprintf("  ✗ %-11s", g.Kind)+e.Title(), "    ", width)}}
			for _, part := range e.Parts() {
				s.rows = append(s.rows, wrapped("    "+part.Title, "      ", width))
				for line := range strings.Lines(part.Text) {
					s.rows = append(s.rows, strings.TrimRight(wrapped("      "+line, "      ", width), " \n"))
				}
			}
			s.show = len(s.rows)
			out = append(out, s)
		}
	}
	return out
}

// failureRow is one line, or as many as a message takes that would lose what it says: why, and what to do, are at its end.
func failureRow(head string, sample *report.Failure, more string, width int) string {
	const lines = 6
	room := max(width-columns(head)-columns(more), 24)
	if columns(sample.Message) <= room {
		return elide(head+elide(sample.Text(), room)+more, width)
	}
	return wrapped(head+elide(sample.Text(), lines*max(width-columns(head), 24))+more, strings.Repeat(" ", columns(head)), width)
}

func rowSection(seconds float64, title string, list []report.Row, width int) *section {
	t := table{head: []string{title, "count", "rate", "failed", "p50", "p95", "p99", "max"}}
	for _, row := range list {
		name := row.Name
		if row.Method != "" {
			name = row.Method + " " + name
		}
		cells := []string{name, units.Int(row.Count), units.PerSecond(row.Count, seconds), units.Percent(float64(row.Failed), float64(row.Count)), units.None, units.None, units.None, units.None}
		if l := row.Latency; l != nil {
			cells[4], cells[5], cells[6], cells[7] = units.Seconds(l.P50), units.Seconds(l.P95), units.Seconds(l.P99), units.Seconds(l.Max)
		}
		t.rows = append(t.rows, cells)
	}
	head, rows := t.lines(width)
	return &section{head: head, rows: rows, show: len(rows), more: strings.ToLower(title) + "s"}
}

// checkSection lists the checks, the worst first.
func checkSection(r *report.Run, width int) *section {
	c := r.Total
	all := c.ChecksPassed + c.ChecksFail
	s := &section{more: "checks", head: fmt.Sprintf("Checks     %s of %s passed", units.Percent(float64(c.ChecksPassed), float64(all)), units.Int(all))}
	for _, k := range report.WorstFirst(r.Checks) {
		symbol := "✓"
		if k.Failed > 0 {
			symbol = "✗"
		}
		s.rows = append(s.rows, elide(fmt.Sprintf("  %s %9s  %s", symbol, units.Percent(float64(k.Passed), float64(k.Passed+k.Failed)), k.Title()), width))
	}
	s.show = len(s.rows)
	return s
}

// metricSection lists the script's own metrics; columns that none of them has are left out.
func metricSection(r *report.Run, width int) *section {
	t := table{head: report.MetricColumns()}
	for _, m := range r.Own() {
		t.rows = append(t.rows, r.MetricCells(&m))
	}
	for i := len(t.head) - 1; i > 0; i-- {
		if slices.ContainsFunc(t.rows, func(row []string) bool { return row[i] != units.None }) {
			continue
		}
		t.head = slices.Delete(t.head, i, i+1)
		for k := range t.rows {
			t.rows[k] = slices.Delete(t.rows[k], i, i+1)
		}
	}
	head, rows := t.lines(width)
	return &section{head: head, rows: rows, show: len(rows), more: "own metrics"}
}

func holdSection(holds []record.Hold, width int) *section {
	t := table{head: []string{"Hold", "load", "goodput", "failed", "in flight", "p50", "p95", "p99", "for", "verdict"}, left: 9}
	for _, h := range holds {
		phase, _, _ := strings.Cut(string(h.Phase), " ") // of "retest upper" the level says which side
		verdict := string(h.Verdict)
		if h.Cause != "" {
			verdict += ": " + string(h.Cause)
		}
		t.rows = append(t.rows, []string{
			strconv.Itoa(h.N) + " " + phase, report.LoadOf(h), units.Number(h.Goodput) + "/s", units.Percent(float64(h.Failed), float64(h.OK+h.Failed)),
			units.Number(h.InFlight), orNone(h.P50S), orNone(h.P95S), orNone(h.P99S), units.Seconds(h.LengthS), verdict,
		})
	}
	head, rows := t.lines(width)
	return &section{head: head, rows: rows, show: len(rows), more: "holds", late: true, keep: 4}
}

// orNone prints a duration that is 0 when there was none.
func orNone(s float64) string {
	if s <= 0 {
		return units.None
	}
	return units.Seconds(s)
}
