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
// hook, filter or install script of the repository runs; no path leads out of
// the clone; its size and the time it takes are bounded; nothing ever prompts.
// An environment variable reaches a cloned script only when it was named.
//
// Nothing here writes to a terminal or reads the process's environment.
package repo

import (
	"fmt"
	"strings"
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

// The exit codes of this package's errors.
const (
	exitUsage   = 2
	exitScript  = 3
	exitOutside = 7
)

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
	return &Error{where: where, text: fmt.Sprintf(format, args...), hint: hint, code: exitUsage}
}

// nearest returns the name that is the fewest edits away from a mistyped one,
// or "" when none is near.
func nearest(typed string, names []string) string {
	best, fewest := "", 2+len(typed)/3
	for _, name := range names {
		edits := distance(strings.ToLower(typed), strings.ToLower(name))
		if edits < fewest {
			best, fewest = name, edits
		}
	}
	return best
}

// distance is Levenshtein's, in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// didYouMean is a hint of the nearest name, else of all.
func didYouMean(typed string, names []string) string {
	if near := nearest(typed, names); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "known are: " + strings.Join(names, ", ")
}
