package metrics_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/jsapi/jsapitest"
	"github.com/plimsoll-load/plimsoll/jsapi/metrics"
	"github.com/plimsoll-load/plimsoll/runtime/engine"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

// load runs the top level of a script, and leaves the host as in an iteration.
func load(t *testing.T, script string) (*jsapitest.Host, error) {
	t.Helper()
	h := jsapitest.New(t, engine.Options{}, metrics.Module())
	client := h.Engine
	h.Engine = nil
	_, err := h.VM().RunString(script)
	h.Engine = client
	return h, err
}

func TestValuesAreCounted(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ load, run, want string }{
		"a counter adds up":                {`m = new Counter('m_m')`, `m.add(2); m.add(0.5); m.add(-1)`, "m_m counter 3 1.5"},
		"a counter takes booleans":         {`m = new Counter('m_m')`, `m.add(true); m.add(false)`, "m_m counter 2 1"},
		"numbers as text":                  {`m = new Counter('m_m')`, `m.add('2.5'); m.add(new Number(1))`, "m_m counter 2 3.5"},
		"a gauge keeps the last":           {`m = new Gauge('m_m')`, `m.add(7); m.add(-3); m.add(5)`, "m_m gauge 3 5 -3..7"},
		"a rate is a share":                {`m = new Rate('m_m')`, `m.add(true); m.add(0); m.add(3); m.add(false)`, "m_m rate 4 0.5"},
		"a trend has a mean":               {`m = new Trend('m_m')`, `m.add(1); m.add(-4); m.add(6)`, "m_m trend 3 1 -4..6"},
		"times are milliseconds":           {`m = new Trend('m_m', true)`, `m.add(1500)`, "m_m trend 1 1.5 1.5..1.5"},
		"a counter of times":               {`m = new Counter('m_m', true)`, `m.add(500)`, "m_m counter 1 0.5"},
		"the same metric again":            {`m = new Rate('m_m'); n = new Rate('m_m')`, `m.add(1); n.add(0)`, "m_m rate 2 0.5"},
		"the longest name":                 {`m = new Rate('a'.repeat(129))`, `m.add(1)`, strings.Repeat("a", 129) + " rate 1 1"},
		"tags cost no row":                 {`m = new Counter('m_m')`, `m.add(1, { a: 'x', b: 2, c: true, d: null, e: undefined })`, "m_m counter 1 1"},
		"a class that extends":             {`class My extends Counter { twice(n) { return this.add(2 * n) } }; m = new My('m_m')`, `m.twice(4)`, "m_m counter 1 8"},
		"what is never added is no row":    {`m = new Counter('m_m')`, ``, ""},
		"what is said by the last of many": {`m = new Gauge('m_m')`, `for (let i = 0; i < 100; i++) m.add(i)`, "m_m gauge 100 99 0..99"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, err := load(t, "let m, n; "+row.load)
			if err != nil {
				t.Fatal(err)
			}
			h.Run(t, row.run)
			w := h.Window()
			var got []string
			for id := range w.Series {
				s, of := &w.Series[id], h.Names().Series(metric.SeriesID(id))
				switch {
				case s.Empty():
				case of.Kind == metric.Gauge:
					got = append(got, fmt.Sprintf("%s %s %d %v %v..%v", of.Name(), of.Kind, s.Count, s.Last, s.Min, s.Max))
				case of.Kind == metric.Trend:
					got = append(got, fmt.Sprintf("%s %s %d %v %v..%v", of.Name(), of.Kind, s.Count, s.Mean(), s.Min, s.Max))
				case of.Kind == metric.Rate:
					got = append(got, fmt.Sprintf("%s %s %d %v", of.Name(), of.Kind, s.Count, s.Mean()))
				default:
					got = append(got, fmt.Sprintf("%s %s %d %v", of.Name(), of.Kind, s.Count, s.Sum))
				}
			}
			if text := strings.Join(got, "|"); text != row.want {
				t.Errorf("counted %q, want %q", text, row.want)
			}
		})
	}
}

func TestWhatCannotBeAMetricIsToldByName(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ script, want string }{
		"no name":              {`new Counter()`, "new Counter: name must be a string, not undefined"},
		"a number as name":     {`new Gauge(7)`, "new Gauge: name must be a string, not 7"},
		"one letter":           {`new Rate('a')`, `new Rate: metric "a": the name of a metric is 2 to 129`},
		"130 letters":          {`new Rate('a'.repeat(130))`, "2 to 129 letters"},
		"a megabyte":           {`new Rate('a'.repeat(1e6))`, "new Rate: metric"},
		"a space":              {`new Trend('my metric')`, `metric "my metric"`},
		"a dot":                {`new Trend('my.metric')`, `metric "my.metric"`},
		"a digit first":        {`new Trend('1st')`, `metric "1st"`},
		"not ASCII":            {`new Trend('zähler')`, `metric "zähler"`},
		"empty":                {`new Counter('')`, `metric ""`},
		"a metric of each run": {`new Counter('http_reqs')`, `metric "http_reqs": every run has a metric of this name`},
		"vus":                  {`new Gauge('vus')`, `metric "vus": every run has`},
		"another kind":         {`new Counter('m_m'); new Trend('m_m')`, `new Trend: metric "m_m": it is a counter already`},
		"another unit":         {`new Trend('m_m'); new Trend('m_m', true)`, `metric "m_m": it is a trend already`},
		"too many":             {`for (let i = 0; i < 1001; i++) new Counter('m_' + i)`, `metric "m_1000": a test may have 1000`},
		"added while loading":  {`new Counter('m_m').add(1)`, `Counter.add: metric "m_m": values are added in iterations`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := load(t, row.script); err == nil || !strings.Contains(err.Error(), row.want) || len(err.Error()) > 600 {
				t.Errorf("threw %.700v, want %q", err, row.want)
			}
		})
	}
}

func TestWhatCannotBeAValueIsToldByName(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ script, want string }{
		"nothing":                {`m.add()`, "Trend.add: metric my_trend: the value must be a number, not undefined"},
		"null":                   {`m.add(null)`, "must be a number, not null"},
		"NaN":                    {`m.add(NaN)`, "must be a number, not NaN"},
		"infinity":               {`m.add(-Infinity)`, "must be a number, not -Infinity"},
		"text":                   {`m.add('quick')`, `must be a number, not "quick"`},
		"empty text":             {`m.add('')`, "must be a number"},
		"an object":              {`m.add({ valueOf: () => 1 })`, "must be a number, not an object"},
		"an array":               {`m.add([1])`, "must be a number, not an array"},
		"a symbol":               {`m.add(Symbol('x'))`, "must be a number, not a symbol"},
		"tags as text":           {`m.add(1, 'tea')`, "metric my_trend: tags must be an object"},
		"tags as an array":       {`m.add(1, ['tea'])`, "metric my_trend: tags must be an object"},
		"a tag that is a record": {`m.add(1, { kind: {} })`, "tags.kind: is an object"},
		"a tag that is NaN":      {`m.add(1, { kind: NaN })`, "tags.kind: is NaN"},
		"a tag that throws":      {`m.add(1, { get kind() { throw new Error('oh') } })`, "tags.kind: reading it threw Error: oh"},
		"17 tags":                {`m.add(1, Object.fromEntries([...Array(17).keys()].map((i) => ['t' + i, i])))`, "a value may have 16 tags"},
		"a tag of a megabyte":    {`m.add(1, { kind: 'x'.repeat(1e6) })`, `tag "kind" is longer than 500 bytes`},
		"a name of a megabyte":   {`m.add(1, { ['x'.repeat(1e6)]: 1 })`, "is longer than 500 bytes"},
		"made in an iteration":   {`new Counter('late_one')`, `new Counter: metric "late_one": make it at the top level`},
		"on another object":      {`m.add.call({}, 1)`, "call it on a Trend"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, err := load(t, "const m = new Trend('my_trend')")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := h.Try(row.script); err == nil || !strings.Contains(err.Error(), row.want) || len(err.Error()) > 600 {
				t.Errorf("threw %.700v, want %q", err, row.want)
			}
			if w := h.Window(); len(w.Series) > 0 && !w.Series[0].Empty() {
				t.Errorf("counted %+v", w.Series[0])
			}
		})
	}
}

func TestNameIsAProperty(t *testing.T) {
	t.Parallel()
	h, err := load(t, "const m = new Trend('my_trend')")
	if err != nil {
		t.Fatal(err)
	}
	if got := h.Run(t, `m.name + (m instanceof Trend) + m.add(1)`); got != "my_trendtruetrue" {
		t.Errorf("got %v", got)
	}
}

// Tags go to submetrics; one whose values have no end is cut, with a warning that names it.
func TestTagsAreFiltersAndBounded(t *testing.T) {
	t.Parallel()
	h, err := load(t, "const m = new Counter('m_m')")
	if err != nil {
		t.Fatal(err)
	}
	tea, err := h.Subscribe("m_m", metric.Tag{Key: "kind", Value: "tea"})
	if err != nil {
		t.Fatal(err)
	}
	h.Run(t, `for (let i = 0; i < 3000; i++) m.add(1, { kind: i % 2 ? 'tea' : 'coffee', id: i })`)
	if w := h.Window(); w.Series[tea].Sum != 1500 {
		t.Errorf("counted %v of 1500 with the tag", w.Series[tea].Sum)
	}
	said, _ := h.Names().Since(metric.Lengths{})
	if text := strings.Join(said.Warnings, "|"); !strings.Contains(text, `tag "id" has more than 1000 values`) {
		t.Errorf("warned %q", text)
	}
}
