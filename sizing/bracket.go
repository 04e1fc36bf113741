package sizing

import (
	"fmt"
	"math"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// bracket is what arrivals have pinned down so far.
type bracket struct {
	lo, hi     *hold   // largest pass, smallest fail; hi may be a rate not tried yet (untested)
	weakPasses []*hold // passes of a ramp, weak evidence; the last is lo until a better one passes
	confirmed  *hold   // lo, held for the confirming time
	step       float64 // relative, upwards, while there is no upper end
	fromVUs    bool    // virtual users came first
	hiTested   bool
}

// untested is a rate that is expected to fail, or to pass without a cause, and was not tried.
func untested(rate float64, cause record.Cause) *hold {
	return &hold{arrivals: true, level: rate, judgement: judgement{cause: cause}}
}

// fail makes a hold the upper end.
func (b *bracket) fail(h *hold) { b.hi, b.hiTested = h, true }

// isWiderThan says whether the ends are further apart than a relative width.
func (b *bracket) isWiderThan(width float64) bool { return b.hi.level/b.lo.level > (1+width)*1.003 }

// higher is the next rate where no upper end is known: further up each time, twice at most.
func (b *bracket) higher() float64 {
	rate := b.lo.level * (1 + b.step)
	b.step = min(2*b.step, 1)
	return rate
}

// doubtful says whether the lower end is a second of the ramp that passed, and
// should not have by what gets through above, which puts the limit at a rate.
func (b *bracket) doubtful(limit, width float64) bool {
	n := len(b.weakPasses)
	return n >= 2 && b.weakPasses[n-1] == b.lo && limit > 0 && limit < b.lo.level*(1+width/2)
}

// within is the next rate to try between the ends: just below where the limit
// is expected (0: nowhere), then just above it, else the geometric middle.
func (b *bracket) within(limit, w float64) (rate float64, why string) {
	lo, hi := b.lo.level, b.hi.level
	rate, why = math.Sqrt(lo*hi), "half-way"
	if hi/lo > 1+2.2*w {
		switch {
		case limit*(1-w/2) > lo*(1+w/3) && limit < hi:
			rate, why = limit*(1-w/2), fmt.Sprintf("the limit is expected at %s/s: just below", units.Precise(limit))
		case limit*(1+w/2) < hi*(1-w/3) && limit*(1+w/2) > lo*(1+w/3):
			rate, why = limit*(1+w/2), fmt.Sprintf("the limit is expected at %s/s: just above", units.Precise(limit))
		case limit >= hi && hi*(1-w) > lo*(1+w/3):
			rate, why = hi*(1-w), fmt.Sprintf("the limit is expected near %s/s, which failed: just below", units.Precise(hi))
		case limit <= lo && limit > .93*lo:
			rate, why = lo*(1+w), "the limit is expected near the largest pass: just above"
		}
	}
	return clamp(rate, lo*1.005, hi*.995), why
}

// above is the rate at which the upper end is tested again. Where the pool puts
// the limit (0: nowhere), it is half a width above that: nearer, chance decides.
func (b *bracket) above(limit, width float64) float64 {
	rate := max(b.hi.level, b.lo.level*(1+width))
	if limit > 0 {
		rate = clamp(limit*(1+width/2), rate, b.lo.level*(1+1.5*width))
	}
	return rate
}

// expected is where the upper end's figures put the limit; 0 when they do not.
func (b *bracket) expected(perArrival float64, backlogged pool) float64 {
	hi := b.hi
	switch {
	case hi.cause == record.CauseFailures:
		return hi.work / perArrival // the goodput of requests is flat above the limit
	case hi.cause == record.CauseBacklog && backlogged.seconds > 0:
		return backlogged.rate()
	case hi.cause == record.CauseBacklog:
		return hi.goodput
	}
	for i := range hi.series {
		s := &hi.series[i]
		if s.cause != hi.cause || len(b.lo.series) == 0 {
			continue
		}
		lo := &b.lo.series[i]
		from, to := logit(lo.share(b.lo.half())), logit(s.share(hi.half()))
		g := b.lo.level + (hi.level-b.lo.level)*(logit(s.allowed)-from)/max(to-from, .1)
		if hi.level > 1.1*hi.goodput {
			g = min(g, .97*hi.goodput)
		}
		return g
	}
	return 0
}
