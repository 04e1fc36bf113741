package remote

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/journal"
	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/provider"
	"github.com/plimsoll-load/plimsoll/runtime/exit"
)

// take takes the machines of a type away that are there: those on spot, or all.
func (tr *trial) take(machineType string, all bool) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	for _, m := range tr.machines {
		if m.Type == machineType && (m.Preemptible || all) {
			m.State, m.Reason, m.Preempted = provider.Terminated, "Server.SpotInstanceTermination: Spot Instance termination", true
		}
	}
}

// spotTrial is a run on a spot machine that is taken away while its load is on.
func spotTrial(t *testing.T, all bool) (*trial, plan.Options) {
	t.Helper()
	tr := newTrial(t)
	tr.prices["spot c7.small"] = 0.02
	tr.load = func(ctx context.Context, c Child) (int, error) {
		if all || strings.Contains(flag(c.Args, "machine"), `"spot":true`) {
			tr.take(strings.TrimSuffix(filepath.Base(filepath.Dir(flag(c.Args, "output"))), "-on-demand"), all)
		}
		return tr.size(ctx, c, nil)
	}
	o := options("c7.small")
	o.Preemptible = true
	return tr, o
}

func TestASpotMachineThatIsTakenIsTriedOnceMoreOnDemand(t *testing.T) {
	t.Parallel()
	tr, o := spotTrial(t, false)
	o.Keep = time.Hour // there is nothing to keep of the one that is taken
	results, err := tr.run(t, o)
	if err != nil || len(results) != 2 || tr.began != 2 {
		t.Fatalf("%d results of %d loads: %v", len(results), tr.began, err)
	}
	first, second := results[0], results[1]
	if _, found := first.Capacity(); found || first.status() != "incomplete" || !first.Replaced || first.End.Verdict != "unstable" {
		t.Errorf("the first is %q with %+v", first.status(), first.End)
	}
	if c, _ := second.Capacity(); c != 100 || second.Preemptible || second.Price.PerHour != 0.05 || ExitCode(results) != 0 {
		t.Errorf("the second carries %v at %v, spot %v, exit code %d", c, second.Price, second.Preemptible, ExitCode(results))
	}
	for _, r := range results {
		if _, err := os.Stat(r.Record); err != nil || filepath.Dir(r.Record) != r.Folder {
			t.Errorf("the record of a try is not kept in its folder: %v", err)
		}
	}
	if last := tr.children[len(tr.children)-1].Args; last[0] != "report" || last[1] != second.Record {
		t.Errorf("the end is %q, want the summary of the second: there is one answer", last)
	}
	if flag(tr.children[1].Args, "machine") == flag(tr.children[0].Args, "machine") || strings.Contains(flag(tr.children[1].Args, "machine"), `"spot"`) {
		t.Error("the record of the second try says that it was on spot")
	}
	entries, err := journal.Read(filepath.Join(tr.world.Runs, filepath.Base(filepath.Dir(first.Folder))))
	noted := slices.ContainsFunc(entries, func(e journal.Entry) bool {
		return e.Event == "note" && e.ID == "i-002" && strings.Contains(e.Text, "on demand")
	})
	if err != nil || !noted {
		t.Errorf("the journal does not tell of it: %v", err)
	}
	for _, want := range []string{"c7.small: its spot machine i-002 was taken away", "tried once more on demand, for about 0.0658 USD more"} { // 79 minutes
		if !strings.Contains(tr.said.String(), want) {
			t.Errorf("%q was not said:\n%s", want, tr.said)
		}
	}
	for _, want := range []string{"c7.small (spot)", "incomplete", "measured on demand, because"} {
		if !strings.Contains(tr.printed.String(), want) {
			t.Errorf("%q was not printed:\n%s", want, tr.printed)
		}
	}
	if tr.machines["i-003"].Tags[plan.TagKept] == "" || tr.machines["i-002"].Tags[plan.TagKept] != "" {
		t.Error("the second machine is to be kept, and only that")
	}
}

func TestASecondTryIsTheLast(t *testing.T) {
	t.Parallel()
	tr, o := spotTrial(t, true)
	results, err := tr.run(t, o)
	if code(err) != exit.Outside || len(results) != 2 || tr.began != 2 {
		t.Errorf("%d results of %d loads: %v", len(results), tr.began, err)
	}
	if left := tr.left(); left != nil {
		t.Errorf("left: %v", left)
	}
	if tr.machines["i-003"].Tags[plan.TagExpires] <= tr.machines["i-002"].Tags[plan.TagExpires] {
		t.Error("the lease of the second machine ends with that of the first")
	}
}

func TestASpotMachineIsTakenBeforeItsLoad(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]string{"while it boots": "Agents", "while the service starts": "Run start kinto"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := newTrial(t)
			o := options("c7.small")
			o.Preemptible = true
			tr.refuse = func(asked string) error {
				if !strings.HasPrefix(asked, call) || tr.up() > 1 || len(tr.machines) > 1 {
					return nil
				}
				tr.take("c7.small", false)
				return refused(provider.NoAgent, "ssm:SendCommand", "InvalidInstanceId")
			}
			results, err := tr.run(t, o)
			if err != nil || len(results) != 2 || tr.began != 1 {
				t.Fatalf("%d results of %d loads: %v", len(results), tr.began, err)
			}
			if c, _ := results[1].Capacity(); c != 100 || results[0].status() != "incomplete" {
				t.Errorf("the second carries %v, and the first is %q", c, results[0].status())
			}
			if left := tr.left(); left != nil {
				t.Errorf("left: %v", left)
			}
		})
	}
}

func TestASecondTryKeepsToTheCostLimit(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		most  float64
		loads int
	}{{0.02, 1}, {0.03, 2}} { // spot 19 minutes at 0.02 an hour, and on demand at 0.05: 0.0063 and 0.0158
		tr, o := spotTrial(t, false)
		o.MaxCost = row.most
		results, _ := tr.run(t, o)
		if tr.began != row.loads || len(results) != row.loads {
			t.Errorf("--max-cost %v: %d loads, want %d", row.most, tr.began, row.loads)
		}
		if said := tr.said.String(); row.loads == 1 && !strings.Contains(said, "it is not tried again on demand, because the plan costs about 0.0222 USD, more than --max-cost 0.020") {
			t.Errorf("why is not said:\n%s", said)
		}
		if left := tr.left(); left != nil {
			t.Errorf("left: %v", left)
		}
	}
}

// TestSecondTriesShareTheCostLimit has room for one of two.
func TestSecondTriesShareTheCostLimit(t *testing.T) {
	t.Parallel()
	tr, o := spotTrial(t, false)
	o.Types = append(o.Types, "c7.large")
	o.MaxCost = 0.105 // 0.0063 and 0.0567 on spot, 0.0158 and 0.0317 on demand
	if results, err := tr.run(t, o); err != nil || tr.began != 3 || len(results) != 3 {
		t.Errorf("%d results of %d loads, want 3: %v", len(results), tr.began, err)
	}
}

func TestAPlanTellsWhatBecomesOfATakenMachine(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	tr.prices["spot c7.small"] = 0.02
	for most, want := range map[float64]string{
		0:    "If taken    c7.small: it is tried once more on demand, for about 0.0158 USD more\n",
		0.02: "If taken    c7.small: it is not tried again: on demand it would cost about 0.0158 USD more, which --max-cost does not allow\n",
	} {
		o := options("c7.small")
		o.Preemptible, o.MaxCost = true, most
		p, err := plan.Planner{Cloud: tr.world.Cloud, Address: tr.world.Address}.Plan(t.Context(), "r", o)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if p.Write(&b); !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in the plan:\n%s", want, b.String())
		}
	}
}
