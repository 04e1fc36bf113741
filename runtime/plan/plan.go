// Package plan holds what is to be run, fully resolved: pure values, each
// setting with the place it came from. It reads no clock, no file and no flag.
package plan

import (
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/threshold"
)

// Plan is one load test. Zero durations and counts mean "not set".
type Plan struct {
	Script string // path of the script, as given

	Executor             // its own load: of what is driven, and of settings that stand in for scenarios
	Named     []Executor // the scenarios of the script's options, by name
	Executors []Executor // what runs, side by side; empty: the plan's own

	Delay   time.Duration // waited after each iteration of a closed load
	Backoff Backoff       // waited after each failed iteration of a closed load
	Seed    uint64        // of picks and arrivals

	Timeout  time.Duration // of a request that names none
	Insecure bool          // certificates are not verified
	MaxBody  int           // longest body of a response that is taken, bytes
	Discard  bool          // bodies of responses are not kept, unless a request says what it is to be
	FailOn   []string      // what makes an iteration fail: exceptions, checks, requests
	Sizing   Sizing

	Thresholds []threshold.Threshold // that a run must keep

	Settings []Setting // what the above was made of, for `--show-config` and the record
}

// Backoff is what a virtual user does after a failed iteration. The zero
// value waits until about a mean iteration has passed.
type Backoff struct {
	None bool          // goes on at once
	Wait time.Duration // waits this long; 0: about a mean iteration
}

// Sizing is how a service is sized. Shares are fractions of one.
type Sizing struct {
	Tolerance     float64       // share of iterations that may fail
	Objectives    []string      // of latency, such as "p(95)<200ms"
	Resolution    float64       // width of the answer's interval, as a share of it
	Budget        time.Duration // 0: as the controller sees fit
	Max           float64       // highest load: arrivals per second by rate, else virtual users; 0: the controller's own
	Soak          time.Duration // the answer is held so long at the end; 0: not
	By            Control       // what is ramped
	PerScenario   bool          // each scenario is sized alone, too
	TargetLoad    float64       // iterations per second that replicas are recommended for; 0: none
	MaxRegression float64       // how much less than a former answer it may carry, as a fraction
	RampUp        time.Duration // of the classic's users
}

// Control is what a sizing turns to find the limit.
type Control string

// The three ways of sizing.
const (
	ByVUs      Control = "vus"      // virtual users explore, arrivals test what they found
	ByRate     Control = "rate"     // arrivals from the start
	BySessions Control = "sessions" // virtual users to the end: how many sessions until it breaks
)

// Source says where a setting's value came from; a higher one wins.
type Source string

// The sources, from the weakest to the strongest.
const (
	Default Source = "default"
	Script  Source = "script"
	Test    Source = "named test"
	Env     Source = "environment"
	Flag    Source = "flag"
)

// Setting is one resolved value and its source.
type Setting struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Source Source `json:"source"`
}
