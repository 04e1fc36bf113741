package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/exit"
)

// Signals are those that ask this process to end. Nil: there are none.
type Signals struct {
	caught <-chan os.Signal

	mu   sync.Mutex
	came []SignalError
	last int               // the number of the signal after which the command is given up
	wait time.Duration     // how long after that one
	tell func(cause error) // who holds; nil: nobody
}

// patience is how long a command that holds no signals may take to end after the first one. What it waits for mostly ends
// with its context; what does not is left as it is.
const patience = time.Second

// holdPatience is the same after the last signal of a command that holds them: it ends what it can in much less.
const holdPatience = 10 * time.Second

// Catch returns this process's signals: interrupt, TERM and HUP, unless HUP is ignored since it began, as under nohup. A
// reader of its output that goes away is no reason to end from then on: see [Output].
func Catch() *Signals {
	caught := make(chan os.Signal, 3)
	signal.Notify(caught, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(caught, syscall.SIGHUP)
	}
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // a write fails with EPIPE then; ignored, it would be so in children, too
	return SignalsFrom(caught)
}

// SignalsFrom are those that come by a channel.
func SignalsFrom(caught <-chan os.Signal) *Signals {
	return &Signals{caught: caught, last: 1, wait: patience}
}

// SignalError is why a command that a signal ended stops.
type SignalError struct{ os.Signal }

func (SignalError) Error() string { return "stopped by a signal" }

// ExitCode is 128 plus the signal's number, as a shell has it; HUP is TERM.
func (s SignalError) ExitCode() int { return exit.OfSignal(s.Signal) }

// Main runs a program's command to its end and returns the exit status.
//
// The first signal ends the command's context, with a [SignalError] as cause. A command that does not end then is given up
// soon, and at once with the second signal, unless it holds the signals: see [Signals.Hold].
func (s *Signals) Main(program string, stderr io.Writer, command func(context.Context) error) int {
	if s == nil {
		s = SignalsFrom(nil)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	done := make(chan error, 1)
	go func() { done <- command(ctx) }()
	var late <-chan time.Time
	for {
		select {
		case err := <-done:
			return s.status(program, stderr, err)
		case sig := <-s.caught:
			cancel(SignalError{sig})
			switch left, wait := s.add(SignalError{sig}); {
			case left < 0:
				return s.giveUp(program, stderr)
			case left == 0:
				late = time.After(wait)
			}
		case <-late:
			return s.giveUp(program, stderr)
		}
	}
}

// Hold lets a command end by itself: it is told of each signal, those that came before included, and given up a while
// after the last-th one, or at once with the next. Its context has ended with the first one nevertheless.
func (s *Signals) Hold(last int, tell func(cause error)) (release func()) {
	if s == nil {
		return func() {}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last, s.wait, s.tell = last, holdPatience, tell
	for _, sig := range s.came {
		tell(sig)
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.last, s.wait, s.tell = len(s.came)+1, patience, nil
	}
}

// add notes a signal, and returns how many more there are until the command is given up, and how long after the last.
func (s *Signals) add(sig SignalError) (left int, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.came = append(s.came, sig)
	if s.tell != nil {
		s.tell(sig)
	}
	return s.last - len(s.came), s.wait
}

// first is the first signal that came.
func (s *Signals) first() (sig SignalError, came bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.came) == 0 {
		return sig, false
	}
	return s.came[0], true
}

// status is the exit status of a command that ended. One that a signal ended has the signal's; what was told in full
// before it came keeps its own.
func (s *Signals) status(program string, stderr io.Writer, err error) int {
	if err == nil {
		return exit.OK
	}
	sig, came := s.first()
	var coded interface{ ExitCode() int }
	if _, told := err.(StatusError); told || !came { //nolint:errorlint // one that wraps a Status has something to tell
		return Explain(stderr, program, err)
	}
	if errors.Is(err, context.Canceled) && !errors.As(err, &coded) {
		err = sig
	}
	Explain(stderr, program, err)
	return sig.ExitCode()
}

// giveUp is the exit status of a command that does not end.
func (s *Signals) giveUp(program string, stderr io.Writer) int {
	sig, _ := s.first()
	return Explain(stderr, program, FaultError{Code: sig.ExitCode(), Err: errors.New("stopped by a signal, in the middle of something")})
}
