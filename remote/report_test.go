package remote

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/aws/dialect"
	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/provider"
)

// TestTheObjectHasWhatPlimsollSaid runs with --json, on one machine and on several.
func TestTheObjectHasWhatPlimsollSaid(t *testing.T) {
	t.Parallel()
	for _, types := range [][]string{{"c7.small"}, {"c7.small", "c7.large"}} {
		tr := newTrial(t)
		results, err := tr.run(t, options(types...))
		if err != nil {
			t.Fatal(err)
		}
		tr.printed.Reset()
		if err := tr.world.Report(t.Context(), &plan.Plan{Dialect: dialect.Dialect(), Run: "r"}, results, Show{JSON: true}); err != nil {
			t.Fatal(err)
		}
		var got summary
		if err := json.Unmarshal(tr.printed.Bytes(), &got); err != nil || len(got.Machines) != len(types) {
			t.Fatalf("%v\n%s", err, tr.printed)
		}
		m := got.Machines[0]
		if m.Capacity == nil || *m.Capacity != 100 || m.PerMillion == nil || *m.PerMillion < 0.0694 || *m.PerMillion > 0.0695 || *m.PricePerHour != 0.05 || m.Sizing == nil {
			t.Errorf("the machine is %+v", m)
		}
		if compared := strings.Contains(string(got.Comparison), `"price_per_million"`); compared != (len(types) > 1) {
			t.Errorf("%d machines, and the comparison is %s", len(types), got.Comparison)
		}
	}
}

// TestAMachineWithoutAnAnswerSpoilsNoComparison cuts the record of one machine of three.
func TestAMachineWithoutAnAnswerSpoilsNoComparison(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	results, err := tr.run(t, options("c7.small", "c7.large", "c7.huge"))
	if err != nil {
		t.Fatal(err)
	}
	results[1].End = nil
	if err := tr.world.Report(t.Context(), &plan.Plan{}, results, Show{}); err != nil {
		t.Error(err)
	}
	last := tr.children[len(tr.children)-1].Args
	if want := []string{"compare", results[0].Record, results[2].Record}; !slices.Equal(last, want) {
		t.Errorf("the records were compared by %q, want %q", last, want)
	}
}

func TestAMachineThatNeverStartedCostsNothing(t *testing.T) {
	t.Parallel()
	price := &provider.Price{PerHour: 6, Currency: "USD"}
	for id, want := range map[string]float64{"": 0, "i-1": 0.1} { // a minute at least
		r := Outcome{Machine: provider.Machine{ID: id}, Price: price, Rented: time.Second}
		if got := r.cost(); !got.Known || got.Amount != want {
			t.Errorf("machine %q costs %v, want %v", id, got, want)
		}
	}
}
