package script

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
)

// goja takes \p{…} in a regular expression with the flag u for the text
// "p{…}" and says nothing. esbuild turns such literals into calls of the
// constructor, which are easy to find: here they become literals again, with
// each property written out as a class of code points.

// expandLiterals replaces the calls that esbuild made by __re[n](), padded so
// that no column moves, and returns the functions that __re holds.
func (s *Script) expandLiterals(code string, m sourceMap) (string, []string, error) {
	const call = "new RegExp("
	var out strings.Builder
	var literals []string
	done := 0
	for {
		at := strings.Index(code[done:], call)
		if at < 0 {
			break
		}
		at += done
		out.WriteString(code[done:at])
		pattern, flags, length := constantCall(code[at+len(call):])
		done = at + len(call)
		if length == 0 || !needsExpansion(pattern, flags) {
			out.WriteString(call)
			continue
		}
		literal, err := literalOf(pattern, flags)
		if err != nil {
			before := code[:at]
			line := strings.Count(before, "\n")
			where := m.original(line+1, at-strings.LastIndexByte(before, '\n'))
			return "", nil, newError(where, err.Error(), s.sources[where.file])
		}
		done += length
		fmt.Fprintf(&out, "%-*s", len(call)+length, fmt.Sprintf("__re[%d]()", len(literals)))
		literals = append(literals, "()=>"+literal)
	}
	out.WriteString(code[done:])
	return out.String(), literals, nil
}

func needsExpansion(pattern, flags string) bool {
	return strings.ContainsAny(flags, "vd") || strings.Contains(flags, "u") && (strings.Contains(pattern, `\p{`) || strings.Contains(pattern, `\P{`))
}

func literalOf(pattern, flags string) (string, error) {
	expanded, err := expandRegExp(pattern, flags)
	if err != nil {
		return "", err
	}
	return "/" + strings.ReplaceAll(expanded, "\n", `\n`) + "/" + flags, nil
}

// constantCall reads `"pattern", "flags")`; length is 0 when the arguments are something else.
func constantCall(code string) (pattern, flags string, length int) {
	rest := code
	pattern, rest, ok := stringLiteral(rest)
	if !ok || !strings.HasPrefix(rest, ", ") {
		return "", "", 0
	}
	flags, rest, ok = stringLiteral(rest[2:])
	if !ok || !strings.HasPrefix(rest, ")") {
		return "", "", 0
	}
	return pattern, flags, len(code) - len(rest) + 1
}

// stringLiteral reads a string as esbuild prints it, which has no line breaks in it.
func stringLiteral(code string) (value, rest string, ok bool) {
	if code == "" || !strings.ContainsRune("\"'`", rune(code[0])) {
		return "", "", false
	}
	quote := code[0]
	var text strings.Builder
	text.WriteByte('"')
	for i := 1; i < len(code); i++ {
		switch c := code[i]; {
		case c == quote:
			text.WriteByte('"')
			if json.Unmarshal([]byte(text.String()), &value) != nil {
				return "", "", false
			}
			return value, code[i+1:], true
		case c == '\\' && i+1 < len(code):
			i++
			if code[i] != '\'' && code[i] != '`' && code[i] != '$' {
				text.WriteByte('\\')
			}
			text.WriteByte(code[i])
		case c == '"':
			text.WriteString(`\"`)
		case c == '\n' || c == '$' && quote == '`' && strings.HasPrefix(code[i:], "${"):
			return "", "", false
		default:
			text.WriteByte(c)
		}
	}
	return "", "", false
}

// ExpandRegExp writes the Unicode properties of a pattern out as classes, for
// regular expressions that a script makes at run time.
func (s *Script) ExpandRegExp(pattern, flags string) (string, error) {
	return expandRegExp(pattern, flags)
}

func expandRegExp(pattern, flags string) (string, error) {
	if i := strings.IndexAny(flags, "vd"); i >= 0 {
		return "", fmt.Errorf("the flag %c of /%s/%s is not supported: write the expression without it", flags[i], pattern, flags)
	}
	if !strings.Contains(flags, "u") {
		return pattern, nil
	}
	var out strings.Builder
	inClass := false
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '\\':
			class, length, err := property(pattern[i:], inClass)
			if err != nil {
				return "", err
			}
			if length == 0 {
				length = min(2, len(pattern)-i)
				class = pattern[i : i+length]
			}
			out.WriteString(class)
			i += length - 1
		case '[', ']':
			inClass = c == '['
			out.WriteByte(c)
		default:
			out.WriteByte(c)
		}
	}
	return out.String(), nil
}

// property reads \p{…} or \P{…} at the start of a pattern; length is 0 when
// something else stands there.
func property(pattern string, inClass bool) (class string, length int, err error) {
	if !strings.HasPrefix(pattern, `\p{`) && !strings.HasPrefix(pattern, `\P{`) {
		return "", 0, nil
	}
	name, _, ok := strings.Cut(pattern[3:], "}")
	if !ok {
		return "", 0, fmt.Errorf("%s has no closing brace", pattern)
	}
	ranges, err := codePoints(name)
	if err != nil {
		return "", 0, err
	}
	if pattern[1] == 'P' {
		ranges = complement(ranges)
	}
	class = writeRanges(ranges)
	if !inClass {
		class = "[" + class + "]"
	}
	return class, len(name) + 4, nil
}

func writeRanges(ranges []codeRange) string {
	var b strings.Builder
	for _, r := range ranges {
		fmt.Fprintf(&b, `\u{%x}`, r.lo)
		if r.hi > r.lo {
			fmt.Fprintf(&b, `-\u{%x}`, r.hi)
		}
	}
	return b.String()
}

type codeRange struct{ lo, hi rune }

func complement(ranges []codeRange) []codeRange {
	var out []codeRange
	next := rune(0)
	for _, r := range ranges {
		if r.lo > next {
			out = append(out, codeRange{next, r.lo - 1})
		}
		next = r.hi + 1
	}
	if next <= unicode.MaxRune {
		out = append(out, codeRange{next, unicode.MaxRune})
	}
	return out
}
