package vu

import (
	_ "embed"

	"github.com/dop251/goja"
)

// globals is the prototype of the global object. A VM gets a global of the
// modules when its script first asks for it: a function costs 750 bytes, and
// there are thousands of virtual users.
type globals struct {
	u    *User
	need Need
}

func (g *globals) Get(name string) goja.Value {
	if g.need == nil {
		g.need = g.u.factory.config.Bind(g.u)
	}
	return g.need("", name)
}

func (g *globals) Has(name string) bool        { return g.Get(name) != nil }
func (g *globals) Set(string, goja.Value) bool { return false }
func (g *globals) Delete(string) bool          { return false }
func (g *globals) Keys() []string              { return nil }

//go:embed regexp.js
var regExpSource string

// regExp is a constructor for scripts that make expressions at run time.
func (u *User) regExp() goja.Value {
	expand := u.vm.ToValue(func(call goja.FunctionCall) goja.Value {
		expanded, err := u.factory.config.Script.ExpandRegExp(call.Argument(0).String(), call.Argument(1).String())
		if err != nil {
			constructor, _ := goja.AssertConstructor(u.vm.Get("SyntaxError"))
			syntaxError, failed := constructor(nil, u.vm.ToValue(err.Error()))
			if failed != nil {
				panic(u.vm.NewGoError(err))
			}
			panic(syntaxError)
		}
		return u.vm.ToValue(expanded)
	})
	made, err := u.factory.regExp()
	if err == nil {
		var value goja.Value
		if value, err = u.vm.RunProgram(made); err == nil {
			run, _ := goja.AssertFunction(value)
			if value, err = run(goja.Undefined(), expand); err == nil {
				return value
			}
		}
	}
	panic(u.vm.NewGoError(err))
}

// compileRegExp compiles what regExp runs, once for all users.
func compileRegExp() (*goja.Program, error) {
	return goja.Compile("plimsoll:RegExp", regExpSource, true)
}
