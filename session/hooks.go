package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/sched"
)

// beforeAll runs the script's beforeAll. Its error says that the test cannot begin, and end how the record closes then.
func (s *Session) beforeAll(ctx context.Context) (end record.End, err error) {
	_, err = await(ctx, func() (any, error) { return nil, s.factory.BeforeAll(ctx) })
	if err == nil {
		return end, nil
	}
	if ctx.Err() != nil { // it was interrupted
		<-s.stops.halted
		err = s.stops.why()
		return record.End{Verdict: record.VerdictInterrupted, Reason: err.Error(), ExitCode: exitCode(err, record.ExitInterrupted)}, err
	}
	return record.End{Verdict: record.VerdictDead, Reason: err.Error(), ExitCode: exitCode(err, record.ExitScript)}, err
}

// afterAll runs the script's afterAll; a failure there, and a stop, take nothing from the result.
func (s *Session) afterAll(ctx context.Context) {
	ctx, cancel := s.stops.untilNext(ctx)
	defer cancel()
	_, err := await(ctx, func() (any, error) { return nil, s.factory.AfterAll(ctx) })
	if errors.Is(err, errCut) {
		err = fmt.Errorf("afterAll: %w", err)
	}
	if err != nil {
		s.note(err.Error())
	}
}

// warn tells what went wrong beside the load.
func (s *Session) warn(e sched.Ending) {
	if e.Interrupted > 0 {
		s.note(fmt.Sprintf("%d iterations did not end within %v and were interrupted", e.Interrupted, s.plan.Grace))
	}
	if len(e.Stuck) > 0 {
		s.note(fmt.Sprintf("%d virtual users did not come back after they were interrupted", len(e.Stuck)))
	}
	if e.Refused > 0 {
		s.note(fmt.Sprintf("%d times a virtual user could not be started, the last time: %v", e.Refused, e.Refusal))
	}
	if s.ended.own > 0 {
		s.note(fmt.Sprintf("%d iterations failed for want of this generator's own files, ports or memory: they say nothing of the target", s.ended.own))
	}
}

// note tells at once, and in the record, what takes nothing from the result.
func (s *Session) note(text string) {
	s.rec.tell(Event{Kind: Notice, Text: text})
	s.rec.event("warning", text)
}
