package session

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/vu"
)

// HandlesSummary says whether the script has k6's handleSummary.
func (s *Session) HandlesSummary() bool { return s.factory.HandlesSummary() }

// HandleSummary calls the script's handleSummary once the run has ended, with
// what came of it in k6's shape, and returns what it wants written: by paths
// that are the script's, so the caller decides which of them are.
func (s *Session) HandleSummary(ctx context.Context, fold *Fold, run *report.Run, terminal bool) ([]vu.SummaryFile, error) {
	data := summaryData{
		RootGroup: newGroup("", ""), Metrics: map[string]*summaryMetric{},
		State: summaryState{StdoutTTY: terminal, StderrTTY: terminal, Milliseconds: run.Duration * 1000},
	}
	var options struct {
		Stats []string `json:"summaryTrendStats"`
		Unit  string   `json:"summaryTimeUnit"`
	}
	_ = json.Unmarshal(s.factory.Options(), &options) // what is of another type is as if it were not there
	if len(options.Stats) == 0 {
		options.Stats = []string{"avg", "min", "med", "max", "p(90)", "p(95)"}
	}
	data.Options = summaryOptions{options.Stats, options.Unit, !terminal}
	if text := s.factory.SetupData(); text != "" {
		data.Setup = json.RawMessage(text)
	}
	for _, c := range run.Checks {
		data.RootGroup.add(strings.Split(c.Name, "::"), c)
	}
	data.addMetrics(fold, run)
	text, err := json.Marshal(data)
	if err != nil {
		return nil, fmt.Errorf("handleSummary: %w", err)
	}
	return s.factory.HandleSummary(ctx, string(text))
}

// summaryData is what handleSummary is given.
type summaryData struct {
	RootGroup *summaryGroup             `json:"root_group"`
	Options   summaryOptions            `json:"options"`
	State     summaryState              `json:"state"`
	Metrics   map[string]*summaryMetric `json:"metrics"`
	Setup     json.RawMessage           `json:"setup_data,omitempty"`
}

type summaryOptions struct {
	Stats    []string `json:"summaryTrendStats"`
	TimeUnit string   `json:"summaryTimeUnit"`
	NoColor  bool     `json:"noColor"`
}

type summaryState struct {
	StdoutTTY    bool    `json:"isStdOutTTY"`
	StderrTTY    bool    `json:"isStdErrTTY"`
	Milliseconds float64 `json:"testRunDurationMs"`
}

type summaryMetric struct {
	Kind       metric.Kind              `json:"type"`
	Contains   string                   `json:"contains"` // time, data or default
	Values     map[string]float64       `json:"values"`
	Thresholds map[string]summaryPassed `json:"thresholds,omitempty"`
}

type summaryPassed struct {
	OK bool `json:"ok"`
}

// summaryGroup is a group with its checks, by the names that they have in the script.
type summaryGroup struct {
	Name   string          `json:"name"`
	Path   string          `json:"path"`
	ID     string          `json:"id"` // the path: it is as good as any
	Groups []*summaryGroup `json:"groups"`
	Checks []*summaryCheck `json:"checks"`
}

type summaryCheck struct {
	Name   string `json:"name"`
	Path   string `json:"path"`
	ID     string `json:"id"`
	Passes uint64 `json:"passes"`
	Fails  uint64 `json:"fails"`
}

func newGroup(name, path string) *summaryGroup {
	return &summaryGroup{Name: name, Path: path, ID: path, Groups: []*summaryGroup{}, Checks: []*summaryCheck{}}
}

// add counts a check below a group; several scenarios may have it.
func (g *summaryGroup) add(names []string, c report.Check) {
	path := g.Path + "::" + names[0]
	if len(names) == 1 {
		for _, known := range g.Checks {
			if known.Path == path {
				known.Passes, known.Fails = known.Passes+c.Passed, known.Fails+c.Failed
				return
			}
		}
		g.Checks = append(g.Checks, &summaryCheck{names[0], path, path, c.Passed, c.Failed})
		return
	}
	for _, known := range g.Groups {
		if known.Path == path {
			known.add(names[1:], c)
			return
		}
	}
	inner := newGroup(names[0], path)
	g.Groups = append(g.Groups, inner)
	inner.add(names[1:], c)
}

// addMetrics adds those of every run that saw something, own metrics, and what thresholds are about.
func (d *summaryData) addMetrics(fold *Fold, run *report.Run) {
	for _, name := range metric.NewNames().Metrics() {
		var w metric.SeriesWindow
		fold.Read(name, &w)
		if w.Count > 0 {
			kind, isTime, _ := metric.Builtin(name)
			d.add(report.Metric{Series: metric.Series{Metric: name, Kind: kind, Time: isTime}, SeriesWindow: w}, run.Duration)
		}
	}
	for _, m := range run.Metrics {
		d.add(m, run.Duration)
	}
	if run.End == nil {
		return
	}
	for _, t := range run.End.Thresholds {
		m := d.Metrics[t.Metric]
		if m == nil {
			continue // nothing was measured
		}
		if m.Thresholds == nil {
			m.Thresholds = map[string]summaryPassed{}
		}
		m.Thresholds[t.Expression] = summaryPassed{t.OK}
	}
}

// add adds a metric with the values of its kind.
func (d *summaryData) add(m report.Metric, seconds float64) {
	scale, contains := 1.0, "default"
	switch {
	case m.Time:
		scale, contains = 1000, "time"
	case strings.HasPrefix(m.Metric, "data_"):
		contains = "data"
	}
	values := map[string]float64{}
	switch m.Kind {
	case metric.Counter:
		values["count"], values["rate"] = m.Sum*scale, 0
		if seconds > 0 {
			values["rate"] = m.Sum * scale / seconds
		}
	case metric.Gauge:
		values["value"], values["min"], values["max"] = m.Last*scale, m.Min*scale, m.Max*scale
	case metric.Rate:
		values["rate"], values["passes"], values["fails"] = m.Mean(), m.Sum, float64(m.Count)-m.Sum
	case metric.Trend:
		for _, stat := range d.Options.Stats {
			if v, ok := trendStat(&m.SeriesWindow, stat); ok {
				if stat != "count" {
					v *= scale
				}
				values[stat] = v
			}
		}
	}
	d.Metrics[m.Name()] = &summaryMetric{Kind: m.Kind, Contains: contains, Values: values}
}

// trendStat is one of k6's summaryTrendStats.
func trendStat(w *metric.SeriesWindow, stat string) (float64, bool) {
	switch stat {
	case "count":
		return float64(w.Count), true
	case "avg":
		return w.Mean(), true
	case "min":
		return w.Min, true
	case "max":
		return w.Max, true
	case "med":
		return w.Quantile(.5), true
	}
	n, ok := strings.CutPrefix(stat, "p(")
	p, err := strconv.ParseFloat(strings.TrimSuffix(n, ")"), 64)
	if !ok || err != nil || !(p >= 0 && p <= 100) {
		return 0, false
	}
	return w.Quantile(p / 100), true
}
