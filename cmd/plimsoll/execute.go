package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/sched"
)

// execute runs a session to its end, whatever that is, and shows the result.
// drive lets the load run its course; it returns when the load is to stop.
func (s *session) execute(ctx context.Context, drive driver) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	long, stop := context.WithCancel(context.WithoutCancel(ctx)) // outlives the first signal
	var all sync.WaitGroup
	defer all.Wait()
	defer stop()
	all.Go(func() { s.stop.watch(long, s.p.signals, func(n int) { s.interrupt(n, cancel) }) })
	if err := s.prelude(ctx); err != nil {
		_ = s.rec.close(&record.End{AtS: time.Since(s.rec.start).Seconds(), Verdict: "dead", Reason: err.Error(), ExitCode: exitScript})
		return err
	}
	b := &beside{health: &health{}, ended: make(chan struct{})}
	all.Go(func() { s.watchResources(long, b.health) })
	all.Go(func() {
		defer close(b.ended)
		b.ending, b.err = s.load.Run(long)
	})
	end := drive(ctx, s, b)
	if !s.stop.signalled() {
		s.load.Stop()
	}
	<-b.ended
	s.postlude(long)
	s.tell(b.ending)
	stop()
	all.Wait() // nobody adds to the record any more
	return s.finish(s.conclude(end, b))
}

// driver lets the load of a session run its course, and says how it ended.
type driver func(context.Context, *session, *beside) record.End

// beside is what runs beside a driver.
type beside struct {
	health *health
	ended  chan struct{} // closed when the load has ended; the two below are valid then
	ending sched.Ending
	err    error
}

// interrupt answers the n-th signal.
func (s *session) interrupt(n int, cancel context.CancelCauseFunc) {
	cancel(errInterrupted)
	s.load.Stop()
	if n == 1 {
		s.progress.say("plimsoll: stopping: iterations under way have %v to end; again to stop now", s.plan.Grace)
		s.rec.event("interrupt", "stopped by a signal")
	}
}

// follow lets the plan run its course.
func follow(_ context.Context, s *session, b *beside) record.End {
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	for {
		select {
		case <-b.ended:
			return record.End{}
		case <-ticker.C:
			s.tick()
		}
	}
}

// conclude decides the verdict of a run, unless a sizing has: signal first, then nothing worked, then the tolerance.
func (s *session) conclude(end record.End, b *beside) record.End {
	s.tick()
	switch {
	case s.stop.signalled():
		end.Verdict, end.Reason, end.ExitCode = "interrupted", "stopped by a signal", int(s.stop.code.Load())
	case b.err != nil:
		end.Verdict, end.Reason, end.ExitCode = "dead", b.err.Error(), exitNothing
	case end.Sizing != nil:
	case s.ended.ok == 0:
		end.Verdict, end.Reason, end.ExitCode = "dead", "not one iteration succeeded", exitNothing
	case s.ended.share() > s.plan.Sizing.Tolerance:
		end.Verdict, end.ExitCode = "failed", exitBroken
		end.Reason = fmt.Sprintf("%s of the iterations failed, %s are tolerated",
			report.Percent(s.ended.share(), 1), report.Percent(s.plan.Sizing.Tolerance, 1))
	default:
		end.Verdict, end.Reason = "ok", reason(b.ending.Why)
	}
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

// counts are the iterations that ended.
type counts struct{ ok, failed uint64 }

func (c counts) share() float64 {
	if c.ok+c.failed == 0 {
		return 0
	}
	return float64(c.failed) / float64(c.ok+c.failed)
}
