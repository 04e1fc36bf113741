package plimsoll

import (
	"fmt"
	"time"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/jsapi"
)

func (m *module) scenario(call goja.FunctionCall) goja.Value {
	const usage = "scenario(name, { weight, delay }, fn)"
	name, ok := jsapi.Text(call.Argument(0))
	if !ok {
		m.Throw("%s: the name must be a string", usage)
	}
	options, last := call.Argument(1), call.Argument(2)
	fn, ok := goja.AssertFunction(last)
	if !ok && len(call.Arguments) <= 2 {
		fn, ok = goja.AssertFunction(options)
		options = goja.Undefined()
	}
	if !ok {
		m.Throw("%s: scenario %q has no function", usage, name)
	}
	weight, delay := m.scenarioOptions(name, options)
	if err := m.script.AddScenario(name, weight, delay, fn); err != nil {
		m.Throw("scenario: %v", err)
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
		m.Throw("scenario %q: the second argument must be an object such as { weight: 2, delay: '100ms' }", name)
	}
	for _, key := range options.Keys() {
		value := jsapi.Get(options, key)
		switch key {
		case "weight":
			if _, isText := jsapi.Text(value); isText {
				m.Throw("scenario %q: the weight must be a number", name)
			}
			weight = value.ToFloat()
		case "delay":
			delay = m.Duration(value, fmt.Sprintf("scenario %q: the delay", name))
		default:
			m.Throw("scenario %q: there is no option %q: there are weight and delay", name, key)
		}
	}
	return weight, delay
}

// hook is the function that declares a hook.
func hook(name string) func(*module, goja.FunctionCall) goja.Value {
	return func(m *module, call goja.FunctionCall) goja.Value {
		fn, ok := goja.AssertFunction(call.Argument(0))
		if !ok {
			m.Throw("%s(fn): the argument must be a function", name)
		}
		if err := m.script.AddHook(name, fn); err != nil {
			m.Throw("%s: %v", name, err)
		}
		return goja.Undefined()
	}
}

func (m *module) options(call goja.FunctionCall) goja.Value {
	if _, ok := call.Argument(0).(*goja.Object); !ok {
		m.Throw("options({ … }): the argument must be an object")
	}
	if err := m.script.SetOptions(call.Argument(0)); err != nil {
		m.Throw("options: %v", err)
	}
	return goja.Undefined()
}
