package provision

import "strings"

// StartError is a service, or its machine, that did not come up.
type StartError struct {
	What   string // one line
	Tail   string // of its log, or of what docker said
	Advice string
	Code   int
}

func (e *StartError) Error() string {
	if e.Tail == "" {
		return e.What
	}
	return e.What + "\n  " + strings.ReplaceAll(strings.TrimSpace(e.Tail), "\n", "\n  ")
}

// Hint says what may help.
func (e *StartError) Hint() string { return e.Advice }

// ExitCode is 7 where docker failed, and 6 where the service did.
func (e *StartError) ExitCode() int { return e.Code }
