package vu

import (
	"errors"
	"time"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

// What modules can ask of a user: the interfaces are those of ../jsapi. Await,
// Listen, Sleep, After and Cancel are in loop.go, Fail and Requested in
// fail.go, what declares in declare.go, Open in open.go.

// VM is the user's virtual machine.
func (u *User) VM() *goja.Runtime { return u.vm }

// Client is the user's connections; nil while the script is being loaded.
func (u *User) Client() *engine.Client { return u.client }

// Names are the tables of names of the test.
func (u *User) Names() *metric.Names { return u.factory.config.Names }

// Samples is where the user counts what happens.
func (u *User) Samples() *metric.Buffer { return u.samples }

// Scenario is the one that runs now; within a hook, one named as the hook.
func (u *User) Scenario() metric.ScenarioID {
	if u.inHook != noHook {
		return u.factory.config.Names.Scenario(u.inHook.String())
	}
	return u.scenario
}

// ID is the user's number, from 1; 0 where the script runs for no user.
func (u *User) ID() int { return u.id }

// Iteration says how many iterations ran before this one, and whether the
// script's top level has ended.
func (u *User) Iteration() (before int, loaded bool) { return u.iteration, u.loaded }

// Env is what the script was given as environment, and the scenario that runs
// now; it must not be changed.
func (u *User) Env() map[string]string {
	if a := u.assigned; a != nil && a.now != nil && a.now.env != nil && u.inHook == noHook {
		return a.now.env
	}
	return u.factory.config.Env
}

// CutOff says whether the user was interrupted because the plan gives its
// iteration no more time: it has not failed then.
func (u *User) CutOff() bool {
	return u.why != nil && planned(u.why())
}

func planned(err error) bool {
	if err == nil { // most often: it costs no allocation
		return false
	}
	var cause interface{ Planned() bool }
	return errors.As(err, &cause) && cause.Planned()
}

// Listening says whether lines of the console go anywhere. The top level runs
// once for each user, and says nothing after the first time.
func (u *User) Listening() bool {
	again := !u.loaded && u.id != 0
	return u.factory.console.sink != nil && !again
}

// Print writes a line to the console.
func (u *User) Print(level, text string) {
	u.factory.console.print(Line{VU: u.id, Level: level, Text: text}, time.Now())
}
