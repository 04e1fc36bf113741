package monitor

import (
	"math"
	"time"
)

// What is made of counters, in one place for all sources. docs/resources.md
// says the same to users under "Gaps".
//
// A reading without a good total (none, no number, negative, not finite) gives
// no value and changes nothing: the next good one is the mean since the last
// good one. A total that fell was begun anew, or wrapped round, which cannot be
// told apart: no value, and the next is measured from there. One that comes
// back from a fall to where it had been before was not begun anew: again no
// value, for the whole past would be taken for the work of a moment. A reading
// whose time is known too badly, or is that of the reading before, waits for
// the next; one from before the last begins anew.

// unknown is a number that is not known. All that is made of it is unknown, too.
func unknown() float64 { return math.NaN() }

// sound says whether a number can be a total, a size or a count.
func sound(v float64) bool { return v >= 0 && !math.IsInf(v, 0) } // NaN is not

// moment is when a reading was taken: between two times of this machine's
// clock, and at one of the source's own, where it tells that.
type moment struct{ from, to, stamp time.Time }

// clockSlack is how far a source's own clock may be off ours from one reading
// to the next: engines take their figures up to some seconds before they answer.
const clockSlack = 2 * time.Second

// since is how long after another moment this one was, in seconds. It is
// unknown where more than half of it would be uncertain, and negative where
// time went back, or the source's clock was set.
func (m moment) since(before moment) float64 {
	least, most := m.from.Sub(before.to), m.to.Sub(before.from)
	span := (least + most) / 2
	if !m.stamp.IsZero() && !before.stamp.IsZero() {
		told := m.stamp.Sub(before.stamp)
		if told > 0 && (told < least-clockSlack || told > most+clockSlack) {
			return -1
		}
		return told.Seconds()
	}
	if span > 0 && most-least > span/2 {
		return unknown()
	}
	return span.Seconds()
}

// totals are one counter, or two that belong together.
type totals [2]float64

// counter is the last good reading of a total: what the next one is measured from.
type counter struct {
	totals totals
	at     moment
	peak   totals // what it had reached before it fell; 0: it has not fallen
	known  bool
}

// growth is what was added to a counter, and in what time; that may be unknown.
type growth struct {
	by      totals
	seconds float64
}

// outcome is what a reading of a counter gives.
type outcome int

const (
	grown outcome = iota // a growth
	begun                // the first reading
	anew                 // it fell, or time went back: measured from here on
	held                 // nothing: measured from the last good reading still
)

// grow takes a reading. Where it is to be timed, one whose time is unknown waits for the next.
func (c *counter) grow(now totals, at moment, timed bool) (growth, outcome) {
	if !sound(now[0]) || !sound(now[1]) {
		return growth{}, held
	}
	before := *c
	seconds := at.since(before.at)
	switch {
	case !before.known:
		c.take(now, at)
		return growth{}, begun
	case now[0] < before.totals[0] || now[1] < before.totals[1]:
		c.take(now, at)
		c.peak = before.totals
		return growth{}, anew
	case seconds < 0:
		c.take(now, at)
		return growth{}, anew
	case seconds == 0 || (timed && math.IsNaN(seconds)):
		return growth{}, held
	case c.fell() && (now[0] >= c.peak[0] && now[1] >= c.peak[1]):
		c.peak = totals{}
		c.take(now, at)
		return growth{}, anew
	}
	c.take(now, at)
	return growth{totals{now[0] - before.totals[0], now[1] - before.totals[1]}, seconds}, grown
}

func (c *counter) fell() bool { return c.peak != totals{} }

func (c *counter) take(now totals, at moment) { c.totals, c.at, c.known = now, at, true }
