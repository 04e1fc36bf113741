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

// Launch has nothing to bring up: see boot.
func (m *memory) Launch(context.Context, Instance) (string, error) { return "", nil }

// Exec asks the test.
func (m *memory) Exec(ctx context.Context, i Instance, asked Command) Outcome {
	m.obey(i.ID, asked.Text)
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

// obey lets a running instance do what a script says of shutdowns.
func (m *memory) obey(id, script string) {
	m.cloud.mu.Lock()
	defer m.cloud.mu.Unlock()
	for _, r := range m.cloud.regions {
		if i := r.instance(id); i != nil {
			obey(i, script, m.cloud.options.Now())
		}
	}
}

// obey finds the shutdowns that a script asks for, in their order, and sets or stops the timer. Their minutes may be a
// number or a variable that the script sets to one.
func obey(i *Instance, script string, at time.Time) {
	script = uncommented(script)
	set := map[string]string{}
	for _, a := range regexp.MustCompile(`(?m)^(\w+)=['"]?(\d+)['"]?$`).FindAllStringSubmatch(script, -1) {
		set[a[1]] = a[2]
	}
	for _, a := range regexp.MustCompile(`\bshutdown\s+(?:-[hP]\s+)?['"]?(-c|now|\+(?:\d+|\$\{?\w+\}?))`).FindAllStringSubmatch(script, -1) {
		wanted := strings.Trim(a[1], "+${}")
		if value, ok := set[wanted]; ok {
			wanted = value
		}
		minutes, _ := strconv.Atoi(wanted) // 0 for now
		i.DeadMan = at.Add(time.Duration(minutes) * time.Minute)
		if a[1] == "-c" {
			i.DeadMan = time.Time{}
		}
	}
}

// heredoc begins a text that a script writes and does not run.
var heredoc = regexp.MustCompile(`<<'([\w-]+)'`)

// uncommented is a script without the lines that only comment, and without the texts that it only writes.
func uncommented(script string) string {
	var out []string
	end := ""
	for line := range strings.Lines(script) {
		switch text := strings.TrimSpace(line); {
		case end != "":
			if text == end {
				end = ""
			}
		case !strings.HasPrefix(text, "#"):
			out = append(out, line)
			if begins := heredoc.FindStringSubmatch(line); begins != nil {
				end = begins[1]
			}
		}
	}
	return strings.Join(out, "")
}
