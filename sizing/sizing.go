// Package sizing finds how much load a service carries.
//
// [Run] drives a [Load] and answers with a [record.Sizing]. The controller
// behind it is sequential code over ticks: it has no clock, no goroutine and
// no I/O. Time goes by in Load.Tick alone, so that the same code runs on real
// processes and, in package sizingtest, in virtual time against models of
// services whose capacity is known.
//
// It goes in five steps. One virtual user says what an iteration takes when
// nothing else is going on (probe.go). Virtual users double until something
// gives: iterations fail, or there are so many that goodput cannot rise any
// more, which a closed load shows without overloading the service (ramp.go).
// The goodput that more users do not raise, or its peak, is measured
// (plateau.go). Arrivals then test the answer on both sides of what the users
// showed: a closed load slows down with the service and cannot say how many
// arrivals it survives (arrivals.go, refine.go). At the end stands an interval
// with a verdict (answer.go).
//
// Every step is a hold: a load that is kept until a sequential test has
// decided, or time is up (hold.go, judge.go, stats.go). A hold during which the
// generator itself was in trouble counts neither way (generator.go).
//
// What is decided is decided by values that know neither time nor controller,
// each with a table of its own: the judge of a hold, the load curve (curve.go,
// survival.go), the bracket (bracket.go), the pool and what it estimates
// (pool.go), the generator's watch. The phases above let time go by; each
// returns its result, or what ends the sizing (controller.go). docs/sizing.md
// draws their order.
package sizing

import (
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// Options are the settings of a sizing; zero values are the defaults.
type Options struct {
	By         record.Control // record.ByVUs
	Tolerance  float64        // share of iterations that may fail, 0.05; NoFailures for none
	Objectives []Objective    // all must hold
	Resolution float64        // relative width of the interval that is looked for, 0.03
	Budget     time.Duration  // 240 s; 20 unloaded iterations are added
	Max        float64        // most virtual users (10,000), or most arrivals per second (no limit)
	Soak       time.Duration  // a last hold of this length at the answer
	Backoff    string         // what a virtual user does after a failed iteration: "iteration"; told in the answer only
	Scenarios  []Scenario     // by metric.ScenarioID, as far as known

	From          *record.Sizing // a former answer to check again, in half a minute
	MaxRegression float64        // how much less than From it may carry, 0.1

	OnStep  func(Decision)                           // called as a hold begins; may be nil
	Further func(record.Sizing) []record.HoldRequest // asked once, with the answer: at most two loads to hold after it; may be nil
}

// Scenario is what the controller may know of a scenario beforehand.
type Scenario struct {
	Name   string
	Weight float64 // 0: not known
}

// NoFailures is the Tolerance that allows no failed iteration.
const NoFailures = 1e-6

// Decision is what the controller does next, and why.
type Decision struct {
	Phase   record.Phase
	Control record.Control // ByVUs or ByRate
	Level   float64        // virtual users, or arrivals per second
	Why     string
	Left    time.Duration // estimate of the time still needed
}
