package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/plimsoll-load/plimsoll/runtime/plan"
)

const rootLong = `Plimsoll finds a web service's load line: how much it carries before it
fails, and what gives way first. Scenarios are JavaScript or TypeScript.

  plimsoll size examples/kinto/loadtest.js --demo     size the built-in demo target
  plimsoll size loadtest.js                           size your own service
  plimsoll run loadtest.js --vus 10 --duration 30s    a plain load test
  plimsoll report                                     the newest run's summary again`

// newRoot makes the whole command tree in a world.
func newRoot(p process) *cobra.Command {
	root := &cobra.Command{
		Use:           "plimsoll",
		Short:         "find a web service's load line",
		Long:          rootLong,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			hint := "`plimsoll --help` lists the commands"
			if near := c.SuggestionsFor(args[0]); len(near) > 0 {
				hint = "did you mean `plimsoll " + near[0] + "`?"
			}
			return usage(hint, "unknown command %q", args[0])
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SuggestionsMinimumDistance = 2
	root.SetFlagErrorFunc(flagError)
	root.AddGroup(&cobra.Group{ID: "load", Title: "Load:"}, &cobra.Group{ID: "results", Title: "Results:"},
		&cobra.Group{ID: "tools", Title: "Tools:"})
	root.SetHelpCommandGroupID("tools")
	root.SetCompletionCommandGroupID("tools")
	root.AddCommand(newRun(p), newSize(p), newReport(p), newCompare(p), newWatch(p), newTarget(p), newTypes(p), newNew(p), newDoctor(p), newRemote(p), newVersion(p))
	root.SetHelpCommand(newHelp(p, root))
	for _, c := range root.Commands() {
		c.SetUsageFunc(func(c *cobra.Command) error { return flagUsage(c.OutOrStdout(), c, false) })
	}
	return root
}

var unknownFlag = regexp.MustCompile(`^unknown flag: --(\S+)$`)

// flagError turns pflag's errors into usage errors, with a suggestion for an unknown flag.
func flagError(c *cobra.Command, err error) error {
	hint := fmt.Sprintf("`%s --help` lists the flags", c.CommandPath())
	if m := unknownFlag.FindStringSubmatch(err.Error()); m != nil {
		hint = suggestion(c.Flags(), m[1]) + hint
	}
	return usage(hint, "%s: %w", c.Name(), err)
}

// suggestion names the flag that was probably meant.
func suggestion(flags *pflag.FlagSet, name string) string {
	var known []string
	flags.VisitAll(func(f *pflag.Flag) { known = append(known, "--"+f.Name) })
	if s := plan.Suggest("--"+name, known); strings.HasPrefix(s, "did you mean") {
		return s + " "
	}
	return ""
}

// exactly wants n arguments and says what they are.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		return usage(fmt.Sprintf("usage: %s", c.UseLine()), "%s: want %s, got %d arguments", c.Name(), what, len(args))
	}
}
