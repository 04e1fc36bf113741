package main

import (
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll-load/plimsoll/cmd/cli"
	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/runtime/monitor"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/sizing/bottleneck"
)

// join adds what Glances wrote to a record.
type join struct {
	csv    string
	offset time.Duration
}

func (j *join) flags(c *cobra.Command) {
	c.Flags().Var(cli.Text(&j.csv, "file"), "resources", "a CSV that Glances wrote while the run went on")
	c.Flags().DurationVar(&j.offset, "clock-offset", 0, "of --resources: this machine's clock minus that of Glances")
}

// effects refuses flags that change nothing without others.
func (j *join) effects(c *cobra.Command) error {
	return cli.Together(c.Flags(), c.Name(), "resources", "clock-offset")
}

// paths are the files that read reads.
func (j *join) paths(p process, args []string) []string {
	path, err := recordPath(p, args)
	if err != nil {
		return []string{j.csv} // read says what is wrong, if it needs a record
	}
	return []string{j.csv, path}
}

// read folds the record that was named, or the newest, with the CSV; or the CSV alone.
func (j *join) read(p process, args []string) (*report.Run, error) {
	if j.csv != "" && len(args) == 0 {
		return j.alone()
	}
	path, err := recordPath(p, args)
	if err != nil {
		return nil, err
	}
	if j.csv == "" {
		return readRecord(path)
	}
	var joined []record.Resources
	run, err := readRecord(path, func(head *record.Run) ([]record.Resources, error) {
		csv, err := j.load(head.Started)
		if err != nil {
			return nil, err
		}
		joined = csv.Rows
		return csv.Rows, nil
	})
	if err != nil || run.End == nil {
		return run, err
	}
	return run, attributeAgain(path, run, joined)
}

// attributeAgain says what limited a run whose service was not watched while
// it went on, by what is known of its resources since.
func attributeAgain(path string, run *report.Run, joined []record.Resources) error {
	if bottleneck.Watched(run.End.Bottleneck) {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	end := *run.End
	end.Bottleneck, err = bottleneck.Again(record.NewReader(f), joined, run.Head.Tolerance)
	run.End = &end
	return err
}

// load reads the CSV of a run that began at start; the zero time takes the file's own beginning.
func (j *join) load(start time.Time) (*monitor.CSV, error) {
	f, err := os.Open(j.csv)
	if err != nil {
		return nil, cli.Usage("name the file that Glances wrote with --export csv", "--resources: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	return monitor.ReadGlances(f, monitor.CSVOptions{Start: start, Offset: j.offset})
}

// alone shows a CSV as it is, as a run without any load.
func (j *join) alone() (*report.Run, error) {
	csv, err := j.load(time.Time{})
	if err != nil {
		return nil, err
	}
	run, err := report.OfResources(csv.Started, csv.Rows)
	if err != nil {
		return nil, err
	}
	run.Path = j.csv
	run.Warnings = append(run.Warnings, csv.Notes...)
	return run, nil
}
