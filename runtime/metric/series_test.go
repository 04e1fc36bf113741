package metric_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

func TestOwnMetricsOfEachKind(t *testing.T) {
	t.Parallel()
	start := time.Now()
	names := metric.NewNames()
	c := metric.NewCollector(names, start, 1)
	b := c.Buffer()
	add := func(kind metric.Kind, values ...float64) metric.SeriesID {
		m, err := names.Metric(string(kind)+"_of_mine", kind, false)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range values {
			if ok, finite := b.Value(start.Add(time.Duration(i)*time.Millisecond), m, metric.Sample{Value: v}), !math.IsNaN(v) && !math.IsInf(v, 0); ok != finite {
				t.Errorf("%s %v: taken %v", kind, v, ok)
			}
		}
		return m.ID
	}
	counter := add(metric.Counter, 1.5, -0.25, 1e3, math.NaN(), math.Inf(-1))
	gauge := add(metric.Gauge, 3, -7.5, 2)
	rate := add(metric.Rate, 1, 0, 0, -2)
	trend := add(metric.Trend, -1, 0, 0.5, 3, math.Inf(1))
	huge := add(metric.Counter)
	b.Flush()
	w := c.Collect(start.Add(time.Second), 1)
	if huge != counter {
		t.Error("the same name and kind is another metric")
	}
	if s := w.Series[counter]; s.Count != 3 || s.Sum != 1001.25 {
		t.Errorf("counter %+v", s)
	}
	if s := w.Series[gauge]; s.Count != 3 || s.Last != 2 || s.Min != -7.5 || s.Max != 3 || s.At != 0.002 {
		t.Errorf("gauge %+v", s)
	}
	if s := w.Series[rate]; s.Count != 4 || s.Sum != 2 || s.Mean() != 0.5 {
		t.Errorf("rate %+v", s)
	}
	if s := w.Series[trend]; s.Count != 4 || s.Mean() != 0.625 || s.Min != -1 || s.Max != 3 || s.Quantile(0) != -1 || s.Quantile(1) != 3 || s.Quantile(.5) != 0 {
		t.Errorf("trend %+v, median %v", s, s.Quantile(.5))
	}
	next := c.Collect(start.Add(2*time.Second), 1)
	again := c.Collect(start.Add(3*time.Second), 1)
	for _, s := range slices.Concat(next.Series, again.Series) {
		if !s.Empty() || s.Sum != 0 || s.Quantile(.5) != 0 {
			t.Errorf("a window without values has %+v", s)
		}
	}
}

func TestSumsStayFinite(t *testing.T) {
	t.Parallel()
	start := time.Now()
	names := metric.NewNames()
	c := metric.NewCollector(names, start, 1)
	b := c.Buffer()
	m, err := names.Metric("huge", metric.Trend, false)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		b.Value(start, m, metric.Sample{Value: math.MaxFloat64})
	}
	b.Flush()
	w := c.Collect(start, 1)
	more := w
	w.Merge(&more)
	if s := w.Series[m.ID]; math.IsInf(s.Sum, 0) || s.Max != math.MaxFloat64 || math.IsNaN(s.Quantile(.5)) {
		t.Errorf("%+v", s)
	}
}

func TestValuesKeepTheirPrecision(t *testing.T) {
	t.Parallel()
	for name, draw := range map[string]func(*rand.Rand) float64{
		"around zero": func(r *rand.Rand) float64 { return r.NormFloat64() },
		"fractions":   func(r *rand.Rand) float64 { return r.Float64() * 1e-3 },
		"negative":    func(r *rand.Rand) float64 { return -r.ExpFloat64() * 1e6 },
		"wide":        func(r *rand.Rand) float64 { return math.Exp(r.NormFloat64() * 6) },
		"huge":        func(r *rand.Rand) float64 { return r.Float64() * 1e12 },
	} {
		var parts [3]metric.Values
		var whole metric.Values
		var exact []float64
		r := rand.New(rand.NewPCG(3, 4))
		for i := range 5000 {
			x := draw(r)
			exact = append(exact, x)
			parts[i%3].Add(x)
			whole.Add(x)
		}
		slices.Sort(exact)
		var merged metric.Values
		for _, p := range parts {
			merged.Merge(p)
		}
		for _, q := range []float64{0, .001, .1, .5, .9, .99, .999, 1} {
			want := exact[max(int(q*5000+0.5), 1)-1]
			got := whole.Quantile(q)
			if off := math.Abs(got - want); off > math.Abs(want)*0.0079+1e-6 {
				t.Errorf("%s: quantile %v is %v, want %v", name, q, got, want)
			}
			if merged.Quantile(q) != got {
				t.Errorf("%s: quantile %v of merged parts is %v, of the whole %v", name, q, merged.Quantile(q), got)
			}
		}
	}
	var v metric.Values
	for _, x := range []float64{1e300, -1e300, 0, math.Copysign(0, -1), 5e-324} {
		v.Add(x)
	}
	if v.Quantile(0) > -0.99e12 || v.Quantile(1) < 0.99e12 || v.Quantile(.5) != 0 {
		t.Errorf("beyond the range: %v, %v, %v", v.Quantile(0), v.Quantile(.5), v.Quantile(1))
	}
}

func TestTimesHaveTheBucketsOfDurations(t *testing.T) {
	t.Parallel()
	var v metric.Values
	var h metric.Histogram
	r := rand.New(rand.NewPCG(5, 6))
	for range 10_000 {
		d := time.Duration(r.ExpFloat64() * 3e7)
		h.Add(d)
		v.Add(d.Seconds())
	}
	for q := 0.0; q <= 1; q += 0.001 {
		if got, want := v.Quantile(q), h.Quantile(q).Seconds(); math.Abs(got-want) > 1e-9 && q > 0 {
			t.Fatalf("quantile %v: %v, a histogram of durations has %v", q, got, want)
		}
	}
}

func TestAGaugeKeepsItsLatestValueInWhateverOrder(t *testing.T) {
	t.Parallel()
	early, late := metric.SeriesWindow{Count: 1, Min: 5, Max: 5, Last: 5, At: 1}, metric.SeriesWindow{Count: 2, Min: -3, Max: 2, Last: -3, At: 2}
	var one, other metric.SeriesWindow
	one.Merge(&early)
	one.Merge(&late)
	one.Merge(&metric.SeriesWindow{})
	other.Merge(&late)
	other.Merge(&early)
	if want := (metric.SeriesWindow{Count: 3, Min: -3, Max: 5, Last: -3, At: 2}); one != want || other != want {
		t.Errorf("%+v and %+v, want %+v", one, other, want)
	}
}

// What another process sends may be made otherwise than ours.
func TestHistogramsOfAnyRangeMerge(t *testing.T) {
	t.Parallel()
	for _, highest := range []int64{2, 1000, math.MaxInt64} {
		foreign := hdr.New(1, highest, 3)
		if err := foreign.RecordValues(1, 7); err != nil {
			t.Fatal(err)
		}
		text, err := foreign.Encode(hdr.V2CompressedEncodingCookieBase)
		if err != nil {
			t.Fatal(err)
		}
		var h, mine metric.Histogram
		if err := h.UnmarshalText(text); err != nil {
			t.Fatal(err)
		}
		mine.Add(time.Hour)
		mine.Merge(h)
		h.Merge(mine)
		if mine.Count() != 8 || h.Count() != 15 || h.Max() < 59*time.Minute {
			t.Errorf("range up to %d: %d and %d values, at most %v", highest, mine.Count(), h.Count(), h.Max())
		}
	}
}

func TestMetricsThatAreRefused(t *testing.T) {
	t.Parallel()
	n := metric.NewNames()
	for _, c := range []struct {
		name   string
		kind   metric.Kind
		isTime bool
		want   error
		text   string
	}{
		{"x", metric.Counter, false, metric.ErrMetricName, ""},
		{"", metric.Counter, false, metric.ErrMetricName, ""},
		{"1st", metric.Counter, false, metric.ErrMetricName, ""},
		{"with space", metric.Counter, false, metric.ErrMetricName, ""},
		{"naïve", metric.Counter, false, metric.ErrMetricName, ""},
		{strings.Repeat("x", 130), metric.Counter, false, metric.ErrMetricName, ""},
		{"fine", "histogram", false, metric.ErrMetricKind, ""},
		{"http_reqs", metric.Counter, false, nil, "every run has a metric of this name"},
		{"vus", metric.Gauge, false, nil, "every run has a metric of this name"},
		{"taken", metric.Counter, false, nil, "it is a trend of times already"},
		{"taken", metric.Trend, false, nil, "it is a trend of times already"},
	} {
		if _, err := n.Metric("taken", metric.Trend, true); err != nil {
			t.Fatal(err)
		}
		if _, err := n.Metric(c.name, c.kind, c.isTime); err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%q %s: %v", c.name, c.kind, err)
		}
	}
	for i := range metric.MaxMetrics {
		if _, err := n.Metric(fmt.Sprintf("metric_%d", i), metric.Counter, false); (err != nil) != (i == metric.MaxMetrics-1) || err != nil && !errors.Is(err, metric.ErrMetricFull) {
			t.Fatalf("metric %d: %v", i, err)
		}
	}
}

func TestTagSets(t *testing.T) {
	t.Parallel()
	n := metric.NewNames()
	a, b := metric.Tag{Key: "a", Value: "1"}, metric.Tag{Key: "b", Value: "2"}
	ab := n.Tags(0, a, b)
	if n.Tags(0) != 0 || n.Tags(0, b, a) != ab || n.Tags(n.Tags(0, b), a) != ab || n.Tags(n.Tags(0, b, metric.Tag{Key: "a", Value: "x"}), a) != ab {
		t.Error("the same tags are another set")
	}
	if n.Tags(0, metric.Tag{Key: "a", Value: "1b"}) == n.Tags(0, metric.Tag{Key: "a1", Value: "b"}) {
		t.Error("other tags are the same set")
	}
	if got := n.TagSet(ab); !slices.Equal(got, []metric.Tag{a, b}) {
		t.Errorf("set %v", got)
	}
}

func TestTagsWithoutEndAreBounded(t *testing.T) {
	t.Parallel()
	n := metric.NewNames()
	env := metric.Tag{Key: "env", Value: "prod"}
	for i := range metric.MaxTagValues + 500 {
		n.Tags(0, env, metric.Tag{Key: "order", Value: fmt.Sprint("no. ", i)})
	}
	late := n.TagSet(n.Tags(0, env, metric.Tag{Key: "order", Value: "one more"}))
	if !slices.Equal(late, []metric.Tag{env, {Key: "order", Value: metric.Other}}) {
		t.Errorf("a value too many is kept as %v", late)
	}
	for i := range 3 * metric.MaxTagSets { // combinations without end, of few values each
		n.Tags(0, metric.Tag{Key: "x", Value: fmt.Sprint(i % 300)}, metric.Tag{Key: "y", Value: fmt.Sprint(i / 300)})
	}
	if late := n.TagSet(n.Tags(0, metric.Tag{Key: "x", Value: "299"}, metric.Tag{Key: "y", Value: "99"})); late[0].Value != metric.Other || late[1].Value != "99" {
		t.Errorf("a set too many is kept as %v: want the tag with the most values cut", late)
	}
	var last metric.TagsID
	for i := range 3 * metric.MaxTagSets { // and tags without end
		last = max(last, n.Tags(0, metric.Tag{Key: fmt.Sprint("key", i), Value: "v"}, metric.Tag{Key: fmt.Sprint("key", i+1), Value: "v"}))
	}
	if last > 2*metric.MaxTagSets {
		t.Errorf("%d sets, want at most %d", last+1, 2*metric.MaxTagSets+1)
	}
	added, lengths := n.Since(metric.Lengths{})
	if len(added.Warnings) != 3 || !strings.Contains(added.Warnings[0], `tag "order"`) || !strings.Contains(added.Warnings[1], `such as "x"`) || !strings.Contains(added.Warnings[2], "more than 100 tags") {
		t.Errorf("warnings %q", added.Warnings)
	}
	if again, _ := n.Since(lengths); len(again.Warnings) != 0 || !again.Empty() {
		t.Errorf("again %+v", again)
	}
}

func TestAFullTableOfEndpointsWarnsOnce(t *testing.T) {
	t.Parallel()
	n := metric.NewNames()
	for i := range metric.MaxEndpoints + 50 {
		n.Endpoint(metric.Endpoint{Method: "GET", Name: fmt.Sprint("/", i)})
	}
	if added, _ := n.Since(metric.Lengths{}); len(added.Warnings) != 1 || !strings.Contains(added.Warnings[0], "GET /1000 ") {
		t.Errorf("warnings %q", added.Warnings)
	}
}
