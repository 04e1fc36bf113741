package plimsoll

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/jsapi"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

// checkKey names a check within one virtual machine.
type checkKey struct {
	scenario    metric.ScenarioID
	group, name string
}

type known struct {
	id   metric.CheckID
	name string // with its groups
}

const checkUsage = "check(value, { 'what must hold': (value) => … })"

func (m *module) check(call goja.FunctionCall) goja.Value {
	m.running("check")
	checks, ok := call.Argument(1).(*goja.Object)
	if !ok {
		m.Throw("%s: the second argument must be an object of functions", checkUsage)
	}
	names := checks.Keys()
	if len(names) == 0 {
		m.Throw("%s: the object has no functions", checkUsage)
	}
	args := call.Arguments[:1] // the predicates' own
	now := time.Now()
	all := true
	for _, name := range names {
		passed, err := m.holds(jsapi.Get(checks, name), args)
		c := m.known(name)
		m.rec.Samples().Check(now, metric.Sample{Scenario: m.rec.Scenario(), Check: c.id, OK: passed})
		if !passed {
			all = false
			m.rec.Fail(metric.Failure{Kind: "check", Message: c.name})
		}
		if err != nil {
			panic(err)
		}
	}
	return m.VM.ToValue(all)
}

// holds asks one predicate. What it throws is given back, to be thrown on.
func (m *module) holds(predicate goja.Value, args []goja.Value) (bool, error) {
	fn, ok := goja.AssertFunction(predicate)
	if !ok {
		return predicate.ToBoolean(), nil
	}
	value, err := fn(goja.Undefined(), args...)
	var thrown *goja.Exception
	switch {
	case errors.As(err, &thrown):
		return false, err
	case err != nil: // interrupted: nothing was found out
		panic(err)
	}
	if jsapi.IsPromise(value) {
		m.Throw("%s: the function is async: await first, then check what came of it", checkUsage)
	}
	return value.ToBoolean(), nil
}

func (m *module) known(name string) known {
	key := checkKey{m.rec.Scenario(), m.path, name}
	if c, ok := m.checks[key]; ok {
		return c
	}
	if strings.Contains(name, separator) {
		m.Throw("check: the name %q must not contain %q, which separates groups", name, separator)
	}
	full := name
	if m.path != "" {
		full = m.path + separator + name
	}
	c := known{m.rec.Names().Check(metric.CheckName{Scenario: key.scenario, Name: full}), full}
	if m.checks == nil || len(m.checks) >= maxKnown {
		m.checks = map[checkKey]known{}
	}
	m.checks[key] = c
	return c
}

// maxKnown bounds the cache of a script that makes names up.
const maxKnown = 1000

// separator stands between the names of groups and a check.
const separator = "::"

func (m *module) group(call goja.FunctionCall) goja.Value {
	m.running("group")
	name, ok := jsapi.Text(call.Argument(0))
	if !ok || strings.Contains(name, separator) {
		m.Throw("group(name, fn): the name must be a string without %q", separator)
	}
	fn, ok := goja.AssertFunction(call.Argument(1))
	if !ok {
		m.Throw("group(name, fn): group %q has no function", name)
	}
	m.groups = append(m.groups, name)
	m.path = strings.Join(m.groups, separator)
	defer func() {
		m.groups = m.groups[:len(m.groups)-1]
		m.path = strings.Join(m.groups, separator)
	}()
	value, err := fn(goja.Undefined())
	if err != nil {
		panic(err)
	}
	if jsapi.IsPromise(value) {
		m.Throw("group(name, fn): the function of group %q is async: groups are synchronous", name)
	}
	return value
}

func (m *module) sleep(call goja.FunctionCall) goja.Value {
	seconds := call.Argument(0).ToFloat()
	if math.IsNaN(seconds) {
		m.Throw("sleep(seconds): the argument must be a number")
	}
	m.loop.Sleep(time.Duration(min(seconds, float64(math.MaxInt64/int64(time.Second))) * float64(time.Second)))
	return goja.Undefined()
}

func (m *module) fail(call goja.FunctionCall) goja.Value {
	m.running("fail")
	message := "fail() was called"
	if len(call.Arguments) > 0 {
		message = call.Argument(0).String()
	}
	failure, err := m.VM.New(m.VM.Get("Error"), m.VM.ToValue(message))
	if err != nil {
		panic(err)
	}
	panic(failure)
}

func (m *module) randomSeed(call goja.FunctionCall) goja.Value {
	random := rand.New(rand.NewPCG(uint64(call.Argument(0).ToInteger()), 0))
	m.VM.SetRandSource(random.Float64)
	return goja.Undefined()
}
