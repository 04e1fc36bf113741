// Package metric counts what happens while a test runs.
//
// A virtual user writes samples into its own [Buffer]; full buffers go to a
// [Shard] under one short lock; a [Collector] turns the shards into one
// [Window] per slice of time. Histograms live in shards, never in virtual
// users, so that memory does not grow with their number.
//
// Names (scenarios, endpoints, checks, failures, own metrics, sets of tags) are
// interned once in [Names] and are small integers from there on. [Buffer] is
// the hot path of this package: it takes no lock of its own and allocates
// nothing, which a test pins.
//
// A script's own metrics ([Names.Metric]) are counters, gauges, rates and
// trends. A submetric, the values of a metric that carry some tags, is counted
// only where something asks for it ([Collector.Subscribe]); a [Tap] hands over
// raw samples. Without either, a tag costs its four bytes in a [Sample].
//
// A count has three shapes: [Sample], a row of [Window] such as
// [EndpointWindow], and that row with its id in the record. Windows of several
// processes are merged by name ([Window.Merge], [Window.MergeParallel]).
package metric

import "time"

// Each of these indexes one of the tables of [Names].
type (
	// ScenarioID is a scenario.
	ScenarioID uint16
	// EndpointID is a method with a name.
	EndpointID uint16
	// CheckID is a check of a scenario.
	CheckID uint16
	// FailureID is a reason to fail.
	FailureID uint16
	// SeriesID is an own metric or a submetric.
	SeriesID uint16
	// TagsID is a set of own tags; 0 is none.
	TagsID uint32
)

// NoFailure is the FailureID of whatever went well.
const NoFailure FailureID = 0

// SampleKind says what a [Sample] is of, and so which of its fields count.
type SampleKind uint8

// Kinds of samples.
const (
	RequestSample   SampleKind = iota // an HTTP exchange (each hop of a redirect is one)
	IterationSample                   // an iteration that ended
	StartSample                       // an iteration that starts: only Scenario counts
	CheckSample                       // the result of one check function

	// Values of own metrics, in the order of their kinds.
	CounterSample
	GaugeSample
	RateSample
	TrendSample
)

// Sample is one thing that happened: what a virtual user counts. Fields that
// its kind does not name are zero.
type Sample struct {
	At       time.Duration // since the start of the run; [Buffer] sets it
	Duration time.Duration // request: from the first byte sent to the last received; iteration: from its start, or from when it was due in an open load
	Value    float64       // own metrics: finite
	BytesIn  int           // request: on the connection, headers included
	BytesOut int
	Requests uint32 // iteration: how many it made
	Tags     TagsID // own tags
	Scenario ScenarioID
	Endpoint EndpointID // request
	Check    CheckID    // check
	Series   SeriesID   // own metrics; [Buffer] sets it
	Status   uint16     // request: 0 when no response came
	Failure  FailureID  // request: NoFailure when it counts as successful; iteration: the first thing that made it fail
	Kind     SampleKind // [Buffer] sets it
	OK       bool       // check: it passed
	Reused   bool       // request: it went over a connection that had served a request before
	Repeated bool       // request: it was sent again because a kept-alive connection had been closed under it
}
