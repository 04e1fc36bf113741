package repo_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/plan"
	"github.com/plimsoll-load/plimsoll/runtime/repo"
)

const full = `{
  "$schema": "https://example.org/plimsoll.schema.json",
  "requirements": "package-lock.json",
  "env": {"SERVER_URL": "http://127.0.0.1:8888/v1", "WHO": "all"},
  "tests": {
    "smoke": {"script": "./loadtest.js", "options": {"vus": 4, "duration": "30s", "stages": [{"duration": "10s", "target": 5}]}},
    "sizer": {
      "script": "load/kinto.ts",
      "options": {"maxVUs": 50, "failOn": ["checks", "requests"], "insecure": true},
      "sizing": {"tolerance": "10%", "objectives": ["p(95)<200ms"], "perScenario": false},
      "monitor": ["container=kinto", "auto"],
      "env": {"WHO": "sizer"},
      "target": {"image": "kinto/kinto-server:latest", "port": 8888}
    }
  }
}`

func TestProjectIsRead(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"plain": full, "CRLF": strings.ReplaceAll(full, "\n", "\r\n"), "BOM": "\xef\xbb\xbf" + full,
	} {
		p, err := repo.ParseProject(filepath.Join("x", "plimsoll.json"), []byte(text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !p.Install || p.Dir != "x" || !slices.Equal(p.Names(), []string{"smoke", "sizer"}) {
			t.Errorf("%s: got %+v", name, p)
		}
		got, err := p.Test("sizer")
		if err != nil {
			t.Fatal(err)
		}
		want := []plan.Setting{
			{Name: "max-vus", Value: "50", Source: plan.Test},
			{Name: "fail-on", Value: `["checks","requests"]`, Source: plan.Test},
			{Name: "insecure", Value: "true", Source: plan.Test},
			{Name: "tolerance", Value: "10%", Source: plan.Test},
			{Name: "objective", Value: `["p(95)<200ms"]`, Source: plan.Test},
			{Name: "per-scenario", Value: "false", Source: plan.Test},
		}
		if !slices.Equal(got.Options, want) {
			t.Errorf("%s: options\n%+v, want\n%+v", name, got.Options, want)
		}
		if got.Script != filepath.Join("x", "load", "kinto.ts") || got.Cloned || got.Target != (repo.Target{Image: "kinto/kinto-server:latest", Port: 8888}) ||
			!slices.Equal(got.Monitor, []string{"container=kinto", "auto"}) {
			t.Errorf("%s: got %+v", name, got)
		}
		if !maps.Equal(got.Env, map[string]string{"SERVER_URL": "http://127.0.0.1:8888/v1", "WHO": "sizer"}) {
			t.Errorf("%s: env %v", name, got.Env)
		}
	}
}

func TestNamedTestIsASourceOfThePlan(t *testing.T) {
	t.Parallel()
	p, err := repo.ParseProject("plimsoll.json", []byte(full))
	if err != nil {
		t.Fatal(err)
	}
	test, err := p.Test("smoke")
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := plan.Resolve(plan.Sources{Mode: plan.Run, Script: []byte(`{"vus": 1}`), Test: test.Options})
	if err != nil || got.VUs != 4 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestMissingTestListsThoseThere(t *testing.T) {
	t.Parallel()
	p, err := repo.ParseProject("plimsoll.json", []byte(full))
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Test("sizzer")
	says(t, err, 2, `has no test "sizzer"`, `did you mean sizer?`, "there are smoke, sizer")
	_, err = p.Test("something else")
	says(t, err, 2, "there are smoke, sizer")
}

func TestMistakesInAProjectHaveAPosition(t *testing.T) {
	t.Parallel()
	test := func(body string) string { return "{\"tests\": {\"a\": {\"script\": \"a.js\",\n  " + body + "}}}" }
	for _, c := range []struct {
		text  string
		wants []string
	}{
		{"", []string{"p.json:1:1:", "ends too early"}},
		{"[]", []string{"p.json:1:1:", "want an object, got a list"}},
		{"{\n  \"tests\": {},\n}", []string{"p.json:3:1:", "no comma after the last"}},
		{"{\"tests\": {}}", []string{"p.json:1:1:", "has no tests", "smoke"}},
		{"{\"tests\": {}} x", []string{"p.json:1:15:", "after the end"}},
		{"{\"tests\": {", []string{"p.json:1:12:", "ends too early"}},
		{"// x\n{}", []string{"p.json:1:1:", "no comments"}},
		{"{\"äö\xff\": 1}", []string{"p.json:1:5:", "is not UTF-8"}},
		{"\xff\xfe{\x00", []string{"UTF-16"}},
		{strings.Repeat("[", 100), []string{"p.json:1:34:", "nested deeper"}},
		{strings.Repeat(" ", 2<<20), []string{"is larger than"}},
		{"{\"test\": {}}", []string{"p.json:1:2:", `unknown key "test"`, `did you mean tests?`}},
		{"{\"requirements\": \"requirements.txt\"}", []string{"p.json:1:18:", "is not what npm packages are installed from", "package-lock.json"}},
		{"{\"requirements\": true}", []string{"p.json:1:18:", "want a string"}},
		{"{\"install\": true}", []string{"p.json:1:2:", `unknown key "install"`, `"requirements": "package-lock.json"`}},
		{"{\"molotov\": {}}", []string{"p.json:1:2:", "molotov.json", "smoke"}},
		{"{\"tests\": {\"a\": 1}}", []string{"p.json:1:17:", "want an object, got a number"}},
		{"{\"tests\": {\"a\": {}}}", []string{"p.json:1:17:", `"a" has no script`}},
		{"{\"tests\": {\"-a\": {}}}", []string{"p.json:1:12:", "cannot be the name"}},
		{"{\"tests\": {\"../a\": {}}}", []string{"cannot be the name"}},
		{"{\"tests\": {\"a\": {\"script\": \"/etc/passwd\"}}}", []string{"p.json:1:28:", "no relative path"}},
		{"{\"tests\": {\"a\": {\"script\": 7}}}", []string{"p.json:1:28:", "want a string"}},
		{test(`"script": "b.js"`), []string{"p.json:2:3:", `"script" is there twice`}},
		{test(`"option": {}`), []string{"p.json:2:3:", `did you mean options?`}},
		{test(`"options": {"vuss": 1}`), []string{"p.json:2:15:", `no setting "vuss"`, `did you mean vus?`}},
		{test(`"options": {"vus": -1}`), []string{"p.json:2:22:", "vus", "whole number"}},
		{test(`"options": {"vus": {}}`), []string{"p.json:2:22:", "got an object"}},
		{test(`"options": {"vus": null}`), []string{"p.json:2:22:", "got null"}},
		{test(`"options": {"duration": 30}`), []string{"p.json:2:27:", "no unit", "30s"}},
		{test(`"options": {"vus": 1, "workers": 2}`), []string{"p.json:2:25:", "vus is set twice"}},
		{test(`"sizing": {"toleranc": "5%"}`), []string{"p.json:2:14:", `did you mean tolerance?`}},
		{test(`"sizing": {"vus": 5}`), []string{"p.json:2:14:", `no setting "vus"`}},
		{test(`"sizing": {"tolerance": "500%"}`), []string{"p.json:2:27:", "more than 100%"}},
		{test(`"monitor": [1]`), []string{"p.json:2:15:", "want a string"}},
		{test(`"monitor": "--x"`), []string{"p.json:2:14:", "is no source"}},
		{test(`"env": {"A B": "x"}`), []string{"p.json:2:11:", "name of a variable"}},
		{test(`"env": {"A": 1}`), []string{"p.json:2:16:", "want a string, got a number"}},
		{test(`"target": {"image": "--privileged"}`), []string{"p.json:2:23:", "no container image"}},
		{test(`"target": {"port": 99999}`), []string{"p.json:2:22:", "1 to 65535"}},
		{test(`"target": {"port": "80"}`), []string{"p.json:2:22:", "want a number"}},
	} {
		_, err := repo.ParseProject("p.json", []byte(c.text))
		says(t, err, 2, c.wants...)
	}
}

func TestPythonScriptGetsTheWayToConvert(t *testing.T) {
	t.Parallel()
	_, err := repo.ParseProject("p.json", []byte(`{"tests": {"a": {"script": "loadtest.py"}}}`))
	says(t, err, 3, "p.json:1:28:", "Python", "scenario('browse'", "plimsoll new")
	for _, text := range []string{
		`{"molotov": {"requirements": "r.txt", "tests": {"sizer": {"sizing": true, "scenario": "loadtest.py"}}}}`,
		`{"molotov": {"tests": {"sizer": {"workers": 1}}}}`,
	} {
		_, err = repo.LoadProject(folder(t, map[string]string{"molotov.json": text}))
		says(t, err, 3, "molotov.json:1:", "loadtest.py", "Python", "scenario('browse'")
	}
}

func TestMolotovsNamedTestsAreReadWhereTheyMeanTheSame(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"molotov.json": `{"molotov": {"env": {"SERVER_URL": "http://x"}, "requirements": "r.txt", "tests": {
		"big": {"scenario": "big.js", "workers": 10, "duration": 60, "delay": 0.5, "verbose": 2, "processes": 5},
		"sizer": {"scenario": "big.js", "sizing": true, "sizing_tolerance": 10, "ramp_up": 300}}}}`})
	p, err := repo.LoadProject(dir)
	if err != nil {
		t.Fatal(err)
	}
	big, err := p.Test("big")
	want := []plan.Setting{
		{Name: "vus", Value: "10", Source: plan.Test},
		{Name: "duration", Value: "60s", Source: plan.Test},
		{Name: "delay", Value: "0.5s", Source: plan.Test},
	}
	if err != nil || !slices.Equal(big.Options, want) || big.Classic || big.Env["SERVER_URL"] != "http://x" {
		t.Errorf("big: %+v, %v", big, err)
	}
	sizer, err := p.Test("sizer")
	if err != nil || !sizer.Classic || sizer.Options[0] != (plan.Setting{Name: "tolerance", Value: "10%", Source: plan.Test}) {
		t.Errorf("sizer: %+v, %v", sizer, err)
	}
	if len(p.Notes) != 3 || !strings.Contains(p.Notes[1], "molotov.json:2:") {
		t.Errorf("notes: %q", p.Notes)
	}

	for text, word := range map[string]string{
		`"max_runs": 5`: "iterations", `"workes": 5`: "workers", `"sizing": "yes"`: "true or false", `"workers": "x"`: "want a number",
	} {
		dir := folder(t, map[string]string{"molotov.json": `{"molotov": {"tests": {"a": {"scenario": "a.js", ` + text + `}}}}`})
		_, err := repo.LoadProject(dir)
		says(t, err, 2, "molotov.json:1:", word)
	}
}

func TestPlimsollJSONComesBeforeMolotovJSON(t *testing.T) {
	t.Parallel()
	p, err := repo.LoadProject(folder(t, map[string]string{"plimsoll.json": projectFile, "molotov.json": "{"}))
	if err != nil || p.Names()[0] != "smoke" {
		t.Errorf("got %+v, %v", p, err)
	}
}

func TestFolderWithoutProjectSaysSo(t *testing.T) {
	t.Parallel()
	_, err := repo.LoadProject(t.TempDir())
	says(t, err, 2, "plimsoll.json: there is no project file", "plimsoll new")
	_, err = repo.LoadProject(folder(t, map[string]string{"plimsoll.json/x": ""}))
	says(t, err, 2, "plimsoll.json")
}

func TestEnvironmentOfAScript(t *testing.T) {
	t.Parallel()
	environ := []string{"HOME=/home/alice", "AWS_SECRET_ACCESS_KEY=s3cret", "SERVER_URL=http://mine", "EMPTY="}
	test := repo.Test{Env: map[string]string{"SERVER_URL": "http://file", "WHO": "file"}}
	for _, c := range []struct {
		name   string
		cloned bool
		given  []string
		want   map[string]string
	}{
		{"local", false, nil, map[string]string{
			"HOME": "/home/alice", "AWS_SECRET_ACCESS_KEY": "s3cret", "SERVER_URL": "http://mine", "EMPTY": "", "WHO": "file",
		}},
		{"cloned", true, nil, map[string]string{"SERVER_URL": "http://file", "WHO": "file"}},
		{"cloned, named", true, []string{"HOME", "WHO=me=you", "EMPTY", "NEW="}, map[string]string{
			"SERVER_URL": "http://file", "HOME": "/home/alice", "WHO": "me=you", "EMPTY": "", "NEW": "",
		}},
	} {
		test.Cloned = c.cloned
		got, err := test.Environment(c.given, environ)
		if err != nil || !maps.Equal(got, c.want) {
			t.Errorf("%s: got %v, %v, want %v", c.name, got, err, c.want)
		}
	}
	_, err := test.Environment([]string{"NOPE"}, environ)
	says(t, err, 2, "no such variable", "-e NOPE=VALUE")
	_, err = test.Environment([]string{"A B=1"}, environ)
	says(t, err, 2, "cannot be the name")
}

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
