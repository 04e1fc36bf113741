package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

const reportLong = `Prints the summary of a record again, also of a run that was killed.
Without a file it is the newest record in the state folder.`

func newReport(p process) *cobra.Command {
	var show output
	c := &cobra.Command{
		Use: "report [RECORD]", Short: "print a run's summary again", Long: reportLong, GroupID: "results",
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			path, err := recordPath(p, args)
			if err != nil {
				return err
			}
			run, err := readRecord(path)
			if err != nil {
				return err
			}
			return show.write(p, run)
		},
	}
	show.flags(c)
	return c
}

// recordPath is the record that was named, else the newest one.
func recordPath(p process, args []string) (string, error) {
	if len(args) == 1 {
		return args[0], nil
	}
	dir, err := record.StateDir(p.env)
	if err != nil {
		return "", fault{code: exitUsage, err: err}
	}
	path, err := record.Store{Dir: dir}.Newest()
	if errors.Is(err, record.ErrNoRecord) {
		return "", fault{code: exitUsage, err: err}
	}
	return path, err
}

func readRecord(path string) (*report.Run, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usage("a run writes its record to where -o says, else to the state folder; a bare `plimsoll report` opens the newest", "%s: there is no such record", path)
	}
	if err != nil {
		return nil, usage("", "%w", err)
	}
	defer f.Close()
	run, err := report.Read(f)
	if err != nil {
		return nil, usage("", "%s: %w", path, err)
	}
	run.Path = path
	return run, nil
}

// output is how a result is shown.
type output struct {
	json bool
	full bool
}

func (o *output) flags(c *cobra.Command) {
	c.Flags().BoolVar(&o.json, "json", false, "print the result as one JSON object")
	c.Flags().BoolVar(&o.full, "full", false, "print every row of the summary's tables")
}

// write prints the result of a run on stdout.
func (o *output) write(p process, run *report.Run) error {
	if o.json {
		text, err := report.JSON(run)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.stdout, "%s\n", text)
		return err
	}
	columns, _ := width(p.stdout)
	return report.Text(p.stdout, run, report.TextOptions{Width: columns, Color: p.colour(p.stdout), Full: o.full})
}
