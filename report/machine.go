package report

import (
	"fmt"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/redact"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// MachineOf is what a sized service carries on the machine that it ran on, and
// what that costs. Where something is not known it is null, never 0.
type MachineOf struct {
	Set          string   `json:"set"`
	Type         string   `json:"type"`
	Region       string   `json:"region"`
	Capacity     *float64 `json:"capacity"`          // successful iterations per second, the mean of the set's runs
	Requests     *float64 `json:"requests"`          // requests per second at that
	Limit        string   `json:"limit"`             // empty: not known
	P95AtKneeS   *float64 `json:"p95_at_knee_s"`     // of requests, with the fewest users that reach the plateau
	PricePerHour *float64 `json:"price_per_hour"`    // of one machine
	PerMillion   *float64 `json:"price_per_million"` // of a million requests, at capacity
	Currency     string   `json:"currency"`          // of the prices
	Needed       *int     `json:"machines_needed"`   // of this type, for the load that is planned for
	NeededCost   *float64 `json:"machines_cost"`     // of them together, an hour
	Recommended  bool     `json:"recommended"`       // the cheapest of those that carry the load
}

const million, hour = 1e6, 3600

// Machine is that of the run: nil where the record names none, or is of no sizing.
func (r *Run) Machine() *MachineOf {
	if !r.Sized() {
		return nil
	}
	var carries *float64
	if c := r.End.Sizing.Capacity; c != nil {
		carries = &c.Goodput
	}
	return r.MachineThat(carries)
}

// MachineThat is the machine of the run, with what so many iterations per
// second on it cost; nil where the record names none, or is of no sizing.
func (r *Run) MachineThat(carries *float64) *MachineOf {
	m := r.Head.Machine
	if m == nil || m.Type == "" || !r.Sized() {
		return nil
	}
	sizing := r.FullAnswer()
	o := MachineOf{Set: m.Type, Type: m.Type, Region: m.Region, Currency: m.Currency, Limit: r.Limit(), Capacity: carries}
	if each := sizing.Unloaded.RequestsPerIteration; carries != nil && each > 0 {
		requests := *carries * each
		o.Requests = &requests
	}
	if knee := sizing.VUs.Knee; knee > 0 {
		for i := range sizing.Curve {
			if h := &sizing.Curve[i]; h.Control == record.ByVUs && h.Level == float64(knee) && h.P95S > 0 {
				o.P95AtKneeS = &h.P95S // the last is the longest
			}
		}
	}
	if m.PricePerHour > 0 {
		o.PricePerHour = &m.PricePerHour
		if o.Requests != nil {
			perMillion := m.PricePerHour / (*o.Requests * hour) * million
			o.PerMillion = &perMillion
		}
	}
	return &o
}

// MachineLine says what the target's machine costs, and where the load came from; empty where the record names none.
func (r *Run) MachineLine() string {
	m := r.Head.Machine
	if m == nil || m.Type == "" {
		return ""
	}
	text := strings.TrimSpace(MachineName(m) + " " + m.Region)
	if m.PricePerHour > 0 {
		text += fmt.Sprintf(", %s %s an hour", units.Precise(m.PricePerHour), m.Currency)
	}
	if of := r.Machine(); of != nil && of.PerMillion != nil {
		text += fmt.Sprintf(", %s %s a million requests at its capacity", units.Precise(*of.PerMillion), m.Currency)
	}
	if m.LoadFrom != "" {
		text += "; loaded from " + m.LoadFrom
	}
	return redact.Line(text)
}

// MachineName is the type, and whether it may be taken away.
func MachineName(m *record.Machine) string {
	if m.Spot {
		return m.Type + " (spot)"
	}
	return m.Type
}

// Name is the machine's type, and the set where that has another name.
func (m *MachineOf) Name() string {
	if strings.HasPrefix(m.Set, m.Type) {
		return m.Set
	}
	return m.Type + " (" + m.Set + ")"
}

// Price is an amount in the machine's currency.
func (m *MachineOf) Price(v *float64) string {
	if v == nil {
		return units.None
	}
	return fmt.Sprintf("%s %s", units.Precise(*v), m.Currency)
}

// Need is how many are needed, and what they cost.
func (m *MachineOf) Need() string {
	if m.Needed == nil {
		return units.None
	}
	text := fmt.Sprint(*m.Needed)
	if m.NeededCost != nil {
		text += ", " + m.Price(m.NeededCost)
	}
	if m.Recommended {
		text += ", the cheapest"
	}
	return text
}
