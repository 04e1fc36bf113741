// Package pace says when iterations start: how many VUs a closed load has at a
// time, when the arrivals of an open load are due, and how long a VU waits
// after a failed iteration. It is arithmetic; time is an argument. Where
// several generators make one load, each asks for its [Share] of it.
package pace

import (
	"math"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/plan"
)

// Closed is a number of VUs over time. It starts at zero, follows its stages
// and stays at the last one's target. A part of a VU counts as a whole one, so
// that a ramp to n VUs over d starts VU i at i·d/n (counted from 0), as Molotov does.
type Closed []plan.Stage

// Target returns how many VUs a share has at a time since the start.
func (c Closed) Target(at time.Duration, share Share) int { return share.Of(c.target(at)) }

// Next returns the first time after at when the share's Target may differ;
// false when it never does again.
func (c Closed) Next(at time.Duration, share Share) (time.Duration, bool) {
	target := c.Target(at, share)
	for {
		s, _, begin := c.stage(at)
		if s == nil {
			return 0, false
		}
		if at = c.next(at); c.Target(at, share) != target || at == begin+s.Duration {
			return at, true
		}
	}
}

// target is Target of the whole.
func (c Closed) target(at time.Duration) int {
	s, from, begin := c.stage(at)
	if s == nil {
		return int(math.Ceil(from))
	}
	load := from + (s.Target-from)*float64(at-begin)/float64(s.Duration)
	return int(math.Ceil(load))
}

// next is Next of the whole, within a stage.
func (c Closed) next(at time.Duration) time.Duration {
	s, from, begin := c.stage(at)
	end := begin + s.Duration
	if s.Target == from {
		return end
	}
	level := float64(c.target(at)) // while rising: left as soon as the load passes it
	if s.Target < from {
		level-- // while falling: left when the load reaches the next lower one
	}
	part := (level - from) / (s.Target - from) * float64(s.Duration)
	return min(max(begin+time.Duration(math.Ceil(part)), at+1), end)
}

// stage returns the one that is under way at a time, where it starts from and
// when; nil after the last.
func (c Closed) stage(at time.Duration) (s *plan.Stage, from float64, begin time.Duration) {
	for i := range c {
		if at < begin+c[i].Duration {
			return &c[i], from, begin
		}
		from, begin = c[i].Target, begin+c[i].Duration
	}
	return nil, from, begin
}
