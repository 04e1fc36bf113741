package text

import (
	"strings"

	"github.com/plimsoll-load/plimsoll/report"
)

// paint colours lines for a terminal, or leaves them alone.
type paint struct{ on bool }

func (p paint) wrap(code, s string) string {
	if !p.on || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p paint) dim(s string) string { return p.wrap("2", s) }

func (p paint) tone(t report.Tone, s string) string {
	return p.wrap([...]string{"1;32", "1;33", "1;31"}[t], s)
}

// label dims the first 11 columns of a fact.
func (p paint) label(s string) string {
	if !p.on || len(s) < 11 || strings.HasPrefix(s, " ") {
		return s
	}
	return p.wrap("1", s[:11]) + s[11:]
}

// row colours the symbol that a row starts with.
func (p paint) row(s string) string {
	switch {
	case strings.HasPrefix(s, "  ✗"):
		return "  " + p.wrap("31", "✗") + s[len("  ✗"):]
	case strings.HasPrefix(s, "  ✓"):
		return "  " + p.wrap("32", "✓") + s[len("  ✓"):]
	}
	return s
}
