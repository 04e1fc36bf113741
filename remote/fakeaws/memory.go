package fakeaws

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// memory are machines of which nothing exists but their shutdown timers; a function of the test answers the commands.
type memory struct {
	cloud  *Cloud
	script Script
}

// Launch lets the user data be run, as far as it speaks of a shutdown.
func (m *memory) Launch(_ context.Context, i Instance) (string, error) {
	m.obey(i.ID, i.UserData, i.Launched.Add(m.cloud.options.Boot))
	return "", nil
}

// Exec asks the test.
func (m *memory) Exec(ctx context.Context, i Instance, asked Command) Outcome {
	m.obey(i.ID, asked.Text, m.cloud.options.Now())
	if m.script == nil {
		return Outcome{}
	}
	return m.script(ctx, i, asked)
}

// Destroy has nothing to take down.
func (m *memory) Destroy(string) error { return nil }

// Console is what a machine prints that boots well.
func (m *memory) Console(id string) string {
	return "[    0.000000] Linux version 6.1\n" + id + " login: "
}

// Ingress is not enforced in memory.
func (m *memory) Ingress(Instance, []Rule) {}

// obey finds the shutdowns that a script asks for, in their order, and sets or stops the timer.
func (m *memory) obey(id, script string, at time.Time) {
	asked := regexp.MustCompile(`(?m)\bshutdown\s+(?:-[hP]\s+)?['"]?(-c|now|\+\d+)`).FindAllStringSubmatch(uncommented(script), -1)
	if len(asked) == 0 {
		return
	}
	m.cloud.mu.Lock()
	defer m.cloud.mu.Unlock()
	for _, r := range m.cloud.regions {
		i := r.instance(id)
		if i == nil {
			continue
		}
		for _, a := range asked {
			minutes, _ := strconv.Atoi(strings.TrimPrefix(a[1], "+")) // 0 for now
			i.DeadMan = at.Add(time.Duration(minutes) * time.Minute)
			if a[1] == "-c" {
				i.DeadMan = time.Time{}
			}
		}
	}
}

// uncommented is a script without the lines that only comment.
func uncommented(script string) string {
	var out []string
	for line := range strings.Lines(script) {
		if !strings.HasPrefix(strings.TrimSpace(line), "#") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "")
}
