package report_test

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/report/compare"
	"github.com/plimsoll-load/plimsoll/report/markdown"
	"github.com/plimsoll-load/plimsoll/report/text"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// sizedOn is a sizing on a machine.
func sizedOn(machine *record.Machine, capacity float64) *report.Run {
	s := &record.Sizing{
		Verdict: "found", Capacity: &record.Capacity{Goodput: capacity}, Unloaded: record.Unloaded{RequestsPerIteration: 2},
		VUs:   record.VUBounds{Knee: 4},
		Curve: []record.Hold{{Control: "vus", Level: 4, P95S: 0.5}, {Control: "vus", Level: 4, P95S: 0.02}, {Control: "rate", Level: 4, P95S: 9}},
	}
	return &report.Run{Head: record.Run{Mode: "size", Machine: machine}, End: &record.End{Verdict: "found", Sizing: s}}
}

func TestMachinesAreComparedByWhatTheyCost(t *testing.T) {
	t.Parallel()
	small := &record.Machine{Type: "small", Region: "here", PricePerHour: 0.1, Currency: "USD"}
	large := &record.Machine{Type: "large", Region: "here", PricePerHour: 0.4, Currency: "USD"}
	bare := &record.Machine{Type: "bare"} // its price is not known
	c := compared(t,
		compare.Set{Name: "small", Runs: []*report.Run{sizedOn(small, 90), sizedOn(small, 110)}},
		compare.Set{Name: "b", Runs: []*report.Run{sizedOn(large, 300)}},
		compare.Set{Name: "c", Runs: []*report.Run{sizedOn(bare, 500)}},
		compare.Set{Name: "d", Runs: []*report.Run{sizedOn(nil, 700)}})
	c.PlanFor(func(s record.Sizing) int { return int(math.Ceil(1000 / s.Capacity.Goodput)) })
	if len(c.Machines) != 3 {
		t.Fatalf("%d machines, want those three that are named", len(c.Machines))
	}
	m := c.Machines[0]
	// 0.1 an hour for 100 iterations of 2 requests a second: 720,000 requests.
	if *m.Capacity != 100 || *m.Requests != 200 || *m.P95AtKneeS != 0.02 || math.Abs(*m.PerMillion-0.1/0.72) > 1e-12 {
		t.Errorf("small: %v iterations/s, %v requests/s, p95 %v, %v a million", *m.Capacity, *m.Requests, *m.P95AtKneeS, *m.PerMillion)
	}
	if *m.Needed != 12 || math.Abs(*m.NeededCost-1.2) > 1e-12 || !m.Recommended || c.Machines[1].Recommended || *c.Machines[1].NeededCost != 1.6 {
		t.Errorf("small: %d needed at %v, recommended %v; large at %v: want 12 at 1.2, the cheaper ones", *m.Needed, *m.NeededCost, m.Recommended, *c.Machines[1].NeededCost)
	}
	if c.Machines[2].PricePerHour != nil || c.Machines[2].PerMillion != nil || c.Machines[2].NeededCost != nil {
		t.Errorf("a price that is not known became %+v", c.Machines[2])
	}
	var terminal, page bytes.Buffer
	if err := text.WriteComparison(&terminal, c, 0.1, text.Options{Width: 100}); err != nil {
		t.Fatal(err)
	}
	if err := markdown.WriteComparison(&page, c, 0.1); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"small", "large (b)", "0.1389 USD", "12, 1.2 USD, the cheapest"} {
		if !strings.Contains(terminal.String(), want) || !strings.Contains(page.String(), want) {
			t.Errorf("%q is missing in\n%s\nor in\n%s", want, terminal.String(), page.String())
		}
	}
}

func TestSetsAreCalledByTheirMachines(t *testing.T) {
	t.Parallel()
	on := func(name string, spot bool) compare.Set {
		return compare.Set{Runs: []*report.Run{sizedOn(&record.Machine{Type: name, Spot: spot}, 100)}}
	}
	for _, row := range []struct {
		sets []compare.Set
		want string
	}{
		{[]compare.Set{on("small", false), on("large", false), on("large", true)}, "small, large, large (spot)"},
		{[]compare.Set{on("small", false), on("small", false)}, "set 1, set 2"}, // before and after, on the same machine
		{[]compare.Set{on("small", false), on("", false)}, "set 1, set 2"},
	} {
		c := compared(t, row.sets...)
		var names []string
		for _, s := range c.Sets {
			names = append(names, s.Name)
		}
		if got := strings.Join(names, ", "); got != row.want {
			t.Errorf("the sets are called %q, want %q", got, row.want)
		}
		warned := strings.Contains(strings.Join(c.Warnings, " "), "the target's machine differs")
		if named := len(c.Machines) == 3; named && warned || row.want == "set 1, set 2" && len(c.Machines) == 1 && !warned {
			t.Errorf("%s: warnings %q", row.want, c.Warnings)
		}
		if len(c.Machines) == 3 && c.Machines[2].Name() != "large (spot)" {
			t.Errorf("the machine is called %q", c.Machines[2].Name())
		}
	}
}

func TestARunTellsWhatItsMachineCosts(t *testing.T) {
	t.Parallel()
	r := sizedOn(&record.Machine{Type: "small", Region: "here", PricePerHour: 0.1, Currency: "USD", LoadFrom: "i-2, a large, 0.2 USD an hour, which is not in the price"}, 100)
	var terminal bytes.Buffer
	if err := text.Write(&terminal, r, text.Options{Width: 200}); err != nil {
		t.Fatal(err)
	}
	want := "Machine    small here, 0.1 USD an hour, 0.1389 USD a million requests at its capacity; loaded from i-2, a large, 0.2 USD an hour, which is not in the price\n"
	if !strings.Contains(terminal.String(), want) {
		t.Errorf("%q is not in\n%s", want, terminal.String())
	}
	r.Holds, r.End.Sizing.Curve = r.End.Sizing.Curve, nil // as in a record
	if m := report.Summarize(r).Machine; m == nil || math.Abs(*m.PerMillion-0.1/0.72) > 1e-12 || *m.P95AtKneeS != 0.02 {
		t.Errorf("the object's machine is %+v", m)
	}
}
