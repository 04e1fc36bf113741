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
		args: os.Args[1:], self: self, env: os.Getenv, environ: os.Environ,
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, signals: signals,
	}
}
