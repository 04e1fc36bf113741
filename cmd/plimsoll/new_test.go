package main

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/jsapi"
	"github.com/plimsoll-load/plimsoll/jsapi/all"
	"github.com/plimsoll-load/plimsoll/runtime/exit"
	"github.com/plimsoll-load/plimsoll/runtime/repo"
	"github.com/plimsoll-load/plimsoll/runtime/target"
)

// world is a process whose output is kept.
func world(t *testing.T, args ...string) (p process, stdout, stderr *bytes.Buffer) {
	t.Helper()
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	state := t.TempDir()
	return process{
		args: args, stdin: strings.NewReader(""), stdout: stdout, stderr: stderr,
		env: func(name string) string {
			if name == "XDG_STATE_HOME" {
				return state
			}
			return ""
		},
		environ: func() []string { return nil },
	}, stdout, stderr
}

func TestNewWritesAScaffoldThatRuns(t *testing.T) {
	t.Parallel()
	server, err := target.Start(context.WithoutCancel(t.Context()), target.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	for _, template := range scaffoldNames() {
		t.Run(template, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "loads", template)
			p, stdout, stderr := world(t, "new", dir, "--template", template)
			if code := p.main(); code != 0 {
				t.Fatalf("exit status %d: %s", code, stderr)
			}
			var want []string
			if err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
				if !d.IsDir() {
					want = append(want, path)
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if got := strings.Fields(stdout.String()); !slices.Equal(got, want) || len(got) != 7 {
				t.Errorf("says it wrote %q, there are %q", got, want)
			}
			project, err := repo.LoadProject(dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"smoke", "capacity"} {
				test, err := project.Test(name)
				if err != nil {
					t.Fatal(err)
				}
				p, stdout, stderr := world(t, "run", test.Script, "--vus", "2", "--iterations", "30", "--quiet", "-e", "SERVER_URL="+server.URL())
				if code := p.main(); code != 0 {
					t.Errorf("its script exits %d:\n%s\n%s", code, stdout, stderr)
				}
			}
		})
	}
}

func TestNewNeverOverwrites(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	kept := filepath.Join(dir, "plimsoll.json")
	if err := os.WriteFile(kept, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	p, _, stderr := world(t, "new", dir)
	if code := p.main(); code != exit.Usage || !strings.Contains(stderr.String(), "plimsoll.json is there already") {
		t.Errorf("exit status %d: %s", code, stderr)
	}
	files, err := os.ReadDir(dir)
	text, readErr := os.ReadFile(kept)
	if err != nil || readErr != nil || len(files) != 1 || string(text) != "mine" {
		t.Errorf("left %v with %q: %v, %v", files, text, err, readErr)
	}
}

func TestNewRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	for word, args := range map[string][]string{
		"did you mean typescript?": {"new", t.TempDir(), "--template", "typescrip"},
		"got 2 arguments":          {"new", "a", "b"},
		"not a directory":          {"new", filepath.Join(os.Args[0], "x")},
	} {
		p, _, stderr := world(t, args...)
		if code := p.main(); code != exit.Usage || !strings.Contains(stderr.String(), word) {
			t.Errorf("%q: exit status %d: %s", args, code, stderr)
		}
	}
}

func TestNewWritesTheTypesOfThisVersion(t *testing.T) {
	t.Parallel()
	for _, name := range scaffoldNames() {
		s, err := newScaffold(name)
		if err != nil {
			t.Fatal(err)
		}
		files, err := s.files()
		if err != nil {
			t.Fatal(err)
		}
		if string(files["plimsoll.d.ts"]) != jsapi.DTS(all.Modules()) {
			t.Error("plimsoll.d.ts is not what `plimsoll types` prints")
		}
		for file, text := range files {
			if bytes.Contains(text, []byte("<<")) {
				t.Errorf("%s: %s has a mark that was not filled in", name, file)
			}
		}
		if s.script == "" || strings.Contains(s.script, "examples/") {
			t.Errorf("%s: its script is empty, or speaks of the examples", name)
		}
	}
}
