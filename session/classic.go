package session

import (
	"context"
	"fmt"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/sizing"
)

// classic is Molotov's ramp and rule; then, unless it is to stand alone, the controller.
func (s *Session) classic(ctx context.Context, b *runState) record.End {
	o := sizing.ClassicOptions{
		Workers: s.plan.VUs, RampUp: s.plan.Sizing.RampUp, Tolerance: s.plan.Sizing.Tolerance, Duration: s.plan.Duration,
	}
	s.rec.tell(Event{Kind: Step, Step: sizing.Decision{Phase: record.PhaseClassic}})
	classic, err := sizing.Classic(ctx, s.sizingLoad(b, nil), o)
	end := record.End{Verdict: record.VerdictClassic, Reason: "the ramp is over and too few iterations failed", Sizing: &record.Sizing{}}
	if classic.Reached {
		end.Reason = fmt.Sprintf("%.2f %% of the minute's iterations failed at %d workers", 100*classic.Ratio, classic.MaxWorkers)
	}
	if err == nil && !s.o.ClassicOnly {
		end = s.size(ctx, b, nil)
	}
	if end.Sizing != nil {
		end.Sizing.Classic = &classic
	}
	return end
}
