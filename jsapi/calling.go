package jsapi

import (
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/dop251/goja"
)

// calling is what a module's function is doing: messages name it, and what of
// its arguments is being read.
type calling struct {
	fn string // as scripts call it: "http.post"
	in string // what the argument is part of: "requests[0]."
	at place
}

// place is an argument, a property of it, and one of that: params, headers, "X-Token".
type place struct{ argument, property, key string }

// plain are the names that need no quotes in a path.
var plain = regexp.MustCompile(`^[A-Za-z_$][\w$]*$`)

// String is the place as it would stand in a script: params.headers["X-Token"].
func (p place) String() string {
	text := p.argument
	for _, name := range []string{p.property, p.key} {
		switch _, err := strconv.ParseUint(name, 10, 32); {
		case name == "":
		case plain.MatchString(name):
			text += "." + name
		case err == nil:
			text += "[" + name + "]"
		default:
			text += "[" + strconv.Quote(cut(name)) + "]"
		}
	}
	return text
}

// self gives what a module's instance embeds, for the functions of its table.
func (a *Args) self() *Args { return a }

// Reading says what is read next: an argument, and of it a property, and a key
// of that. What the script's own getters and toString throw until the function
// returns, or [Args.Read] is called, is told as of it.
func (a *Args) Reading(argument, property, key string) {
	a.calling.at = place{argument, property, key}
}

// ReadingWithin says that what is read next is part of what is being read now.
func (a *Args) ReadingWithin() {
	a.calling.in += a.calling.at.String() + "."
	a.Read()
}

// ReadWhole ends what ReadingWithin began.
func (a *Args) ReadWhole() { a.calling.in = "" }

// Read says that the arguments are read: what is thrown now is the script's own.
func (a *Args) Read() { a.calling.at.argument = "" }

// Wrong throws that what is being read is not what it should be.
func (a *Args) Wrong(v goja.Value, wanted string) {
	a.Throw("%s: is %s; give %s", a.place(), a.Show(v), wanted+instead(v, strings.HasPrefix(wanted, sent)))
}

// place is what is being read.
func (a *Args) place() string { return a.calling.in + a.calling.at.String() }

// sent begins what is wanted where any text will do.
const sent = "text, "

// instead is what the script may have meant; any text will do where JSON would.
func instead(v goja.Value, orJSON bool) string {
	o, ok := v.(*goja.Object)
	if !ok {
		return ""
	}
	switch ClassOf(o) {
	case "Map":
		return ", or Object.fromEntries(it)"
	case "Set":
		return ", or [...it]"
	case "Date":
		return ", or its toISOString()"
	case "Promise":
		return ", or await it"
	case "Function":
		return ", or what it returns: call it"
	case "Object", "Array", "Error":
		if orJSON {
			return ", or JSON.stringify it"
		}
	}
	return ""
}

// enter notes that a function is called, and returns the one around it.
func (a *Args) enter(fn string) (outer string) {
	outer = a.calling.fn
	a.calling.fn = fn
	a.Read()
	return outer
}

// leave is deferred by each function of a table. What the script threw while
// an argument was read becomes an error of this call.
func (a *Args) leave(outer string) {
	if a.calling.at.argument == "" {
		a.calling.fn = outer
		return
	}
	inner := a.calling
	a.calling = calling{fn: outer}
	switch thrown := recover().(type) {
	case nil:
	case *goja.Exception:
		panic(a.threw(inner, thrown.Value()))
	case goja.Value:
		panic(a.threw(inner, thrown))
	default:
		panic(thrown) // an interruption, or a fault
	}
}

// Told is what a caught exception of the script's is told as, where a function
// catches it: that of reading an argument, else the exception itself.
func (a *Args) Told(thrown goja.Value) goja.Value {
	if a.calling.at.argument == "" {
		return thrown
	}
	return a.threw(a.calling, thrown)
}

// threw is the error of a call during which reading an argument threw.
func (a *Args) threw(c calling, value goja.Value) *goja.Object {
	text := a.Show(value)
	if o, ok := value.(*goja.Object); ok {
		_ = a.VM.Try(func() { text = cut(o.String()) }) // what throws again is shown as what it is
	}
	e := a.VM.NewTypeError("%s: %s: reading it threw %s", c.fn, c.in+c.at.String(), text)
	_ = a.VM.Try(func() { _ = e.Set("cause", value) })
	return e
}

// fullName is how a script calls a function of a module: http.get, check.
func fullName(module, entry string) string {
	if last := path.Base(module); last != module {
		return last + "." + entry
	}
	return entry
}

// called makes of a function one whose messages name it, where the module's
// instance embeds Args.
func called[I any](i I, fn string, f func(I, goja.FunctionCall) goja.Value) func(goja.FunctionCall) goja.Value {
	embeds, ok := any(i).(interface{ self() *Args })
	if !ok {
		return func(call goja.FunctionCall) goja.Value { return f(i, call) }
	}
	a := embeds.self()
	return func(call goja.FunctionCall) goja.Value {
		outer := a.enter(fn)
		defer a.leave(outer)
		return f(i, call)
	}
}

// prefix is what messages of this call begin with.
func (a *Args) prefix() string {
	if a.calling.fn != "" {
		return a.calling.fn + ": "
	}
	return a.Prefix
}

// Throw ends the script's call with a TypeError.
func (a *Args) Throw(format string, args ...any) {
	text := a.prefix() + fmt.Sprintf(format, args...)
	a.calling = calling{fn: a.calling.fn} // it is this call's own
	panic(a.VM.NewTypeError("%s", text))
}
