package main

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/fakeaws"
)

// TestKilledAtEveryCall kills a run at its k-th call to the cloud, for all k:
// before the call is done, and after, when its answer is lost. Then `cleanup`
// leaves nothing, and has not touched what others made.
func TestKilledAtEveryCall(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("some hundred processes")
	}
	for name, hold := range map[string]func(int) fakeaws.Fault{"before": fakeaws.HoldBefore, "after": fakeaws.HoldAfter} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			reached, over := 0, 0 // the last call that a run came to, and runs that had fewer
			t.Cleanup(func() {
				if reached < 30 || over == 0 {
					t.Errorf("runs were killed at %d calls, and %d ended before: a run has some dozens of calls", reached, over)
				}
				t.Logf("killed at each of %d calls", reached)
			})
			slots := make(chan bool, 6)
			done := func() bool { mu.Lock(); defer mu.Unlock(); return over >= cap(slots) }
			var runs sync.WaitGroup
			for k := 1; !done(); k++ {
				slots <- true
				runs.Go(func() {
					defer func() { <-slots }()
					held := killedAt(t, hold(k))
					mu.Lock()
					defer mu.Unlock()
					if held {
						reached = max(reached, k)
					} else {
						over++
					}
				})
			}
			runs.Wait()
		})
	}
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
	case <-time.After(time.Minute):
		_ = c.Process.Kill()
		t.Error("the run neither ended nor came to the call")
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
