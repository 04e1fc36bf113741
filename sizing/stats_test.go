package sizing

import (
	"math"
	"testing"
)

func near(got, want float64) bool { return math.Abs(got-want) <= 1e-9*max(1, math.Abs(want)) }

// The ratio of the likelihoods of 1.3 p and 0.7 p, by the binomial's definition.
func TestLLR(t *testing.T) {
	for name, c := range map[string]struct{ x, n, p, want float64 }{
		"nothing ended":                   {0, 0, .05, 0},
		"one bad":                         {1, 1, .05, math.Log(1.3 / .7)},
		"one good":                        {0, 1, .05, math.Log(.935 / .965)},
		"ten bad of a hundred":            {10, 100, .05, 10*math.Log(.065/.035) + 90*math.Log(.935/.965)},
		"a share that 1.3 takes beyond 1": {1, 1, .9, math.Log(.999 / .63)},
	} {
		if got := llr(c.x, c.n, c.p); !near(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	// Sure of a pass after 146 good of 146, and not before: log(99) / log(.965/.935).
	if a := bound(sureError); llr(0, 145, .05) < -a || llr(0, 146, .05) > -a {
		t.Errorf("145 good make %v and 146 make %v, beside a bound of %v", llr(0, 145, .05), llr(0, 146, .05), a)
	}
}

func repeat(times int, pattern ...float64) []float64 {
	var all []float64
	for range times {
		all = append(all, pattern...)
	}
	return all
}

func TestInflation(t *testing.T) {
	for name, c := range map[string]struct {
		bad, n []float64
		want   float64
	}{
		"few ticks":    {repeat(1, 5, 5, 5), repeat(3, 100), 1.5},
		"two bad":      {repeat(1, 1, 0, 1, 0, 0), repeat(5, 100), 1.5},
		"all bad":      {repeat(4, 100), repeat(4, 100), 1.5},
		"evenly":       {repeat(8, 5), repeat(8, 100), 1},                                     // no variance: (6 + 0)/12, at least 1
		"to and fro":   {repeat(4, 0, 10), repeat(8, 100), (6 + 8*(200./(.05*.95*800))) / 12}, // e² = 25, and neighbours differ: no correlation above 0
		"in one burst": {append(repeat(4, 10), repeat(4, 0)...), repeat(8, 100), (6 + 8*(200./38)*((1+.625)/(1-.625))) / 12},
	} {
		// In one burst: e is 5 four times, then -5 four times; neighbours agree six
		// times and differ once: r = 25·(6-1)/(25·8) = 0.625.
		if got := inflation(c.bad, c.n); !near(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestDispersion(t *testing.T) {
	for name, c := range map[string]struct {
		counts []float64
		want   float64
	}{
		"few ticks":       {[]float64{1, 100}, 1},
		"nothing":         {repeat(5, 0), 1},
		"always the same": {repeat(12, 7), 4. / 16},
		// e is ±2, neighbours differ: r is -7/8, held at -0.5; variance 32/7, mean 10.
		"to and fro": {repeat(4, 8, 12), (4 + 8*(32./7/10)*(.5/1.5)) / 12},
		// r = 2²·(6-1)/(2²·8) = 0.625
		"a step": {append(repeat(4, 8), repeat(4, 12)...), (4 + 8*(32./7/10)*(1.625/.375)) / 12},
	} {
		if got := dispersion(c.counts); !near(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestTrimmed(t *testing.T) {
	bad, n := []float64{1, 9, 2, 9, 0}, []float64{10, 20, 30, 40, 50}
	for k, want := range []struct{ bad, all float64 }{{21, 150}, {12, 130}, {3, 90}, {1, 60}, {0, 50}, {0, 0}, {0, 0}} {
		if b, all := trimmed(bad, n, k); b != want.bad || all != want.all {
			t.Errorf("without the worst %d: %v of %v, want %v of %v", k, b, all, want.bad, want.all)
		}
	}
	if b, all := trimmed(bad, n, -1); b != 21 || all != 150 {
		t.Errorf("nothing dropped: %v of %v", b, all)
	}
}

func TestLogitAndLargest(t *testing.T) {
	for p, want := range map[float64]float64{.5: 0, .9: math.Log(9), 0: math.Log(.0005 / .9995), 1: math.Log(.999 / .001)} {
		if got := logit(p); !near(got, want) {
			t.Errorf("logit of %v is %v, want %v", p, got, want)
		}
	}
	if got := largestWhere(0, 8, func(x float64) bool { return x*x <= 2 }); !near(got, math.Sqrt2) {
		t.Errorf("%v is taken for the root of 2", got)
	}
}

// M/M/1 has a closed form: the time in the system is exponential with rate μ-λ.
// With two slots the chance to wait is Erlang's C(2, a) = a²/(2+a).
func TestErlangTail(t *testing.T) {
	for name, c := range map[string]struct {
		rate, mu float64
		slots    int
		t, want  float64
	}{
		"one slot":       {60, 100, 1, .05, math.Exp(-40 * .05)},
		"nothing waits":  {1e-9, 100, 8, .03, math.Exp(-3)},
		"overloaded":     {101, 100, 1, .05, 1},
		"two slots at 0": {100, 100, 2, 0, 1},
		// a = 1, C = 1/3, and c - 1 - a = 0: the limit of the formula is exp(-μt)(1 + C·μt).
		"two slots": {100, 100, 2, .02, math.Exp(-2) * (1 + 2./3)},
		// a = 1.2, C = 1.44/3.2 = 0.45; c - 1 - a = -0.2.
		"two slots, more": {120, 100, 2, .02, math.Exp(-2) * (1 + .45*(1-math.Exp(.4))/-.2)},
	} {
		if got := erlangTail(c.rate, c.mu, c.slots, c.t); math.Abs(got-c.want) > 1e-7 {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
