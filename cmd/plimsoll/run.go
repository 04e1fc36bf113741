package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/plimsoll-load/plimsoll/runtime/plan"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

const runLong = `Runs a load test: virtual users that run a script's scenarios, for so many
iterations, for a time, in stages, or at a rate of arrivals.

  plimsoll run loadtest.js --vus 10 --duration 30s
  plimsoll run loadtest.js --stages 30s:50,1m:50,30s:0
  plimsoll run loadtest.js --rate 150/s --duration 1m
  plimsoll run loadtest.js --sizing                    Molotov's autosizing
  plimsoll run smoke                                   a named test of ./plimsoll.json
  plimsoll run --repo https://example.org/tests.git smoke`

func newRun(p process) *cobra.Command {
	var o settings
	var classic classicFlags
	c := &cobra.Command{
		Use: "run SCRIPT|TEST", Short: "run a load test", Long: runLong, GroupID: "load", Args: exactly(1, "a script or a named test"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.find(c.Context(), p, args[0], p.say); err != nil {
				return err
			}
			if classic.on || o.test.Classic {
				o.mode = plan.Classic
				return begin(c.Context(), p, o, classic.drive)
			}
			return begin(c.Context(), p, o, follow)
		},
	}
	o.flags(c, plan.Run, plan.Classic)
	c.Flags().BoolVar(&classic.on, "sizing", false, "Molotov's autosizing: ramp users until too many iterations fail")
	c.Flags().BoolVar(&classic.only, "classic-only", false, "with --sizing: Molotov's ramp and rule alone, without the controller after it")
	markRare(c.Flags(), "classic-only", "budget", "objective")
	return c
}

// begin prepares a session, and executes it unless only its settings are asked for.
func begin(ctx context.Context, p process, o settings, drive driver) error {
	if err := o.show.ready(p); err != nil {
		return err
	}
	p.tune(uint64(ownLimits(ctx)[record.MemoryBytes]))
	s, err := prepare(ctx, p, o)
	if err != nil {
		return err
	}
	defer func() { _ = s.stopDemo() }() // its work is done
	if o.explain {
		return s.showConfig()
	}
	return s.execute(ctx, drive)
}
