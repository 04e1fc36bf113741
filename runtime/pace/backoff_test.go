package pace_test

import (
	"math"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/pace"
)

const ms = time.Millisecond

func TestPauseFillsUpToTheMeanIteration(t *testing.T) {
	var b pace.Backoff
	b.Succeed(0, 1, 200*ms, 1)
	for _, tt := range []struct {
		took   time.Duration
		random float64
		want   time.Duration
	}{
		{0, 0.5, 200 * ms},
		{0, 0, 100 * ms},
		{50 * ms, 0.5, 150 * ms},
		{50 * ms, 0.25, 112500 * time.Microsecond},
		{300 * ms, 0.5, 0}, // a time-out has waited long enough
	} {
		if got := b.Pause(0, tt.took, tt.random); got != tt.want {
			t.Errorf("a failure after %v pauses %v, want %v", tt.took, got, tt.want)
		}
	}
}

func TestPauseOfAScenarioThatNeverSucceeded(t *testing.T) {
	var b pace.Backoff
	if got := b.Pause(3, 0, 0.5); got != 100*ms {
		t.Errorf("with no success at all it pauses %v, want 100ms", got)
	}
	b.Succeed(0, 1, 20*ms, 1)
	b.Succeed(2, 1, 70*ms, 1)
	for _, scenario := range []int{1, 9} {
		if got := b.Pause(scenario, 0, 0.5); got != 70*ms {
			t.Errorf("scenario %d pauses %v, want the slowest other one's 70ms", scenario, got)
		}
	}
}

func TestModes(t *testing.T) {
	never, fixed := pace.Backoff{Mode: pace.Never}, pace.Backoff{Mode: pace.Fixed, Wait: time.Second}
	if got := never.Pause(0, 0, 0.9); got != 0 {
		t.Errorf("Never pauses %v", got)
	}
	if got := fixed.Pause(0, 3*time.Second, 0.9); got != time.Second {
		t.Errorf("Fixed pauses %v, want 1s", got)
	}
}

func TestMeanForgets(t *testing.T) {
	var b pace.Backoff
	b.Succeed(0, 4, 400*ms, 1)
	b.Succeed(0, 4, 1200*ms, 1)
	if got := b.Mean(0); got != 200*ms {
		t.Errorf("mean of 4 × 100 ms and 4 × 300 ms is %v", got)
	}
	b = pace.Backoff{}
	b.Succeed(0, 1000, 1000*100*ms, 1) // settled at 100 ms with a memory of 20
	b.Succeed(0, 20, 20*200*ms, 1)
	want := 200 - 100*math.Pow(0.95, 20)
	if got := float64(b.Mean(0)) / float64(ms); math.Abs(got-want) > 1e-3 {
		t.Errorf("after 20 of 200 ms the mean is %.3f ms, want %.3f ms", got, want)
	}
	b.Succeed(0, 1, 0, 500) // a memory of 1000 with 500 users
	if got := float64(b.Mean(0)) / float64(ms); math.Abs(got-want*(1-1.0/1000)) > 1e-3 {
		t.Errorf("with 500 users one iteration moves the mean to %.3f ms, want %.3f ms", got, want*(1-1.0/1000))
	}
}
