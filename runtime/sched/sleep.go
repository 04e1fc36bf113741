package sched

import "time"

// sleeper waits for the next arrival.
type sleeper struct {
	timer   *time.Timer
	virtual bool // time stands still during a nap: a test's
}

// napMax is how much of a wait is a nap: Go's timers may come that much late.
const napMax = 2 * time.Millisecond

// sleep waits until a time, or until roused; a zero time waits for that alone.
func (s *sleeper) sleep(until time.Time, roused <-chan struct{}) {
	if until.IsZero() {
		<-roused
		return
	}
	wait := time.Until(until)
	if canNap && !s.virtual {
		if wait <= napMax {
			s.nap(wait)
			return
		}
		wait -= napMax
	}
	if s.timer == nil {
		s.timer = time.NewTimer(wait)
	} else {
		s.timer.Reset(wait)
	}
	select {
	case <-roused:
		s.timer.Stop()
	case <-s.timer.C:
	}
}

func (s *sleeper) nap(wait time.Duration) {
	if wait <= 0 {
		return
	}
	before := time.Now()
	nap(wait)
	s.virtual = !time.Now().After(before)
}
