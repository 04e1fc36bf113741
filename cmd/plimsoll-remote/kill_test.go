package main

import (
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/plimsoll-load/plimsoll/remote/fakeaws"
)

// full says that tests take the time that CI has: CONTRIBUTING.md tells what they leave out without it.
func full() bool { return os.Getenv("PLIMSOLL_FULL_TESTS") == "1" }

// TestKilledAtEveryCall kills a run at its k-th call to the cloud, for all k in a full test and some of them else:
// before the call is done, and after, when its answer is lost. Then `cleanup` leaves nothing, and has not touched what
// others made.
func TestKilledAtEveryCall(t *testing.T) {
	t.Parallel()
	whole := newRegion(t, fakeaws.Options{})
	if got := whole.run(whole.sizing("--type=t3.small")...); got.code != 0 {
		t.Fatalf("a run that nobody kills ended with %d\n%s", got.code, got.stderr)
	}
	calls := len(whole.Calls())
	if calls < 30 {
		t.Fatalf("a run has %d calls, and should have some dozens", calls)
	}
	slots := make(chan bool, 6) // a run is a process that waits most of its time
	var runs sync.WaitGroup
	for offset, hold := range []func(int) fakeaws.Fault{fakeaws.HoldBefore, fakeaws.HoldAfter} {
		for _, k := range fakeaws.KillPoints(calls, offset*3, full()) {
			slots <- true
			runs.Go(func() {
				defer func() { <-slots }()
				fault := hold(k)
				held := killedAt(t, fault) // how often a run asks depends on how fast the machine is
				t.Logf("%s of call %d of %d: killed: %v", fault.Kind, k, calls, held)
			})
		}
	}
	runs.Wait()
}

// killedAt kills a run when a call is held, and cleans up; false: the run ended before that call.
func killedAt(t *testing.T, hold fakeaws.Fault) bool {
	t.Helper()
	r := newRegion(t, fakeaws.Options{})
	foreign, foreignGroup := r.SeedForeign("eu-west-1", map[string]string{"Name": "of others"})
	r.Inject(hold)
	c := r.command(r.sizing("--type=t3.small")...)
	if err := c.Start(); err != nil {
		t.Error(err)
		return true
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	held := false
	select {
	case <-r.HeldCall():
		held = true
		_ = c.Process.Kill()
		<-ended
	case err := <-ended:
		if err != nil {
			t.Errorf("the run ended with %v", err)
		}
	}
	r.Heal()
	for range 2 { // the second time there is nothing to do
		if got := r.run("cleanup", "--all"); got.code != 0 || !strings.Contains(got.stdout, "nothing is left") {
			t.Errorf("cleanup ended with %d: %s%s", got.code, got.stdout, got.stderr)
		}
	}
	if left := r.Left(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	s := r.State()
	for _, i := range s.Instances {
		if i.ID == foreign && i.State != "running" {
			t.Errorf("the instance of others is %s", i.State)
		}
	}
	groups := 0
	for _, g := range s.Groups {
		if g.ID == foreignGroup {
			groups++
		}
	}
	if groups != 1 {
		t.Error("the group of others is gone")
	}
	return held
}
