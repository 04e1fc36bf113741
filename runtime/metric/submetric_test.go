package metric_test

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

// shop is a collector with names to filter by.
type shop struct {
	names  *metric.Names
	counts *metric.Collector
	buffer *metric.Buffer
	orders metric.Metric
	start  time.Time
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{names: metric.NewNames(), start: time.Now()}
	s.counts = metric.NewCollector(s.names, s.start, 1)
	s.buffer = s.counts.Buffer()
	var err error
	if s.orders, err = s.names.Metric("orders", metric.Counter, false); err != nil {
		t.Fatal(err)
	}
	return s
}

// fill counts 1 + 2 + 3 + … samples, which differ in everything that a filter can name.
func (s *shop) fill() {
	n := s.names
	for i, c := range []struct {
		scenario, method, path string
		status                 uint16
		failure                metric.Failure
		region                 string
	}{
		{"buy", "GET", "/a", 200, metric.Failure{}, "eu"},
		{"buy", "POST", "/a", 201, metric.Failure{}, "us"},
		{"look", "GET", "/b", 404, metric.Failure{Kind: "status", Message: "not found", Code: 1404}, "eu"},
		{"look", "GET", "/a", 0, metric.Failure{Kind: "refused", Message: "refused", Code: 1212}, ""},
	} {
		sample := metric.Sample{
			Scenario: n.Scenario(c.scenario), Endpoint: n.Endpoint(metric.Endpoint{Method: c.method, Name: c.path}), Status: c.status,
			Failure: n.Failure(c.failure), Duration: time.Duration(i+1) * time.Millisecond, BytesIn: 10, BytesOut: 3,
		}
		if c.region != "" {
			sample.Tags = n.Tags(0, metric.Tag{Key: "region", Value: c.region})
		}
		for range i + 1 {
			s.buffer.Request(s.start, sample)
			s.buffer.Check(s.start, metric.Sample{Scenario: sample.Scenario, Check: n.Check(metric.CheckName{Scenario: sample.Scenario, Name: c.path}), OK: c.status == 200})
			s.buffer.Iteration(s.start, metric.Sample{Scenario: sample.Scenario, Failure: sample.Failure, Duration: time.Second})
			s.buffer.Value(s.start, s.orders, metric.Sample{Value: 10, Scenario: sample.Scenario, Tags: sample.Tags})
		}
	}
}

func (s *shop) collect() metric.Window {
	s.buffer.Flush()
	return s.counts.Collect(s.start.Add(time.Second), 1)
}

func tags(list ...string) (out []metric.Tag) {
	for i := 0; i < len(list); i += 2 {
		out = append(out, metric.Tag{Key: list[i], Value: list[i+1]})
	}
	return out
}

func TestSubmetricsCountWhatCarriesAllTags(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	cases := []struct {
		metric string
		tags   []metric.Tag
		count  uint64
		sum    float64
	}{
		{"http_reqs", nil, 10, 10},
		{"http_reqs", tags("scenario", "buy"), 3, 3},
		{"http_reqs", tags("method", "GET", "name", "/a"), 5, 5},
		{"http_reqs", tags("url", "/b"), 3, 3},
		{"http_reqs", tags("status", "404"), 3, 3},
		{"http_reqs", tags("status", "0"), 4, 4},
		{"http_reqs", tags("error_code", "1212"), 4, 4},
		{"http_reqs", tags("error", "not found"), 3, 3},
		{"http_reqs", tags("region", "eu"), 4, 4},
		{"http_reqs", tags("region", "eu", "scenario", "look"), 3, 3},
		{"http_reqs", tags("region", "moon"), 0, 0},
		{"http_reqs", tags("region", ""), 0, 0},
		{"http_req_duration", tags("expected_response", "true"), 3, 0.005},
		{"http_req_failed", tags("name", "/a"), 7, 4},
		{"data_sent", tags("method", "POST"), 2, 6},
		{"data_received", nil, 10, 100},
		{"iterations", tags("scenario", "look"), 7, 7},
		{"iteration_duration", nil, 10, 10},
		{"iteration_failed", tags("scenario", "buy"), 3, 0},
		{"checks", tags("check", "/a"), 7, 1},
		{"checks", tags("check", "/a", "scenario", "look"), 4, 0},
		{"orders", nil, 10, 100},
		{"orders", tags("region", "us"), 2, 20},
		{"orders", tags("scenario", "buy", "region", "us"), 2, 20},
		{"orders", tags("status", "200"), 0, 0},
	}
	ids := make([]metric.SeriesID, len(cases))
	for i, c := range cases {
		var err error
		if ids[i], err = s.counts.Subscribe(c.metric, c.tags...); err != nil {
			t.Fatal(err)
		}
		if again, err := s.counts.Subscribe(c.metric, c.tags...); err != nil || again != ids[i] {
			t.Errorf("subscribed again: %d, %v", again, err)
		}
	}
	for range 2 { // ids that were looked up before, and memory that was used before
		s.fill()
		w := s.collect()
		for i, c := range cases {
			var got metric.SeriesWindow
			if int(ids[i]) < len(w.Series) {
				got = w.Series[ids[i]]
			}
			if got.Count != c.count || math.Abs(got.Sum-c.sum) > 1e-9 {
				t.Errorf("%s: %d values, sum %v, want %d, %v", s.names.Series(ids[i]).Name(), got.Count, got.Sum, c.count, c.sum)
			}
		}
	}
}

func TestSubmetricsByATag(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for _, by := range []struct{ metric, key string }{{"http_req_duration", "name"}, {"orders", "region"}, {"http_reqs", "status"}} {
		if err := s.counts.SubscribeBy(by.metric, by.key, tags("scenario", "buy")...); err != nil {
			t.Fatal(err)
		}
	}
	s.fill()
	s.fill()
	w := s.collect()
	got := map[string]uint64{}
	for i, row := range w.Series {
		if !row.Empty() {
			got[s.names.Series(metric.SeriesID(i)).Name()] = row.Count
		}
	}
	want := map[string]uint64{
		"orders": 20, "http_req_duration{name:/a,scenario:buy}": 6, "orders{region:eu,scenario:buy}": 2, "orders{region:us,scenario:buy}": 4,
		"http_reqs{scenario:buy,status:200}": 2, "http_reqs{scenario:buy,status:201}": 4,
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestSubmetricsByATagAreBounded(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for _, key := range []string{"id", "x", "y"} {
		if err := s.counts.SubscribeBy("orders", key); err != nil {
			t.Fatal(err)
		}
	}
	const more = 300
	for i := range metric.MaxTagValues + more {
		value := fmt.Sprint(i)
		s.buffer.Value(s.start, s.orders, metric.Sample{Value: 1, Tags: s.names.Tags(0, tags("id", value, "x", value, "y", value)...)})
	}
	w := s.collect()
	tables, _ := s.names.Since(metric.Lengths{})
	rows := map[string]uint64{}
	for i, row := range w.Series {
		rows[tables.Series[i].Name()] = row.Count
	}
	var sum uint64
	for _, n := range rows {
		sum += n
	}
	all := rows["orders"]
	if all != metric.MaxTagValues+more || sum != 4*all || rows["orders{id:7}"] != 1 || rows["orders{id:(other)}"] < more || rows["orders{y:(other)}"] < more {
		t.Errorf("%d orders, %d in all rows; by id %d, by y %d are others", all, sum, rows["orders{id:(other)}"], rows["orders{y:(other)}"])
	}
	if len(rows) > metric.MaxSeries+3 {
		t.Errorf("%d rows", len(rows))
	}
	for _, want := range []string{`tag "id" has more than 1000 values`, `tag "x" has`, "more than 1000 series: orders{"} {
		if !strings.Contains(strings.Join(tables.Warnings, "\n"), want) {
			t.Errorf("no warning %s in %q", want, tables.Warnings)
		}
	}
}

func TestSubscriptionsThatAreRefused(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for text, subscribe := range map[string]func() error{
		`"nothing": there is none`:        func() error { _, err := s.counts.Subscribe("nothing"); return err },
		`"vus": there is none`:            func() error { return s.counts.SubscribeBy("vus", "scenario") },
		"a tag is named twice":            func() error { _, err := s.counts.Subscribe("orders", tags("a", "1", "a", "2")...); return err },
		`orders by tag "": name a tag`:    func() error { return s.counts.SubscribeBy("orders", "") },
		`{a:1} by tag "a": name a tag th`: func() error { return s.counts.SubscribeBy("orders", "a", tags("a", "1")...) },
		"there are too many series": func() error {
			for i := range metric.MaxSeries + 1 {
				if _, err := s.counts.Subscribe("orders", tags("n", fmt.Sprint(i))...); err != nil {
					return err
				}
			}
			return nil
		},
	} {
		if err := subscribe(); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("want %q, got %v", text, err)
		}
	}
}

func TestFiltersHaveOneText(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	id, err := s.counts.Subscribe("orders", tags("z", "1", "a", `x,y:"}`, "b", "")...)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := s.names.Series(id).Name(), `orders{a:"x,y:\"}",b:"",z:1}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestATapHandsOverEverySample(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	tap := s.counts.Tap(2)
	s.fill() // 40 samples: two batches, and nobody reads
	s.buffer.Flush()
	s.fill()
	s.buffer.Flush()
	if got := tap.Dropped(); got == 0 {
		t.Error("a full queue dropped nothing")
	}
	read := uint64(0)
	for range 2 {
		batch := <-tap.Batches()
		read += uint64(len(batch))
		tap.Done(batch)
	}
	if dropped := tap.Dropped(); read+dropped != 80 {
		t.Errorf("%d read and %d dropped of 80", read, dropped)
	}
	s.buffer.Value(s.start.Add(3*time.Second), s.orders, metric.Sample{Value: 7})
	batch := <-tap.Batches()
	if got := batch[len(batch)-1]; got.Kind != metric.CounterSample || got.Value != 7 || got.At != 3*time.Second || got.Series != s.orders.ID {
		t.Errorf("sample %+v", got)
	}
	tap.Done(batch)
	tap.Close()
	s.fill()
	s.buffer.Flush()
	if _, open := <-tap.Batches(); open {
		t.Error("a tap that is closed still delivers")
	}
	if w := s.collect(); w.Series[s.orders.ID].Count != 31 {
		t.Errorf("%d orders, want 31: a tap takes nothing away", w.Series[s.orders.ID].Count)
	}
}

func TestSubscriptionsAndTapsWhileSamplesCome(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	const users, each = 4, 2000
	var wg sync.WaitGroup
	for u := range users {
		wg.Go(func() {
			b := s.counts.Buffer()
			for i := range each {
				b.Value(s.start, s.orders, metric.Sample{Value: 1, Tags: s.names.Tags(0, metric.Tag{Key: "user", Value: fmt.Sprint(u, i%10)})})
			}
			b.Flush()
		})
	}
	var total, mine, tapped uint64
	id := s.orders.ID
	add := func(w metric.Window) {
		if len(w.Series) > int(s.orders.ID) {
			total += w.Series[s.orders.ID].Count
		}
		if id != s.orders.ID && len(w.Series) > int(id) {
			mine += w.Series[id].Count
		}
	}
	tap := s.counts.Tap(users * each)
	for i := range 20 {
		add(s.counts.Collect(s.start.Add(time.Duration(i)*time.Millisecond), users))
		var err error
		if id, err = s.counts.Subscribe("orders", tags("user", "1 1")...); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
	tap.Close()
	for batch := range tap.Batches() {
		tapped += uint64(len(batch))
		tap.Done(batch)
	}
	add(s.collect())
	if total != users*each || tapped > total || tap.Dropped() != 0 || mine > each/10 {
		t.Errorf("%d counted, %d tapped and %d dropped of %d; submetric %d of %d", total, tapped, tap.Dropped(), users*each, mine, each/10)
	}
}
