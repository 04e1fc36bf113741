// Command plimsoll-remote puts a service on rented machines, has it sized
// there by plimsoll, which it runs as a child, brings everything home and
// leaves nothing behind. `plimsoll remote …` runs it.
//
// It is a program of its own because of the SDK: who loads services on the
// own network neither compiles nor carries it. This folder joins package
// remote with remote/aws; each subcommand is one file.
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
		args: os.Args[1:], self: self, env: os.Getenv, environ: os.Environ,
		stdin: os.Stdin, stdout: cli.NewOutput(os.Stdout), stderr: cli.NewOutput(os.Stderr), signals: cli.Catch(),
	}
}
