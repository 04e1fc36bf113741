package session

import (
	"context"
	"errors"
	"fmt"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
	"github.com/plimsoll-load/plimsoll/sizing"
	"github.com/plimsoll-load/plimsoll/sizing/recommend"
)

// size drives the load by the sizing controller: the mix, then each scenario alone if that was asked for.
func (s *Session) size(ctx context.Context, b *runState, former *record.Sizing) record.End {
	o, err := s.sizingOptions()
	if err != nil {
		return failed(err)
	}
	if o.From = former; former == nil { // to check again is to be quick
		o.Further = func(record.Sizing) []record.HoldRequest { return s.evidence.MoreHolds(s.plan.Sizing.Tolerance) }
	}
	answer, err := s.control(ctx, b, o)
	if err != nil {
		return failed(err)
	}
	if usl := recommend.OfCurve(answer); usl.Points > 0 {
		answer.USL = &usl
	}
	answer.Recommendation = recommend.For(answer, s.plan.Sizing.TargetLoad, recommend.Plan{})
	if s.plan.Sizing.PerScenario && answer.Verdict != record.VerdictInterrupted {
		if answer.Alone, err = s.eachAlone(ctx, b, o); err != nil {
			return failed(err)
		}
	}
	return record.End{Verdict: answer.Verdict, Reason: answer.Reason, ExitCode: answer.Exit(), Sizing: &answer}
}

// control lets the controller size what runs now.
func (s *Session) control(ctx context.Context, b *runState, o sizing.Options) (record.Sizing, error) {
	began := s.rec.now()
	answer, err := sizing.Run(ctx, s.sizingLoad(b, o.Objectives), o, func(h record.Hold) {
		h.StartS += began // the controller's time begins with it, the record's with the run
		s.rec.row(&h)
	})
	if ctx.Err() != nil || errors.Is(err, errLoadEnded) {
		err = nil // the answer tells
	}
	return answer, err
}

// eachAlone sizes one scenario after the other.
func (s *Session) eachAlone(ctx context.Context, b *runState, o sizing.Options) (list []record.AloneResult, err error) {
	defer s.load.SetScenario(s.plan.Scenario)
	scenarios := s.sized()
	o.From, o.Further = nil, nil
	s.evidence.Close() // what limits one scenario alone is not what limits the mix
	for _, sc := range scenarios {
		if len(scenarios) < 2 || ctx.Err() != nil {
			return list, nil
		}
		s.load.SetScenario(sc.Name)
		s.rec.event(record.EventPhase, "scenario "+sc.Name+" alone")
		answer, err := s.control(ctx, b, o)
		if err != nil {
			return list, err
		}
		alone := record.AloneResult{Name: sc.Name, Verdict: answer.Verdict, Binding: answer.Binding}
		if answer.Capacity != nil {
			alone.Goodput = &answer.Capacity.Goodput
		}
		list = append(list, alone)
	}
	return list, nil
}

// sizingOptions are the plan's, as the controller wants them.
func (s *Session) sizingOptions() (sizing.Options, error) {
	p := s.plan.Sizing
	o := sizing.Options{
		By: p.By, Tolerance: p.Tolerance, Resolution: p.Resolution, Budget: p.Budget, Max: p.Max, Soak: p.Soak,
		MaxRegression: p.MaxRegression,
		OnStep: func(d sizing.Decision) {
			s.rec.tell(Event{Kind: Step, Step: d})
			s.rec.event(record.EventPhase, fmt.Sprintf("%s: %s %s: %s", d.Phase, d.Control, units.Precise(d.Level), d.Why))
		},
	}
	if o.Tolerance == 0 {
		o.Tolerance = sizing.NoFailures
	}
	for _, text := range p.Objectives {
		objective, err := sizing.ParseObjective(text)
		if err != nil {
			return o, err
		}
		o.Objectives = append(o.Objectives, objective)
	}
	for _, sc := range s.sized() {
		o.Scenarios = append(o.Scenarios, sizing.Scenario{Name: sc.Name, Weight: sc.Weight})
	}
	return o, nil
}
