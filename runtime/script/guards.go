package script

import (
	"regexp"
	"strings"
	"sync"
)

// guarded is a built-in that may make more than there is memory for, or that
// calls itself as deep as its argument is nested. A bundle that names it asks
// for need("plimsoll:guards", name) before all else: that puts bounds on it.
type guarded struct {
	name   string
	words  []string         // all of them are in the text: found a hundred times faster than a pattern
	shapes []*regexp.Regexp // of which one is
}

func guard(name string, words []string, shapes ...string) guarded {
	g := guarded{name: name, words: words}
	for _, s := range shapes {
		g.shapes = append(g.shapes, regexp.MustCompile(s))
	}
	return g
}

// wanted says whether a text names what is guarded.
func (g guarded) wanted(code string) bool {
	for _, w := range g.words {
		if !strings.Contains(code, w) {
			return false
		}
	}
	for _, s := range g.shapes {
		if s.MatchString(code) {
			return true
		}
	}
	return false
}

// guards lists them. What is not named is not looked for: each costs a virtual machine memory.
var guards = sync.OnceValue(func() []guarded {
	const typed, bigInt = `\b(?:Int|Uint|Float)\d+(?:Clamped)?Array\b`, `(?:\bBigInt\b|\b\d+n\b)`
	list := []guarded{
		guard("JSON", []string{"JSON", "parse"}, `\bJSON\b[\s\S]*\bparse\b`),
		guard("Array", []string{"Array"}, `\bArray\s*\(|\bArray\s*\.\s*from\b`),
		guard("from", []string{"Array", "from"}, `(?s)`+typed+`.*\bfrom\b`, `(?s)\bfrom\b.*`+typed),
		guard("sparse", nil, `\.length\s*=\s*(?:[A-Za-z_$(]|\d[\d_]{6}|\d[\d.]*[eE])`, `\[\s*\d[\d_]{6,}`, `\[\s*\d[\d.]*[eE]\+?\d`),
		guard("Date", []string{"Date"}, `\bDate\s*(?:\(\s*[^\s)]|\.\s*(?:parse|prototype)\b)`, `\bextends\s+Date\b`, `[=(,?:\[]\s*Date\b`),
		guard("toLocaleString", []string{"toLocale"}, `\btoLocale(?:Date|Time)?String\b`),
		guard("toLocaleStringOfBigInt", []string{"toLocaleString"}, `(?s)\btoLocaleString\b.*`+bigInt, `(?s)`+bigInt+`.*\btoLocaleString\b`),
		guard("raw", []string{"String.raw"}, `\bString\s*\.\s*raw\b`),
	}
	for _, name := range []string{
		"setMilliseconds", "setSeconds", "setMinutes", "setHours", "setDate", "setMonth", "setFullYear",
		"repeat", "padStart", "padEnd", "flat", "ArrayBuffer", "Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array",
		"Uint16Array", "Int32Array", "Uint32Array", "Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array",
	} {
		list = append(list, guard(name, []string{name}, `\b`+name+`\b`))
	}
	return list
})

// Guards are the names of the guards that bundles may ask for.
func Guards() []string {
	var names []string
	for _, g := range guards() {
		names = append(names, g.name)
	}
	return names
}
