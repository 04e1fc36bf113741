package cli

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/plimsoll-load/plimsoll/runtime/plan"
)

// Proxies ends the long help of a command that sends requests.
const Proxies = "\n\nRequests go through the proxies that HTTP_PROXY, HTTPS_PROXY and ALL_PROXY name, but to the\nhosts of NO_PROXY (docs/http.md)."

// rare marks flags that a first look at a command need not show.
const rare = "plimsoll-rare"

// MarkRare leaves flags out of --help; `help COMMAND --all` shows them. A name that is not there is one of another command.
func MarkRare(f *pflag.FlagSet, names ...string) {
	for _, name := range names {
		if f.Lookup(name) != nil {
			_ = f.SetAnnotation(name, rare, []string{"true"}) // the flag exists
		}
	}
}

// Complete gives a root command with all its commands what both programs
// have: a help of one screen, and errors that suggest what was probably meant.
// The program is typed as root's display name says (cobra.CommandDisplayNameAnnotation); the help command is in helpGroup, which may be empty.
func Complete(root *cobra.Command, helpGroup string) {
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SuggestionsMinimumDistance = 2
	root.Args = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		hint := "`" + root.DisplayName() + " --help` lists the commands"
		if near := c.SuggestionsFor(args[0]); len(near) > 0 {
			hint = "did you mean `" + root.DisplayName() + " " + near[0] + "`?"
		}
		return Usage(hint, "unknown command %q", args[0])
	}
	root.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(newHelp(root, helpGroup))
	for _, c := range root.Commands() {
		c.SetUsageFunc(func(c *cobra.Command) error { flagUsage(c.OutOrStdout(), c, false); return nil })
	}
}

var unknownFlag = regexp.MustCompile(`^unknown flag: --(\S+)$`)

// flagError turns pflag's errors into usage errors, with a suggestion for an unknown flag.
func flagError(c *cobra.Command, err error) error {
	hint := fmt.Sprintf("`%s --help` lists the flags", c.CommandPath())
	if m := unknownFlag.FindStringSubmatch(err.Error()); m != nil {
		hint = suggestion(c.Flags(), m[1]) + hint
	}
	return Usage(hint, "%s: %w", c.Name(), err)
}

// suggestion names the flag that was probably meant.
func suggestion(flags *pflag.FlagSet, name string) string {
	var known []string
	flags.VisitAll(func(f *pflag.Flag) { known = append(known, "--"+f.Name) })
	if near, ok := plan.Nearest("--"+name, known); ok {
		return "did you mean " + near + "? "
	}
	return ""
}

// Exactly wants n arguments and says what they are.
func Exactly(n int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		return Usage("usage: "+c.UseLine(), "%s: want %s, got %d arguments", c.Name(), what, len(args))
	}
}

// newHelp replaces cobra's help command by one that knows --all.
func newHelp(root *cobra.Command, group string) *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use: "help [COMMAND]", Short: "tell what a command does; --all has every flag", GroupID: group,
		RunE: func(_ *cobra.Command, args []string) error {
			c, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return Usage("`"+root.DisplayName()+" --help` lists the commands", "help: there is no command %q", strings.Join(args, " "))
			}
			if c.HasSubCommands() {
				return c.Help()
			}
			fmt.Fprintf(c.OutOrStdout(), "%s\n\n", c.Long)
			flagUsage(c.OutOrStdout(), c, all)
			return nil
		},
	}
	c.Flags().BoolVar(&all, "all", false, "show every flag")
	return c
}

// flagUsage prints how a command is used, with its flags: all, or those that most people need.
func flagUsage(w io.Writer, c *cobra.Command, all bool) {
	fmt.Fprintf(w, "Usage:\n  %s\n", c.UseLine())
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
	if len(rows) == 0 {
		return
	}
	fmt.Fprintln(w, "\nFlags:")
	wide := len(slices.MaxFunc(rows, func(a, b [2]string) int { return len(a[0]) - len(b[0]) })[0])
	for _, r := range rows {
		fmt.Fprintf(w, "  %-*s  %s\n", wide, r[0], r[1])
	}
	if left > 0 {
		fmt.Fprintf(w, "\n%d more flags: %s help %s --all\n", left, c.Root().DisplayName(), c.Name())
	}
}

// flagName is "-d, --duration TIME" in one width.
func flagName(f *pflag.Flag) string {
	name := "    --" + f.Name
	if f.Shorthand != "" {
		name = "-" + f.Shorthand + ", --" + f.Name
	}
	switch kind := strings.ToUpper(strings.TrimSuffix(f.Value.Type(), "Array")); {
	case f.NoOptDefVal == "true":
	case f.NoOptDefVal != "":
		name += "[=" + kind + "]"
	default:
		name += " " + kind
	}
	return name
}
