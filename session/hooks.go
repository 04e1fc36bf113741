package session

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/exit"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/redact"
	"github.com/plimsoll-load/plimsoll/runtime/sched"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// beforeAll runs the script's beforeAll. Its error says that the test cannot begin, and end how the record closes then.
func (s *Session) beforeAll(ctx context.Context) (end record.End, err error) {
	_, err = await(ctx, func() (any, error) { return nil, s.factory.BeforeAll(ctx) })
	if err == nil {
		return end, nil
	}
	if ctx.Err() != nil || s.stops.why() != nil { // it was interrupted, or aborted the test
		<-s.stops.halted
		err = s.stops.why()
		return record.End{Verdict: record.VerdictInterrupted, Reason: err.Error(), ExitCode: exitCode(err, exit.Interrupted)}, err
	}
	return record.End{Verdict: record.VerdictDead, Reason: err.Error(), ExitCode: exitCode(err, exit.Script)}, err
}

// afterAll runs the script's afterAll, when all users have run their afterVU. What fails there is told by the exit code:
// what the test made may still be in the service. A stop meanwhile takes nothing from the result.
func (s *Session) afterAll(ctx context.Context) {
	ctx, cancel := s.stops.untilNext(ctx)
	defer cancel()
	_, err := await(ctx, func() (any, error) { return nil, s.factory.AfterAll(ctx) })
	if errors.Is(err, errCut) {
		s.note(fmt.Sprintf("afterAll: %v", err))
		err = nil
	}
	if n, first := s.factory.Teardowns(); n > 0 {
		err = errors.Join(fmt.Errorf("afterVU of %s failed, the first with: %w", units.Many(uint64(n), "virtual user"), first), err) //nolint:gosec // a count
	}
	if err != nil {
		s.teardown = strings.Join(strings.Split(err.Error(), "\n"), "; ")
		s.rec.tell(Event{Kind: Warning, Text: "the teardown failed: " + s.teardown}) // the record's end says so
	}
}

// warn tells what went wrong beside the load.
func (s *Session) warn(e sched.Ending) {
	if late := e.Interrupted - e.Cut; late > 0 {
		s.note(fmt.Sprintf("%d iterations did not end within %s and were interrupted", late, s.grace()))
	}
	if e.Cut > 0 {
		s.note(fmt.Sprintf("%d iterations were cut off at the end of their scenario, which gives them no time after it: they count neither as ok nor as failed", e.Cut))
	}
	if e.Unstarted > 0 {
		s.note(fmt.Sprintf("%d iterations were not started: the time for them (maxDuration) was over", e.Unstarted))
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

// tellEncodings tells which encodings of bodies are not known.
func (s *Session) tellEncodings() {
	for _, name := range s.shared.Unknown() {
		s.note(fmt.Sprintf("bodies of responses have the Content-Encoding %q, which is not known: scripts get them as they come", redact.Line(name)))
	}
}

// note warns at once, and in the record.
func (s *Session) note(text string) {
	s.rec.tell(Event{Kind: Warning, Text: text})
	s.rec.event(record.EventWarning, text)
}
