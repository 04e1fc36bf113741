package monitor

import (
	"time"
)

// fakeClock stands still until it is told to go on.
type fakeClock struct {
	gone time.Duration
	late time.Duration // what a reading takes that is under way
	told int
}

func (c *fakeClock) time() time.Time {
	at := time.Date(2026, 8, 1, 10, 0, 0, 0, time.UTC).Add(c.gone)
	if c.told++; c.told > 1 {
		at = at.Add(c.late)
	}
	return at
}

// pass ends a reading and lets time go by.
func (c *fakeClock) pass(d time.Duration) { c.gone, c.told, c.late = c.gone+d, 0, 0 }
