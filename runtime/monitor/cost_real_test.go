//go:build real && linux

package monitor_test

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/monitor"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// spent is the CPU time of this process.
func spent(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestRealCostOfWatching tells the share of a core that watching the host, a
// container and a process four times a second takes.
func TestRealCostOfWatching(t *testing.T) {
	container(t, "plimsoll-test-cost", []string{"--cpus", "1"}, "-mode", "none")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	specs, err := monitor.Parse([]string{"host", "container=plimsoll-test-cost", fmt.Sprintf("pid=%d", os.Getpid())})
	if err != nil {
		t.Fatal(err)
	}
	sources, err := monitor.Open(ctx, specs, monitor.Target{})
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	w := monitor.NewWatcher(time.Now(), 250*time.Millisecond, func(record.Resources) { rows++ })
	before := spent(t)
	w.Run(ctx, sources...)
	took := spent(t) - before
	t.Logf("%d readings in 20 s took %v of CPU: %.2f %% of a core", rows, took, took.Seconds()/20*100)
	for _, c := range w.Costs() {
		t.Logf("%s: %d readings of %v", c.Source, c.Readings, c.Spent/time.Duration(max(c.Readings, 1)))
		if c.Readings < 60 {
			t.Errorf("%s was read %d times in 20 s", c.Source, c.Readings)
		}
	}
}
