package script

import (
	"fmt"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/exit"
)

// Error is something wrong with a script, at a position of its original source.
type Error struct {
	File    string // as shown: relative to the working folder
	Line    int    // from 1; 0 when there is no position
	Column  int    // from 1, in characters
	Message string
	Missing bool // the script, or a file or module that it imports, is not there

	hint  string
	frame string
}

// Error is "file:line:column: message".
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Message
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
}

// ExitCode is the process's exit code for a script that cannot be loaded.
func (e *Error) ExitCode() int { return exit.Script }

// Hint says what to do about it; it may be empty.
func (e *Error) Hint() string { return e.hint }

// Frame shows the source around the error with a caret below its column; it
// is empty where there is no source to show.
func (e *Error) Frame() string { return e.frame }

type position struct {
	file         string
	line, column int // from 1
}

// String is "file:line:column".
func (p position) String() string { return fmt.Sprintf("%s:%d:%d", p.file, p.line, p.column) }

func newError(at position, message, source string) *Error {
	return &Error{
		File: at.file, Line: at.line, Column: at.column,
		Message: message, frame: frame(source, at),
	}
}

// frameContext lines are shown before and after the one with the error;
// frameWidth bounds each (minified sources have lines of megabytes).
const (
	frameContext = 2
	frameWidth   = 160
)

func frame(source string, at position) string {
	lines := strings.Split(strings.TrimRight(source, "\r\n"), "\n")
	at.line = min(at.line, len(lines)) // the end of the file
	if source == "" || at.line < 1 {
		return ""
	}
	var b strings.Builder
	first, last := max(at.line-frameContext, 1), min(at.line+frameContext, len(lines))
	width := len(fmt.Sprint(last))
	for n := first; n <= last; n++ {
		mark := " "
		if n == at.line {
			mark = ">"
		}
		text, caret := clip(strings.TrimSuffix(lines[n-1], "\r"), at.column)
		fmt.Fprintf(&b, "%s %*d | %s\n", mark, width, n, text)
		if n == at.line {
			fmt.Fprintf(&b, "  %*s | %s^\n", width, "", caret)
		}
	}
	return b.String()
}

// clip cuts a line to frameWidth around a column, and returns the space that
// puts a caret below that column: tabs stay tabs.
func clip(line string, column int) (text, indent string) {
	runes := []rune(line)
	column = min(max(column-1, 0), len(runes))
	start := 0
	if len(runes) > frameWidth {
		start = max(0, min(column-frameWidth/2, len(runes)-frameWidth))
	}
	end := min(len(runes), start+frameWidth)
	indented := strings.Map(func(r rune) rune {
		if r == '\t' {
			return '\t'
		}
		return ' '
	}, string(runes[start:max(start, min(column, end))]))
	return string(runes[start:end]), indented
}
