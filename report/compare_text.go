package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// Verdict sums the comparison up: a regression beyond a fraction is bad.
func (c *Comparison) Verdict(beyond float64) Verdict {
	if k := c.Regression(beyond); k != nil {
		return Verdict{Bad, "regression", c.sentence(k), fmt.Sprintf("beyond the %s that were allowed", units.Percent(beyond, 1))}
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
		return Verdict{Warn, Worse, c.sentence(worse), fmt.Sprintf("within the %s that are allowed", units.Percent(beyond, 1))}
	case better != nil:
		return Verdict{Good, Better, c.sentence(better), ""}
	}
	for i := range c.Changes {
		if c.Changes[i].Decisive {
			return Verdict{Good, "no significant change", c.sentence(&c.Changes[i]), ""}
		}
	}
	return Verdict{Warn, "nothing to compare", "the sets have no measure in common that decides", ""}
}

func (c *Comparison) sentence(k *Change) string {
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

// cells are the columns of the tables of changes.
func (k *Change) cells() []string {
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

func changeHeads() []string {
	return []string{"Measure", "before", "after", "change", "95 %", "verdict"}
}

// CompareText writes a comparison for a terminal.
func CompareText(w io.Writer, c *Comparison, beyond float64, o TextOptions) error {
	if o.Width <= 0 {
		o.Width = 100
	}
	p, v := paint{o.Color}, c.Verdict(beyond)
	var b strings.Builder
	b.WriteString(p.tone(v.Tone, wrapped(v.Tone.Symbol()+" "+v.Word+": "+v.Sentence, "  ", o.Width)) + "\n\n")
	for _, s := range c.Sets {
		b.WriteString(p.label(wrapped(fmt.Sprintf("%-11s%s", "Set", setLine(s)), strings.Repeat(" ", 11), o.Width)) + "\n")
	}
	for _, l := range c.LimitLines() {
		b.WriteString(p.label(wrapped(fmt.Sprintf("%-11s%s", "Limit", l), strings.Repeat(" ", 11), o.Width)) + "\n")
	}
	for _, warning := range c.Warnings {
		b.WriteString(p.label(wrapped(fmt.Sprintf("%-11s%s", "Warning", warning), strings.Repeat(" ", 11), o.Width)) + "\n")
	}
	if heads, rows := c.MachineTable(); len(rows) > 0 {
		last := len(heads) - 1 // what limits them is said above, and a line has no room for it
		for i := range rows {
			rows[i] = rows[i][:last]
		}
		head, lines := table{head: heads[:last], rows: rows, left: last - 1}.lines(o.Width)
		b.WriteString("\n" + p.dim(head) + "\n" + strings.Join(lines, "\n") + "\n")
	}
	for _, s := range c.Sets[1:] {
		t := table{head: changeHeads(), left: 5}
		t.head[1], t.head[2] = elide(c.Sets[0].Name, 16), elide(s.Name, 16)
		for i := range c.Changes {
			if c.Changes[i].Set == s.Name {
				t.rows = append(t.rows, c.Changes[i].cells())
			}
		}
		head, rows := t.lines(o.Width)
		b.WriteString("\n" + p.dim(head) + "\n" + strings.Join(rows, "\n") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func setLine(s SetSummary) string {
	return s.Name + ": " + units.Many(uint64(len(s.Records)), "run")
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

// ComparisonSummary is the object of `compare --json`.
type ComparisonSummary struct {
	*Comparison
	Verdict       string  `json:"verdict"`
	MaxRegression float64 `json:"max_regression"`
	Regression    *Change `json:"regression"` // null: none
}

// CompareJSON is the comparison as one versioned object; its schema is in the folder schema.
func CompareJSON(c *Comparison, beyond float64) ([]byte, error) {
	body, err := json.MarshalIndent(ComparisonSummary{c, c.Verdict(beyond).Word, beyond, c.Regression(beyond)}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return append(body, '\n'), nil
}
