package main

import (
	"encoding/json"
	"os"

	"github.com/spf13/cobra"

	"github.com/plimsoll-load/plimsoll/cmd/cli"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
	"github.com/plimsoll-load/plimsoll/runtime/record"
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
	c := &cobra.Command{
		Use: "size SCRIPT|TEST", Short: "find how much a service carries", Long: sizeLong + cli.Proxies, GroupID: "load", Args: cli.Exactly(1, "a script or a named test"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.ready(c, p, args[0]); err != nil {
				return err
			}
			var err error
			if o.former, err = formerAnswer(o.from); err != nil {
				return err
			}
			return begin(c.Context(), p, o)
		},
	}
	o.flags(c, plan.Size)
	c.Flags().Var(cli.Text(&o.from, "file"), "from", "check a former answer again in half a minute: its record, or its JSON")
	return c
}

// formerAnswer reads the sizing to check again: from a record, or from what --json printed.
func formerAnswer(path string) (*record.Sizing, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, cli.Usage("name the record or the --json of a former `plimsoll size`", "--from: %w", err)
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
		return nil, cli.Usage("name the record of a `plimsoll size` that found a capacity", "--from: %s holds no sizing", path)
	}
	return run.End.Sizing, nil
}
