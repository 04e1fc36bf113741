package sizing_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/testmode"
	"github.com/plimsoll-load/plimsoll/sizing"
	"github.com/plimsoll-load/plimsoll/sizing/sizingtest"
)

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "runtime", "record", "schema", "sizing.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	body, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("sizing.json", body); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("sizing.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func valid(t *testing.T, s *jsonschema.Schema, answer record.Sizing) string {
	t.Helper()
	body, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	object, err := jsonschema.UnmarshalJSON(strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(object); err != nil {
		return err.Error()
	}
	return ""
}

// Every verdict in every mode is valid by the schema, and has its exit code.
func TestAnswersAreValidByTheirSchema(t *testing.T) {
	s := schema(t)
	exits := map[record.Verdict]int{record.VerdictFound: 0, record.VerdictBaseline: 4, record.VerdictDead: 6}
	quick := []string{"mmcK", "mmc-slo", "kinto", "slow50", "base10", "broken", "think1-max500", "leak", "slow12", "genlimit"}
	for _, m := range sizingtest.Models() {
		if !testmode.Full() && !slices.Contains(quick, m.Name) {
			continue
		}
		for _, by := range []record.Control{record.ByVUs, record.ByRate, record.BySessions} {
			o := m.Options()
			o.By = by
			a, err := sizing.Run(t.Context(), m.New(5), o, nil)
			if err != nil {
				t.Fatalf("%s by %s: %v", m.Name, by, err)
			}
			if bad := valid(t, s, a); bad != "" {
				t.Errorf("%s by %s, %s: %s", m.Name, by, a.Verdict, bad)
			}
			want, ok := exits[a.Verdict]
			if !ok {
				want = 5
			}
			if a.ExitCode != want {
				t.Errorf("%s by %s: %s exits with %d, want %d", m.Name, by, a.Verdict, a.ExitCode, want)
			}
		}
	}
}

func TestTheSchemaRefusesANumberWithoutAFinding(t *testing.T) {
	s := schema(t)
	m := sizingtest.Named("mdcK")
	a, err := sizing.Run(t.Context(), m.New(1), m.Options(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if bad := valid(t, s, a); bad != "" {
		t.Fatal(bad)
	}
	budget := a
	budget.Verdict, budget.ExitCode = record.VerdictBudget, 5
	empty := a
	empty.Capacity = nil
	for name, x := range map[string]record.Sizing{"a capacity after budget": budget, "found without one": empty} {
		if valid(t, s, x) == "" {
			t.Errorf("%s is taken", name)
		}
	}
}

// The answer carries what a person and a program ask for.
func TestTheAnswerTellsTheWholeStory(t *testing.T) {
	m := sizingtest.Named("mmcK")
	var rows []record.Hold
	var steps []sizing.Decision
	o := m.Options()
	o.OnStep = func(d sizing.Decision) { steps = append(steps, d) }
	a, err := sizing.Run(t.Context(), m.New(3), o, func(h record.Hold) { rows = append(rows, h) })
	if err != nil || a.Verdict != record.VerdictFound || a.Binding != "failures" {
		t.Fatalf("%s, %s, %v", a.Verdict, a.Binding, err)
	}
	if len(rows) != len(a.Curve) || len(steps) != len(rows) {
		t.Errorf("%d rows were told and %d steps announced, want %d of each", len(rows), len(steps), len(a.Curve))
	}
	for i, h := range rows {
		if h.N != i+1 || h.Why == "" || h.Verdict == "" || steps[i].Why != h.Why || steps[i].Level != h.Level {
			t.Errorf("hold %d: %+v, announced as %+v", i+1, h, steps[i])
		}
		if i > 0 && h.StartS < rows[i-1].StartS+rows[i-1].LengthS {
			t.Errorf("hold %d begins before the former ends", h.N)
		}
	}
	last := rows[len(rows)-1]
	if last.Interval.Lo == nil || last.Interval.Hi == nil || *last.Interval.Lo >= *last.Interval.Hi || last.LeftS > rows[0].LeftS {
		t.Errorf("the interval did not close in: %+v, %.0f s left", last.Interval, last.LeftS)
	}
	c := a.Capacity
	if c.FirstFailing == nil || !a.Interval.HiTested || c.OfferedConfirmed >= *c.FirstFailing || c.CI95[0] > c.Goodput || c.CI95[1] < c.Goodput {
		t.Errorf("capacity %+v is not bracketed", c)
	}
	if c.Knee < 18 || c.Knee > 32 || c.Within != 128 || c.VUBounds.FirstFailing == nil || c.Estimate == nil || *c.Estimate < 200 || *c.Estimate > 256 {
		t.Errorf("users %+v: want about 20 that fill it, 128 within, 256 beyond, about 231 as estimate", c.VUBounds)
	}
	if a.Unloaded.IterationS < .015 || a.Unloaded.IterationS > .025 || a.Shape.AboveLimit != "flat" || a.Cost.WallS > 80 {
		t.Errorf("%+v %+v %+v", a.Unloaded, a.Shape, a.Cost)
	}
}

func TestThePlateauIsToldInEveryMode(t *testing.T) {
	m := sizingtest.Named("mmcK")
	for _, by := range []record.Control{record.ByVUs, record.ByRate, record.BySessions} {
		o := m.Options()
		o.By = by
		a, err := sizing.Run(t.Context(), m.New(2), o, nil)
		if err != nil || a.Plateau == nil || a.Plateau.Kind != "flat" || a.Plateau.Goodput < 960 || a.Plateau.Goodput > 1040 {
			t.Errorf("by %s: %+v, %v; want a flat one of about 1000/s", by, a.Plateau, err)
		}
	}
}

func TestTheScenarioThatFailsFirstIsNamed(t *testing.T) {
	m := sizingtest.Named("mix3")
	a, err := sizing.Run(t.Context(), m.New(1), m.Options(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Scenarios) != 3 || !a.Scenarios[2].First {
		t.Fatalf("%+v: want the last to fail first: it pauses between its requests and finds its place taken", a.Scenarios)
	}
	sum := 0.0
	for _, s := range a.Scenarios {
		sum += s.OfFailures
	}
	if sum < .999 || sum > 1.001 {
		t.Errorf("shares of the failures add up to %v", sum)
	}
}

// A former answer is checked within half a minute: a fall by a fifth is seen, none is not.
func TestRecheck(t *testing.T) {
	for name, least := range map[string]int{"mmcK": 20, "mmc-noerr": 20, "slow50": 17} { // half a minute at 50/s is little
		m := sizingtest.Named(name)
		former, err := sizing.Run(t.Context(), m.New(1), m.Options(), nil)
		if err != nil {
			t.Fatal(err)
		}
		o := m.Options()
		o.From = &former
		alarms := 0
		runs := testmode.Runs(200, 40)
		for seed := range uint64(runs) {
			a, err := sizing.Run(t.Context(), m.New(seed), o, nil)
			if err != nil || a.Verdict != record.VerdictFound || a.Cost.WallS > 30 {
				t.Fatalf("%s: %s after %.0f s, %v", name, a.Verdict, a.Cost.WallS, err)
			}
			if a.ExitCode == 8 {
				alarms++
			}
		}
		if alarms > runs/20 {
			t.Errorf("%s did not change, and %d of %d say it did", name, alarms, runs)
		}
		better := former
		capacity := *former.Capacity
		for _, x := range []*float64{&capacity.Goodput, &capacity.OfferedConfirmed, capacity.FirstFailing, &capacity.CI95[0], &capacity.CI95[1]} {
			*x *= 1.25 // it fell by a fifth since
		}
		better.Capacity = &capacity
		o.From = &better
		seen := 0
		for seed := range uint64(20) {
			a, err := sizing.Run(t.Context(), m.New(seed), o, nil)
			if err != nil || a.Recheck == nil {
				t.Fatalf("%s: %+v, %v", name, a.Recheck, err)
			}
			if a.ExitCode == 8 && a.Recheck.Regressed {
				seen++
			}
		}
		if seen < least {
			t.Errorf("%s carries a fifth less than it did: %d of 20 see it, want %d", name, seen, least)
		}
	}
}
