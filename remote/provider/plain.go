package provider

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// sequences are what terminals obey: CSI and OSC (ECMA-48), and the two-byte ones.
var sequences = regexp.MustCompile("(?:\x1b\\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\x1b[\\]P^_X]|[\u009d\u0090])[^\x07\x1b\u009c\n]*(?:\x07|\x1b\\\\|\u009c)?|\x1b[ -/]*[0-~]")

// Plain is what a machine printed, fit to be shown: a log may hold anything,
// and moves no cursor, sets no title and hides no line here. Line breaks and
// tabs stay; of a line that was written over, the last state does.
func Plain(text string) string {
	text = sequences.ReplaceAllString(strings.ToValidUTF8(text, "\uFFFD"), "")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return r
		case r == utf8.RuneError || unicode.IsControl(r):
			return '\uFFFD'
		case unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029':
			return -1 // of no width, or of another direction: they make text lie
		}
		return r
	}, text)
	if !strings.Contains(text, "\r") {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		line = strings.TrimRight(line, "\r")
		lines[i] = line[strings.LastIndexByte(line, '\r')+1:]
	}
	return strings.Join(lines, "\n")
}
