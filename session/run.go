package session

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/exit"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/sched"
)

// tickEvery is how often what happened becomes a window.
const tickEvery = 250 * time.Millisecond

var errLoadEnded = errors.New("the load ended by itself")

// Result is how a session ended.
type Result struct {
	End  record.End   // the record's last row
	Lost []*SinkError // what sinks failed at
}

// runState is what runs beside the driver of a load.
type runState struct {
	health *health
	ended  chan struct{} // closed when the load has ended; the two below are valid then
	ending sched.Ending
	err    error
}

// driver lets the load of a session run its course; it returns when the load is to stop, and says how it ended.
type driver func(context.Context, *runState) record.End

// Run runs the session to its end, whatever that is. An error means that it
// could not begin. When ctx ends, that is a first Stop.
func (s *Session) Run(ctx context.Context) (Result, error) {
	defer context.AfterFunc(ctx, func() { s.Stop(context.Cause(ctx)) })()
	driven, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	long, stop := context.WithCancel(context.WithoutCancel(ctx)) // outlives the first Stop
	var all sync.WaitGroup
	defer all.Wait()
	defer stop()
	all.Go(func() {
		select {
		case <-s.stops.halted:
			cancel(errStopped)
		case <-long.Done():
		}
	})
	if err := s.begin(driven); err != nil {
		return Result{}, err
	}
	if end, err := s.beforeAll(driven); err != nil {
		return s.unbegun(end, err)
	}
	b := &runState{health: &s.health, ended: make(chan struct{})}
	all.Go(func() { s.watchResources(long, b.health) })
	all.Go(func() { s.watchMemory(long) })
	all.Go(func() {
		defer close(b.ended)
		b.ending, b.err = s.load.Run(long)
	})
	end := s.driver()(driven, b)
	if driven.Err() != nil {
		<-s.stops.halted // the load is told to stop by then
	} else {
		s.load.Stop()
	}
	<-b.ended
	s.stops.end()
	s.afterAll(long)
	s.warn(b.ending)
	stop()
	all.Wait() // nobody adds to the record any more
	return s.finish(s.conclude(end, b)), nil
}

// begin opens sources and sinks.
func (s *Session) begin(ctx context.Context) error {
	if err := s.openSources(ctx); err != nil {
		return err
	}
	s.rec.start = time.Now()
	if err := s.rec.open(s.head()); err != nil {
		return err
	}
	s.checkLimits(ctx)
	return nil
}

// unbegun ends a session whose beforeAll did not succeed. One that was stopped there has a result like any other.
func (s *Session) unbegun(end record.End, err error) (Result, error) {
	if end.Verdict == record.VerdictInterrupted {
		return s.finish(end), nil
	}
	end.AtS = s.rec.now()
	s.rec.close(&end)
	return Result{}, err
}

// driver is what lets the load run its course in the session's mode.
func (s *Session) driver() driver {
	switch s.o.Mode {
	case plan.Size:
		return func(ctx context.Context, b *runState) record.End { return s.size(ctx, b, s.o.From) }
	case plan.Classic:
		return s.classic
	default:
		return s.follow
	}
}

// Stop asks the session to end and returns at once: at the first call
// iterations under way have the plan's grace period to end, at the second they
// are interrupted. The first cause is the reason that the result gives; where
// it has a method ExitCode, that is the exit status, else it is 130. Once the
// load has ended a call ends afterAll, and takes nothing from the result.
func (s *Session) Stop(cause error) {
	first := s.stops.add(cause)
	s.load.Stop()
	if first {
		text := "stopping"
		if s.spawned.Load() > 0 { // else nothing but beforeAll is under way
			text = fmt.Sprintf("stopping: iterations under way have %s to end; again to stop now", s.grace())
		}
		s.rec.tell(Event{Kind: Notice, Text: text})
		s.rec.event("interrupt", cause.Error())
	}
}

// follow lets the plan run its course.
func (s *Session) follow(_ context.Context, b *runState) record.End {
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	for {
		select {
		case <-b.ended:
			return record.End{}
		case <-ticker.C:
			s.tick()
			if s.broken() {
				return record.End{}
			}
		}
	}
}

// finish writes the last row. A session whose result could not be told in full is no success.
func (s *Session) finish(end record.End) Result {
	if s.demo != nil {
		truth, err := s.demo.reveal()
		if err != nil {
			s.rec.tell(Event{Kind: Notice, Text: err.Error()})
		}
		end.Demo = truth
	}
	end.Bottleneck = s.evidence.Attribute(end.Sizing, s.plan.Sizing.Tolerance)
	if s.tellFaults() && s.stops.why() == nil {
		end.ExitCode = exit.Internal
	}
	end.AtS = s.rec.now()
	row := end
	lost := s.rec.close(&row)
	if len(lost) > 0 && s.stops.why() == nil {
		end.ExitCode = exit.Internal
	}
	return Result{End: end, Lost: lost}
}
