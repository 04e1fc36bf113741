package report_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/report/compare"
	"github.com/plimsoll-load/plimsoll/report/markdown"
	"github.com/plimsoll-load/plimsoll/report/reporttest"
	"github.com/plimsoll-load/plimsoll/report/text"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

func set(t *testing.T, name string, records ...[]any) compare.Set {
	t.Helper()
	s := compare.Set{Name: name}
	for _, rows := range records {
		s.Runs = append(s.Runs, fold(t, rows))
	}
	return s
}

func compared(t *testing.T, sets ...compare.Set) *compare.Comparison {
	t.Helper()
	c, err := compare.Sets(sets)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// pair is a comparison of n sizings each of a service, the second with its
// capacity changed by a factor. A sizing's answer is off by a spread, and by
// three times as much once in twenty; it tells an interval of its own.
func pair(rng *rand.Rand, n int, factor, spread float64) *compare.Comparison {
	sized := func(capacity float64) *report.Run {
		off := rng.NormFloat64() * spread
		if rng.IntN(20) == 0 {
			off *= 3
		}
		goodput := capacity * math.Exp(off)
		return &report.Run{Head: record.Run{Mode: "size"}, End: &record.End{Verdict: "found", Sizing: &record.Sizing{Verdict: "found", Capacity: &record.Capacity{
			Goodput: goodput, CI95: [2]float64{goodput * 0.989, goodput * 1.011},
		}}}}
	}
	sets := make([]compare.Set, 2)
	for range n {
		sets[0].Runs = append(sets[0].Runs, sized(1000))
		sets[1].Runs = append(sets[1].Runs, sized(1000*factor))
	}
	c, err := compare.Sets(sets)
	if err != nil {
		panic(err) // it says so of what has no run
	}
	return c
}

// The simulator of the sizing gives 0.3 to 1.2 % for most services, 2.2 % for slow ones.
func TestFalseAlarmsAreRareWhateverTheSpread(t *testing.T) {
	t.Parallel()
	for _, spread := range []float64{0.002, 0.006, 0.012, 0.022, 0.05} {
		rng := rand.New(rand.NewPCG(1, 2))
		const pairs = 3000
		alarms, regressions := 0, 0
		for range pairs {
			c := pair(rng, 3, 1, spread)
			if c.Changes[0].Verdict != compare.NotSignificant {
				alarms++
			}
			if c.Regression(0) != nil {
				regressions++
			}
		}
		if alarms > pairs*5/100 || regressions > pairs*3/100 {
			t.Errorf("spread %v: %d alarms and %d regressions in %d pairs without a change, want at most 5 %% and 3 %%", spread, alarms, regressions, pairs)
		}
		t.Logf("spread %.1f %%: %.1f %% alarms, %.1f %% regressions without a change", spread*100, 100*float64(alarms)/pairs, 100*float64(regressions)/pairs)
	}
}

func TestALossOfFivePercentIsNoticed(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	const pairs = 3000
	noticed, beyond := 0, 0
	for range pairs {
		c := pair(rng, 3, 0.95, 0.010)
		if c.Changes[0].Verdict == compare.Worse {
			noticed++
		}
		if c.Regression(0.02) != nil {
			beyond++
		}
	}
	if noticed < pairs*90/100 || beyond < pairs*90/100 {
		t.Errorf("%d of %d losses of 5 %% were noticed, %d as beyond 2 %%: want at least 90 %%", noticed, pairs, beyond)
	}
	t.Logf("%.1f %% noticed, %.1f %% beyond 2 %%", 100*float64(noticed)/pairs, 100*float64(beyond)/pairs)
}

func TestIntervalsHoldTheTruth(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(5, 6))
	for _, n := range []int{1, 2, 3, 5} {
		const pairs = 2000
		held := 0
		for range pairs {
			k := pair(rng, n, 0.9, 0.012).Changes[0]
			if *k.Low <= -0.1 && -0.1 <= *k.High {
				held++
			}
		}
		if held < pairs*94/100 {
			t.Errorf("%d runs each: %d of %d intervals hold the true change, want 95 %%", n, held, pairs)
		}
	}
}

func TestComparisonIsAsLookedAt(t *testing.T) {
	t.Parallel()
	one := func(name string, capacity float64) compare.Set {
		s := compare.Set{Name: name}
		for seed := range uint64(3) {
			s.Runs = append(s.Runs, fold(t, reporttest.SizingRows(reporttest.Service{Seed: seed, Capacity: capacity * (1 + 0.004*float64(seed))})))
		}
		return s
	}
	c := compared(t, one("main", 1000), one("branch", 930), one("better", 1100))
	var terminal, comment strings.Builder
	if err := text.WriteComparison(&terminal, c, 0.02, text.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := markdown.WriteComparison(&comment, c, 0.02); err != nil {
		t.Fatal(err)
	}
	object, err := compare.JSON(c, 0.02)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "compare.txt", []byte(terminal.String()))
	golden(t, "compare.md", []byte(comment.String()))
	golden(t, "compare.json", object)
	valid(t, "compare", object)
	if k := c.Regression(0.02); k == nil || k.Set != "branch" || k.Measure != "capacity" {
		t.Errorf("regression %+v, want that of branch", k)
	}
	if k := c.Regression(0.10); k != nil {
		t.Errorf("a loss of 7 %% is beyond 10 %%: %+v", k)
	}
}

func TestPlainRunsAreComparedAtEqualLoad(t *testing.T) {
	t.Parallel()
	run := func(seed uint64, vus int, capacity float64) []any {
		return reporttest.Rows(reporttest.Service{Seed: seed, VUs: vus, Capacity: capacity, Seconds: 20})
	}
	measures := func(c *compare.Comparison) string {
		var out []string
		for i := range c.Changes {
			out = append(out, c.Changes[i].Name()+" "+c.Changes[i].Verdict)
		}
		return strings.Join(out, ", ")
	}
	same := compared(t, set(t, "a", run(1, 40, 1000), run(2, 40, 1000), run(3, 40, 1000)), set(t, "b", run(4, 40, 1000), run(5, 40, 1000), run(6, 40, 1000)))
	if got := measures(same); strings.Contains(got, "worse") || !strings.Contains(got, "p95 at 40 VUs not significant") {
		t.Errorf("the same service at the same load: %s", got)
	}
	slower := compared(t, set(t, "a", run(1, 40, 1000), run(2, 40, 1000), run(3, 40, 1000)), set(t, "b", run(4, 40, 800), run(5, 40, 800), run(6, 40, 800)))
	if got := measures(slower); !strings.Contains(got, "goodput worse") || slower.Regression(0.05) == nil {
		t.Errorf("a slower service: %s", got)
	}
	other := compared(t, set(t, "a", run(1, 40, 1000)), set(t, "b", run(2, 80, 1000)))
	if got := measures(other); strings.Contains(got, "p95") {
		t.Errorf("response times at unequal loads were compared: %s", got)
	}
	if all := strings.Join(other.Warnings, "\n"); !strings.Contains(all, "setting vus differs between a and b: 40, 80") || !strings.Contains(all, "one run alone") {
		t.Errorf("warnings:\n%s", all)
	}
}

func TestDifferencesAreNamed(t *testing.T) {
	t.Parallel()
	base := func() *report.Run {
		return &report.Run{Head: record.Run{
			Mode: "run", Tool: "plimsoll 1", Script: "a.js", ScriptHash: "aaaa", Tolerance: 0.05, Generator: record.Host{Name: "g", CPUs: 2},
			Settings: []plan.Setting{{Name: "target", Value: "http://a"}, {Name: "seed", Value: "1"}},
		}, End: &record.End{}}
	}
	for want, change := range map[string]func(*report.Run){
		"the script differs between A and B: a.js, b.js":               func(r *report.Run) { r.Head.Script = "b.js" },
		"the script's content differs between A and B: aaaa, bbbb":     func(r *report.Run) { r.Head.ScriptHash = "bbbb" },
		"the setting target differs between A and B: http://a, none":   func(r *report.Run) { r.Head.Settings = nil },
		"the tolerance differs between A and B: 5 %, 1 %":              func(r *report.Run) { r.Head.Tolerance = 0.01 },
		"the tool differs between A and B: plimsoll 1, plimsoll 2":     func(r *report.Run) { r.Head.Tool = "plimsoll 2" },
		"the target's machine differs between A and B: none, t4.large": func(r *report.Run) { r.Head.Machine = &record.Machine{Type: "t4.large"} },
		"a run of B was cut": func(r *report.Run) { r.End = nil },
		"": func(r *report.Run) {
			r.Head.Settings = []plan.Setting{{Name: "target", Value: "http://a"}, {Name: "seed", Value: "2"}}
		},
	} {
		b := base()
		change(b)
		c := compared(t, compare.Set{Name: "A", Runs: []*report.Run{base(), base()}}, compare.Set{Name: "B", Runs: []*report.Run{b}})
		if got := strings.Join(c.Warnings, "\n"); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("warnings %q, want %q", got, want)
		}
	}
}

func TestWhatCannotBeComparedIsAnError(t *testing.T) {
	t.Parallel()
	plain := read(t, reporttest.Run(reporttest.Service{Seconds: 2}))
	sized := read(t, reporttest.Undecided(reporttest.Service{}, "budget", 5))
	for name, sets := range map[string][]compare.Set{
		"one set":    {{Runs: []*report.Run{plain}}},
		"no run":     {{Runs: []*report.Run{plain}}, {}},
		"two kinds":  {{Runs: []*report.Run{plain}}, {Runs: []*report.Run{sized}}},
		"mixed sets": {{Runs: []*report.Run{plain, sized}}, {Runs: []*report.Run{plain}}},
	} {
		if c, err := compare.Sets(sets); err == nil {
			t.Errorf("%s: no error, %+v", name, c)
		}
	}
	c := compared(t, compare.Set{Runs: []*report.Run{sized}}, compare.Set{Runs: []*report.Run{sized}})
	if v := c.Verdict(0); v.Tone != report.Warn || v.Word != "nothing to compare" {
		t.Errorf("sizings without a capacity: %+v", v)
	}
	found := read(t, reporttest.Sizing(reporttest.Service{}))
	partly := compared(t, compare.Set{Name: "small", Runs: []*report.Run{sized}}, compare.Set{Name: "large", Runs: []*report.Run{found}})
	want := "no capacity of small was found (budget): what it carries cannot be compared"
	if !slices.Contains(partly.Warnings, want) {
		t.Errorf("one of two found a capacity, and that is not said: %q", partly.Warnings)
	}
	if c.Sets[0].Name == c.Sets[1].Name {
		t.Errorf("two sets are called %q", c.Sets[0].Name)
	}
}

func TestMarkdownIsAsLookedAt(t *testing.T) {
	t.Parallel()
	for name, body := range map[string][]byte{"run": records()["run"], "size": records()["size"]} {
		var out bytes.Buffer
		if err := markdown.Write(&out, read(t, body)); err != nil {
			t.Fatal(err)
		}
		golden(t, name+".md", out.Bytes())
	}
	var out bytes.Buffer
	if err := markdown.Write(&out, read(t, reporttest.Run(reporttest.Service{Prefix: "a|b <img src=x> [x](javascript:y) `c` @team ", VUs: 300}))); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{" <img", " [x]", " @team", " `c`", "a|b"} {
		if strings.Contains(out.String(), bad) {
			t.Errorf("Markdown holds %q:\n%s", bad, out.String())
		}
	}
}

func TestChangesFromNothing(t *testing.T) {
	t.Parallel()
	clean := &report.Run{End: &record.End{}, Duration: 1, Total: report.Counts{OK: 10}}
	failing := &report.Run{End: &record.End{}, Duration: 1, Total: report.Counts{OK: 5, Failed: 5}}
	c := compared(t, compare.Set{Runs: []*report.Run{clean}}, compare.Set{Runs: []*report.Run{failing}})
	object, err := compare.JSON(c, 0)
	if err != nil {
		t.Fatal(err)
	}
	valid(t, "compare", object)
	for _, k := range c.Changes {
		if k.Measure == "failures" && (k.Relative != nil || k.Before != 0 || k.After != 0.5) {
			t.Errorf("failures from 0 to 50 %%: %s", fmt.Sprintf("%+v", k))
		}
	}
}
