//go:build real

package main_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

const (
	molotovVersion  = "2.6"
	molotovPatience = 150 * time.Second // its ramp adds 250 users in this time
)

// molotovScript is oneRequest as Molotov has it.
const molotovScript = `import os
import molotov

@molotov.scenario()
async def get(session):
    async with session.get(os.environ["SERVER_URL"] + "/") as res:
        await res.read()
        assert res.status == 200, res.status
`

// tool finds a program in the cache that CI shares, or installs it there.
func (l *lab) tool(file string, install func(folder string) *exec.Cmd) string {
	l.Helper()
	folder, err := os.UserCacheDir()
	if err != nil {
		l.Fatal(err)
	}
	folder = filepath.Join(folder, "plimsoll-ci")
	path := filepath.Join(folder, file)
	if _, err := os.Stat(path); err == nil {
		return path
	}
	out, err := install(folder).CombinedOutput()
	switch {
	case err == nil:
		return path
	case os.Getenv("CI") != "":
		l.Fatalf("%s is missing and cannot be installed: %v\n%s", file, err, out)
	default:
		l.Skipf("%s is missing and cannot be installed: %v\n%s", file, err, out)
	}
	return ""
}

// beside is one model as both see it.
type beside struct {
	limited
	users  string // where more users begin to fail, back to back and without pausing after failures
	theirs string
	wall   time.Duration
	failed string
	ours   *sized
	truth  float64
}

// TestRealSizingBesideMolotov sizes the same targets with Molotov and with ours.
func TestRealSizingBesideMolotov(t *testing.T) {
	l := newLab(t)
	molotov := l.tool(filepath.Join("molotov-"+molotovVersion, "bin", "molotov"), func(folder string) *exec.Cmd {
		return exec.CommandContext(l.Context(), "sh", "-c",
			`python3 -m venv --clear "$0" && "$0/bin/pip" install -q --disable-pip-version-check "molotov==$1"`,
			filepath.Join(folder, "molotov-"+molotovVersion), molotovVersion)
	})
	script := filepath.Join(filepath.Dir(l.script), "loadtest.py")
	if err := os.WriteFile(script, []byte(molotovScript), 0o600); err != nil {
		t.Fatal(err)
	}
	const capacity = 400
	inside := fmt.Sprint(slotServers + slotPlaces)
	closed := map[string]string{ // by models
		"bucket":  fmt.Sprintf("%.0f", capacity*.02), // its answers take 20 ms
		"rejects": inside, "exponential": inside, "flaky": inside, "queues": "none",
	}
	names := []string{"bucket"}
	if l.full() {
		names = []string{"bucket", "rejects", "exponential", "flaky", "queues"}
	}
	var rows []*beside
	for _, name := range names {
		for _, k := range limits() {
			if k.model != name {
				continue
			}
			b := &beside{limited: k, users: closed[name], truth: k.truth(capacity)}
			l.molotov(b, molotov, script, capacity)
			got, err := l.steady(func() (*sized, error) { return l.sizeAt(l.Context(), name, capacity) })
			if err != nil {
				t.Fatal(err)
			}
			b.ours = got
			rows = append(rows, b)
			t.Logf("load %s: %s", busy(), b.row())
			l.table("molotov", besideTable(rows, capacity))
			if got.Verdict != record.VerdictFound {
				t.Errorf("%s: verdict %s: %s (%s)", name, got.Verdict, got.Reason, got.record)
			}
		}
	}
}

var (
	molotovAnswer = regexp.MustCompile(`Error Ratio ([\d.]+) % obtained with (\d+) workers`)
	molotovCounts = regexp.MustCompile(`OVERALL: SUCCESSES: (\d+) \| FAILURES: (\d+)`)
)

// molotov sizes a fresh target with Molotov's defaults.
func (l *lab) molotov(b *beside, molotov, script string, capacity float64) {
	l.Helper()
	s, err := l.serve(l.Context(), fmt.Sprintf("%s:%g", b.model, capacity))
	if err != nil {
		l.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(l.Context(), molotovPatience)
	defer cancel()
	var out bytes.Buffer
	c := l.on(ctx, generatorCore, molotov, "--sizing", "-c", script)
	c.Env = append(c.Env, "SERVER_URL="+s.url)
	c.Stdout, c.Stderr = &out, &out
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) } // it still tells what it has
	c.WaitDelay = 20 * time.Second
	begin := time.Now()
	err = c.Run()
	b.wall = time.Since(begin)
	b.theirs, b.failed = fmt.Sprintf("none in %.0f s", molotovPatience.Seconds()), "–"
	if m := molotovAnswer.FindStringSubmatch(out.String()); m != nil {
		b.theirs = m[2] + " workers"
	} else if ctx.Err() == nil {
		l.Errorf("molotov: %v, and no answer:\n%s", err, &out)
	}
	if m := molotovCounts.FindStringSubmatch(out.String()); m != nil {
		b.failed = m[2]
	}
	if _, err := s.stop(); err != nil {
		l.Error(err)
	}
}

func (b *beside) row() string {
	s := b.ours
	ours, off, users := string(s.Verdict), "–", "none failed"
	if c := s.Capacity; c != nil {
		ours, off = fmt.Sprintf("%.1f/s", c.Goodput), percentOf(c.Goodput/b.truth-1, "%+.1f %%")
		if c.FirstFailing != nil && c.VUBounds.FirstFailing != nil {
			users = fmt.Sprintf("%d…%d", c.Within, *c.VUBounds.FirstFailing)
		}
	}
	return fmt.Sprintf("| %s | %s | %s | %.0f s | %s | %.1f/s | %s | %s | %s | %.0f s | %d |\n",
		b.model, b.users, b.theirs, b.wall.Seconds(), b.failed, b.truth, ours, off, users, s.Cost.WallS, s.Cost.Failed)
}

func besideTable(rows []*beside, capacity float64) string {
	var out strings.Builder
	out.WriteString("| model | users that fit | Molotov " + molotovVersion + " | wall | failed | carries | Plimsoll | off | users, from its ramp | wall | failed |\n" +
		"|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, b := range rows {
		out.WriteString(b.row())
	}
	fmt.Fprintf(&out, "\nTargets of %g requests/s, one GET an iteration, both with their defaults (Molotov: 500 workers in 300 s).\n", capacity)
	return out.String()
}
