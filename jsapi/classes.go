package jsapi

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/dop251/goja"
)

// ClassOf is what kind of thing an object is, told without running anything of
// the script's: "Array", "Map", "Set", "Date", "Promise", "Error", "Function",
// "ArrayBuffer", "typed array" and such; "Object" for all that have only names
// and values, a class's instances among them.
func ClassOf(o *goja.Object) string {
	class := o.ClassName()
	if class != "Object" {
		return strings.TrimPrefix(class, "Async")
	}
	t := o.ExportType()
	switch {
	case t == nil:
	case t == reflect.TypeFor[goja.ArrayBuffer]():
		return "ArrayBuffer"
	case t == reflect.TypeFor[*goja.Promise]():
		return "Promise"
	case t == reflect.TypeFor[[][2]any]():
		return "Map"
	case t == reflect.TypeFor[[]any]():
		return "Set"
	case t.Kind() == reflect.Slice:
		return typedArray
	}
	return class
}

const typedArray = "typed array"

// isView says whether an object is a typed array or a DataView: these inherit
// the property `buffer`, while an object that looks like one has it.
func isView(o *goja.Object) bool {
	switch ClassOf(o) {
	case typedArray:
		return true
	case "Object":
		_, ok := Held[goja.ArrayBuffer](Get(o, "buffer"))
		return ok && !slices.Contains(o.GetOwnPropertyNames(), "buffer")
	}
	return false
}

// IsInstance says whether a class made an object: its prototype has another behind it.
func IsInstance(o *goja.Object) bool {
	p := o.Prototype()
	return p != nil && p.Prototype() != nil
}

// maxShown bounds what Show gives, in bytes.
const maxShown = 60

// Show writes a value into a message: short, and without running anything of the script's.
func (a *Args) Show(v goja.Value) string {
	switch v := v.(type) {
	case nil:
		return "undefined"
	case *goja.Object:
		return kind(v)
	case *goja.Symbol:
		return "a symbol"
	case goja.String:
		return strconv.Quote(cut(v.String()))
	default:
		if goja.IsBigInt(v) {
			return cut(v.String()) + "n"
		}
		return cut(v.String())
	}
}

// cut shortens text for a message.
func cut(text string) string {
	if len(text) <= maxShown {
		return text
	}
	return strings.ToValidUTF8(text[:maxShown], "") + "…"
}

// kind names what an object is, with its article.
func kind(o *goja.Object) string {
	if _, ok := goja.AssertFunction(o); ok {
		return "a function"
	}
	switch class := ClassOf(o); class {
	case "Object", "Array", "Error":
		return "an " + strings.ToLower(class[:1]) + class[1:]
	case "ArrayBuffer":
		return "an " + class
	case "Promise":
		return "a promise"
	case "String", "Number", "Boolean":
		return "a " + class + " object"
	default:
		return "a " + class
	}
}
