package sizing_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/sizing"
)

// bursty is a load of which a share fails, whatever the rate, in bursts: a
// part of the time, half a second long on average, a part of the iterations.
type bursty struct {
	rng         *rand.Rand
	rate        float64
	often, part float64
	bad         bool
	left        float64 // seconds of the good or bad time
}

func (b *bursty) Resize(int) error           { return nil }
func (b *bursty) SetRate(rate float64) error { b.rate = rate; return nil }

func (b *bursty) Tick(_ context.Context, d time.Duration) (sizing.Tick, error) {
	const step, burst = .01, .5
	var ok, failed uint64
	for range int(d.Seconds()/step + .5) {
		if b.left -= step; b.left < 0 {
			b.bad = !b.bad
			mean := burst
			if !b.bad {
				mean = burst * (1 - b.often) / b.often
			}
			b.left = b.rng.ExpFloat64() * mean
		}
		for range int(b.rate*step + b.rng.Float64()) {
			if b.bad && b.rng.Float64() < b.part {
				failed++
			} else {
				ok++
			}
		}
	}
	t := iterations(ok, failed)
	t.Length, t.RequestsOK, t.RequestsFailed = d, ok, failed
	return t, nil
}

// Failures that come together say less than as many that come alone: a few
// quiet seconds of a load that is far beyond the tolerance are no pass.
func TestQuietSecondsBetweenBurstsAreNoPass(t *testing.T) {
	const runs = 600
	passes := func(rule string) (n int) {
		for seed := range uint64(runs) {
			b := &bursty{rng: rand.New(rand.NewPCG(seed, 1)), often: .4, part: .2} // 8 % of all
			pass, err := sizing.HoldRateWithout(t.Context(), b, 1000, rule)
			if err != nil {
				t.Fatal(err)
			}
			if pass {
				n++
			}
		}
		return n
	}
	with, without := passes(""), passes("inflation")
	t.Logf("%d of %d pass, %d without the rule", with, runs, without)
	if with > runs*16/100 {
		t.Errorf("%d of %d loads of which 8 %% fail, in bursts, pass at a tolerance of 5 %%", with, runs)
	}
	if without < with*5/4 {
		t.Errorf("%d of %d pass without the inflation of variances, %d with it: nothing needs it", without, runs, with)
	}
}
