package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll-load/plimsoll/cmd/cli"
	"github.com/plimsoll-load/plimsoll/report/compare"
	"github.com/plimsoll-load/plimsoll/report/html"
	"github.com/plimsoll-load/plimsoll/report/markdown"
	"github.com/plimsoll-load/plimsoll/report/text"
	"github.com/plimsoll-load/plimsoll/runtime/exit"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/sizing/recommend"
)

const compareLong = `Tells what changed from one run to another: capacity, goodput, percentiles at equal
load, the limiting resource, and whether the change is more than noise. Several records
of the same thing, with commas between them, tell how much it varies by itself.

  plimsoll compare before.jsonl after.jsonl
  plimsoll compare a1.jsonl,a2.jsonl,a3.jsonl b1.jsonl,b2.jsonl,b3.jsonl --html change.html

The exit status is 8 when something became worse by more than --max-regression.`

func newCompare(p process) *cobra.Command {
	var show output
	beyond, target := 0.1, 0.0
	c := &cobra.Command{
		Use: "compare A B…", Short: "tell what changed between runs", Long: compareLong, GroupID: "results",
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) < 2 {
				return cli.Usage("usage: "+c.UseLine(), "compare: want two records at least, got %d", len(args))
			}
			if err := show.effects(c); err != nil {
				return err
			}
			if err := show.ready(p, "", strings.Split(strings.Join(args, ","), ",")...); err != nil {
				return err
			}
			changed, err := compared(args)
			if err != nil {
				return err
			}
			if target > 0 && len(changed.Machines) == 0 {
				changed.Warnings = append(changed.Warnings, "--target-load has no effect: no record is of a sizing on a machine that it names")
			}
			if target > 0 {
				changed.PlanFor(func(s record.Sizing) int { return machinesFor(s, target) })
			}
			if err := show.compare(p, changed, beyond); err != nil {
				return err
			}
			if changed.Regression(beyond) != nil {
				return cli.StatusError(exit.Regression)
			}
			return nil
		},
	}
	show.flags(c)
	c.Flags().Var(cli.Percent(&beyond), "max-regression", "how much worse a measure may become (default 10%)")
	c.Flags().Var(cli.Rate(&target), "target-load", "of sizings on machines with a price: how many of each carry so many iterations, and the cheapest")
	return c
}

// machinesFor is how many machines like the one that was sized carry a load; 0: the sizing found no capacity.
func machinesFor(s record.Sizing, target float64) int {
	advice := recommend.For(s, target, recommend.Plan{})
	if advice == nil {
		return 0
	}
	return advice.Replicas
}

// compared reads the sets of records and compares them.
func compared(args []string) (*compare.Comparison, error) {
	var sets []compare.Set
	for _, arg := range args {
		var set compare.Set
		for path := range strings.SplitSeq(arg, ",") {
			run, err := readRecord(path)
			if err != nil {
				return nil, err
			}
			set.Runs = append(set.Runs, run)
		}
		sets = append(sets, set)
	}
	c, err := compare.Sets(sets)
	if err != nil {
		return nil, cli.Usage("compare records of the same kind of run", "compare: %w", err)
	}
	return c, nil
}

// compare shows a comparison.
func (o *output) compare(p process, c *compare.Comparison, beyond float64) error {
	return errors.Join(
		o.printChange(p, c, beyond),
		writeFile(o.html, func(w io.Writer) error { return html.WriteComparison(w, c, beyond) }),
		o.summarizeChange(p, c, beyond))
}

// printChange shows a comparison on stdout.
func (o *output) printChange(p process, c *compare.Comparison, beyond float64) error {
	switch {
	case o.json:
		text, err := compare.JSON(c, beyond)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.stdout, "%s\n", text)
		return err
	case o.markdown:
		return markdown.WriteComparison(p.stdout, c, beyond)
	}
	return text.WriteComparison(p.stdout, c, beyond, p.textOptions(o.full))
}
