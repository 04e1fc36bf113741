package main

import (
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/fakeaws"
)

// TestASpotMachineOfTheDoubleIsTaken lets the double take the machine away while its load goes on.
func TestASpotMachineOfTheDoubleIsTaken(t *testing.T) {
	t.Parallel()
	r := newRegion(t, fakeaws.Options{})
	r.Inject(fakeaws.SpotInterrupt(time.Second))
	got := r.run(r.sizing("--spot")...)
	if got.code != 0 {
		t.Fatalf("exit status %d\n%s", got.code, got.stderr)
	}
	if !strings.Contains(got.stderr, "was taken away: the result is incomplete, and the type is tried once more on demand") {
		t.Errorf("it was not said:\n%s", got.stderr)
	}
	for _, want := range []string{"t3.micro (spot), 2 vCPUs, 1 GiB: incomplete", "t3.micro-on-demand/record.jsonl", "t3.micro, 2 vCPUs, 1 GiB: found"} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("%q was not printed:\n%s", want, got.stdout)
		}
	}
	spot, demand := 0, 0
	for _, i := range r.State().Instances {
		if i.Spot != "" {
			spot++
		} else {
			demand++
		}
		if i.State != "terminated" {
			t.Errorf("%s is %s", i.ID, i.State)
		}
	}
	if left := r.Left(); len(left) > 0 || spot != 1 || demand != 1 {
		t.Errorf("%d on spot, %d on demand, left %v", spot, demand, left)
	}
}
