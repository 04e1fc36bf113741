package sizing

import (
	"fmt"
	"math"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// capacity puts the number together.
func (c *controller) capacity(s *record.Sizing) {
	switch {
	case c.bracket.confirmed == nil && c.rechecked != nil:
		c.capacityFallen(s)
		return
	case c.bracket.confirmed == nil:
		c.capacityInUsers(s)
		return
	}
	b := &c.bracket
	h := b.confirmed
	// Arrivals are known: only the failing share is measured, and that varies less than a count.
	goodput := h.level * (1 - h.share())
	if full := c.open.full; full.count >= enoughPooled && b.hi != nil && b.hi.cause == causeFailures && !c.open.falling {
		if x := full.rate(); h.y < x*(1+max(.03, 3*h.se)) {
			goodput = min(goodput, x*c.useful()) // a queue that still fills hides failures
		} else { // the pool is older than a rise
			goodput = min(goodput, h.x)
		}
	}
	s.Capacity = &record.Capacity{
		VUBounds: s.VUs, Goodput: goodput, GoodputClosed: c.closed.plateau.goodput,
		OfferedConfirmed: h.level, OfferedEstimate: c.estimate(), ConfirmS: h.length(), FailedShare: h.share(),
		InFlight: h.inFlight,
	}
	s.Capacity.CI95 = c.certainty(goodput)
	if b.hi != nil {
		s.Capacity.Resolution = b.hi.level/b.lo.level - 1
		s.Binding = b.hi.cause
	}
	if b.testedHi {
		hi := b.hi.level
		s.Capacity.FirstFailing = &hi
	}
	if c.open.falling {
		s.Binding = causeCollapse
	}
	c.latencies(s, h)
	s.Reason = c.why(s)
}

// certainty is the range of goodput in which the limit lies, 19 times in 20.
func (c *controller) certainty(goodput float64) [2]float64 {
	b, o, p := &c.bracket, &c.open, c.closed.plateau
	spread := clamp(p.se*p.se*p.count, .1, 4) // variance over mean of what is completed
	if p.count == 0 {
		spread = 1
	}
	center, se := goodput, c.resolution(goodput)/2
	switch {
	case c.closed.falling:
		se = c.curveError()
	case b.hi == nil:
	case b.hi.cause == causeFailures && o.full.count > 0:
		center, se = o.full.rate()*c.useful(), math.Sqrt(spread/o.full.count)
	case b.hi.cause == causeBacklog && o.backed.count > 0:
		center, se = o.backed.rate(), math.Sqrt(spread/o.backed.count)
	default:
		center = (b.lo.level + b.hi.level) / 2 * (1 - b.confirmed.share())
	}
	se = math.Hypot(se, leastError)
	return [2]float64{min(goodput, center*(1-1.96*se)), max(goodput, center*(1+1.96*se))}
}

// leastError is a relative error that is always allowed for.
const leastError = .002

// estimate is the best single figure for the arrivals that are carried.
func (c *controller) estimate() float64 {
	b := &c.bracket
	if b.hi == nil {
		return b.confirmed.level
	}
	lo, hi := b.confirmed.level, b.hi.level
	limit := c.limit()
	switch {
	case limit > 0 && b.hi.cause == causeFailures:
		return clamp(limit, .99*lo, 1.01*hi)
	case b.hi.cause == causeFailures && !c.open.falling:
		return math.Sqrt(lo * hi)
	case b.hi.cause == causeBacklog && c.open.backed.seconds > 0:
		return clamp(c.open.backed.rate(), .99*lo, 1.01*hi)
	}
	return lo
}

// capacityInUsers is the plateau, where the answer stays in virtual users.
func (c *controller) capacityInUsers(s *record.Sizing) {
	p := c.closed.plateau
	h := c.lastUsers()
	s.Capacity = &record.Capacity{
		VUBounds: s.VUs, Goodput: p.goodput, GoodputClosed: p.goodput, OfferedEstimate: p.goodput,
		ConfirmS: h.length(), FailedShare: h.share(), InFlight: h.inFlight, Resolution: 4 * p.se,
		CI95: [2]float64{p.goodput * (1 - 1.96*p.se), p.goodput * (1 + 1.96*p.se)},
	}
	s.Binding = causeBacklog
	if c.closed.hi != nil {
		s.Binding = c.closed.hi.cause
	}
	c.latencies(s, h)
	s.Reason = fmt.Sprintf("%s/s is what it completes, whatever the number of virtual users from %d on", number(p.goodput), p.from)
}

// why says in a sentence what ended the search.
func (c *controller) why(s *record.Sizing) string {
	b := &c.bracket
	h := b.confirmed
	held := fmt.Sprintf("%s arrivals/s held for %.0f s with %s failing", number(h.level), h.length(), percent(h.share()))
	if b.hi == nil {
		return held + "; what is too much was not looked for"
	}
	above := fmt.Sprintf("; at %s/s ", number(b.hi.level))
	switch {
	case s.Binding == causeCollapse:
		return held + "; more is computed to bring it down within a minute, and was not tried"
	case s.Binding == causeFailures:
		return held + above + "more than the tolerance fails"
	case s.Binding == causeBacklog:
		return held + above + "the backlog grows without end"
	}
	return held + above + strings.TrimPrefix(s.Binding, "latency:") + " is missed"
}

// latencies are those of the hold that confirmed the limit.
func (c *controller) latencies(s *record.Sizing, h *hold) {
	s.AtLimit = record.Latency{
		P50S: h.latency.Quantile(.5).Seconds(), P90S: h.latency.Quantile(.9).Seconds(), P95S: h.latency.Quantile(.95).Seconds(),
		P99S: h.latency.Quantile(.99).Seconds(), MaxS: h.latency.Max().Seconds(),
	}
	for i, o := range c.opt.Objectives {
		k := &h.series[i+1]
		s.Objectives = append(s.Objectives, record.ObjectiveResult{
			Kind: o.String(), Target: o.Limit.Seconds(), Allowed: o.allowed(), AtLimit: k.share(0), Binding: s.Binding == k.cause,
		})
	}
}

// capacityFallen is what a re-check saw get through where a former answer held.
func (c *controller) capacityFallen(s *record.Sizing) {
	x, noise := c.carried, c.rechecked.Noise
	s.Capacity = &record.Capacity{
		VUBounds: s.VUs, Goodput: x, OfferedEstimate: x / c.succeed(),
		CI95: [2]float64{x * (1 - noise), x * (1 + noise)}, Resolution: 2 * noise,
	}
	s.Binding = c.holds[len(c.holds)-1].cause
	s.Reason = fmt.Sprintf("%s/s get through where %s/s did before", number(x), number(c.rechecked.Former))
	c.latencies(s, c.holds[len(c.holds)-1])
}
