package sizingtest_test

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/sizing"
	"github.com/plimsoll-load/plimsoll/sizing/sizingtest"
)

// Nighthawk's exponential search with its documented defaults, written from its
// documentation (adaptive_load): the rate is doubled from 10/s until the share
// of successes is too low, then halved between until it moves by less than 1 %;
// each trial takes 10 s, and the last value is tested for 30 s and told
// whatever that test says. There is no cool-down, and no number beyond 300 s.
const (
	peerStart    = 10.0
	peerTrial    = 10.0 // seconds
	peerGap      = .6   // between trials: what its workers take to start
	peerMoves    = .01
	peerTest     = 30.0
	peerDeadline = 300.0
)

// peer is that search on a world. What it tells is a rate; the error of its
// goodput in the table is the rate's against the arrivals that are carried.
func peer(ctx context.Context, truth sizingtest.Truth) sizingtest.Sizer {
	return func(w *sizingtest.World, o sizing.Options) (record.Sizing, error) {
		p := peerSearch{world: w, tolerance: o.Tolerance}
		rate, verdict := p.search(ctx)
		a := record.Sizing{Verdict: verdict, Cost: record.Cost{WallS: w.Now(), Failed: p.failed, Iterations: p.ended}}
		if verdict == record.VerdictFound {
			g := rate / truth.Offered * truth.Goodput
			a.Capacity = &record.Capacity{Goodput: g, CI95: [2]float64{g, g}}
		}
		return a, p.err
	}
}

type peerSearch struct {
	world         *sizingtest.World
	tolerance     float64
	failed, ended uint64
	err           error
}

func (p *peerSearch) search(ctx context.Context) (rate float64, verdict record.Verdict) {
	rate = peerStart
	lo, hi := 0.0, math.Inf(1)
	for {
		if p.passes(ctx, rate, peerTrial) {
			lo = rate
		} else {
			hi = rate
		}
		next := (lo + hi) / 2
		switch {
		case p.err != nil:
			return 0, record.VerdictInterrupted
		case lo == 0:
			return 0, record.VerdictBaseline // "doomed": it never looks below its first rate
		case math.IsInf(hi, 1):
			next = 2 * rate
		}
		moved := math.Abs(next/rate - 1)
		rate = next
		if moved < peerMoves {
			break
		}
		if p.world.Now() > peerDeadline {
			return 0, record.VerdictBudget
		}
	}
	p.passes(ctx, rate, peerTest)
	return rate, record.VerdictFound
}

// passes is one trial.
func (p *peerSearch) passes(ctx context.Context, rate, seconds float64) bool {
	var sent, ok uint64
	for _, part := range []struct{ rate, seconds float64 }{{rate, seconds}, {0, peerGap}} {
		if err := p.world.SetRate(part.rate); err != nil {
			p.err = err
			return false
		}
		t, err := p.world.Tick(ctx, time.Duration(part.seconds*float64(time.Second)))
		if err != nil {
			p.err = err
			return false
		}
		s := t.Scenarios[0]
		p.failed += s.Failed
		p.ended += s.OK + s.Failed
		if part.rate > 0 {
			sent, ok = s.Started, s.OK
		}
	}
	return float64(ok) >= (1-p.tolerance)*float64(sent)
}

// On that tool's own ground ours is as right, in a third of its time.
func TestAsRightAsDoublingAndBisectionInAThirdOfTheTime(t *testing.T) {
	for _, name := range []string{"bucket", "mdcK", "bimodal"} {
		m := sizingtest.Named(name)
		ours, err := sizingtest.Measure(m, m.Options(), 10, size(t))
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := sizingtest.Measure(m, m.Options(), 10, peer(t.Context(), m.Truth()))
		if err != nil {
			t.Fatal(err)
		}
		if ours.Within(.03) < theirs.Within(.03) || 3*sizingtest.Quantile(ours.Wall, .5) > sizingtest.Quantile(theirs.Wall, .5) {
			t.Errorf("ours, theirs:\n%s%s", ours.Row(), theirs.Row())
		}
	}
}
