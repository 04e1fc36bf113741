package jsapitest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/jsapi"
	"github.com/plimsoll-load/plimsoll/runtime/engine"
	"github.com/plimsoll-load/plimsoll/runtime/failure"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

// What modules may ask of a host.
var (
	_ jsapi.Host        = (*Host)(nil)
	_ jsapi.Connector   = (*Host)(nil)
	_ jsapi.Recorder    = (*Host)(nil)
	_ jsapi.Keeper      = (*Host)(nil)
	_ jsapi.Loop        = (*Host)(nil)
	_ jsapi.Timers      = (*Host)(nil)
	_ jsapi.Registrar   = (*Host)(nil)
	_ jsapi.Identity    = (*Host)(nil)
	_ jsapi.Environment = (*Host)(nil)
	_ jsapi.Execution   = (*Host)(nil)
	_ jsapi.Console     = (*Host)(nil)
	_ jsapi.Files       = (*Host)(nil)
)

// VM implements [jsapi.Host].
func (h *Host) VM() *goja.Runtime { return h.vm }

// Client implements [jsapi.Connector].
func (h *Host) Client() *engine.Client { return h.Engine }

// Defaults implements [jsapi.Connector].
func (h *Host) Defaults() *goja.Object { return h.Params }

// Names implements [jsapi.Recorder].
func (h *Host) Names() *metric.Names { return h.names }

// Samples implements [jsapi.Recorder].
func (h *Host) Samples() *metric.Buffer { return h.samples }

// Scenario implements [jsapi.Recorder]: the first.
func (h *Host) Scenario() metric.ScenarioID { return 0 }

// Fail implements [jsapi.Recorder].
func (h *Host) Fail(f metric.Failure) { h.Failures = append(h.Failures, f) }

// Requested implements [jsapi.Recorder].
func (h *Host) Requested() { h.Requests++ }

// Wants implements [jsapi.Keeper]: the host has all that the tests need in Failures.
func (h *Host) Wants(metric.FailureID) bool { return false }

// KeepExchange implements [jsapi.Keeper].
func (h *Host) KeepExchange(metric.FailureID, metric.Failure, *failure.Wire) {}

// Exchanges implements [jsapi.Keeper].
func (h *Host) Exchanges(func() *failure.Wire) {}

// Await implements [jsapi.Loop].
func (h *Host) Await() (resolve func(then func())) {
	h.waiting++
	return func(then func()) {
		h.queue <- func() {
			h.waiting--
			then()
		}
	}
}

// Listen implements [jsapi.Loop]; its iteration ends only when all events have.
func (h *Host) Listen(func()) (emit func(then func()) bool, end func()) {
	h.waiting++
	ended := make(chan struct{}, 1)
	return func(then func()) bool {
			h.queue <- then
			return true
		}, func() {
			select {
			case ended <- struct{}{}:
				h.queue <- func() { h.waiting-- }
			default:
			}
		}
}

// Sleep implements [jsapi.Loop]: it only notes how long.
func (h *Host) Sleep(d time.Duration) bool {
	h.Log = append(h.Log, "slept "+d.String())
	return true
}

// After implements [jsapi.Timers].
func (h *Host) After(wait, every time.Duration, f func() error) (id int) {
	h.lastID++
	h.timers = append(h.timers, timer{h.lastID, h.now + max(wait, 0), every, f})
	return h.lastID
}

// Cancel implements [jsapi.Timers].
func (h *Host) Cancel(id int) {
	for i, t := range h.timers {
		if t.id == id {
			h.timers = append(h.timers[:i], h.timers[i+1:]...)
			return
		}
	}
}

// AddScenario implements [jsapi.Registrar].
func (h *Host) AddScenario(name string, weight float64, delay time.Duration, _ goja.Callable) error {
	h.Log = append(h.Log, fmt.Sprintf("scenario %s %v %v", name, weight, delay))
	return nil
}

// AddHook implements [jsapi.Registrar].
func (h *Host) AddHook(name string, _ goja.Callable) error {
	h.Log = append(h.Log, "hook "+name)
	return nil
}

// SetOptions implements [jsapi.Registrar].
func (h *Host) SetOptions(v goja.Value) error {
	h.Log = append(h.Log, "options "+strings.Join(v.ToObject(h.vm).Keys(), " "))
	return nil
}

// ID implements [jsapi.Identity].
func (h *Host) ID() int { return 1 }

// Iteration implements [jsapi.Identity].
func (h *Host) Iteration() (before int, loaded bool) { return 0, h.Engine != nil }

// Env implements [jsapi.Environment].
func (h *Host) Env() map[string]string { return h.Vars }

// Listening implements [jsapi.Console].
func (h *Host) Listening() bool { return true }

// Print implements [jsapi.Console].
func (h *Host) Print(level, text string) { h.Said = append(h.Said, level+" "+text) }

// Open implements [jsapi.Files].
func (h *Host) Open(path string) (text goja.Value, data []byte, err error) {
	content, ok := h.Content[path]
	if !ok {
		return nil, nil, errors.New("there is no file " + path)
	}
	return h.vm.ToValue(content), []byte(content), nil
}

// Abort implements [jsapi.Execution].
func (h *Host) Abort(reason string) { h.Log = append(h.Log, "abort "+reason) }

// FailRun implements [jsapi.Execution].
func (h *Host) FailRun(reason string) { h.Log = append(h.Log, "fail "+reason) }

// ScenarioName implements [jsapi.Execution].
func (h *Host) ScenarioName() string { return "default" }

// Turn implements [jsapi.Execution].
func (h *Host) Turn() int64 { return 7 }
