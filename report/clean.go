package report

import (
	"reflect"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// Bounds of strings, in runes: a name on one line, a detail over several.
const (
	maxName = 300
	maxText = 4000
)

// hidden stands for a secret.
const hidden = "[redacted]"

// What looks like a secret: a header's value, a query or form value, the user
// part of a URL, a token by its own shape.
var (
	secretHeader = regexp.MustCompile(`(?i)\b((?:proxy-)?authorization|set-cookie|cookie|x-api-key|x-auth-token|x-csrf-token)("?\s*[:=]\s*)[^\r\n]+`)
	secretValue  = regexp.MustCompile(`(?i)([?&;=\s"'{,]|^)([\w.-]*(?:token|secret|passw(?:or)?d|passwd|api[_-]?key|access[_-]?key|signature|credential|session(?:id)?|auth)"?\s*[=:]\s*"?)([^&\s"'},;]+)`)
	secretUser   = regexp.MustCompile(`(\w+://)[^/@\s]+@`)
	secretShape  = regexp.MustCompile(`(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_.-]+|\bAKIA[0-9A-Z]{16}\b`)
	secretName   = regexp.MustCompile(`(?i)(token|secret|passw(or)?d|api[_-]?key|access[_-]?key|credential|cookie|authorization)`)
)

// Clean makes a string from outside fit for one line: valid UTF-8, no control
// or direction characters, no secrets, at most 300 characters.
func Clean(s string) string { return shorten(redact(printable(cut(s, 16*maxName), false)), maxName) }

// cleanText is Clean for several lines.
func cleanText(s string) string {
	return shorten(redact(printable(cut(s, 16*maxText), true)), maxText)
}

// cut bounds the work of what follows; a rune cut in two becomes U+FFFD.
func cut(s string, bytes int) string {
	if len(s) <= bytes {
		return s
	}
	return s[:bytes]
}

func printable(s string, lines bool) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' && lines:
			return r
		case r == '\n', r == '\t', r == '\r':
			return ' '
		case r == utf8.RuneError, unicode.IsControl(r):
			return '\uFFFD'
		case unicode.Is(unicode.Cf, r), r == '\u2028', r == '\u2029':
			return -1 // direction overrides, zero-width: they make text lie
		}
		return r
	}, s)
}

func redact(s string) string {
	s = secretHeader.ReplaceAllString(s, "${1}${2}"+hidden)
	s = secretShape.ReplaceAllString(s, hidden)
	s = secretUser.ReplaceAllString(s, "${1}"+hidden+"@")
	return secretValue.ReplaceAllString(s, "${1}${2}"+hidden)
}

func shorten(s string, runes int) string {
	if utf8.RuneCountInString(s) <= runes {
		return s
	}
	list := []rune(s)
	return string(list[:runes-1]) + "…"
}

// scrub cleans every string that v, a pointer, leads to, whatever fields later versions add.
func scrub(v any) { scrubValue(reflect.ValueOf(v)) }

func scrubValue(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			scrubValue(v.Elem())
		}
	case reflect.String:
		if v.CanSet() {
			v.SetString(Clean(v.String()))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				scrubValue(v.Field(i))
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			scrubValue(v.Index(i))
		}
	default: // it holds no string
	}
}

// cleanHead also hides the values of flags and settings that are secret by their name.
func cleanHead(h *record.Run) {
	scrub(h)
	for i, word := range h.Command {
		if i > 0 && strings.HasPrefix(h.Command[i-1], "-") && !strings.Contains(h.Command[i-1], "=") &&
			!strings.HasPrefix(word, "-") && secretName.MatchString(h.Command[i-1]) {
			h.Command[i] = hidden
		}
	}
	for i := range h.Settings {
		if s := &h.Settings[i]; s.Value != "" && secretName.MatchString(s.Name) {
			s.Value = hidden
		}
	}
}
