// Package exit has the exit codes of all programs, and which one counts where several hold.
package exit

import (
	"os"
	"slices"
	"syscall"
)

// The exit codes of all programs (README.md has the table). They are never renumbered.
const (
	OK           = 0
	Internal     = 1
	Usage        = 2 // or configuration, also missing credentials
	Script       = 3 // it cannot be loaded, or failed outside iterations: beforeAll, afterVU, afterAll
	Broken       = 4 // a threshold, a tolerance; sizing's baseline
	Inconclusive = 5 // the generator was the limit, or a sizing has no answer
	Nothing      = 6 // every iteration failed, or the target is unreachable
	Outside      = 7 // git, docker, the cloud
	Regression   = 8
	Interrupted  = 130
	Terminated   = 143
)

// precedence lists the exit codes by weight, the weightiest first.
var precedence = [...]int{
	Interrupted, Terminated, Internal, Usage, Script, Outside, Nothing, Broken, Inconclusive, Regression,
}

// First is the one that counts of several exit codes that hold: signals,
// then what could not be done, then what was found. One that is not in the
// table is an internal error.
func First(codes ...int) int {
	first := len(precedence)
	for _, code := range codes {
		if code == OK {
			continue
		}
		at := slices.Index(precedence[:], code)
		if at < 0 {
			at = slices.Index(precedence[:], Internal)
		}
		first = min(first, at)
	}
	if first == len(precedence) {
		return OK
	}
	return precedence[first]
}

// Undecided says whether an exit code tells neither that all is well nor
// that something is broken: no answer, or stopped by a signal.
func Undecided(code int) bool {
	return code == Inconclusive || code == Interrupted || code == Terminated
}

// OfSignal is the exit code of a process that a signal stopped. A terminal that went away is a TERM.
func OfSignal(sig os.Signal) int {
	if sig == syscall.SIGTERM || sig == syscall.SIGHUP {
		return Terminated
	}
	return Interrupted
}
