package globals

import (
	"embed"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/jsapi"
)

// sources holds what is easier said in JavaScript: one file a global, each a
// function that is given what it needs of Go and returns the global.
//
//go:embed shims/*.js
var sources embed.FS

// programs are the compiled sources that some script of the run asked for.
type programs struct {
	mu       sync.Mutex
	compiled map[string]*goja.Program
}

func newPrograms() *programs { return &programs{compiled: map[string]*goja.Program{}} }

// shim exports what shims/<name>.js makes.
func shim(name, sig, doc string) jsapi.Export[*instance] {
	return jsapi.Value(name, sig, doc, func(m *instance) any {
		if strings.HasPrefix(name, "Text") {
			return m.run(name, m.utf8())
		}
		return m.run(name)
	})
}

func (m *instance) run(name string, args ...goja.Value) goja.Value {
	program, err := m.programs.get(name)
	if err != nil {
		panic(m.VM.NewGoError(err))
	}
	value, err := m.VM.RunProgram(program)
	if err == nil {
		run, _ := goja.AssertFunction(value)
		value, err = run(goja.Undefined(), args...)
	}
	if err != nil {
		panic(m.VM.NewGoError(fmt.Errorf("the global %s: %w", name, err)))
	}
	return value
}

func (p *programs) get(name string) (*goja.Program, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known, ok := p.compiled[name]; ok {
		return known, nil
	}
	text, err := sources.ReadFile("shims/" + name + ".js")
	if err != nil {
		return nil, err
	}
	compiled, err := goja.Compile("plimsoll:"+name, string(text), true)
	if err != nil {
		return nil, err
	}
	p.compiled[name] = compiled
	return compiled, nil
}

// utf8 is what TextEncoder and TextDecoder need: text(value), encode(text), decode(bytes,
// fatal), and complete(bytes), the length without a character cut at the end.
func (m *instance) utf8() goja.Value {
	o := m.VM.NewObject()
	bytesOf := func(v goja.Value) []byte {
		b, _ := jsapi.Bytes(v)
		return b
	}
	text := func(v goja.Value) string { return m.text(v, "TextEncoder: text") }
	m.Put(o, "text", func(call goja.FunctionCall) goja.Value { return m.VM.ToValue(text(call.Argument(0))) })
	m.Put(o, "encode", func(call goja.FunctionCall) goja.Value {
		return m.VM.ToValue(m.VM.NewArrayBuffer([]byte(strings.ToValidUTF8(text(call.Argument(0)), "\uFFFD"))))
	})
	m.Put(o, "decode", func(call goja.FunctionCall) goja.Value {
		data := bytesOf(call.Argument(0))
		if call.Argument(1).ToBoolean() && !utf8.Valid(data) {
			m.Throw("TextDecoder.decode: the bytes are not valid UTF-8")
		}
		return m.VM.ToValue(decodeUTF8(data))
	})
	m.Put(o, "complete", func(call goja.FunctionCall) goja.Value {
		data := bytesOf(call.Argument(0))
		for back := 1; back <= min(3, len(data)); back++ {
			if tail := data[len(data)-back:]; utf8.RuneStart(tail[0]) {
				if !utf8.FullRune(tail) {
					return m.VM.ToValue(len(data) - back)
				}
				break
			}
		}
		return m.VM.ToValue(len(data))
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
