package html

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// tableView is a table as the template sees it.
type tableView struct {
	ID, Title, Note string
	Head            []cell
	Rows            [][]cell
	Rest            [][]cell // further rows, folded
	Left            int      // rows that are not in the page at all
}

// cell is one cell; Sort is a number to sort by where the text is none.
type cell struct {
	Text  string
	Right bool
	Tone  string // good, warn, bad
	Sort  string
}

// Rows of a table that are open at first, and that the page holds at all.
const (
	openRows = 25
	allRows  = 500
)

func tables(r *report.Run) []tableView {
	all := []tableView{thresholdTable(r), holdTable(r), rowTable(r, "endpoints", "Endpoints", r.Endpoints), rowTable(r, "scenarios", "Scenarios", r.Scenarios), checkTable(r), metricTable(r)}
	var out []tableView
	for _, t := range all {
		if len(t.Rows) > 0 {
			t.fold()
			out = append(out, t)
		}
	}
	return out
}

func (t *tableView) fold() {
	if t.Left = max(0, len(t.Rows)-allRows); t.Left > 0 {
		t.Rows = t.Rows[:allRows]
	}
	if len(t.Rows) > openRows+5 {
		t.Rows, t.Rest = t.Rows[:openRows], t.Rows[openRows:]
	}
}

func heads(names ...string) []cell {
	out := []cell{{Text: names[0]}}
	for _, n := range names[1:] {
		out = append(out, cell{Text: n, Right: true})
	}
	return out
}

func number(text string, v float64) cell {
	return cell{Text: text, Right: true, Sort: strconv.FormatFloat(v, 'g', 6, 64)}
}

func duration(s float64) cell {
	if s <= 0 {
		return cell{Text: "–", Right: true, Sort: "-1"}
	}
	return number(units.Seconds(s), s)
}

func failed(part, whole uint64) cell {
	c := number(units.Percent(float64(part), float64(whole)), float64(part)/max(float64(whole), 1))
	if part > 0 {
		c.Tone = "bad"
	}
	return c
}

func rowTable(r *report.Run, id, title string, list []report.Row) tableView {
	t := tableView{ID: id, Title: title, Head: heads(strings.TrimSuffix(title, "s"), "count", "rate", "failed", "of all failures", "p50", "p95", "p99", "max", "responses")}
	if id == "scenarios" {
		t.Note, t.Head = "durations are those of successful iterations", t.Head[:len(t.Head)-1]
	}
	var failures uint64
	for _, x := range list {
		failures += x.Failed
	}
	for _, x := range list {
		name := strings.TrimSpace(x.Method + " " + x.Name)
		row := []cell{
			{Text: name},
			number(units.Int(x.Count), float64(x.Count)), number(units.PerSecond(x.Count, r.Duration), float64(x.Count)),
			failed(x.Failed, x.Count), number(units.Percent(float64(x.Failed), float64(failures)), float64(x.Failed)),
		}
		l := x.Latency
		if l == nil {
			l = &report.Quantiles{}
		}
		row = append(row, duration(l.P50), duration(l.P95), duration(l.P99), duration(l.Max))
		if id != "scenarios" {
			row = append(row, cell{Text: statuses(x.Status), Right: true})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func statuses(list []metric.StatusCount) string {
	var out []string
	for _, s := range list {
		name := strconv.Itoa(int(s.Status))
		if s.Status == 0 {
			name = "none"
		}
		out = append(out, name+" × "+units.Int(s.Count))
	}
	return strings.Join(out[:min(len(out), 6)], ", ")
}

func holdTable(r *report.Run) tableView {
	t := tableView{
		ID: "holds", Title: "Holds of the sizing", Note: "a load kept for a while, and judged",
		Head: heads("Hold", "load", "began", "for", "goodput", "failed", "in flight", "p50", "p95", "p99", "verdict"),
	}
	for _, h := range r.Holds {
		verdict := cell{Text: string(h.Verdict), Right: true, Tone: map[record.Judgement]string{record.Pass: "good", record.Fail: "bad", record.Void: "warn"}[h.Verdict]}
		if h.Cause != "" {
			verdict.Text += ": " + string(h.Cause)
		}
		if h.Marginal {
			verdict.Text += " (narrowly)"
		}
		t.Rows = append(t.Rows, []cell{
			{Text: fmt.Sprintf("%d %s", h.N, h.Phase), Sort: strconv.Itoa(h.N)},
			number(report.LoadOf(h), h.Level), number(units.Clock(h.StartS), h.StartS),
			duration(h.LengthS), number(units.Number(h.Goodput)+"/s", h.Goodput), failed(h.Failed, h.OK+h.Failed),
			number(units.Number(h.InFlight), h.InFlight), duration(h.P50S), duration(h.P95S), duration(h.P99S), verdict,
		})
	}
	return t
}

func thresholdTable(r *report.Run) tableView {
	t := tableView{ID: "thresholds", Title: "Thresholds", Note: "what the run was to keep", Head: heads("Threshold", "bound", "value", "kept")}
	for _, x := range report.BrokenFirst(r.Thresholds()) {
		kept := cell{Text: report.ThresholdTone(&x).Symbol() + " kept", Right: true, Tone: "good"}
		if !x.OK {
			kept.Text, kept.Tone = report.ThresholdTone(&x).Symbol()+" broken", "bad"
		}
		value := cell{Text: report.ThresholdValue(&x), Right: true, Sort: "-1"}
		if x.Value != nil {
			value.Sort = strconv.FormatFloat(*x.Value, 'g', 6, 64)
		}
		t.Rows = append(t.Rows, []cell{{Text: x.Metric}, {Text: x.Expression, Right: true}, value, kept})
	}
	return t
}

func checkTable(r *report.Run) tableView {
	t := tableView{ID: "checks", Title: "Checks", Head: heads("Check", "scenario", "passed", "failed", "pass rate")}
	for _, k := range report.WorstFirst(r.Checks) {
		rate := number(units.Percent(float64(k.Passed), float64(k.Passed+k.Failed)), float64(k.Passed)/max(float64(k.Passed+k.Failed), 1))
		rate.Tone = "good"
		if k.Failed > 0 {
			rate.Tone = "bad"
		}
		t.Rows = append(t.Rows, []cell{{Text: k.Name}, {Text: k.Scenario, Right: true}, number(units.Int(k.Passed), float64(k.Passed)), number(units.Int(k.Failed), float64(k.Failed)), rate})
	}
	return t
}

// metricTable lists the script's own metrics.
func metricTable(r *report.Run) tableView {
	t := tableView{ID: "metrics", Title: "Own metrics", Head: heads(report.MetricColumns()...), Note: "a counter's value is its sum, a gauge's the last one, a rate's the share that was true"}
	for _, m := range r.Own() {
		row := []cell{{Text: m.Name()}}
		for _, text := range r.MetricCells(&m)[1:] {
			row = append(row, cell{Text: text, Right: true})
		}
		row[2], row[3] = number(row[2].Text, float64(m.Count)), number(row[3].Text, m.Value())
		t.Rows = append(t.Rows, row)
	}
	return t
}

// failureView is all failures of a kind, with the most frequent one as a sample.
type failureView struct {
	Kind, Count            string
	Message, Target, Where string
	Table                  tableView
	Examples               []report.Example
}

// failureRows bounds the messages of a kind that the page holds.
const failureRows = 50

func failureViews(r *report.Run) []failureView {
	var out []failureView
	for _, g := range r.Failures {
		f := g.Sample
		v := failureView{Kind: g.Kind, Count: units.Int(g.Count()), Message: f.Message, Target: f.Target, Where: f.Where, Examples: g.Examples}
		v.Table = tableView{Title: "Failures of the kind " + g.Kind, Head: []cell{
			{Text: "message"},
			{Text: "where"},
			{Text: "iterations", Right: true},
			{Text: "requests", Right: true},
			{Text: "first", Right: true},
			{Text: "last", Right: true},
		}, Left: max(0, len(g.All)-failureRows)}
		for _, x := range g.All[:min(len(g.All), failureRows)] {
			v.Table.Rows = append(v.Table.Rows, []cell{
				{Text: x.Message},
				{Text: x.Where},
				number(units.Int(x.Iterations), float64(x.Iterations)),
				number(units.Int(x.Requests), float64(x.Requests)),
				{Text: units.Clock(x.First), Right: true},
				{Text: units.Clock(x.Last), Right: true},
			})
		}
		out = append(out, v)
	}
	return out
}
