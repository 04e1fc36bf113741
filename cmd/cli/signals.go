package cli

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// Signals are those that ask a program to end.
func Signals() <-chan os.Signal {
	signals := make(chan os.Signal, 3)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	return signals
}

// Signalled is why a command that a signal ended stops.
type Signalled struct{ os.Signal }

func (Signalled) Error() string { return "stopped by a signal" }

// ExitCode is 128 plus the signal's number, as a shell has it.
func (s Signalled) ExitCode() int { return record.SignalExit(s.Signal) }

// Watch calls stop at each signal until the function that it returns is called.
func Watch(signals <-chan os.Signal, stop func(cause error)) (unwatch func()) {
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-over:
				return
			case s := <-signals:
				stop(Signalled{s})
			}
		}
	}()
	return func() { close(over); <-done }
}
