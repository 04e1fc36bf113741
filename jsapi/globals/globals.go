// Package globals has what every script finds without importing it: console,
// timers, __ENV, open and what goja lacks of the usual globals.
package globals

import (
	_ "embed"
	"time"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/jsapi"
)

//go:embed globals.d.ts
var types string

const about = `What every script has without importing it.

` + "`toLocaleString`, `toLocaleDateString` and `toLocaleTimeString` of Date, Number and BigInt, `Intl.DateTimeFormat` and `Intl.NumberFormat`" + ` write what
Node writes, for the common locales and options. The default locale is en-US, the default time zone that of the machine. A locale, an option or a
time zone that is not there is a RangeError that says so.`

// Module returns the module's table.
func Module() jsapi.Module {
	m := jsapi.Module{Name: "globals", Global: true, Doc: about, Types: types}
	const timer = "(callback: (...args: any[]) => void, milliseconds?: number, ...args: any[]): number"
	return jsapi.DefineShared(m, newPrograms, newInstance,
		jsapi.Live("__VU", ": number", "The number of the virtual user, from 1; 0 where none runs.", (*instance).vu),
		jsapi.Live("__ITER", ": number", "How many iterations this virtual user ran before; undefined while the script is loaded.", (*instance).iteration),
		jsapi.Value("__ENV", ": { [name: string]: string }", "The environment. Each virtual user may change its own copy.", (*instance).environment),
		jsapi.Function("open", "(path: string): string\n(path: string, mode: 'b'): ArrayBuffer", "Reads a file, relative to the script, while the script is loaded: as text, in UTF-8 and without a byte order mark, or with 'b' its bytes.", (*instance).open),
		jsapi.Function("setTimeout", timer, "Calls a function once, later; the iteration stays open until then.", (*instance).setTimeout),
		jsapi.Function("setInterval", timer, "Calls a function again and again, until clearInterval.", (*instance).setInterval),
		jsapi.Function("clearTimeout", "(id: number | undefined): void", "Takes a call back that setTimeout has planned.", (*instance).clearTimer),
		jsapi.Function("clearInterval", "(id: number | undefined): void", "Ends what setInterval began.", (*instance).clearTimer),
		shim("queueMicrotask", "(callback: () => void): void", "Calls a function when the code that runs now has ended."),
		shim("structuredClone", "<T>(value: T): T", "Copies a value with all that it holds."),
		jsapi.Function("btoa", "(text: string): string", "Base64 of text in Latin-1.", (*instance).btoa),
		jsapi.Function("atob", "(base64: string): string", "Text in Latin-1 of base64.", (*instance).atob),
		jsapi.Value("console", ": Console", "Writes lines to the log, on stderr.", (*instance).console),
		jsapi.Value("performance", ": Performance", "A clock for durations.", (*instance).performance),
		shim("TextEncoder", ": { prototype: TextEncoder; new (): TextEncoder }", "Text to bytes, in UTF-8."),
		shim("TextDecoder", ": {\n  prototype: TextDecoder;\n  new (label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean }): TextDecoder;\n}", "Bytes to text."),
		shim("WeakRef", ": WeakRefConstructor", "Refers to an object. The virtual machine keeps the object: `deref` always finds it."),
	)
}

// Timers returns the module that has the timers of the globals, as k6's has.
func Timers() jsapi.Module {
	const timer = "(callback: (...args: any[]) => void, milliseconds?: number, ...args: any[]): number"
	m := jsapi.Module{Name: "plimsoll/timers", Aliases: []string{"k6/timers", "k6/experimental/timers"}, Doc: "The timers, which are globals as well. `k6/timers` is the same module."}
	return jsapi.DefineShared(m, newPrograms, newInstance,
		jsapi.Function("setTimeout", timer, "Calls a function once, later; the iteration stays open until then.", (*instance).setTimeout),
		jsapi.Function("setInterval", timer, "Calls a function again and again, until clearInterval.", (*instance).setInterval),
		jsapi.Function("clearTimeout", "(id: number | undefined): void", "Takes a call back that setTimeout has planned.", (*instance).clearTimer),
		jsapi.Function("clearInterval", "(id: number | undefined): void", "Ends what setInterval began.", (*instance).clearTimer),
	)
}

// Intl returns the module of the global Intl, which TypeScript declares itself.
func Intl() jsapi.Module {
	return jsapi.DefineShared(jsapi.Module{Name: "plimsoll:Intl", Global: true, Internal: true}, newPrograms, newInstance,
		jsapi.Value("Intl", ": typeof Intl", "Dates and numbers as people of a country write them.", (*instance).newIntl))
}

// instance is the globals of one virtual machine.
type instance struct {
	jsapi.Args
	programs *programs
	who      jsapi.Identity
	env      jsapi.Environment
	timers   jsapi.Timers
	lines    jsapi.Console
	files    jsapi.Files
}

func newInstance(h jsapi.Host, p *programs) *instance {
	return &instance{
		Args: jsapi.Args{VM: h.VM()}, programs: p, who: jsapi.Need[jsapi.Identity](h), env: jsapi.Need[jsapi.Environment](h),
		timers: jsapi.Need[jsapi.Timers](h), lines: jsapi.Need[jsapi.Console](h), files: jsapi.Need[jsapi.Files](h),
	}
}

func (m *instance) vu() any { return m.who.ID() }

func (m *instance) iteration() any {
	before, loaded := m.who.Iteration()
	if !loaded {
		return goja.Undefined()
	}
	return before
}

func (m *instance) environment() any {
	return m.VM.NewDynamicObject(&environment{vm: m.VM, common: m.env.Env})
}

func (m *instance) performance() any {
	start := time.Now()
	return m.VM.NewDynamicObject(&lazy{vm: m.VM, names: []string{"now", "timeOrigin"}, make: func(property string) any {
		if property == "timeOrigin" {
			return float64(start.UnixMicro()) / 1000
		}
		return func(goja.FunctionCall) goja.Value {
			return m.VM.ToValue(float64(time.Since(start)) / float64(time.Millisecond))
		}
	}})
}

// open is open(path, 'b'?): relative to the script, while it is loaded.
func (m *instance) open(call goja.FunctionCall) goja.Value {
	if _, loaded := m.who.Iteration(); loaded {
		m.Throw("it must be called while the script is loaded, at its top level: files read during the load would be part of what is measured")
	}
	mode := ""
	if v := call.Argument(1); jsapi.Given(v) {
		if mode = m.String(v, "mode"); mode != "b" && mode != "" {
			m.Throw("mode is %q: there is 'b', for bytes; without it the file is read as text", mode)
		}
	}
	text, data, err := m.files.Open(m.String(call.Argument(0), "path"))
	if err != nil {
		m.Throw("path: %v", err)
	}
	if mode == "b" {
		return m.VM.ToValue(m.VM.NewArrayBuffer(append([]byte(nil), data...)))
	}
	return text
}

func (m *instance) setTimeout(call goja.FunctionCall) goja.Value  { return m.setTimer(call, false) }
func (m *instance) setInterval(call goja.FunctionCall) goja.Value { return m.setTimer(call, true) }

func (m *instance) setTimer(call goja.FunctionCall, repeat bool) goja.Value {
	fn, ok := goja.AssertFunction(call.Argument(0))
	if !ok {
		m.Throw("callback must be a function, not %s", m.Show(call.Argument(0)))
	}
	wait := max(jsapi.Milliseconds(m.delay(call.Argument(1))), 0)
	every := time.Duration(0)
	if repeat {
		every = max(wait, time.Millisecond)
	}
	var args []goja.Value
	if len(call.Arguments) > 2 {
		args = append(args, call.Arguments[2:]...)
	}
	return m.VM.ToValue(m.timers.After(wait, every, func() error {
		_, err := fn(goja.Undefined(), args...)
		return err
	}))
}

// delay is a number of milliseconds: as in browsers what is missing, or text that is no number, is 0.
func (m *instance) delay(v goja.Value) float64 {
	switch o, isObject := v.(*goja.Object); {
	case isObject && !jsapi.IsNumeric(o), !isObject && jsapi.Given(v) && !jsapi.IsNumeric(v) && !isText(v):
		m.Throw("milliseconds must be a number, not %s", m.Show(v))
	}
	return v.ToFloat()
}

func isText(v goja.Value) bool {
	_, ok := jsapi.Text(v)
	return ok
}

// clearTimer takes what is no timer's number for one that has ended, as browsers do.
func (m *instance) clearTimer(call goja.FunctionCall) goja.Value {
	if v := call.Argument(0); jsapi.IsNumeric(v) {
		m.timers.Cancel(int(v.ToInteger()))
	}
	return goja.Undefined()
}
