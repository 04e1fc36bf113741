package sizing_test

import (
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/sizing"
	"github.com/plimsoll-load/plimsoll/sizing/sizingtest"
)

// What is asked to be kept for longer is kept, also where the search ended
// because its budget was spent.
func TestASoakFollowsEveryNumber(t *testing.T) {
	for name, budget := range map[string]time.Duration{"mmcK": 0, "base1": 70 * time.Second} {
		found := 0
		for seed := range uint64(10) {
			m := sizingtest.Named(name)
			o := m.Options()
			o.Budget, o.Soak = budget, time.Minute
			a, err := sizing.Run(t.Context(), m.New(seed), o, nil)
			if err != nil {
				t.Fatal(err)
			}
			last := a.Curve[len(a.Curve)-1]
			soaked := last.Phase == "soak" && last.LengthS > 59
			switch {
			case a.Verdict == record.VerdictFound && soaked:
				found++
			case a.Verdict == record.VerdictFound || soaked && last.Verdict == "pass":
				t.Errorf("%s with seed %d: %s, and its last hold is a %s of %.0f s", name, seed, a.Verdict, last.Phase, last.LengthS)
			}
		}
		if found < 5 {
			t.Errorf("%s: %d of 10 sizings ended with a number that was kept for a minute, want 5", name, found)
		}
	}
}
