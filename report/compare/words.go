package compare

import (
	"fmt"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// Verdict sums the comparison up: a regression beyond a fraction is bad.
func (c *Comparison) Verdict(beyond float64) report.Verdict {
	if k := c.Regression(beyond); k != nil {
		return report.Verdict{Tone: report.Bad, Word: "regression", Sentence: c.Sentence(k), Reason: fmt.Sprintf("beyond the %s that were allowed", units.Percent(beyond, 1))}
	}
	var better, worse *Change
	for i := range c.Changes {
		switch k := &c.Changes[i]; {
		case !k.Decisive:
		case k.Verdict == Better && better == nil:
			better = k
		case k.Verdict == Worse && worse == nil:
			worse = k
		}
	}
	switch {
	case worse != nil:
		return report.Verdict{Tone: report.Warn, Word: Worse, Sentence: c.Sentence(worse), Reason: fmt.Sprintf("within the %s that are allowed", units.Percent(beyond, 1))}
	case better != nil:
		return report.Verdict{Tone: report.Good, Word: Better, Sentence: c.Sentence(better)}
	}
	for i := range c.Changes {
		if c.Changes[i].Decisive {
			return report.Verdict{Tone: report.Good, Word: "no significant change", Sentence: c.Sentence(&c.Changes[i])}
		}
	}
	return report.Verdict{Tone: report.Warn, Word: "nothing to compare", Sentence: "the sets have no measure in common that decides"}
}

// Sentence tells a change in words.
func (c *Comparison) Sentence(k *Change) string {
	text := fmt.Sprintf("%s of %s is %s against %s of %s", k.Measure, k.Set, k.Unit.Format(k.After), k.Unit.Format(k.Before), c.sets[0].Name)
	if k.Relative != nil {
		text += ": " + k.Text()
	}
	return text
}

// Text is the change in percent with its interval.
func (k *Change) Text() string {
	if k.Relative == nil {
		return units.None
	}
	text := units.Signed(*k.Relative)
	if k.Low != nil && k.High != nil {
		text += fmt.Sprintf(" (%s to %s)", units.Signed(*k.Low), units.Signed(*k.High))
	}
	return text
}

// Name is the measure with the load that it was measured at.
func (k *Change) Name() string {
	if k.Load == "" {
		return k.Measure
	}
	return k.Measure + " at " + k.Load
}

// Cells are the columns of the tables of changes.
func (k *Change) Cells() []string {
	interval := units.None
	if k.Low != nil && k.High != nil {
		interval = units.Signed(*k.Low) + " to " + units.Signed(*k.High)
	}
	change := units.None
	if k.Relative != nil {
		change = units.Signed(*k.Relative)
	}
	return []string{k.Name(), k.Unit.Format(k.Before), k.Unit.Format(k.After), change, interval, k.Verdict}
}

// ChangeHeads are the heads of these columns.
func ChangeHeads() []string {
	return []string{"Measure", "before", "after", "change", "95 %", "verdict"}
}

// LimitLines say what limited each set, and whether it is the same as before.
func (c *Comparison) LimitLines() []string {
	var out []string
	for _, l := range c.Limits {
		switch {
		case l.Limit == "":
			out = append(out, l.Set+": not known")
		case l.Changed == nil:
			out = append(out, l.Set+": "+l.Limit)
		case *l.Changed:
			out = append(out, l.Set+": "+l.Limit+", another one than before")
		default:
			out = append(out, l.Set+": "+l.Limit+", the same")
		}
	}
	return out
}
