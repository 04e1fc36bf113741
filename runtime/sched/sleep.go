package sched

import "time"

// sleeper waits for the next arrival. It must be closed.
type sleeper struct {
	timer *time.Timer
	alarm *alarm // for the end of a wait; nil: the timer has to do
}

const (
	// lastBit is how much of a wait is left to the alarm, which cannot be
	// woken. Go's timers may come that much late.
	lastBit = 2 * time.Millisecond
	// briefest is the shortest wait: what is due within it goes out together.
	// To set an alarm takes up to 20 µs, and VUs need the processor too.
	briefest = 100 * time.Microsecond
)

func newSleeper() *sleeper {
	s := &sleeper{timer: time.NewTimer(0), alarm: newAlarm()}
	<-s.timer.C
	return s
}

// sleep waits until a time, or until woken; a zero time waits for that alone.
func (s *sleeper) sleep(until time.Time, woken <-chan struct{}) {
	if until.IsZero() {
		<-woken
		return
	}
	wait := max(time.Until(until), briefest)
	if s.alarm != nil {
		if wait <= lastBit {
			s.ring(wait)
			return
		}
		wait -= lastBit
	}
	s.timer.Reset(wait)
	select {
	case <-woken:
		s.timer.Stop()
	case <-s.timer.C:
	}
}

// ring waits with the alarm; where the clock stands still meanwhile it is a
// test's, for which the alarm is of no use.
func (s *sleeper) ring(wait time.Duration) {
	before := time.Now()
	s.alarm.wait(wait)
	if !time.Now().After(before) {
		s.close()
	}
}

func (s *sleeper) close() {
	if s.alarm != nil {
		s.alarm.close()
		s.alarm = nil
	}
}
