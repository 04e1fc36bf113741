package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is this program's; releases are tags of the same name.
const version = "0.1.0-dev"

func newVersion(p process) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "print the version", GroupID: "tools", Args: exactly(0, "no argument"),
		RunE: func(*cobra.Command, []string) error {
			fmt.Fprintf(p.stdout, "plimsoll %s%s %s %s/%s\n", version, revision(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
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
