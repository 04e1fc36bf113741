package http

import (
	"net/http"
	"strconv"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/jsapi"
	"github.com/plimsoll-load/plimsoll/runtime/engine"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

// maxFailures bounds the table of failures that one virtual user keeps.
const maxFailures = 256

// failureKey tells failures of requests apart.
type failureKey struct {
	endpoint metric.EndpointID
	status   int
	message  string
}

type failed struct {
	metric.Failure
	id metric.FailureID
}

// failure says why an exchange failed. Most are the same again and again: a
// test that fails fast must not spend its time on describing it.
func (m *instance) failure(j *job, h *hop, endpoint metric.EndpointID, err *engine.Error) failed {
	key := failureKey{endpoint: endpoint, status: h.Status}
	if err != nil {
		key.message = err.Message
	} else if h == &j.hops[len(j.hops)-1] {
		key.message = j.call.Forwarder() // the status may be the proxy's own
	}
	if f, ok := m.failures[key]; ok {
		return f
	}
	if m.failures == nil || len(m.failures) >= maxFailures {
		m.failures = map[failureKey]failed{}
	}
	f := failed{Failure: metric.Failure{Target: h.method + " " + nameOf(j, h.url)}}
	if err != nil {
		f.Kind, f.Message, f.Code = string(err.Kind), err.Message, err.Code
	} else {
		f.Kind, f.Code = "status", h.Status
		f.Message = statusText(h.Status)
		if key.message != "" {
			f.Message += " (through proxy " + key.message + ")"
		}
	}
	f.id = m.rec.Names().Failure(f.Failure)
	m.failures[key] = f
	return f
}

func statusText(status int) string {
	if text := http.StatusText(status); text != "" {
		return strconv.Itoa(status) + " " + text
	}
	return strconv.Itoa(status)
}

// expected are the statuses that are no failure.
type expected struct {
	ranges []statusRange // nil: all of them
}

type statusRange struct{ min, max int }

func defaultExpected() *expected { return &expected{ranges: []statusRange{{1, 399}}} }

func (e *expected) has(status int) bool {
	if e.ranges == nil {
		return true
	}
	for _, r := range e.ranges {
		if r.min <= status && status <= r.max {
			return true
		}
	}
	return false
}

const wantedStatuses = "numbers, or { min, max } with min ≤ max"

func (m *instance) expectedStatuses(call goja.FunctionCall) goja.Value {
	e := &expected{}
	for i, a := range call.Arguments {
		m.Reading("statuses", strconv.Itoa(i), "")
		e.ranges = append(e.ranges, m.statuses(a))
	}
	if len(e.ranges) == 0 {
		m.throw("it names no status: statuses are " + wantedStatuses)
	}
	return m.vm.ToValue(e)
}

// statuses reads a number, or {min, max}.
func (m *instance) statuses(v goja.Value) statusRange {
	if n, ok := jsapi.Integer(v); ok {
		return statusRange{int(n), int(n)}
	}
	o, ok := v.(*goja.Object)
	if !ok {
		m.Wrong(v, wantedStatuses)
	}
	low, ok1 := jsapi.Integer(jsapi.Get(o, "min"))
	high, ok2 := jsapi.Integer(jsapi.Get(o, "max"))
	if !ok1 || !ok2 || low > high {
		m.Wrong(v, wantedStatuses)
	}
	return statusRange{int(low), int(high)}
}

func (m *instance) setResponseCallback(call goja.FunctionCall) goja.Value {
	m.Reading("expected", "", "")
	m.expected = m.expectation(call.Argument(0))
	return goja.Undefined()
}

// expectation reads what a script passes where expected statuses are wanted.
func (m *instance) expectation(v goja.Value) *expected {
	if goja.IsNull(v) {
		return &expected{}
	}
	e, ok := jsapi.Held[*expected](v)
	if !ok {
		m.Wrong(v, "what expectedStatuses(…) returns, or null")
	}
	return e
}
