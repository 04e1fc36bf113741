package vu

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/runtime/exit"
	"github.com/plimsoll-load/plimsoll/runtime/failure"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

// kindInternal is the kind of iterations that Plimsoll itself let fail.
const kindInternal = "internal"

// FaultError is a panic of Go's in Plimsoll or in its JavaScript engine while a
// script ran. The script may have caused it; that it was not told as an
// exception is Plimsoll's mistake.
type FaultError struct {
	VU    int    // 0: outside virtual users
	Where string // what ran: "iteration", or the hook
	Cause string
	Stack string // of Go
}

func (f *FaultError) Error() string { return fmt.Sprintf("internal error in %s: %s", f.Where, f.Cause) }

// ExitCode is that of an internal error.
func (f *FaultError) ExitCode() int { return exit.Internal }

// Hint says what to do about it.
func (f *FaultError) Hint() string {
	return "this is a mistake of Plimsoll: please report it at https://github.com/plimsoll-load/plimsoll/issues, with the script and this:\n" + f.Stack
}

// faults keeps the first, and counts all.
type faults struct {
	mu    sync.Mutex
	n     int
	first *FaultError
}

// Faults says how many faults there were, and what the first one was.
func (f *Factory) Faults() (n int, first *FaultError) {
	f.faults.mu.Lock()
	defer f.faults.mu.Unlock()
	return f.faults.n, f.faults.first
}

// stackLines bounds what is kept of a stack.
const stackLines = 40

// fault notes a panic. The user's VM is in no known state after it: it is not
// used again.
func (u *User) fault(where string, cause any) *FaultError {
	u.broken = true
	lines := strings.SplitAfterN(string(debug.Stack()), "\n", stackLines+1)
	f := &FaultError{VU: u.id, Where: where, Cause: shorten(fmt.Sprint(cause)), Stack: strings.Join(lines[:min(len(lines), stackLines)], "")}
	all := &u.factory.faults
	all.mu.Lock()
	defer all.mu.Unlock()
	all.n++
	if all.first == nil {
		all.first = f
	}
	return f
}

// recoverIteration is deferred where an iteration enters the VM: a panic makes
// the iteration fail.
func (u *User) recoverIteration() {
	if cause := recover(); cause != nil {
		f := u.fault("an iteration", cause)
		u.noteFault(f)
		u.dropWaiting()
	}
}

// noteFault lets the iteration fail for a fault.
func (u *User) noteFault(f *FaultError) {
	why := metric.Failure{Kind: kindInternal, Message: f.Cause}
	u.note(why)
	if u.Wants(u.failure) { // without an exchange: who has it may be what broke
		u.keep(u.failure, why, failure.Example{Stack: f.Stack}, nil)
	}
}

// guarded calls what enters the VM outside iterations; a panic becomes a *FaultError.
func (u *User) guarded(what string, call func() (goja.Value, error)) (value goja.Value, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			value, err = nil, u.fault(what, cause)
			u.dropWaiting()
		}
	}()
	if u.broken {
		return nil, errBroken
	}
	return call()
}

var errBroken = errors.New("an internal error broke this virtual user")

// Broken says whether a fault broke the user: it runs no more iterations, and
// is to be closed. [User.Replace] does that.
func (u *User) Broken() bool { return u.broken }

// Replace closes a user that a fault broke, and makes a new one that goes on
// in its place. Where that fails the old one remains, to be replaced later.
func (u *User) Replace(ctx context.Context) (*User, error) {
	u.unwatch()
	u.client.Interrupt()
	fresh := u.factory.newUser(u.id)
	fresh.samples, fresh.iteration, fresh.picks, fresh.random = u.samples, u.iteration, u.picks, u.random
	if err := fresh.start(ctx); err != nil {
		return u, err
	}
	u.client.Close()
	return fresh, nil
}
