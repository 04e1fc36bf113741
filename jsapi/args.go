package jsapi

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/dop251/goja"
)

// Args reads what scripts pass to a module's functions. Its methods that
// cannot read a value throw a TypeError that names the function, and the
// argument or the property as `what` says: an instance that embeds Args is told
// which function of its table runs.
//
// Whatever of the script's reading a value may run (getters, proxies,
// toString) runs in them, and may throw, too.
type Args struct {
	VM     *goja.Runtime
	Prefix string // what messages begin with outside of the table's functions: "plimsoll/http: "

	calling calling
}

// Given says whether a value is there: neither missing, undefined nor null.
func Given(v goja.Value) bool {
	return v != nil && !goja.IsUndefined(v) && !goja.IsNull(v)
}

// Get returns a property, undefined where the object has none: never nil.
func Get(o *goja.Object, name string) goja.Value {
	if v := o.Get(name); v != nil {
		return v
	}
	return goja.Undefined()
}

// Param returns a property that was given, else nil.
func Param(o *goja.Object, name string) goja.Value {
	if v := o.Get(name); Given(v) {
		return v
	}
	return nil
}

// Record returns an object that is a list of names with values: what is an
// object, but another kind of thing (an array, a Map, a function), throws.
func (a *Args) Record(v goja.Value, what, wanted string) *goja.Object {
	o, ok := v.(*goja.Object)
	if !ok || !IsRecord(o) {
		a.Throw("%s must be an object%s, not %s%s", what, wanted, a.Show(v), instead(v, false))
	}
	return o
}

// IsRecord says whether an object is a list of names with values, as far as can
// be told without running anything of the script's: no array, Map, function or the like.
func IsRecord(o *goja.Object) bool { return ClassOf(o) == "Object" }

// Object returns an object; another value throws.
func (a *Args) Object(v goja.Value, what string) *goja.Object {
	o, ok := v.(*goja.Object)
	if !ok {
		a.Throw("%s must be an object, not %s", what, a.Show(v))
	}
	return o
}

// Function returns a function; another value throws.
func (a *Args) Function(v goja.Value, what string) goja.Callable {
	fn, ok := goja.AssertFunction(v)
	if !ok {
		a.Throw("%s must be a function, not %s", what, a.Show(v))
	}
	return fn
}

// String returns a string, or what a String object holds; another value throws.
func (a *Args) String(v goja.Value, what string) string {
	s, ok := Text(v)
	if !ok {
		a.Throw("%s must be a string, not %s", what, a.Show(v))
	}
	return s
}

// Text returns the text of a string, and whether it is one.
func Text(v goja.Value) (string, bool) {
	switch v := v.(type) {
	case nil:
		return "", false
	case goja.String:
		return v.String(), true
	case *goja.Object:
		if v.ClassName() == "String" {
			return v.String(), true
		}
	}
	return "", false
}

// Number returns a finite number, or what text or a Number object says that is
// one; another value throws.
func (a *Args) Number(v goja.Value, what string) float64 {
	n := math.NaN()
	if IsNumeric(v) {
		n = v.ToFloat()
	}
	if math.IsNaN(n) || math.IsInf(n, 0) {
		a.Throw("%s must be a number, not %s", what, a.Show(v))
	}
	return n
}

// IsNumeric says whether a value is of a kind that is taken for a number.
func IsNumeric(v goja.Value) bool {
	switch v := v.(type) {
	case nil:
		return false
	case goja.String:
		return strings.TrimSpace(v.String()) != ""
	case *goja.Object:
		return v.ClassName() == "Number" || v.ClassName() == "String"
	}
	return goja.IsNumber(v)
}

// Sent returns what is sent as text: a string, a finite number, a boolean, a
// BigInt, or an object of these. What is another is told at the place that
// [Args.Reading] said.
func (a *Args) Sent(v goja.Value) string {
	switch v := v.(type) {
	case goja.String:
		return v.String()
	case *goja.Object:
		switch v.ClassName() {
		case "String", "Number", "Boolean":
			return v.String()
		}
	case *goja.Symbol, nil:
	default:
		if Given(v) && !goja.IsNaN(v) && !goja.IsInfinity(v) {
			return v.String()
		}
	}
	a.Wrong(v, sent+"a number or a boolean")
	return ""
}

// Unobject throws where what is sent has an object in it that a script made
// text of, as by 'Bearer ' + token.
func (a *Args) Unobject(text string) string {
	if strings.IndexByte(text, '[') >= 0 && strings.Contains(text, "[object ") ||
		strings.IndexByte(text, '%') >= 0 && strings.Contains(text, "%5Bobject%20") {
		a.Throw("%s: is %s: an object was made text of; give a property of it, or JSON.stringify it", a.place(), strconv.Quote(cut(text)))
	}
	return text
}

// Words is [Args.Sent] for what must be text.
func (a *Args) Words(v goja.Value, wanted string) string {
	s, ok := Text(v)
	if !ok {
		a.Wrong(v, wanted)
	}
	return s
}

// Integer returns a number without a fraction, and whether the value is one.
func Integer(v goja.Value) (int64, bool) {
	if _, ok := v.(*goja.Object); ok || v == nil {
		return 0, false
	}
	n, ok := v.Export().(int64)
	return n, ok
}

// Duration reads a number of milliseconds, or text such as "1.5s"; another
// value throws. What is longer than a Go duration is cut to the longest.
func (a *Args) Duration(v goja.Value, what string) time.Duration {
	if text, ok := Text(v); ok {
		text = strings.TrimSpace(text)
		if ms, err := strconv.ParseFloat(text, 64); err == nil {
			return Milliseconds(ms)
		}
		d, err := time.ParseDuration(text)
		if err != nil {
			a.Throw("%s %q is not a duration such as '100ms' or '2s'", what, text)
		}
		return d
	}
	return Milliseconds(a.Number(v, what))
}

// MaxNesting is how deep JSON may nest that a script lets parse: the parsers
// call themselves for each level, and a stack that overflows ends the process.
const MaxNesting = 1000

// NestsTooDeep says whether brackets in a text nest deeper than MaxNesting,
// outside of JSON strings. It looks at each byte once, and allocates nothing.
func NestsTooDeep(text string) bool {
	if len(text) <= MaxNesting {
		return false
	}
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++ // what follows ends no string
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			if depth++; depth > MaxNesting {
				return true
			}
		case c == ']' || c == '}':
			depth--
		}
	}
	return false
}

// Milliseconds makes a duration of a number of milliseconds, at most as long
// as a duration can be; of what is no number 0.
func Milliseconds(ms float64) time.Duration {
	d := ms * float64(time.Millisecond)
	switch {
	case math.IsNaN(d):
		return 0
	case d >= math.MaxInt64:
		return math.MaxInt64
	case d <= math.MinInt64:
		return math.MinInt64
	}
	return time.Duration(d)
}

// Bytes returns the bytes of an ArrayBuffer, a typed array or a DataView, not
// copied, and whether the value is one.
func Bytes(v goja.Value) ([]byte, bool) {
	o, ok := v.(*goja.Object)
	if !ok {
		return nil, false
	}
	if b, ok := Held[goja.ArrayBuffer](o); ok {
		return live(b), true
	}
	if !isView(o) {
		return nil, false
	}
	b, ok := Held[goja.ArrayBuffer](Get(o, "buffer"))
	if !ok {
		return nil, false
	}
	data := live(b)
	from, length := Get(o, "byteOffset").ToInteger(), Get(o, "byteLength").ToInteger()
	if from < 0 || length < 0 || from > int64(len(data)) || length > int64(len(data))-from {
		return nil, false // a plain object that only looks like a view
	}
	return data[from : from+length], true
}

// live returns the bytes of a buffer; of one that was detached none.
func live(b goja.ArrayBuffer) []byte {
	if b.Detached() {
		return nil
	}
	return b.Bytes()
}

// Promise makes a promise, as a value, with the functions that settle it in
// the VM's goroutine.
func (a *Args) Promise() (promise goja.Value, resolve func(any), reject func(reason any)) {
	p, fulfil, refuse := a.VM.NewPromise()
	return a.VM.ToValue(p),
		func(v any) { _ = fulfil(v) }, // fails only where the promise's job was interrupted
		func(reason any) { _ = refuse(reason) }
}

// Map makes an object without a prototype, for names that come from outside:
// there "__proto__" and "constructor" are names like any other.
func (a *Args) Map() *goja.Object {
	return a.VM.CreateObject(nil)
}

// Put sets a property of an object that was made here; "__proto__" is one like any other.
func (a *Args) Put(o *goja.Object, name string, v any) {
	var err error
	if name == "__proto__" {
		err = o.DefineDataProperty(name, a.VM.ToValue(v), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE)
	} else {
		err = o.Set(name, v) // cheaper
	}
	if err != nil {
		panic(err)
	}
}
