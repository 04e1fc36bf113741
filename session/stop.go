package session

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Stops is how many calls of [Session.Stop] end a session at once.
const Stops = 2

var (
	errStopped = errors.New("the session was stopped")
	errCut     = errors.New("it was cut short: the session was stopped")
)

// stops counts what asks a session to end.
type stops struct {
	mu     sync.Mutex
	count  int
	over   bool          // the load has ended by itself: what comes now takes nothing from the result
	cause  error         // of the first one, unless over
	halted chan struct{} // closed by the first one
	next   chan struct{} // closed by the next one
}

func newStops() *stops { return &stops{halted: make(chan struct{}), next: make(chan struct{})} }

// add counts another one, and says whether the load is to stop for the first time.
func (s *stops) add(cause error) (first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	close(s.next)
	s.next = make(chan struct{})
	if s.count == 1 {
		close(s.halted)
		if !s.over {
			s.cause = cause
			return true
		}
	}
	return false
}

// end says that the load has ended.
func (s *stops) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
}

// why is the cause of the stop that ended the load; nil: it ended by itself.
func (s *stops) why() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cause
}

// untilNext is a context that ends with the next stop; it has ended where a session is to end at once.
func (s *stops) untilNext(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	s.mu.Lock()
	next, enough := s.next, s.count >= Stops
	s.mu.Unlock()
	if enough {
		cancel(errCut)
	}
	go func() {
		select {
		case <-next:
			cancel(errCut)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// leaveAfter is how long a script may take to come back when it was interrupted.
const leaveAfter = time.Second

// await returns what a call into the script came to. When ctx ends first it is why that was; what cannot be interrupted,
// such as a regular expression, is left behind then.
func await[T any](ctx context.Context, call func() (T, error)) (value T, err error) {
	came := make(chan func() (T, error), 1)
	go func() {
		value, err := call()
		came <- func() (T, error) { return value, err }
	}()
	select {
	case answer := <-came:
		return answer()
	case <-ctx.Done():
	}
	late := time.NewTimer(leaveAfter)
	defer late.Stop()
	select {
	case answer := <-came:
		if value, err = answer(); err != nil {
			err = context.Cause(ctx)
		}
		return value, err
	case <-late.C:
		return value, context.Cause(ctx)
	}
}
