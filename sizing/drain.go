package sizing

import "math"

// drain waits at a harmless rate until what a former load left in flight is
// gone. A harmless rate that fails completely is an outage.
func (c *controller) drain() error {
	if !c.policy.has(drains) {
		return nil
	}
	o, t1 := &c.open, c.unloaded.iteration
	start := c.now
	if t1 < emptyAt/2 { // else those in flight may have every right to be
		if err := c.awaitInFlight(o.safeRate * (1.5*t1 + emptyAt)); err != nil {
			return err
		}
	}
	if err := c.setArrivals(o.safeRate); err != nil {
		return err
	}
	before, since, down := c.inFlight, c.now, outageWatch{at: uint64(c.total.requests())}
	for grows := false; !c.drained(down.last); {
		if grows || c.now-start >= drainTimeout || c.spent() { // a harmless rate does not drain it: none does, if anything
			if err := c.stopUntilEmpty(start); err != nil {
				return err
			}
			break
		}
		if isDown, err := c.isDown(&down); err != nil || isDown {
			return err
		}
		d := c.now - since
		grows = d > max(growthTime, 1.2*t1) && c.inFlight > before+3*math.Sqrt(before+o.safeRate*d)
	}
	c.recovery = max(c.recovery, c.now-start)
	return nil
}

// stopUntilEmpty lets nothing arrive until what is under way has ended, or the
// drain that began at start has taken twice its time.
func (c *controller) stopUntilEmpty(start float64) error {
	if err := c.setArrivals(0); err != nil {
		return err
	}
	for c.now-start < 2*drainTimeout && c.inFlight > 0 && !c.spent() {
		if _, err := c.step(tick); err != nil {
			return err
		}
	}
	return nil
}

// outageWatch is what a drain sees of a service that may be down.
type outageWatch struct {
	at   uint64  // requests before it
	down float64 // seconds in which nearly everything failed
	last sums    // of the last tick
}

// isDown lets a tick go by. When nearly everything has failed for a while it
// waits until the service answers again, and notes the outage.
func (c *controller) isDown(w *outageWatch) (bool, error) {
	t, err := c.stepArrivals(c.open.safeRate)
	if err != nil {
		return false, err
	}
	w.last = sums{}
	w.last.add(t)
	if !w.last.failing() {
		return false, nil
	}
	if w.down += tick; w.down < outageTime {
		return false, nil
	}
	if err := c.awaitRecovery(func(t Tick) bool { return t.RequestsOK > t.RequestsFailed && t.RequestsOK > 1 }, w.at); err != nil {
		return false, err
	}
	if err := c.recordOutage(w.at); err != nil {
		return false, err
	}
	return true, nil
}

// failing says whether nearly all requests failed; what times out is backlog.
func (s *sums) failing() bool {
	return s.requests() > 1 && s.reqFailed-s.timedOut > .9*s.requests()
}

// drained says whether no more is in flight than usual, and little of it late.
func (c *controller) drained(last sums) bool {
	if last.seconds == 0 || last.failing() {
		return false
	}
	n := c.open.safeRate * c.unloaded.iteration
	usual := max(1.1*c.open.safeInFlight, 1.5*n+3*math.Sqrt(n+1)+2)
	late := 0.0
	for _, n := range last.slow {
		late = max(late, n)
	}
	return c.inFlight <= usual && (late <= .3*last.requests() || last.requests() <= 3)
}

// awaitInFlight lets nothing arrive while more than so many iterations are under way:
// a large backlog goes twice as fast without new ones.
func (c *controller) awaitInFlight(most float64) error {
	if c.inFlight <= most {
		return nil
	}
	if err := c.setArrivals(0); err != nil {
		return err
	}
	for start := c.now; c.inFlight > most && c.now-start < drainTimeout && !c.spent(); {
		if _, err := c.step(tick); err != nil {
			return err
		}
	}
	return nil
}

// Times of a drain, in seconds.
const (
	emptyAt      = 2.0 // of harmless arrivals: more in flight than come in so long goes first
	growthTime   = 3.0 // what it takes to see that it drains nothing
	outageTime   = 1.5 // of failures that make an outage
	drainTimeout = 20.0
)
