// Package redact makes texts that come from outside (scripts, servers, command
// lines) fit to be written and shown: without secrets and control characters,
// and not endless. It is the one place that knows what a secret looks like: a
// session writes its rows through a [Redactor], which also knows the values
// that were marked secret; a report reads rows through [Rows], for records of
// others; clones show URLs through [URL].
package redact

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
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
	secretGiven  = regexp.MustCompile(`^\[redacted(:\d+B)?\]$`) // it was taken out already
	secretName   = regexp.MustCompile(`(?i)(token|secret|passw(or)?d|api[_-]?key|access[_-]?key|credential|cookie|authorization)`)
)

// Line makes a text from outside fit for one line: valid UTF-8, no control
// or direction characters, no secrets, at most 300 characters.
func Line(s string) string { return shorten(redact(printable(cut(s, 16*maxName), false)), maxName) }

// Lines is Line for several lines, at most 4,000 characters.
func Lines(s string) string {
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
	s = without(secretHeader, s)
	s = secretShape.ReplaceAllString(s, hidden)
	s = secretUser.ReplaceAllString(s, "${1}"+hidden+"@")
	return without(secretValue, s)
}

// without takes out what stands behind the first two groups of pattern.
func without(pattern *regexp.Regexp, s string) string {
	return pattern.ReplaceAllStringFunc(s, func(found string) string {
		part := pattern.FindStringSubmatch(found)
		if part == nil || secretGiven.MatchString(found[len(part[1])+len(part[2]):]) {
			return found
		}
		return part[1] + part[2] + hidden
	})
}

// secretHeaders are names of headers whose values are secret, beside those of secretName.
var secretHeaders = regexp.MustCompile(`(?i)(auth|session|signature|csrf|xsrf)`)

// Header is the value of a header, or how long it is where the header's name says that it is secret.
func Header(name string, value []byte) string {
	if len(value) > 0 && (secretName.MatchString(name) || secretHeaders.MatchString(name)) {
		return fmt.Sprintf("[redacted:%dB]", len(value))
	}
	return string(value)
}

func shorten(s string, runes int) string {
	if utf8.RuneCountInString(s) <= runes {
		return s
	}
	list := []rune(s)
	return string(list[:runes-1]) + "…"
}

// Args returns a command line without the values of flags that are secret by
// their name, and without credentials in URLs.
func Args(args []string) []string {
	var list []string
	for i, word := range args {
		if i > 0 && strings.HasPrefix(args[i-1], "-") && !strings.Contains(args[i-1], "=") && !strings.HasPrefix(word, "-") {
			word = Value(args[i-1], word)
		}
		list = append(list, Line(URL(word)))
	}
	return list
}

// Value returns the value of a setting, or a mark where the setting's name says that it is secret.
func Value(name, value string) string {
	if value != "" && secretName.MatchString(name) {
		return hidden
	}
	return value
}
