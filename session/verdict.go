package session

import (
	"errors"
	"fmt"
	"slices"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/runtime/exit"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/sched"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// exitCode is the one that an error has, else otherwise.
func exitCode(err error, otherwise int) int {
	var coded interface{ ExitCode() int }
	if errors.As(err, &coded) {
		return coded.ExitCode()
	}
	return otherwise
}

// conclude decides the verdict, and what a teardown that failed adds to it.
func (s *Session) conclude(end record.End, b *runState) record.End {
	s.lastTick()
	end = s.judge(end, b)
	if s.teardown == "" {
		return end
	}
	end.Teardown = s.teardown
	if end.Verdict == record.VerdictOK {
		end.Verdict, end.Reason = record.VerdictTeardown, "the teardown failed: "+s.teardown
	}
	end.ExitCode = exit.First(end.ExitCode, exit.Script)
	return end
}

// judge decides the verdict of a run, unless a sizing has: a stop first, then nothing worked, then the tolerance and the objectives.
func (s *Session) judge(end record.End, b *runState) record.End {
	end.Thresholds = s.bounds.results()
	cause := s.stops.why()
	switch {
	case cause != nil:
		end.Verdict, end.Reason, end.ExitCode = record.VerdictInterrupted, cause.Error(), exitCode(cause, exit.Interrupted)
		return end
	case b.err != nil && s.kinds.lacked:
		end.Verdict, end.Reason = record.VerdictGenerator, ownLack+": "+b.err.Error()
	case b.err != nil:
		end.Verdict, end.Reason = record.VerdictDead, b.err.Error()
	case end.Sizing != nil, end.Verdict != "":
		return end
	default:
		end.Thresholds = append(s.objectives.results(), end.Thresholds...)
		if end.Verdict, end.Reason = s.ended.verdict(s.plan.Sizing.Tolerance); end.Verdict == record.VerdictOK {
			end.Verdict, end.Reason = s.well(b)
		}
	}
	end.Reason += s.bounds.why(end.Reason)
	end.ExitCode = end.Verdict.ExitCode()
	return end
}

// arrives says whether iterations come at a rate: what was not sent of them is counted.
func (s *Session) arrives() bool {
	return s.plan.Open || slices.ContainsFunc(s.plan.Executors, func(e plan.Executor) bool { return e.Open })
}

// well is the verdict of a run within its tolerance: whether all users were there, and what it was to keep was kept.
func (s *Session) well(b *runState) (record.Verdict, string) {
	if !s.arrives() && s.kinds.lacked && b.ending.Refused > 0 { // arrivals have been judged
		return record.VerdictGenerator, fmt.Sprintf("%d times a virtual user could not be started %s, the last time: %v", b.ending.Refused, ownLack, b.ending.Refusal)
	}
	if reason := s.scriptSays.Load(); reason != nil {
		return record.VerdictFailed, "the script failed the test: " + *reason
	}
	if broken := s.missed(); broken != "" {
		return record.VerdictFailed, broken
	}
	return record.VerdictOK, reason(b.ending.Why)
}

// reason says in words why a load ended.
func reason(why sched.Reason) string {
	switch why {
	case sched.Iterations:
		return "all iterations have run"
	case sched.Duration:
		return "its time was over"
	default:
		return string(why)
	}
}

// failed is the end of what could not go on.
func failed(err error) record.End {
	return record.End{Verdict: record.VerdictError, Reason: err.Error(), ExitCode: exitCode(err, exit.Internal)}
}

// ownLack is why something failed that says nothing of the target.
const ownLack = "for want of this generator's own files, ports or memory"

// counts are the iterations that ended, and the arrivals that never became one. Of the iterations that failed, own did so
// for want of something of the generator's.
type counts struct {
	ok, failed, own uint64
	dropped         metric.Dropped
}

func (c *counts) add(w *metric.Window, own uint64) {
	_, ok, failed := w.Iterations()
	c.ok, c.failed, c.own = c.ok+ok, c.failed+failed, c.own+own
	c.dropped.Add(w.Dropped)
}

// due is how many iterations were to be.
func (c *counts) due() uint64 { return c.ok + c.failed + c.dropped.Total() }

// share is how much of what was due failed or was not sent.
func (c *counts) share() float64 {
	if c.due() == 0 {
		return 0
	}
	return float64(c.failed+c.dropped.Total()) / float64(c.due())
}

// limited says whether too much failed or was not sent, and would not have without what the generator itself lacked.
func (c *counts) limited(tolerance float64) bool {
	others := counts{ok: c.ok, failed: c.failed - min(c.own, c.failed), dropped: metric.Dropped{NoVU: c.dropped.NoVU, Refused: c.dropped.Refused}}
	return c.own+c.dropped.Own() > 0 && (c.ok == 0 || c.share() > tolerance) && others.share() <= tolerance
}

// verdict is that of a run which came to its end, with the reason where it is not well.
func (c *counts) verdict(tolerance float64) (record.Verdict, string) {
	tolerated := units.Percent(tolerance, 1) + " are tolerated"
	switch {
	case c.limited(tolerance) && c.own > c.dropped.Own():
		return record.VerdictGenerator, fmt.Sprintf("%s of the iterations failed %s: `plimsoll doctor` tells its limits", units.Percent(float64(c.own), float64(c.ok+c.failed)), ownLack)
	case c.limited(tolerance):
		return record.VerdictGenerator, report.UnsentText(c.dropped, c.due()) + "; " + tolerated
	case c.ok == 0:
		return record.VerdictDead, "not one iteration succeeded"
	case c.share() <= tolerance:
		return record.VerdictOK, ""
	case c.dropped.Total() == 0:
		return record.VerdictFailed, units.Percent(c.share(), 1) + " of the iterations failed, " + tolerated
	case c.failed == 0:
		return record.VerdictFailed, report.UnsentText(c.dropped, c.due()) + "; " + tolerated
	}
	return record.VerdictFailed, fmt.Sprintf("%s of the iterations failed, and %s; together %s, %s",
		units.Percent(float64(c.failed), float64(c.ok+c.failed)), report.UnsentText(c.dropped, c.due()), units.Percent(c.share(), 1), tolerated)
}
