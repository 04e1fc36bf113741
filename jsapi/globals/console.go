package globals

import "github.com/dop251/goja"

func (m *instance) console() any {
	return m.VM.NewDynamicObject(&lazy{
		vm: m.VM, names: []string{"log", "info", "debug", "warn", "error", "trace"},
		make: func(method string) any { return m.consoleMethod(levelOf(method)) },
	})
}

// consoleMethod is console.log and its kin.
func (m *instance) consoleMethod(level string) func(goja.FunctionCall) goja.Value {
	return func(call goja.FunctionCall) goja.Value {
		if m.lines.Listening() {
			m.lines.Print(level, m.inspectAll(call.Arguments))
		}
		return goja.Undefined()
	}
}

func levelOf(method string) string {
	switch method {
	case "debug", "trace":
		return "debug"
	case "warn", "error":
		return method
	}
	return "info"
}
