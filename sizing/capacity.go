package sizing

import (
	"fmt"
	"math"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// capacity puts the number together.
func (c *controller) capacity(s *record.Sizing) {
	switch {
	case c.bracket.confirmed == nil && c.rechecked != nil:
		c.capacityFallen(s)
		return
	case c.bracket.confirmed == nil:
		c.capacityInVUs(s)
		return
	}
	b := &c.bracket
	h := b.confirmed
	goodput := c.goodputAt(h)
	s.Capacity = &record.Capacity{
		VUBounds: s.VUs, Goodput: goodput, GoodputClosed: c.closed.plateau.goodput,
		OfferedConfirmed: h.level, OfferedEstimate: c.estimate(), ConfirmS: h.length(), FailedShare: h.share(),
		InFlight: h.inFlight,
	}
	s.Capacity.CI95 = c.confidenceInterval(goodput)
	if b.hi != nil {
		s.Capacity.Resolution = b.hi.level/b.lo.level - 1
		if s.Binding = b.hi.cause; c.rejects() {
			s.Binding = record.CauseFailures
		}
	}
	if b.hiTested {
		hi := b.hi.level
		s.Capacity.FirstFailing = &hi
	}
	if c.open.falling {
		s.Binding = record.CauseCollapse
	}
	c.latencies(s, h)
	s.Reason = c.reason(s)
}

// confidenceInterval is the range of goodput in which the limit lies, 19 times in 20.
func (c *controller) confidenceInterval(goodput float64) [2]float64 {
	b, o := &c.bracket, &c.open
	spread := c.spread()
	center, se := goodput, c.resolution(goodput)/2
	switch {
	case c.closed.falling:
		se = math.Hypot(1.4*c.curve().errorAt(c.curve().decisiveVUs(c.closed.bestVUs, b.confirmed.level)), computedError)
	case b.hi == nil:
	case c.rejects() && o.saturated.count > 0:
		u := c.usefulShare()
		center, se = o.saturated.rate()*u, math.Hypot(1.2*o.saturated.error(spread), .2*(1-u))
	case b.hi.cause == record.CauseBacklog && o.backlogged.count > 0:
		center, se = o.backlogged.rate(), 1.2*o.backlogged.error(spread)
	default:
		center, se = (b.lo.level+b.hi.level)/2*(1-b.confirmed.share()), 1.35*se
	}
	if o.rises > 0 || c.closed.everRose { // it may not have come to rest
		se = math.Hypot(se, driftError)
	}
	if o.falling && !c.closed.falling {
		se = math.Hypot(se, retrogradeError)
	}
	se = clamp(math.Hypot(se, minError), minError, maxError)
	counted := b.confirmed.level * (1 - b.confirmed.share())
	if math.Abs(counted/goodput-1) > .03 { // the queue has not filled yet
		counted = goodput
	}
	lo, hi := min(goodput, counted, center*(1-1.96*se)), max(goodput, counted, center*(1+1.96*se))
	if b.hi != nil && b.hi.level/b.lo.level > 1+1.5*c.width() && !c.closed.falling { // it was not narrowed any more
		lo, hi = min(lo, b.lo.level*(1-b.confirmed.share())), max(hi, b.hi.level*(1-c.opt.Tolerance))
	}
	return [2]float64{lo, hi}
}

// Relative errors: one that is always allowed for, one where capacity moved,
// one where arrivals alone have shown that goodput falls, one of what is
// reckoned from a curve and not tried, and one beyond which a range says nothing.
const (
	minError        = .005
	driftError      = .015
	retrogradeError = .03
	computedError   = .025
	maxError        = .45
)

// spread is the variance over the mean of what is completed while the service
// is full: more than one where iterations are of unlike sizes, less where they are alike.
func (c *controller) spread() float64 {
	const most = 8
	if p := c.closed.plateau; p.count > 0 {
		return clamp(p.se*p.se*p.count, .1, most)
	}
	ticks, d := 4.0, 4.0
	for _, h := range c.holds {
		if h.arrivals && !h.void && h.ticks() >= 4 && (h.cause == record.CauseBacklog || h.share() > .8*c.opt.Tolerance) {
			k := float64(h.ticks())
			ticks, d = ticks+k, d+k*dispersion(h.good)
		}
	}
	return clamp(d/ticks, .1, most)
}

// estimate is the best single figure for the arrivals that are carried.
func (c *controller) estimate() float64 {
	b := &c.bracket
	if b.hi == nil {
		return b.confirmed.level
	}
	lo, hi := b.confirmed.level, b.hi.level
	limit := c.limit()
	switch {
	case limit > 0 && b.hi.cause == record.CauseFailures:
		return clamp(limit, .99*lo, 1.01*hi)
	case b.hi.cause == record.CauseFailures && !c.open.falling:
		return math.Sqrt(lo * hi)
	case b.hi.cause == record.CauseBacklog && c.open.backlogged.seconds > 0:
		return clamp(c.open.backlogged.rate(), .99*lo, 1.01*hi)
	}
	return lo
}

// capacityInVUs is the plateau, where the answer stays in virtual users.
func (c *controller) capacityInVUs(s *record.Sizing) {
	p, lo := c.closed.plateau, c.closed.lo
	h := c.lastVUHold()
	if c.opt.By == record.BySessions && c.closed.hi != nil && !c.closed.falling && lo != nil { // what the largest number within tolerance did
		h, p.goodput, p.se = lo, lo.goodput, lo.se
	}
	s.Capacity = &record.Capacity{
		VUBounds: s.VUs, Goodput: p.goodput, GoodputClosed: p.goodput, OfferedEstimate: p.goodput,
		ConfirmS: h.length(), FailedShare: h.share(), InFlight: h.inFlight, Resolution: 4 * p.se,
		CI95: [2]float64{p.goodput * (1 - 1.96*p.se), p.goodput * (1 + 1.96*p.se)},
	}
	s.Binding = record.CauseBacklog
	if c.closed.hi != nil {
		s.Binding = c.closed.hi.cause
	}
	c.latencies(s, h)
	s.Reason = fmt.Sprintf("%s/s is what it completes, whatever the number of virtual users from %d on", units.Precise(p.goodput), p.from)
}

// goodputAt is the goodput of the confirmed arrivals. They are known, so only
// the failing share is measured, which varies less than a count; and where a
// service rejects, the pool of all saturated holds knows better than the dozen
// seconds of one: a queue that still fills hides failures, a burst adds some.
func (c *controller) goodputAt(h *hold) float64 {
	b, full := &c.bracket, c.open.saturated
	counted := h.level * (1 - h.share())
	if !c.pooledEnough() || b.hi == nil || !c.rejects() || c.open.falling {
		return counted
	}
	switch pooled := full.rate() * c.usefulShare(); {
	case h.work > full.rate()*(1+max(.03, 3*h.se)): // the pool is older than a rise
		return min(counted, h.goodput)
	case math.Abs(counted/pooled-1) < max(.03, 3*h.se):
		return min(h.level, pooled)
	default:
		return min(counted, pooled)
	}
}

// rejects says whether failures are what limits: also where a queue that still
// fills looked like a backlog, once users have shown that it ends.
func (c *controller) rejects() bool {
	return c.bracket.hi.cause == record.CauseFailures || c.open.expectedCause == record.CauseFailures
}

// reason says in a sentence what ended the search.
func (c *controller) reason(s *record.Sizing) string {
	b := &c.bracket
	h := b.confirmed
	held := fmt.Sprintf("%s arrivals/s held for %.0f s with %s failing", units.Precise(h.level), h.length(), units.Percent(h.share(), 1))
	if b.hi == nil {
		return held + "; what is too much was not looked for"
	}
	above := fmt.Sprintf("; at %s/s ", units.Precise(b.hi.level))
	switch s.Binding {
	case record.CauseCollapse:
		return held + "; more is computed to bring it down within a minute, and was not tried"
	case record.CauseFailures:
		if b.hi.cause == record.CauseBacklog {
			return held + above + "a queue fills that turns requests away when it is full"
		}
		return held + above + "more than the tolerance fails"
	case record.CauseBacklog:
		return held + above + "the backlog grows without end"
	default: // an objective
	}
	missed, ok := s.Binding.Objective()
	if !ok {
		missed = string(s.Binding)
	}
	return held + above + missed + " is missed"
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
	x, noise := c.recheckGoodput, c.rechecked.Noise
	s.Capacity = &record.Capacity{
		VUBounds: s.VUs, Goodput: x, OfferedEstimate: x / c.goodputPerArrival(),
		CI95: [2]float64{x * (1 - noise), x * (1 + noise)}, Resolution: 2 * noise,
	}
	s.Binding = c.holds[len(c.holds)-1].cause
	s.Reason = fmt.Sprintf("%s/s get through where %s/s did before", units.Precise(x), units.Precise(c.rechecked.Former))
	c.latencies(s, c.holds[len(c.holds)-1])
}
