package plimsoll

import (
	"errors"
	"math"
	"math/rand/v2"
	"strconv"
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
	m.running()
	m.Reading("checks", "", "")
	checks, ok := call.Argument(1).(*goja.Object)
	if !ok || !jsapi.IsRecord(checks) {
		m.Wrong(call.Argument(1), "an object of functions: "+checkUsage)
	}
	names := checks.Keys()
	if len(names) == 0 {
		m.Wrong(checks, "an object of functions: this one has none")
	}
	m.tags(call.Argument(2))
	args := call.Arguments[:1] // the predicates' own
	now := time.Now()
	all := true
	for _, name := range names {
		m.Reading("checks", name, "")
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

// tags looks at a check's tags, which are not counted by: k6's scripts have them.
func (m *module) tags(v goja.Value) {
	if !jsapi.Given(v) {
		return
	}
	m.Reading("tags", "", "")
	o, ok := v.(*goja.Object)
	if !ok || !jsapi.IsRecord(o) {
		m.Wrong(v, "an object such as { name: 'value' }")
	}
	for _, name := range o.Keys() {
		m.Reading("tags", name, "")
		if value := jsapi.Get(o, name); jsapi.Given(value) {
			m.Sent(value)
		}
	}
}

// holds asks one predicate. What it throws is given back, to be thrown on.
func (m *module) holds(predicate goja.Value, args []goja.Value) (bool, error) {
	fn, ok := goja.AssertFunction(predicate)
	if !ok {
		if _, symbol := predicate.(*goja.Symbol); symbol || jsapi.IsPromise(predicate) {
			m.Wrong(predicate, "a function, or what came of one")
		}
		m.Read()
		return predicate.ToBoolean(), nil
	}
	m.Read()
	value, err := fn(goja.Undefined(), args...)
	var thrown *goja.Exception
	switch {
	case errors.As(err, &thrown):
		return false, err
	case err != nil: // interrupted: nothing was found out
		panic(err)
	}
	if jsapi.IsPromise(value) {
		m.Throw("checks: the function is async: await first, then check what came of it: %s", checkUsage)
	}
	return value.ToBoolean(), nil
}

func (m *module) known(name string) known {
	key := checkKey{m.rec.Scenario(), m.path, name}
	if c, ok := m.checks[key]; ok {
		return c
	}
	if strings.Contains(name, separator) {
		m.Throw("checks: the name %q must not contain %q, which separates groups", name, separator)
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
	m.running()
	m.Reading("name", "", "")
	name, ok := jsapi.Text(call.Argument(0))
	if !ok || strings.Contains(name, separator) {
		m.Wrong(call.Argument(0), "a string without "+strconv.Quote(separator))
	}
	fn, ok := goja.AssertFunction(call.Argument(1))
	if !ok {
		m.Throw("fn: group %q has no function: group(name, fn)", name)
	}
	m.Read()
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
		m.Throw("fn: the function of group %q is async: groups are synchronous", name)
	}
	return value
}

func (m *module) sleep(call goja.FunctionCall) goja.Value {
	seconds := m.Number(call.Argument(0), "seconds")
	m.loop.Sleep(time.Duration(min(seconds, float64(math.MaxInt64/int64(time.Second))) * float64(time.Second)))
	return goja.Undefined()
}

func (m *module) fail(call goja.FunctionCall) goja.Value {
	m.running()
	message := "fail() was called"
	if v := call.Argument(0); jsapi.Given(v) {
		message = m.reason(v)
	}
	failure, err := m.VM.New(m.VM.Get("Error"), m.VM.ToValue(message))
	if err != nil {
		panic(err)
	}
	panic(failure)
}

// reason is the text of what fail is given: an Error's is its own.
func (m *module) reason(v goja.Value) string {
	m.Reading("message", "", "")
	var text string
	if o, ok := v.(*goja.Object); ok && jsapi.ClassOf(o) == "Error" {
		text = o.String()
	} else {
		text = m.Sent(v)
	}
	m.Read()
	return text
}

func (m *module) randomSeed(call goja.FunctionCall) goja.Value {
	random := rand.New(rand.NewPCG(uint64(int64(m.Number(call.Argument(0), "seed"))), 0))
	m.VM.SetRandSource(random.Float64)
	return goja.Undefined()
}
