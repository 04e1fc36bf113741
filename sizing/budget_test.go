package sizing_test

import (
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/testmode"
	"github.com/plimsoll-load/plimsoll/sizing"
	"github.com/plimsoll-load/plimsoll/sizing/sizingtest"
)

// A service that slows down at any moment of its sizing takes hardly more time
// than the budget, where it once took three times that; and it gets no number
// that it did not carry to the end.
func TestABudgetBoundsTheHoldsOfAServiceThatSlowsDown(t *testing.T) {
	for _, c := range []struct {
		rate       float64
		runs, step int
		most       float64 // seconds beyond the budget
	}{
		{200, 1000, 10, 6},   // answered in virtual users
		{1000, 100, 480, 14}, // a hold of arrivals that confirms lasts 12 s
	} {
		runs := testmode.Runs(c.runs, c.runs/10)
		for i := range runs {
			after := 1000 + c.step*c.runs/runs*i
			m := sizingtest.Thrashing(c.rate, after)
			o := m.Options()
			o.Budget = 40 * time.Second
			var last record.Hold
			a, err := sizing.Run(t.Context(), m.New(uint64(i)), o, func(h record.Hold) { last = h })
			switch {
			case err != nil || a.Verdict != record.VerdictBudget && a.Verdict != record.VerdictFound:
				t.Errorf("slow after %d: %s, %v; want a number or the budget", after, a.Verdict, err)
			case a.Cost.WallS > o.Budget.Seconds()+c.most:
				t.Errorf("slow after %d: took %.0f s with a budget of %v, the last hold in %s for %.0f s", after, a.Cost.WallS, o.Budget, last.Phase, last.LengthS)
			case a.Verdict == record.VerdictFound && last.Control == record.ByVUs && last.Goodput < a.Capacity.Goodput/2:
				t.Errorf("slow after %d: carries %.0f/s, confirmed by a hold with %.0f/s", after, a.Capacity.Goodput, last.Goodput)
			}
		}
	}
}
