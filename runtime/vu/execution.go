package vu

import "sync/atomic"

// turn is the number that an iteration was given, see [User.Turn].
type turn struct {
	taken     bool
	iteration int // of the VU
	n         int64
}

// Turn is a number of this iteration, from 0, that no other one of its scenario
// has. It is given when it is first asked for: scripts that do not ask pay nothing.
func (u *User) Turn() int64 {
	if u.turn.taken && u.turn.iteration == u.iteration {
		return u.turn.n
	}
	next, _ := u.factory.turns.LoadOrStore(u.Scenario(), new(atomic.Int64))
	count, _ := next.(*atomic.Int64)
	u.turn = turn{true, u.iteration, count.Add(1) - 1}
	return u.turn.n
}

// ScenarioName is that of the iteration that runs; within a hook, the hook's.
func (u *User) ScenarioName() string {
	if u.inHook != noHook {
		return u.inHook.String()
	}
	return u.factory.config.Names.ScenarioName(u.scenario)
}

// Abort ends the test for the script.
func (u *User) Abort(reason string) {
	if u.factory.config.Abort != nil {
		u.factory.config.Abort(reason)
	}
}

// FailRun says that the test failed.
func (u *User) FailRun(reason string) {
	if u.factory.config.Failed != nil {
		u.factory.config.Failed(reason)
	}
}
