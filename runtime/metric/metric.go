// Package metric counts what happens while a test runs.
//
// A virtual user writes samples into its own [Buffer]; full buffers go to a
// [Shard] under one short lock; a [Collector] turns the shards into one
// [Window] per slice of time. Histograms live in shards, never in virtual
// users, so that memory does not grow with their number.
//
// Names (scenarios, endpoints, checks, failures) are interned once in [Names]
// and are small integers from there on. [Buffer] is the hot path of this
// package: it takes no lock of its own and allocates nothing, which a test pins.
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
)

// NoFailure is the FailureID of whatever went well.
const NoFailure FailureID = 0

// Request is one HTTP exchange (each hop of a redirect is one).
type Request struct {
	Scenario ScenarioID
	Endpoint EndpointID
	Status   uint16        // 0 when no response came
	Failure  FailureID     // NoFailure when it counts as successful
	Duration time.Duration // from the first byte sent to the last received
	BytesIn  int           // on the connection, headers included
	BytesOut int
	Reused   bool // it went over a connection that had served a request before
	Repeated bool // it was sent again because a kept-alive connection had been closed under it
}

// Iteration is one run of one scenario by one virtual user.
type Iteration struct {
	Scenario ScenarioID
	Failure  FailureID     // the first thing that made it fail
	Duration time.Duration // from its start; from when it was due in an open load
	Requests int
}

// Check is one result of one check function.
type Check struct {
	Scenario ScenarioID
	Check    CheckID
	OK       bool
}
