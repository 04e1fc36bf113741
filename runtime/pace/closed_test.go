package pace_test

import (
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/pace"
)

func TestClosedTarget(t *testing.T) {
	ramp := pace.Closed{{Duration: 10 * time.Second, Target: 5}, {Duration: 5 * time.Second, Target: 5}, {Duration: 0, Target: 20}, {Duration: 10 * time.Second, Target: 0}}
	for _, tt := range []struct {
		at   time.Duration
		want int
	}{
		{0, 0},
		{1, 1},
		{2 * time.Second, 1},
		{2*time.Second + 1, 2},
		{10 * time.Second, 5},
		{14 * time.Second, 5},
		{15 * time.Second, 20},
		{20 * time.Second, 10},
		{25*time.Second - 1, 1},
		{25 * time.Second, 0},
		{time.Hour, 0},
	} {
		if got := ramp.Target(tt.at, pace.Share{}); got != tt.want {
			t.Errorf("Target(%v) = %d, want %d", tt.at, got, tt.want)
		}
	}
}

func TestClosedNextFindsEachChange(t *testing.T) {
	ramp := pace.Closed{{Duration: 3 * time.Second, Target: 7}, {Duration: time.Second, Target: 7}, {Duration: 2 * time.Second, Target: 3}, {Target: 12}}
	at, seen := time.Duration(0), map[int]bool{}
	for range 100 {
		seen[ramp.Target(at, pace.Share{})] = true
		next, ok := ramp.Next(at, pace.Share{})
		if !ok {
			break
		}
		if next <= at {
			t.Fatalf("Next(%v) = %v goes backwards", at, next)
		}
		if got, want := ramp.Target(next-1, pace.Share{}), ramp.Target(at, pace.Share{}); got != want {
			t.Fatalf("target changes from %d to %d between %v and %v: Next missed it", want, got, at, next)
		}
		at = next
	}
	if at != 6*time.Second || ramp.Target(at, pace.Share{}) != 12 {
		t.Errorf("ended with %d users at %v, want 12 at 6s", ramp.Target(at, pace.Share{}), at)
	}
	for users := range 8 {
		if !seen[users] {
			t.Errorf("the ramp never had %d users", users)
		}
	}
}

func TestClosedRampStartsUsersAsMolotovDoes(t *testing.T) {
	const workers, ramp = 500, 5 * time.Minute
	classic := pace.Closed{{Duration: ramp, Target: workers}}
	at := time.Duration(0)
	for i := range workers {
		due := time.Duration(i) * ramp / workers
		for classic.Target(at, pace.Share{}) <= i {
			at, _ = classic.Next(at, pace.Share{})
		}
		if off := at - due; off < 0 || off > time.Microsecond {
			t.Fatalf("worker %d starts at %v, want %v", i, at, due)
		}
	}
}

func FuzzClosed(f *testing.F) {
	f.Add(int64(3e9), 7.0, int64(1e9), 0.5)
	f.Add(int64(0), 3.0, int64(7), 1e6)
	f.Fuzz(func(t *testing.T, d1 int64, t1 float64, d2 int64, t2 float64) {
		const longest, most = int64(time.Hour), 1e4
		if d1 < 0 || d2 < 0 || d1 > longest || d2 > longest || !(t1 >= 0 && t1 <= most) || !(t2 >= 0 && t2 <= most) {
			t.Skip()
		}
		c := pace.Closed{{Duration: time.Duration(d1), Target: t1}, {Duration: time.Duration(d2), Target: t2}}
		at := time.Duration(0)
		for range 200 {
			next, ok := c.Next(at, pace.Share{})
			if !ok {
				return
			}
			if next <= at || c.Target(next, pace.Share{}) < 0 || c.Target(next, pace.Share{}) > most {
				t.Fatalf("%v: after %v comes %v with %d users", c, at, next, c.Target(next, pace.Share{}))
			}
			at = next
		}
	})
}
