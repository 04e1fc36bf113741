// Package testmode says how thorough tests are to be. Tests of every package
// may ask it; nothing else does.
//
// An ordinary `go test ./...` takes a minute: statistics are tried with a few
// seeds there, and what is tried in every possible way with some. With
// PLIMSOLL_FULL_TESTS=1, which .ci/run sets, all of it is done.
package testmode

import (
	"os"
	"runtime/debug"
	"sync"
)

// FullVariable is the environment variable that asks for tests in full.
const FullVariable = "PLIMSOLL_FULL_TESTS"

// Full says whether tests are to do all that they can.
func Full() bool {
	return os.Getenv(FullVariable) == "1" //nolint:forbidigo // a test has no process to take it from
}

// Runs is the number of runs in full, or a smaller one.
func Runs(full, otherwise int) int {
	if Full() {
		return full
	}
	return otherwise
}

// UnderRace says whether the race detector is at work. What one goroutine
// computes is ten times slower then, and has nothing to race with.
var UnderRace = sync.OnceValue(func() bool {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return false
	}
	for _, s := range info.Settings {
		if s.Key == "-race" {
			return s.Value == "true"
		}
	}
	return false
})
