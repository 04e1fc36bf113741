package metric_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

func TestSamplesOfManyUsersAddUpToOneWindow(t *testing.T) {
	t.Parallel()
	start := time.Now()
	names := metric.NewNames()
	c := metric.NewCollector(names, start, 3)
	scenario := names.Scenario("add")
	get := names.Endpoint(metric.Endpoint{Method: "GET", Name: "/a"})
	refused := names.Failure(metric.Failure{Kind: "refused", Message: "dial: connection refused"})

	const users, each = 7, 100
	var wg sync.WaitGroup
	for range users {
		wg.Add(1)
		go func() {
			defer wg.Done()
			b := c.Buffer()
			for i := range each {
				f := metric.NoFailure
				if i%10 == 0 {
					f = refused
				}
				b.Begin(start, scenario)
				b.Request(start, metric.Sample{Scenario: scenario, Endpoint: get, Status: 200, Failure: f, Duration: time.Millisecond, BytesIn: 3, BytesOut: 2})
				b.Check(start, metric.Sample{Scenario: scenario, OK: i%2 == 0})
				b.Iteration(start, metric.Sample{Scenario: scenario, Failure: f, Duration: 2 * time.Millisecond, Requests: 1})
			}
			b.Flush()
		}()
	}
	wg.Wait()

	w := c.Collect(start.Add(time.Second), users)
	began, ok, failed := w.Iterations()
	if began != users*each || ok != users*each*9/10 || failed != users*each/10 {
		t.Errorf("iterations began, ok, failed = %d, %d, %d", began, ok, failed)
	}
	e := w.Endpoints[get]
	if e.OK != users*each*9/10 || e.Failed != users*each/10 || e.BytesIn != 3*users*each || e.BytesOut != 2*users*each {
		t.Errorf("endpoint = %+v", e)
	}
	if got := w.Checks[0]; got.Passed != users*each/2 || got.Failed != users*each/2 {
		t.Errorf("check = %+v", got)
	}
	if got := w.Failures[refused]; got.Iterations != users*each/10 || got.Requests != users*each/10 {
		t.Errorf("failure = %+v", got)
	}
	if n := w.Scenarios[scenario].Duration.Count(); n != users*each*9/10 {
		t.Errorf("%d durations of successful iterations, want %d", n, users*each*9/10)
	}
	if w.Length != time.Second || w.VUs != users || w.InFlight != 0 {
		t.Errorf("length %v, VUs %d, in flight %d", w.Length, w.VUs, w.InFlight)
	}
	for i := 2; i < 4; i++ { // the memory of a window is used again every second time
		next := c.Collect(start.Add(time.Duration(i)*time.Second), users)
		ok, failed := next.Requests()
		if began, _, _ := next.Iterations(); began+ok+failed != 0 || next.Start != time.Duration(i-1)*time.Second {
			t.Errorf("window %d holds the first one's samples: %+v", i, next)
		}
	}
}

func TestIterationsUnderWayAreInFlight(t *testing.T) {
	t.Parallel()
	c := metric.NewCollector(metric.NewNames(), time.Now(), 2)
	a, b := c.Buffer(), c.Buffer()
	a.Begin(time.Now(), 0)
	b.Begin(time.Now(), 0)
	a.Iteration(time.Now(), metric.Sample{})
	if got := c.InFlight(); got != 1 {
		t.Errorf("in flight %d, want 1", got)
	}
}

func TestDroppedArrivalsAreCountedByReason(t *testing.T) {
	t.Parallel()
	start := time.Now()
	c := metric.NewCollector(metric.NewNames(), start, 1)
	c.Drop(metric.Dropped{NoVU: 2, Late: 1})
	c.Drop(metric.Dropped{NoVU: 1})
	if w := c.Collect(start.Add(time.Second), 1); w.Dropped != (metric.Dropped{NoVU: 3, Late: 1}) {
		t.Errorf("dropped %+v", w.Dropped)
	}
}

func TestNamesBeyondTheLimitShareOneRow(t *testing.T) {
	t.Parallel()
	n := metric.NewNames()
	for i := range metric.MaxEndpoints + 50 {
		n.Endpoint(metric.Endpoint{Method: "GET", Name: fmt.Sprint(i)})
	}
	other := n.Endpoint(metric.Endpoint{Method: "GET", Name: "one more"})
	added, _ := n.Since(metric.Lengths{})
	if got := added.Endpoints[other].Name; got != metric.Other || len(added.Endpoints) != metric.MaxEndpoints+1 {
		t.Errorf("row %q of %d, want %q of %d", got, len(added.Endpoints), metric.Other, metric.MaxEndpoints+1)
	}
	if first := n.Endpoint(metric.Endpoint{Method: "GET", Name: "0"}); first != 0 {
		t.Errorf("a known name moved to %d", first)
	}
}

func TestHistogramKeepsQuantilesThroughText(t *testing.T) {
	t.Parallel()
	var h metric.Histogram
	for i := 1; i <= 1000; i++ {
		h.Add(time.Duration(i) * time.Millisecond)
	}
	h.Add(48 * time.Hour) // counts as an hour
	text, err := h.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	var back metric.Histogram
	if err := back.UnmarshalText(text); err != nil {
		t.Fatal(err)
	}
	if got, want := back.Quantile(0.5), 500*time.Millisecond; got < want*99/100 || got > want*101/100 {
		t.Errorf("median %v, want %v within 1 %%", got, want)
	}
	if back.Count() != 1001 || back.Max() < 59*time.Minute {
		t.Errorf("count %d, max %v", back.Count(), back.Max())
	}
	if got := back.Over(900 * time.Millisecond); got < 97 || got > 105 {
		t.Errorf("%d over 900 ms, want 101 to the histogram's precision", got)
	}
	if err := back.UnmarshalText([]byte("not base64!")); err == nil {
		t.Error("nonsense was taken for a histogram")
	}
}

func TestMergeDoesNotDependOnOrder(t *testing.T) {
	t.Parallel()
	window := func(ms int) *metric.Window {
		var w metric.Window
		w.Length = time.Second
		w.Endpoints = []metric.EndpointWindow{{OK: uint64(ms), Status: []metric.StatusCount{{Status: 200, Count: uint64(ms)}}}}
		w.Endpoints[0].Latency.Add(time.Duration(ms) * time.Millisecond)
		return &w
	}
	var ab, ba metric.Window
	ab.Merge(window(1))
	ab.Merge(window(7))
	ba.Merge(window(7))
	ba.Merge(window(1))
	if a, b := ab.Endpoints[0], ba.Endpoints[0]; a.OK != b.OK || a.Status[0] != b.Status[0] || a.Latency.Quantile(1) != b.Latency.Quantile(1) {
		t.Errorf("%+v and %+v differ", a, b)
	}
}
