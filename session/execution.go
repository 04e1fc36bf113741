package session

import "github.com/plimsoll-load/plimsoll/runtime/exit"

// abortedError is why a run ends that its script has ended.
type abortedError struct{ reason string }

func (e abortedError) Error() string { return "the script aborted the test: " + e.reason }

// ExitCode is that of a run that failed.
func (abortedError) ExitCode() int { return exit.Broken }

// scriptFails notes that the script says that the run failed; the first reason is told.
func (s *Session) scriptFails(reason string) { s.scriptSays.CompareAndSwap(nil, &reason) }
