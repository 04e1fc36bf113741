package remote

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/aws/dialect"
	"github.com/plimsoll-load/plimsoll/remote/cleanup"
	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/provider"
	"github.com/plimsoll-load/plimsoll/runtime/exit"
)

// TestAClockThatIsWrongShiftsTheSeries has a machine whose clock is 90 s ahead of this one's.
func TestAClockThatIsWrongShiftsTheSeries(t *testing.T) {
	t.Parallel()
	m := newMortal(t)
	m.answer = false // what Glances wrote is joined afterwards
	m.files[plan.WatcherFile] = firstFile
	before := m.answers
	m.answers = func(c provider.Command) (provider.Result, bool) {
		if c.Title == "read the clock" {
			time.Sleep(400 * time.Millisecond) //nolint:forbidigo // the time of a bubble
			now := time.Now().Add(90 * time.Second)
			return ended(0, fmt.Sprintf("clock %d.%09d\n", now.Unix(), now.Nanosecond()), ""), true
		}
		return before(c)
	}
	results, err := m.run(t, options("c7.small"))
	if err != nil {
		t.Fatal(err)
	}
	if o := results[0].Offset; (o.Ahead+90*time.Second).Abs() > o.Within || o.Within > 300*time.Millisecond {
		t.Errorf("offset %+v, want 90 s behind", o)
	}
	i := slices.IndexFunc(m.children, func(c Child) bool { return c.Args[0] == "report" })
	if given, err := time.ParseDuration(flag(m.children[i].Args, "clock-offset")); err != nil || given != results[0].Offset.Ahead {
		t.Errorf("the report was given %v (%v)", given, err)
	}
	if !strings.Contains(m.printed.String(), "this machine is -1m30.2s ahead of it, ± 200ms") {
		t.Errorf("it is not told:\n%s", m.printed)
	}
}

// TestAMachineThatSomebodyEndsIsMissedAtOnce ends the load within ten seconds.
func TestAMachineThatSomebodyEndsIsMissedAtOnce(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	var missed time.Duration
	tr.load = func(ctx context.Context, c Child) (int, error) {
		_ = provider.Pause(ctx, 31*time.Second)
		tr.mu.Lock()
		for _, m := range tr.machines {
			m.State, m.Reason = provider.Terminated, "User initiated"
		}
		tr.mu.Unlock()
		began := time.Now()
		_ = provider.Pause(ctx, time.Hour)
		missed = time.Since(began)
		return tr.size(ctx, c, nil)
	}
	results, err := tr.run(t, options("c7.small"))
	if missed > 10*time.Second || code(err) != exit.Outside || tr.left() != nil {
		t.Errorf("it was missed after %v; %v, left %v", missed, err, tr.left())
	}
	if notes := fmt.Sprint(results[0].Notes); !strings.Contains(notes, "User initiated") || !strings.Contains(notes, "incomplete") {
		t.Errorf("notes %s", notes)
	}
}

// TestAMachineThatCannotBeEndedIsNamed refuses to end it: it is named, with the time at which it ends itself, and its group.
func TestAMachineThatCannotBeEndedIsNamed(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	tr.refuse = on("Terminate", 0, refused(provider.Unavailable, "ec2:TerminateInstances", "InternalError"))
	results, err := tr.run(t, options("c7.small"))
	for _, want := range []string{"left: machine i-002 in eu-west-1", "left: group sg-001 in eu-west-1", "InternalError", "machines end themselves at"} {
		if !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
	if c, _ := results[0].Capacity(); code(err) != exit.Outside || !strings.Contains(hint(err), "cleanup --run") || c != 100 {
		t.Errorf("exit code %d, hint %q, capacity %v", code(err), hint(err), c)
	}
}

// TestLogsAndFilesOnAMachineAreBounded keeps a disk from filling up.
func TestLogsAndFilesOnAMachineAreBounded(t *testing.T) {
	t.Parallel()
	o := options("c7.small")
	if err := o.Check(dialect.Dialect()); err != nil {
		t.Fatal(err)
	}
	p := &plan.Plan{Dialect: dialect.Dialect(), Run: "r", Life: time.Hour, Options: o}
	if args := p.Service().Args; !slices.Contains(args, "max-size=50m") {
		t.Errorf("the service's log has no bound: %q", args)
	}
	glances := p.Glances(plan.WatcherFile).Text()
	for _, want := range []string{"count='3600'", `--stop-after "$2"`, "--log-opt max-size=10m"} {
		if !strings.Contains(glances, want) {
			t.Errorf("%s is not in the script of Glances", want)
		}
	}
}

// TestAMachineThatDoesNotStartIsExplained has machines that never run, and ones without an address.
func TestAMachineThatDoesNotStartIsExplained(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		wreck func(tr *trial)
		code  int
		want  []string
	}{
		"it stays pending": {func(tr *trial) { tr.bootTime = time.Hour }, exit.Outside, []string{"i-002 is still pending after 5m0s", "--boot-timeout"}},
		"it has no public address": {func(tr *trial) {
			tr.lose = func(string) error {
				for _, m := range tr.machines { // the fake holds its lock here
					m.PublicIP = ""
				}
				return nil
			}
		}, exit.Usage, []string{"i-002 runs and has no public address", "--subnet", "--private"}},
	} {
		tr := newTrial(t)
		test.wreck(tr)
		_, err := tr.run(t, options("c7.small"))
		for _, want := range test.want {
			if !strings.Contains(fmt.Sprint(err, hint(err)), want) {
				t.Errorf("%s: %q was not said: %v (%s)", name, want, err, hint(err))
			}
		}
		if code(err) != test.code || tr.left() != nil || tr.began != 0 {
			t.Errorf("%s: exit code %d, want %d; left %v; %d loads", name, code(err), test.code, tr.left(), tr.began)
		}
	}
}

// TestCleaningUpAgainDoesNotWait has nothing to wait for: what a journal says was made is known to be gone.
func TestCleaningUpAgainDoesNotWait(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	tr.refuse = on("Run wait for docker", 1, refused(provider.Denied, "ssm:SendCommand", "AccessDeniedException"))
	synctest.Test(t, func(t *testing.T) {
		_, _ = tr.inside(t, options("c7.small")) // it fails, and cleans up
		began := time.Now()
		c := cleanup.Cleaner{Clouds: map[string]provider.Cloud{"eu-west-1": tr.cloud()}, Runs: tr.world.Runs, Say: func(string) {}}
		if left, err := c.Clean(t.Context(), cleanup.Scope{All: true}); err != nil || left != nil || tr.left() != nil {
			t.Errorf("left %v: %v", left, err)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// TestAMachineWithoutDockerIsToldSo runs the script that waits for it.
func TestAMachineWithoutDockerIsToldSo(t *testing.T) {
	t.Parallel()
	_, run := machineHere(t, map[string]string{"docker": "exit 1\n", "sleep": "exit 0\n"})
	if _, stderr, code := run((&plan.Plan{Dialect: dialect.Dialect(), Run: "r"}).Ready()); code != 41 || !strings.Contains(stderr, "docker does not answer") {
		t.Errorf("it ended with %d: %s", code, stderr)
	}
}

// TestWhatWasRefusedIsNotWaitedFor ends at once when nothing can have been made. A lost answer is waited for.
func TestWhatWasRefusedIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		call  string
		fault provider.Fault
		least time.Duration
		most  time.Duration
	}{
		{"CreateGroup", provider.Denied, 0, time.Second},
		{"Launch", provider.Denied, 0, 5 * time.Second},
		{"Launch", provider.Quota, 0, 5 * time.Second},
		{"CreateGroup", provider.Unavailable, (provider.Cloud{}).LostLimit(), time.Minute},
		{"Launch", provider.Unavailable, (provider.Cloud{}).LostLimit() / 3, time.Minute}, // after it was asked for again, twice
	} {
		tr := newTrial(t)
		var asked time.Time
		refuse := on(test.call, 0, refused(test.fault, "ec2:"+test.call, "Refused"))
		tr.refuse = func(call string) error {
			err := refuse(call)
			if err != nil {
				asked = time.Now()
			}
			return err
		}
		var took time.Duration
		synctest.Test(t, func(t *testing.T) {
			if _, err := tr.inside(t, options("c7.small")); err == nil || tr.left() != nil {
				t.Errorf("%s: %v, left %v", test.call, err, tr.left())
			}
			took = time.Since(asked)
		})
		if took < test.least || took > test.most {
			t.Errorf("%s, %s: the end came %v later, want %v to %v", test.call, test.fault, took, test.least, test.most)
		}
	}
}
