package pace_test

import (
	"slices"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/pace"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
)

// shares are all parts of a load that n generators make.
func shares(n int) []pace.Share {
	list := make([]pace.Share, n)
	for k := range list {
		list[k] = pace.Share{K: k, N: n}
	}
	return list
}

func TestSharesNumberEachThingOnce(t *testing.T) {
	for n := 1; n <= 9; n++ {
		for total := range 40 {
			var all []int
			for _, s := range shares(n) {
				for i := range s.Of(total) {
					all = append(all, s.Number(i))
				}
			}
			slices.Sort(all)
			for i, number := range all {
				if i != number {
					t.Fatalf("%d of %d generators: numbers %v", total, n, all)
				}
			}
			if len(all) != total {
				t.Fatalf("%d generators have %d of %d", n, len(all), total)
			}
		}
	}
	if whole := (pace.Share{}); whole.Of(7) != 7 || whole.Number(3) != 3 {
		t.Error("the zero share is not the whole")
	}
}

func TestSharesOfVUsAddUpAtAnyTime(t *testing.T) {
	ramp := pace.Closed{{Duration: 10 * time.Second, Target: 23}, {Target: 40}, {Duration: 7 * time.Second, Target: 3}, {Duration: time.Second, Target: 3}}
	for _, n := range []int{2, 3, 7, 50} {
		for at := time.Duration(0); at < 20*time.Second; at += 7_777_777 {
			sum := 0
			for _, s := range shares(n) {
				sum += ramp.Target(at, s)
			}
			if want := ramp.Target(at, pace.Share{}); sum != want {
				t.Fatalf("at %v %d generators have %d VUs, want %d", at, n, sum, want)
			}
		}
		for _, s := range shares(n) {
			at, changes := time.Duration(0), 0
			for next, ok := ramp.Next(at, s); ok; next, ok = ramp.Next(at, s) {
				if got, want := ramp.Target(next-1, s), ramp.Target(at, s); got != want {
					t.Fatalf("share %v changes from %d to %d between %v and %v: Next missed it", s, want, got, at, next)
				}
				at = next
				changes++
			}
			if most := s.Of(23) + s.Of(40) + 5; changes > most {
				t.Errorf("share %v is called %d times, want no more than its changes and the stages' ends (%d)", s, changes, most)
			}
		}
	}
}

// TestSharesOfArrivalsAreThoseOfTheWhole: not only as many, but each at the same nanosecond.
func TestSharesOfArrivalsAreThoseOfTheWhole(t *testing.T) {
	stages := []plan.Stage{{Duration: 3 * time.Second, Target: 701.3}, {Duration: 2 * time.Second, Target: 50}, {Target: 333}}
	for name, arrivals := range map[string]func(pace.Share) *pace.Arrivals{
		"even":    func(s pace.Share) *pace.Arrivals { return pace.NewArrivals(stages, s) },
		"Poisson": func(s pace.Share) *pace.Arrivals { return pace.NewPoisson(stages, 5, s) },
	} {
		run := func(s pace.Share) []time.Duration {
			a := arrivals(s)
			due := until(a, 6*time.Second+1)
			a.SetRate(6*time.Second+1, 77)
			return append(due, until(a, 12*time.Second)...)
		}
		whole := run(pace.Share{})
		for _, n := range []int{2, 3, 10} {
			var all []time.Duration
			for _, s := range shares(n) {
				all = append(all, run(s)...)
				if rate, want := arrivals(s).Rate(time.Hour), 333/float64(n); rate != want {
					t.Errorf("%s: share %v has a rate of %v, want %v", name, s, rate, want)
				}
			}
			if slices.Sort(all); !slices.Equal(all, whole) {
				t.Errorf("%s: %d generators make %d arrivals, want the %d of one, at the same times", name, n, len(all), len(whole))
			}
		}
	}
}
