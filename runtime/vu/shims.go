package vu

import (
	"embed"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/dop251/goja"
)

// sources holds what is easier said in JavaScript: one file a global, each a
// function that is given what it needs of Go and returns the global.
//
//go:embed shims/*.js
var sources embed.FS

// shims are the compiled sources that a script asked for.
type shims struct {
	mu       sync.Mutex
	programs map[string]*goja.Program
}

func isShim(name string) bool {
	switch name {
	case "queueMicrotask", "structuredClone", "TextEncoder", "TextDecoder", "WeakRef":
		return true
	}
	return false
}

// shim makes a global of the user's VM; nil when there is none of that name.
func (u *User) shim(name string) goja.Value {
	if !isShim(name) {
		return nil
	}
	if strings.HasPrefix(name, "Text") {
		return u.runShim(name, u.utf8())
	}
	return u.runShim(name)
}

// regExp is a constructor for scripts that make expressions at run time.
func (u *User) regExp() goja.Value {
	return u.runShim("RegExp", u.vm.ToValue(func(call goja.FunctionCall) goja.Value {
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
	}))
}

func (u *User) runShim(name string, args ...goja.Value) goja.Value {
	program, err := u.factory.shims.program(name)
	if err != nil {
		panic(u.vm.NewGoError(err))
	}
	value, err := u.vm.RunProgram(program)
	if err == nil {
		run, _ := goja.AssertFunction(value)
		value, err = run(goja.Undefined(), args...)
	}
	if err != nil {
		panic(u.vm.NewGoError(fmt.Errorf("the global %s: %w", name, err)))
	}
	return value
}

func (s *shims) program(name string) (*goja.Program, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, ok := s.programs[name]; ok {
		return p, nil
	}
	text, err := sources.ReadFile("shims/" + name + ".js")
	if err != nil {
		return nil, err
	}
	p, err := goja.Compile("plimsoll:"+name, string(text), true)
	if err != nil {
		return nil, err
	}
	if s.programs == nil {
		s.programs = map[string]*goja.Program{}
	}
	s.programs[name] = p
	return p, nil
}

// utf8 is what TextEncoder and TextDecoder need: encode(text), decode(bytes,
// fatal), and complete(bytes), the length without a character cut at the end.
func (u *User) utf8() goja.Value {
	o := u.vm.NewObject()
	bytesOf := func(v goja.Value) []byte {
		if b, ok := v.Export().(goja.ArrayBuffer); ok {
			return b.Bytes()
		}
		return nil
	}
	set := func(name string, fn func(goja.FunctionCall) goja.Value) {
		if err := o.Set(name, fn); err != nil {
			panic(u.vm.NewGoError(err))
		}
	}
	set("encode", func(call goja.FunctionCall) goja.Value {
		return u.vm.ToValue(u.vm.NewArrayBuffer([]byte(strings.ToValidUTF8(call.Argument(0).String(), "\uFFFD"))))
	})
	set("decode", func(call goja.FunctionCall) goja.Value {
		data := bytesOf(call.Argument(0))
		if call.Argument(1).ToBoolean() && !utf8.Valid(data) {
			panic(u.vm.NewTypeError("TextDecoder.decode: the bytes are not valid UTF-8"))
		}
		return u.vm.ToValue(decodeUTF8(data))
	})
	set("complete", func(call goja.FunctionCall) goja.Value {
		data := bytesOf(call.Argument(0))
		for back := 1; back <= min(3, len(data)); back++ {
			if tail := data[len(data)-back:]; utf8.RuneStart(tail[0]) {
				if !utf8.FullRune(tail) {
					return u.vm.ToValue(len(data) - back)
				}
				break
			}
		}
		return u.vm.ToValue(len(data))
	})
	return o
}

// decodeUTF8 puts U+FFFD for each byte that does not belong.
func decodeUTF8(data []byte) string {
	if utf8.Valid(data) {
		return string(data)
	}
	return string([]rune(string(data)))
}
