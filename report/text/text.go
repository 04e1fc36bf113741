// Package text writes runs and comparisons for a terminal, and the line of a
// run that is under way.
package text

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/plimsoll-load/plimsoll/report"
)

// Options says how a text is to look.
type Options struct {
	Width int  // columns of the terminal; 0: 100
	Color bool // with ANSI colours
	Full  bool // every row, else at most 40 lines
}

// textLines bounds a summary that is not Full.
const textLines = 40

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
	for _, row := range s.shown() {
		n += strings.Count(row, "\n")
	}
	if s.show < len(s.rows) {
		n++
	}
	if s.head != "" {
		n++
	}
	return n + 1 // the blank line above
}

// Write writes the summary of a run for a terminal: the verdict first, then load,
// failures, tables, what limited it and where the record is.
func Write(w io.Writer, r *report.Run, o Options) error {
	if o.Width <= 0 {
		o.Width = 100
	}
	p := paint{o.Color}
	v := r.Verdict()
	var b strings.Builder
	b.WriteString(p.tone(v.Tone, wrapped(v.Tone.Symbol()+" "+v.Word+": "+v.Sentence, "  ", o.Width)) + "\n")
	var facts []string
	for _, f := range r.Facts() {
		facts = append(facts, wrapped(fmt.Sprintf("%-11s%s", f.Label, f.Text), strings.Repeat(" ", 11), o.Width))
	}
	sections := sections(r, o.Width)
	if o.Full {
		sections = append(sections, exampleSections(r, o.Width)...)
	} else {
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
