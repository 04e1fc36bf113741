package script

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/file"
)

// goja takes \p{…} in a regular expression with the flag u for the text
// "p{…}" and says nothing. So the literals of the bundle are looked up in its
// syntax tree, and each property is written out as a class of code points.

// expandLiterals replaces such literals by calls of functions that hold the
// expanded ones, padded so that no column moves, and returns these functions.
func (s *Script) expandLiterals(code string, tree *ast.Program, m sourceMap) (string, string, error) {
	var out, functions strings.Builder
	done := 0
	for i, literal := range literals(tree) {
		at := int(literal.Idx) - tree.File.Base()
		expanded, err := expandRegExp(literal.Pattern, literal.Flags)
		if err != nil {
			line := strings.Count(code[:at], "\n")
			where := m.original(line+1, at-strings.LastIndexByte(code[:at], '\n'))
			return "", "", newError(where, err.Error(), s.sources[where.file])
		}
		name := fmt.Sprintf("__re%d", i)
		fmt.Fprintf(&functions, "const %s=()=>/%s/%s;", name, expanded, literal.Flags)
		fmt.Fprintf(&out, "%s%-*s", code[done:at], len(literal.Literal), name+"()")
		done = at + len(literal.Literal)
	}
	out.WriteString(code[done:])
	return out.String(), functions.String(), nil
}

// literals finds the regular expressions that goja would not understand, in
// the order of the text.
func literals(tree *ast.Program) []*ast.RegExpLiteral {
	var found []*ast.RegExpLiteral
	walk(reflect.ValueOf(tree.Body), func(l *ast.RegExpLiteral) {
		unicode := strings.Contains(l.Flags, "u") && (strings.Contains(l.Pattern, `\p{`) || strings.Contains(l.Pattern, `\P{`))
		if unicode || strings.ContainsAny(l.Flags, "vd") {
			found = append(found, l)
		}
	})
	slices.SortFunc(found, func(a, b *ast.RegExpLiteral) int { return int(a.Idx - b.Idx) })
	return slices.CompactFunc(found, func(a, b *ast.RegExpLiteral) bool { return a.Idx == b.Idx })
}

// walk visits the literals below a part of the tree; goja has no walker.
func walk(v reflect.Value, visit func(*ast.RegExpLiteral)) {
	switch v.Kind() { //nolint:exhaustive // the other kinds hold no nodes
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() || v.Type() == reflect.TypeFor[*file.File]() {
			return
		}
		if l, ok := v.Interface().(*ast.RegExpLiteral); ok {
			visit(l)
			return
		}
		walk(v.Elem(), visit)
	case reflect.Slice:
		for i := range v.Len() {
			walk(v.Index(i), visit)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && v.Type().Field(i).Name != "DeclarationList" {
				walk(v.Field(i), visit)
			}
		}
	}
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
