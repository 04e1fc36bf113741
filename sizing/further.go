package sizing

import (
	"math"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// Bounds of what is held after the answer.
const (
	mostWishes  = 2
	longestWish = 20.0 // seconds
)

// Wish is a load that somebody wants to see held after the answer is known:
// it may tell what limits the service, and changes nothing in the answer.
type Wish struct {
	Control Control // ByVUs or ByRate
	Level   float64
	Seconds float64
	Why     string
}

// holdFurther holds what Options.Further asks for, once each. What cuts it short
// is not told: the answer stands.
func (c *controller) holdFurther(answer record.Sizing) {
	if c.opt.Further == nil || (answer.Verdict != Found && answer.Verdict != Budget) {
		return
	}
	c.budget = math.Inf(1) // what is held now is no part of it
	wishes := c.opt.Further(answer)
	for _, w := range wishes[:min(len(wishes), mostWishes)] {
		if err := c.holdWish(w); err != nil {
			return
		}
	}
}

func (c *controller) holdWish(w Wish) error {
	length := clamp(w.Seconds, 1, longestWish)
	o := holdSpec{phase: "further", why: w.Why, min: length, max: length, need: math.Inf(1), exact: true}
	if w.Control == ByVUs {
		_, err := c.holdVUsOnce(int(clamp(math.Ceil(w.Level), 1, float64(c.closed.max))), o)
		return err
	}
	if c.open.safeRate == 0 { // nothing has arrived yet
		c.open.safeRate = w.Level
	}
	if err := c.drain(); err != nil {
		return err
	}
	_, err := c.holdRateOnce(w.Level, o)
	return err
}
