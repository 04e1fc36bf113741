// Command plimsoll finds a web service's load line: how much it carries
// before it fails, and what gives way first.
//
// This folder is the composition root: the only place that knows all parts.
// Each subcommand is one file; process.go is the world as a value, explain.go
// turns errors into words and exit codes, session.go joins the parts of a run.
package main

import (
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(thisProcess().main()) }

// thisProcess is the real world.
func thisProcess() process {
	signals := make(chan os.Signal, 3)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	return process{
		args: os.Args[1:], self: self,
		env: os.Getenv, environ: os.Environ,
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		signals: signals,
	}
}
