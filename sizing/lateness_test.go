package sizing_test

import (
	"context"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/sizing"
	"github.com/plimsoll-load/plimsoll/sizing/sizingtest"
)

// busyMachine is a load whose generator is kept from work.
type busyMachine struct {
	*sizingtest.World
	ticks int     // so many at the beginning of each rate, …
	share float64 // … and of their arrivals
	tell  func(t *sizing.Tick, n int)
	left  int
	owed  float64
}

func (b *busyMachine) SetRate(rate float64) error {
	b.left = b.ticks
	return b.World.SetRate(rate)
}

func (b *busyMachine) Tick(ctx context.Context, d time.Duration) (sizing.Tick, error) {
	t, err := b.World.Tick(ctx, d)
	if b.left > 0 {
		b.left--
		b.owed += b.share * float64(t.Scenarios[0].Started)
	}
	n := int(b.owed)
	b.owed -= float64(n)
	b.tell(&t, n)
	return t, err
}

const tooLate = 30 * time.Millisecond

// late tells n arrivals as late, and all others as prompt.
func late(t *sizing.Tick, n int) {
	for i := range int(t.Scenarios[0].Started) {
		if i < n {
			t.Lateness.Add(tooLate)
		} else {
			t.Lateness.Add(0)
		}
	}
}

// lateOnAverage tells no more of the tick than its quantile.
func lateOnAverage(t *sizing.Tick, n int) {
	if n > 0 {
		t.Generator.Late = tooLate
	}
}

// noFiles lets n iterations fail that would have been successful.
func noFiles(t *sizing.Tick, n int) {
	s := &t.Scenarios[0]
	own := min(uint64(n), s.OK)
	s.OK, s.Failed, t.Generator.Failed = s.OK-own, s.Failed+own, own
}

func dropped(t *sizing.Tick, n int) { t.Generator.Dropped = uint64(n) }
func crowded(t *sizing.Tick, n int) { t.Generator.Crowded = uint64(n) }

func TestOnlyALateHoldIsVoid(t *testing.T) {
	const always = 1 << 30
	for name, c := range map[string]struct {
		busyMachine
		verdict record.Verdict
		within  float64 // seconds
	}{
		// 2 % of the first second, which is less than 1 % of the whole
		"late for a moment":          {busyMachine{ticks: 5, share: .02, tell: late}, record.VerdictFound, 100},
		"late on average, a moment":  {busyMachine{ticks: 5, share: .02, tell: lateOnAverage}, record.VerdictFound, 100},
		"not sent for a moment":      {busyMachine{ticks: 5, share: .02, tell: dropped}, record.VerdictFound, 100},
		"a little too late all time": {busyMachine{ticks: always, share: .0115, tell: late}, record.VerdictGenerator, 120},
		"no files left at times":     {busyMachine{ticks: always, share: .05, tell: noFiles}, record.VerdictGenerator, 45},
		"no files left at all":       {busyMachine{ticks: always, share: 1, tell: noFiles}, record.VerdictGenerator, 15},
		"all allowed users are busy": {busyMachine{ticks: always, share: .3, tell: crowded}, record.VerdictMax, 45},
		"much too late":              {busyMachine{ticks: always, share: .3, tell: late}, record.VerdictGenerator, 45},
	} {
		m := sizingtest.Named("bucket300")
		load := c.busyMachine
		load.World = m.New(1)
		a, err := sizing.Run(t.Context(), &load, m.Options(), nil)
		if err != nil || a.Verdict != c.verdict || (a.Generator.VoidHold > 0) != (c.verdict != record.VerdictFound) || a.Cost.WallS > c.within {
			t.Errorf("%s: %s, %v, %d holds void, %.0f s; want %s within %.0f s", name, a.Verdict, err, a.Generator.VoidHold, a.Cost.WallS, c.verdict, c.within)
		}
		if a.Verdict != record.VerdictFound && a.Capacity != nil {
			t.Errorf("%s: a capacity of %v although it was the generator", name, a.Capacity.Goodput)
		}
	}
}
