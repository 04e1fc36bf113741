package remote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/provider"
)

// minGain is by how much a bigger machine must raise the capacity for a sweep to go on.
const minGain = 0.05

// turn is one machine's part in a sweep.
type turn struct {
	planned plan.PlannedMachine
	booted  chan struct{} // closed: machine and err are there
	machine provider.Machine
	err     error
}

// sweep boots all machines side by side, loads one at a time, and ends each when its files are home.
func (s *session) sweep(ctx context.Context, group string) ([]Outcome, error) {
	if s.plan.Generator() != nil {
		if err := s.startGenerator(ctx, group); err != nil {
			return nil, err
		}
		s.Probe = s.generator.probe
	}
	turns := s.turns()
	var booting sync.WaitGroup
	defer booting.Wait()
	early, cancel := context.WithCancel(ctx)
	defer cancel() // what still boots need not go on when the sweep is over
	booting.Go(func() {
		for _, t := range turns { // in order: where a quota is met, the first ones have what there is
			t.machine, t.err = s.provisioner.Launch(early, t.planned, plan.RoleService, group)
			booting.Go(func() {
				defer close(t.booted)
				if t.err == nil {
					t.machine, t.err = s.provisioner.WaitReady(early, t.planned, plan.RoleService, t.machine)
				}
			})
		}
	})
	var results []Outcome
	for _, t := range turns {
		results = append(results, s.measureTurn(ctx, t, results, group))
		if second := s.retryOnDemand(ctx, t, &results[len(results)-1], group); second != nil {
			results = append(results, *second)
		}
	}
	if s.generator != nil {
		s.stopGenerator(ctx, results)
	}
	return results, verdict(ctx, results)
}

// turns are the machines of the service, smallest first.
func (s *session) turns() []*turn {
	var all []*turn
	for _, m := range s.plan.Machines {
		if m.Role == plan.RoleService {
			all = append(all, &turn{planned: m, booted: make(chan struct{})})
		}
	}
	slices.SortStableFunc(all, func(a, b *turn) int {
		if c := a.planned.Type.VCPUs - b.planned.Type.VCPUs; c != 0 {
			return c
		}
		return int((a.planned.Type.MemoryBytes - b.planned.Type.MemoryBytes) >> 20)
	})
	return all
}

// measureTurn measures one machine, if that is worth it, and gives it back.
func (s *session) measureTurn(ctx context.Context, t *turn, before []Outcome, group string) (r Outcome) {
	r = Outcome{Type: t.planned.Type, Price: t.planned.Price, Preemptible: s.plan.MayBePreempted(t.planned), market: s.plan.Dialect.Preemptible}
	<-t.booted
	if errors.Is(t.err, provider.Quota) && ctx.Err() == nil { // those before have ended: there may be room now
		s.Say(t.planned.Type.Name + ": the account's quota had no room for it beside the others; now it is tried alone")
		if t.machine, t.err = s.provisioner.Launch(ctx, t.planned, plan.RoleService, group); t.err == nil {
			t.machine, t.err = s.provisioner.WaitReady(ctx, t.planned, plan.RoleService, t.machine)
		}
	}
	began := t.machine.Launched
	if began.IsZero() {
		began = time.Now()
	}
	switch why := whySaturated(before, t.planned.Type); {
	case t.err != nil:
		r.Machine, r.Err = t.machine, t.err
		s.Say(fmt.Sprintf("%s: %v", t.planned.Type.Name, t.err))
	case ctx.Err() != nil:
		r.Machine, r.Err = t.machine, context.Cause(ctx)
	case why != "":
		r.Machine, r.Err, r.Skipped = t.machine, errors.New(why), true
		s.Say(t.planned.Type.Name + ": not measured: " + why)
	default:
		r = s.measure(ctx, t.planned, t.machine)
	}
	r.preempted = s.wasPreempted(ctx, &r)
	if r.Machine.ID != "" && (s.plan.Options.Keep == 0 || r.preempted) {
		s.giveBack(ctx, &r)
	}
	r.Rented = time.Since(began)
	return r
}

// giveBack ends a machine as soon as it is not needed any more.
func (s *session) giveBack(ctx context.Context, r *Outcome) {
	ending, cancel := s.stops.until(ctx, 3)
	defer cancel()
	if err := s.provisioner.End(ending, r.Machine.ID); err != nil {
		r.note("the machine could not be ended at once: %v", err)
		return
	}
	r.Ended = true
}

// whySaturated says why a bigger machine is not worth a measurement: the former
// Step up gave next to nothing, so that it is not the machine that limits.
func whySaturated(before []Outcome, next provider.MachineType) string {
	var known []Outcome
	for _, r := range before {
		if _, ok := r.Capacity(); ok {
			known = append(known, r)
		}
	}
	if len(known) < 2 {
		return ""
	}
	a, b := known[len(known)-2], known[len(known)-1]
	small, _ := a.Capacity()
	big, _ := b.Capacity()
	if b.Type.VCPUs <= a.Type.VCPUs || next.VCPUs < b.Type.VCPUs || big >= small*(1+minGain) {
		return ""
	}
	return fmt.Sprintf("%s carries %.0f/s and the bigger %s %.0f/s: the machine is not what limits", a.Type.Name, small, b.Type.Name, big)
}

// verdict is the error of a sweep: none if something was measured.
func verdict(ctx context.Context, results []Outcome) error {
	if ctx.Err() != nil {
		return nil // the signal says it all
	}
	var all error
	for _, r := range results {
		if r.Record != "" && r.Err == nil {
			return nil
		}
		if !r.Skipped {
			all = errors.Join(all, r.Err)
		}
	}
	return all
}

// Capacity is what a machine carries, in iterations per second; false where no verdict was found.
func (r *Outcome) Capacity() (float64, bool) {
	if r.End == nil || r.End.Sizing == nil || r.End.Sizing.Capacity == nil {
		return 0, false
	}
	return r.End.Sizing.Capacity.Goodput, true
}
