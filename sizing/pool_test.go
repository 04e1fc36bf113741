package sizing

import (
	"math"
	"testing"
)

func TestPool(t *testing.T) {
	p := pool{}.with(100, 4).with(130, 2)
	if p.rate() != 110 || p.count != 660 || p.holds != 2 {
		t.Errorf("%+v at %v/s, want 660 in 6 s of two holds", p, p.rate())
	}
	// Between the holds: (100²·4 + 130²·2)/6 - 110² = 200, of one degree of freedom.
	if got, want := p.error(1), math.Sqrt(200)/110; !near(got, want) {
		t.Errorf("error %v, want %v: the holds differ by more than chance", got, want)
	}
	if got, want := p.error(100), math.Sqrt(100./660); !near(got, want) {
		t.Errorf("error %v, want %v: that of the count is larger", got, want)
	}
	if got, want := (pool{}).with(100, 4).error(1), math.Hypot(.05, singleHoldError); !near(got, want) {
		t.Errorf("error of a single hold %v, want %v", got, want)
	}
}

// 100/s for 100 s and another hold of 4 s: the noise is √(100/4 + 100/100) = 5.1/s,
// and 3.5·√1.5 times that is 21.9/s.
func TestAPoolFollowsACapacityThatMoves(t *testing.T) {
	p := pool{}.with(100, 100)
	for rate, want := range map[float64]float64{121: 2, 123: 1, 79: 2, 77: 1} {
		if got := p.follow(rate, 4); got.holds != want {
			t.Errorf("after %v/s the pool has %v holds, want %v", rate, got.holds, want)
		}
	}
	if got := (pool{}).follow(50, 2); got.count != 100 {
		t.Errorf("the first hold makes %+v", got)
	}
}

func TestLimitEstimate(t *testing.T) {
	p := pool{}.with(950, 2) // 1,900 iterations
	for name, c := range map[string]struct {
		l    limitEstimate
		want float64
	}{
		"too few":                   {limitEstimate{perIteration: 1, perArrival: .95}, 0},
		"of three requests each":    {limitEstimate{perIteration: 3, perArrival: .95}, 1000},
		"goodput falls above limit": {limitEstimate{perIteration: 3, perArrival: .95, void: true}, 0},
	} {
		if got := c.l.of(p); !near(got, c.want) {
			t.Errorf("%s: %v/s, want %v", name, got, c.want)
		}
	}
}

func TestUsefulShare(t *testing.T) {
	// Two requests that fail independently, q = √0.95 succeeds: of a failed
	// iteration's two, 2 - 2(1-q)/0.05 succeed.
	k := 2 - 2*(1-math.Sqrt(.95))/.05
	if got := servedIfIndependent(2, .05); !near(got, k) {
		t.Errorf("%v of two are served, want %v", got, k)
	}
	if got := servedIfIndependent(1, .3); !near(got, 0) {
		t.Errorf("a failed iteration of one request has had %v served", got)
	}
	for name, c := range map[string]struct {
		m    float64
		w    wasted
		want float64
	}{
		"one request":              {1, wasted{}, 1},
		"nothing is known":         {2, wasted{}, 1.9 / (1.9 + .05*k)},
		"turned away at once":      {2, wasted{100, 0, 50}, 1},
		"independently":            {2, wasted{100, 50, 50}, 1.9 / (1.9 + .05*k)},
		"half of that":             {2, wasted{100, 25, 50}, 1.9 / (1.9 + .025*k)},
		"more than is possible":    {2, wasted{100, 80, 50}, 1.9 / (1.9 + .05*k)},
		"less than none, by noise": {2, wasted{100, -3, 50}, 1},
	} {
		if got := usefulShare(c.m, .05, c.w); !near(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
