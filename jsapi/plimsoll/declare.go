package plimsoll

import (
	"time"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/jsapi"
)

func (m *module) scenario(call goja.FunctionCall) goja.Value {
	const usage = "scenario(name, { weight, delay }, fn)"
	m.Reading("name", "", "")
	name, ok := jsapi.Text(call.Argument(0))
	if !ok {
		m.Wrong(call.Argument(0), "a string: "+usage)
	}
	options, last := call.Argument(1), call.Argument(2)
	fn, ok := goja.AssertFunction(last)
	if !ok && len(call.Arguments) <= 2 {
		fn, ok = goja.AssertFunction(options)
		options = goja.Undefined()
	}
	if !ok {
		m.Throw("fn: scenario %q has no function: %s", name, usage)
	}
	weight, delay := m.scenarioOptions(name, options)
	if err := m.script.AddScenario(name, weight, delay, fn); err != nil {
		m.Throw("%v", err)
	}
	return goja.Undefined()
}

func (m *module) scenarioOptions(name string, v goja.Value) (weight float64, delay time.Duration) {
	weight = 1
	if goja.IsUndefined(v) || goja.IsNull(v) {
		return weight, 0
	}
	m.Reading("options", "", "")
	options, ok := v.(*goja.Object)
	if !ok || !jsapi.IsRecord(options) {
		m.Wrong(v, "an object such as { weight: 2, delay: '100ms' }")
	}
	for _, key := range options.Keys() {
		m.Reading("options", key, "")
		value := jsapi.Get(options, key)
		switch key {
		case "weight":
			if !goja.IsNumber(value) || goja.IsNaN(value) || goja.IsInfinity(value) {
				m.Wrong(value, "a number")
			}
			weight = value.ToFloat()
		case "delay":
			delay = m.Duration(value, "options.delay")
		default:
			m.Throw("options: there is no option %q of scenario %q: there are weight and delay", key, name)
		}
	}
	m.Read()
	return weight, delay
}

// hook is the function that declares a hook.
func hook(name string) func(*module, goja.FunctionCall) goja.Value {
	return func(m *module, call goja.FunctionCall) goja.Value {
		fn, ok := goja.AssertFunction(call.Argument(0))
		if !ok {
			m.Throw("fn must be a function, not %s", m.Show(call.Argument(0)))
		}
		if err := m.script.AddHook(name, fn); err != nil {
			m.Throw("%v", err)
		}
		return goja.Undefined()
	}
}

func (m *module) options(call goja.FunctionCall) goja.Value {
	m.Reading("options", "", "")
	options := m.Record(call.Argument(0), "options", " such as { vus: 10 }")
	if err := m.script.SetOptions(options); err != nil {
		m.Throw("%v", err)
	}
	return goja.Undefined()
}
