package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// TextOptions says how [Text] is to look.
type TextOptions struct {
	Width int  // columns of the terminal; 0: 100
	Color bool // with ANSI colours
	Full  bool // every row, else at most 40 lines
}

// textLines bounds a summary that is not Full.
const textLines = 40

// fact is a line with a label; an empty one continues the line above.
type fact struct{ label, text string }

// section is a heading and rows of which some may be left out.
type section struct {
	head string
	rows []string
	show int
	more string // what the rows are, for "and 3 more …"
	late bool   // the last rows are shown, not the first
	keep int    // how dear the rows are, against those of other sections; 0: 1
}

func (s *section) shown() []string {
	if s.late {
		return s.rows[len(s.rows)-s.show:]
	}
	return s.rows[:s.show]
}

func (s *section) lines() int {
	n := s.show
	if s.show < len(s.rows) {
		n++
	}
	if s.head != "" {
		n++
	}
	return n + 1 // the blank line above
}

// Text writes the summary of a run for a terminal: the verdict first, then load,
// failures, tables, what limited it and where the record is.
func Text(w io.Writer, r *Run, o TextOptions) error {
	if o.Width <= 0 {
		o.Width = 100
	}
	p := paint{o.Color}
	v := r.Verdict()
	var b strings.Builder
	b.WriteString(p.tone(v.Tone, wrapped(v.Tone.Symbol()+" "+v.Word+": "+v.Sentence, "  ", o.Width)) + "\n")
	var facts []string
	for _, f := range r.facts(v) {
		facts = append(facts, wrapped(fmt.Sprintf("%-11s%s", f.label, f.text), strings.Repeat(" ", 11), o.Width))
	}
	sections := r.sections(o.Width)
	if !o.Full {
		used := strings.Count(b.String(), "\n") + 1
		for _, f := range facts {
			used += 1 + strings.Count(f, "\n")
		}
		shrink(sections, textLines-used)
	}
	b.WriteString("\n")
	for _, f := range facts {
		b.WriteString(p.label(f) + "\n")
	}
	for _, s := range sections {
		s.head = elide(s.head, o.Width)
		writeSection(&b, s, p)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeSection(b *strings.Builder, s *section, p paint) {
	if s.show == 0 {
		return
	}
	b.WriteString("\n")
	if s.head != "" {
		b.WriteString(p.dim(s.head) + "\n")
	}
	hidden := len(s.rows) - s.show
	if hidden > 0 && s.late {
		b.WriteString(p.dim(fmt.Sprintf("  … %d earlier %s (--full shows all)", hidden, s.more)) + "\n")
	}
	for _, row := range s.shown() {
		b.WriteString(p.row(row) + "\n")
	}
	if hidden > 0 && !s.late {
		b.WriteString(p.dim(fmt.Sprintf("  … and %d more %s (--full shows all)", hidden, s.more)) + "\n")
	}
}

// shrink takes rows from the longest section (by what its rows are worth)
// until all fit, the last of equals first; where even one row each is too much, the last sections go.
func shrink(sections []*section, room int) {
	total := func() int {
		n := 0
		for _, s := range sections {
			if s.show > 0 {
				n += s.lines()
			}
		}
		return n
	}
	for total() > room {
		var longest *section
		for _, s := range sections {
			if longest == nil || s.show*max(longest.keep, 1) >= longest.show*max(s.keep, 1) {
				longest = s
			}
		}
		if longest == nil || longest.show == 0 {
			return
		}
		longest.show--
	}
}

// facts are the labelled lines under the verdict.
func (r *Run) facts(v Verdict) []fact {
	var out []fact
	if v.Reason != "" {
		out = append(out, fact{"Ended", v.Reason})
	}
	if s := r.Answer(); s != nil {
		out = append(out, r.sizingFacts(s)...)
	} else {
		out = append(out, fact{"Load", r.loadLine()})
		if l := r.Total.Latency; l != nil {
			out = append(out, fact{"Latency", latencyLine(l) + "  (requests, the failed ones too)"})
		}
		if l := r.Total.Iteration; l != nil {
			out = append(out, fact{"Iteration", latencyLine(l) + "  (successful ones)"})
		}
		if l := r.Total.Lateness; l != nil {
			out = append(out, fact{"Lateness", fmt.Sprintf("p50 %s  p99 %s  max %s behind the time an iteration was due", units.Seconds(l.P50), units.Seconds(l.P99), units.Seconds(l.Max))})
		}
		if r.Total.Requests() > 0 {
			out = append(out, fact{"Requests", r.requestLine()})
		}
	}
	if r.End != nil && r.End.Sizing != nil && r.End.Sizing.Classic != nil {
		out = append(out, fact{"Classic", classicLine(r.End.Sizing.Classic)})
	}
	if r.End != nil && r.End.Demo != nil {
		out = append(out, demoLines(r)...)
	}
	out = append(out, r.resourceFacts()...)
	for _, warning := range r.Warnings {
		out = append(out, fact{"Warning", warning})
	}
	if line := r.MachineLine(); line != "" {
		out = append(out, fact{"Machine", line})
	}
	if line := r.origin(); line != "" {
		out = append(out, fact{"Repository", line})
	}
	if r.Path != "" {
		out = append(out, fact{"Record", r.Path})
	}
	return out
}

// origin says which repository, commit and test the scenario is from; empty where it is from this disk.
func (r *Run) origin() string {
	g := r.Head.Repository
	if g == nil {
		return ""
	}
	text := g.URL + " at " + g.Commit
	if g.Test != "" {
		text = "test " + g.Test + " of " + text
	}
	return text
}

func (r *Run) sizingFacts(s *record.Sizing) []fact {
	out := capacityLines(s)
	if line := shapeLine(s); line != "" {
		out = append(out, fact{"Shape", line})
	}
	if c := s.Cost; c.Holds > 0 {
		out = append(out, fact{"Cost", fmt.Sprintf("%s, %s, %s, %s failed", units.Many(uint64(c.Holds), "hold"), units.Seconds(c.WallS),
			units.Many(c.Requests, "request"), units.Many(c.Failed, "iteration"))})
	}
	if s.BudgetNeededS > 0 {
		out = append(out, fact{"Budget", fmt.Sprintf("%s would give bounds of ± 10 %%, %s a test of both sides", units.Seconds(s.BudgetNeededS), units.Seconds(s.BudgetForTestS))})
	}
	if a := s.Recommendation; a != nil && a.Replicas > 0 {
		out = append(out, fact{"Advice", fmt.Sprintf("for %s iterations/s: %d replicas at %s of %s/s each, %d of them spare", units.Number(a.TargetLoad),
			a.Replicas, units.Percent(a.Headroom, 1), units.Number(a.PerReplica), a.Spare)})
	}
	if c := s.Recheck; c != nil {
		out = append(out, fact{"Before", fmt.Sprintf("%s iterations/s: changed by %+.1f %%, noise is ± %s", units.Number(c.Former), c.Change*100, units.Percent(c.Noise, 1))})
	}
	for _, note := range s.Notes {
		out = append(out, fact{"Note", note})
	}
	return out
}

func (r *Run) loadLine() string {
	text := fmt.Sprintf("up to %s for %s: %s begun, %s succeeded (%s), %s failed", units.Many(uint64(max(r.Total.VUsMax, 0)), "VU"), units.Seconds(r.Duration),
		units.Many(r.Total.Started, "iteration"), units.Int(r.Total.OK), units.PerSecond(r.Total.OK, r.Duration), units.Int(r.Total.Failed))
	if d := r.Total.Dropped; d.NoVU+d.Late > 0 {
		text += fmt.Sprintf("; %s arrivals dropped (%s without a free VU, %s because the generator was late)", units.Int(d.NoVU+d.Late), units.Int(d.NoVU), units.Int(d.Late))
	}
	return text
}

func (r *Run) requestLine() string {
	c := r.Total
	text := fmt.Sprintf("%s (%s), %s failed; %s in, %s out; %s opened", units.Int(c.Requests()), units.PerSecond(c.Requests(), r.Duration),
		units.Percent(float64(c.RequestsFailed), float64(c.Requests())), units.Bytes(float64(c.BytesIn)), units.Bytes(float64(c.BytesOut)), units.Many(c.Connections, "connection"))
	if c.Repeated > 0 {
		text += fmt.Sprintf(", %s repeated after a stale connection", units.Int(c.Repeated))
	}
	return text
}

func latencyLine(l *Quantiles) string {
	return fmt.Sprintf("p50 %s  p90 %s  p95 %s  p99 %s  max %s", units.Seconds(l.P50), units.Seconds(l.P90), units.Seconds(l.P95), units.Seconds(l.P99), units.Seconds(l.Max))
}

// wrapped breaks text at spaces to fit width; further lines begin with indent.
func wrapped(text, indent string, width int) string {
	width = max(width, utf8.RuneCountInString(indent)+20)
	var b strings.Builder
	for line := 0; ; line++ {
		room := width
		if line > 0 {
			b.WriteString("\n" + indent)
			room -= columns(indent)
		}
		if columns(text) <= room {
			b.WriteString(text)
			return b.String()
		}
		at := breakAt(text, room)
		b.WriteString(strings.TrimRight(text[:at], " "))
		text = strings.TrimLeft(text[at:], " ")
	}
}

// breakAt finds the byte to break text at: the last space within room, else room itself.
func breakAt(text string, room int) int {
	used, space := 0, 0
	for i, c := range text {
		if used += runeColumns(c); used > room {
			if space > 0 {
				return space
			}
			return max(i, 1)
		}
		if c == ' ' && i > 11 {
			space = i
		}
	}
	return len(text)
}
