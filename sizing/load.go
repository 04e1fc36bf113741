package sizing

import (
	"context"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

// Load is what a sizing drives: virtual users or arrivals, of one generator
// or of several. Its methods are called by one goroutine.
type Load interface {
	// Resize keeps n virtual users busy, back to back but for the back-off
	// after a failed iteration, and stops arrivals. New ones start spread over
	// one mean iteration (of the slowest scenario, at most 5 s), surplus ones
	// stop at the end of theirs. It does not wait for either.
	Resize(n int) error
	// SetRate lets iterations arrive at random (Poisson), perSecond on
	// average, and lets virtual users of Resize stop at the end of their
	// iteration. With 0 nothing arrives.
	SetRate(perSecond float64) error
	// Tick lets d go by and says what happened in it. Ticks follow each other
	// without gaps: what happened between two calls belongs to the later one.
	Tick(ctx context.Context, d time.Duration) (Tick, error)
}

// Tick is what happened in a slice of time, an eighth of a second or longer.
type Tick struct {
	Length   time.Duration
	InFlight int // iterations under way at its end

	Scenarios []ScenarioTick // by metric.ScenarioID

	RequestsOK     uint64
	RequestsFailed uint64   // those timed out included
	TimedOut       uint64   // requests
	Slow           []uint64 // by objective: requests that failed or were later; counted as they end
	Latency        metric.Histogram
	Lateness       metric.Histogram // of arrivals: see metric.Window; empty: Generator.Late is all there is

	Generator Health
}

// ScenarioTick counts the iterations of one scenario.
type ScenarioTick struct {
	Started, OK, Failed uint64
	Requests            uint64  // of the iterations that ended
	Seconds             float64 // sum over the successful iterations, from when they were due in open load
}

// Health is how the generator itself fared in a tick. What could not be
// measured is zero, and counts as healthy.
type Health struct {
	CPU       float64       // share of its quota that was used
	Pressure  float64       // share of the time that its work waited for a CPU (PSI some)
	Late      time.Duration // 99 % quantile of the start of iterations after they were due
	Failed    uint64        // iterations that failed for want of its own files, ports or memory: they say nothing of the service
	Dropped   uint64        // arrivals that were due and not started: a virtual user or time was wanting
	Crowded   uint64        // arrivals that were due and not started: all virtual users that are allowed were busy
	TimerLate float64       // share of 10 ms timers that came more than 20 ms late
	Stall     time.Duration // 99 % quantile of garbage collector's pauses plus scheduler's latency
	Files     float64       // share of the limit of open files in use
	Ports     float64       // share of the ephemeral ports in use
}

// NewTick makes a Tick of a window: timedOut says which failures are
// time-outs (nil: none). The generator's health is the caller's to add, but
// for lateness and dropped arrivals, which the window knows.
func NewTick(w *metric.Window, objectives []Objective, timedOut func(metric.FailureID) bool) Tick {
	t := Tick{Length: w.Length, InFlight: w.InFlight, Scenarios: make([]ScenarioTick, len(w.Scenarios))}
	for i := range w.Scenarios {
		s := &w.Scenarios[i]
		t.Scenarios[i] = ScenarioTick{
			Started: s.Started, OK: s.OK, Failed: s.Failed, Requests: s.Requests,
			Seconds: s.Duration.Mean().Seconds() * float64(s.Duration.Count()),
		}
	}
	t.RequestsOK, t.RequestsFailed = w.Requests()
	for i := range w.Endpoints {
		t.Latency.Merge(w.Endpoints[i].Latency)
	}
	for i, f := range w.Failures {
		if timedOut != nil && timedOut(metric.FailureID(i)) {
			t.TimedOut += f.Requests
		}
	}
	t.Slow = make([]uint64, len(objectives))
	for i, o := range objectives {
		// A request that timed out is both failed and late: it counts once.
		late := uint64(t.Latency.Over(o.Limit)) - min(t.TimedOut, uint64(t.Latency.Over(o.Limit)))
		t.Slow[i] = min(late+t.RequestsFailed, t.RequestsOK+t.RequestsFailed)
	}
	t.Lateness = w.Lateness
	t.Generator = Health{Late: w.Lateness.Quantile(.99), Dropped: w.Dropped.Own() + w.Dropped.Refused, Crowded: w.Dropped.NoVU}
	return t
}
