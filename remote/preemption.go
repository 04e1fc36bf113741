package remote

import (
	"context"
	"errors"
	"fmt"

	"github.com/plimsoll-load/plimsoll/remote/journal"
	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/provider"
	"github.com/plimsoll-load/plimsoll/runtime/exit"
)

// retryOnDemand measures a type once more on demand when its machine was taken
// away; nil: it was not, or that would cost too much. What the first machine
// gave is kept.
func (s *session) retryOnDemand(ctx context.Context, t *turn, first *Outcome, group string) *Outcome {
	if !first.preempted {
		return nil
	}
	market := s.plan.Dialect.Preemptible
	cost := s.plan.RetryCost(t.planned)
	if err := s.plan.Afford(cost); err != nil {
		s.noteAloud(first, "its %s machine %s was taken away: it is not tried again on demand, because %v", market, first.Machine.ID, err)
		return nil
	}
	s.noteAloud(first, "its %s machine %s was taken away: the result is incomplete, and the type is tried once more on demand, for %s more", market, first.Machine.ID, plan.About(cost))
	s.plan.Cost.Amount += cost.Amount
	planned := t.planned
	planned.Second, planned.Price = true, planned.OnDemand
	second := &turn{planned: planned, booted: make(chan struct{})}
	if second.machine, second.err = s.provisioner.Launch(ctx, planned, plan.RoleService, group); second.err == nil {
		second.machine, second.err = s.provisioner.WaitReady(ctx, planned, plan.RoleService, second.machine)
	}
	close(second.booted)
	r := s.measureTurn(ctx, second, nil, group)
	first.Replaced = r.Record != ""
	r.note("measured on demand, because the %s machine %s was taken away", market, first.Machine.ID)
	return &r
}

// wasPreempted looks once more at a machine of which there is no result: what
// one that is taken away leaves is an error of whatever was asked of it last.
func (s *session) wasPreempted(ctx context.Context, r *Outcome) bool {
	if !r.Preemptible || r.Skipped || ctx.Err() != nil || r.Machine.ID == "" || r.Err == nil && r.Code != exit.Nothing {
		return false
	}
	var gone *provider.EndedError
	if errors.As(r.Err, &gone) && gone.Machine.ID == r.Machine.ID {
		return gone.Machine.Preempted
	}
	_, err := provider.FindLive(ctx, s.Cloud.Machines, r.Machine.ID)
	if !errors.As(err, &gone) || !gone.Machine.Preempted {
		return false
	}
	r.Err = errors.Join(r.Err, gone)
	return true
}

// noteAloud says something about a machine here, and keeps it in its result and in the journal.
func (s *session) noteAloud(r *Outcome, format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	r.note("%s", line)
	s.Say(r.Type.Name + ": " + line)
	if err := s.journal.Write(journal.Entry{Event: "note", ID: r.Machine.ID, Region: s.plan.Caller.Region, Text: line}); err != nil {
		s.Say(err.Error())
	}
}
