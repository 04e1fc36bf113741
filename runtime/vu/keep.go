package vu

import (
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/failure"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

// Wants says whether examples of a failure are still kept.
func (u *User) Wants(id metric.FailureID) bool { return u.factory.config.Keep.Wants(id) }

// KeepExchange keeps an example of a failed exchange.
func (u *User) KeepExchange(id metric.FailureID, f metric.Failure, w *failure.Wire) {
	u.keep(id, f, failure.Example{Where: u.where()}, w)
}

// Exchanges takes what tells of the last exchange; modules that make some give it when they are bound.
func (u *User) Exchanges(last func() *failure.Wire) { u.lastExchange = last }

// keepNoted keeps an example of why the iteration failed, with the last exchange before it; thrown is nil where it was no exception.
func (u *User) keepNoted(f metric.Failure, thrown error) {
	if !u.Wants(u.failure) {
		return
	}
	var w *failure.Wire
	if u.requests > 0 && u.lastExchange != nil {
		w = u.lastExchange()
	}
	u.keep(u.failure, f, failure.Example{Where: f.Where, Stack: u.trace(thrown)}, w)
}

func (u *User) keep(id metric.FailureID, f metric.Failure, e failure.Example, w *failure.Wire) {
	e.VU, e.Iteration, e.Scenario = u.id, u.iteration, u.running()
	u.factory.config.Keep.Keep(id, f, e, w)
}

// running is the name of the scenario or the hook that runs.
func (u *User) running() string {
	if u.inHook != noHook {
		return u.inHook.String()
	}
	for i := range u.scenarios {
		if u.scenarios[i].id == u.scenario {
			return u.scenarios[i].name
		}
	}
	return ""
}

// stackFrames bounds what is kept of an exception's stack.
const stackFrames = 10

// trace is the stack of what was thrown, in the script's sources.
func (u *User) trace(err error) string {
	var b strings.Builder
	lines := 0
	for _, frame := range stackOf(err) {
		place := u.failures.place(u, frame)
		if place == "" {
			continue
		}
		if lines++; lines > stackFrames {
			b.WriteString("…\n")
			break
		}
		b.WriteString("at ")
		if name := frame.FuncName(); name != "" {
			b.WriteString(name + " ")
		}
		b.WriteString("(" + place + ")\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}
