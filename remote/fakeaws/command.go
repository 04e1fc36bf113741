package fakeaws

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Command is one script on its way to one instance, and what came of it.
type Command struct {
	ID       string        `json:"id"`
	Instance string        `json:"instance"`
	Text     string        `json:"text"` // the commands, joined by line ends as the agent does
	Dir      string        `json:"dir,omitempty"`
	Limit    time.Duration `json:"limit"` // how long it may run
	Sent     time.Time     `json:"sent"`
	Status   string        `json:"status"`
	Details  string        `json:"details"`
	Exit     int           `json:"exit"` // -1 as long as it has none
	Stdout   string        `json:"stdout"`
	Stderr   string        `json:"stderr"`
}

// Outcome is how a script ended on its machine, before the agent tells of it in its own way.
type Outcome struct {
	Stdout, Stderr string
	Exit           int
	// Takes is how long it takes on the cloud's clock, beyond what the function that answers it takes itself.
	Takes time.Duration
	// HoldsStdout is a child in the background that keeps stdout open: the agent waits for it until the time is over.
	HoldsStdout bool
}

// Script answers the commands in memory. It runs in a goroutine of its own; ctx ends with the command's time, with its
// cancellation and with the cloud.
type Script func(ctx context.Context, i Instance, m Command) Outcome

// What the agent does with output and with some exit codes, read in its source.
const (
	maxStdout = 24000
	maxStderr = 8000
	maxListed = 2500
	cutSuffix = "--output truncated--"

	exitKilled  = 137 // taken for a time-out, whoever killed
	exitSkip    = 168 // a success that skips what is left
	exitReboot  = 194 // reboots the machine and runs the script again
	maxReboots  = 3
	minLimit    = 5 * time.Second
	maxLimit    = 172800 * time.Second
	noExit      = -1
	statusWaits = "Pending"
	statusRuns  = "InProgress"
)

// command is a Command and what the double must remember of it.
type command struct {
	Command
	node      *Instance
	comment   string
	deliverBy time.Time
	started   time.Time
	returned  time.Time
	outcome   *Outcome
	cancel    context.CancelFunc
	final     bool
	tries     int
}

func newCommand(c *Cloud, id string, i *Instance, in sendInput) *command {
	now := c.options.Now()
	limit := time.Hour
	if p := in.Parameters["executionTimeout"]; len(p) > 0 {
		n, err := strconv.Atoi(p[0])
		if d := time.Duration(n) * time.Second; err == nil && d >= minLimit && d <= maxLimit {
			limit = d // what is out of range silently becomes an hour
		}
	}
	m := &command{
		Command: Command{
			ID: id, Instance: i.ID, Text: strings.Join(in.Parameters["commands"], "\n") + "\n", Limit: limit, Sent: now,
			Status: statusWaits, Details: statusWaits, Exit: noExit,
		},
		node: i, comment: in.Comment, deliverBy: now.Add(time.Duration(in.TimeoutSeconds) * time.Second),
	}
	if dir := in.Parameters["workingDirectory"]; len(dir) > 0 {
		m.Dir = dir[0]
	}
	return m
}

// deliver keeps a command and starts it if its agent is there.
func (c *Cloud) deliver(r *region, m *command) {
	r.commands = append(r.commands, m)
	c.advanceCommand(r, m, c.options.Now())
}

// advanceCommand brings one command to the present.
func (c *Cloud) advanceCommand(r *region, m *command, now time.Time) {
	online := m.node.Ping == "Online"
	switch {
	case m.final:
	case m.started.IsZero() && online:
		c.start(m, now)
	case m.started.IsZero():
		if !now.Before(m.deliverBy) {
			m.conclude("TimedOut", "DeliveryTimedOut", noExit)
		}
	case m.outcome == nil || !m.node.ended.IsZero() && m.node.ended.Before(m.over()):
		if !now.Before(m.started.Add(m.Limit)) && !m.node.ended.IsZero() {
			m.conclude("TimedOut", "ExecutionTimedOut", noExit) // nobody is left to tell more
		}
	case online && !now.Before(m.over()):
		c.tell(r, m)
	}
}

// over is when a script whose outcome is known ends.
func (m *command) over() time.Time {
	if limit := m.started.Add(m.Limit); m.outcome.HoldsStdout || m.started.Add(m.outcome.Takes).After(limit) {
		return limit
	}
	if end := m.started.Add(m.outcome.Takes); end.After(m.returned) {
		return end
	}
	return m.returned
}

// start runs the script on its machine.
func (c *Cloud) start(m *command, now time.Time) {
	m.started, m.Status, m.Details = now, statusRuns, statusRuns
	m.tries++
	ctx, cancel := context.WithTimeout(c.ending, m.Limit)
	m.cancel = cancel
	node, asked := m.node.copy(), m.Command
	c.running.Go(func() {
		defer cancel()
		out := c.machines.Exec(ctx, node, asked)
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			out.Exit = exitKilled
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		m.outcome, m.returned = &out, c.options.Now()
	})
}

// tell reports an outcome as the agent does.
func (c *Cloud) tell(r *region, m *command) {
	out := *m.outcome
	if m.over().Equal(m.started.Add(m.Limit)) {
		out.Exit = exitKilled
	}
	m.Stdout, m.Stderr = cut(out.Stdout, maxStdout), cut(out.Stderr, maxStderr)
	if f, ok := c.world(truncateOutput, m.node.Type, ""); ok && len(m.Stdout) > f.N {
		m.Stdout = m.Stdout[:f.N]
	}
	switch out.Exit {
	case 0, exitSkip:
		m.conclude("Success", "Success", out.Exit)
	case exitKilled:
		m.conclude("TimedOut", "ExecutionTimedOut", out.Exit)
	case exitReboot:
		if m.tries > maxReboots {
			m.conclude("Failed", "Failed", out.Exit)
			return
		}
		c.reboot(m.node, m.over())
		c.advanceInstance(m.node, c.options.Now())
		m.started, m.outcome = time.Time{}, nil
		m.deliverBy = c.options.Now().Add(time.Hour)
		c.advanceCommand(r, m, c.options.Now())
	default:
		m.conclude("Failed", "Failed", out.Exit)
	}
}

func (m *command) conclude(status, details string, exit int) {
	m.final, m.Status, m.Details, m.Exit = true, status, details, exit
}

// cut shortens output as the agent does: with a suffix, within the limit.
func cut(s string, limit int) string {
	if len(s) < limit {
		return s
	}
	return s[:limit-len(cutSuffix)] + cutSuffix
}
