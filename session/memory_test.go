package session_test

import (
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/session"
)

// A script that keeps all it makes ends its session in order, with its record.
func TestASessionThatTakesTooMuchMemoryEndsInOrder(t *testing.T) {
	script := filepath.Join(t.TempDir(), "test.js")
	code := `const kept = []
export default () => { for (;;) kept.push('x'.repeat(100000) + kept.length) }`
	if err := os.WriteFile(script, []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	former := debug.SetMemoryLimit(100 << 20)
	defer debug.SetMemoryLimit(former)
	n := &notices{}
	s, err := session.Prepare(t.Context(), session.Options{
		Script: script, Sinks: []session.Sink{n}, Settings: map[string]string{"vus": "1", "duration": "10m"}, Monitor: []string{"none"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	result, err := s.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if result.End.ExitCode != 5 || !strings.Contains(result.End.Reason, "the generator holds") {
		t.Errorf("exit %d, %q; want exit 5 for memory", result.End.ExitCode, result.End.Reason)
	}
	if n.failed != 1 {
		t.Errorf("%d iterations failed, want the one that was interrupted", n.failed)
	}
}
