package sizing

import (
	"math"
	"slices"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// completed is a hold of n virtual users that completed some iterations a second, for a second.
func completed(n int, perSecond, se float64) *hold {
	h := &hold{level: float64(n), goodput: perSecond, work: perSecond, se: se, judgement: passed}
	h.sum.seconds, h.sum.ok = 1, perSecond
	return h
}

func TestACurvePoolsByNumberAndWeight(t *testing.T) {
	dead := completed(4, 10, .1)
	dead.lastShare = .9
	beyond := completed(8, 150, .1)
	beyond.judgement = failed(record.CauseFailures)
	ps := curveOf([]*hold{completed(2, 190, .1), completed(1, 100, .1), completed(2, 210, .05), dead, beyond, completed(16, 0, .1)})
	if len(ps) != 2 || ps[0].vus != 1 || ps[1].vus != 2 {
		t.Fatalf("%+v: want points at 1 and 2", ps)
	}
	// Inverse variances: 1/19² and 1/10.5².
	a, b := 1/(19.*19), 1/(10.5*10.5)
	if p := ps[1]; !near(p.work, (190*a+210*b)/(a+b)) || !near(p.weight, a+b) || p.seconds != 2 {
		t.Errorf("%+v, want %v/s with a weight of %v", p, (190*a+210*b)/(a+b), a+b)
	}
	if got := ps.at(2); got != ps[1] {
		t.Errorf("at 2: %+v", got)
	}
	if got := ps.at(3); got != (point{}) {
		t.Errorf("at 3, which was not tried: %+v", got)
	}
}

// line is a curve with a standard error of 1/s at each point.
func line(work ...float64) loadCurve {
	var ps loadCurve
	for i, w := range work {
		ps = append(ps, point{vus: 1 << i, work: w, weight: 1})
	}
	return ps
}

func TestWhereACurveFalls(t *testing.T) {
	noisy := line(100, 90)
	noisy[1].weight = .01 // ± 10/s
	for name, c := range map[string]struct {
		ps            loadCurve
		best          int
		falls, deeply bool
		low           int
	}{
		"it rises":            {line(50, 100, 200), 4, false, false, 0},
		"it is flat":          {line(50, 100, 100, 99), 2, false, false, 8},
		"by less than 5 %":    {line(50, 100, 100, 95.5), 2, false, false, 8},
		"by 6 %, surely":      {line(50, 100, 100, 94), 2, true, false, 8},
		"by 10 %, not surely": {noisy, 1, false, false, 2},
		"deeply, twice":       {line(50, 100, 89, 70), 2, true, true, 8},
		"deeply, at its end":  {line(50, 100, 99, 70), 2, true, false, 8},
		"only below":          {line(50, 20, 100), 4, false, false, 0},
	} {
		if got := c.ps.best(); got.vus != c.best {
			t.Errorf("%s: best at %d, want %d", name, got.vus, c.best)
		}
		if got := c.ps.falls(); got != c.falls {
			t.Errorf("%s: falls %v, want %v", name, got, c.falls)
		}
		if got := c.ps.clearlyFalls(c.ps.best().work); got != c.deeply {
			t.Errorf("%s: clearly %v, want %v", name, got, c.deeply)
		}
		if got := c.ps.lowestBeyond(c.best); got.vus != c.low {
			t.Errorf("%s: lowest at %d, want %d", name, got.vus, c.low)
		}
	}
	if (loadCurve{}).falls() || (loadCurve{}).best() != (point{}) {
		t.Error("nothing is known, and it falls")
	}
}

func TestKnee(t *testing.T) {
	for name, c := range map[string]struct {
		ps        loadCurve
		below, at int
	}{
		"between two":  {line(50, 90, 97, 100), 2, 4},
		"the first":    {line(99, 100), 0, 1},
		"not reached":  {line(50, 90), 0, 2},
		"nothing held": {nil, 0, 0},
	} {
		if below, at := c.ps.knee(100); below.vus != c.below || at.vus != c.at {
			t.Errorf("%s: %d and %d, want %d and %d", name, below.vus, at.vus, c.below, c.at)
		}
	}
}

// A power law is a line on log scales, so smoothing and interpolating give it back.
func TestSmoothingKeepsAPowerLaw(t *testing.T) {
	law := func(n float64) float64 { return 100 * math.Pow(n, .7) }
	var ps loadCurve
	for n := 1; n <= 64; n *= 2 {
		ps = append(ps, point{vus: n, work: law(float64(n)), weight: 1})
	}
	for _, n := range []float64{1, 3, 10, 48, 64} {
		if got := ps.smooth(n); !near(got, law(n)) {
			t.Errorf("smooth at %v: %v, want %v", n, got, law(n))
		}
		if got := ps.between(n); !near(got, law(n)) {
			t.Errorf("between at %v: %v, want %v", n, got, law(n))
		}
	}
	far := loadCurve{{vus: 1, work: 100, weight: 1}, {vus: 64, work: 800, weight: 1}}
	if got, want := far.smooth(8), math.Sqrt(100*800.); !near(got, want) { // none within 1.5 octaves
		t.Errorf("between far points: %v, want %v", got, want)
	}
	if nearness(8, 8) != 1 || nearness(1, 8) != 0 {
		t.Error("a point's own weight is 1, and 3 octaves away 0")
	}
	if got, want := nearness(16, 8), (1-8./27)*(1-8./27)*(1-8./27); !near(got, want) { // an octave is 2/3 of 1.5
		t.Errorf("an octave away: %v, want %v", got, want)
	}
	// Each point has a relative variance of 1/(weight·work²); at 1 the octave above tells, too.
	one := loadCurve{{vus: 4, work: 50, weight: 1}}
	if got := one.errorAt([]int{4}); !near(got, 1./50) {
		t.Errorf("error %v, want 2 %%", got)
	}
}

func TestDecisiveNumbers(t *testing.T) {
	ps := line(100, 90, 80, 70, 60, 50) // up to 32
	got := ps.decisiveVUs(1, 70)
	if got[1] < 7 || got[1] > 9 || got[0] != got[1]/2 {
		t.Errorf("goodput falls to 70/s at about 8: %v", got)
	}
	if got := ps.decisiveVUs(1, 10); !slices.Equal(got, []int{16, 32}) {
		t.Errorf("it never falls to 10/s: %v, want the largest and half of it", got)
	}
}

// M/M/1 in half: deaths of 100/s at any number. 50 arrivals/s keep less than
// 2⁻³² of the time more than 32 in flight, 150/s pile up 3,000 in a minute.
func TestSurvivalOfAFlatCurve(t *testing.T) {
	curve := make([]float64, 33)
	for i := 1; i < len(curve); i++ {
		curve[i] = 100
	}
	if got := survives(50, curve, 1); got < .999999 {
		t.Errorf("half the rate survives with %v", got)
	}
	if got := survives(150, curve, 1); got > 1e-6 {
		t.Errorf("one and a half of the rate survives with %v", got)
	}
	// Critical load: a random walk held at 0 and at three times the users is about
	// even over all of them, so a third of it is within.
	if got := survives(100, curve, 1); got < .3 || got > .4 {
		t.Errorf("the rate itself survives with %v, want about a third", got)
	}
	var ps loadCurve
	for n := 1; n <= 32; n *= 2 {
		ps = append(ps, point{vus: n, work: 100, weight: 1})
	}
	if got := ps.survivableRate(1); got < 90 || got > 100 {
		t.Errorf("%v/s survive, want a little less than 100", got)
	}
}

func TestThePlateauIsOfHoldsThatAgree(t *testing.T) {
	hs := agreeing([]*hold{completed(8, 99, .01), completed(16, 101, .01), completed(32, 100, .005), completed(64, 80, .01)})
	p := plateauOf(hs, "flat")
	if len(hs) != 3 || !near(p.goodput, 100) || p.from != 8 || p.to != 32 || p.count != 300 || p.seconds != 3 {
		t.Errorf("%d holds make %+v, want the three about 100/s from 8 to 32", len(hs), p)
	}
	if want := 1 / math.Sqrt(1e4+1e4+4e4); !near(p.se, want) {
		t.Errorf("error %v, want %v", p.se, want)
	}
}

func TestARiseIsSureAndAtTheSameNumber(t *testing.T) {
	for name, c := range map[string]struct {
		before, after *hold
		want          bool
	}{
		"by 10 %":             {completed(8, 100, .01), completed(8, 110, .01), true},
		"by 5 %":              {completed(8, 100, .01), completed(8, 105, .01), false},
		"by 10 %, not surely": {completed(8, 100, .03), completed(8, 110, .03), false},
		"at another number":   {completed(8, 100, .01), completed(9, 110, .01), false},
		"from nothing":        {completed(8, 0, 1), completed(8, 110, .01), false},
	} {
		if got := rose(c.before, c.after); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
