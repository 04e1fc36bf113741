package vu_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/vu"
)

// waiting makes a user whose scenario does nothing.
func waiting(ctx context.Context, t *testing.T) (*test, *vu.User) {
	t.Helper()
	x, err := load(t, `export default () => {}`) //nolint:contextcheck // the user has the context, not what it is made of
	if err != nil {
		t.Fatal(err)
	}
	u, err := x.factory.New(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	return x, u
}

func TestEventsKeepTheIterationOpenUntilTheyEnd(t *testing.T) {
	x, u := waiting(t.Context(), t)
	const events = 1000 // more than may be pending
	got := 0
	emit, end := u.Listen(func() { t.Error("stop was called") })
	go func() {
		defer end()
		for range events {
			if !emit(func() { got++ }) {
				t.Error("an event was not taken")
			}
		}
	}()
	x.passes(u)
	if got != events {
		t.Errorf("%d events arrived before the iteration ended, want %d", got, events)
	}
	end()
	if emit(func() { t.Error("an event came after the end") }) {
		t.Error("after its end a source can still emit")
	}
	x.passes(u)
}

func TestAFailedOrInterruptedIterationEndsItsSources(t *testing.T) {
	for name, fail := range map[string]func(u *vu.User, cancel func(error)){
		"timer throws": func(u *vu.User, _ func(error)) { u.After(0, 0, func() error { return errors.New("no") }) },
		"interrupted":  func(_ *vu.User, cancel func(error)) { cancel(errors.New("grace is over")) },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			x, u := waiting(ctx, t)
			stopped, refused := make(chan struct{}), make(chan struct{})
			emit, end := u.Listen(func() { close(stopped) })
			go func() { // a source that does not look at what stop says
				defer close(refused)
				for emit(func() {}) {
				}
			}()
			u.After(10*time.Millisecond, 0, func() error { fail(u, cancel); return nil })
			x.failure(u)
			<-stopped
			<-refused
			end()
			if emit(func() {}) {
				t.Error("a source emits after its iteration")
			}
		})
	}
}
