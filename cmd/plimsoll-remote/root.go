package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/plimsoll-load/plimsoll/remote"
	"github.com/plimsoll-load/plimsoll/remote/aws"
)

const rootLong = `Puts a service on rented machines, has it sized there, and leaves nothing behind.

  plimsoll remote plan --image kinto:1 --port 8888 --type t3.small loadtest.js
  plimsoll remote size --image kinto:1 --port 8888 --type t3.small loadtest.js
  plimsoll remote size --image kinto:1 --port 8888 --type c7i.large --type c7i.xlarge \
      --repo https://example.org/tests.git kinto
  plimsoll remote cleanup --all                        end whatever a run left`

// place says where machines are, and as whom they are rented.
type place struct{ region, profile, endpoint string }

func newRoot(p process) *cobra.Command {
	at := &place{}
	root := &cobra.Command{
		Use: "plimsoll-remote", Short: "size a service on rented machines", Long: rootLong,
		SilenceErrors: true, SilenceUsage: true,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			hint := "`plimsoll remote --help` lists the commands"
			if near := c.SuggestionsFor(args[0]); len(near) > 0 {
				hint = "did you mean `plimsoll remote " + near[0] + "`?"
			}
			return usage(hint, "unknown command %q", args[0])
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usage(fmt.Sprintf("`plimsoll remote %s --help` lists the flags", c.Name()), "%s: %v", c.Name(), err)
	})
	f := root.PersistentFlags()
	f.StringVar(&at.region, "region", "", "AWS region (default: as the AWS tools are set)")
	f.StringVar(&at.profile, "aws-profile", "", "a profile of the AWS configuration files")
	f.StringVar(&at.endpoint, "endpoint-url", "", "speak to this address instead of AWS (also AWS_ENDPOINT_URL)")
	root.AddGroup(&cobra.Group{ID: "load", Title: "Load:"}, &cobra.Group{ID: "machines", Title: "Machines:"}, &cobra.Group{ID: "account", Title: "Account:"})
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(newLoad(p, at, "size"), newLoad(p, at, "run"), newLoad(p, at, "plan"),
		newStatus(p, at), newLogs(p, at), newFetch(p, at), newCleanup(p, at),
		newInit(p, at), newPolicy(p), newDoctor(p, at))
	for _, c := range root.Commands() {
		c.SetUsageFunc(func(c *cobra.Command) error { flagUsage(c, false); return nil })
	}
	root.SetHelpCommand(newHelp(root))
	return root
}

// open makes the cloud of the place.
func (p process) open(ctx context.Context, at *place) (remote.Cloud, error) {
	return aws.Open(ctx, aws.Options{Region: at.region, Profile: at.profile, Endpoint: at.endpoint, HTTP: p.http})
}

// rare marks flags that a first look at a command need not show.
const rare = "plimsoll-rare"

func markRare(f *pflag.FlagSet, names ...string) {
	for _, name := range names {
		_ = f.SetAnnotation(name, rare, []string{"true"}) // a name that is not there is one of another mode
	}
}

// newHelp is cobra's help with --all.
func newHelp(root *cobra.Command) *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use: "help [COMMAND]", Short: "tell what a command does; --all has every flag",
		RunE: func(_ *cobra.Command, args []string) error {
			c, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return usage("`plimsoll remote --help` lists the commands", "help: there is no command %q", strings.Join(args, " "))
			}
			if c == root {
				return c.Help()
			}
			fmt.Fprintf(c.OutOrStdout(), "%s\n\n", c.Long)
			flagUsage(c, all)
			return nil
		},
	}
	c.Flags().BoolVar(&all, "all", false, "show every flag")
	return c
}

// flagUsage prints how a command is used, with its flags: all, or those that most people need.
func flagUsage(c *cobra.Command, all bool) {
	w := c.OutOrStdout()
	fmt.Fprintf(w, "Usage:\n  plimsoll remote %s\n", c.Use)
	c.InitDefaultHelpFlag()
	var rows [][2]string
	left := 0
	show := func(f *pflag.Flag) {
		switch {
		case f.Hidden:
		case !all && f.Annotations[rare] != nil:
			left++
		default:
			rows = append(rows, [2]string{flagName(f), f.Usage})
		}
	}
	c.LocalNonPersistentFlags().VisitAll(show)
	c.InheritedFlags().VisitAll(show)
	fmt.Fprintln(w, "\nFlags:")
	wide := len(slices.MaxFunc(rows, func(a, b [2]string) int { return len(a[0]) - len(b[0]) })[0])
	for _, r := range rows {
		fmt.Fprintf(w, "  %-*s  %s\n", wide, r[0], r[1])
	}
	if left > 0 {
		fmt.Fprintf(w, "\n%d more flags: plimsoll remote help %s --all\n", left, c.Name())
	}
}

// flagName is "-d, --duration TIME" in one width.
func flagName(f *pflag.Flag) string {
	name := "    --" + f.Name
	if f.Shorthand != "" {
		name = "-" + f.Shorthand + ", --" + f.Name
	}
	if f.NoOptDefVal == "true" {
		return name
	}
	return name + " " + strings.ToUpper(strings.TrimSuffix(f.Value.Type(), "Array"))
}
