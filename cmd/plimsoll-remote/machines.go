package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/plimsoll-load/plimsoll/cmd/cli"
	"github.com/plimsoll-load/plimsoll/remote"
	"github.com/plimsoll-load/plimsoll/remote/cleanup"
	"github.com/plimsoll-load/plimsoll/remote/provider"
)

func newStatus(p process, at *place) *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "list what runs have in the account now", GroupID: "machines", Args: cli.Exactly(0, "no argument"),
		Long: "Lists machines and security groups that runs made in this region, by their tags.",
		RunE: func(c *cobra.Command, _ []string) error {
			cloud, err := p.open(c.Context(), at)
			if err != nil {
				return err
			}
			things, err := cleanup.Inventory(c.Context(), cloud)
			if err != nil {
				return err
			}
			if len(things) == 0 {
				fmt.Fprintln(p.stdout, "nothing is there")
				return nil
			}
			t := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "KIND\tID\tTYPE\tSTATE\tADDRESS\tRUN\tENDS ITSELF")
			for _, x := range things {
				fmt.Fprintln(t, strings.Join([]string{x.Kind, x.ID, x.Type, x.State, x.Address, x.Run, x.Expires}, "\t"))
			}
			return t.Flush()
		},
	}
}

func newLogs(p process, at *place) *cobra.Command {
	var run string
	c := &cobra.Command{
		Use: "logs --run RUN", Short: "print the end of the service's log on a machine that is there", GroupID: "machines", Args: cli.Exactly(0, "no argument"),
		Long: "Prints the state of the service's container and the end of its log, for each machine of a run that is still there.",
		RunE: func(c *cobra.Command, _ []string) error {
			return eachMachine(c.Context(), p, at, run, func(ctx context.Context, cloud provider.Cloud, m provider.Machine) error {
				text, err := remote.Logs(ctx, cloud, m)
				fmt.Fprintf(p.stdout, "%s %s\n%s\n", m.ID, m.Type, text)
				return err
			})
		},
	}
	c.Flags().StringVar(&run, "run", "", "the run's name, as `status` lists it")
	return c
}

func newFetch(p process, at *place) *cobra.Command {
	var run string
	c := &cobra.Command{
		Use: "fetch --run RUN", Short: "bring home the files of a machine that is there", GroupID: "machines", Args: cli.Exactly(0, "no argument"),
		Long: "Brings the metrics and logs of each machine of a run that is still there into the run's folder,\nfor when the program that started it was killed.",
		RunE: func(c *cobra.Command, _ []string) error {
			runs, err := p.runs()
			if err != nil {
				return cli.Usage("", "%v", err)
			}
			return eachMachine(c.Context(), p, at, run, func(ctx context.Context, cloud provider.Cloud, m provider.Machine) error {
				folder, notes, err := remote.Fetch(ctx, cloud, runs, m)
				for _, n := range notes {
					p.say(n)
				}
				if err == nil {
					fmt.Fprintln(p.stdout, folder)
				}
				return err
			})
		},
	}
	c.Flags().StringVar(&run, "run", "", "the run's name, as `status` lists it")
	return c
}

// eachMachine does something with each machine of a run that is there.
func eachMachine(ctx context.Context, p process, at *place, run string, do func(context.Context, provider.Cloud, provider.Machine) error) error { //nolint:revive // five: a context comes first
	if run == "" {
		return cli.Usage("`plimsoll remote status` lists the runs", "want --run RUN")
	}
	cloud, err := p.open(ctx, at)
	if err != nil {
		return err
	}
	machines, err := cleanup.MachinesOf(ctx, cloud, run)
	if err != nil {
		return err
	}
	if len(machines) == 0 {
		return cli.Usage("`plimsoll remote status` lists what is there; give the run's --region", "no machine of run %s is there", run)
	}
	for _, m := range machines {
		if err := do(ctx, cloud, m); err != nil {
			return err
		}
	}
	return nil
}

func newCleanup(p process, at *place) *cobra.Command {
	var scope cleanup.Scope
	var regions []string
	c := &cobra.Command{
		Use: "cleanup --run RUN | --all | --expired", Short: "remove what runs left", GroupID: "machines", Args: cli.Exactly(0, "no argument"),
		Long: `Finds machines, security groups and files of runs by their tags, and removes them.
It touches nothing that has no plimsoll tag, may be run again and again, and prints
what it could not remove; the exit status is 7 then.

  plimsoll remote cleanup --run 20261124-134500-a1b2c3
  plimsoll remote cleanup --all --in eu-west-1 --in us-east-1
  plimsoll remote cleanup --expired                    for a time table
  plimsoll remote cleanup --all --s3 my-bucket/load    files of runs of which nothing else is left, too`,
		RunE: func(c *cobra.Command, _ []string) error {
			if n := count(scope.Run != "", scope.All, scope.Expired); n != 1 {
				return cli.Usage("usage: plimsoll remote "+c.Use, "cleanup: want one of --run, --all and --expired")
			}
			return cleanUp(c.Context(), p, at, scope, regions)
		},
	}
	f := c.Flags()
	f.StringVar(&scope.Run, "run", "", "of this run alone")
	f.BoolVar(&scope.All, "all", false, "of all runs, those under way included")
	f.BoolVar(&scope.Expired, "expired", false, "of runs whose lease is over")
	f.BoolVar(&scope.DryRun, "dry-run", false, "only list what would be removed")
	f.StringArrayVar(&scope.Stores, "s3", nil, "also look for files of runs in BUCKET/PREFIX, as where machine and group are gone")
	f.StringArrayVar(&regions, "in", nil, "in these regions (default: --region)")
	return c
}

func count(conditions ...bool) (n int) {
	for _, c := range conditions {
		if c {
			n++
		}
	}
	return n
}

func cleanUp(ctx context.Context, p process, at *place, scope cleanup.Scope, regions []string) error { //nolint:revive // five: a context comes first
	runs, err := p.runs()
	if err != nil {
		return cli.Usage("", "%v", err)
	}
	cleaner := cleanup.Cleaner{Clouds: map[string]provider.Cloud{}, Runs: runs, Say: p.say}
	if len(regions) == 0 {
		regions = []string{at.region}
	}
	for _, region := range regions {
		there := *at
		there.region = region
		cloud, err := p.open(ctx, &there)
		if err != nil {
			return err
		}
		caller, err := cloud.Identity.Caller(ctx)
		if err != nil {
			return err
		}
		cleaner.Clouds[caller.Region] = cloud
	}
	left, err := cleaner.Clean(ctx, scope)
	switch {
	case scope.DryRun && err == nil:
		for _, l := range left {
			fmt.Fprintf(p.stdout, "would remove %s\n", l)
		}
		return nil
	case err != nil || len(left) > 0:
		return &cleanup.LeftError{Run: scope.Run, Left: left, Err: err}
	}
	fmt.Fprintln(p.stdout, "nothing is left")
	return nil
}
