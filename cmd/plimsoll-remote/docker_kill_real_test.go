//go:build real && linux

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/plimsoll-load/plimsoll/remote/fakeaws"
)

// kills is at how many calls a run with real machines is killed; with machines in memory it is killed at each.
const kills = 15

// TestRealRemoteKilled kills runs with real machines at calls spread over the whole of one, before the call is done or
// after it; then `cleanup` leaves no container. The load is a stand-in's: the machines are what is looked at.
func TestRealRemoteKilled(t *testing.T) {
	image, kinto := made(t, "instance"), made(t, "kinto")
	begin := func() (*rented, *exec.Cmd, *bytes.Buffer) {
		r := newRented(t, &fakeaws.Docker{Image: image, Load: []string{kinto}})
		if err := os.WriteFile(filepath.Join(r.dir, "bin", "plimsoll"), []byte(standIn), 0o755); err != nil {
			t.Error(err)
		}
		c := r.command("size", "--image="+kinto, "--port=8888", "--base-path=/v1", "--type=t3.micro", "--metrics=none", "--yes",
			"--address-url="+r.URL()+fakeaws.ControlPath+"ip", "loadtest.js")
		var stderr bytes.Buffer
		c.Stderr = &stderr
		return r, c, &stderr
	}
	whole, c, stderr := begin()
	if err := c.Run(); err != nil {
		t.Fatalf("a run that nobody kills: %v\n%s", err, stderr.String())
	}
	whole.nothingLeft()
	calls := len(whole.Calls())
	t.Logf("a run has %d calls", calls)
	if calls < kills {
		t.Fatalf("a run has %d calls, which is less than %d", calls, kills)
	}
	slots := make(chan bool, 3)
	var runs sync.WaitGroup
	for n := range kills {
		slots <- true
		r, c, stderr := begin()
		runs.Go(func() {
			defer func() { <-slots }()
			k := 1 + n*(calls-1)/(kills-1)
			hold := []fakeaws.Fault{fakeaws.HoldBefore(k), fakeaws.HoldAfter(k)}[n%2]
			r.Inject(hold)
			r.killed(c, stderr)
			t.Logf("killed at call %d (%s)", k, hold.Kind)
		})
	}
	runs.Wait()
}

// killed kills a run when a call is held, cleans up, and looks at what is left.
func (r *rented) killed(c *exec.Cmd, stderr *bytes.Buffer) {
	r.t.Helper()
	if err := c.Start(); err != nil {
		r.t.Error(err)
		return
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	select {
	case <-r.HeldCall():
		_ = c.Process.Kill()
		<-ended
	case err := <-ended: // how often it asks depends on how fast the machine is
		r.t.Logf("a run ended before its call: %v\n%s", err, stderr.String())
	}
	r.Heal()
	r.nothingLeft()
}
