package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// ResourceFacts say what was near its limit in the target, and whether the generator was.
func (r *Run) ResourceFacts() []Fact {
	var out []Fact
	targets, b := r.Targets(), r.Bottleneck()
	if b != nil {
		out = append(out, Fact{"Bottleneck", bottleneckLine(b)})
		for _, g := range b.Growth[:min(len(b.Growth), 2)] {
			out = append(out, Fact{"Growth", g.Text})
		}
	}
	if len(targets) == 0 && b == nil {
		out = append(out, Fact{"Target", "its resources were not watched"})
	}
	for _, s := range targets {
		out = append(out, Fact{"Target", s.Name + ": " + nearest(s)})
	}
	return append(out, Fact{"Generator", r.generatorLine()})
}

// Bottleneck is what the record says limited the service; nil where nobody looked.
func (r *Run) Bottleneck() *record.Bottleneck {
	if r.End == nil || r.End.Bottleneck == nil || r.End.Bottleneck.Name == "" {
		return nil
	}
	return r.End.Bottleneck
}

func bottleneckLine(b *record.Bottleneck) string {
	text := b.String()
	if b.Confidence > 0 {
		text += fmt.Sprintf(" (confidence %s)", units.Number(b.Confidence))
	}
	return text
}

// nearest lists what of a source came nearest to its limit.
func nearest(s Source) string {
	var list []near
	for _, series := range s.Series {
		u := series.Use()
		if u == nil || u.Share == nil {
			continue
		}
		m := MeasureOf(series.Key)
		text := fmt.Sprintf("%s at most %s", m.Name, units.Percent(*u.Share, 1))
		if m.Unit != UnitShare {
			text += fmt.Sprintf(" (%s of %s)", m.Format(u.Max), m.Format(*u.Limit))
		}
		list = append(list, near{text, *u.Share})
	}
	if len(list) == 0 {
		return "watched, but none of its limits is known"
	}
	slices.SortStableFunc(list, func(a, b near) int { return cmp.Compare(b.share, a.share) })
	text := list[0].text
	if len(list) > 1 {
		text += ", " + list[1].text
	}
	return text
}

func (r *Run) generatorLine() string {
	var parts []string
	if s := r.Answer(); s != nil {
		parts = generatorVerdict(s.Generator)
	}
	if s := r.Generator(); s != nil {
		if u := s.Use(record.CPUCores); u != nil {
			text := fmt.Sprintf("cpu %s cores, at most %s", units.Number(u.Mean), units.Number(u.Max))
			if u.Limit != nil {
				text += " of " + units.Number(*u.Limit)
			}
			parts = append(parts, text)
		}
		if u := s.Use(record.MemoryBytes); u != nil {
			parts = append(parts, "memory "+units.Bytes(u.Max))
		}
	}
	if len(parts) == 0 {
		return "it did not watch itself"
	}
	return strings.Join(parts, ", ")
}

func generatorVerdict(g record.GeneratorReport) []string {
	word := "it was the limit"
	if g.OK {
		word = "ok"
	}
	if g.Reason != "" {
		word += " (" + g.Reason + ")"
	}
	parts := []string{word}
	if g.Sent > 0 {
		parts = append(parts, "sent "+units.Percent(g.Sent, 1))
	}
	if g.LateS > 0 {
		parts = append(parts, "p99 lateness "+units.Seconds(g.LateS))
	}
	return append(parts, g.Warnings...)
}
