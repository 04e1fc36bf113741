package sizing

import (
	"fmt"
	"math"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// slowedBy is how much less goodput than at first, at the same load, is told.
const slowedBy = .06

// slowing says whether the service surely became slower while it worked, and
// what it gave at first: data grow, or the machine's speed falls. What arrivals
// then found is carried now, and the peak is that of a service that is fresh.
func (c *controller) slowing() (first, then plateau, ok bool) {
	s := &c.closed
	if s.falling || s.everRose {
		return first, then, false
	}
	var early, late []*hold
	full := 1.3 * c.fillingVUs()
	for _, h := range c.vuHolds() {
		switch {
		case !h.pass || h.work <= 0 || h.level < full:
		case h.phase == record.PhaseRamp:
			early = append(early, h)
		default:
			late = append(late, h)
		}
	}
	if len(early) == 0 || len(late) == 0 {
		return first, then, false
	}
	first, then = plateauOf(early, "peak"), plateauOf(late, "peak")
	noise := math.Hypot(first.se*first.goodput, then.se*then.goodput)
	return first, then, then.goodput < (1-slowedBy)*first.goodput && first.goodput-then.goodput > 3*noise
}

// noteSlowing says so.
func (c *controller) noteSlowing() {
	if first, then, ok := c.slowing(); ok {
		c.note(fmt.Sprintf("the same load gave less later, %s/s after %s/s: it slows down as it works (its data grow?), or its machine does; the peak is what it gave at first, the capacity what it carried then",
			units.Precise(then.goodput), units.Precise(first.goodput)))
	}
}
