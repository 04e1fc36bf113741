package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// LoadOf prints the load of a hold with its unit.
func LoadOf(h record.Hold) string {
	if h.Control == record.ByRate {
		return units.Number(h.Level) + "/s"
	}
	if h.Level == 1 {
		return "1 VU"
	}
	return units.Number(h.Level) + " VUs"
}

// Text is the failure on one line: its message, target and source position.
func (f Failure) Text() string {
	text := f.Message
	if f.Target != "" && !strings.Contains(text, f.Target) {
		text += " in " + f.Target
	}
	if f.Where != "" && f.Where != "." {
		text += " (" + f.Where + ")"
	}
	return text
}

// WorstFirst sorts checks by their pass rate.
func WorstFirst(list []Check) []Check {
	list = slices.Clone(list)
	share := func(c Check) float64 { return float64(c.Passed) / float64(max(c.Passed+c.Failed, 1)) }
	slices.SortStableFunc(list, func(a, b Check) int { return cmp.Compare(share(a), share(b)) })
	return list
}

// Title is the check with its scenario.
func (k Check) Title() string {
	if k.Scenario == "" {
		return k.Name
	}
	return k.Scenario + ": " + k.Name
}
