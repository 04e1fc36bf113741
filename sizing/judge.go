package sizing

import (
	"math"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// judgement is what is known of a hold after a tick.
type judgement struct {
	decided  bool
	pass     bool
	marginal bool         // the tests had not decided when time was up
	cause    record.Cause // of a fail
}

var passed = judgement{decided: true, pass: true}

func failed(cause record.Cause) judgement { return judgement{decided: true, cause: cause} }

// judge decides whether a hold's load is carried, by what was counted alone:
// it changes nothing, and equal counts are judged alike.
type judge struct {
	policy     policy
	bound      float64 // of the sequential test: Wald's, see bound
	gate       float64 // effect that an early fail needs, in multiples of what is allowed
	tolerance  float64 // share of iterations that may fail
	dispersion float64 // of goodput, 1 at least
	iteration  float64 // unloaded, in seconds
	served     bool    // some load passed before
	spent      bool    // the budget is
}

// vus judges a hold of virtual users. Growth is not tested: their number
// bounds what is in flight.
func (j judge) vus(h *hold) judgement {
	d := h.length()
	if d >= .99 && h.sum.ended() > 30 && h.ticks() >= 4 && (d >= h.min || h.ramp) {
		if cause := h.earlyCause(j.bound, j.gate, 2+h.ticks()/10, j.policy); cause != "" {
			return failed(cause)
		}
	}
	if j.served && h.collapsed() && j.policy.has(tellsOutages) {
		return failed(record.CauseFailures)
	}
	enough := d >= h.min && (h.sum.ok >= h.need || d >= h.max)
	switch {
	case h.ramp && enough && h.sum.ended() >= 15 && h.wellWithin(), enough && h.within(j.bound, j.policy):
		return passed
	case j.timeUp(h):
		cause := h.exceededCause()
		return judgement{decided: true, pass: cause == "", marginal: true, cause: cause}
	}
	return judgement{}
}

// timeUp says whether a hold of virtual users ends undecided: few iterations
// make it longer, but no longer than the budget lasts.
func (j judge) timeUp(h *hold) bool {
	d := h.length()
	return d >= h.max && (h.sum.ended() >= 60 || h.ramp && d >= 2*h.mean || d >= 3*h.max) || d >= h.min && j.spent
}

// arrivalsJudge judges holds of arrivals, of which any number may wait: a
// backlog that grows is a limit too, and what former holds have shown of the
// plateau tells on which side of it a rate is.
type arrivalsJudge struct {
	judge
	limits     limitEstimate
	saturated  pool // goodput of holds that failed
	backlogged pool // goodput of holds in which a backlog grew
	margin     float64
	period     float64 // of stalls, in seconds; 0: none
	objectives bool    // there are some: failures alone do not decide
	fromVUs    bool    // the plateau is one of virtual users
}

func (j arrivalsJudge) arrivals(h *hold) judgement {
	d := h.length()
	if h.endInFlight > h.maxInFlight && h.endInFlight > h.startInFlight {
		return failed(record.CauseBacklog)
	}
	if d >= .99 && h.sum.started > 30 {
		if cause := j.failsEarly(h); cause != "" {
			return failed(cause)
		}
	}
	if h.ramp && d >= h.min && h.sum.ended() >= 15 && h.wellWithin() && h.growth < 2.5 {
		return passed
	}
	if pooled := j.byPool(h); pooled.decided {
		return pooled
	}
	switch {
	case d >= h.min && h.within(j.bound, j.policy) && (h.growth < 1 && !j.abovePlateau(h, false) || h.ramp && h.growth < 2.5):
		return passed
	case d >= h.max && (h.sum.ended() >= 60 || d >= 3*h.max) && !j.mayStillPass(h):
		return j.byLastHalf(h)
	}
	return judgement{}
}

// failsEarly looks for a cause to stop early: a backlog that grows whatever ticks
// are left out, or too many bad ones.
func (j arrivalsJudge) failsEarly(h *hold) record.Cause {
	trim := 2 + h.ticks()/10
	if h.length() >= max(2*h.min, 6) {
		trim = h.ticks() / 10
	}
	missing, sent := trimmed(h.unfinished, h.started, trim)
	over := (missing - j.tolerance*sent) / math.Sqrt((1+j.dispersion)*max(sent, 1))
	if over > 3 && h.endInFlight-h.startInFlight > h.sum.failed && h.growth > 3 {
		return record.CauseBacklog
	}
	if j.collapses(h) {
		return record.CauseBacklog
	}
	if h.ticks() < 4 {
		return ""
	}
	return h.earlyCause(j.bound, j.gate, trim, j.policy)
}

// collapses says whether much of what arrived during the last seconds is
// still there: of a hold that went well before, the whole would show it late.
func (j arrivalsJudge) collapses(h *hold) bool {
	before := h.ticks() - 1 - int(math.Ceil(max(collapseTime, 2*j.iteration)/tick))
	if before < 0 {
		return false
	}
	sent, more := sum(h.started[before+1:]), h.endInFlight-h.inFlightByTick[before]
	return more > collapseShare*sent && more > 4*math.Sqrt((1+j.dispersion)*sent)
}

const (
	collapseTime  = 3.0 // seconds
	collapseShare = .4  // of the arrivals that did not end
)

// byPool decides by the saturated goodput of all holds, which says on which
// side of the limit a rate is.
func (j arrivalsJudge) byPool(h *hold) judgement {
	d, lately := h.length(), h.recentShare()
	full := j.saturated
	if lately > .8*j.tolerance {
		full = full.with(h.work, d)
	}
	limit := j.limits.of(full)
	usable := limit > 0 && d >= h.min && d >= 4 && !j.objectives &&
		math.Abs(h.level/limit-1) > .008 && h.growth < 2 && (j.period == 0 || d >= 2*j.period)
	if !usable {
		return judgement{}
	}
	z := (h.level/limit - 1) * math.Sqrt(full.count)
	switch {
	case z < -1 && lately < 1.4*j.tolerance && lately < j.tolerance+.02 && !j.overTolerance(h):
		return passed
	case z > 1 && lately > .7*j.tolerance:
		return failed(record.CauseFailures)
	}
	return judgement{}
}

// overTolerance says whether more failed than is tolerated in a hold that is
// to be told as carried: there the pool may not decide otherwise.
func (j arrivalsJudge) overTolerance(h *hold) bool {
	return h.phase == record.PhaseConfirm && h.share() > j.tolerance
}

// mayStillPass says whether a hold that is to be told as carried goes on for
// longer: more failed than is tolerated, but the pool says that fewer will.
func (j arrivalsJudge) mayStillPass(h *hold) bool {
	if !j.overTolerance(h) || j.spent {
		return false
	}
	d := h.length()
	return d < 1.8*h.max && h.share() < 2*j.tolerance && h.level < j.limits.of(j.saturated.with(h.work, d))
}

// byLastHalf decides what the tests left open when time was up.
func (j arrivalsJudge) byLastHalf(h *hold) judgement {
	lately, d := h.recentShare(), h.length()
	limit := 0.0
	if lately > .02 && lately < .3 {
		limit = j.limits.of(j.saturated.with(h.work, d))
	}
	cause := record.Cause("")
	switch {
	case j.overTolerance(h):
		cause = record.CauseFailures
	case limit > 0 && (j.period == 0 || d >= 2*j.period):
		if h.level > limit {
			cause = record.CauseFailures
		}
	case h.exceededCause() != "":
		cause = h.exceededCause()
	case h.growth > 2 || j.abovePlateau(h, true):
		cause = record.CauseBacklog
	}
	return judgement{decided: true, pass: cause == "", marginal: true, cause: cause}
}

// abovePlateau says whether a rate is above the plateau that was measured, and the
// backlog does not show otherwise: a little above, it takes minutes to show at
// all. A plateau that arrivals alone have shown, in passing, decides only what
// is undecided when time is up.
func (j arrivalsJudge) abovePlateau(h *hold, timeUp bool) bool {
	b, d := j.backlogged, j.dispersion
	if b.count == 0 || h.ramp || h.level <= b.rate()*(1+j.margin*math.Sqrt(d/b.count)) {
		return false
	}
	if !j.fromVUs {
		return timeUp && h.endInFlight > h.startInFlight
	}
	expected := (h.level - b.rate()) * h.length()
	return h.endInFlight-h.startInFlight > expected-2*math.Sqrt((1+d)*h.sum.started)
}
