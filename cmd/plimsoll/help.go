package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// rare marks flags that a first look at a command need not show.
const rare = "plimsoll-rare"

// markRare leaves flags out of --help; `plimsoll help COMMAND --all` shows them.
func markRare(f *pflag.FlagSet, names ...string) {
	for _, name := range names {
		if flag := f.Lookup(name); flag != nil {
			_ = f.SetAnnotation(name, rare, []string{"true"}) // the flag exists
		}
	}
}

// newHelp replaces cobra's help command by one that knows --all.
func newHelp(p process, root *cobra.Command) *cobra.Command {
	var all bool
	c := &cobra.Command{
		Use: "help [COMMAND]", Short: "tell what a command does; --all has every flag", GroupID: "tools",
		RunE: func(_ *cobra.Command, args []string) error {
			c, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return usage("`plimsoll --help` lists the commands", "help: there is no command %q", strings.Join(args, " "))
			}
			if c.HasSubCommands() {
				return c.Help()
			}
			fmt.Fprintf(p.stdout, "%s\n\n", c.Long)
			return flagUsage(p.stdout, c, all)
		},
	}
	c.Flags().BoolVar(&all, "all", false, "show every flag")
	return c
}

// flagUsage prints how a command is used, with its flags: all, or those that most people need.
func flagUsage(w io.Writer, c *cobra.Command, all bool) error {
	fmt.Fprintf(w, "Usage:\n  %s\n", c.UseLine())
	c.InitDefaultHelpFlag()
	var rows [][2]string
	left := 0
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		if !all && f.Annotations[rare] != nil {
			left++
			return
		}
		rows = append(rows, [2]string{flagName(f), f.Usage})
	})
	if len(rows) == 0 {
		return nil
	}
	fmt.Fprintln(w, "\nFlags:")
	wide := len(slices.MaxFunc(rows, func(a, b [2]string) int { return len(a[0]) - len(b[0]) })[0])
	for _, r := range rows {
		fmt.Fprintf(w, "  %-*s  %s\n", wide, r[0], r[1])
	}
	if left > 0 {
		fmt.Fprintf(w, "\n%d more flags: plimsoll help %s --all\n", left, c.Name())
	}
	return nil
}

// flagName is "-d, --duration TIME" in one width.
func flagName(f *pflag.Flag) string {
	name := "    --" + f.Name
	if f.Shorthand != "" {
		name = "-" + f.Shorthand + ", --" + f.Name
	}
	switch kind := f.Value.Type(); {
	case f.NoOptDefVal == "true":
	case f.NoOptDefVal != "":
		name += "[=" + strings.ToUpper(kind) + "]"
	default:
		name += " " + strings.ToUpper(kind)
	}
	return name
}
