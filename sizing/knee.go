package sizing

import (
	"cmp"
	"math"
	"slices"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// narrowKnee looks for the smallest number of users that reaches 97 % of the
// plateau, with two holds at most: where Little's law puts it, then half-way.
func (c *controller) narrowKnee() error {
	for try := 0; ; try++ {
		a, b := c.eachHold().knee(c.closed.plateau.goodput)
		c.closed.knee, c.closed.kneeBelow = b.vus, a.vus
		narrow := a.vus == 0 || b.vus <= a.vus+1 || float64(b.vus) <= 1.08*float64(a.vus)
		if narrow || try == 2 || c.unloaded.iteration > 2 || c.spent() {
			return nil
		}
		n := int(math.Ceil(kneeShare * c.closed.plateau.goodput * float64(a.vus) / max(a.work, 1e-9)))
		if try == 1 || n >= b.vus {
			n = int(math.Round(math.Sqrt(float64(a.vus) * float64(b.vus))))
		}
		if _, err := c.holdVUs(min(max(n, a.vus+1), b.vus-1), holdSpec{phase: record.PhaseKnee, why: "the fewest users that reach 97 %", min: 2, max: 6, need: 1500}); err != nil {
			return err
		}
	}
}

// eachHold are the holds of virtual users, by their number but not pooled.
func (c *controller) eachHold() loadCurve {
	var ps loadCurve
	for _, h := range c.vuHolds() {
		if !h.nearlyAllFail() {
			ps = append(ps, point{vus: h.vus(), work: h.work})
		}
	}
	slices.SortStableFunc(ps, func(a, b point) int { return cmp.Compare(a.vus, b.vus) })
	return ps
}
