package remote

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// preempted says that the cloud wanted a spot machine back, and not that it ended for another reason.
func (e *EndedError) preempted() bool { return strings.Contains(e.Machine.Reason, "SpotInstance") }

// retryOnDemand measures a type once more on demand when its spot machine was taken
// away; nil: it was not, or that would cost too much. What the first machine
// gave is kept.
func (s *session) retryOnDemand(ctx context.Context, t *turn, first *Outcome, group string) *Outcome {
	if !first.preempted {
		return nil
	}
	cost := s.plan.retryCost(t.planned)
	if err := s.plan.afford(cost); err != nil {
		s.noteAloud(first, "its spot machine %s was taken away: it is not tried again on demand, because %v", first.Machine.ID, err)
		return nil
	}
	s.noteAloud(first, "its spot machine %s was taken away: the result is incomplete, and the type is tried once more on demand, for %s more", first.Machine.ID, about(cost))
	s.plan.Cost.Amount += cost.Amount
	planned := t.planned
	planned.onDemand, planned.Price = true, planned.OnDemand
	second := &turn{planned: planned, booted: make(chan struct{})}
	if second.machine, second.err = s.launch(ctx, planned, roleService, group); second.err == nil {
		second.machine, second.err = s.waitReady(ctx, planned, roleService, second.machine)
	}
	close(second.booted)
	r := s.measureTurn(ctx, second, nil, group)
	first.Replaced = r.Record != ""
	r.note("measured on demand, because the spot machine %s was taken away", first.Machine.ID)
	return &r
}

// wasPreempted looks once more at a spot machine of which there is no result: what
// one that is taken away leaves is an error of whatever was asked of it last.
func (s *session) wasPreempted(ctx context.Context, r *Outcome) bool {
	if !r.Spot || r.Skipped || ctx.Err() != nil || r.Machine.ID == "" || r.Err == nil && r.Code != record.ExitNothing {
		return false
	}
	var gone *EndedError
	if errors.As(r.Err, &gone) && gone.Machine.ID == r.Machine.ID {
		return gone.preempted()
	}
	_, err := findLive(ctx, s.cloud.Machines, r.Machine.ID)
	if !errors.As(err, &gone) || !gone.preempted() {
		return false
	}
	r.Err = errors.Join(r.Err, gone)
	return true
}

// noteAloud says something about a machine here, and keeps it in its result and in the journal.
func (s *session) noteAloud(r *Outcome, format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	r.note("%s", line)
	s.say(r.Type.Name + ": " + line)
	if err := s.journal.Write(Entry{Event: "note", ID: r.Machine.ID, Region: s.plan.Caller.Region, Text: line}); err != nil {
		s.say(err.Error())
	}
}
