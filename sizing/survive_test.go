package sizing_test

import (
	"math/rand/v2"
	"testing"

	"github.com/plimsoll-load/plimsoll/sizing"
)

// slower is how many times longer an iteration takes with n in flight than alone.
func slower(n float64) float64 { return 1 + .02*(n-1) + .0038*n*(n-1) }

const aloneTime = .0144 // seconds

// evenly is whether a service whose iterations take a fixed time, that of how
// many there are when they begin, still has a way back after a minute of arrivals.
func evenly(rate float64, users int, seed uint64) bool {
	rng := rand.New(rand.NewPCG(seed, 7))
	var ends []float64
	for now := 0.0; now < 60; now += rng.ExpFloat64() / rate {
		kept := ends[:0]
		for _, end := range ends {
			if end > now {
				kept = append(kept, end)
			}
		}
		ends = append(kept, now+aloneTime*slower(float64(len(kept)+1)))
		if len(ends) > 3*users {
			return false
		}
	}
	return len(ends) <= users
}

// A service that completes evenly carries more than one whose completions are
// as random as arrivals: smaller steps reckon with that.
func TestEvenServicesSurviveMore(t *testing.T) {
	const users, runs = 64, 60
	curve := make([]float64, users+1)
	for n := 1; n <= users; n++ {
		curve[n] = float64(n) / (aloneTime * slower(float64(n)))
	}
	highest := func(survives func(rate float64) bool) float64 {
		lo, hi := 100.0, 700.0
		for hi > 1.005*lo {
			if mid := (lo + hi) / 2; survives(mid) {
				lo = mid
			} else {
				hi = mid
			}
		}
		return lo
	}
	truth := highest(func(rate float64) bool {
		good := 0
		for seed := range uint64(runs) {
			if evenly(rate, users, seed) {
				good++
			}
		}
		return good >= runs*9/10
	})
	reckoned := func(step float64) float64 {
		return highest(func(rate float64) bool { return sizing.Survives(rate, curve, step) >= .9 })
	}
	if off := reckoned(.65)/truth - 1; off < -.04 || off > .02 {
		t.Errorf("an even service survives %.0f/s, reckoned with %+.1f %%", truth, 100*off)
	}
	if off := reckoned(1)/truth - 1; off > -.06 {
		t.Errorf("with steps of one it is %+.1f %%: the test tells nothing", 100*off)
	}
}

// The steps are small where a full service completes evenly, and one where it does not.
func TestEvenCompletionsMakeSmallSteps(t *testing.T) {
	even, uneven := make([]float64, 32), make([]float64, 32)
	rng := rand.New(rand.NewPCG(3, 3))
	for i := range even {
		even[i] = 100
		uneven[i] = 60 + 80*rng.Float64()
	}
	if small, one := sizing.StepSize(even), sizing.StepSize(uneven); small > .7 || one != 1 {
		t.Errorf("steps of %v and %v, want 0.65 and 1", small, one)
	}
}
