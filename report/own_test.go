package report_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/report/html"
	"github.com/plimsoll-load/plimsoll/report/text"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// ownRun is a run of two seconds with metrics of each kind in both.
func ownRun(t *testing.T) *report.Run {
	t.Helper()
	trend := func(values ...float64) (s metric.SeriesWindow) {
		for i, v := range values {
			if i == 0 {
				s.Min, s.Max = v, v
			}
			s.Count, s.Sum, s.Min, s.Max = s.Count+1, s.Sum+v, min(s.Min, v), max(s.Max, v)
			s.Add(v)
		}
		return s
	}
	fold := report.NewFold()
	for _, row := range []any{
		&record.Run{SchemaVersion: record.SchemaVersion, Mode: record.ModeRun},
		&record.Names{Series: []metric.Series{
			{Metric: "my_counter", Kind: metric.Counter},
			{Metric: "my_gauge", Kind: metric.Gauge},
			{Metric: "my_rate", Kind: metric.Rate},
			{Metric: "my_time", Kind: metric.Trend, Time: true},
			{Metric: "my_trend", Kind: metric.Trend},
			{Metric: "my_trend", Filter: "kind:tea", Kind: metric.Trend},
			{Metric: "http_reqs", Filter: "status:200", Kind: metric.Counter},
			{Metric: "my_silence", Kind: metric.Counter},
			{Metric: "my_evil<script>alert(1)</script>", Kind: metric.Counter},
		}},
		&record.Resources{AtS: 1, Source: record.KindGenerator, Values: map[string]float64{"memory_bytes": 1}},
		&record.Window{LengthS: 1, Series: []record.SeriesCounts{
			{ID: 0, SeriesWindow: metric.SeriesWindow{Count: 1, Sum: 1000}},
			{ID: 1, SeriesWindow: metric.SeriesWindow{Count: 1, Min: -2, Max: -2, Last: -2, At: 0.5}},
			{ID: 2, SeriesWindow: metric.SeriesWindow{Count: 3, Sum: 3}},
			{ID: 3, SeriesWindow: trend(0.25)},
			{ID: 4, SeriesWindow: trend(-3)},
			{ID: 6, SeriesWindow: metric.SeriesWindow{Count: 4711, Sum: 4711}},
			{ID: 8, SeriesWindow: metric.SeriesWindow{Count: 1, Sum: 1}},
		}},
		&record.Window{StartS: 1, LengthS: 1, Series: []record.SeriesCounts{
			{ID: 0, SeriesWindow: metric.SeriesWindow{Count: 1, Sum: 234}},
			{ID: 1, SeriesWindow: metric.SeriesWindow{Count: 1, Min: 7, Max: 7, Last: 7, At: 1.5}},
			{ID: 2, SeriesWindow: metric.SeriesWindow{Count: 1}},
			{ID: 3, SeriesWindow: trend(0.75)},
			{ID: 5, SeriesWindow: trend(2)},
		}},
	} {
		if err := fold.Add(row); err != nil {
			t.Fatal(err)
		}
	}
	return fold.Run()
}

func TestOwnMetricsAreShown(t *testing.T) {
	t.Parallel()
	run := ownRun(t)
	var summary, page bytes.Buffer
	if err := text.Write(&summary, run, text.Options{Full: true, Width: 120}); err != nil {
		t.Fatal(err)
	}
	if err := html.Write(&page, run, html.Options{}); err != nil {
		t.Fatal(err)
	}
	squeezed := strings.Join(strings.Fields(summary.String()), " ")
	for _, want := range []string{
		"my_counter counter 2 1,234 617 – – – – –", "my_gauge gauge 2 7 – -2 – – – 7", "my_rate rate 4 75 % –",
		"my_time trend 2 500 ms mean – 250 ms 251 ms 750 ms 750 ms 750 ms", "my_trend trend 1 -3 mean – -3 -3 -3 -3 -3",
		"my_trend{kind:tea} trend 1 2 mean",
	} {
		if !strings.Contains(squeezed, want) {
			t.Errorf("the text lacks %q:\n%s", want, summary.String())
		}
	}
	for _, want := range []string{"Own metrics", "my_gauge", "my_trend{kind:tea}", "my_evil&lt;script&gt;"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, never := range []string{"4711", "my_silence", "<script>alert(1)"} {
		if strings.Contains(summary.String(), never) && never[0] != '<' || strings.Contains(page.String(), never) {
			t.Errorf("%q is shown", never)
		}
	}
}

func TestOwnMetricsAreInTheJSON(t *testing.T) {
	t.Parallel()
	object, err := report.JSON(ownRun(t))
	if err != nil {
		t.Fatal(err)
	}
	valid(t, "run", object)
	var got struct{ Metrics []report.MetricRow }
	if err := json.Unmarshal(object, &got); err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, m := range got.Metrics {
		values[m.Name] = m.Value
		if (m.Quantiles != nil) != (m.Kind == metric.Trend) || (m.PerSecond != nil) != (m.Kind == metric.Counter) || (m.Min != nil) != (m.Kind == metric.Trend || m.Kind == metric.Gauge) {
			t.Errorf("%s of the kind %s is %+v", m.Name, m.Kind, m)
		}
	}
	for name, want := range map[string]float64{"my_counter": 1234, "my_gauge": 7, "my_rate": 0.75, "my_time": 0.5, "my_trend": -3, "my_trend{kind:tea}": 2} {
		if v, ok := values[name]; !ok || v != want {
			t.Errorf("%s is %v (%v), want %v", name, v, ok, want)
		}
	}
	if len(values) != 7 {
		t.Errorf("there are %d metrics: %v", len(values), values)
	}
}
