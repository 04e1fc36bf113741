package sizing_test

import (
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/sizing"
	"github.com/plimsoll-load/plimsoll/sizing/sizingtest"
)

// A service that slows down at any moment of its sizing takes hardly more time
// than the budget, where it once took three times that; and it gets no number
// that it did not carry to the end.
func TestABudgetBoundsTheHoldsOfAServiceThatSlowsDown(t *testing.T) {
	const most = 6.0 // seconds beyond it
	for seed := range uint64(1000) {
		m := sizingtest.Thrashing(1000 + 10*int(seed))
		o := m.Options()
		o.Budget = 40 * time.Second
		var last, longest record.Hold
		a, err := sizing.Run(t.Context(), m.New(seed), o, func(h record.Hold) {
			if last = h; h.LengthS > longest.LengthS {
				longest = h
			}
		})
		switch {
		case err != nil || a.Verdict != sizing.Budget && a.Verdict != sizing.Found:
			t.Errorf("seed %d: %s, %v; want a number or the budget", seed, a.Verdict, err)
		case a.Cost.WallS > o.Budget.Seconds()+most:
			t.Errorf("seed %d: took %.0f s with a budget of %v, of these %.0f s a hold of the phase %s", seed, a.Cost.WallS, o.Budget, longest.LengthS, longest.Phase)
		case a.Verdict == sizing.Found && last.Goodput < a.Capacity.Goodput/2:
			t.Errorf("seed %d: carries %.0f/s, confirmed by a hold with %.0f/s", seed, a.Capacity.Goodput, last.Goodput)
		}
	}
}
