//go:build !race

package metric_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

func TestSamplesAllocateNothing(t *testing.T) {
	now := time.Now()
	b := metric.NewCollector(metric.NewNames(), now, 1).Buffer()
	sample := func() {
		b.Begin(now, 1)
		b.Request(now, metric.Sample{Endpoint: 3, Status: 200, Duration: time.Millisecond})
		b.Check(now, metric.Sample{Check: 2, OK: true})
		b.Iteration(now, metric.Sample{Scenario: 1, Duration: time.Millisecond, Requests: 1})
	}
	for range 100 {
		sample() // rows and histograms are made once
	}
	if n := testing.AllocsPerRun(1000, sample); n != 0 {
		t.Errorf("the samples of an iteration allocate %v times, want 0", n)
	}
}

func BenchmarkIterationSamples(b *testing.B) {
	c := metric.NewCollector(metric.NewNames(), time.Now(), 2)
	b.RunParallel(func(pb *testing.PB) {
		buf, now := c.Buffer(), time.Now()
		for pb.Next() {
			buf.Begin(now, 0)
			buf.Request(now, metric.Sample{Status: 200, Duration: time.Millisecond})
			buf.Check(now, metric.Sample{OK: true})
			buf.Iteration(now, metric.Sample{Duration: time.Millisecond, Requests: 1})
		}
	})
}

func TestSamplesOfOwnMetricsAllocateNothing(t *testing.T) {
	now := time.Now()
	names := metric.NewNames()
	c := metric.NewCollector(names, now, 1)
	b := c.Buffer()
	price, err := names.Metric("price", metric.Trend, false)
	if err != nil {
		t.Fatal(err)
	}
	tag := metric.Tag{Key: "region", Value: "eu"}
	if _, err := c.Subscribe("price", tag); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Subscribe("http_req_duration", metric.Tag{Key: "status", Value: "200"}, metric.Tag{Key: "scenario", Value: "a"}); err != nil {
		t.Fatal(err)
	}
	if err := c.SubscribeBy("http_reqs", "name"); err != nil {
		t.Fatal(err)
	}
	tap := c.Tap(4)
	names.Scenario("a")
	names.Endpoint(metric.Endpoint{Method: "GET", Name: "/"})
	sample := func() {
		b.Request(now, metric.Sample{Status: 200, Duration: time.Millisecond})
		b.Value(now, price, metric.Sample{Value: -2.5, Tags: names.Tags(0, metric.Tag{Key: "path", Value: "/"}, tag)})
		select {
		case batch := <-tap.Batches():
			tap.Done(batch)
		default:
		}
	}
	for range 100 {
		sample()
	}
	if n := testing.AllocsPerRun(1000, sample); n != 0 {
		t.Errorf("samples with submetrics and a tap allocate %v times, want 0", n)
	}
	if w := c.Collect(now, 1); w.Series[price.ID].Count < 1000 {
		t.Errorf("%+v", w.Series)
	}
}

// A sample is copied once into a buffer of 32 and once out of it.
func TestASampleFitsACacheLine(t *testing.T) {
	t.Parallel()
	if size := reflect.TypeFor[metric.Sample]().Size(); size > 64 {
		t.Errorf("a sample takes %d bytes, at most 64", size)
	}
}

func BenchmarkSubmetrics(b *testing.B) {
	names := metric.NewNames()
	c := metric.NewCollector(names, time.Now(), 2)
	names.Scenario("a")
	if _, err := c.Subscribe("http_req_duration", metric.Tag{Key: "scenario", Value: "a"}); err != nil {
		b.Fatal(err)
	}
	if err := c.SubscribeBy("http_reqs", "status"); err != nil {
		b.Fatal(err)
	}
	b.RunParallel(func(pb *testing.PB) {
		buf, now := c.Buffer(), time.Now()
		for pb.Next() {
			buf.Request(now, metric.Sample{Status: 200, Duration: time.Millisecond})
		}
	})
}
