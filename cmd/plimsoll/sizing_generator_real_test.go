//go:build real && linux

package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// quotaPeriod is short, so that a halted generator looks slow rather than halted.
const quotaPeriod = 20 * time.Millisecond

// quota makes a control group whose processes together get a part of one core.
func quota(t *testing.T, cores float64) string {
	t.Helper()
	length := quotaPeriod.Microseconds()
	share := fmt.Sprint(int64(cores * float64(length)))
	parent, settings := "/sys/fs/cgroup", [][2]string{{"cpu.max", share + " " + fmt.Sprint(length)}}
	if _, err := os.Stat(filepath.Join(parent, "cgroup.controllers")); err == nil {
		_ = os.WriteFile(filepath.Join(parent, "cgroup.subtree_control"), []byte("+cpu"), 0o600) // where it fails, cpu.max is missing below
	} else {
		parent += "/cpu"
		settings = [][2]string{{"cpu.cfs_period_us", fmt.Sprint(length)}, {"cpu.cfs_quota_us", share}}
	}
	dir := filepath.Join(parent, fmt.Sprintf("plimsoll-test-%d", os.Getpid()))
	err := os.Mkdir(dir, 0o750)
	if err == nil {
		t.Cleanup(func() { _ = os.Remove(dir) }) // its processes have ended
	}
	for _, s := range settings {
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, s[0]), []byte(s[1]), 0o600)
		}
	}
	switch {
	case err == nil:
	case os.Getenv("CI") != "":
		t.Fatalf("no CPU quota can be set: %v", err)
	default:
		t.Skipf("no CPU quota can be set: %v", err)
	}
	return dir
}

// TestRealSizingLimitedByItsGenerator holds the generator to a tenth of a core
// before a target that carries ten times of what it can send.
func TestRealSizingLimitedByItsGenerator(t *testing.T) {
	l := newLab(t)
	const cores, target = .10, "queues:40000,servers=8"
	group := quota(t, cores)
	var table strings.Builder
	table.WriteString("| run | verdict | exit | capacity | best seen | why | wall |\n|---|---|---|---|---|---|---|\n")
	right, runs := 0, 1
	if l.full() {
		runs = 2 * l.runs
	}
	for i := range runs {
		s, err := l.serve(l.Context(), target)
		if err != nil {
			t.Fatal(err)
		}
		got := &sized{record: l.recordFile("size")}
		// The shell joins the group before it becomes the generator.
		c := l.on(l.Context(), generatorCore, "sh", "-c", `echo $$ >"$0/cgroup.procs" && exec "$@"`, group,
			l.plimsoll, "size", l.script, "--json", "--output="+got.record)
		err = got.run(c, s.url)
		if _, stopped := s.stop(); stopped != nil {
			t.Error(stopped)
		}
		if err != nil {
			t.Error(err)
			continue
		}
		best := 0.0
		if got.Plateau != nil {
			best = got.Plateau.Goodput
		}
		row := fmt.Sprintf("| %d | %s | %d | %s | %.0f/s | %s | %.0f s |\n", i+1, got.Verdict, got.exit, orNone(got.Capacity != nil), best, got.Reason, got.took.Seconds())
		t.Logf("load %s: %s", busy(), row)
		table.WriteString(row)
		l.table("generator", fmt.Sprintf("A generator held to %.0f %% of a core, before `%s`:\n\n%s", 100*cores, target, &table))
		if got.Verdict == record.VerdictGenerator && got.exit == 5 && got.Capacity == nil && strings.Contains(got.Reason, "give the generator more CPU") {
			right++
			continue
		}
		t.Errorf("run %d: verdict %s, exit %d, capacity %v, %q (%s)", i+1, got.Verdict, got.exit, got.Capacity, got.Reason, got.record)
	}
	t.Logf("%d of %d right", right, runs)
}

func orNone(there bool) string {
	if there {
		return "claimed"
	}
	return "none"
}
