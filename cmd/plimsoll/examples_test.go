package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/target"
)

// Each example says first what it teaches, works against the demo target, and
// sends exactly the requests that it is told to have sent.
func TestEveryExampleWorks(t *testing.T) {
	t.Parallel()
	var scripts []string
	for _, pattern := range []string{"*.js", "*.ts", "*/*.js", "*/*.ts"} {
		found, err := filepath.Glob(filepath.Join("..", "..", "examples", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, script := range found {
			if filepath.Base(filepath.Dir(script)) != "custom" { // it needs the program beside it, whose test runs it
				scripts = append(scripts, script)
			}
		}
	}
	if len(scripts) < 4 {
		t.Fatalf("found only %v", scripts)
	}
	for _, script := range scripts {
		t.Run(filepath.Base(script), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(script)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(string(text), "// Teaches: ") {
				t.Errorf("it does not open with what it teaches, // Teaches: …")
			}
			server, err := target.Start(context.WithoutCancel(t.Context()), target.Config{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = server.Close() })
			p, stdout, stderr := world(t, "run", script, "--vus=2", "--iterations=100", "--json")
			p.environ = func() []string { return []string{"SERVER_URL=" + server.URL()} }
			if code := p.main(); code != 0 {
				t.Fatalf("exit status %d\n%s", code, stderr)
			}
			var got struct {
				Iterations struct{ OK, Failed uint64 }
				Requests   struct{ Count, Failed uint64 }
				Checks     struct{ Passed, Failed uint64 }
			}
			if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
				t.Fatalf("%v\n%s", err, stdout)
			}
			if got.Iterations.OK != 100 || got.Iterations.Failed+got.Requests.Failed+got.Checks.Failed != 0 || got.Checks.Passed == 0 {
				t.Errorf("got %+v, want 100 iterations without a failure", got)
			}
			if counts := server.Counts(); counts.Requests != got.Requests.Count {
				t.Errorf("the target counted %d requests, the run %d", counts.Requests, got.Requests.Count)
			}
		})
	}
}

// TestScenariosExampleRunsSideBySide: without flags for the load it is the script's own.
func TestScenariosExampleRunsSideBySide(t *testing.T) {
	t.Parallel()
	server, err := target.Start(context.WithoutCancel(t.Context()), target.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	p, stdout, stderr := world(t, "run", filepath.Join("..", "..", "examples", "scenarios.js"), "--json", "-e", "LENGTH=1s")
	p.environ = func() []string { return []string{"SERVER_URL=" + server.URL()} }
	if code := p.main(); code != 0 {
		t.Fatalf("exit status %d\n%s", code, stderr)
	}
	var got struct {
		Scenarios []struct {
			Name          string
			Count, Failed uint64
		}
	}
	if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
		t.Fatalf("%v\n%s", err, stdout)
	}
	ran := map[string]uint64{}
	for _, s := range got.Scenarios {
		if ran[s.Name] = s.Count; s.Failed > 0 {
			t.Errorf("%+v failed", s)
		}
	}
	if len(ran) != 3 || ran["browsing"] < 4 || ran["orders"] != 20 || ran["nightly"] != 15 {
		t.Errorf("iterations are %v, want some of browsing, 20 orders and 15 nightly ones", ran)
	}
}
