// Package threshold knows what a run is to keep: p(95)<200 of http_req_duration.
//
// [Parse] reads the grammar of k6, and two words more: "over 10s" (in each
// window of that length) and "after 30s" (the warm-up is left out). [Bind] makes
// a [Judge] of thresholds, which asks the collector for the submetrics that they
// name, and for nothing else. The judge is given windows, knows no clock, and
// keeps a fixed amount of memory however long a run is.
package threshold

import (
	"fmt"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

// Limits of what a script or a command line may ask for.
const (
	MaxThresholds = 200     // of a test
	maxText       = 1000    // bytes of a metric's name with its filter, and of an expression
	maxTags       = 16      // of a filter
	maxWhole      = 1 << 18 // bytes of all thresholds together
)

// shortestWindow is the least that "over" takes: windows are made of ticks of a quarter of a second.
const shortestWindow = time.Second

// longest bounds durations.
const longest = 1000 * time.Hour

// Aggregate is what the values of a metric are put together to.
type Aggregate string

// The aggregates. Which a metric has depends on its kind, see [Aggregates].
const (
	Avg        Aggregate = "avg"
	Min        Aggregate = "min"
	Max        Aggregate = "max"
	Med        Aggregate = "med"
	Percentile Aggregate = "p" // of Threshold.Percent
	Count      Aggregate = "count"
	Rate       Aggregate = "rate" // of a counter: per second; of a rate: the share
	Value      Aggregate = "value"
)

// Aggregates are those of a kind of metric.
func Aggregates(k metric.Kind) []Aggregate {
	switch k {
	case metric.Counter:
		return []Aggregate{Count, Rate}
	case metric.Gauge:
		return []Aggregate{Value, Min, Max}
	case metric.Rate:
		return []Aggregate{Rate}
	default:
		return []Aggregate{Avg, Min, Max, Med, Percentile}
	}
}

// Threshold is a bound that a metric is to keep.
type Threshold struct {
	Name   string // as written: metric{tag:value,…}
	Metric string
	Tags   []metric.Tag

	Text      string // the expression as written
	Aggregate Aggregate
	Percent   float64 // of Percentile, 0 to 100
	Operator  string  // < <= > >= == === !=
	Limit     float64 // as written
	Unit      string  // of Limit, as written; "": the metric's own, milliseconds for times

	Over  time.Duration // it must hold in each window of this length; 0: in the whole run
	After time.Duration // what comes before is left out

	AbortOnFail bool          // the run ends when it is broken
	Delay       time.Duration // of AbortOnFail: not before

	limit float64 // in the metric's unit: seconds, a fraction
	kind  metric.Kind
	time  bool
	known bool // the two above are
}

// holds says whether a value keeps the bound.
func (t *Threshold) holds(v float64) bool {
	switch t.Operator {
	case "<":
		return v < t.limit
	case "<=":
		return v <= t.limit
	case ">":
		return v > t.limit
	case ">=":
		return v >= t.limit
	case "!=":
		return v != t.limit
	default:
		return v == t.limit
	}
}

// certain says whether any value would keep the bound: max>=0 of times does
// not fail for want of values. It is k6's way to have a row in the summary.
func (t *Threshold) certain(positive bool) bool {
	switch {
	case t.kind == metric.Rate && (t.Operator == "<=" && t.limit >= 1 || t.Operator == "<" && t.limit > 1):
		return true
	case !positive && !t.time && t.kind != metric.Rate:
		return false
	default:
		return t.Operator == ">=" && t.limit <= 0 || t.Operator == ">" && t.limit < 0
	}
}

// worse says whether v is further from the bound, or further beyond it, than than.
func (t *Threshold) worse(v, than float64) bool {
	switch t.Operator {
	case "<", "<=":
		return v > than
	case ">", ">=":
		return v < than
	default:
		return !t.holds(v)
	}
}

// of is the value that the bound is about; false where nothing was measured.
func (t *Threshold) of(s *metric.SeriesWindow, seconds float64) (float64, bool) {
	switch {
	case t.kind == metric.Counter && t.Aggregate == Count:
		return s.Sum, s.Count > 0 || seconds > 0
	case t.kind == metric.Counter:
		return s.Sum / max(seconds, 1e-9), seconds > 0
	case s.Count == 0:
		return 0, false
	}
	switch t.Aggregate {
	case Min:
		return s.Min, true
	case Max:
		return s.Max, true
	case Med:
		return s.Quantile(0.5), true
	case Percentile:
		return s.Quantile(t.Percent / 100), true
	case Value:
		return s.Last, true
	default: // the mean of a trend, the share of a rate
		return s.Mean(), true
	}
}

// check completes a threshold of a metric whose kind is known.
func (t *Threshold) check(kind metric.Kind, isTime bool) error {
	t.kind, t.time, t.known = kind, isTime, true
	var names []string
	found := false
	for _, a := range Aggregates(kind) {
		found = found || a == t.Aggregate
		if a == Percentile {
			a = "p(95)"
		}
		names = append(names, string(a))
	}
	if !found {
		return t.fault(1, fmt.Sprintf("asks for %s, which a %s does not have", t.Aggregate, kind), string(t.Aggregate), names)
	}
	scale, ok := t.scale()
	if !ok {
		advice := "write a number without a unit"
		switch {
		case isTime:
			advice = "write milliseconds without a unit, or a time such as 1.5s"
		case kind == metric.Rate:
			advice = "write a fraction or a percentage: 0.05 or 5%"
		}
		e := t.fault(1, fmt.Sprintf("has the unit %q, which %s does not have", t.Unit, t.Metric), "", nil)
		e.Advice = advice
		return e
	}
	t.limit = t.Limit * scale
	return nil
}

// scale is what the limit's unit is in the metric's.
func (t *Threshold) scale() (float64, bool) {
	switch {
	case t.time:
		s, ok := map[string]float64{"": 1e-3, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}[t.Unit]
		return s, ok
	case t.kind == metric.Rate && t.Unit == "%":
		return 0.01, true
	default:
		return 1, t.Unit == ""
	}
}

func (t *Threshold) fault(at int, problem, word string, known []string) *Error {
	return &Error{Metric: t.Name, Text: t.Text, At: at, Problem: problem, Word: word, Known: known}
}

// Error says what is wrong with a threshold, and where.
type Error struct {
	Metric  string // with its filter; may be empty
	Text    string // the expression, or the name, that is wrong
	At      int    // the character of Text, from 1; 0: none
	Problem string // goes on from the text
	Word    string // that is unknown
	Known   []string
	Advice  string // what to do, where Known does not say it
}

// Error says all but the advice.
func (e *Error) Error() string {
	text := fmt.Sprintf("%q", e.Text)
	if e.Metric != "" && e.Metric != e.Text {
		text = fmt.Sprintf("%s: %s", e.Metric, text)
	}
	return text + " " + e.Where()
}

// Where is the problem with its place.
func (e *Error) Where() string {
	if e.At > 1 {
		return fmt.Sprintf("%s (at character %d)", e.Problem, e.At)
	}
	return e.Problem
}
