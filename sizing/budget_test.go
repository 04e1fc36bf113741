package sizing_test

import (
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/sizing"
	"github.com/plimsoll-load/plimsoll/sizing/sizingtest"
)

// A service that slows down at any moment of its sizing gets no number, and
// hardly more time than the budget: it once took three times that.
func TestABudgetBoundsTheHoldsOfAServiceThatSlowsDown(t *testing.T) {
	const most = 5.0 // seconds beyond it
	for seed := range uint64(49) {
		m := sizingtest.Thrashing(1000 + 250*int(seed))
		o := m.Options()
		o.Budget = 40 * time.Second
		longest := record.Hold{}
		a, err := sizing.Run(t.Context(), m.New(seed), o, func(h record.Hold) {
			if h.LengthS > longest.LengthS {
				longest = h
			}
		})
		if err != nil || a.Verdict != sizing.Budget {
			t.Errorf("seed %d: %s, %v; want no number", seed, a.Verdict, err)
		}
		if a.Cost.WallS > o.Budget.Seconds()+most {
			t.Errorf("seed %d: took %.0f s with a budget of %v, of these %.0f s a hold of the phase %s", seed, a.Cost.WallS, o.Budget, longest.LengthS, longest.Phase)
		}
	}
}
