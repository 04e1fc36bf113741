package sizing

import (
	"math"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// Bounds of what is held after the answer.
const (
	mostRequests   = 2
	longestRequest = 20.0 // seconds
)

// holdFurther holds what Options.Further asks for, once each. What cuts it short
// is not told: the answer stands.
func (c *controller) holdFurther(answer record.Sizing) {
	if c.opt.Further == nil || (answer.Verdict != record.VerdictFound && answer.Verdict != record.VerdictBudget) {
		return
	}
	c.budget = math.Inf(1) // what is held now is no part of it
	requests := c.opt.Further(answer)
	for _, r := range requests[:min(len(requests), mostRequests)] {
		if err := c.holdRequest(r); err != nil {
			return
		}
	}
}

func (c *controller) holdRequest(r record.HoldRequest) error {
	length := clamp(r.LengthS, 1, longestRequest)
	o := holdSpec{phase: record.PhaseFurther, why: r.Why, min: length, max: length, need: math.Inf(1), exact: true}
	if r.Control == record.ByVUs {
		_, err := c.holdVUsOnce(int(clamp(math.Ceil(r.Level), 1, float64(c.closed.max))), o)
		return err
	}
	if c.open.safeRate == 0 { // nothing has arrived yet
		c.open.safeRate = r.Level
	}
	if err := c.drain(); err != nil {
		return err
	}
	_, err := c.holdRateOnce(r.Level, o)
	return err
}
