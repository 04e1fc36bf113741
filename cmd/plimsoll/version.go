package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/plimsoll-load/plimsoll/cmd/cli"
	"github.com/plimsoll-load/plimsoll/session"
)

func newVersion(p process) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "print the version", GroupID: "tools", Args: cli.Exactly(0, "no argument"),
		RunE: func(*cobra.Command, []string) error {
			fmt.Fprintf(p.stdout, "plimsoll %s%s %s %s/%s\n", session.Version, revision(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		},
	}
}

// revision is the commit that the program was built from, where the build knows it.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return " (" + s.Value[:12] + ")"
		}
	}
	return ""
}
