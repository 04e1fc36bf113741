package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/plimsoll-load/plimsoll/cmd/cli"
	"github.com/plimsoll-load/plimsoll/runtime/exit"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
)

// effect is what a flag changes, and the command lines in which it would change nothing: they are refused.
type effect struct {
	what    string
	refused []string
}

// shown are the flags of all commands that show a result.
func shown(command string) map[string]effect {
	return map[string]effect{
		"json":    {"what is printed", nil},
		"md":      {"what is printed", []string{command + " --md --json"}},
		"full":    {"the rows that are printed", []string{command + " --full --json", command + " --full --md"}},
		"html":    {"a file", nil},
		"summary": {"files", nil},
		"force":   {"what outputs may replace: it allows, and asks for nothing", nil},
	}
}

// sourced are the flags of run and size that are no settings; what run has besides, and size, is below.
func sourced(command string) map[string]effect {
	all := map[string]effect{
		"repo":        {"where the test comes from", nil},
		"env":         {"what the script sees", nil},
		"secret":      {"what the script sees, and what is not written", nil},
		"quiet":       {"what is printed on stderr", nil},
		"monitor":     {"what is watched", nil},
		"output":      {"the record's file", nil},
		"demo":        {"the target", nil},
		"show-config": {"settings are shown and nothing runs: it is added to a command line as it stands", nil},
		"machine":     {"the record", nil},
	}
	for _, name := range []string{"ref=main", "dir=x", "install", "submodules", "offline", "allow-file", "max-repo-size=1MiB"} {
		flag, _, _ := strings.Cut(name, "=")
		all[flag] = effect{"the clone", []string{command + " --" + name}}
	}
	return all
}

// effects are those of all flags of all commands, but for settings: runtime/plan has the table of those.
func effects() map[string]map[string]effect {
	all := map[string]map[string]effect{
		"run":     shown("run get.js"),
		"size":    shown("size get.js"),
		"report":  shown("report"),
		"compare": shown("compare a.jsonl b.jsonl"),
		"watch":   {"every": {"how often it looks", nil}, "duration": {"how long", nil}},
		"target": {
			"model": {"what is served", nil}, "listen": {"where", []string{"target --owned --listen 127.0.0.1:0"}},
			"owned": {"who ends it", nil},
		},
		"new":  {"template": {"what is written", nil}},
		"help": {"all": {"the flags that are shown", nil}},
	}
	maps.Copy(all["run"], sourced("run get.js"))
	maps.Copy(all["size"], sourced("size get.js"))
	maps.Copy(all["run"], map[string]effect{
		"sizing":       {"the way to make the load", nil},
		"classic-only": {"what follows the classic's ramp", []string{"run get.js --classic-only", "run get.js --classic-only --vus 2 --duration 1s"}},
	})
	all["size"]["from"] = effect{"the answer that is checked again", nil}
	maps.Copy(all["report"], map[string]effect{
		"png": {"a file", nil}, "svg": {"a file", nil},
		"resources":    {"the resources that are shown", nil},
		"clock-offset": {"their times", []string{"report --clock-offset 1s"}},
		"replicas":     {"advice is shown, and no run", nil},
		"target-load":  {"that advice", []string{"report --target-load 5"}},
	})
	for flag, value := range map[string]string{
		"html": "x.html", "md": "true", "full": "true", "force": "true", "summary": "json=x.json", "png": "x.png", "svg": "x.svg", "resources": "x.csv", "clock-offset": "1s",
	} {
		e := all["report"][flag]
		e.refused = append(e.refused, "report --replicas 1=a.jsonl --target-load 5 --"+flag+"="+value)
		all["report"][flag] = e
	}
	maps.Copy(all["compare"], map[string]effect{
		"max-regression": {"the exit code", nil},
		"target-load":    {"how many machines are needed", nil},
	})
	return all
}

// TestEachFlagOfEachCommandHasAnEffectOrIsRefused fails when a command gains a flag that effects does not know.
func TestEachFlagOfEachCommandHasAnEffectOrIsRefused(t *testing.T) {
	t.Parallel()
	settings := map[string]bool{}
	for _, s := range cli.Settings(plan.Run, plan.Size, plan.Classic) {
		settings[s.Name] = true
	}
	table, root := effects(), newRoot(process{})
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() {
		known := table[c.Name()]
		seen := map[string]bool{}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			seen[f.Name] = true
			switch e := known[f.Name]; {
			case f.Name == "help", settings[f.Name] && (c.Name() == "run" || c.Name() == "size"):
			case e.what == "":
				t.Errorf("%s --%s: say in effects what it changes, and where it is refused", c.Name(), f.Name)
			}
		})
		for name, e := range known {
			if !seen[name] {
				t.Errorf("%s has no flag --%s", c.Name(), name)
			}
			for _, line := range e.refused {
				if err := refusal(t, line); !strings.Contains(err, "--"+name+" has no effect with") || !strings.Contains(err, "`plimsoll "+c.Name()) {
					t.Errorf("plimsoll %s: %q, want that --%s is refused, and where it belongs", line, err, name)
				}
			}
		}
		delete(table, c.Name())
	}
	if left := slices.Collect(maps.Keys(table)); len(left) > 0 {
		t.Errorf("there are no commands %v", left)
	}
}

// refusal is the error of a command line with its hint; it must be one of usage.
func refusal(t *testing.T, line string) string {
	t.Helper()
	p, _, _ := world(t, strings.Fields(line)...)
	root := newRoot(p)
	root.SetArgs(p.args)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	err := root.ExecuteContext(t.Context())
	var fault cli.FaultError
	if !errors.As(err, &fault) || fault.Code != exit.Usage {
		return fmt.Sprintf("%v (no error of usage)", err)
	}
	return fault.Error() + " hint: " + fault.Advice
}
