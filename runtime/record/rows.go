// Package record is the one thing that all who show a run know: a versioned
// file of JSON lines, written once a second while the test runs. The live
// view, the summary, the page, a comparison and the remote program read the
// same rows, so that a run which was killed still has its report up to the
// last second.
//
// The first row is [Run], the last [End]; a record without End is a run that
// was cut, and every reader accepts it. Names are sent once, in [Names] rows;
// other rows carry their ids. Times are seconds since the start of the run.
package record

import (
	"encoding/json"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/failure"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
)

// SchemaVersion is raised when an old reader would misread a new record.
const SchemaVersion = 1

// Run opens a record.
type Run struct {
	SchemaVersion int            `json:"schema_version"`
	Tool          string         `json:"tool"` // name and version
	Mode          Mode           `json:"mode"`
	Started       time.Time      `json:"started"`
	Command       []string       `json:"command"` // as typed, secrets redacted
	Script        string         `json:"script"`
	ScriptHash    string         `json:"script_sha256,omitempty"`
	Seed          uint64         `json:"seed"`
	Tolerance     float64        `json:"tolerance,omitempty"` // fraction of iterations that may fail
	Settings      []plan.Setting `json:"settings,omitempty"`
	Generator     Host           `json:"generator"`
	Machine       *Machine       `json:"machine,omitempty"` // the target's, where known
	Repository    *Repository    `json:"repository,omitempty"`
}

// Host is the machine that makes the load.
type Host struct {
	Name      string `json:"name,omitempty"`
	OS        string `json:"os"`
	Arch      string `json:"arch"`
	CPUs      int    `json:"cpus"`
	GoVersion string `json:"go_version"`
}

// Machine is the machine that carries the target.
type Machine struct {
	Type         string  `json:"type,omitempty"`
	Region       string  `json:"region,omitempty"`
	Zone         string  `json:"zone,omitempty"`
	CPUs         int     `json:"cpus,omitempty"`
	MemoryBytes  int64   `json:"memory_bytes,omitempty"`
	Image        string  `json:"image,omitempty"`   // what it boots
	Service      string  `json:"service,omitempty"` // the image of the service
	PricePerHour float64 `json:"price_per_hour,omitempty"`
	Currency     string  `json:"currency,omitempty"`
	Credits      string  `json:"credits,omitempty"` // of a type with CPU credits: unlimited, standard
	Spot         bool    `json:"spot,omitempty"`
	LoadFrom     string  `json:"load_from,omitempty"`    // where the load was made
	RoundTripS   float64 `json:"round_trip_s,omitempty"` // the least, from there
}

// Repository is where a cloned scenario came from.
type Repository struct {
	URL    string `json:"url"`
	Commit string `json:"commit"`
	Test   string `json:"test,omitempty"`
}

// Names adds to the tables that ids point into: each list continues the former row's.
type Names metric.Snapshot

// Window is a metric.Window as a row; only ids that counted something are written.
type Window struct {
	StartS    float64          `json:"start_s"`
	LengthS   float64          `json:"length_s"`
	VUs       int              `json:"vus"`
	InFlight  int              `json:"in_flight"`
	Dropped   metric.Dropped   `json:"dropped,omitzero"`
	Lateness  metric.Histogram `json:"lateness,omitzero"`
	Scenarios []ScenarioCounts `json:"scenarios,omitempty"`
	Endpoints []EndpointCounts `json:"endpoints,omitempty"`
	Checks    []CheckCounts    `json:"checks,omitempty"`
	Failures  []FailureCounts  `json:"failures,omitempty"`
	Series    []SeriesCounts   `json:"series,omitempty"` // own metrics and submetrics, in runs that have them
}

// ScenarioCounts is a metric.ScenarioWindow with its id.
type ScenarioCounts struct {
	ID metric.ScenarioID `json:"id"`
	metric.ScenarioWindow
}

// EndpointCounts is a metric.EndpointWindow with its id.
type EndpointCounts struct {
	ID metric.EndpointID `json:"id"`
	metric.EndpointWindow
}

// CheckCounts is a metric.CheckWindow with its id.
type CheckCounts struct {
	ID metric.CheckID `json:"id"`
	metric.CheckWindow
}

// FailureCounts is a metric.FailureWindow with its id.
type FailureCounts struct {
	ID metric.FailureID `json:"id"`
	metric.FailureWindow
}

// SeriesCounts is a metric.SeriesWindow with its id.
type SeriesCounts struct {
	ID metric.SeriesID `json:"id"`
	metric.SeriesWindow
}

// Resources is one reading of one source. Values are in standard units; what
// could not be read is not in it (never 0); a limit that is unknown is not in Limits.
type Resources struct {
	AtS    float64            `json:"at_s"`
	Source string             `json:"source"` // e.g. "container kinto", "process 4711 nginx", "host", "generator"
	Values map[string]float64 `json:"values"`
	Limits map[string]float64 `json:"limits,omitempty"`
	Note   string             `json:"note,omitempty"`  // why there is a gap, for people
	State  ResourceState      `json:"state,omitempty"` // what became of the source; a reader derives it from the note where an older record has none
}

// Event is something worth a mark on the time axis.
type Event struct {
	AtS     float64   `json:"at_s"`
	Kind    EventKind `json:"kind"`
	Message string    `json:"message"`
}

// Error is an example of a failure: one of the first few of its kind, as it happened.
type Error struct {
	AtS       float64           `json:"at_s"`
	Failure   metric.FailureID  `json:"failure"`
	VU        int               `json:"vu"`
	Iteration int64             `json:"iteration"`
	Scenario  string            `json:"scenario,omitempty"`              // or the hook
	Where     string            `json:"where,omitempty"`                 // file:line:column of the script
	Detail    string            `json:"detail,omitempty" redact:"lines"` // the stack of an exception
	Exchange  *failure.Exchange `json:"exchange,omitempty"`              // of a failed request; of other failures the last one before it in the iteration
}

// End closes a record.
type End struct {
	AtS      float64 `json:"at_s"`
	Verdict  Verdict `json:"verdict"`
	Reason   string  `json:"reason"` // one line: why it ended
	ExitCode int     `json:"exit_code"`
	Sizing   *Sizing `json:"sizing,omitempty"`
	// Thresholds are what a run was to keep, and what became of it.
	Thresholds []Threshold `json:"thresholds,omitempty"`
	// Teardown is what failed in the script's afterVU and afterAll, after a load that has its result.
	Teardown string `json:"teardown,omitempty"`
	// Bottleneck is what limited the service, where that was looked into.
	Bottleneck *Bottleneck `json:"bottleneck,omitempty"`
	// Demo is the truth about the demo target, told only after the end.
	Demo *Demo `json:"demo,omitempty"`
}

// Threshold is a bound that a run was to keep, and whether it did.
type Threshold struct {
	Metric     string   `json:"metric"`            // of an objective: requests; with its filter, as written: http_req_duration{status:200}
	Expression string   `json:"expression"`        // as written: p(95)<200
	OK         bool     `json:"ok"`                // it was kept
	Value      *float64 `json:"value"`             // in Unit; null: nothing was measured. Of windows that of the worst one
	Unit       string   `json:"unit,omitempty"`    // s, share, /s; empty: a plain number
	Windows    int      `json:"windows,omitempty"` // where it had to hold in each window: how many there were
	Broken     int      `json:"broken,omitempty"`  // … and did not keep it
	WorstS     float64  `json:"worst_s,omitempty"` // … and when the worst one began
	Aborted    bool     `json:"aborted,omitempty"` // the run was ended for it
	Beyond     float64  `json:"beyond,omitzero"`   // of an objective: share of the requests that failed or were later
	Allowed    float64  `json:"allowed,omitzero"`  // … that may be so; 0: this is no objective
}

// The units of a threshold's value.
const (
	UnitSeconds   = "s"
	UnitShare     = "share"
	UnitPerSecond = "/s"
)

// Demo is what the demo target was set to carry, and what it counted itself.
type Demo struct {
	Model    string  `json:"model"`
	Capacity float64 `json:"capacity"` // requests per second
	Requests uint64  `json:"requests"`
}

// row is the envelope of each line: its type, then the row's own fields beside it.
type row struct {
	Type string          `json:"type"`
	Row  json.RawMessage `json:"row"`
}
