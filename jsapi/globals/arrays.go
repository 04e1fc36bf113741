package globals

import (
	"strconv"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/jsapi"
)

// from makes typed arrays of text and of numbers, as the standard says: goja's
// from takes objects alone.
func (g *guards) from() {
	typed := g.at("Uint8Array").Prototype()
	g.before(typed, "from", func(call *goja.FunctionCall) {
		if len(call.Arguments) == 0 || !jsapi.Given(call.Arguments[0]) {
			return
		}
		source := call.Arguments[0].ToObject(g.VM)
		call.Arguments[0] = source
		if jsapi.Get(source, "length").ToFloat() > maxElements {
			g.refuse("Invalid typed array length: more than 33554432")
		}
	})
}

// sparse bounds what makes text of an array by its length: one that was only
// set, as by a.length = 4e8, has no elements, but a comma for each.
func (g *guards) sparse() {
	g.before(g.at("Array", "prototype"), "join", func(call *goja.FunctionCall) {
		if o, ok := call.This.(*goja.Object); ok && jsapi.Get(o, "length").ToFloat() > maxElements {
			g.refuse("Invalid string length: the array has more than 33554432 elements")
		}
	})
	g.before(g.at("JSON"), "stringify", func(call *goja.FunctionCall) {
		l := look{left: maxLooked}
		if l.long(call.Argument(0)) {
			g.refuse("Invalid string length: an array has more than 33554432 elements")
		}
	})
}

// Bounds of the search for long arrays: how many values are looked at, and how many of one.
const (
	maxLooked = 10_000
	maxOfOne  = 100
)

// look searches a value for arrays that are too long.
type look struct{ left int }

// long says whether a value is or has such an array.
func (l *look) long(v goja.Value) bool {
	o, ok := v.(*goja.Object)
	if l.left--; !ok || l.left < 0 {
		return false
	}
	switch o.ClassName() {
	case "Array":
		n := jsapi.Get(o, "length").ToInteger()
		if n > maxElements {
			return true
		}
		for i := range min(n, maxOfOne) {
			if l.long(o.Get(strconv.FormatInt(i, 10))) {
				return true
			}
		}
	case "Object":
		for _, key := range o.Keys() {
			if l.long(o.Get(key)) {
				return true
			}
		}
	}
	return false
}
