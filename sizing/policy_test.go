package sizing_test

import (
	"slices"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/testmode"
	"github.com/plimsoll-load/plimsoll/sizing"
	"github.com/plimsoll-load/plimsoll/sizing/sizingtest"
)

// Each rule of the controller is there for a service that is sized wrongly
// without it: with the rule the demand is met, without it it is not.
func TestEveryRuleIsNeeded(t *testing.T) {
	if testmode.UnderRace() {
		t.Skip("statistics of one goroutine: slow under the race detector, and nothing to race")
	}
	within := func(relative, share float64) func(*sizingtest.Stats) bool {
		return func(s *sizingtest.Stats) bool { return s.Within(relative) >= share }
	}
	verdict := func(s *sizingtest.Stats) bool { return s.Right(s.Model.Expect) == 1 }
	harmless := func(s *sizingtest.Stats) bool { return sizingtest.Quantile(s.Failed, .75) == 0 }
	quick := func(s *sizingtest.Stats) bool { return sizingtest.Quantile(s.Wall, .95) < 120 }
	rises := func(s *sizingtest.Stats) bool { return s.Rising >= s.Runs*9/10 }
	cheap := []string{"retest upper", "outage", "rising", "generator", "baseline", "pool"}
	for _, c := range []struct {
		rule, model string
		by          record.Control
		met         func(*sizingtest.Stats) bool
		demand      string
	}{
		{"retest upper", "autoscale", record.ByVUs, within(.05, .9), "an upper bound is tested again: capacity may have risen"},
		{"drain", "kinto", record.ByVUs, within(.05, .9), "what one load left behind is not held against the next"},
		{"plateau", "usl-retro", record.ByVUs, harmless, "the peak is measured before arrivals come"},
		{"trim", "gc-pause", record.ByVUs, within(.05, .9), "one stall is not a limit"},
		{"outage", "leak", record.BySessions, verdict, "a crash is told from a limit"},
		{"rising", "warm-up", record.ByVUs, rises, "a service that warms up is ramped again"},
		{"retrograde", "kinto", record.ByVUs, within(.05, .8), "beyond a peak arrivals that survive are computed, not tried"},
		{"retrograde", "kinto", record.ByRate, within(.05, .8), "arrivals that bring it down leave the search to virtual users"},
		{"generator", "genlimit", record.ByVUs, verdict, "an overloaded generator looks like a plateau"},
		{"settle", "think1", record.ByVUs, within(.03, .85), "new users need an iteration until they are all at work"},
		{"little", "think1-noerr", record.ByVUs, within(.05, .8), "a count begins when all users are at work, whatever was expected"},
		{"baseline", "base10", record.ByVUs, verdict, "what fails at any load is no question of load"},
		{"pool", "mmcK", record.ByRate, quick, "goodput above the limit says on which side a rate is"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			if !testmode.Full() && !slices.Contains(cheap, c.rule) {
				t.Skip("takes seconds: " + testmode.FullVariable + "=1")
			}
			t.Parallel()
			m := sizingtest.Named(c.model)
			measure := func(without string) *sizingtest.Stats {
				o := m.Options()
				o.By = c.by
				s, err := sizingtest.Measure(m, o, testmode.Runs(12, 4), func(w *sizingtest.World, o sizing.Options) (record.Sizing, error) {
					return sizing.RunWithout(t.Context(), w, o, without)
				})
				if err != nil {
					t.Fatal(err)
				}
				return &s
			}
			if s := measure(""); !c.met(s) {
				t.Errorf("%s: not met with all rules:\n%s", c.demand, s.Row())
			}
			if s := measure(c.rule); c.met(s) {
				t.Errorf("%s: met without the rule, which nothing needs then:\n%s", c.demand, s.Row())
			}
		})
	}
}
