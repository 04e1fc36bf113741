package compare

import (
	"cmp"
	"slices"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/redact"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// machines describes the machines of sizings where their records name them.
func (c *Comparison) machines() {
	c.Machines = []report.MachineOf{}
	for _, s := range c.sets {
		var carries *float64
		if x, ok := meanCapacity(s); ok {
			carries = &x
		}
		if m := s.Runs[0].MachineThat(carries); m != nil {
			m.Set, m.Limit = s.Name, limitOf(s)
			c.Machines, c.sized = append(c.Machines, *m), append(c.sized, s.Runs[0].FullAnswer())
		}
	}
}

// machineNames are the machines of sets, where all are known and they are not all the same; else nil.
func machineNames(sets []Set) []string {
	var names []string
	for _, s := range sets {
		if len(s.Runs) == 0 || s.Runs[0].Head.Machine == nil || s.Runs[0].Head.Machine.Type == "" {
			return nil
		}
		names = append(names, redact.Line(report.MachineName(s.Runs[0].Head.Machine)))
	}
	if len(slices.Compact(slices.Clone(names))) < 2 {
		return nil
	}
	return names
}

// calledBy says that a set has its machine's name.
func calledBy(s Set, m *record.Machine) bool {
	return m != nil && s.Name == redact.Line(report.MachineName(m))
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
		n := needed(*c.sized[i])
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
			m.Name(), optional(m.Capacity, report.UnitRate.Format), optional(m.P95AtKneeS, units.Seconds),
			m.Price(m.PricePerHour), m.Price(m.PerMillion), m.Need(), cmp.Or(m.Limit, units.None),
		})
	}
	return heads, rows
}

func optional(v *float64, format func(float64) string) string {
	if v == nil {
		return units.None
	}
	return format(*v)
}
