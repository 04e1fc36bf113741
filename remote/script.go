package remote

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/provider"
)

// The scripts are files of their own, so that they can be read and checked as
// what they are. What varies reaches them as quoted assignments on top: quote
// is the only place where a text from outside becomes part of a script.
//
//go:embed scripts/*.sh
var scripts embed.FS

// quote makes one word of any text for a POSIX shell.
func quote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// step is one script for one or several machines.
type step struct {
	name  string // of the file in scripts
	title string // for messages
	vars  map[string]string
	args  []string // "$@" of the script
	head  string   // functions that the script uses, and that differ between clouds
	limit time.Duration
}

// text is the whole script: assignments, the file, and around both a wrapper
// that keeps the exit code from the agent, to which 137 is a time-out, 168 a
// success and 194 a wish to reboot.
func (s step) text() string {
	body, err := scripts.ReadFile("scripts/" + s.name + ".sh")
	if err != nil {
		panic("remote: " + err.Error()) // a name in this package is wrong: every test of that step finds it
	}
	b := &strings.Builder{}
	b.WriteString("(\nset -eu\n" + s.head)
	for _, name := range slices.Sorted(maps.Keys(s.vars)) {
		fmt.Fprintf(b, "%s=%s\n", name, quote(s.vars[name]))
	}
	if s.args != nil {
		b.WriteString("set --")
		for _, a := range s.args {
			b.WriteString(" " + quote(a))
		}
		b.WriteString("\n")
	}
	b.Write(body)
	b.WriteString(")\nrc=$?\necho \"plimsoll-rc=$rc\"\nexit $((rc != 0))\n")
	return b.String()
}

// userData is what a machine runs when it boots. Its own end is the first line,
// so that it comes even when all that follows fails.
func userData(life time.Duration, boot string) string {
	return fmt.Sprintf("#!/bin/sh\nshutdown -h +%d\n%s", minutes(life), boot)
}

// minutes rounds a time up, and is 1 at least.
func minutes(d time.Duration) int { return max(1, int((d+time.Minute-1)/time.Minute)) }

var codeLine = regexp.MustCompile(`(?m)^plimsoll-rc=(\d+)\n?`)

// output takes a script's own exit code out of what it printed; -1: it is not there.
func output(stdout string) (text string, code int) {
	all := codeLine.FindAllStringSubmatchIndex(stdout, -1)
	if len(all) == 0 {
		return stdout, -1
	}
	last := all[len(all)-1]
	code, err := strconv.Atoi(stdout[last[2]:last[3]])
	if err != nil {
		return stdout, -1
	}
	return stdout[:last[0]] + stdout[last[1]:], code
}

// StepError is a script that did not do its work on one machine.
type StepError struct {
	Code int // the script's own; -1: it never came to an end
	provider.CommandError
}

func (e *StepError) Error() string {
	if e.Code <= 0 {
		return e.CommandError.Error()
	}
	text := fmt.Sprintf("%s on %s: ended with code %d", e.Title, e.Result.Machine, e.Code)
	if t := provider.Tail(e.Result.Stderr, provider.TailLines); t != "" {
		text += "\n  " + strings.ReplaceAll(t, "\n", "\n  ")
	}
	return text
}

// Unwrap gives the command's error, with what the agent said.
func (e *StepError) Unwrap() error { return &e.CommandError }

// deliveryLimit is how long an agent may take to fetch a command.
const deliveryLimit = 60 * time.Second

// command is the step for machines.
func (s step) command(machines ...string) provider.Command {
	return provider.Command{Machines: machines, Script: s.text(), Title: s.title, Delivery: deliveryLimit, Execution: max(s.limit, 30*time.Second)}
}

// run runs a step on one machine and returns what it printed.
func (s step) run(ctx context.Context, on provider.Commands, machine string) (string, error) {
	results, err := on.Run(ctx, s.command(machine))
	if err != nil {
		return "", fmt.Errorf("%s: %w", s.title, err)
	}
	if len(results) != 1 {
		return "", fmt.Errorf("%s on %s: %d results came back for one machine", s.title, machine, len(results))
	}
	return s.read(results[0])
}

// runAll runs a step on machines at once, and returns those on which it did its work, and why it did not on others.
func (s step) runAll(ctx context.Context, on provider.Commands, machines []string) (done []string, failed error) {
	results, err := on.Run(ctx, s.command(machines...))
	if err != nil {
		failed = fmt.Errorf("%s: %w", s.title, err)
	}
	for _, r := range results {
		if _, err := s.read(r); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		done = append(done, r.Machine)
	}
	return done, failed
}

// read is what a step printed on one machine.
func (s step) read(r provider.Result) (string, error) {
	text, code := output(r.Stdout)
	if r.Err(s.title) == nil {
		return text, nil
	}
	r.Stdout = text
	return text, &StepError{Code: code, CommandError: provider.CommandError{Title: s.title, Result: r}}
}
