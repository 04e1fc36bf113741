package script

import (
	"regexp"
	"sync"
)

// guarded is a built-in that may make more than there is memory for, or that
// calls itself as deep as its argument is nested. A bundle that names it asks
// for need("plimsoll:guards", name) before all else: that puts bounds on it.
type guarded struct {
	name  string
	named *regexp.Regexp
}

// guards lists them. What is not named is not looked for: each costs a virtual machine memory.
var guards = sync.OnceValue(func() []guarded {
	list := []guarded{
		{"JSON", regexp.MustCompile(`\bJSON\b[\s\S]*\bparse\b`)},
		{"Array", regexp.MustCompile(`\bArray\s*\(|\bArray\s*\.\s*from\b`)},
		{"from", regexp.MustCompile(`(?s)\b(?:Int|Uint|Float)\d+(?:Clamped)?Array\b.*\bfrom\b|\bfrom\b.*\b(?:Int|Uint|Float)\d+(?:Clamped)?Array\b`)},
		{"sparse", regexp.MustCompile(`\.length\s*=\s*(?:[A-Za-z_$(]|\d[\d_]{6}|\d[\d.]*[eE])|\[\s*\d[\d_]{6,}|\[\s*\d[\d.]*[eE]\+?\d`)},
		{"Date", regexp.MustCompile(`\bDate\s*(?:\(\s*[^\s)]|\.\s*(?:parse|prototype)\b)|\bextends\s+Date\b|[=(,?:\[]\s*Date\b`)},
		{"toLocaleString", regexp.MustCompile(`\btoLocale(?:Date|Time)?String\b`)},
		{"toLocaleStringOfBigInt", regexp.MustCompile(`(?s)\btoLocaleString\b.*(?:\bBigInt\b|\b\d+n\b)|(?:\bBigInt\b|\b\d+n\b).*\btoLocaleString\b`)},
		{"raw", regexp.MustCompile(`\bString\s*\.\s*raw\b`)},
	}
	for _, name := range []string{
		"setMilliseconds", "setSeconds", "setMinutes", "setHours", "setDate", "setMonth", "setFullYear",
		"repeat", "padStart", "padEnd", "flat", "ArrayBuffer", "Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array",
		"Uint16Array", "Int32Array", "Uint32Array", "Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array",
	} {
		list = append(list, guarded{name, regexp.MustCompile(`\b` + name + `\b`)})
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
