package fakeaws

import (
	"context"
	"fmt"
	"regexp"
	"time"
)

// Answer is what a script prints and how it ends, if its text matches: a table of these is a [Script].
type Answer struct {
	Match       string        `json:"match"` // a regular expression; empty fits every script
	Stdout      string        `json:"stdout"`
	Stderr      string        `json:"stderr"`
	Exit        int           `json:"exit"`
	Takes       time.Duration `json:"takes"` // nanoseconds in JSON
	HoldsStdout bool          `json:"holds_stdout"`
}

// Answers is a script that looks the answer up: the first that matches. What none matches ends with 127.
func Answers(table []Answer) (Script, error) {
	patterns := make([]*regexp.Regexp, len(table))
	for n, a := range table {
		p, err := regexp.Compile("(?s)" + a.Match)
		if err != nil {
			return nil, fmt.Errorf("answer %d: %w", n+1, err)
		}
		patterns[n] = p
	}
	return func(_ context.Context, _ Instance, m Command) Outcome {
		for n, p := range patterns {
			if a := table[n]; p.MatchString(m.Text) {
				return Outcome{Stdout: a.Stdout, Stderr: a.Stderr, Exit: a.Exit, Takes: a.Takes, HoldsStdout: a.HoldsStdout}
			}
		}
		return Outcome{Stderr: "the double has no answer to this script", Exit: 127}
	}, nil
}
