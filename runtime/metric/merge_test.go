package metric_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

// process counts samples with names and ids of its own.
type process struct {
	names   *metric.Names
	counts  *metric.Collector
	buffer  *metric.Buffer
	trend   metric.Metric
	orders  metric.Metric
	start   time.Time
	summary metric.SeriesID // of a submetric
}

func newProcess(t *testing.T, start time.Time, reversed bool) *process {
	t.Helper()
	p := &process{names: metric.NewNames(), start: start}
	p.counts = metric.NewCollector(p.names, start, 2)
	p.buffer = p.counts.Buffer()
	words := []string{"a", "b", "c"}
	if reversed { // the same names come to other ids
		words = []string{"c", "x", "b", "a"}
	}
	for _, w := range words {
		p.names.Scenario(w)
		p.names.Endpoint(metric.Endpoint{Method: "GET", Name: "/" + w})
		p.names.Failure(metric.Failure{Kind: "status", Message: w})
		p.names.Tags(0, metric.Tag{Key: "region", Value: w})
	}
	var err error
	if reversed {
		p.orders, err = p.names.Metric("orders", metric.Counter, false)
		p.trend, _ = p.names.Metric("price", metric.Trend, false)
	} else {
		p.trend, err = p.names.Metric("price", metric.Trend, false)
		p.orders, _ = p.names.Metric("orders", metric.Counter, false)
	}
	if err != nil {
		t.Fatal(err)
	}
	if p.summary, err = p.counts.Subscribe("http_req_duration", metric.Tag{Key: "scenario", Value: "b"}); err != nil {
		t.Fatal(err)
	}
	return p
}

// iterate counts one iteration with what belongs to it.
func (p *process) iterate(r *rand.Rand) {
	word := string(rune('a' + r.IntN(3)))
	now := p.start.Add(time.Duration(r.IntN(1e9)))
	s, took := p.names.Scenario(word), time.Duration(r.ExpFloat64()*1e7)
	f := metric.NoFailure
	if r.IntN(4) == 0 {
		f = p.names.Failure(metric.Failure{Kind: "status", Message: word})
	}
	p.buffer.Begin(now, s)
	p.buffer.Request(now, metric.Sample{
		Scenario: s, Endpoint: p.names.Endpoint(metric.Endpoint{Method: "GET", Name: "/" + word}), Failure: f,
		Status: uint16(200 + r.IntN(3)), Duration: took, BytesIn: r.IntN(100), BytesOut: 7, Reused: r.IntN(2) == 0,
	})
	p.buffer.Check(now, metric.Sample{Scenario: s, Check: p.names.Check(metric.CheckName{Scenario: s, Name: "is " + word}), OK: f == metric.NoFailure})
	p.buffer.Value(now, p.trend, metric.Sample{Scenario: s, Value: r.NormFloat64() * 100})
	p.buffer.Value(now, p.orders, metric.Sample{Scenario: s, Value: 2, Tags: p.names.Tags(0, metric.Tag{Key: "region", Value: word})})
	p.buffer.Iteration(now, metric.Sample{Scenario: s, Failure: f, Duration: 2 * took, Requests: 1})
}

func (p *process) collect() *metric.Window {
	p.buffer.Flush()
	w := p.counts.Collect(p.start.Add(time.Second), 5)
	return &w
}

// told is a window in words that do not depend on ids.
func told(w *metric.Window) map[string]string {
	out := map[string]string{"": fmt.Sprint(w.Start, w.Length, w.VUs, w.InFlight, w.Dropped)}
	tables, _ := w.Names.Since(metric.Lengths{})
	for i, s := range w.Scenarios {
		if !s.Empty() {
			out["scenario "+tables.Scenarios[i]] = fmt.Sprint(s.Started, s.OK, s.Failed, s.Requests, quantiles(s.Duration), quantiles(s.FailedDuration))
		}
	}
	for i, e := range w.Endpoints {
		if !e.Empty() {
			status := map[uint16]uint64{}
			for _, s := range e.Status {
				status[s.Status] = s.Count
			}
			out["endpoint "+tables.Endpoints[i].Name] = fmt.Sprint(e.OK, e.Failed, e.BytesIn, e.BytesOut, e.Connections, e.Repeated, status, quantiles(e.Latency))
		}
	}
	for i, c := range w.Checks {
		if !c.Empty() {
			out["check "+tables.Scenarios[tables.Checks[i].Scenario]+" "+tables.Checks[i].Name] = fmt.Sprint(c)
		}
	}
	for i, f := range w.Failures {
		if !f.Empty() {
			out["failure "+tables.Failures[i].Message] = fmt.Sprint(f)
		}
	}
	for i, s := range w.Series {
		if !s.Empty() {
			text := fmt.Sprint(s.Count, math.Round(s.Sum*1e6), s.Min, s.Max)
			for q := 0.0; q <= 1; q += .05 {
				text += fmt.Sprint(" ", s.Quantile(q))
			}
			out["series "+tables.Series[i].Name()] = text
		}
	}
	return out
}

func quantiles(h metric.Histogram) string {
	text := fmt.Sprint(h.Count())
	for q := 0.0; q <= 1; q += .05 {
		text += fmt.Sprint(" ", h.Quantile(q))
	}
	return text
}

func TestWindowsOfTwoProcessesMergeByName(t *testing.T) {
	t.Parallel()
	start := time.Now()
	one, two := newProcess(t, start, false), newProcess(t, start, true)
	both := newProcess(t, start, false)
	a, b, all := rand.New(rand.NewPCG(1, 1)), rand.New(rand.NewPCG(2, 2)), rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		one.iterate(a)
		both.iterate(all)
	}
	all = rand.New(rand.NewPCG(2, 2))
	for range 3000 {
		two.iterate(b)
		both.iterate(all)
	}
	first, second, want := one.collect(), two.collect(), both.collect()
	want.VUs *= 2

	// The second one's rows and names may also have gone over a wire: its tables are made anew.
	tables, _ := two.names.Since(metric.Lengths{})
	mirror := metric.NewNames()
	mirror.Append(tables)
	var intoFirst, intoSecond, intoNone metric.Window
	intoFirst.Merge(first)
	intoFirst.MergeParallel(second)
	second.Names = mirror
	intoSecond.Merge(second)
	intoSecond.MergeParallel(first)
	intoNone.MergeParallel(second)
	intoNone.MergeParallel(first)

	for name, got := range map[string]*metric.Window{"second into first": &intoFirst, "first into second": &intoSecond, "both into none": &intoNone} {
		got, want := told(got), told(want)
		if len(got) != len(want) || len(want) < 12 {
			t.Errorf("%s: %d rows, want %d", name, len(got), len(want))
		}
		for row, text := range want {
			if got[row] != text {
				t.Errorf("%s: %s:\ngot  %s\nwant %s", name, row, got[row], text)
			}
		}
	}
}

func TestRowsWithoutANameAreNotLost(t *testing.T) {
	t.Parallel()
	w := metric.Window{Names: metric.NewNames()}
	stray := metric.Window{
		Names: metric.NewNames(), Scenarios: []metric.ScenarioWindow{{OK: 1}}, Endpoints: []metric.EndpointWindow{{OK: 2}},
		Checks: []metric.CheckWindow{{Passed: 3}}, Failures: []metric.FailureWindow{{}, {Requests: 4}}, Series: []metric.SeriesWindow{{Count: 5}},
	}
	w.Merge(&stray)
	tables, _ := w.Names.Since(metric.Lengths{})
	if w.Scenarios[0].OK != 1 || w.Endpoints[0].OK != 2 || w.Checks[0].Passed != 3 || w.Failures[1].Requests != 4 || w.Series[0].Count != 5 || tables.Scenarios[0] != metric.Unknown {
		t.Errorf("%+v of %+v", w, tables)
	}
}

// BenchmarkMerge is what a tick does for each shard.
func BenchmarkMerge(b *testing.B) {
	var tick, total metric.Window
	tick.Scenarios = make([]metric.ScenarioWindow, 3)
	tick.Endpoints = make([]metric.EndpointWindow, 10)
	tick.Checks = make([]metric.CheckWindow, 10)
	tick.Failures = make([]metric.FailureWindow, 3)
	for i := range tick.Endpoints {
		tick.Endpoints[i].OK = 100
		for k := range 100 {
			tick.Endpoints[i].Latency.Add(time.Duration(k+i) * time.Millisecond)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		total.Merge(&tick)
	}
}
