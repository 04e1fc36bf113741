package vu

import (
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dop251/goja"
)

// globals is the prototype of the global object. A VM gets a global when its
// script first asks for it: a function costs 750 bytes, and there are
// thousands of virtual users.
type globals struct{ u *User }

func (g *globals) Get(name string) goja.Value {
	u := g.u
	switch name { // these change, or are cheap
	case "__VU":
		return u.vm.ToValue(u.id)
	case "__ITER":
		if !u.loaded {
			return goja.Undefined()
		}
		return u.vm.ToValue(u.iteration)
	}
	value := g.make(name)
	if value == nil {
		return nil
	}
	if err := u.vm.GlobalObject().DefineDataProperty(name, value, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE); err != nil {
		return nil
	}
	return value
}

func (g *globals) make(name string) goja.Value {
	u := g.u
	if native := g.function(name); native != nil {
		return u.vm.ToValue(native)
	}
	switch name {
	case "__ENV":
		return u.vm.NewDynamicObject(&environment{u: u})
	case "console":
		return u.vm.NewDynamicObject(&lazy{vm: u.vm, names: []string{"log", "info", "debug", "warn", "error", "trace"}, make: func(method string) goja.Value {
			level, _ := consoleLevel(method)
			return u.vm.ToValue(u.consoleMethod(level))
		}})
	case "performance":
		start := time.Now()
		return u.vm.NewDynamicObject(&lazy{vm: u.vm, names: []string{"now", "timeOrigin"}, make: func(property string) goja.Value {
			if property == "timeOrigin" {
				return u.vm.ToValue(float64(start.UnixMicro()) / 1000)
			}
			return u.vm.ToValue(func(goja.FunctionCall) goja.Value {
				return u.vm.ToValue(float64(time.Since(start)) / float64(time.Millisecond))
			})
		}})
	}
	return u.shim(name)
}

func (g *globals) function(name string) func(goja.FunctionCall) goja.Value {
	u := g.u
	switch name {
	case "setTimeout":
		return u.setTimer(false)
	case "setInterval":
		return u.setTimer(true)
	case "clearTimeout", "clearInterval":
		return u.clearTimer
	case "open":
		return u.open
	case "btoa":
		return u.btoa
	case "atob":
		return u.atob
	}
	return nil
}

func (g *globals) Set(string, goja.Value) bool { return false }
func (g *globals) Has(name string) bool {
	switch name {
	case "__VU", "__ITER", "__ENV", "console", "performance":
		return true
	}
	return g.function(name) != nil || isShim(name)
}
func (g *globals) Delete(string) bool { return false }
func (g *globals) Keys() []string     { return nil }

// lazy is an object whose properties are made when they are asked for.
type lazy struct {
	vm    *goja.Runtime
	names []string
	make  func(name string) goja.Value
	made  map[string]goja.Value
}

func (l *lazy) Get(name string) goja.Value {
	if v, ok := l.made[name]; ok {
		return v
	}
	if !slices.Contains(l.names, name) {
		return nil
	}
	v := l.make(name)
	l.Set(name, v)
	return v
}

func (l *lazy) Set(name string, v goja.Value) bool {
	if l.made == nil {
		l.made = map[string]goja.Value{}
	}
	l.made[name] = v
	return true
}

func (l *lazy) Has(name string) bool {
	return l.made[name] != nil || slices.Contains(l.names, name)
}
func (l *lazy) Delete(string) bool { return false }
func (l *lazy) Keys() []string     { return l.names }

// environment is __ENV: what is common to all users, and what this one wrote.
type environment struct {
	u   *User
	own map[string]goja.Value // nil values are deleted names
}

func (e *environment) Get(name string) goja.Value {
	if v, ok := e.own[name]; ok {
		return v
	}
	if v, ok := e.u.factory.config.Env[name]; ok {
		return e.u.vm.ToValue(v)
	}
	return nil
}

func (e *environment) Set(name string, v goja.Value) bool {
	if e.own == nil {
		e.own = map[string]goja.Value{}
	}
	e.own[name] = v
	return true
}

func (e *environment) Has(name string) bool    { return e.Get(name) != nil }
func (e *environment) Delete(name string) bool { return e.Set(name, nil) }
func (e *environment) Keys() []string {
	names := map[string]bool{}
	for name := range e.u.factory.config.Env {
		names[name] = true
	}
	for name, v := range e.own {
		names[name] = v != nil
	}
	maps.DeleteFunc(names, func(_ string, there bool) bool { return !there })
	return slices.Sorted(maps.Keys(names))
}

func (u *User) btoa(call goja.FunctionCall) goja.Value {
	text := call.Argument(0).String()
	raw := make([]byte, 0, len(text))
	for _, r := range text {
		if r > 0xff {
			panic(u.vm.NewTypeError("btoa: the text has characters beyond Latin-1: encode it first, as with TextEncoder"))
		}
		raw = append(raw, byte(r))
	}
	return u.vm.ToValue(base64.StdEncoding.EncodeToString(raw))
}

func (u *User) atob(call goja.FunctionCall) goja.Value {
	text := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t\n\f\r", r) {
			return -1
		}
		return r
	}, call.Argument(0).String())
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		panic(u.vm.NewTypeError("atob: this is not base64: %v", err))
	}
	runes := make([]rune, len(raw))
	for i, b := range raw {
		runes[i] = rune(b)
	}
	return u.vm.ToValue(string(runes))
}
