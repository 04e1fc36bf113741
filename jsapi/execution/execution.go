// Package execution is the module 'plimsoll/execution': what runs now, and how
// a script ends it. 'k6/execution' is the same module.
package execution

import (
	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/jsapi"
)

const doc = `What runs now, and how a script ends it. ` + "`k6/execution`" + ` is the same module.

` + "`test.abort(reason)`" + ` ends the run in order: the iteration that calls it fails, others have their time to end, teardown runs, and the
exit code is 4. ` + "`test.fail(reason)`" + ` lets the run go on, and makes its exit code 4. What k6 has beside this is an error that says so.`

// Module returns the module's table.
func Module() jsapi.Module {
	return jsapi.Define(jsapi.Module{Name: "plimsoll/execution", Aliases: []string{"k6/execution"}, Doc: doc, Absent: map[string]string{
		"instance": "how long the run took and how many virtual users there are is in its result",
	}}, newInstance,
		jsapi.Value("vu", ": {\n  readonly idInTest: number;\n  readonly idInInstance: number;\n  readonly iterationInInstance: number;\n}",
			"The virtual user: its number, from 1, and how many iterations it ran before.", (*instance).vu),
		jsapi.Value("scenario", ": {\n  readonly name: string;\n  readonly iterationInTest: number;\n  readonly iterationInInstance: number;\n}",
			"The scenario. `iterationInTest` is a number, from 0, that no other iteration of the scenario gets: they are given in the order in which iterations ask.", (*instance).scenario),
		jsapi.Value("test", ": {\n  abort(reason?: string): never;\n  fail(reason?: string): void;\n}",
			"The whole test.", (*instance).test),
	)
}

// instance is the module in one virtual machine.
type instance struct {
	jsapi.Args
	who  jsapi.Identity
	run  jsapi.Execution
	conn jsapi.Connector
}

func newInstance(h jsapi.Host) *instance {
	return &instance{
		Args: jsapi.Args{VM: h.VM()}, who: jsapi.Need[jsapi.Identity](h),
		run: jsapi.Need[jsapi.Execution](h), conn: jsapi.Need[jsapi.Connector](h),
	}
}

// properties are an object whose values are read when a script asks for them.
type properties struct {
	m    *instance
	name string
	get  map[string]func() any
}

// absent are properties that k6 has beside those.
func absent(name string) string {
	switch name {
	case "tags", "metrics":
		return "tag scenarios with options.scenarios, checks and metrics with their last argument"
	case "iterationInScenario":
		return "vu.iterationInInstance counts over all scenarios of the virtual user"
	case "executor", "startTime", "progress", "options":
		return "what a script must know of its options it has in its own constant"
	}
	return ""
}

func (p *properties) Get(key string) goja.Value {
	if get := p.get[key]; get != nil {
		return p.m.VM.ToValue(get())
	}
	if instead := absent(key); instead != "" {
		panic(p.m.VM.NewTypeError("execution.%s.%s is not here: %s", p.name, key, instead))
	}
	return nil
}

func (p *properties) Set(key string, _ goja.Value) bool {
	panic(p.m.VM.NewTypeError("execution.%s.%s cannot be set", p.name, key))
}
func (p *properties) Has(key string) bool    { return p.get[key] != nil }
func (p *properties) Delete(key string) bool { return p.get[key] == nil }
func (p *properties) Keys() (keys []string) {
	for _, key := range []string{"name", "idInTest", "idInInstance", "iterationInTest", "iterationInInstance"} {
		if p.Has(key) {
			keys = append(keys, key)
		}
	}
	return keys
}

func (m *instance) object(name string, get map[string]func() any) any {
	return m.VM.NewDynamicObject(&properties{m, name, get})
}

func (m *instance) vu() any {
	id := func() any { return m.who.ID() }
	return m.object("vu", map[string]func() any{
		"idInTest": id, "idInInstance": id,
		"iterationInInstance": func() any { before, _ := m.who.Iteration(); return before },
	})
}

func (m *instance) scenario() any {
	turn := func() any {
		m.running("scenario.iterationInTest")
		return m.run.Turn()
	}
	return m.object("scenario", map[string]func() any{
		"name": func() any {
			m.running("scenario.name")
			return m.run.ScenarioName()
		},
		"iterationInTest": turn, "iterationInInstance": turn,
	})
}

// running throws when no iteration runs.
func (m *instance) running(what string) {
	if m.conn.Client() == nil {
		panic(m.VM.NewTypeError("execution.%s: there is none while the script is loaded: ask in an iteration", what))
	}
}

func (m *instance) test() any {
	o := m.VM.NewObject()
	options := m.VM.ToValue(func(goja.FunctionCall) goja.Value {
		panic(m.VM.NewTypeError("execution.test.options is not here: %s", absent("options")))
	})
	if err := o.DefineAccessorProperty("options", options, nil, goja.FLAG_TRUE, goja.FLAG_FALSE); err != nil {
		panic(err)
	}
	m.Put(o, "abort", func(call goja.FunctionCall) goja.Value {
		m.running("test.abort")
		reason := m.reason(call, "test.abort: ")
		m.run.Abort(reason)
		failure, err := m.VM.New(m.VM.Get("Error"), m.VM.ToValue("the script aborted the test: "+reason))
		if err != nil {
			panic(err)
		}
		panic(failure)
	})
	m.Put(o, "fail", func(call goja.FunctionCall) goja.Value {
		m.running("test.fail")
		m.run.FailRun(m.reason(call, "test.fail: "))
		return goja.Undefined()
	})
	return o
}

// reason is what a script gives as such, within bounds.
func (m *instance) reason(call goja.FunctionCall, function string) string {
	m.Prefix = function
	v := call.Argument(0)
	if !jsapi.Given(v) {
		return "it gave no reason"
	}
	text := m.String(v, "reason")
	const most = 500
	if len(text) > most {
		text = text[:most] + "…"
	}
	return text
}
