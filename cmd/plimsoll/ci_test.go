package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The recipe of docs/ci.md and the script of action.yml are run as they
// stand, with a plimsoll that notes its arguments and ends as it is told.

const standIn = `#!/bin/sh
echo "$@" >>"$CALLS"
case $1 in
size | run) echo record >"$4"; exit "${SIZE_EXIT:-0}" ;;
compare) exit "${COMPARE_EXIT:-0}" ;;
report) case $* in *--html*) echo page >"$4" ;; esac ;;
esac
`

// shellCase is one way that a job may go.
type shellCase struct {
	name     string
	baseline bool
	env      []string
	code     int
	calls    []string
}

func shellCases() []shellCase {
	const (
		full    = "size capacity --output plimsoll.jsonl"
		again   = full + " --from baseline.jsonl"
		compare = "compare baseline.jsonl plimsoll.jsonl --max-regression 10%"
		page    = "report plimsoll.jsonl --html plimsoll.html"
	)
	return []shellCase{
		{"no baseline", false, nil, 0, []string{full, page}},
		{"as good as the baseline", true, nil, 0, []string{again, compare, page}},
		{"a regression", true, []string{"COMPARE_EXIT=8"}, 8, []string{again, compare, page}},
		{"nothing worked", false, []string{"SIZE_EXIT=6"}, 6, []string{full, page}},
		{"inconclusive", true, []string{"SIZE_EXIT=5"}, 5, []string{again, page}},
	}
}

func TestShellRecipeOfTheDocs(t *testing.T) {
	t.Parallel()
	text := readFile(t, filepath.Join("..", "..", "docs", "ci.md"))
	_, rest, _ := strings.Cut(text, "```sh\n")
	recipe, _, ok := strings.Cut(rest, "```\n")
	if !ok {
		t.Fatal("docs/ci.md has no sh block")
	}
	for _, c := range shellCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			calls := runShell(t, "sh", recipe, c)
			wantCalls(t, calls, c.calls)
		})
	}
}

func TestScriptOfTheAction(t *testing.T) {
	t.Parallel()
	text := readFile(t, filepath.Join("..", "..", "action.yml"))
	_, rest, ok := strings.Cut(text, "        PAGE: ${{ inputs.page }}\n      run: |\n")
	if !ok {
		t.Fatal("action.yml has no step that loads")
	}
	script, _, _ := strings.Cut(rest, "\n\n    - ")
	script = strings.ReplaceAll("\n"+script, "\n        ", "\n")
	if strings.Contains(script, "${{") {
		t.Errorf("an input stands in the script, where it would be code:\n%s", script)
	}
	for _, c := range shellCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			summary, outputs := filepath.Join(t.TempDir(), "summary"), filepath.Join(t.TempDir(), "outputs")
			c.env = append(c.env, "COMMAND=size", "TEST=capacity", "MAX_REGRESSION=10%", "RECORD=plimsoll.jsonl", "PAGE=plimsoll.html",
				"ARGS=", "BASELINE=baseline.jsonl", "GITHUB_STEP_SUMMARY="+summary, "GITHUB_OUTPUT="+outputs)
			var calls []string
			for _, call := range runShell(t, "bash", script, c) {
				if call != "report plimsoll.jsonl" { // for the job's page
					calls = append(calls, call)
				}
			}
			if c.name == "inconclusive" {
				c.calls = []string{c.calls[0], "compare baseline.jsonl plimsoll.jsonl --max-regression 10%", c.calls[1]} // shown, but the first code counts
			}
			wantCalls(t, calls, c.calls)
			if got := readFile(t, outputs); !strings.HasPrefix(got, "exit-code=") {
				t.Errorf("outputs %q", got)
			}
			readFile(t, summary)
		})
	}
	t.Run("arguments keep their spaces", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		c := shellCase{env: []string{
			"COMMAND=run", "TEST=smoke", "MAX_REGRESSION=10%", "RECORD=plimsoll.jsonl", "PAGE=plimsoll.html", "BASELINE=",
			"ARGS=-e\nWHO=a b; exit 9\n", "GITHUB_STEP_SUMMARY=" + filepath.Join(dir, "s"), "GITHUB_OUTPUT=" + filepath.Join(dir, "o"),
		}}
		calls := runShell(t, "bash", script, c)
		wantCalls(t, calls[:1], []string{"run smoke --output plimsoll.jsonl -e WHO=a b; exit 9"})
	})
}

func runShell(t *testing.T, shell, script string, c shellCase) []string {
	t.Helper()
	path, err := exec.LookPath(shell)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"bin/plimsoll": standIn, "baseline.jsonl": "record\n", "script": script} {
		if name == "baseline.jsonl" && !c.baseline {
			continue
		}
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(path, "script")
	cmd.Dir = dir
	cmd.Env = append([]string{"PATH=" + filepath.Join(dir, "bin") + string(os.PathListSeparator) + os.Getenv("PATH"), "CALLS=" + filepath.Join(dir, "calls")}, c.env...)
	out, err := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != c.code {
		t.Errorf("exit status %d, want %d: %v\n%s", code, c.code, err, out)
	}
	readFile(t, filepath.Join(dir, "plimsoll.html"))
	return strings.Split(strings.TrimSpace(readFile(t, filepath.Join(dir, "calls"))), "\n")
}

func wantCalls(t *testing.T, got, want []string) {
	t.Helper()
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("plimsoll was called as\n%s\nwant\n%s", g, w)
	}
}

// The inputs that the workflow of `plimsoll new` and docs/ci.md give exist.
func TestInputsOfTheActionExist(t *testing.T) {
	t.Parallel()
	action := readFile(t, filepath.Join("..", "..", "action.yml"))
	for _, file := range []string{filepath.Join("templates", "common", "github", "plimsoll.yml"), filepath.Join("..", "..", "docs", "ci.md")} {
		_, with, ok := strings.Cut(readFile(t, file), "uses: plimsoll-load/plimsoll@main")
		if !ok {
			t.Fatalf("%s does not use the action", file)
		}
		with, _, _ = strings.Cut(with, "env:")
		inputs := regexp.MustCompile(`(?m)^ +([a-z-]+): `).FindAllStringSubmatch(with, -1)
		if len(inputs) < 3 {
			t.Errorf("%s: found inputs %q", file, inputs)
		}
		for _, m := range inputs {
			if !strings.Contains(action, "\n  "+m[1]+":\n") {
				t.Errorf("%s: the action has no input %q", file, m[1])
			}
		}
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
