package monitor

import (
	"math"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// rates remembers the counters of a source from reading to reading.
type rates struct {
	clock    func() time.Time // nil: time.Now
	counters map[string]*counter
	sums     map[string]*parts
}

// now is the time by the source's clock.
func (m *rates) now() time.Time {
	if m.clock == nil {
		return time.Now()
	}
	return m.clock()
}

// reading collects the values of one reading.
type reading struct {
	rates *rates
	from  time.Time // when it was begun
	stamp time.Time // when it was taken by the source's own clock; zero: it does not tell
	record.Resources
}

// begin starts a reading: before the source is asked, so that what it takes to answer is known.
func (m *rates) begin(source string) *reading {
	return &reading{rates: m, from: m.now(), Resources: record.Resources{
		Source: source, Values: make(map[string]float64, 24), Limits: map[string]float64{},
	}}
}

// forget drops all counters: what comes next belongs to another process.
func (m *rates) forget() { m.counters, m.sums = nil, nil }

// at is when what was read just now was taken.
func (r *reading) at() moment { return moment{r.from, r.rates.now(), r.stamp} }

// set notes a value as it is; one that is unknown or negative is none.
func (r *reading) set(name string, value float64) {
	if sound(value) {
		r.Values[name] = value
	}
}

// tell notes a value of which nobody knows what it means: it may be negative.
func (r *reading) tell(name string, value float64) {
	if !math.IsNaN(value) && !math.IsInf(value, 0) {
		r.Values[name] = value
	}
}

// limit notes the limit of a value.
func (r *reading) limit(name string, value float64) {
	if sound(value) {
		r.Limits[name] = value
	}
}

// grow reads a counter, or two that belong together. It is false where there is
// no growth to tell, and where it takes the time, none of a known time.
func (r *reading) grow(key string, now totals, timed bool) (growth, bool) {
	c := r.rates.counters[key]
	if c == nil {
		c = &counter{}
		if r.rates.counters == nil {
			r.rates.counters = map[string]*counter{}
		}
		r.rates.counters[key] = c
	}
	g, what := c.grow(now, r.at(), timed)
	return g, what == grown
}

// rate notes the growth of a total per second.
func (r *reading) rate(name string, total float64) {
	if g, ok := r.grow(name, totals{total}, true); ok {
		r.set(name, g.by[0]/g.seconds)
	}
}

// share is rate for totals of seconds: a fraction of the time, at most 1.
func (r *reading) share(name string, total float64) {
	if g, ok := r.grow(name, totals{total}, true); ok {
		r.set(name, min(g.by[0]/g.seconds, 1))
	}
}

// count notes how many events were added to a total.
func (r *reading) count(name string, total float64) {
	if g, ok := r.grow(name, totals{total}, false); ok {
		r.set(name, g.by[0])
	}
}

// ratio notes the growth of a part as a fraction of that of the whole; none of nothing is 0.
func (r *reading) ratio(name string, part, whole float64) {
	g, ok := r.grow(name, totals{part, whole}, false)
	switch {
	case ok && g.by[1] > 0:
		r.set(name, min(g.by[0]/g.by[1], 1))
	case ok && g.by[0] == 0:
		r.set(name, 0)
	}
}
