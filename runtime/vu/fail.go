package vu

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

// Kinds of failures that are made here; the others come from the client.
const (
	kindException   = "exception"
	kindCheck       = "check"
	kindInterrupted = "interrupted"
)

// maxMessage bounds what is kept of an exception's text, in bytes.
const maxMessage = 300

// Fail notes that the iteration failed, if failOn counts this kind and nothing
// failed before. A failure that says not where it happened is located at the
// script's call that is under way.
func (u *User) Fail(f metric.Failure) {
	if u.failed || !u.factory.options.counts(f.Kind) {
		return
	}
	if f.Where == "" {
		f.Where = u.where()
	}
	u.note(f)
	if f.Kind == kindCheck { // a failed request is kept by the module that made it
		u.keepNoted(f, nil)
	}
}

func (u *User) note(f metric.Failure) {
	u.failed = true
	u.failure = u.failures.id(u.factory.config.Names, f)
}

// Requested counts a request of the iteration.
func (u *User) Requested() { u.requests++ }

// failError notes what a function of the script threw. An interruption counts
// whatever failOn says: the iteration did not end by itself.
func (u *User) failError(err error) {
	f := metric.Failure{Kind: kindException, Message: u.message(err)}
	if u.interrupted(err) {
		f.Kind = kindInterrupted
	}
	if u.failed || f.Kind == kindException && !u.factory.options.exceptions {
		return
	}
	if f.Kind == kindException {
		f.Where = u.place(stackOf(err)) // what was rejected without an Error has no place
	}
	u.note(f)
	u.keepNoted(f, err)
}

// interruption says that the user's context, or a hook's, ended.
type interruption struct{ cause error }

func (i interruption) Error() string { return "interrupted: " + i.cause.Error() }
func (i interruption) Unwrap() error { return i.cause }

func (u *User) interrupted(err error) bool {
	var cut interruption
	var stopped *goja.InterruptedError
	return errors.As(err, &cut) || errors.As(err, &stopped)
}

// message is what a person reads of an error from the VM.
func (u *User) message(err error) string {
	var exception *goja.Exception
	var stopped *goja.InterruptedError
	var overflow *goja.StackOverflowError
	switch {
	case errors.As(err, &stopped):
		if cause := stopped.Unwrap(); cause != nil && !errors.Is(cause, context.Canceled) {
			return cause.Error()
		}
		return "interrupted"
	case errors.As(err, &overflow):
		return fmt.Sprintf("RangeError: more than %d calls deep", maxCallStack)
	case errors.As(err, &exception):
		return shorten(u.text(exception.Value()))
	}
	return shorten(err.Error())
}

func shorten(s string) string {
	if len(s) > maxMessage {
		return strings.ToValidUTF8(s[:maxMessage], "") + "…"
	}
	return s
}

// text turns any value into a string without letting it throw.
func (u *User) text(v goja.Value) (text string) {
	defer func() {
		if cause := recover(); cause != nil {
			_ = u.fault("an exception's toString", cause) // it is counted
		}
	}()
	text = "an exception that cannot be shown"
	_ = u.vm.Try(func() { text = v.String() })
	return text
}

// thrown makes of a rejected promise's reason the exception that throwing it would have made.
func (u *User) thrown(reason goja.Value) error {
	if reason == nil {
		reason = goja.Undefined()
	}
	if ex := u.vm.Try(func() { panic(reason) }); ex != nil {
		return ex
	}
	return errors.New(u.text(reason))
}

func stackOf(err error) []goja.StackFrame {
	var traced interface{ Stack() []goja.StackFrame }
	if errors.As(err, &traced) {
		return traced.Stack()
	}
	return nil
}

// explain makes an error with a position and an exit code of whatever went
// wrong outside iterations.
func (u *User) explain(what string, err error) error {
	var explained interface{ ExitCode() int }
	if errors.As(err, &explained) {
		return err
	}
	message := u.message(err)
	if what != "" {
		message = what + ": " + message
	}
	for _, frame := range stackOf(err) {
		at := frame.Position()
		if at.Line > 0 && !u.virtual(at.Filename) {
			return u.factory.config.Script.Explain(at.Filename, at.Line, at.Column, message)
		}
	}
	return u.factory.config.Script.Explain("", 0, 0, message)
}

func (u *User) virtual(file string) bool {
	return strings.HasPrefix(u.factory.config.Script.Name(file), "plimsoll:")
}

// frames is how deep the script's call is looked for below a module's own.
const frames = 8

// where is the position of the script's call that is under way.
func (u *User) where() string {
	var space [frames]goja.StackFrame
	return u.place(u.vm.CaptureCallStack(frames, space[:0]))
}

// place is the position of the first frame that is in the script's sources;
// empty when there is none.
func (u *User) place(stack []goja.StackFrame) string {
	for _, frame := range stack {
		if place := u.failures.place(u, frame); place != "" {
			return place
		}
	}
	return ""
}

// failureCache makes that failing for the same reason again and again costs
// little: mapping a position to the sources takes microseconds, and the
// tables of names are shared by all users.
type failureCache struct {
	places map[goja.StackFrame]string
	ids    map[metric.Failure]metric.FailureID
}

// maxCached bounds each table of the cache.
const maxCached = 128

func (c *failureCache) place(u *User, frame goja.StackFrame) string {
	if place, ok := c.places[frame]; ok {
		return place
	}
	at := frame.Position()
	place := ""
	if at.Line > 0 && !u.virtual(at.Filename) {
		place = fmt.Sprintf("%s:%d:%d", u.factory.config.Script.Name(at.Filename), at.Line, at.Column)
	}
	if c.places == nil || len(c.places) >= maxCached {
		c.places = map[goja.StackFrame]string{}
	}
	c.places[frame] = place
	return place
}

func (c *failureCache) id(names *metric.Names, f metric.Failure) metric.FailureID {
	if id, ok := c.ids[f]; ok {
		return id
	}
	id := names.Failure(f)
	if c.ids == nil || len(c.ids) >= maxCached {
		c.ids = map[metric.Failure]metric.FailureID{}
	}
	c.ids[f] = id
	return id
}

// trackRejection keeps the promises that were rejected and that nobody handles.
func (u *User) trackRejection(p *goja.Promise, op goja.PromiseRejectionOperation) {
	if op == goja.PromiseRejectionReject {
		u.orphans = append(u.orphans, p)
		return
	}
	for i, orphan := range u.orphans {
		if orphan == p {
			u.orphans = append(u.orphans[:i], u.orphans[i+1:]...)
			return
		}
	}
}

// orphanError is the first rejection that nobody handled; one promise may be excepted.
func (u *User) orphanError(except *goja.Promise) error {
	orphans := u.orphans
	u.orphans = nil
	for _, p := range orphans {
		if p != except {
			return u.thrown(p.Result())
		}
	}
	return nil
}
