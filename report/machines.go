package report

import (
	"cmp"
	"fmt"
	"slices"
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
	sizing       *record.Sizing
}

const million, hour = 1e6, 3600

// machinesOf describes the machines of sizings where their records name them.
func machinesOf(sets []Set) []MachineOf {
	out := []MachineOf{}
	for _, s := range sets {
		first := s.Runs[0]
		if m := first.Head.Machine; m != nil && m.Type != "" && first.sized() {
			out = append(out, machineOf(s, m))
		}
	}
	return out
}

// machine is that of one run: nil where the record names none.
func (r *Run) machine() *MachineOf {
	m := r.Head.Machine
	if m == nil || m.Type == "" || !r.sized() {
		return nil
	}
	of := machineOf(Set{Name: m.Type, Runs: []*Run{r}}, m)
	return &of
}

// MachineLine says what the target's machine costs, and where the load came from; empty where the record names none.
func (r *Run) MachineLine() string {
	m := r.Head.Machine
	if m == nil || m.Type == "" {
		return ""
	}
	text := strings.TrimSpace(machineName(m) + " " + m.Region)
	if m.PricePerHour > 0 {
		text += fmt.Sprintf(", %.4g %s an hour", m.PricePerHour, m.Currency)
	}
	if of := r.machine(); of != nil && of.PerMillion != nil {
		text += fmt.Sprintf(", %.4g %s a million requests at its capacity", *of.PerMillion, m.Currency)
	}
	if m.LoadFrom != "" {
		text += "; loaded from " + m.LoadFrom
	}
	return redact.Line(text)
}

func machineName(m *record.Machine) string {
	if m.Spot {
		return m.Type + " (spot)"
	}
	return m.Type
}

// machineNames are the machines of sets, where all are known and they are not all the same; else nil.
func machineNames(sets []Set) []string {
	var names []string
	for _, s := range sets {
		if len(s.Runs) == 0 || s.Runs[0].Head.Machine == nil || s.Runs[0].Head.Machine.Type == "" {
			return nil
		}
		names = append(names, redact.Line(machineName(s.Runs[0].Head.Machine)))
	}
	if len(slices.Compact(slices.Clone(names))) < 2 {
		return nil
	}
	return names
}

// calledBy says that a set has its machine's name.
func calledBy(s Set, m *record.Machine) bool {
	return m != nil && s.Name == redact.Line(machineName(m))
}

func machineOf(s Set, m *record.Machine) MachineOf {
	sizing := s.Runs[0].sizing() // with its curve, which is in the record's own rows
	o := MachineOf{Set: s.Name, Type: m.Type, Region: m.Region, Currency: m.Currency, Limit: limitOf(s), sizing: sizing}
	if x, ok := meanCapacity(s); ok {
		o.Capacity = &x
		if each := sizing.Unloaded.RequestsPerIteration; each > 0 {
			requests := x * each
			o.Requests = &requests
		}
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
	return o
}

// meanCapacity is the mean over the runs of a set that found a capacity.
func meanCapacity(s Set) (mean float64, ok bool) {
	n := 0
	for _, r := range s.Runs {
		if a := r.Answer(); a != nil && a.Capacity != nil {
			mean += a.Capacity.Goodput
			n++
		}
	}
	if n == 0 {
		return 0, false
	}
	return mean / float64(n), true
}

// PlanFor says how many machines of each type carry a load, by needed, which
// answers for one sizing (0: it cannot tell), and recommends the cheapest.
func (c *Comparison) PlanFor(needed func(record.Sizing) int) {
	best := -1
	for i := range c.Machines {
		m := &c.Machines[i]
		n := needed(*m.sizing)
		if n <= 0 {
			continue
		}
		m.Needed = &n
		if m.PricePerHour == nil {
			continue
		}
		cost := float64(n) * *m.PricePerHour
		m.NeededCost = &cost
		if best < 0 || m.Currency == c.Machines[best].Currency && cost < *c.Machines[best].NeededCost {
			best = i
		}
	}
	if best >= 0 {
		c.Machines[best].Recommended = true
	}
}

// MachineTable is the machines as a table: its heads, and a row for each.
func (c *Comparison) MachineTable() (heads []string, rows [][]string) {
	if len(c.Machines) == 0 {
		return nil, nil
	}
	heads = []string{"Machine", "capacity", "p95 at the knee", "an hour", "a million requests", "needed, an hour", "limited by"}
	for i := range c.Machines {
		m := &c.Machines[i]
		rows = append(rows, []string{
			m.Name(), optional(m.Capacity, UnitRate.Format), optional(m.P95AtKneeS, units.Seconds),
			m.price(m.PricePerHour), m.price(m.PerMillion), m.need(), cmp.Or(m.Limit, units.None),
		})
	}
	return heads, rows
}

// Name is the machine's type, and the set where that has another name.
func (m *MachineOf) Name() string {
	if strings.HasPrefix(m.Set, m.Type) {
		return m.Set
	}
	return m.Type + " (" + m.Set + ")"
}

func (m *MachineOf) price(v *float64) string {
	return optional(v, func(v float64) string { return fmt.Sprintf("%.4g %s", v, m.Currency) })
}

func (m *MachineOf) need() string {
	if m.Needed == nil {
		return units.None
	}
	text := fmt.Sprint(*m.Needed)
	if m.NeededCost != nil {
		text += ", " + m.price(m.NeededCost)
	}
	if m.Recommended {
		text += ", the cheapest"
	}
	return text
}

func optional(v *float64, format func(float64) string) string {
	if v == nil {
		return units.None
	}
	return format(*v)
}
