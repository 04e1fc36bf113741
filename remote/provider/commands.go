package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/exit"
)

// Commands runs scripts on machines, through an agent that is already there.
type Commands interface {
	// Agents tells how the agents of these machines are; a machine whose agent
	// never reported is not in the answer.
	Agents(ctx context.Context, ids []string) (map[string]Agent, error)
	// Run sends one script to all machines of a command and waits until each has
	// ended, its time is over or ctx ends; then it cancels what still runs. It
	// returns one result for each machine, in the order of Command.Machines,
	// whatever became of it. The error is for what concerns all of them: the
	// command could not be sent, or ctx ended. A script that fails is not an
	// error here but a Result whose Err says so.
	Run(ctx context.Context, c Command) ([]Result, error)
	// ReadFile brings a file of a machine home that may be longer than what a
	// script can print: it comes in chunks. Of one that is damaged on its way, or
	// shorter than size, the part before that comes, without an error: who reads
	// a file checks its sum.
	ReadFile(ctx context.Context, machine, path string, size int64) ([]byte, error)
}

// Agent is the state of a machine's agent.
type Agent struct {
	Ping    string // "Online", "ConnectionLost", "Inactive"
	Version string
	Seen    time.Time // when it was last heard of
}

// Online says that the agent takes commands.
func (a Agent) Online() bool { return a.Ping == "Online" }

// Command is one script for any number of machines.
type Command struct {
	Machines []string
	// Script is POSIX shell, run as root without a terminal. It stays in the
	// cloud's history of commands: no secret may be in it.
	Script string
	// Title says in a few words what the script does, for logs and messages.
	Title string
	// Delivery is how long an agent may take to fetch the command (0: 60 s; at least 30 s).
	Delivery time.Duration
	// Execution is how long the script may run (0: 2 minutes; at least 5 s).
	Execution time.Duration
}

// The agent cuts what a script prints, and says so only in the text.
const (
	StdoutLimit = 24000
	StderrLimit = 8000
)

// Result is what became of a command on one machine.
type Result struct {
	Machine   string
	CommandID string
	Status    CommandStatus
	ExitCode  int    // of the script as the agent saw it; -1: it has none
	Stdout    string // at most StdoutLimit characters
	Stderr    string // at most StderrLimit characters
	Cut       bool   // Stdout was longer, and its end is lost
}

// Err is nil if the script ended with 0, else a [*CommandError] with the tails of what it printed.
func (r Result) Err(title string) error {
	if r.Status == Succeeded {
		return nil
	}
	return &CommandError{Title: title, Result: r}
}

// CommandStatus is how a command ended on one machine: the cloud's detailed status.
type CommandStatus string

// The ends that a command can come to.
const (
	Succeeded         CommandStatus = "Success"
	Failed            CommandStatus = "Failed"            // ended with a code that is not 0
	ExecutionTimedOut CommandStatus = "ExecutionTimedOut" // ran too long; also what an exit code of 137 is told as
	DeliveryTimedOut  CommandStatus = "DeliveryTimedOut"  // the agent did not fetch it in time
	Undeliverable     CommandStatus = "Undeliverable"     // the machine is not there or its agent is not
	BatchEnded        CommandStatus = "Terminated"        // its batch was ended
	AccessDenied      CommandStatus = "AccessDenied"      // the caller may not command this machine
	Cancelled         CommandStatus = "Cancelled"         // by us
	InvalidPlatform   CommandStatus = "InvalidPlatform"   // the document is not for this system
	StillRunning      CommandStatus = "InProgress"        // we stopped waiting and could not cancel
	StatusUnknown     CommandStatus = ""                  // it never became visible
)

// CommandError is a command that did not end well on one machine.
type CommandError struct {
	Title  string
	Result Result
}

func (e *CommandError) Error() string {
	b := &strings.Builder{}
	fmt.Fprintf(b, "%s on %s: %s", e.Title, e.Result.Machine, e.words())
	for _, out := range []struct{ name, text string }{{"stderr", e.Result.Stderr}, {"stdout", e.Result.Stdout}} {
		if t := Tail(out.text, TailLines); t != "" {
			fmt.Fprintf(b, "\n  %s: %s", out.name, strings.ReplaceAll(t, "\n", "\n          "))
		}
	}
	return b.String()
}

// ExitCode is that of an outside tool that failed.
func (e *CommandError) ExitCode() int { return exit.Outside }

func (e *CommandError) words() string {
	switch e.Result.Status {
	case Failed:
		return fmt.Sprintf("ended with code %d", e.Result.ExitCode)
	case ExecutionTimedOut:
		return "took longer than it may"
	case DeliveryTimedOut:
		return "its agent did not fetch the command in time"
	case Undeliverable:
		return "the machine or its agent is not there"
	case AccessDenied:
		return "these credentials may not command this machine"
	case StatusUnknown:
		return "was sent, and never seen again"
	case Succeeded, BatchEnded, Cancelled, InvalidPlatform, StillRunning:
	}
	return "ended as " + string(e.Result.Status)
}

// TailLines is how much of an output a message carries.
const TailLines = 20

// Tail is the last n lines of a text, fit to be shown.
func Tail(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(Plain(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
