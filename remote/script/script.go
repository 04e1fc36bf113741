// Package script has the scripts that machines run, and runs them: what varies reaches them as quoted assignments, and a
// script's own exit code is kept from the agent, to which some codes mean something else.
package script

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

// What a machine ends itself by, whoever renews its lease or not.
var (
	//go:embed boot/begin.sh
	beginEnd string
	//go:embed boot/end.sh
	endScript string
	//go:embed boot/plimsoll-end.service
	endService string
	//go:embed boot/plimsoll-end.timer
	endTimer string
)

// Quote makes one word of any text for a POSIX shell.
func Quote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// Step is one script for one or several machines.
type Step struct {
	Name  string // of the file in scripts
	Title string // for messages
	Vars  map[string]string
	Args  []string // "$@" of the script
	Head  string   // functions that the script uses, and that differ between clouds
	Limit time.Duration
}

// Text is the whole script: assignments, the file, and around both a wrapper
// that keeps the exit code from the agent, to which 137 is a time-out, 168 a
// success and 194 a wish to reboot.
func (s Step) Text() string {
	body, err := scripts.ReadFile("scripts/" + s.Name + ".sh")
	if err != nil {
		panic("remote: " + err.Error()) // a name in this package is wrong: every test of that step finds it
	}
	b := &strings.Builder{}
	b.WriteString("(\nset -eu\n" + s.Head)
	for _, name := range slices.Sorted(maps.Keys(s.Vars)) {
		fmt.Fprintf(b, "%s=%s\n", name, Quote(s.Vars[name]))
	}
	if s.Args != nil {
		b.WriteString("set --")
		for _, a := range s.Args {
			b.WriteString(" " + Quote(a))
		}
		b.WriteString("\n")
	}
	b.Write(body)
	b.WriteString(")\nrc=$?\necho \"plimsoll-rc=$rc\"\nexit $((rc != 0))\n")
	return b.String()
}

// UserData is what a machine runs when it boots for the first time. Its own end
// is the first line, so that it comes even when all that follows fails. Then
// comes what keeps it through a reboot, and through a renewal that is cut short:
// the time in a file, and a unit that looks at it each minute.
func UserData(life time.Duration, boot string) string {
	b := &strings.Builder{}
	fmt.Fprintf(b, "#!/bin/sh\nshutdown -h +%d\nminutes=%[1]d\n%s", Minutes(life), beginEnd)
	for _, file := range []struct{ path, text string }{
		{"/var/lib/plimsoll/end", endScript},
		{"/etc/systemd/system/plimsoll-end.service", endService},
		{"/etc/systemd/system/plimsoll-end.timer", endTimer},
	} {
		fmt.Fprintf(b, "cat >%s <<'PLIMSOLL-END'\n%sPLIMSOLL-END\n", file.path, file.text)
	}
	b.WriteString("systemctl daemon-reload\nsystemctl enable --now plimsoll-end.timer\n")
	return b.String() + boot
}

// Minutes rounds a time up, and is 1 at least.
func Minutes(d time.Duration) int { return max(1, int((d+time.Minute-1)/time.Minute)) }

var codeLine = regexp.MustCompile(`(?m)^plimsoll-rc=(\d+)\n?`)

// Output takes a script's own exit code out of what it printed; -1: it is not there.
func Output(stdout string) (text string, code int) {
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
func (s Step) command(machines ...string) provider.Command {
	return provider.Command{Machines: machines, Script: s.Text(), Title: s.Title, Delivery: deliveryLimit, Execution: max(s.Limit, 30*time.Second)}
}

// Run runs a step on one machine and returns what it printed.
func (s Step) Run(ctx context.Context, on provider.Commands, machine string) (string, error) {
	results, err := on.Run(ctx, s.command(machine))
	if err != nil {
		return "", fmt.Errorf("%s: %w", s.Title, err)
	}
	if len(results) != 1 {
		return "", fmt.Errorf("%s on %s: %d results came back for one machine", s.Title, machine, len(results))
	}
	return s.read(results[0])
}

// RunAll runs a step on machines at once, and returns those on which it did its work, and why it did not on others.
func (s Step) RunAll(ctx context.Context, on provider.Commands, machines []string) (done []string, failed error) {
	results, err := on.Run(ctx, s.command(machines...))
	if err != nil {
		failed = fmt.Errorf("%s: %w", s.Title, err)
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

// read is what a step printed on one machine, fit to be shown.
func (s Step) read(r provider.Result) (string, error) {
	text, code := Output(r.Stdout)
	text, r.Stderr = provider.Plain(text), provider.Plain(r.Stderr)
	if r.Err(s.Title) == nil {
		return text, nil
	}
	r.Stdout = text
	return text, &StepError{Code: code, CommandError: provider.CommandError{Title: s.Title, Result: r}}
}
