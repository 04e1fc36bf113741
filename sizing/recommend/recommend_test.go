package recommend_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/sizing/recommend"
)

func TestInversesAreExact(t *testing.T) {
	for _, u := range []recommend.USL{
		{Gamma: 50, Sigma: .02, Kappa: .0002},
		{Gamma: 995.6, Sigma: .02671, Kappa: .000769},
		{Gamma: 230, Sigma: .5, Kappa: .0133},
		{Gamma: 10, Sigma: .1},
		{Gamma: 10, Kappa: .001},
		{Gamma: 3, Sigma: .001, Kappa: .2},
	} {
		peak, ok := u.Peak()
		if !ok {
			peak = 1000
		}
		for n := 1.0; n <= peak; n *= 1.37 {
			same(t, "n of x(n)", u.Concurrency(u.Goodput(n)), n)
			same(t, "n of r(n)", u.ConcurrencyAt(u.Time(n)), n)
			same(t, "x of r(n)", u.GoodputAt(u.Time(n)), u.Goodput(n))
		}
	}
}

func same(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-9*want) {
		t.Errorf("%s = %.12g, want %.12g", what, got, want)
	}
}

func TestThePeakIsOne(t *testing.T) {
	u := recommend.USL{Gamma: 50, Sigma: .02, Kappa: .0002}
	n, _ := u.Peak()
	if u.Goodput(n) < u.Goodput(n*1.01) || u.Goodput(n) < u.Goodput(n/1.01) {
		t.Errorf("%g is no peak", n)
	}
	if k, _ := u.Knee(); math.Abs(u.Goodput(k)/u.Goodput(n)-.9) > 1e-9 || k > n {
		t.Errorf("the knee at %g reaches %g of %g", k, u.Goodput(k), u.Goodput(n))
	}
	if _, ok := (recommend.USL{Gamma: 1, Sigma: .1}).Peak(); ok {
		t.Error("without κ there is a peak")
	}
	if x, ok := (recommend.USL{Gamma: 1, Sigma: .1}).Limit(); !ok || math.Abs(x-10) > 1e-12 {
		t.Errorf("limit %g, %v; want 10", x, ok)
	}
}

// noisy is the law at some concurrencies, with relative noise.
func noisy(u recommend.USL, noise float64, rng *rand.Rand, ns ...float64) []recommend.Point {
	var ps []recommend.Point
	for _, n := range ns {
		ps = append(ps, recommend.Point{N: n, X: u.Goodput(n) * (1 + noise*rng.NormFloat64())})
	}
	return ps
}

func TestFitFindsTheLaw(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	u := recommend.USL{Gamma: 50, Sigma: .02, Kappa: .0002}
	n0, _ := u.Peak()
	const runs = 500
	good := 0
	for range runs {
		fit, err := recommend.Fit(noisy(u, .03, rng, 1, 2, 4, 8, 16, 32, 64, 128))
		if err != nil {
			continue
		}
		n, ok := fit.Peak()
		if ok && math.Abs(fit.Goodput(n)/u.Goodput(n0)-1) <= .05 && math.Abs(n/n0-1) <= .2 {
			good++
		}
	}
	if good < runs*9/10 {
		t.Errorf("peak within 5 %% and its place within 20 %% in %d of %d", good, runs)
	}
	fit, err := recommend.Fit(noisy(u, 0, rng, 1, 2, 4, 8, 16, 32, 64, 128))
	if err != nil || math.Abs(fit.Kappa/u.Kappa-1) > 1e-6 || math.Abs(fit.Sigma/u.Sigma-1) > 1e-6 {
		t.Errorf("without noise: %+v, %v; want %+v", fit, err, u)
	}
}

func TestFitRefusesWhatItCannotTell(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	u := recommend.USL{Gamma: 50, Sigma: .02, Kappa: .0002}
	for name, ps := range map[string][]recommend.Point{
		"few points":      noisy(u, .01, rng, 1, 10, 100),
		"small range":     noisy(u, .01, rng, 40, 50, 60, 70, 80, 90),
		"before the knee": noisy(u, .0, rng, .1, .2, .4, .8, 1, 1.5, 2),
		"linear":          noisy(recommend.USL{Gamma: 5}, .0, rng, 1, 2, 4, 8, 16, 32, 64),
		"no law":          {{N: 1, X: 9}, {N: 2, X: 1}, {N: 4, X: 9}, {N: 8, X: 1}, {N: 16, X: 9}, {N: 32, X: 1}},
		"no point":        {{N: 1, X: 0}, {N: 2, X: 1}, {N: 4, X: 9}, {N: 8, X: 1}, {N: 16, X: 9}, {N: 32, X: 1}},
	} {
		_, err := recommend.Fit(ps)
		var refused recommend.RefusedError
		if !errors.As(err, &refused) || refused.Why == "" {
			t.Errorf("%s: %v, want a refusal", name, err)
		}
	}
}

func found(goodput float64) record.Sizing {
	return record.Sizing{Verdict: "found", Capacity: &record.Capacity{Goodput: goodput}}
}

func TestReplicasForALoad(t *testing.T) {
	for _, c := range []struct {
		goodput, target float64
		plan            recommend.Plan
		want            int
	}{
		{1000, 5000, recommend.Plan{}, 9}, // 8 at 70 %, and one to spare
		{1000, 100, recommend.Plan{}, 2},
		{1000, 700, recommend.Plan{}, 2},
		{1000, 701, recommend.Plan{}, 3},
		{1000, 5000, recommend.Plan{Spare: -1}, 8},
		{1000, 5000, recommend.Plan{Headroom: 1, Spare: -1}, 6}, // 5 would be full
	} {
		a := recommend.For(found(c.goodput), c.target, c.plan)
		if a == nil || a.Replicas != c.want || len(a.Assumptions) == 0 {
			t.Errorf("%+v: %+v, want %d replicas and what is assumed", c, a, c.want)
		}
	}
	if a := recommend.For(record.Sizing{Verdict: "budget"}, 100, recommend.Plan{}); a != nil {
		t.Errorf("advice without a capacity: %+v", a)
	}
}

func TestObjectivesLowerWhatIsPlannedFor(t *testing.T) {
	s := found(1000)
	s.Objectives = []record.ObjectiveResult{{Target: .1, Allowed: .05}}
	s.Curve = []record.Hold{
		{Control: "rate", Verdict: "pass", Level: 500, P95S: .05},
		{Control: "rate", Verdict: "pass", Level: 960, P95S: .095},
	}
	if a := recommend.For(s, 1000, recommend.Plan{Spare: -1}); a.Replicas != 2 || a.Headroom != .5 {
		t.Errorf("%+v, want 2 replicas at 500/s each", a)
	}
}

func TestReplicasByMeasuredNumbers(t *testing.T) {
	u := recommend.USL{Gamma: 1000, Sigma: .03, Kappa: .002}
	var sizes []recommend.Size
	for _, n := range []int{1, 2, 4, 8} {
		sizes = append(sizes, recommend.Size{Replicas: n, Goodput: u.Goodput(float64(n))})
	}
	for _, c := range []struct {
		sizes        []recommend.Size
		target       float64
		want         int
		said, beyond string
	}{
		{sizes, 3000, 6, "Universal", ""},
		{sizes, 7000, 0, "Universal", "not reachable"},
		{sizes[:2], 3000, 6, "Amdahl", "extrapolated"},
		{sizes[:1], 3000, 6, "one number", "extrapolated"},
	} {
		a, err := recommend.ByReplicas(c.sizes, c.target, recommend.Plan{})
		said := strings.Join(a.Assumptions, "; ")
		if err != nil || a.Replicas != c.want || !strings.Contains(said, c.said) || !strings.Contains(said, c.beyond) {
			t.Errorf("%d sizes for %g/s: %+v, %v; want %d replicas, %q and %q", len(c.sizes), c.target, a, err, c.want, c.said, c.beyond)
		}
	}
	for _, bad := range [][]recommend.Size{nil, {{0, 5}}, {{1, 0}}} {
		if _, err := recommend.ByReplicas(bad, 1, recommend.Plan{}); err == nil {
			t.Errorf("%v is taken", bad)
		}
	}
}

func TestCurveOfASizing(t *testing.T) {
	u := recommend.USL{Gamma: 50, Sigma: .02, Kappa: .0002}
	var s record.Sizing
	for _, n := range []float64{1, 2, 4, 8, 16, 32, 64, 128} {
		s.Curve = append(s.Curve, record.Hold{Control: "vus", Verdict: "pass", Level: n, InFlight: n, Goodput: u.Goodput(n), SE: .02})
	}
	s.Curve = append(s.Curve, record.Hold{Control: "vus", Verdict: "fail", Level: 256, InFlight: 256, Goodput: 1})
	got := recommend.OfCurve(s)
	if got.Refused != "" || got.PeakN == nil || math.Abs(*got.PeakN-70) > 1 || got.R2 < .99 || got.Points != 8 {
		t.Errorf("%+v, want a peak at 70", got)
	}
	if got := recommend.OfCurve(record.Sizing{}); got.Refused == "" {
		t.Errorf("%+v of no curve", got)
	}
}
