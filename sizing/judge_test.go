package sizing

import (
	"math"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

var failuresOnly = []criterion{{record.CauseFailures, .05, iterations}}

// counted is a hold of ticks of a quarter of a second: what ended well, what
// failed, and how many were in flight then.
type counted struct{ ok, failed, inFlight int }

func (c counted) tick() Tick {
	ok, failed := uint64(c.ok), uint64(c.failed)
	return Tick{
		Length: 250 * time.Millisecond, InFlight: c.inFlight, RequestsOK: ok, RequestsFailed: failed,
		Scenarios: []ScenarioTick{{Started: ok + failed, OK: ok, Failed: failed, Requests: ok + failed, Seconds: float64(c.ok) * .01}},
	}
}

func heldFor(h *hold, ticks ...counted) *hold {
	h.restart(failuresOnly, 0)
	for _, c := range ticks {
		h.add(c.tick(), reckoning{perIteration: 1, tolerance: .05, dispersion: 1})
	}
	return h
}

func times4(n int, c counted) []counted {
	var cs []counted
	for range n {
		cs = append(cs, c)
	}
	return cs
}

func sureJudge() judge {
	return judge{bound: bound(sureError), gate: minEffect, tolerance: .05, dispersion: 1, iteration: .01, served: true}
}

func TestJudgementOfVirtualUsers(t *testing.T) {
	spec := holdSpec{min: 1, max: 4, need: 100}
	ramp := spec
	ramp.ramp = true
	spent := sureJudge()
	spent.spent = true
	fresh := sureJudge()
	fresh.served = false
	for name, c := range map[string]struct {
		j     judge
		spec  holdSpec
		ticks []counted
		want  judgement
	}{
		"before its least time":         {sureJudge(), spec, times4(3, counted{ok: 100}), judgement{}},
		"sure of a pass":                {sureJudge(), spec, times4(8, counted{ok: 100}), passed},
		"too few iterations":            {sureJudge(), spec, times4(4, counted{ok: 20}), judgement{}},
		"a ramp goes on, on less":       {sureJudge(), ramp, times4(4, counted{ok: 25}), passed},
		"a tenth fails":                 {sureJudge(), ramp, times4(8, counted{ok: 90, failed: 10}), failed(record.CauseFailures)},
		"and early only beyond effect":  {sureJudge(), spec, times4(8, counted{ok: 930, failed: 70}), judgement{}},
		"all fail":                      {sureJudge(), spec, times4(4, counted{failed: 10}), failed(record.CauseFailures)},
		"all fail, and none ever ended": {fresh, spec, times4(4, counted{failed: 5}), judgement{}},
		"near the tolerance, time is up": {
			sureJudge(), spec, times4(16, counted{ok: 48, failed: 2}),
			judgement{decided: true, pass: true, marginal: true},
		},
		"above it, time is up": {
			sureJudge(), spec, times4(16, counted{ok: 47, failed: 3}),
			judgement{decided: true, marginal: true, cause: record.CauseFailures},
		},
		"few iterations last longer": {sureJudge(), spec, times4(16, counted{ok: 3}), judgement{}},
		"but not beyond the budget":  {spent, spec, times4(16, counted{ok: 3}), judgement{decided: true, pass: true, marginal: true}},
	} {
		if got := c.j.vus(heldFor(&hold{holdSpec: c.spec, level: 4}, c.ticks...)); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// growing are ticks of arrivals of which some stay in flight.
func growing(ticks, ok, by int) []counted {
	var cs []counted
	for i := range ticks {
		cs = append(cs, counted{ok: ok, inFlight: (i + 1) * by})
	}
	return cs
}

func TestJudgementOfArrivals(t *testing.T) {
	spec := holdSpec{phase: "refine", min: 3, max: 8, maxInFlight: 1000}
	confirm := spec
	confirm.phase = "confirm"
	plain := arrivalsJudge{judge: sureJudge(), margin: 1, limits: limitEstimate{perIteration: 1, perArrival: .95}}
	below, above := plain, plain
	below.saturated = pool{}.with(400, 30) // the limit is at 421/s, not 400
	above.saturated = pool{}.with(300, 30) // and here at 316/s
	queue := plain
	queue.backlogged, queue.fromVUs = pool{}.with(380, 100), true
	alone := queue
	alone.fromVUs = false
	objective := above
	objective.objectives = true
	stalling := above
	stalling.period = 4
	undecided := times4(20, counted{ok: 94, failed: 6}) // 6 % of 400/s for 5 s
	for name, c := range map[string]struct {
		j     arrivalsJudge
		spec  holdSpec
		ticks []counted
		want  judgement
	}{
		"sure of a pass":                       {plain, spec, times4(12, counted{ok: 100}), passed},
		"not yet":                              {plain, spec, times4(11, counted{ok: 100}), judgement{}},
		"a backlog beyond all bounds":          {plain, spec, []counted{{ok: 10, inFlight: 1001}}, failed(record.CauseBacklog)},
		"much of what came is still there":     {plain, spec, growing(14, 60, 60), failed(record.CauseBacklog)},
		"the tests are not sure":               {plain, spec, undecided, judgement{}},
		"the pool knows a higher limit":        {below, spec, times4(20, counted{ok: 95, failed: 5}), passed},
		"but not against what is told":         {below, confirm, undecided, judgement{}},
		"the pool knows a lower limit":         {above, spec, undecided, failed(record.CauseFailures)},
		"not where objectives decide":          {objective, spec, undecided, judgement{}},
		"not within two periods of stalls":     {stalling, spec, undecided, judgement{}},
		"a backlog above the users' plateau":   {queue, spec, growing(12, 100, 7), judgement{}},
		"a plateau of arrivals waits for time": {alone, spec, growing(12, 100, 1), passed},
	} {
		if got := c.j.arrivals(heldFor(&hold{holdSpec: c.spec, arrivals: true, level: 400}, c.ticks...)); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestWhatTheTestsLeaveOpenIsDecidedByTheLastHalf(t *testing.T) {
	spec := holdSpec{phase: "refine", min: 3, max: 8, maxInFlight: 1e6}
	confirm := spec
	confirm.phase = "confirm"
	j := arrivalsJudge{judge: sureJudge(), margin: 1, limits: limitEstimate{perIteration: 1, perArrival: .95}}
	pooled := j
	pooled.saturated = pool{}.with(370, 30) // the limit is about 390/s
	better := append(times4(16, counted{ok: 93, failed: 7}), times4(16, counted{ok: 97, failed: 3})...)
	for name, c := range map[string]struct {
		j     arrivalsJudge
		spec  holdSpec
		ticks []counted
		want  judgement
	}{
		"fewer fail in the last half": {j, spec, append(times4(16, counted{ok: 93, failed: 7}), times4(16, counted{ok: 99, failed: 1})...), judgement{decided: true, pass: true, marginal: true}},
		"more fail in the last half":  {j, spec, append(times4(16, counted{ok: 97, failed: 3}), times4(16, counted{ok: 70, failed: 30})...), judgement{decided: true, marginal: true, cause: record.CauseFailures}},
		"the pool knows the limit":    {pooled, spec, better, judgement{decided: true, marginal: true, cause: record.CauseFailures}},
		"too many for what is told":   {j, confirm, times4(32, counted{ok: 94, failed: 6}), judgement{decided: true, marginal: true, cause: record.CauseFailures}},
		"it grew by more than chance": {j, spec, growing(32, 100, 10), judgement{decided: true, marginal: true, cause: record.CauseBacklog}},
	} {
		h := heldFor(&hold{holdSpec: c.spec, arrivals: true, level: 400}, c.ticks...)
		if got := c.j.byLastHalf(h); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// A hold's figures are its counts: 8 ticks, of 90 good and 10 failed of 15 ms each.
func TestFiguresOfAHold(t *testing.T) {
	var ticks []Tick
	for i := range 8 {
		ticks = append(ticks, Tick{
			Length: 250 * time.Millisecond, InFlight: 10 + i, RequestsOK: 190, RequestsFailed: 10,
			Scenarios: []ScenarioTick{{Started: 101, OK: 90, Failed: 10, Requests: 200, Seconds: 90 * .015}},
		})
	}
	h := &hold{arrivals: true, level: 400}
	h.restart(failuresOnly, 2)
	for _, tick := range ticks {
		h.add(tick, reckoning{perIteration: 2, tolerance: .05, dispersion: 3})
	}
	for name, c := range map[string]struct{ got, want float64 }{
		"length":    {h.length(), 2},
		"goodput":   {h.goodput, 360},
		"work":      {h.work, 380}, // a failed iteration of two requests has one served
		"se":        {h.se, math.Sqrt(4. / 12 / (8 * 190))},
		"mean":      {h.mean, .015},
		"share":     {h.share(), .1},
		"in flight": {h.inFlight, 13.5},
		"growth":    {h.growth, (17. - 2) / math.Sqrt(4*808)},
		"last":      {h.lastShare, .05},
	} {
		if !near(c.got, c.want) {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
}

func TestTheGeneratorWatch(t *testing.T) {
	l := generatorLimitsOf(.1, []Objective{{Share: .95, Limit: 200 * time.Millisecond}})
	if !near(l.late, .02) || !near(l.stall, .01) {
		t.Fatalf("%+v: want a tenth of the objective, and 10 ms", l)
	}
	if l := generatorLimitsOf(1, nil); !near(l.late, .5) || !near(l.stall, .1) {
		t.Errorf("%+v: want half of an iteration, and a tenth", l)
	}
	for name, c := range map[string]struct {
		health   Health
		whole    float64
		arrivals bool
		over     bool
		again    bool
		warnings int
	}{
		"well":                      {Health{CPU: .3}, 1, true, false, false, 0},
		"busy":                      {Health{CPU: .5}, 1, true, false, false, 1},
		"too busy":                  {Health{CPU: .9}, 1, true, true, false, 0},
		"pressure warns at most":    {Health{Pressure: .9}, 1, true, false, false, 1},
		"late":                      {Health{Late: 25 * time.Millisecond}, 1, true, true, true, 0},
		"late, and much is to come": {Health{Late: 25 * time.Millisecond}, 8, true, false, false, 0},
		"late users are not due":    {Health{Late: 25 * time.Millisecond}, 1, false, false, false, 0},
		"2 % were not sent":         {Health{Dropped: 2}, 1, true, true, true, 0},
		"2 % found all users busy":  {Health{Crowded: 2}, 1, true, true, false, 0},
		"users have no arrivals":    {Health{Crowded: 2}, 1, false, false, false, 0},
		"its own failures":          {Health{Failed: 1}, 1, false, true, false, 0},
		"of ports":                  {Health{Ports: .95}, 1, false, true, false, 0},
	} {
		var w generatorWatch
		h := &hold{arrivals: c.arrivals}
		h.restart(failuresOnly, 0)
		for i := range 4 {
			tick := counted{ok: 25}.tick()
			tick.Generator = c.health
			if i > 0 {
				tick.Generator.Dropped, tick.Generator.Crowded = 0, 0
			}
			h.add(tick, reckoning{perIteration: 1, tolerance: .05, dispersion: 1})
		}
		first := w.overloads(h, c.whole, l)
		over := w.overloads(h, c.whole, l) || first
		if over != c.over || len(w.warnings) != c.warnings || w.triesAgain(2) != c.again {
			t.Errorf("%s: overloaded %v, warnings %q, tries a third time %v", name, over, w.warnings, w.triesAgain(2))
		}
		if w.triesAgain(4) {
			t.Errorf("%s: tries for ever", name)
		}
	}
}

func TestNextRates(t *testing.T) {
	between := func(lo, hi float64) bracket {
		return bracket{lo: untested(lo, ""), hi: untested(hi, record.CauseFailures)}
	}
	const w = .03
	for name, c := range map[string]struct {
		lo, hi, limit, want float64
	}{
		"nothing is expected": {100, 400, 0, 200},
		"just below":          {100, 400, 300, 300 * .985},
		"just above":          {296, 400, 300, 300 * 1.015},
		"near the fail":       {100, 400, 500, 400 * .97},
		"near the pass":       {100, 400, 99, 103},
		"far below":           {100, 400, 50, 200},
		"narrow already":      {100, 106, 101, math.Sqrt(100 * 106)},
	} {
		b := between(c.lo, c.hi)
		if got, why := b.within(c.limit, w); !near(got, c.want) || why == "" {
			t.Errorf("%s: %v because %q, want %v", name, got, why, c.want)
		}
	}
	b := bracket{lo: untested(100, ""), step: .03}
	for _, want := range []float64{103, 106, 112, 124, 148, 196, 200, 200} {
		if got := b.higher(); math.Abs(got-want) > 1e-6 {
			t.Errorf("higher than 100 is %v, want %v", got, want)
		}
	}
	b = between(100, 102)
	for name, c := range map[string]struct{ limit, want float64 }{
		"a width above the pass":      {0, 103},
		"half a width above a limit":  {102.5, 102.5 * 1.015},
		"no more than 1½ widths away": {110, 104.5},
	} {
		if got := b.above(c.limit, w); !near(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if b.isWiderThan(w) || !b.isWiderThan(.01) {
		t.Error("2 % is wider than 1 %, and not than 3 %")
	}
}

func TestASecondOfTheRampIsDoubtedByWhatFailsAbove(t *testing.T) {
	one, two := untested(100, ""), untested(200, "")
	b := bracket{lo: two, hi: untested(400, record.CauseFailures), weakPasses: []*hold{one, two}}
	for limit, want := range map[float64]bool{150: true, 202: true, 204: false, 0: false} {
		if got := b.doubtful(limit, .03); got != want {
			t.Errorf("the limit is expected at %v, a second passed at 200: doubtful %v", limit, got)
		}
	}
	b.lo = untested(210, "")
	if b.doubtful(150, .03) {
		t.Error("a pass that is no second of the ramp is doubted")
	}
}

func TestWhereTheUpperEndPutsTheLimit(t *testing.T) {
	fails := func(cause record.Cause) bracket {
		hi := untested(400, cause)
		hi.work, hi.goodput = 285, 280
		return bracket{lo: untested(200, ""), hi: hi}
	}
	full := pool{}.with(290, 10)
	b, q := fails(record.CauseFailures), fails(record.CauseBacklog)
	if got := b.expected(.95, full); !near(got, 300) {
		t.Errorf("285/s get through, 5 %% may fail: %v, want 300", got)
	}
	if got := q.expected(.95, full); got != 290 {
		t.Errorf("a queue's pool is %v", got)
	}
	if got := q.expected(.95, pool{}); got != 280 {
		t.Errorf("a queue's goodput is %v", got)
	}
	// An objective: late shares of 1 % at 200/s and 20 % at 400/s, 5 % allowed: by logits.
	late := []criterion{{record.CauseFailures, .05, iterations}, {"latency:p(95)<100ms", .05, 0}}
	o := fails("latency:p(95)<100ms")
	o.hi.goodput = 400
	for h, n := range map[*hold]uint64{o.lo: 1, o.hi: 20} {
		h.restart(late, 0)
		goodput := h.goodput
		for range 4 {
			h.add(Tick{Length: time.Second, RequestsOK: 100, Slow: []uint64{n}, Latency: metric.Histogram{}}, reckoning{perIteration: 1, tolerance: .05, dispersion: 1})
		}
		h.goodput = goodput
	}
	o.hi.cause = "latency:p(95)<100ms"
	want := 200 + 200*(logit(.05)-logit(.01))/(logit(.2)-logit(.01))
	if got := o.expected(.95, pool{}); !near(got, want) {
		t.Errorf("the objective is expected to break at %v, want %v", got, want)
	}
}
