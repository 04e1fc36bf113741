package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/plimsoll-load/plimsoll/cmd/cli"
	"github.com/plimsoll-load/plimsoll/runtime/exit"
)

const remoteLong = `Sizes a service on rented machines (AWS): it puts the image there, loads it, brings
everything home and gives the machines back. It is the program plimsoll-remote, so
that nobody else compiles and carries what it takes to speak to a cloud.

  plimsoll remote --help
  plimsoll remote size --image kinto:1 --port 8888 --type t3.small loadtest.js`

// newRemote runs plimsoll-remote, as git runs its commands.
func newRemote(p process) *cobra.Command {
	return &cobra.Command{
		Use: "remote …", Short: "size a service on rented machines", Long: remoteLong, GroupID: "load",
		DisableFlagParsing: true,
		RunE: func(_ *cobra.Command, args []string) error {
			path, err := remoteProgram(p.self)
			if err != nil {
				return err
			}
			if err := p.become(path, args); err != nil {
				return cli.FaultError{Code: exit.Outside, Err: fmt.Errorf("remote: %s: %w", path, err)}
			}
			return nil
		},
	}
}

// remoteProgram finds plimsoll-remote beside this program, else on PATH.
func remoteProgram(self string) (string, error) {
	name := "plimsoll-remote"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	beside := filepath.Join(filepath.Dir(self), name)
	if info, err := os.Stat(beside); err == nil && !info.IsDir() {
		return beside, nil
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", cli.Usage("from a source checkout: `go build -o bin/ ./cmd/...` (some minutes and 3 GiB of memory, once), then bin/plimsoll remote …",
			"remote: the program %s is neither beside this one nor on PATH", name)
	}
	return path, nil
}
