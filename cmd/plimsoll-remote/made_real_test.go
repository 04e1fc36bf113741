//go:build real && linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// made is an image for the double's machines; a part that is missing here skips, but not in CI.
func made(t *testing.T, kind string) string {
	t.Helper()
	missing := func(format string, args ...any) {
		t.Helper()
		if os.Getenv("CI") == "true" {
			t.Fatalf(format, args...)
		}
		t.Skipf(format, args...)
	}
	if out, err := exec.CommandContext(t.Context(), "docker", "info").CombinedOutput(); err != nil {
		missing("no engine: %v: %s", err, out)
	}
	var complaint strings.Builder
	c := exec.CommandContext(t.Context(), "../../.ci/instance-image", kind)
	c.Stderr = &complaint
	out, err := c.Output()
	if err != nil {
		missing("no image: %v: %s", err, complaint.String())
	}
	return strings.TrimSpace(string(out))
}

// realProgram puts the real plimsoll in the stand-in's place.
func (r *region) realProgram() {
	r.t.Helper()
	path := filepath.Join(r.dir, "bin", "plimsoll")
	_ = os.Remove(path) // the stand-in
	if out, err := exec.CommandContext(r.t.Context(), "go", "build", "-o", path, "../plimsoll").CombinedOutput(); err != nil {
		r.t.Fatalf("%v\n%s", err, out)
	}
}
