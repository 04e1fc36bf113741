package monitor

import (
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// rates remembers the totals of the reading before, to make rates of them.
type rates struct {
	at     time.Time
	totals map[string]float64
}

// reading collects the values of one reading.
type reading struct {
	rates   *rates
	seconds float64 // since the reading before; 0 at the first
	record.Resources
}

// begin starts a reading at now.
func (m *rates) begin(now time.Time, source string) *reading {
	r := &reading{rates: m, Resources: record.Resources{
		Source: source, Values: make(map[string]float64, 24), Limits: map[string]float64{},
	}}
	if m.totals == nil {
		m.totals = map[string]float64{}
	} else {
		r.seconds = now.Sub(m.at).Seconds()
	}
	m.at = now
	return r
}

// forget drops all totals: what comes next belongs to another process.
func (m *rates) forget() { m.totals = nil }

// set notes a value as it is.
func (r *reading) set(name string, value float64) { r.Values[name] = value }

// limit notes the limit of a value.
func (r *reading) limit(name string, value float64) { r.Limits[name] = value }

// since returns how much a total grew since the reading before. It is false
// at the first reading, and where the total went down: whoever counts started anew.
func (r *reading) since(key string, total float64) (float64, bool) {
	before, ok := r.rates.totals[key]
	r.rates.totals[key] = total
	if !ok || total < before {
		return 0, false
	}
	return total - before, true
}

// rate notes the growth of a total per second.
func (r *reading) rate(name string, total float64) {
	if grown, ok := r.since(name, total); ok && r.seconds > 0 {
		r.Values[name] = grown / r.seconds
	}
}

// share is rate for totals of seconds: a fraction of the time, at most 1.
func (r *reading) share(name string, total float64) {
	if grown, ok := r.since(name, total); ok && r.seconds > 0 {
		r.Values[name] = min(grown/r.seconds, 1)
	}
}

// count notes how many events were added to a total.
func (r *reading) count(name string, total float64) {
	if grown, ok := r.since(name, total); ok {
		r.Values[name] = grown
	}
}
