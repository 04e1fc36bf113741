package main

import (
	"context"
	"fmt"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/sizing"
)

// classicFlags are those of `run --sizing`.
type classicFlags struct{ on, only bool }

// drive is Molotov's ramp and rule; then, unless it is to stand alone, the controller.
func (f classicFlags) drive(ctx context.Context, s *session, b *beside) record.End {
	o := sizing.ClassicOptions{
		Workers: s.plan.VUs, RampUp: s.plan.Sizing.RampUp, Tolerance: s.plan.Sizing.Tolerance, Duration: s.plan.Duration,
	}
	load := &driven{s: s, last: time.Now(), timedOut: map[metric.FailureID]bool{}, health: b.health, ended: b.ended}
	s.progress.hold("classic ramp", 0)
	classic, err := sizing.Classic(ctx, load, o)
	s.closing = sizing.ClassicText(classic)
	end := record.End{Verdict: "classic", Reason: "the ramp is over and too few iterations failed", Sizing: &record.Sizing{}}
	if classic.Reached {
		end.Reason = fmt.Sprintf("%.2f %% of the minute's iterations failed at %d workers", 100*classic.Ratio, classic.MaxWorkers)
	}
	if err == nil && !f.only {
		end = s.size(ctx, b, nil)
	}
	if end.Sizing != nil {
		end.Sizing.Classic = &classic
	}
	return end
}
