package main

import (
	"github.com/spf13/cobra"

	"github.com/plimsoll-load/plimsoll/cmd/cli"
)

const rootLong = `Plimsoll finds a web service's load line: how much it carries before it
fails, and what gives way first. Scenarios are JavaScript or TypeScript.

  plimsoll size examples/kinto/loadtest.js --demo     size the built-in demo target
  plimsoll size loadtest.js                           size your own service
  plimsoll run loadtest.js --vus 10 --duration 30s    a plain load test
  plimsoll report                                     the newest run's summary again`

// newRoot makes the whole command tree in a world.
func newRoot(p process) *cobra.Command {
	root := &cobra.Command{Use: "plimsoll", Short: "find a web service's load line", Long: rootLong}
	root.AddGroup(&cobra.Group{ID: "load", Title: "Load:"}, &cobra.Group{ID: "results", Title: "Results:"},
		&cobra.Group{ID: "tools", Title: "Tools:"})
	root.SetHelpCommandGroupID("tools")
	root.SetCompletionCommandGroupID("tools")
	root.AddCommand(newRun(p), newSize(p), newReport(p), newCompare(p), newWatch(p), newTarget(p), newTypes(p), newNew(p), newDoctor(p), newRemote(p), newVersion(p))
	cli.Complete(root, "tools")
	return root
}
