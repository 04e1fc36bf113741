package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/plimsoll-load/plimsoll/cmd/cli"
	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/runtime/exit"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/repo"
	"github.com/plimsoll-load/plimsoll/session"
	"github.com/plimsoll-load/plimsoll/sizing"
)

const runLong = `Runs a load test: virtual users that run a script's scenarios, for so many
iterations, for a time, in stages, or at a rate of arrivals.

  plimsoll run loadtest.js --vus 10 --duration 30s
  plimsoll run loadtest.js --stages 30s:50,1m:50,30s:0
  plimsoll run loadtest.js --rate 150/s --duration 1m
  plimsoll run loadtest.js --sizing                    Molotov's autosizing
  plimsoll run smoke                                   a named test of ./plimsoll.json
  plimsoll run --repo https://example.org/tests.git smoke

Exit code 4: more than --tolerance of the iterations failed, or of the arrivals were
not sent, or an --objective was missed; 5: this generator was the limit; 3: the script
failed outside its iterations.`

func newRun(p process) *cobra.Command {
	var o settings
	var classic bool
	c := &cobra.Command{
		Use: "run SCRIPT|TEST", Short: "run a load test", Long: runLong + cli.Proxies, GroupID: "load", Args: cli.Exactly(1, "a script or a named test"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.ready(c, p, args[0]); err != nil {
				return err
			}
			if classic || o.test.Classic {
				o.mode = plan.Classic
			}
			if o.classicOnly && o.mode != plan.Classic {
				return cli.Usage("it belongs to `plimsoll run --sizing`", "run: --classic-only has no effect without --sizing")
			}
			return begin(c.Context(), p, o)
		},
	}
	o.flags(c, plan.Run, plan.Classic)
	c.Flags().BoolVar(&classic, "sizing", false, "Molotov's autosizing: ramp users until too many iterations fail")
	c.Flags().BoolVar(&o.classicOnly, "classic-only", false, "with --sizing: Molotov's ramp and rule alone, without the controller after it")
	cli.MarkRare(c.Flags(), "classic-only", "budget", "objective")
	return c
}

// begin prepares a session, and runs it unless only its settings are asked for.
func begin(ctx context.Context, p process, o settings) error {
	inputs := []string{o.script, repo.FileName, o.from}
	if err := o.show.ready(p, o.output, inputs...); err != nil {
		return err
	}
	p.tune(uint64(ownLimits(ctx)[record.MemoryBytes]))
	fold, file := session.NewFold(), session.NewRecordFile(func() (*os.File, error) { return o.createRecord(p) })
	options := o.session(ctx, p)
	options.Sinks = []session.Sink{file, fold, p.progress(o.quiet)}
	s, err := session.Prepare(ctx, options)
	if err != nil {
		return o.explainMissing(err)
	}
	if err := o.show.ready(p, o.output, append(inputs, s.Inputs()...)...); err != nil {
		return errors.Join(err, s.Close())
	}
	defer func() { _ = s.Close() }() // its work is done
	if o.explain {
		return o.showConfig(p, s.Plan().Settings)
	}
	defer p.signals.Hold(session.Stops, s.Stop)() // until the result is told, too
	result, err := s.Run(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	run := fold.Run()
	run.Path, run.End.ExitCode = file.Path(), result.End.ExitCode
	unwritten := o.handleSummary(ctx, p, ended{s, fold, run, append(inputs, append(s.Inputs(), file.Path())...)})
	err = o.finish(p, run, result)
	if unwritten != nil && result.End.ExitCode != exit.OK { // what the run found out counts for more
		unwritten = cli.FaultError{Code: result.End.ExitCode, Err: unwritten, Advice: "the summary above is whole"}
	}
	return cmp.Or(unwritten, err)
}

// ended is a session that has run, and what came of it.
type ended struct {
	*session.Session
	fold  *session.Fold
	run   *report.Run
	taken []string // files that it reads or writes
}

// handleSummary lets the script's own say what is printed, and writes the files that it returns.
func (o *settings) handleSummary(ctx context.Context, p process, e ended) error {
	if !e.HandlesSummary() {
		return nil
	}
	taken := e.taken
	files, err := e.HandleSummary(ctx, e.fold, e.run, cli.TerminalOf(p.stdout, p.env).Codes)
	if err != nil { // as in k6 the result stands, and is shown as if there were no handleSummary
		fmt.Fprintf(p.stderr, "plimsoll: warning: %v\n", err)
		return nil
	}
	ours, err := o.show.files(p)
	for _, f := range ours {
		taken = append(taken, f.Path)
	}
	out := cli.ScriptFiles{Stdout: p.stdout, Stderr: p.stderr, Taken: taken, Replace: o.show.force || o.root == ""}
	if o.show.json || o.show.markdown { // stdout has another result
		out.Stdout = p.stderr
	}
	o.show.handled = true
	for _, f := range files {
		err = errors.Join(err, out.Write(f.Path, f.Data))
	}
	return err
}

// finish shows the result and returns the exit status as an error.
func (o *settings) finish(p process, run *report.Run, result session.Result) error {
	if err := o.show.write(p, run); err != nil {
		return err
	}
	if s := result.End.Sizing; s != nil && s.Classic != nil && !o.show.json {
		fmt.Fprint(p.stdout, sizing.ClassicText(*s.Classic))
	}
	var lost error
	for _, l := range result.Lost {
		lost = errors.Join(lost, l)
	}
	if lost != nil {
		return cli.FaultError{Code: result.End.ExitCode, Err: lost, Advice: "the summary above is whole; free some space, or name other files"}
	}
	if result.End.ExitCode != exit.OK {
		return cli.StatusError(result.End.ExitCode)
	}
	return nil
}

// createRecord makes the record's file, as -o names it or in the state folder.
func (o *settings) createRecord(p process) (*os.File, error) {
	file, err := o.newRecord(p)
	if err != nil {
		return nil, cli.FaultError{Code: exit.Usage, Err: err, Advice: "name a file that can be written with -o FILE"}
	}
	return file, nil
}

func (o *settings) newRecord(p process) (*os.File, error) {
	if o.output != "" {
		return record.Create(o.output, o.show.force)
	}
	dir, err := record.StateDir(p.env)
	if err != nil {
		return nil, err
	}
	mode := map[plan.Mode]string{plan.Run: "run", plan.Size: "size", plan.Classic: "classic"}[o.mode]
	return record.Store{Dir: dir}.Create(time.Now(), mode+"-"+filepath.Base(o.script))
}
