// Command plimsoll finds a web service's load line: how much it carries
// before it fails, and what gives way first.
//
// This folder has the command line: flags, help, words and printing. Each
// subcommand is one file; process.go is the world as a value; run.go lets
// package session run what the flags say. What plimsoll-remote has, too, is in
// package cli.
package main

import (
	"os"

	"github.com/plimsoll-load/plimsoll/cmd/cli"
)

func main() { os.Exit(thisProcess().main()) }

// thisProcess is the real world.
func thisProcess() process {
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	return process{
		args: os.Args[1:], self: self,
		env: os.Getenv, environ: os.Environ,
		stdin: os.Stdin, stdout: cli.NewOutput(os.Stdout), stderr: cli.NewOutput(os.Stderr),
		signals: cli.Catch(),
	}
}
