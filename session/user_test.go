package session_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/jsapi"
	"github.com/plimsoll-load/plimsoll/jsapi/all"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/session"
)

// notices keeps what a session says to those who watch.
type notices struct {
	session.Ignore
	said       []string
	ok, failed uint64
}

func (n *notices) Window(w *metric.Window) error {
	_, ok, failed := w.Iterations()
	n.ok, n.failed = n.ok+ok, n.failed+failed
	return nil
}

func (n *notices) Event(e session.Event) error {
	n.said = append(n.said, e.Text)
	return nil
}

// A module that panics in every third iteration.
func TestInternalErrorsFailIterationsAndTheRunGoesOn(t *testing.T) {
	boom := func(jsapi.Host, goja.FunctionCall) goja.Value {
		var missing *goja.Object
		return missing.Get("x")
	}
	crash := jsapi.Define(jsapi.Module{Name: "test/crash"}, func(h jsapi.Host) jsapi.Host { return h },
		jsapi.Function("boom", "(): void", "Panics.", boom))
	script := filepath.Join(t.TempDir(), "test.js")
	code := `import { boom } from 'test/crash'
export default () => { if (__ITER % 3 === 1) boom() }`
	if err := os.WriteFile(script, []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	n := &notices{}
	s, err := session.Prepare(t.Context(), session.Options{
		Script: script, Modules: append(all.Modules(), crash), Sinks: []session.Sink{n},
		Settings: map[string]string{"vus": "2", "iterations": "12"}, Monitor: []string{"none"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	result, err := s.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if result.End.ExitCode != 1 || n.ok+n.failed != 12 || n.ok < 6 || n.failed == 0 {
		t.Errorf("exit %d (%s), %d ok and %d failed; want exit 1, all 12 iterations run, and those of replaced users ok",
			result.End.ExitCode, result.End.Reason, n.ok, n.failed)
	}
	if all := strings.Join(n.said, "\n"); !strings.Contains(all, "internal errors, the first in an iteration: runtime error") || !strings.Contains(all, "report it at https://") {
		t.Errorf("the session said\n%s", all)
	}
}
