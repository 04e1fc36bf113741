package pace_test

import (
	"math"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/pace"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
)

// until takes the arrivals due before end.
func until(a *pace.Arrivals, end time.Duration) (due []time.Duration) {
	for {
		at, ok := a.Due()
		if !ok || at >= end {
			return due
		}
		due = append(due, at)
		a.Take()
	}
}

func TestEvenArrivals(t *testing.T) {
	got := until(pace.NewArrivals([]plan.Stage{{Target: 3}}, pace.Share{}), time.Second)
	want := []time.Duration{0, 333333333, 666666667}
	if len(got) != 3 || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("arrivals at %v, want %v", got, want)
	}
	fast := until(pace.NewArrivals([]plan.Stage{{Target: 700_000}}, pace.Share{}), time.Second)
	if off := len(fast) - 700_000; off < -1 || off > 1 {
		t.Errorf("%d arrivals in 1 s of 700000/s: gaps are rounded", len(fast))
	}
}

// TestArrivalsAreCounted has no tolerance: arrivals are at 0, 1/rate, 2/rate and so on, and the end is not part of the load.
// Those of the shares are together those of the whole.
func TestArrivalsAreCounted(t *testing.T) {
	for _, row := range []struct {
		rate float64
		d    time.Duration
		want int
	}{
		{30, 3 * time.Second, 90},
		{1, 3 * time.Second, 3},
		{333, 3 * time.Second, 999},
		{7, 3 * time.Second, 21},
		{0.5, 3 * time.Second, 2},
		{1, 3*time.Second + 1, 4},
		{1, 3*time.Second - 1, 3},
		{2.5, time.Second, 3},
		{100.0 / 60, 3 * time.Minute, 300},
		{1.0 / 3, time.Minute, 20},
		{1.0 / 3600, time.Hour, 1},
		{0.1, time.Hour, 360},
		{49, time.Second, 49},
		{999, 7 * time.Second, 6993},
		{1e4, 10 * time.Second, 1e5},
		{12345, 3 * time.Second, 37035},
		{30, 0, 0},
		{0, time.Minute, 0},
	} {
		stages := []plan.Stage{{Target: row.rate}}
		if got := len(until(pace.NewArrivals(stages, pace.Share{}), row.d)); got != row.want {
			t.Errorf("%v/s for %v: %d arrivals, want %d", row.rate, row.d, got, row.want)
		}
		for _, n := range []int{2, 3, 7} {
			sum := 0
			for k := range n {
				sum += len(until(pace.NewArrivals(stages, pace.Share{K: k, N: n}), row.d))
			}
			if sum != row.want {
				t.Errorf("%v/s for %v in %d shares: %d arrivals, want %d", row.rate, row.d, n, sum, row.want)
			}
		}
	}
}

func TestRampOfRates(t *testing.T) {
	stages := []plan.Stage{{Duration: 10 * time.Second, Target: 100}, {Duration: 5 * time.Second, Target: 100}, {Duration: 10 * time.Second, Target: 0}}
	a := pace.NewArrivals(stages, pace.Share{})
	if got := a.Rate(5 * time.Second); got != 50 {
		t.Errorf("rate in the middle of the ramp is %v, want 50", got)
	}
	up, flat, down := until(a, 10*time.Second), until(a, 15*time.Second), until(a, time.Hour)
	if len(up) != 500 || len(flat) != 500 || len(down) < 500 || len(down) > 501 {
		t.Errorf("%d, %d and %d arrivals, want 500 of each", len(up), len(flat), len(down))
	}
	// The i-th is due when 5·t² reaches i.
	if got, want := up[320].Seconds(), 8.0; math.Abs(got-want) > 1e-6 {
		t.Errorf("arrival 320 at %v s, want %v s", got, want)
	}
	if _, ok := a.Due(); ok {
		t.Error("arrivals go on at a rate of zero")
	}
}

func TestNoArrivalsWithoutRate(t *testing.T) {
	a := pace.NewArrivals(nil, pace.Share{})
	if at, ok := a.Due(); ok {
		t.Errorf("an arrival is due at %v at a rate of zero", at)
	}
	a.SetRate(time.Second, 10)
	if at, ok := a.Due(); !ok || at != time.Second {
		t.Errorf("first arrival at %v, want at once at 1s", at)
	}
}

func TestSetRateKeepsThePhase(t *testing.T) {
	a := pace.NewArrivals([]plan.Stage{{Target: 1}}, pace.Share{})
	a.Take() // the next is due at 1 s
	a.SetRate(600*time.Millisecond, 4)
	if at, _ := a.Due(); at != 700*time.Millisecond {
		t.Errorf("0.4 of a gap left at 0.6 s, at 4/s: due at %v, want 700ms", at)
	}
	a.SetRate(650*time.Millisecond, 0)
	if at, ok := a.Due(); ok {
		t.Errorf("due at %v although arrivals are halted", at)
	}
	a.SetRate(2*time.Second, 2)
	if at, _ := a.Due(); at != 2100*time.Millisecond {
		t.Errorf("0.2 of a gap left at 2 s, at 2/s: due at %v, want 2.1s", at)
	}
}

func TestOftenSetRateLosesNothing(t *testing.T) {
	a, n := pace.NewArrivals([]plan.Stage{{Target: 100}}, pace.Share{}), 0
	for ms := time.Duration(7); ms <= 10_000; ms += 7 {
		n += len(until(a, ms*time.Millisecond))
		a.SetRate(ms*time.Millisecond, 100)
	}
	if n < 998 || n > 1001 {
		t.Errorf("%d arrivals in 10 s at 100/s, want 1000", n)
	}
}

func TestPoissonCounts(t *testing.T) {
	const rate, seconds = 200, 500
	a := pace.NewPoisson([]plan.Stage{{Target: rate}}, 1, pace.Share{})
	var sum, squares float64
	for s := range seconds {
		n := float64(len(until(a, time.Duration(s+1)*time.Second)))
		sum, squares = sum+n, squares+n*n
	}
	mean := sum / seconds
	variance := squares/seconds - mean*mean
	// Standard errors: √(200/500) = 0.63 of the mean, 200·√(2/500) = 12.6 of the variance.
	if math.Abs(mean-rate) > 3 || math.Abs(variance-rate) > 50 {
		t.Errorf("counts a second have mean %.1f and variance %.1f, want %d for both", mean, variance, rate)
	}
}

func TestPoissonSeed(t *testing.T) {
	stages := []plan.Stage{{Target: 100}}
	a, b, c := until(pace.NewPoisson(stages, 1, pace.Share{}), time.Second), until(pace.NewPoisson(stages, 1, pace.Share{}), time.Second), until(pace.NewPoisson(stages, 2, pace.Share{}), time.Second)
	if len(a) == 0 || len(a) != len(b) || a[len(a)-1] != b[len(b)-1] {
		t.Error("the same seed gives other arrivals")
	}
	if len(c) == len(a) && c[0] == a[0] {
		t.Error("another seed gives the same arrivals")
	}
}

func FuzzArrivals(f *testing.F) {
	f.Add(int64(3e9), 70.0, int64(1e9), 5.0, int64(2e9), 10.0)
	f.Add(int64(0), 3.0, int64(7), 1e3, int64(0), 0.0)
	f.Fuzz(func(t *testing.T, d1 int64, r1 float64, d2 int64, r2 float64, at int64, r3 float64) {
		const longest, most = int64(time.Minute), 1000
		ok := func(d int64, r float64) bool { return d >= 0 && d <= longest && r >= 0 && r <= most }
		if !ok(d1, r1) || !ok(d2, r2) || !ok(at, r3) {
			t.Skip()
		}
		a := pace.NewArrivals([]plan.Stage{{Duration: time.Duration(d1), Target: r1}, {Duration: time.Duration(d2), Target: r2}}, pace.Share{})
		before := until(a, time.Duration(at))
		a.SetRate(time.Duration(at), r3)
		after := until(a, time.Duration(at)+10*time.Second)
		last := time.Duration(0)
		for _, due := range append(before, after...) {
			if due < last {
				t.Fatalf("an arrival at %v follows one at %v", due, last)
			}
			last = due
		}
		if want := r3 * 10; math.Abs(float64(len(after))-want) > 2 {
			t.Fatalf("%d arrivals in 10 s at %v/s", len(after), r3)
		}
	})
}
