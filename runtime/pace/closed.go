// Package pace says when iterations start: how many virtual users a closed
// load has at a time, when the arrivals of an open load are due, and how long
// a user waits after a failed iteration. It is arithmetic; time is an argument.
package pace

import (
	"math"
	"time"
)

// Stage moves the load linearly to Target within Duration; a zero Duration jumps.
type Stage struct {
	Duration time.Duration
	Target   float64 // virtual users, or arrivals per second
}

// Closed is a number of virtual users over time. It starts at zero, follows
// its stages and stays at the last one's target. A part of a user counts as a
// whole one, so that a ramp to n users over d starts user i at i·d/n (counted
// from 0), as Molotov does.
type Closed []Stage

// Target returns how many users there are at a time since the start.
func (c Closed) Target(at time.Duration) int {
	s, from, begin := c.stage(at)
	if s == nil {
		return int(math.Ceil(from))
	}
	load := from + (s.Target-from)*float64(at-begin)/float64(s.Duration)
	return int(math.Ceil(load))
}

// Next returns the first time after at when Target may differ; false when it never does again.
func (c Closed) Next(at time.Duration) (time.Duration, bool) {
	s, from, begin := c.stage(at)
	if s == nil {
		return 0, false
	}
	end := begin + s.Duration
	if s.Target == from {
		return end, true
	}
	level := float64(c.Target(at)) // while rising: left as soon as the load passes it
	if s.Target < from {
		level-- // while falling: left when the load reaches the next lower one
	}
	part := (level - from) / (s.Target - from) * float64(s.Duration)
	return min(max(begin+time.Duration(math.Ceil(part)), at+1), end), true
}

// stage returns the one that is under way at a time, where it starts from and
// when; nil after the last.
func (c Closed) stage(at time.Duration) (s *Stage, from float64, begin time.Duration) {
	for i := range c {
		if at < begin+c[i].Duration {
			return &c[i], from, begin
		}
		from, begin = c[i].Target, begin+c[i].Duration
	}
	return nil, from, begin
}
