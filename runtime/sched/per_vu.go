package sched

import (
	"context"
	"math"
	"time"
)

// perVU is the executor of VUs that each run so many iterations of their own,
// back to back. It ends when the last of them has.
type perVU struct{ *closed }

func newPerVU(j *job) *perVU {
	p := &perVU{newClosed(j, nil)}
	p.iterate = &order{p.laps}
	j.want = j.share.Of(j.plan.VUs)
	j.left.Store(math.MaxInt64)
	if most := math.MaxInt64 / int64(max(j.want, 1)); int64(j.plan.Iterations) < most {
		j.left.Store(int64(j.want) * int64(j.plan.Iterations))
	}
	return p
}

func (p *perVU) step(ctx context.Context, _ time.Time) time.Time {
	p.spawnMissing(ctx, noLimit, p.iterate, atOnce)
	return time.Time{}
}

// laps is where a VU runs its iterations, all of them unless it is told
// otherwise: its order does not come back then.
func (p *perVU) laps(ctx context.Context, v *vu) {
	for left := p.plan.Iterations; left > 0; {
		switch {
		case v.order.Load() != p.iterate:
			return
		case p.delayed(v):
		default:
			p.left.Add(-1)
			p.iteration(ctx, v)
			left--
		}
	}
	p.finished()
	p.release(ctx, v, p.iterate)
}

// finished counts a VU that has run its iterations.
func (p *perVU) finished() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.want--
}

func (p *perVU) retired(*vu, int) {}

// done says that each VU has run its iterations.
func (p *perVU) done() bool { return p.want <= 0 }
