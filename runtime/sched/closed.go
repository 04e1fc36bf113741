package sched

import (
	"context"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/pace"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
)

// closed is the executor of VUs that iterate back to back: as many as its
// stages say, or as it is told. Where iterations are limited, VUs share them.
type closed struct {
	*job
	stages  pace.Closed
	iterate *order
	spread  time.Duration // over which VUs start
}

func newClosed(j *job, stages []plan.Stage) *closed {
	c := &closed{job: j, stages: stages}
	c.iterate = &order{c.laps}
	return c
}

func (c *closed) step(ctx context.Context, now time.Time) time.Time {
	var next time.Time
	if len(c.stages) > 0 {
		at := now.Sub(c.began) + 1 // just after now: a ramp's first VU starts when the ramp does
		if n := c.stages.Target(at, c.share); n != c.want {
			c.setTarget(n)
		}
		if change, ok := c.stages.Next(at, c.share); ok {
			next = c.began.Add(change)
		}
	}
	c.spawnMissing(ctx, noLimit, c.iterate, c.delayOf)
	return next
}

// delayOf spreads n VUs.
func (c *closed) delayOf(i, n int) time.Duration {
	return c.spread * time.Duration(i) / time.Duration(n)
}

// setTarget makes it n VUs; those missing come with the next step.
func (c *closed) setTarget(n int) {
	c.want = n
	for i, v := range c.vus.list {
		switch o := v.order.Load(); {
		case o == c.iterate && i < n, o == c.leave && (i >= n || !v.stay()):
		case i >= n:
			c.surplus(v)
		case o == c.leave:
			v.set(c.iterate)
		case v.stay(): // it served arrivals, or was to go back to the pool
			v.delay.Store(int64(c.delayOf(i, n)))
			v.set(c.iterate)
		}
	}
}

// surplus gives a VU up. Where VUs are kept it has all the time that its
// iteration takes, else the grace period of a ramp.
func (c *closed) surplus(v *vu) {
	c.dismiss(v)
	if !c.keep || !v.made {
		v.stay()
		v.cut = time.AfterFunc(c.plan.RampDown, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.interrupt(v, overtime(c.plan.RampDown))
		})
	}
}

func (c *closed) retired(_ *vu, at int) {
	if at < c.want && !c.exhausted() {
		c.setTarget(c.want) // one that could not stay, or a leaving one took its place
	}
}

func (c *closed) retry() bool { return true }

func (c *closed) stop() { c.want = 0 }

// laps is where a VU iterates.
func (c *closed) laps(ctx context.Context, v *vu) {
	for v.order.Load() == c.iterate {
		if !c.lap(ctx, v) {
			c.release(ctx, v, c.iterate)
			return
		}
	}
}

// lap runs one iteration and what is waited after it; false when the budget of
// iterations is spent.
func (c *closed) lap(ctx context.Context, v *vu) bool {
	if c.delayed(v) {
		return true // its order may have changed
	}
	if !c.take() {
		return false
	}
	c.iteration(ctx, v)
	return true
}

// delayed waits where a VU is to begin later; false where it is not.
func (c *closed) delayed(v *vu) bool {
	d := v.delay.Load()
	if d == 0 {
		return false
	}
	v.delay.Store(0)
	v.wait(c.iterate, time.Duration(d))
	return true
}

// iteration runs one, and waits what is waited after it.
func (c *closed) iteration(ctx context.Context, v *vu) {
	v.busy.Store(true)
	r := v.impl.Iterate(ctx, *c.scenario.Load(), time.Time{})
	v.busy.Store(false)
	v.failed = !r.OK
	pause := c.pause + r.Pause
	if v.tally.takes(r) {
		v.tally.add(r)
	} else {
		pause += c.settle(v, r)
	}
	if pause > 0 {
		v.impl.Flush()
		v.wait(c.iterate, pause)
	}
}

// settle learns from the VU's iterations, r the last of them; it returns the
// back-off that r calls for.
func (c *closed) settle(v *vu, r metric.Outcome) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.learn(v)
	v.tally.add(r)
	c.learn(v)
	if r.OK {
		return 0
	}
	return c.backoff.Pause(int(r.Scenario), r.Took, c.random.Float64())
}
