package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/target"
)

// The recipe of docs/ci.md and the shell steps of action.yml and of the
// workflow of `plimsoll new` are run as they stand: with a plimsoll that notes
// its arguments and ends as it is told, and once each with plimsoll itself.

const standIn = `#!/bin/sh
echo "$@" >>"$CALLS"
case $1 in
size | run) [ -n "${NOT_RUN:-}" ] || echo record >"$4"; exit "${SIZE_EXIT:-0}" ;;
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
	shell    []string          // how the script is called; none: sh
	files    map[string]string // what is in its folder
}

// shellCases are ways that a job may go; compare and report are the calls that the script makes for each.
func shellCases(compare, report string) []shellCase {
	const (
		full  = "size capacity --output plimsoll.jsonl"
		again = full + " --from baseline.jsonl --max-regression 12%"
	)
	return []shellCase{
		{name: "no baseline", calls: []string{full, report}},
		{name: "as good as the baseline", baseline: true, calls: []string{again, compare, report}},
		{name: "a regression", baseline: true, env: []string{"COMPARE_EXIT=8"}, code: 8, calls: []string{again, compare, report}},
		{name: "nothing worked", env: []string{"SIZE_EXIT=6"}, code: 6, calls: []string{full, report}},
		{name: "nothing was run", baseline: true, env: []string{"SIZE_EXIT=3", "NOT_RUN=1"}, code: 3, calls: []string{again}},
		{name: "a wrong call", env: []string{"SIZE_EXIT=2", "NOT_RUN=1"}, code: 2, calls: []string{full}},
		{name: "the teardown failed", env: []string{"SIZE_EXIT=3"}, code: 3, calls: []string{full, report}},
	}
}

func recipeOfTheDocs(t *testing.T) string {
	t.Helper()
	_, rest, _ := strings.Cut(readFile(t, filepath.Join("..", "..", "docs", "ci.md")), "```sh\n")
	recipe, _, ok := strings.Cut(rest, "```\n")
	if !ok {
		t.Fatal("docs/ci.md has no sh block")
	}
	return recipe
}

func TestShellRecipeOfTheDocs(t *testing.T) {
	t.Parallel()
	recipe := recipeOfTheDocs(t)
	cases := append(shellCases("compare baseline.jsonl plimsoll.jsonl --max-regression 12%",
		"report plimsoll.jsonl --html plimsoll.html --summary md,json,junit=result"), shellCase{
		name: "a regression seen while sizing", baseline: true, env: []string{"SIZE_EXIT=8"}, code: 8, calls: []string{
			"size capacity --output plimsoll.jsonl --from baseline.jsonl --max-regression 12%",
			"report plimsoll.jsonl --html plimsoll.html --summary md,json,junit=result",
		},
	})
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.env = append(c.env, "MAX_REGRESSION=12%")
			wantCalls(t, runShell(t, recipe, c), c.calls)
		})
	}
}

// actionEnv is what the action gives to its step that loads.
func actionEnv(dir string, more ...string) []string {
	return append([]string{
		"COMMAND=size", "TEST=capacity", "MAX_REGRESSION=12%", "RECORD=plimsoll.jsonl", "PAGE=plimsoll.html", "JUNIT=plimsoll.xml",
		"ARGS=", "BASELINE=baseline.jsonl", "GITHUB_STEP_SUMMARY=" + filepath.Join(dir, "summary"), "GITHUB_OUTPUT=" + filepath.Join(dir, "outputs"),
	}, more...)
}

func TestScriptOfTheAction(t *testing.T) {
	t.Parallel()
	script := shellSteps(t, filepath.Join("..", "..", "action.yml"))["Load"]
	compare := "compare baseline.jsonl plimsoll.jsonl --max-regression 12% --summary md"
	for _, c := range shellCases(compare, "report plimsoll.jsonl --html plimsoll.html --summary junit=plimsoll.xml --summary md") {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			c.env, c.shell = actionEnv(dir, c.env...), github()
			if len(c.calls) == 3 {
				c.calls[1], c.calls[2] = c.calls[2], c.calls[1] // the run comes first in the job's page
			}
			wantCalls(t, runShell(t, script, c), c.calls)
			if got := readFile(t, filepath.Join(dir, "outputs")); !regexp.MustCompile(`^exit-code=\d+\n$`).MatchString(got) {
				t.Errorf("outputs %q", got)
			}
		})
	}
	t.Run("arguments keep their spaces", func(t *testing.T) {
		t.Parallel()
		c := shellCase{shell: github(), env: actionEnv(t.TempDir(), "COMMAND=run", "TEST=smoke", "ARGS=-e\nWHO=a b; exit 9\n")}
		calls := runShell(t, script, c)
		wantCalls(t, calls[:1], []string{"run smoke --output plimsoll.jsonl -e WHO=a b; exit 9"})
	})
	t.Run("a run is compared, too", func(t *testing.T) {
		t.Parallel()
		c := shellCase{shell: github(), baseline: true, env: actionEnv(t.TempDir(), "COMMAND=run", "TEST=smoke", "COMPARE_EXIT=8"), code: 8}
		calls := runShell(t, script, c)
		wantCalls(t, calls[:1], []string{"run smoke --output plimsoll.jsonl"})
		wantCalls(t, calls[2:], []string{compare})
	})
}

// The action's step and the recipe, with plimsoll itself: what they leave is there.
func TestShellStepsWithPlimsollItself(t *testing.T) {
	t.Parallel()
	server, err := target.Start(context.WithoutCancel(t.Context()), target.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	steps := shellSteps(t, filepath.Join("..", "..", "action.yml"))
	own := []string{"SERVER_URL=" + server.URL(), asProgram + "=1", "HOME=" + t.TempDir()}
	for path, code := range map[string]int{"/": 0, "/nothing": 6} {
		dir := t.TempDir()
		put := map[string]string{
			"plimsoll.json": `{"tests": {"smoke": {"script": "get.js", "options": {"iterations": 9}}}}`,
			"get.js":        "import http from 'plimsoll/http'\nexport default () => http.get(__ENV.SERVER_URL + '" + path + "')\n",
		}
		env := append(actionEnv(dir, "COMMAND=run", "TEST=smoke", "BASELINE="), own...)
		job(t, dir, steps["Load"], shellCase{env: env, code: code, files: put, shell: github()})
		for file, want := range map[string]string{
			"summary": "| iterations | rate |", "plimsoll.xml": `name="verdict"`, "plimsoll.html": "</html>", "outputs": "exit-code=",
		} {
			if got := readFile(t, filepath.Join(dir, file)); !strings.Contains(got, want) {
				t.Errorf("%s has no %q:\n%.600s", file, want, got)
			}
		}
	}
	dir := t.TempDir() // of a service that never works a sizing ends at once
	put := map[string]string{
		"plimsoll.json": `{"tests": {"capacity": {"script": "get.js"}}}`,
		"get.js":        "import http from 'plimsoll/http'\nexport default () => http.get(__ENV.SERVER_URL + '/nothing')\n",
	}
	job(t, dir, recipeOfTheDocs(t), shellCase{env: own, code: 6, files: put})
	for _, file := range []string{"plimsoll.jsonl", "plimsoll.html", "result.md", "result.json", "result.xml"} {
		readFile(t, filepath.Join(dir, file))
	}
	if got := readFile(t, filepath.Join(dir, "plimsoll.json")); got != put["plimsoll.json"] {
		t.Errorf("the project file was changed: %s", got)
	}
}

// The workflow's own steps: the service is started and waited for, and the record becomes the baseline.
func TestStepsOfTheWorkflow(t *testing.T) {
	t.Parallel()
	s, err := newScaffold("rest")
	if err != nil {
		t.Fatal(err)
	}
	files, err := s.files()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "plimsoll.yml")
	if err := os.WriteFile(file, files[".github/workflows/plimsoll.yml"], 0o600); err != nil {
		t.Fatal(err)
	}
	steps := shellSteps(t, file)
	var asked atomic.Int64
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			http.Error(w, "starting", http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(slow.Close)
	shell(t, "curl")
	dir := t.TempDir()
	job(t, dir, steps["Start the service"], shellCase{
		env: []string{"SERVER_URL=" + slow.URL}, shell: []string{"bash", "-e"},
		files: map[string]string{"bin/docker": "#!/bin/sh\necho \"$@\" >>\"$CALLS\"\n"},
	})
	wantCalls(t, calls(t, dir), []string{"run --detach --name service --publish 127.0.0.1:8888:8888 kinto/kinto-server:latest"})
	if asked.Load() != 2 {
		t.Errorf("the service was asked %d times, want once more after it was not ready", asked.Load())
	}

	dir = t.TempDir()
	job(t, dir, steps["Make it the baseline"], shellCase{shell: []string{"bash", "-e"}, files: map[string]string{"plimsoll.jsonl": "record\n"}})
	if got := readFile(t, filepath.Join(dir, "baseline.jsonl")); got != "record\n" {
		t.Errorf("the baseline is %q", got)
	}
}

// github is how GitHub calls a step whose shell is bash.
func github() []string { return []string{"bash", "--noprofile", "--norc", "-eo", "pipefail"} }

// shellSteps are the steps of a workflow or an action that have a name and a
// script. In the text of a script an expression would be code.
func shellSteps(t *testing.T, file string) map[string]string {
	t.Helper()
	text := readFile(t, file)
	steps := map[string]string{}
	for _, step := range regexp.MustCompile(`(?m)^ +- `).Split(text, -1) {
		named := regexp.MustCompile(`(?m)^(?:[ #]*)?name: (.*)$`).FindStringSubmatch(step)
		run := regexp.MustCompile(`(?m)^( *)run: (?:\|\n((?:(?: {8,}.*)?\n?)+)|(.*)\n?)`).FindStringSubmatch(step)
		if run == nil {
			continue
		}
		script := run[3]
		if run[2] != "" {
			indent := regexp.MustCompile(`^ +`).FindString(run[2])
			script = strings.ReplaceAll("\n"+run[2], "\n"+indent, "\n")
			script, _, _ = strings.Cut(script, "\n"+run[1]+"env:") // the step's next key
		}
		if named == nil {
			t.Fatalf("%s: a step has no name:\n%s", file, step)
		}
		if strings.Contains(script, "${{") {
			t.Errorf("%s: an expression stands in the script of %q, where it would be code:\n%s", file, named[1], script)
		}
		steps[named[1]] = script
	}
	return steps
}

// runShell runs a script where plimsoll is the stand-in, and returns its calls.
func runShell(t *testing.T, script string, c shellCase) []string {
	t.Helper()
	dir := t.TempDir()
	c.files = map[string]string{"bin/plimsoll": standIn}
	if c.baseline {
		c.files["baseline.jsonl"] = "record\n"
	}
	job(t, dir, script, c)
	return calls(t, dir)
}

func calls(t *testing.T, dir string) []string {
	t.Helper()
	return strings.Split(strings.TrimSpace(readFile(t, filepath.Join(dir, "calls"))), "\n")
}

// job runs a script in a folder; without a stand-in there, plimsoll is this very program.
func job(t *testing.T, dir, script string, c shellCase) {
	t.Helper()
	call := append([]string{}, c.shell...)
	if len(call) == 0 {
		call = []string{"sh"}
	}
	path := shell(t, call[0])
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{"script": script, "bin/plimsoll": "#!/bin/sh\nexec '" + self + "' \"$@\"\n"}
	for name, text := range c.files {
		all[name] = text
	}
	for name, text := range all {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(path, append(call[1:], "script")...)
	cmd.Dir = dir
	cmd.Env = append([]string{"PATH=" + filepath.Join(dir, "bin") + string(os.PathListSeparator) + os.Getenv("PATH"), "CALLS=" + filepath.Join(dir, "calls")}, c.env...)
	out, err := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != c.code {
		t.Errorf("exit status %d, want %d: %v\n%s", code, c.code, err, out)
	}
}

// shell finds a program of the job's machine. On CI it must be there.
func shell(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return path
}

func wantCalls(t *testing.T, got, want []string) {
	t.Helper()
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("it was called as\n%s\nwant\n%s", g, w)
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
