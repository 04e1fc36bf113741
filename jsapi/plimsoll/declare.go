package plimsoll

import (
	"strings"
	"time"

	"github.com/dop251/goja"
)

func (m *module) scenario(call goja.FunctionCall) goja.Value {
	const usage = "scenario(name, { weight, delay }, fn)"
	name, ok := call.Argument(0).Export().(string)
	if !ok {
		panic(m.typeError("%s: the name must be a string", usage))
	}
	options, last := call.Argument(1), call.Argument(2)
	fn, ok := goja.AssertFunction(last)
	if !ok && len(call.Arguments) <= 2 {
		fn, ok = goja.AssertFunction(options)
		options = goja.Undefined()
	}
	if !ok {
		panic(m.typeError("%s: scenario %q has no function", usage, name))
	}
	weight, delay := m.scenarioOptions(name, options)
	if err := m.host.AddScenario(name, weight, delay, fn); err != nil {
		panic(m.typeError("scenario: %v", err))
	}
	return goja.Undefined()
}

func (m *module) scenarioOptions(name string, v goja.Value) (weight float64, delay time.Duration) {
	weight = 1
	if goja.IsUndefined(v) || goja.IsNull(v) {
		return weight, 0
	}
	options, ok := v.(*goja.Object)
	if !ok {
		panic(m.typeError("scenario %q: the second argument must be an object such as { weight: 2, delay: '100ms' }", name))
	}
	for _, key := range options.Keys() {
		value := options.Get(key)
		switch key {
		case "weight":
			if _, isText := value.Export().(string); isText {
				panic(m.typeError("scenario %q: the weight must be a number", name))
			}
			weight = value.ToFloat()
		case "delay":
			delay = m.duration(name, value)
		default:
			panic(m.typeError("scenario %q: there is no option %q: there are weight and delay", name, key))
		}
	}
	return weight, delay
}

// duration reads '100ms', '2s', or a number of milliseconds.
func (m *module) duration(name string, v goja.Value) time.Duration {
	text, ok := v.Export().(string)
	if !ok {
		return time.Duration(v.ToFloat() * float64(time.Millisecond))
	}
	d, err := time.ParseDuration(strings.TrimSpace(text))
	if err != nil {
		panic(m.typeError("scenario %q: the delay %q is not a duration such as '100ms' or '2s'", name, text))
	}
	return d
}

func (m *module) hook(name string) func(goja.FunctionCall) goja.Value {
	return func(call goja.FunctionCall) goja.Value {
		fn, ok := goja.AssertFunction(call.Argument(0))
		if !ok {
			panic(m.typeError("%s(fn): the argument must be a function", name))
		}
		if err := m.host.AddHook(name, fn); err != nil {
			panic(m.typeError("%s: %v", name, err))
		}
		return goja.Undefined()
	}
}

func (m *module) options(call goja.FunctionCall) goja.Value {
	if _, ok := call.Argument(0).(*goja.Object); !ok {
		panic(m.typeError("options({ … }): the argument must be an object"))
	}
	if err := m.host.SetOptions(call.Argument(0)); err != nil {
		panic(m.typeError("options: %v", err))
	}
	return goja.Undefined()
}
