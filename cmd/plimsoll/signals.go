package main

import (
	"os"
	"syscall"
)

// signalled is why a command that a signal ended stops.
type signalled struct{ os.Signal }

func (signalled) Error() string { return "stopped by a signal" }

// ExitCode is 128 plus the signal's number, as in a shell.
func (s signalled) ExitCode() int {
	if s.Signal == syscall.SIGTERM {
		return exitTerminated
	}
	return exitInterrupt
}

// watch calls stop at each signal until the function that it returns is called.
func (p process) watch(stop func(cause error)) (unwatch func()) {
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-over:
				return
			case s := <-p.signals:
				stop(signalled{s})
			}
		}
	}()
	return func() { close(over); <-done }
}
