// Package repo knows scenarios that live in repositories: the project file
// plimsoll.json with its named tests, and the clone of a repository with its
// cache.
//
// A project on this disk is read with [LoadProject]. A repository comes as a
// [Checkout] from [Clone], and its project from [Checkout.Project]:
//
//	checkout, err := repo.Clone(ctx, repo.Options{URL: url, Ref: ref, Dir: dir, …})
//	project, err := checkout.Project()
//	test, err := project.Test("sizer")
//
// What a stranger wrote is never trusted: git and npm run by their arguments
// and never through a shell, with an environment of few named variables; no
// hook, filter or install script of the repository runs; npm runs only when
// the user says so, and sees no file of the repository, but a lock file that
// is written anew from what was checked; submodules stay away
// unless they are asked for, and are never on this disk; no path leads out of
// the clone; its size and the time it takes are bounded; nothing ever prompts.
// An environment variable reaches a cloned script only when it was named.
//
// Nothing here writes to a terminal or reads the process's environment.
package repo

//go:generate go test -run TestSchemaHasAllSettings . -update

import (
	"fmt"

	"github.com/plimsoll-load/plimsoll/runtime/exit"
)

// Error says what is wrong, where and why. It chooses the exit code: 2 for
// what was asked for or refused, 3 for a script that cannot be used, 7 for
// git, npm or the server they spoke to.
type Error struct {
	where string // file:line:column, a URL without credentials, or a path
	text  string
	hint  string
	code  int
	cause error
}

// Error is one line, but for what git or npm said, which may be several.
func (e *Error) Error() string {
	if e.where == "" {
		return e.text
	}
	return e.where + ": " + e.text
}

// Unwrap returns what caused it; it may be nil.
func (e *Error) Unwrap() error { return e.cause }

// Hint says what to do about it; it may be empty.
func (e *Error) Hint() string { return e.hint }

// ExitCode is 2, 3 or 7.
func (e *Error) ExitCode() int { return e.code }

func refuse(where, hint, format string, args ...any) *Error {
	return &Error{where: where, text: fmt.Sprintf(format, args...), hint: hint, code: exit.Usage}
}
