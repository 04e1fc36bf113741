package sizing

import (
	"math"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// criterion is a promise: at most a share of something may be bad.
type criterion struct {
	cause     record.Cause
	allowed   float64
	objective int // index, or iterations: those that failed
}

const iterations = -1

func (o *Options) criteria() []criterion {
	cs := []criterion{{record.CauseFailures, o.Tolerance, iterations}}
	for i, objective := range o.Objectives {
		cs = append(cs, criterion{record.MissedObjective(objective.String()), objective.allowed(), i})
	}
	return cs
}

func (c criterion) count(t Tick) (bad, n float64) {
	if c.objective == iterations {
		for _, s := range t.Scenarios {
			bad += float64(s.Failed)
			n += float64(s.OK + s.Failed)
		}
		return bad, n
	}
	return float64(t.Slow[c.objective]), float64(t.RequestsOK + t.RequestsFailed)
}

// series is what one criterion counted, by tick.
type series struct {
	criterion
	bad, n []float64
}

// share is that of the ticks from one on.
func (s *series) share(from int) float64 { return sum(s.bad[from:]) / max(1, sum(s.n[from:])) }

// ratio is the test of the ticks from one on, over their inflation: positive speaks for "beyond".
func (s *series) ratio(from int, p policy) float64 {
	bad, n := s.bad[from:], s.n[from:]
	phi := inflation(bad, n)
	if !p.has(inflates) {
		phi = 1
	}
	return llr(sum(bad), sum(n), s.allowed) / phi
}

// holdSpec is a hold that is asked for.
type holdSpec struct {
	phase       record.Phase
	why         string
	min, max    float64 // seconds
	need        float64 // successful iterations that a pass of virtual users takes
	ramp        bool    // weak evidence suffices to go on
	exact       bool    // its times are not stretched
	maxInFlight float64 // in flight, beyond which it is over at once; 0: as backlogLimit says
}

// hold is a load that was kept for a while, and what came of it.
type hold struct {
	holdSpec
	arrivals bool
	level    float64 // virtual users, or arrivals per second

	start, settle  float64
	sum            sums
	series         []series
	good           []float64 // successful iterations by tick
	busy           []float64 // seconds of these
	reqGood        []float64
	reqBad         []float64
	started        []float64 // iterations started
	unfinished     []float64 // those less the successful ones
	scenarios      []ScenarioTick
	latency        metric.Histogram
	lateness       metric.Histogram // of arrivals, where ticks have it
	inFlight       float64          // mean
	startInFlight  float64
	endInFlight    float64   // in flight at its end
	inFlightByTick []float64 // in flight at the end of each tick
	requestsAt     uint64    // total before it

	goodput, work, se float64 // goodput; comparable goodput, and its relative standard error
	mean              float64 // successful iteration, seconds
	growth            float64 // z of the growth of what is in flight
	lastShare         float64 // of requests that failed in the last two ticks

	judgement
	void bool // the generator was overloaded: it counts neither way
}

func (c *controller) newHold(o holdSpec, arrivals bool, level float64) *hold {
	h := &hold{holdSpec: o, arrivals: arrivals, level: level, start: c.now, requestsAt: uint64(c.total.requests())}
	h.restart(c.criteria, c.inFlight)
	return h
}

// restart forgets what was counted so far.
func (h *hold) restart(criteria []criterion, inFlight float64) {
	h.sum, h.good, h.reqGood, h.reqBad, h.scenarios = sums{}, nil, nil, nil, nil
	h.started, h.unfinished, h.busy, h.inFlightByTick = nil, nil, nil, nil
	h.latency, h.lateness, h.inFlight, h.startInFlight = metric.Histogram{}, metric.Histogram{}, 0, inFlight
	h.series = make([]series, len(criteria))
	for i, k := range criteria {
		h.series[i].criterion = k
	}
	h.cause, h.pass = "", false
}

// is takes in what is judged, and says whether that is final.
func (h *hold) is(j judgement) bool {
	j.marginal = j.marginal || h.marginal
	h.judgement = j
	return j.decided
}

// reckoning is what a hold's figures depend on besides what was counted.
type reckoning struct {
	perIteration float64 // requests
	tolerance    float64
	dispersion   float64 // of goodput, 1 at least
}

// add counts one tick and brings the figures up to date.
func (h *hold) add(t Tick, r reckoning) {
	before := h.sum
	h.sum.add(t)
	for i := range h.series {
		s := &h.series[i]
		bad, n := s.count(t)
		s.bad, s.n = append(s.bad, bad), append(s.n, n)
	}
	h.good = append(h.good, h.sum.ok-before.ok)
	h.busy = append(h.busy, h.sum.busy-before.busy)
	started := h.sum.started - before.started
	h.started = append(h.started, started)
	h.unfinished = append(h.unfinished, started-(h.sum.ok-before.ok))
	h.reqGood = append(h.reqGood, float64(t.RequestsOK))
	h.reqBad = append(h.reqBad, float64(t.RequestsFailed))
	for i, s := range t.Scenarios {
		if i == len(h.scenarios) {
			h.scenarios = append(h.scenarios, ScenarioTick{})
		}
		merge(&h.scenarios[i], s)
	}
	h.latency.Merge(t.Latency)
	h.lateness.Merge(t.Lateness)
	h.endInFlight = float64(t.InFlight)
	h.inFlightByTick = append(h.inFlightByTick, h.endInFlight)
	h.inFlight += (h.endInFlight - h.inFlight) / float64(len(h.good))
	h.figure(r)
}

func (h *hold) figure(r reckoning) {
	d := h.length()
	h.goodput = h.sum.ok / d
	h.work = h.goodput
	counted := h.good
	if m := r.perIteration; m > 1 && (h.arrivals || h.share() > r.tolerance/2) {
		// A failed iteration of several requests has done work too.
		h.work = h.sum.reqOK / m / d
		counted = h.reqGood
	}
	h.se = math.Sqrt(dispersion(counted) / max(1, sum(counted)))
	h.mean = h.sum.busy / max(1, h.sum.ok)
	last := max(0, len(h.good)-2)
	bad, good := sum(h.reqBad[last:]), sum(h.reqGood[last:])
	h.lastShare = bad / max(1, bad+good)
	h.growth = (h.endInFlight - h.startInFlight) / math.Sqrt((1+r.dispersion)*max(1, h.sum.started))
}

// lateP99 is the 99 % quantile of how long after they were due iterations began,
// in seconds, of a hold of whole seconds in whose rest none is late; of ticks
// that tell no more it is their own quantiles' mean.
func (h *hold) lateP99(whole float64) float64 {
	if h.lateness.Count() > 0 {
		return h.lateness.Quantile(max(0, 1-.01*whole/h.length())).Seconds()
	}
	return h.sum.late / whole
}

func (h *hold) length() float64      { return h.sum.seconds }
func (h *hold) ticks() int           { return len(h.good) }
func (h *hold) half() int            { return len(h.good) / 2 }
func (h *hold) share() float64       { return h.series[0].share(0) }
func (h *hold) recentShare() float64 { return h.series[0].share(h.half()) }
func (h *hold) vus() int             { return int(h.level) }
func (h *hold) nearlyAllFail() bool  { return h.lastShare >= .85 }

// collapsed says whether nearly every request of a second failed.
func (h *hold) collapsed() bool {
	last := h.ticks() - 4
	if last < 0 {
		return false
	}
	bad, good := sum(h.reqBad[last:]), sum(h.reqGood[last:])
	return bad >= 20 && bad > .95*(bad+good)
}

func (h *hold) rejecting() bool { return h.cause == record.CauseFailures && !h.nearlyAllFail() }
func (h *hold) forLatency() bool {
	return h.cause != "" && h.cause != record.CauseFailures && h.cause != record.CauseBacklog
}

// earlyCause looks for a cause to stop at once: the test must be sure, on the whole
// or on its later part, with the worst ticks left out, and the share well above what is allowed.
func (h *hold) earlyCause(bound, gate float64, trim int, p policy) record.Cause {
	if !p.has(trims) {
		trim = 0
	}
	for i := range h.series {
		s := &h.series[i]
		for _, from := range []int{0, h.ticks() / 4, h.half()} {
			if h.ticks()-from < 3 {
				continue
			}
			phi := inflation(s.bad[from:], s.n[from:])
			if !p.has(inflates) {
				phi = 1
			}
			bad, n := trimmed(s.bad[from:], s.n[from:], trim)
			if llr(bad, n, s.allowed)/phi > bound+1.1 && bad > gate*s.allowed*n {
				return s.cause
			}
		}
	}
	return ""
}

// within says whether every criterion's test is sure that the load is within
// it, on the whole and, with some slack, on the last half: a queue fills slowly.
func (h *hold) within(bound float64, p policy) bool {
	for i := range h.series {
		s := &h.series[i]
		if max(s.ratio(0, p), s.ratio(h.half(), p)+bound/2) > -bound {
			return false
		}
	}
	return true
}

// wellWithin says whether at most half of what is allowed was bad, in both halves.
func (h *hold) wellWithin() bool {
	for i := range h.series {
		s := &h.series[i]
		if s.share(0) > s.allowed/2 || s.share(h.half()) > s.allowed/2 {
			return false
		}
	}
	return true
}

// exceededCause is the cause for which the last half was beyond a criterion.
func (h *hold) exceededCause() record.Cause {
	for i := range h.series {
		if s := &h.series[i]; s.share(h.half()) > s.allowed {
			return s.cause
		}
	}
	return ""
}

// close ends a hold: it joins the curve and is told.
func (c *controller) close(h *hold) *hold {
	if h.pass {
		c.effectGate = minEffect
		c.mix.addSound(h.scenarios)
	}
	c.holds = append(c.holds, h)
	row := c.row(h)
	c.rows = append(c.rows, row)
	if c.onHold != nil {
		c.onHold(row)
	}
	return h
}

// row is the hold as the record tells it.
func (c *controller) row(h *hold) record.Hold {
	r := record.Hold{
		N: len(c.holds), Phase: h.phase, Control: record.ByVUs, Level: h.level, Why: h.why,
		StartS: h.start, SettleS: h.settle, LengthS: h.length(),
		Sent: uint64(h.sum.started), OK: uint64(h.sum.ok), Failed: uint64(h.sum.failed), Requests: uint64(h.sum.requests()),
		Share: h.share(), Goodput: h.goodput, Work: h.work, SE: h.se, InFlight: h.inFlight, MeanS: h.mean,
		P50S: h.latency.Quantile(.5).Seconds(), P95S: h.latency.Quantile(.95).Seconds(), P99S: h.latency.Quantile(.99).Seconds(),
		GrowthZ: h.growth, Phi: inflation(h.series[0].bad, h.series[0].n), LLR: h.series[0].ratio(0, policy{}),
		Verdict: record.Fail, Cause: h.cause, Marginal: h.marginal, Interval: c.bounds(), LeftS: c.timeLeft(h),
	}
	if h.arrivals {
		r.Control = record.ByRate
	}
	switch {
	case h.void:
		r.Verdict = record.Void
	case h.pass:
		r.Verdict = record.Pass
	}
	for i := range h.sum.slow {
		r.Slow = max(r.Slow, uint64(h.sum.slow[i]))
	}
	return r
}
