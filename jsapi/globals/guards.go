package globals

import (
	"errors"
	"strings"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/jsapi"
)

// What one call of a script may make: memory is the whole process's, and what
// cannot be had of it, or a stack that overflows, ends the process at once.
const (
	maxText     = 1 << 28 // characters of a string
	maxBuffer   = 1 << 28 // bytes of an ArrayBuffer
	maxElements = 1 << 25 // of an array
	maxFlat     = 1000    // levels
)

// Guards returns the module that puts bounds on built-in functions. A script's
// loader asks for those whose names the script has: a guard costs each virtual
// machine about a kilobyte. A script that hides the names from it gets past
// them, but gains nothing: `s += s` has no bound either.
func Guards() jsapi.Module {
	return jsapi.Define(jsapi.Module{Name: "plimsoll:guards", Internal: true}, newGuards,
		guard("JSON", (*guards).json),
		guard("repeat", (*guards).repeat),
		guard("padStart", pad("padStart")),
		guard("padEnd", pad("padEnd")),
		guard("raw", (*guards).raw),
		guard("flat", (*guards).flat),
		guard("Array", (*guards).array),
		guard("from", (*guards).from),
		guard("sparse", (*guards).sparse),
		guard("Date", (*guards).localDate),
		setter("Milliseconds"), setter("Seconds"), setter("Minutes"), setter("Hours"), setter("Date"), setter("Month"), setter("FullYear"),
		guard("toLocaleString", (*guards).toLocaleString),
		guard("toLocaleStringOfBigInt", (*guards).bigIntToLocaleString),
		buffer("ArrayBuffer", 1),
		buffer("Int8Array", 1), buffer("Uint8Array", 1), buffer("Uint8ClampedArray", 1),
		buffer("Int16Array", 2), buffer("Uint16Array", 2),
		buffer("Int32Array", 4), buffer("Uint32Array", 4), buffer("Float32Array", 4),
		buffer("Float64Array", 8), buffer("BigInt64Array", 8), buffer("BigUint64Array", 8),
	)
}

type guards struct {
	jsapi.Args
	writing []*goja.Object // the arrays within each other that toLocaleString is writing
}

func newGuards(h jsapi.Host) *guards { return &guards{Args: jsapi.Args{VM: h.VM()}} }

// setter is the guard of a function that sets a field of a local time.
func setter(field string) jsapi.Export[*guards] { return guard("set"+field, localSetter(field)) }

// guard is a value that puts a guard in place when it is asked for.
func guard(name string, install func(*guards)) jsapi.Export[*guards] {
	return jsapi.Value(name, ": void", "Bounds "+name+".", func(g *guards) any {
		install(g)
		return goja.Undefined()
	})
}

// at returns a global, or what a path of properties leads to from it.
func (g *guards) at(path ...string) *goja.Object {
	o := g.VM.GlobalObject()
	for _, name := range path {
		o = jsapi.Get(o, name).ToObject(g.VM)
	}
	return o
}

// before replaces a function by one that looks at its arguments first, and may change them.
func (g *guards) before(holder *goja.Object, name string, look func(*goja.FunctionCall)) {
	original, ok := goja.AssertFunction(jsapi.Get(holder, name))
	if !ok {
		return
	}
	g.replace(holder, name, func(call goja.FunctionCall) goja.Value {
		look(&call)
		v, err := original(call.This, call.Arguments...)
		if err != nil {
			panic(err)
		}
		return v
	})
}

func (g *guards) replace(holder *goja.Object, name string, v any) {
	if err := holder.DefineDataProperty(name, g.VM.ToValue(v), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE); err != nil {
		panic(g.VM.NewGoError(err))
	}
}

// refuse throws a RangeError.
func (g *guards) refuse(message string) {
	e, err := g.VM.New(g.at("RangeError"), g.VM.ToValue(message))
	if err != nil {
		panic(err)
	}
	panic(e)
}

// number makes an argument a number, once, and keeps it as that.
func number(call *goja.FunctionCall, i int) float64 {
	if i >= len(call.Arguments) {
		return 0
	}
	if _, ok := call.Arguments[i].(*goja.Object); ok {
		call.Arguments[i] = call.Arguments[i].ToNumber()
	}
	return call.Arguments[i].ToFloat()
}

func (g *guards) json() {
	g.before(g.at("JSON"), "parse", func(call *goja.FunctionCall) {
		if len(call.Arguments) == 0 {
			return
		}
		text := call.Arguments[0].ToString()
		call.Arguments[0] = text
		if jsapi.NestsTooDeep(text.String()) {
			g.refuse("JSON.parse: the text nests too deep")
		}
	})
}

// text makes `this` a string, once.
func text(call *goja.FunctionCall) (length int) {
	if !jsapi.Given(call.This) {
		return 0 // it will throw
	}
	s := call.This.ToString()
	call.This = s
	if s, ok := s.(goja.String); ok {
		return s.Length()
	}
	return 0
}

func (g *guards) repeat() {
	g.before(g.at("String", "prototype"), "repeat", func(call *goja.FunctionCall) {
		if float64(text(call))*number(call, 0) > maxText {
			g.refuse("Invalid string length: more than 268435456 characters")
		}
	})
}

// pad bounds padStart or padEnd.
func pad(name string) func(*guards) {
	return func(g *guards) {
		g.before(g.at("String", "prototype"), name, func(call *goja.FunctionCall) {
			text(call)
			if number(call, 0) > maxText {
				g.refuse("Invalid string length: more than 268435456 characters")
			}
		})
	}
}

func (g *guards) raw() {
	g.before(g.at("String"), "raw", func(call *goja.FunctionCall) {
		if o, ok := call.Argument(0).(*goja.Object); ok {
			if parts, ok := jsapi.Get(o, "raw").(*goja.Object); ok && jsapi.Get(parts, "length").ToFloat() > maxFlat {
				g.refuse("String.raw: a template has fewer parts")
			}
		}
	})
}

// flat bounds how deep it goes: an array that holds itself has no bottom.
func (g *guards) flat() {
	g.before(g.at("Array", "prototype"), "flat", func(call *goja.FunctionCall) {
		if number(call, 0) > maxFlat {
			call.Arguments[0] = g.VM.ToValue(maxFlat)
		}
	})
}

func (g *guards) array() {
	g.before(g.at("Array"), "from", func(call *goja.FunctionCall) {
		if o, ok := call.Argument(0).(*goja.Object); ok && jsapi.Get(o, "length").ToFloat() > maxElements {
			g.refuse("Invalid array length: more than 33554432")
		}
	})
	g.constructor("Array", func(args []goja.Value) {
		if len(args) == 1 && count(args[0]) > maxElements {
			g.refuse("Invalid array length: more than 33554432")
		}
	})
}

// buffer bounds a constructor of bytes.
func buffer(name string, size float64) jsapi.Export[*guards] {
	return guard(name, func(g *guards) {
		g.constructor(name, func(args []goja.Value) {
			if len(args) == 0 {
				return
			}
			n := count(args[0])
			if o, ok := args[0].(*goja.Object); ok {
				if _, bytes := jsapi.Held[goja.ArrayBuffer](o); !bytes && !strings.HasSuffix(name, "Buffer") {
					n = jsapi.Get(o, "length").ToFloat()
				}
			}
			if n*size > maxBuffer {
				g.refuse("Array buffer allocation failed: more than 268435456 bytes")
			}
		})
	})
}

// count is the number that a value is; of what is none 0.
func count(v goja.Value) float64 {
	if _, ok := v.(*goja.Object); ok {
		return 0
	}
	switch v.Export().(type) {
	case int64, float64:
		return v.ToFloat()
	}
	return 0
}

// constructor replaces a global constructor by one that looks at the arguments
// first. All else it inherits: the prototype, and the constructor's properties.
func (g *guards) constructor(name string, look func(args []goja.Value)) {
	native := g.at(name)
	construct, ok := goja.AssertConstructor(native)
	if !ok {
		return
	}
	wrapped := g.VM.ToValue(func(call goja.ConstructorCall) *goja.Object {
		look(call.Arguments)
		o, err := construct(call.NewTarget, call.Arguments...)
		if err != nil {
			panic(err)
		}
		return o
	}).ToObject(g.VM)
	prototype := jsapi.Get(native, "prototype").ToObject(g.VM)
	err := errors.Join(
		wrapped.SetPrototype(native), wrapped.Set("prototype", prototype),
		wrapped.DefineDataProperty("name", g.VM.ToValue(name), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	if err != nil {
		panic(g.VM.NewGoError(err))
	}
	g.replace(g.VM.GlobalObject(), name, wrapped)
	g.replace(prototype, "constructor", wrapped)
}
