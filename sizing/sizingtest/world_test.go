package sizingtest

import (
	"math"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/testmode"
)

// about is a figure that is known to a relative error.
type about struct{ want, within float64 }

func near(t *testing.T, what string, got float64, a about) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-a.want) > a.within*math.Abs(a.want) {
		t.Errorf("%s = %.4g, want %.4g ± %.1f %%", what, got, a.want, 100*a.within)
	}
}

// What the services do at fixed loads agrees with what queueing theory says.
func TestServicesObeyTheory(t *testing.T) {
	mmck := Named("mmcK")
	o := mmck.open(1200, 20, 200, 1)
	near(t, "M/M/c/c+K at 1.2 times what it carries: failed share", o.failed/(o.ok+o.failed), about{blocked(24, 20, 200), .03})
	slow := Named("slow50")
	o = slow.open(52, 100, 40000, 1)
	near(t, "M/M/4/44 at 52/s: failed share", o.failed/(o.ok+o.failed), about{blocked(52*.08, 4, 40), .1})
	slo := Named("mmc-slo")
	o = slo.open(950, 20, 3000, 1)
	near(t, "M/M/20 at 950/s: later than 0.1 s", o.slow[0]/o.requests, about{late(950, 50, 20, .1), .15})
	o = Named("bucket").open(1250, 5, 60, 1)
	near(t, "limiter of 1000/s: goodput", o.ok/o.seconds, about{1000, .003})
	o = Named("gc-pause").open(1200, 8, 80, 1)
	near(t, "20 fixed slots that stand still 0.3 s of 4: goodput", o.ok/o.seconds, about{925, .01})
}

// With back-off of a mean iteration the failing share is that of the users who
// do not fit: a queue of c and K holds c+K of them.
func TestBackoffMakesTheFailingShareMeanSomething(t *testing.T) {
	m := Named("mmcK")
	o := m.closed(300, 20, 100, 1)
	near(t, "failed share of 300 users where 220 fit", o.failed/(o.ok+o.failed), about{1 - 220./300, .03})
	m.spinning = true
	o = m.closed(231, 5, 20, 1)
	if f := o.failed / (o.ok + o.failed); f < .8 {
		t.Errorf("without back-off %.2f fail at 1.05 times what fits, want most", f)
	}
}

func TestEqualSeedsMakeEqualWorlds(t *testing.T) {
	m := Named("mix3")
	if a, b := m.closed(50, 1, 20, 7), m.closed(50, 1, 20, 7); a.ok != b.ok || a.requests != b.requests {
		t.Errorf("%+v and %+v", a, b)
	}
	if a, b := m.closed(50, 1, 20, 7), m.closed(50, 1, 20, 8); a.ok == b.ok && a.requests == b.requests {
		t.Error("another seed changes nothing")
	}
}

// The rate that a service survives is found by solving its birth-death
// process: simulated runs at that rate survive as often.
func TestSurvivalAgreesWithRuns(t *testing.T) {
	if !testmode.Full() {
		t.Skip("takes seconds: " + testmode.FullVariable + "=1")
	}
	m := Named("kinto")
	rate, alive := m.Truth().Offered, 0
	const runs = 300
	for seed := range uint64(runs) {
		w := m.New(seed)
		w.setRate(rate)
		w.run(horizon)
		if w.tick.InFlight < overwhelming {
			alive++
		}
	}
	near(t, "share of runs that survive a minute", float64(alive)/runs, about{survivors, .05})
}
