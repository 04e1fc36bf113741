package session

import (
	"errors"
	"fmt"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
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

// conclude decides the verdict of a run, unless a sizing has: a stop first, then nothing worked, then the tolerance.
func (s *Session) conclude(end record.End, b *runState) record.End {
	s.lastTick()
	cause := s.stops.why()
	switch {
	case cause != nil:
		end.Verdict, end.Reason, end.ExitCode = record.VerdictInterrupted, cause.Error(), exitCode(cause, record.ExitInterrupted)
		return end
	case b.err != nil:
		end.Verdict, end.Reason = record.VerdictDead, b.err.Error()
	case end.Sizing != nil, end.Verdict != "":
		return end
	case s.ended.limited(s.plan.Sizing.Tolerance):
		end.Verdict = record.VerdictGenerator
		end.Reason = fmt.Sprintf("%s of the iterations failed for want of this generator's own files, ports or memory: `plimsoll doctor` tells its limits",
			units.Percent(float64(s.ended.own), float64(s.ended.ok+s.ended.failed)))
	case s.ended.ok == 0:
		end.Verdict, end.Reason = record.VerdictDead, "not one iteration succeeded"
	case s.ended.share() > s.plan.Sizing.Tolerance:
		end.Verdict = record.VerdictFailed
		end.Reason = fmt.Sprintf("%s of the iterations failed, %s are tolerated",
			units.Percent(s.ended.share(), 1), units.Percent(s.plan.Sizing.Tolerance, 1))
	default:
		end.Verdict, end.Reason = record.VerdictOK, reason(b.ending.Why)
	}
	end.ExitCode = end.Verdict.ExitCode()
	return end
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
	return record.End{Verdict: record.VerdictError, Reason: err.Error(), ExitCode: exitCode(err, record.ExitInternal)}
}

// counts are the iterations that ended. Of those that failed, own did so for want of something of the generator's.
type counts struct{ ok, failed, own uint64 }

func (c *counts) add(w *metric.Window, own uint64) {
	_, ok, failed := w.Iterations()
	c.ok, c.failed, c.own = c.ok+ok, c.failed+failed, c.own+own
}

func (c *counts) share() float64 {
	if c.ok+c.failed == 0 {
		return 0
	}
	return float64(c.failed) / float64(c.ok+c.failed)
}

// limited says whether too much failed, and would not have without the generator's own failures.
func (c *counts) limited(tolerance float64) bool {
	others := counts{ok: c.ok, failed: c.failed - min(c.own, c.failed)}
	return c.own > 0 && (c.ok == 0 || c.share() > tolerance) && others.share() <= tolerance
}
