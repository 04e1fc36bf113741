package remote

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/provider"
)

// TestMachinesThatWaitAreKeptAlive lets the third machine of a sweep wait for longer than it would live by itself.
func TestMachinesThatWaitAreKeptAlive(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	tr.load = func(ctx context.Context, c Child) (int, error) {
		if err := provider.Pause(ctx, 90*time.Minute); err != nil { // a machine's life is 79 minutes
			t.Errorf("the load ended early: %v", err)
		}
		return tr.size(ctx, c, nil)
	}
	results, err := tr.run(t, options("c7.small", "c7.large", "c7.huge"))
	if err != nil || len(results) != 3 {
		t.Fatal(err, len(results))
	}
	for _, r := range results {
		if _, found := r.Capacity(); !found || r.Notes != nil {
			t.Errorf("%s: %v, notes %v", r.Type.Name, r.Err, r.Notes)
		}
	}
	commands, machines := 0, map[int]int{}
	for _, c := range tr.scripts {
		if c.Title == "renew the lease" {
			commands++
			machines[len(c.Machines)]++
		}
	}
	// One command for all that are there: three machines, then two, then the last.
	if commands > 30 || machines[3] < 7 || machines[2] < 7 || machines[1] < 7 {
		t.Errorf("%d renewals, by how many machines: %v", commands, machines)
	}
	if left := tr.left(); left != nil {
		t.Errorf("left: %v", left)
	}
}

// TestALeaseThatCannotBeRenewedEndsNoOtherLoad refuses renewals to the machine that waits: it has what is left of its time.
func TestALeaseThatCannotBeRenewedEndsNoOtherLoad(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	tr.answers = func(c provider.Command) (provider.Result, bool) {
		return ended(1, "", "no such command"), c.Title == "renew the lease" && c.Machines[0] == "i-003"
	}
	var lasted []time.Duration
	tr.load = func(ctx context.Context, c Child) (int, error) {
		began := time.Now()
		_ = provider.Pause(ctx, 45*time.Minute)
		lasted = append(lasted, time.Since(began))
		return tr.size(ctx, c, nil)
	}
	results, err := tr.run(t, options("c7.small", "c7.large")) // they live for 64 minutes by themselves
	if err != nil || len(lasted) != 2 {
		t.Fatal(err, lasted)
	}
	if lasted[0] != 45*time.Minute || lasted[1] > 10*time.Minute {
		t.Errorf("the loads lasted %v, want 45 minutes and the few that were left", lasted)
	}
	if n := strings.Join(results[1].Notes, " "); !strings.Contains(n, "could not be renewed") || results[0].Notes != nil {
		t.Errorf("notes %q and %q", results[0].Notes, n)
	}
}

func TestATagThatCannotBeSetIsSetAgain(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	tags := 0
	tr.refuse = func(call string) error {
		if !strings.HasPrefix(call, "Tag") {
			return nil
		}
		if tags++; tags == 1 {
			return errors.New("the connection broke")
		}
		return nil
	}
	tr.load = func(ctx context.Context, c Child) (int, error) {
		_ = provider.Pause(ctx, 13*time.Minute) // one renewal is due, and another one a minute later
		return tr.size(ctx, c, nil)
	}
	if _, err := tr.run(t, options("c7.small")); err != nil || tags != 2 {
		t.Errorf("%d tags were set: %v", tags, err)
	}
	want := fmt.Sprint(tr.ends["i-002"].UTC().Format(time.RFC3339))
	if got := tr.machines["i-002"].Tags[plan.TagExpires]; got != want {
		t.Errorf("the tag says %s, and the machine ends at %s", got, want)
	}
}
