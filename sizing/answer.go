package sizing

import (
	"fmt"
	"math"
	"strconv"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// answer puts together what is known, however the sizing ended.
func (c *controller) answer(e stop) record.Sizing {
	c.noteSlowing()
	s := record.Sizing{
		SchemaVersion: record.SchemaVersion, Verdict: e.verdict, Binding: e.binding, Reason: e.reason,
		Control: c.opt.By, Backoff: c.opt.Backoff,
		VUs: c.vuBounds(), Plateau: c.plateauRow(), Shape: c.shape(), Curve: c.rows,
		Unloaded: record.Unloaded{
			IterationS: c.unloaded.iteration, RequestS: c.unloaded.request,
			RequestsPerIteration: c.mix.perIteration(), FailedShare: c.unloaded.share,
		},
		Generator: c.generatorReport(e),
		Cost: record.Cost{
			WallS: c.now, Holds: len(c.holds), Iterations: uint64(c.total.ended()),
			Requests: uint64(c.total.requests()), Failed: uint64(c.total.failed),
		},
		Settings:      c.settings(),
		BudgetNeededS: c.open.needBounds, BudgetForTestS: c.open.needTest,
		Notes: c.notes, Recheck: c.rechecked,
	}
	c.interval(&s)
	if e.verdict == record.VerdictFound {
		c.capacity(&s)
	}
	s.Scenarios = c.scenarioResults()
	s.ExitCode = s.Exit()
	return s
}

// interval is the range of arrivals per second in which the limit lies.
func (c *controller) interval(s *record.Sizing) {
	b := c.bounds()
	if b.Lo != nil {
		s.Interval.Lo = *b.Lo
	}
	s.Interval.Hi = b.Hi
	s.Interval.HiTested = c.bracket.hiTested
}

// bounds are those of the arrivals per second that are carried, as known now.
func (c *controller) bounds() record.Bounds {
	var r record.Bounds
	b, s := &c.bracket, &c.closed
	switch {
	case b.lo != nil && len(b.lo.series) > 0:
		lo := b.lo.level
		r.Lo = &lo
	case s.lo != nil && !s.falling:
		lo := s.lo.goodput
		r.Lo = &lo
	}
	switch {
	case b.hi != nil:
		hi := b.hi.level
		r.Hi = &hi
	case b.lo == nil && s.plateau.goodput > 0:
		hi := s.plateau.goodput * (1 + 2*s.plateau.se) / c.goodputPerArrival()
		r.Hi = &hi
	}
	return r
}

// timeLeft is an estimate of the seconds still needed after, or with, a hold.
func (c *controller) timeLeft(h *hold) float64 {
	x := max(c.closed.best, h.level*boolean(h.arrivals), 1)
	g := c.stretch(x)
	below, above := confirmTime*g+4, 5*g+1
	rest := below + above
	if c.closed.falling {
		rest = 2 * below
	}
	switch h.phase {
	case record.PhaseFurther:
		return 0
	case record.PhaseRetestUpper:
		rest = above / 2
	case record.PhaseConfirm:
		rest = above
	case record.PhaseKnee:
		rest += 4
	case record.PhasePlateau:
		rest += 8
	case record.PhaseProbe, record.PhaseRamp:
		end := max(farVUs, farFactor*c.fillingVUs())
		steps := math.Log2(max(1, end/max(1, h.level)))
		rest += 16 + steps*max(1.5, min(4, boundIterations/x))
	default: // both sides are still to be tested
	}
	return clamp(rest, 0, max(0, c.budget-c.now))
}

func boolean(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (c *controller) vuBounds() record.VUBounds {
	s := &c.closed
	v := record.VUBounds{Knee: s.knee, KneeBelow: s.kneeBelow}
	if s.lo != nil {
		v.Within = s.lo.vus()
	}
	for _, h := range c.vuHolds() {
		v.Largest = max(v.Largest, h.vus())
	}
	if hi := s.hi; hi != nil {
		n := hi.vus()
		v.FirstFailing, v.FailedShare = &n, hi.share()
		if hi.cause == record.CauseFailures && hi.share() < .95 {
			estimate := clamp((1-hi.share())*hi.level/(1-c.opt.Tolerance), float64(v.Within), hi.level)
			v.Estimate = &estimate
		}
	}
	return v
}

// plateauRow is the plateau as it is told, also when the sizing ended before it was measured.
func (c *controller) plateauRow() *record.Plateau {
	p := c.closed.plateau
	first, _, slower := c.slowing()
	switch {
	case slower:
		p = first
	case c.opt.By == record.ByRate && !c.explored():
		p = c.openPlateau()
	case p.goodput == 0 && c.closed.best > 0:
		if p = c.finalPlateau(); p.goodput == 0 {
			p = plateau{goodput: c.closed.best, from: c.closed.bestVUs, to: c.closed.bestVUs, kind: record.PlateauNone, se: 1}
		}
	}
	if p.goodput == 0 {
		return nil
	}
	return &record.Plateau{Goodput: p.goodput, SE: p.se, VUsFrom: p.from, VUsTo: p.to, Iterations: uint64(p.count), Kind: p.kind}
}

// explored says whether virtual users were more than a probe.
func (c *controller) explored() bool { return c.closed.lo != nil && c.closed.lo.vus() > 1 }

// openPlateau is what arrivals alone show of it: goodput while rejecting, or
// while a backlog grew, else the most that was seen.
func (c *controller) openPlateau() plateau {
	for _, p := range []pool{c.open.saturated, c.open.backlogged} {
		if p.count > 0 {
			return plateau{goodput: p.rate(), se: 1 / math.Sqrt(p.count), count: p.count, kind: record.PlateauFlat}
		}
	}
	best := plateau{goodput: c.closed.best, se: 1, kind: record.PlateauNone}
	for _, h := range c.holds {
		if h.arrivals && h.goodput > best.goodput {
			best.goodput, best.se, best.count = h.goodput, h.se, h.sum.ok
		}
	}
	return best
}

func (c *controller) shape() record.Shape {
	s := record.Shape{
		AboveLimit: record.AboveUnknown, RecoveryS: c.recovery, Rising: c.closed.everRose, StallPeriodS: c.open.stallPeriod,
		Outages: c.outages, Inversions: c.open.inversions, BaseFailure: c.unloaded.share,
	}
	_, _, s.Slowing = c.slowing()
	switch {
	case c.closed.falling || c.open.falling:
		s.AboveLimit = record.AboveRetrograde
		s.Retrograde = c.retrograde()
	case c.closed.plateau.goodput > 0:
		s.AboveLimit = record.AboveFlat
	}
	return s
}

// retrograde tells the peak, and the lowest goodput beyond it.
func (c *controller) retrograde() *record.Retrograde {
	r := record.Retrograde{PeakVUs: c.closed.bestVUs, Peak: c.closed.best}
	for _, p := range c.curve() {
		if p.vus > r.PeakVUs && (r.AtVUs == 0 || p.work < r.Goodput) {
			r.AtVUs, r.Goodput = p.vus, p.work
		}
	}
	if r.AtVUs == 0 {
		return nil
	}
	return &r
}

func (c *controller) settings() record.SizingSettings {
	s := record.SizingSettings{
		Tolerance: c.opt.Tolerance, Resolution: c.opt.Resolution, BudgetS: c.opt.Budget.Seconds(), SoakS: c.opt.Soak.Seconds(),
	}
	if !math.IsInf(c.opt.Max, 1) {
		s.Max = c.opt.Max
	}
	for _, o := range c.opt.Objectives {
		s.Objectives = append(s.Objectives, o.String())
	}
	if c.closed.falling {
		s.HorizonS = surviveTime
	}
	return s
}

func (c *controller) generatorReport(e stop) record.GeneratorReport {
	w := &c.watch
	g := record.GeneratorReport{
		OK: e.verdict != record.VerdictGenerator, Warnings: w.warnings, LateS: w.late, CPU: w.cpu, VoidHold: w.voidHolds, Sent: 1,
	}
	if !g.OK {
		g.Reason = w.reason
	}
	if n := c.total.started + c.total.dropped + c.total.crowded; n > 0 {
		g.Sent = c.total.started / n
	}
	return g
}

// scenarioResults tell how each scenario fared in the loads beyond the limit:
// the one with the largest share of failures fails first.
func (c *controller) scenarioResults() []record.ScenarioResult {
	beyond := make([]ScenarioTick, len(c.mix.all))
	started, failed := 0.0, 0.0
	for _, h := range c.holds {
		if h.cause != record.CauseFailures || h.nearlyAllFail() {
			continue
		}
		for i, s := range h.scenarios {
			merge(&beyond[i], s)
			failed += float64(s.Failed)
		}
	}
	for _, s := range c.mix.all {
		started += float64(s.Started)
	}
	var rs []record.ScenarioResult
	first := -1
	for i, s := range c.mix.all {
		x := beyond[i]
		r := record.ScenarioResult{
			Name: strconv.Itoa(i), Share: float64(s.Started) / max(1, started), MeanS: c.mix.mean[i],
			FailedShare: float64(x.Failed) / max(1, float64(x.OK+x.Failed)), OfFailures: float64(x.Failed) / max(1, failed),
		}
		if i < len(c.opt.Scenarios) {
			r.Name = c.opt.Scenarios[i].Name
		}
		if r.FailedShare > 0 && (first < 0 || r.FailedShare > rs[first].FailedShare) {
			first = i
		}
		rs = append(rs, r)
	}
	if first >= 0 {
		rs[first].First = true
	}
	return rs
}

// describe is a failing hold in words.
func (c *controller) describe(h *hold) string {
	if h.forLatency() {
		return string(h.cause) + " is missed"
	}
	return fmt.Sprintf("%s of the iterations fail", units.Percent(h.share(), 1))
}
