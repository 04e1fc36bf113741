// Package report reads the record of a run and says what it means: its model,
// as JSON for machines, as one picture. The packages below write the same
// model as text for a terminal (text), for pull requests (markdown), for
// pipelines (junit) and as a page (html); compare sets several runs side by side.
//
// [Read] folds a record into a [Run]. It accepts a record that was cut at any
// byte after its first line: what is missing is missing, never zero. All
// strings in a Run come from outside (servers, scripts, command lines) and
// are cleaned on the way in: control characters and secrets are gone, and
// length is bounded. They still need the escaping of whatever they are put into.
package report

import (
	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// Run is a record, folded. Times are seconds since the start of the run.
type Run struct {
	Path string // where the record is; set by the caller, shown as given

	Head     record.Run
	End      *record.End // nil: the run was cut
	Duration float64     // from the first window's start to the last one's end
	Total    Counts

	Scenarios []Row
	Endpoints []Row // the most requests first
	Checks    []Check
	Metrics   []Metric // own metrics and submetrics, by name
	Failures  []Group
	Points    []Point
	Holds     []record.Hold
	Sources   []Source
	Events    []record.Event
	Proxies   []string       // that requests went through
	Console   []record.Event // lines that the script wrote
	Warnings  []string       // of the run, and about the record itself
}

// Counts are totals of a run.
type Counts struct {
	Started, OK, Failed       uint64 // iterations
	RequestsOK                uint64
	RequestsFailed            uint64
	BytesIn, BytesOut         uint64
	Connections, Repeated     uint64
	ChecksPassed, ChecksFail  uint64
	Dropped                   metric.Dropped
	VUsMax                    int
	Latency                   *Quantiles // of requests
	Iteration                 *Quantiles // of successful iterations
	Lateness                  *Quantiles // of starts, in an open load
	IterationMean, FailedMean float64    // seconds; 0 when there were none
}

// Ended counts iterations that ended.
func (c Counts) Ended() uint64 { return c.OK + c.Failed }

// Requests counts requests.
func (c Counts) Requests() uint64 { return c.RequestsOK + c.RequestsFailed }

// Row is one line of the table of scenarios or of endpoints.
type Row struct {
	Method       string // of an endpoint
	Name         string
	Count        uint64 // iterations or requests that ended
	Failed       uint64
	Requests     uint64     // of a scenario's iterations
	Latency      *Quantiles // of a scenario: of its successful iterations
	Status       []metric.StatusCount
	Connections  uint64
	BytesIn, Out uint64
}

// Check is one check's results.
type Check struct {
	Scenario, Name string
	Passed, Failed uint64
}

// Metric is what the values of an own metric, or of a submetric, came to in the whole run.
type Metric struct {
	metric.Series
	metric.SeriesWindow
}

// Group is all failures of one kind, with the most frequent one as a sample.
type Group struct {
	Kind       string
	Iterations uint64 // that it ended
	Requests   uint64 // that failed so
	Messages   int    // different ones
	Sample     Failure
	All        []Failure // the most frequent first
	Examples   []Example // in the order in which they happened
}

// Count is how often the group was seen: iterations, or requests where none failed for it.
func (g Group) Count() uint64 {
	if g.Iterations > 0 {
		return g.Iterations
	}
	return g.Requests
}

// Failure is one message of a kind.
type Failure struct {
	metric.Failure
	Iterations, Requests uint64
	First, Last          float64 // seen, seconds; to a window
}

// Quantiles of a duration, in seconds. There is no Quantiles of nothing: it is nil then.
type Quantiles struct {
	Count int64   `json:"-"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P95   float64 `json:"p95"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

// QuantilesOf are those of a histogram; nil where it is empty.
func QuantilesOf(h metric.Histogram) *Quantiles {
	if h.Count() == 0 {
		return nil
	}
	top := h.Max().Seconds()
	q := func(f float64) float64 { return min(h.Quantile(f).Seconds(), top) }
	return &Quantiles{Count: h.Count(), P50: q(.5), P90: q(.9), P95: q(.95), P99: q(.99), Max: top}
}

// Heat bins: HeatBins of equal width on a logarithmic scale from HeatFrom to HeatTo seconds.
const (
	HeatBins = 56
	HeatFrom = 100e-6
	HeatTo   = 1000.0
)

// Point is one window on the time axis.
type Point struct {
	At, Length           float64
	VUs, InFlight        int
	Started, OK, Failed  uint64 // iterations
	Requests, RequestsKO uint64
	BytesIn, BytesOut    uint64
	Dropped              uint64
	Latency              *Quantiles // of requests; of successful iterations in a run without requests
	Heat                 *[HeatBins]uint32
}

// Source is what one source of resources read. Series are parallel to At; a
// value that was not read is NaN.
type Source struct {
	Name   string
	At     []float64
	Series []Series
	Notes  []record.Event // why there are gaps
}

// Series is one measure of a source.
type Series struct {
	Key    string
	Values []float64
	Limits []float64
}
