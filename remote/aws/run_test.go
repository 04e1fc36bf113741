package aws_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/remote"
	"github.com/plimsoll-load/plimsoll/remote/cleanup"
	"github.com/plimsoll-load/plimsoll/remote/fakeaws"
	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/provider"
)

// answered lets every script of a run do well.
func answered(_ context.Context, _ fakeaws.Instance, m fakeaws.Command) fakeaws.Outcome {
	out := fakeaws.Outcome{Stdout: "plimsoll-rc=0\n", Takes: 2 * time.Second}
	if strings.Contains(m.Text, "+clock") {
		out.Stdout = fmt.Sprintf("clock %d.000000000\n", time.Now().Unix()) + out.Stdout
	}
	return out
}

// plimsoll stands for the program that makes the load.
func plimsoll(ctx context.Context, c remote.Child) (int, error) {
	for _, a := range c.Args {
		if path, ok := strings.CutPrefix(a, "--output="); ok {
			select {
			case <-ctx.Done():
			case <-time.After(time.Minute):
			}
			const text = `{"type":"run","row":{"schema_version":1,"tool":"stand-in","mode":"size","started":"2026-01-01T00:00:00Z"}}
{"type":"end","row":{"at_s":1,"verdict":"found","sizing":{"schema_version":1,"verdict":"found","capacity":{"goodput":100},"curve":[]}}}
`
			return 0, os.WriteFile(path, []byte(text), 0o644)
		}
	}
	return 0, nil
}

// run is a whole one on one machine, through the SDK.
func (t bubble) run(dir string, signals ...<-chan os.Signal) ([]remote.Outcome, error) {
	t.Helper()
	w := remote.World{
		Cloud: t.cloud, Runs: dir, Say: func(string) {}, Stdout: io.Discard, Stderr: io.Discard, Plimsoll: plimsoll,
		Address: func(context.Context) (string, error) { return "203.0.113.7/32", nil },
		Probe:   func(context.Context, string) (int, error) { return 200, nil },
	}
	o := plan.Options{Image: "kinto:1", Port: 8888, Types: []string{"t3.micro"}, ChildArgs: []string{"loadtest.js"}}
	p, err := plan.Planner{Cloud: w.Cloud, Address: w.Address}.Plan(t.Context(), plan.NewRunID(time.Now()), o)
	if err != nil {
		return nil, err
	}
	return w.Run(t.Context(), p, remote.NewStops(t.Context(), append(signals, nil)[0]))
}

// cleanup removes what is left, and tells what could not be.
func (t bubble) cleanup(dir string) {
	t.Helper()
	c := cleanup.Cleaner{Clouds: map[string]provider.Cloud{"eu-west-1": t.cloud}, Runs: dir, Say: func(string) {}}
	if left, err := c.Clean(t.Context(), cleanup.Scope{All: true}); err != nil || len(left) > 0 || len(t.double.Left()) > 0 {
		t.Errorf("cleaning up left %v, %v: %v", left, t.double.Left(), err)
	}
}

var likeAWS = fakeaws.Options{Script: answered, Boot: 10 * time.Second, Register: 10 * time.Second, Ending: 10 * time.Second, Visible: 2 * time.Second}

// full says that tests take the time that CI has: CONTRIBUTING.md tells what they leave out without it.
func full() bool { return os.Getenv("PLIMSOLL_FULL_TESTS") == "1" }

// untroubled are the calls of a run that nothing troubles.
func untroubled(t *testing.T) (all []string) {
	t.Helper()
	dir := t.TempDir()
	inDouble(t, likeAWS, func(t bubble) {
		if _, err := t.run(dir); err != nil {
			t.Fatal(err)
		}
		for _, c := range t.double.Calls() {
			all = append(all, c.Action)
		}
	})
	return all
}

// TestARunOutlivesTroubleWithEachAction lets the first calls of each action be throttled, fail, or lose their
// connection before or after they were done: the run finds what it was to find and leaves nothing.
func TestARunOutlivesTroubleWithEachAction(t *testing.T) {
	t.Parallel()
	actions := untroubled(t)
	slices.Sort(actions)
	if actions = slices.Compact(actions); len(actions) < 12 {
		t.Fatalf("a run has only %q", actions)
	}
	for n, action := range actions {
		faults := []fakeaws.Fault{
			fakeaws.Throttle(5, action), fakeaws.HTTP500(5, action), fakeaws.DropBeforeCommit(5, action), fakeaws.DropAfterCommit(5, action),
		}
		if !full() {
			faults = faults[n%len(faults):][:1] // each fault meets every fourth action
		}
		for _, fault := range faults {
			dir := t.TempDir()
			inDouble(t, likeAWS, func(t bubble) {
				t.double.Inject(fault)
				results, err := t.run(dir)
				if err != nil {
					t.Errorf("%s of %s: %v", fault.Kind, action, err)
				} else if c, _ := results[0].Capacity(); c != 100 {
					t.Errorf("%s of %s: capacity %v, %v", fault.Kind, action, c, results[0].Err)
				}
				if left := t.double.Left(); len(left) > 0 {
					t.Errorf("%s of %s: left %v", fault.Kind, action, left)
				}
			})
		}
	}
}

// TestCredentialsMayEndAtEachCall lets the token of a run expire before each of its calls, or some of them: what is there is named with
// the time at which it ends itself, what was found is kept, and with new credentials it can be cleaned up.
func TestCredentialsMayEndAtEachCall(t *testing.T) {
	t.Parallel()
	actions := untroubled(t)
	launched := slices.Index(actions, "RunInstances")
	for _, k := range fakeaws.KillPoints(len(actions), 2, full()) {
		n, dir := k-1, t.TempDir()
		inDouble(t, likeAWS, func(t bubble) {
			t.double.Inject(fakeaws.ExpireTokenAfter(n))
			results, err := t.run(dir)
			var coded interface{ ExitCode() int }
			if n < len(actions)-1 && (!errors.As(err, &coded) || coded.ExitCode() != 2 && coded.ExitCode() != 7) {
				t.Errorf("at call %d (%s): ended with %v", n, actions[n], err)
			}
			left := t.double.Left()
			for _, id := range left {
				if !strings.Contains(fmt.Sprint(err), id) {
					t.Errorf("at call %d (%s): %s is left and not named: %v", n, actions[n], id, err)
				}
			}
			if n > launched+2 && len(left) > 0 && !strings.Contains(fmt.Sprint(err), "machines end themselves at") {
				t.Errorf("at call %d (%s): it is not said when machines end: %v", n, actions[n], err)
			}
			if records, _ := filepath.Glob(filepath.Join(dir, "*", "t3.micro", "record.jsonl")); len(records) == 1 {
				if c, _ := results[0].Capacity(); c != 100 {
					t.Errorf("at call %d (%s): the result is lost: %+v", n, actions[n], results[0])
				}
			}
			t.double.Heal()
			t.cleanup(dir)
		})
	}
}

// TestWhatIsNotYetSeenIsRemoved refuses each action of a run in turn, in a cloud that shows new things only after a
// while: a run leaves nothing that it does not name.
func TestWhatIsNotYetSeenIsRemoved(t *testing.T) {
	t.Parallel()
	actions := untroubled(t)
	slices.Sort(actions)
	for _, action := range slices.Compact(actions) {
		dir := t.TempDir()
		inDouble(t, likeAWS, func(t bubble) {
			t.double.Inject(fakeaws.Unauthorized(action))
			_, err := t.run(dir)
			for _, id := range t.double.Left() {
				if !strings.Contains(fmt.Sprint(err), id) {
					t.Errorf("without %s: %s is left and not named: %v", action, id, err)
				}
			}
			t.double.Heal()
			t.cleanup(dir)
		})
	}
}

// TestARunThatIsStoppedAtEachCall interrupts a run when each of its calls, or some of them, were done: nothing is left, also of what the
// cloud does not show yet.
func TestARunThatIsStoppedAtEachCall(t *testing.T) {
	t.Parallel()
	calls := untroubled(t)
	for _, times := range []int{1, 2} { // the second one fetches nothing
		for _, k := range fakeaws.KillPoints(len(calls), times, full()) {
			stoppedAt(t, k-1, times)
		}
	}
}

// stoppedAt interrupts a run so many times at its n-th call: nothing is left.
func stoppedAt(t *testing.T, n, times int) {
	t.Helper()
	dir, o := t.TempDir(), likeAWS
	var signals chan os.Signal
	o.After = func(c fakeaws.Call) bool {
		if c.N == n+1 && signals != nil {
			for range times {
				signals <- os.Interrupt
			}
		}
		return true
	}
	inDouble(t, o, func(t bubble) {
		signals = make(chan os.Signal, times)
		_, err := t.run(dir, signals)
		if left := t.double.Left(); len(left) > 0 {
			t.Errorf("stopped %d times at call %d: left %v, %v", times, n+1, left, err)
		}
		ends := slices.IndexFunc(t.double.Calls(), func(c fakeaws.Call) bool { return c.Action == "TerminateInstances" })
		if stopped := (*remote.SignalError)(nil); n < ends && !errors.As(err, &stopped) {
			t.Errorf("stopped %d times at call %d: %v", times, n+1, err)
		}
	})
}
