package metric

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Kind is how the values of a metric are put together.
type Kind string

// Kinds of metrics.
const (
	Counter Kind = "counter" // values add up; they may be negative or fractions
	Gauge   Kind = "gauge"   // the last value stands, with the least and the greatest
	Rate    Kind = "rate"    // the share of values that are not zero
	Trend   Kind = "trend"   // a distribution: mean, least, greatest and quantiles
)

// sample is the kind of its samples; 0 for what is no kind.
func (k Kind) sample() SampleKind {
	switch k {
	case Counter:
		return CounterSample
	case Gauge:
		return GaugeSample
	case Rate:
		return RateSample
	case Trend:
		return TrendSample
	}
	return 0
}

// Series names a row of own values: a metric, or those of its values that carry some tags.
type Series struct {
	Metric string `json:"metric"`
	Filter string `json:"filter,omitempty"` // key:value,… sorted by key; quoted as in Go where a word has a comma, a colon, a brace or what does not print
	Kind   Kind   `json:"kind"`
	Time   bool   `json:"time,omitempty"` // values are seconds
}

// Name is metric{filter}, or the metric alone.
func (s Series) Name() string {
	if s.Filter == "" {
		return s.Metric
	}
	return s.Metric + "{" + s.Filter + "}"
}

// SeriesWindow is what the values of a series come to. Which fields count depends on its kind.
type SeriesWindow struct {
	Count uint64  `json:"count"`         // values
	Sum   float64 `json:"sum,omitzero"`  // counter, trend: of the values; rate: how many were not zero
	Min   float64 `json:"min,omitzero"`  // gauge, trend: exact
	Max   float64 `json:"max,omitzero"`  // gauge, trend: exact
	Last  float64 `json:"last,omitzero"` // gauge
	At    float64 `json:"at_s,omitzero"` // gauge: when Last came, in seconds of the run
	Values
}

// Mean is the mean of a trend, or the share of a rate; 0 when empty.
func (s *SeriesWindow) Mean() float64 {
	if s.Count == 0 {
		return 0
	}
	return s.Sum / float64(s.Count)
}

// Quantile returns what a fraction q (0..1) of a trend's values does not
// exceed, to the precision of [Values] and never beyond Min and Max; 0 when empty.
func (s *SeriesWindow) Quantile(q float64) float64 {
	return min(max(s.Values.Quantile(q), s.Min), s.Max)
}

func (s *SeriesWindow) count(kind SampleKind, at time.Duration, v float64) {
	if s.Count == 0 && (kind == GaugeSample || kind == TrendSample) {
		s.Min, s.Max = v, v
	}
	s.Count++
	switch kind {
	case RateSample:
		s.Sum += truth(v != 0)
	case GaugeSample:
		s.Min, s.Max = min(s.Min, v), max(s.Max, v)
		if now := at.Seconds(); now >= s.At {
			s.Last, s.At = v, now
		}
	case TrendSample:
		s.Min, s.Max = min(s.Min, v), max(s.Max, v)
		s.Sum = sum(s.Sum, v)
		s.Add(v)
	default: // a counter
		s.Sum = sum(s.Sum, v)
	}
}

// sum is finite: JSON knows no infinity.
func sum(a, b float64) float64 { return min(max(a+b, -math.MaxFloat64), math.MaxFloat64) }

// Merge adds what another window has of the same series. Of a gauge the latest value stands.
func (s *SeriesWindow) Merge(o *SeriesWindow) {
	if o.Count == 0 {
		return
	}
	if s.Count == 0 {
		s.Min, s.Max, s.Last, s.At = o.Min, o.Max, o.Last, o.At
	}
	s.Count += o.Count
	s.Sum = sum(s.Sum, o.Sum)
	s.Min, s.Max = min(s.Min, o.Min), max(s.Max, o.Max)
	if o.At > s.At || o.At == s.At && o.Last > s.Last { // the same whichever comes first
		s.Last, s.At = o.Last, o.At
	}
	s.Values.Merge(o.Values)
}

// Reset empties it and keeps its memory.
func (s *SeriesWindow) Reset() {
	s.Above.Reset()
	s.Below.Reset()
	*s = SeriesWindow{Values: s.Values}
}

// Metric is an own metric, made by [Names.Metric].
type Metric struct {
	ID   SeriesID
	Kind Kind
	Time bool
}

// MaxMetrics bounds the own metrics of a script.
const MaxMetrics = 1000

// What [Names.Metric] and [Collector.Subscribe] refuse.
var (
	ErrMetricName = errors.New("the name of a metric is 2 to 129 letters, digits and _, the first no digit")
	ErrMetricKind = errors.New("a metric is a counter, a gauge, a rate or a trend")
	ErrMetricFull = fmt.Errorf("a test may have %d metrics of its own", MaxMetrics)
)

// Metric makes an own metric, or finds it when the name was made before with
// the same kind and unit. With isTime the values are seconds.
func (n *Names) Metric(name string, kind Kind, isTime bool) (Metric, error) {
	if !metricName(name) {
		return Metric{}, fmt.Errorf("metric %q: %w", name, ErrMetricName)
	}
	if kind.sample() == 0 {
		return Metric{}, fmt.Errorf("metric %q: %w", name, ErrMetricKind)
	}
	if _, _, ok := Builtin(name); ok {
		return Metric{}, fmt.Errorf("metric %q: every run has a metric of this name: choose another one", name)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if m, ok := n.metrics[name]; ok {
		if m.Kind != kind || m.Time != isTime {
			return Metric{}, fmt.Errorf("metric %q: it is a %s already", name, describe(m))
		}
		return m, nil
	}
	if len(n.metrics) >= MaxMetrics {
		return Metric{}, fmt.Errorf("metric %q: %w", name, ErrMetricFull)
	}
	row := Series{Metric: name, Kind: kind, Time: isTime}
	id, ok := n.series.ids[row] // another process may have had it first
	if !ok {
		id = n.series.add(row)
	}
	m := Metric{SeriesID(id), kind, isTime}
	n.metrics[name] = m
	return m, nil
}

func describe(m Metric) string {
	if m.Time {
		return string(m.Kind) + " of times"
	}
	return string(m.Kind)
}

// metricName is k6's rule: ^[A-Za-z_][A-Za-z0-9_]{1,128}$.
func metricName(name string) bool {
	if len(name) < 2 || len(name) > 129 {
		return false
	}
	for i, c := range []byte(name) {
		switch {
		case c == '_', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		case '0' <= c && c <= '9' && i > 0:
		default:
			return false
		}
	}
	return true
}

// seriesOf is the id of a series, of that of [Other] once the table is full.
func (n *Names) seriesOf(s Series) SeriesID {
	other := s
	if s.Filter != "" {
		other.Filter = Other
	} else {
		other.Metric = Other
	}
	return SeriesID(intern(n, &n.series, s, other))
}

// Series is the name of an id; its Metric is [Unknown] when there is none.
func (n *Names) Series(id SeriesID) Series {
	return name(n, &n.series, int(id), Series{Metric: Unknown})
}
