// Package jsapitest has the host that tests of modules use: a virtual user
// without a script, whose time is virtual and which notes what it is asked.
package jsapitest

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/jsapi"
	"github.com/plimsoll-load/plimsoll/runtime/engine"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

// Host has every capability that modules may ask for.
type Host struct {
	Engine   *engine.Client // nil: as while a script is being loaded
	Params   *goja.Object   // what beforeVU returned
	Vars     map[string]string
	Content  map[string]string // files, by path
	Failures []metric.Failure
	Requests int
	Log      []string // what else the host was asked to do
	Said     []string // lines written to the console

	vm        *goja.Runtime
	need      func(module, name string) goja.Value
	names     *metric.Names
	collector *metric.Collector
	samples   *metric.Buffer
	queue     chan func()
	waiting   int
	timers    []timer
	now       time.Duration // of virtual time
	lastID    int
}

type timer struct {
	id         int
	due, every time.Duration
	call       func() error
}

// New makes a host that can send requests. Bound to it are, as globals, what
// the global modules give, and each other module by the last part of its name.
func New(tb testing.TB, o engine.Options, modules ...jsapi.Module) *Host {
	tb.Helper()
	h := &Host{
		Engine: engine.New(o), vm: goja.New(), names: metric.NewNames(),
		queue: make(chan func(), 1000),
	}
	h.collector = metric.NewCollector(h.names, time.Now(), 1)
	tb.Cleanup(h.Engine.Close)
	h.samples = h.collector.Buffer()
	h.names.Scenario("default")
	b, err := jsapi.NewBinder(modules)
	if err != nil {
		tb.Fatal(err)
	}
	h.need = b.Bind(h)
	for _, m := range modules {
		if m.Internal {
			continue
		}
		if err := h.bind(m); err != nil {
			tb.Fatal(err)
		}
	}
	return h
}

// bind sets a module's exports as globals, and as properties of one that is named as the module.
func (h *Host) bind(m jsapi.Module) error {
	all := h.vm.NewObject()
	var errs []error
	for _, e := range m.Entries {
		if m.Global {
			errs = append(errs, h.vm.Set(e.Name, h.need("", e.Name)))
			continue
		}
		v := h.need(m.Name, e.Name)
		errs = append(errs, all.Set(e.Name, v))
		if e.Name != "scenario" || h.vm.Get(e.Name) == nil { // plimsoll's is before execution's
			errs = append(errs, h.vm.Set(e.Name, v))
		}
	}
	if !m.Global {
		errs = append(errs, h.vm.Set(lastPart(m.Name), all))
	}
	return errors.Join(errs...)
}

// Export returns what a module exports under a name, or a global.
func (h *Host) Export(module, name string) goja.Value {
	if module == "globals" {
		module = ""
	}
	return h.need(module, name)
}

func lastPart(name string) string {
	for i := len(name) - 1; i >= 0; i-- {
		if name[i] == '/' {
			return name[i+1:]
		}
	}
	return name
}

// Run runs a script and what it left waiting, and returns its value, of a
// promise what it came to.
func (h *Host) Run(tb testing.TB, script string) any {
	tb.Helper()
	v, err := h.Try(script)
	if err != nil {
		tb.Fatalf("%s\n%v", script, err)
	}
	return v.Export()
}

// Try is Run for a script that may throw.
func (h *Host) Try(script string) (goja.Value, error) {
	v, err := h.vm.RunString(script)
	if err != nil {
		return nil, err
	}
	if err := h.Drain(); err != nil {
		return nil, err
	}
	if p, ok := jsapi.Held[*goja.Promise](v); ok {
		if p.State() != goja.PromiseStateFulfilled {
			return nil, fmt.Errorf("the promise is not fulfilled: %v", p.Result())
		}
		v = p.Result()
	}
	return v, nil
}

// Drain runs the event loop until nothing is left to wait for.
func (h *Host) Drain() error {
	for h.waiting > 0 || len(h.timers) > 0 {
		if h.waiting == 0 {
			if err := h.fire(); err != nil {
				return err
			}
			continue
		}
		select {
		case then := <-h.queue:
			if ex := h.vm.Try(then); ex != nil {
				return ex
			}
		case <-time.After(10 * time.Second):
			return errors.New("nothing came of what the script waits for")
		}
	}
	return nil
}

// fire calls the timer that is due first, at once.
func (h *Host) fire() error {
	first := 0
	for i, t := range h.timers {
		if t.due < h.timers[first].due {
			first = i
		}
	}
	t := h.timers[first]
	h.now = t.due
	if t.every > 0 {
		h.timers[first].due += t.every
	} else {
		h.timers = slices.Delete(h.timers, first, first+1)
	}
	return t.call()
}

// Window returns what was counted since the last call.
func (h *Host) Window() metric.Window {
	h.samples.Flush()
	return h.collector.Collect(time.Now(), 1)
}

// Subscribe counts the values of a metric that carry tags, see [metric.Collector.Subscribe].
func (h *Host) Subscribe(name string, tags ...metric.Tag) (metric.SeriesID, error) {
	return h.collector.Subscribe(name, tags...)
}

// Serve answers requests; the script sees the server's address as the global base.
func (h *Host) Serve(tb testing.TB, handle http.HandlerFunc) *httptest.Server {
	tb.Helper()
	s := httptest.NewServer(handle)
	tb.Cleanup(s.Close)
	if err := h.vm.Set("base", s.URL); err != nil {
		tb.Fatal(err)
	}
	return s
}
