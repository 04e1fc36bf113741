package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/sizing"
	"github.com/plimsoll-load/plimsoll/sizing/recommend"
)

const sizeLong = `Finds how much a service carries: virtual users ramp up from one until
something gives, then arrivals test the answer on both sides.

  plimsoll size examples/kinto/loadtest.js --demo
  plimsoll size loadtest.js --tolerance 1% --objective 'p(95)<200ms'
  plimsoll size loadtest.js --from last.jsonl --max-regression 10%
  plimsoll size capacity                               a named test of ./plimsoll.json
  plimsoll size --repo https://example.org/tests.git -e SERVER_URL capacity`

func newSize(p process) *cobra.Command {
	o := settings{mode: plan.Size}
	var from string
	c := &cobra.Command{
		Use: "size SCRIPT|TEST", Short: "find how much a service carries", Long: sizeLong, GroupID: "load", Args: exactly(1, "a script or a named test"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.find(c.Context(), p, args[0], p.say); err != nil {
				return err
			}
			former, err := formerAnswer(from)
			if err != nil {
				return err
			}
			return begin(c.Context(), p, o, func(ctx context.Context, s *session, b *beside) record.End {
				return s.size(ctx, b, former)
			})
		},
	}
	o.flags(c, plan.Size)
	c.Flags().Var(named{&from, "file"}, "from", "check a former answer again in half a minute: its record, or its JSON")
	return c
}

// formerAnswer reads the sizing to check again: from a record, or from what --json printed.
func formerAnswer(path string) (*record.Sizing, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, usage("name the record or the --json of a former `plimsoll size`", "--from: %w", err)
	}
	var former record.Sizing
	if json.Unmarshal(text, &former) == nil && former.Verdict != "" {
		return &former, nil
	}
	run, err := readRecord(path)
	if err != nil {
		return nil, err
	}
	if run.End == nil || run.End.Sizing == nil {
		return nil, usage("name the record of a `plimsoll size` that found a capacity", "--from: %s holds no sizing", path)
	}
	return run.End.Sizing, nil
}

// size drives the load by the sizing controller: the mix, then each scenario alone if that was asked for.
func (s *session) size(ctx context.Context, b *beside, former *record.Sizing) record.End {
	o, err := s.sizingOptions()
	if err != nil {
		return failed(err)
	}
	if o.From = former; former == nil { // to check again is to be quick
		o.Further = func(record.Sizing) []sizing.Wish { return s.evidence.wanted(s.plan.Sizing.Tolerance) }
	}
	answer, err := s.control(ctx, b, o)
	if err != nil {
		return failed(err)
	}
	answer.Recommendation = recommend.For(answer, s.plan.Sizing.TargetLoad, recommend.Plan{})
	if s.plan.Sizing.PerScenario && answer.Verdict != sizing.Interrupted {
		if answer.Alone, err = s.eachAlone(ctx, b, o); err != nil {
			return failed(err)
		}
	}
	return record.End{Verdict: answer.Verdict, Reason: answer.Reason, ExitCode: sizing.ExitCode(answer), Sizing: &answer}
}

// control lets the controller size what runs now.
func (s *session) control(ctx context.Context, b *beside, o sizing.Options) (record.Sizing, error) {
	load := &driven{
		s: s, objectives: o.Objectives, last: time.Now(), timedOut: map[metric.FailureID]bool{}, health: b.health, ended: b.ended,
	}
	began := time.Since(s.rec.start).Seconds()
	answer, err := sizing.Run(ctx, load, o, func(h record.Hold) {
		h.StartS += began // the controller's time begins with it, the record's with the run
		s.rec.row(&h)
		s.progress.bounds(h.Interval)
	})
	if errors.Is(err, errInterrupted) || errors.Is(err, errLoadEnded) {
		err = nil // the answer tells
	}
	return answer, err
}

// eachAlone sizes one scenario after the other.
func (s *session) eachAlone(ctx context.Context, b *beside, o sizing.Options) (list []record.AloneResult, err error) {
	defer s.factory.Only("")
	scenarios := s.factory.Scenarios()
	o.From, o.Further = nil, nil
	s.evidence.close() // what limits one scenario alone is not what limits the mix
	for _, sc := range scenarios {
		if len(scenarios) < 2 || ctx.Err() != nil {
			return list, nil
		}
		s.factory.Only(sc.Name)
		s.rec.event("phase", "scenario "+sc.Name+" alone")
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

// failed is the end of what could not go on.
func failed(err error) record.End {
	end := record.End{Verdict: "error", Reason: err.Error(), ExitCode: exitInternal}
	var coded interface{ ExitCode() int }
	if errors.As(err, &coded) {
		end.ExitCode = coded.ExitCode()
	}
	return end
}

// sizingOptions are the plan's, as the controller wants them.
func (s *session) sizingOptions() (sizing.Options, error) {
	p := s.plan.Sizing
	o := sizing.Options{
		By: sizing.Control(p.By), Tolerance: p.Tolerance, Resolution: p.Resolution, Budget: p.Budget, Max: p.Max, Soak: p.Soak,
		MaxRegression: p.MaxRegression,
		OnStep: func(d sizing.Decision) {
			s.progress.hold(d.Phase, d.Left)
			s.rec.event("phase", fmt.Sprintf("%s: %s %g: %s", d.Phase, d.Control, d.Level, d.Why))
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
	for _, sc := range s.factory.Scenarios() {
		o.Scenarios = append(o.Scenarios, sizing.Scenario{Name: sc.Name, Weight: sc.Weight})
	}
	return o, nil
}
