package remote

import (
	"context"
	"errors"
	"os"
	"sync"
)

// LastStop is the number of the signal that ends everything.
const LastStop = 3

// Stops turns interrupts into ends: the first one ends the load, the second
// one also the fetching, the third one also the cleaning up.
type Stops struct {
	mu      sync.Mutex
	count   int
	first   os.Signal
	changed [LastStop]chan struct{}
}

// NewStops counts signals until ctx ends.
func NewStops(ctx context.Context, signals <-chan os.Signal) *Stops {
	s := &Stops{}
	for i := range s.changed {
		s.changed[i] = make(chan struct{})
	}
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case sig := <-signals:
				s.add(sig)
			}
		}
	}()
	return s
}

func (s *Stops) add(sig os.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.first == nil {
		s.first = sig
	}
	if s.count < len(s.changed) {
		close(s.changed[s.count])
	}
	s.count++
}

// Signal is the first one that came; nil: none.
func (s *Stops) Signal() os.Signal {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.first
}

// errStopped is why a context ended that a signal ended.
var errStopped = errors.New("stopped by a signal")

// until is a context that ends with the n-th signal, and not when its parent does.
func (s *Stops) until(ctx context.Context, n int) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	select {
	case <-s.changed[n-1]:
		cancel(errStopped) // it came before: nothing may begin
	default:
	}
	go func() {
		select {
		case <-s.changed[n-1]:
			cancel(errStopped)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}
