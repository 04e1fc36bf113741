package text

import (
	"fmt"
	"io"
	"strings"

	"github.com/plimsoll-load/plimsoll/report/compare"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// WriteComparison writes a comparison for a terminal.
func WriteComparison(w io.Writer, c *compare.Comparison, beyond float64, o Options) error {
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
		t := table{head: compare.ChangeHeads(), left: 5}
		t.head[1], t.head[2] = elide(c.Sets[0].Name, 16), elide(s.Name, 16)
		for i := range c.Changes {
			if c.Changes[i].Set == s.Name {
				t.rows = append(t.rows, c.Changes[i].Cells())
			}
		}
		head, rows := t.lines(o.Width)
		b.WriteString("\n" + p.dim(head) + "\n" + strings.Join(rows, "\n") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func setLine(s compare.SetSummary) string {
	return s.Name + ": " + units.Many(uint64(len(s.Records)), "run")
}
