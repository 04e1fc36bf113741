package html

import (
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/plimsoll-load/plimsoll/report/compare"
)

// WriteComparison writes the page of a comparison: what changed, and the
// first run of each set drawn over the others. A regression beyond a fraction
// makes its verdict bad.
func WriteComparison(w io.Writer, c *compare.Comparison, beyond float64) error {
	v := c.Verdict(beyond)
	p := newPage(v)
	p.Title, p.Mode = namesOf(c), "comparison"
	p.Figures, p.Warnings, p.Tables = changeFigures(c), c.Warnings, changeTables(c)
	for _, line := range c.LimitLines() {
		p.Evidence = append(p.Evidence, "Limit of "+line+".")
	}
	for _, s := range c.Sets {
		p.Facts = append(p.Facts, fact{s.Name, strings.Join(s.Records, ", ")})
	}
	over := charts{curves: c.Curves()}
	over.times, over.panels = c.Panels()
	p.Panels, p.Curve = panelViews(over.times, over.panels, nil), curveViews(over.curves)
	text, err := encode(dataOf("comparison", over))
	if err != nil {
		return fmt.Errorf("html: %w", err)
	}
	p.Data = template.JS(text)
	return p.write(w)
}

func namesOf(c *compare.Comparison) string {
	var names []string
	for _, s := range c.Sets {
		names = append(names, s.Name)
	}
	return strings.Join(names, ", ")
}

// changeFigures are the measures that decide.
func changeFigures(c *compare.Comparison) []figure {
	var out []figure
	for _, k := range c.Changes {
		if k.Decisive && len(out) < 6 {
			out = append(out, figure{k.Name() + " of " + k.Set, k.Unit.Format(k.After), k.Text(), k.Verdict + ", before " + k.Unit.Format(k.Before)})
		}
	}
	return out
}

func changeTables(c *compare.Comparison) []tableView {
	var out []tableView
	if names, rows := c.MachineTable(); len(rows) > 0 {
		t := tableView{ID: "machines", Title: "Machines", Head: heads(names...)}
		for _, row := range rows {
			cells := []cell{{Text: row[0]}}
			for _, text := range row[1:] {
				cells = append(cells, cell{Text: text, Right: true})
			}
			t.Rows = append(t.Rows, cells)
		}
		out = append(out, t)
	}
	for i, s := range c.Sets[1:] {
		t := tableView{ID: fmt.Sprintf("changes-%d", i+1), Title: s.Name + " against " + c.Sets[0].Name, Head: heads("Measure", "before", "after", "change", "verdict")}
		for _, k := range c.Changes {
			if k.Set == s.Name {
				verdict := cell{Text: k.Verdict, Right: true, Tone: map[string]string{compare.Better: "good", compare.Worse: "bad"}[k.Verdict]}
				t.Rows = append(t.Rows, []cell{{Text: k.Name()}, number(k.Unit.Format(k.Before), k.Before), number(k.Unit.Format(k.After), k.After), {Text: k.Text(), Right: true}, verdict})
			}
		}
		if len(t.Rows) > 0 {
			out = append(out, t)
		}
	}
	return out
}
