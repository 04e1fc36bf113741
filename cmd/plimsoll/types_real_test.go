//go:build real

package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// compiler is tsc, of the npm package typescript: PLIMSOLL_TSC, else that on the PATH.
func compiler(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("PLIMSOLL_TSC"); path != "" {
		return outside(t, path)
	}
	return outside(t, "tsc")
}

// checked runs the type checker on a folder's project.
func checked(t *testing.T, tsc, dir, config string) (output string, ok bool) {
	t.Helper()
	c := exec.CommandContext(t.Context(), tsc, "--noEmit", "--pretty", "false", "--project", config)
	c.Dir = dir
	out, err := c.CombinedOutput()
	return string(out), err == nil
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Each template checks as it is written, and its configuration finds mistakes in its script.
func TestRealTypesOfEveryTemplate(t *testing.T) {
	tsc, plimsoll := compiler(t), program(t)
	for template, script := range map[string]string{"rest": "loadtest.js", "kinto": "loadtest.js", "typescript": "loadtest.ts"} {
		t.Run(template, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), template)
			command(t, nil, plimsoll, "new", dir, "--template", template).want(t, 0)
			config := "jsconfig.json"
			if strings.HasSuffix(script, ".ts") {
				config = "tsconfig.json"
			}
			if out, ok := checked(t, tsc, dir, config); !ok {
				t.Fatalf("its types do not check:\n%s", out)
			}
			text, err := os.ReadFile(filepath.Join(dir, script))
			if err != nil {
				t.Fatal(err)
			}
			for mistake, words := range map[string]string{
				"http.gett('x')":                      "'gett'",
				"scenario('x', { wait: 1 }, () => 1)": "'wait'",
				"http.get('x').statuss":               "'statuss'",
				"rest('1s')":                          "'number'",
				"import { sleeep } from 'k6'":         "'sleeep'",
				"import 'plimsoll/htp'":               "'plimsoll/htp'",
				"document.title":                      "'document'",
			} {
				put(t, filepath.Join(dir, script), string(text)+"\nimport { sleep as rest } from 'plimsoll'\n"+mistake+"\n")
				if out, ok := checked(t, tsc, dir, config); ok || !strings.Contains(out, words) {
					t.Errorf("%s is not found:\n%s", mistake, out)
				}
			}
		})
	}
}

// The examples check together, with the configuration of a scaffold.
func TestRealTypesOfEveryExample(t *testing.T) {
	tsc, plimsoll := compiler(t), program(t)
	dir := t.TempDir()
	command(t, nil, plimsoll, "new", dir).want(t, 0)
	if err := os.Remove(filepath.Join(dir, "loadtest.js")); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, pattern := range []string{"*.js", "*.ts", "*.json", "*/*.js", "*/*.ts"} {
		found, err := filepath.Glob(filepath.Join(root(t), "examples", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range found {
			name, err := filepath.Rel(filepath.Join(root(t), "examples"), file)
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, name)
			put(t, filepath.Join(dir, name), string(text))
		}
	}
	if len(names) < 5 {
		t.Fatalf("found only %q", names)
	}
	config, err := os.ReadFile(filepath.Join(dir, "jsconfig.json"))
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "jsconfig.json"), strings.Replace(string(config), `["*.js", "*.ts"]`, `["**/*.js", "**/*.ts"]`, 1))
	if out, ok := checked(t, tsc, dir, "jsconfig.json"); !ok {
		t.Errorf("the types of %q do not check:\n%s", names, out)
	}
	put(t, filepath.Join(dir, "kinto", "wrong.js"), "import http from 'plimsoll/http'\nhttp.get(1)\n")
	if out, ok := checked(t, tsc, dir, "jsconfig.json"); ok || !strings.Contains(out, "kinto/wrong.js(2,") {
		t.Errorf("a mistake beside the examples is not found:\n%s", out)
	}
}
