package sched

import "time"

// sleeper waits for the next arrival. It must be closed.
type sleeper struct {
	timer *time.Timer
	alarm *alarm // for the end of a wait; nil: the timer has to do
}

// lastBit is how much of a wait is left to the alarm, which cannot be roused.
// Go's timers may come that much late.
const lastBit = 2 * time.Millisecond

func newSleeper() *sleeper {
	s := &sleeper{timer: time.NewTimer(0), alarm: newAlarm()}
	<-s.timer.C
	return s
}

// sleep waits until a time, or until roused; a zero time waits for that alone.
func (s *sleeper) sleep(until time.Time, roused <-chan struct{}) {
	if until.IsZero() {
		<-roused
		return
	}
	wait := time.Until(until)
	if s.alarm != nil {
		if wait <= lastBit {
			s.ring(wait)
			return
		}
		wait -= lastBit
	}
	s.timer.Reset(wait)
	select {
	case <-roused:
		s.timer.Stop()
	case <-s.timer.C:
	}
}

// ring waits with the alarm; where the clock stands still meanwhile it is a
// test's, for which the alarm is of no use.
func (s *sleeper) ring(wait time.Duration) {
	before := time.Now()
	s.alarm.wait(wait)
	if wait > 0 && !time.Now().After(before) {
		s.close()
	}
}

func (s *sleeper) close() {
	if s.alarm != nil {
		s.alarm.close()
		s.alarm = nil
	}
}
