//go:build real

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The action's first step builds the very commit that the action is used at, and puts it on the job's path.
func TestRealActionBuildsPlimsoll(t *testing.T) {
	action, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	shell(t, "go")
	dir := t.TempDir()
	steps := shellSteps(t, filepath.Join(action, "action.yml"))
	job(t, dir, steps["Build plimsoll"], shellCase{shell: github(), env: append(os.Environ(),
		"GITHUB_ACTION_PATH="+action, "RUNNER_TEMP="+dir, "GITHUB_PATH="+filepath.Join(dir, "path"), "CGO_ENABLED=0")})
	folder := strings.TrimSpace(readFile(t, filepath.Join(dir, "path")))
	out, err := exec.CommandContext(t.Context(), filepath.Join(folder, "plimsoll"), "version").Output()
	if err != nil || !strings.HasPrefix(string(out), "plimsoll ") {
		t.Errorf("%s: %q, %v", folder, out, err)
	}
}
