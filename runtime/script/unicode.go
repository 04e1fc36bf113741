package script

import (
	"fmt"
	"strings"
	"unicode"
)

// codePoints resolves what stands in \p{…}: a general category by its short
// or long name, Script=…, or one of the properties that Go's tables hold.
func codePoints(name string) ([]codeRange, error) {
	key, value, pair := strings.Cut(name, "=")
	var tables []*unicode.RangeTable
	switch {
	case pair && (key == "gc" || key == "General_Category"):
		tables = category(value)
	case pair && (key == "sc" || key == "Script"):
		tables = table(unicode.Scripts, value)
	case pair:
	default:
		if tables = category(name); tables == nil {
			tables = derived(name)
		}
		if tables == nil {
			tables = table(unicode.Properties, name)
		}
	}
	if tables == nil {
		return nil, fmt.Errorf(`\p{%s} is not supported: general categories (L, Lu, Letter, …), Script=… and the properties of Go's unicode package are`, name)
	}
	return merge(tables), nil
}

func category(name string) []*unicode.RangeTable {
	if short, ok := unicode.CategoryAliases[name]; ok {
		name = short
	}
	return table(unicode.Categories, name)
}

func table(from map[string]*unicode.RangeTable, name string) []*unicode.RangeTable {
	if t, ok := from[name]; ok {
		return []*unicode.RangeTable{t}
	}
	return nil
}

// derived are the properties that the standard defines by others.
func derived(name string) []*unicode.RangeTable {
	switch name {
	case "Any":
		return []*unicode.RangeTable{span(0, unicode.MaxRune)}
	case "ASCII":
		return []*unicode.RangeTable{span(0, unicode.MaxASCII)}
	case "Alphabetic", "Alpha":
		return []*unicode.RangeTable{unicode.L, unicode.Nl, unicode.Other_Alphabetic}
	case "Uppercase", "Upper":
		return []*unicode.RangeTable{unicode.Lu, unicode.Other_Uppercase}
	case "Lowercase", "Lower":
		return []*unicode.RangeTable{unicode.Ll, unicode.Other_Lowercase}
	case "space":
		return []*unicode.RangeTable{unicode.White_Space}
	}
	return nil
}

func span(lo, hi rune) *unicode.RangeTable {
	return &unicode.RangeTable{R32: []unicode.Range32{{Lo: uint32(lo), Hi: uint32(hi), Stride: 1}}}
}

// merge lists the code points of all tables as ranges in order.
func merge(tables []*unicode.RangeTable) []codeRange {
	var out []codeRange
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !unicode.In(r, tables...) {
			continue
		}
		if n := len(out); n > 0 && out[n-1].hi == r-1 {
			out[n-1].hi = r
			continue
		}
		out = append(out, codeRange{r, r})
	}
	return out
}
