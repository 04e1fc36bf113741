package main

import (
	"errors"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/plimsoll-load/plimsoll/cmd/cli"
	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/runtime/exit"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

const reportLong = `Prints the summary of a record again, also of a run that was killed.
Without a file it is the newest record in the state folder.

  plimsoll report run.jsonl --html run.html                one page, for a browser and for mail
  plimsoll report run.jsonl --md                           a table, for a comment
  plimsoll report run.jsonl --summary junit=load.xml       for a pipeline's list of tests
  plimsoll report run.jsonl --resources glances.csv        with what Glances wrote beside it
  plimsoll report --resources glances.csv --html page.html a Glances CSV alone
  plimsoll report --replicas 1=a.jsonl,2=b.jsonl --target-load 5000/s`

func newReport(p process) *cobra.Command {
	var show output
	var joined join
	var many replicas
	c := &cobra.Command{
		Use: "report [RECORD]", Short: "print a run's summary again", Long: reportLong, GroupID: "results",
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := errors.Join(show.effects(c), joined.effects(c), many.effects(c, args)); err != nil {
				return err
			}
			if err := show.ready(p, "", append(many.paths(), joined.paths(p, args)...)...); err != nil {
				return err
			}
			if many.records != "" {
				return many.show(p, show.json)
			}
			run, err := joined.read(p, args)
			if err != nil {
				return err
			}
			return show.write(p, run)
		},
	}
	show.flags(c)
	show.pictureFlags(c)
	joined.flags(c)
	many.flags(c)
	return c
}

// recordPath is the record that was named, else the newest one.
func recordPath(p process, args []string) (string, error) {
	if len(args) == 1 {
		return args[0], nil
	}
	dir, err := record.StateDir(p.env)
	if err != nil {
		return "", cli.FaultError{Code: exit.Usage, Err: err}
	}
	path, err := record.Store{Dir: dir}.Newest()
	if errors.Is(err, record.ErrNoRecord) {
		return "", cli.FaultError{Code: exit.Usage, Err: err}
	}
	return path, err
}

// readRecord folds the record at a path, and rows besides it.
func readRecord(path string, besides ...func(*record.Run) ([]record.Resources, error)) (*report.Run, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, cli.Usage("a run writes its record to where -o says, else to the state folder; a bare `plimsoll report` opens the newest", "%s: there is no such record", path)
	}
	if err != nil {
		return nil, cli.Usage("", "%w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	run, err := report.ReadWith(f, besides...)
	if err != nil {
		return nil, cli.Usage("", "%s: %w", path, err)
	}
	run.Path = path
	return run, nil
}
