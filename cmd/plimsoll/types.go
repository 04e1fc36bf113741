package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/plimsoll-load/plimsoll/cmd/cli"
	"github.com/plimsoll-load/plimsoll/jsapi"
	"github.com/plimsoll-load/plimsoll/jsapi/all"
)

func newTypes(p process) *cobra.Command {
	return &cobra.Command{
		Use: "types", Short: "print plimsoll.d.ts, what an editor needs to know of the script API", GroupID: "tools",
		Long:    "Prints TypeScript declarations of all that a script can import.",
		Example: "  plimsoll types > plimsoll.d.ts",
		Args:    cli.Exactly(0, "no argument"),
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprint(p.stdout, jsapi.DTS(all.Modules()))
			return err
		},
	}
}
