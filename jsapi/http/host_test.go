package http_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/jsapi"
	jshttp "github.com/plimsoll-load/plimsoll/jsapi/http"
	"github.com/plimsoll-load/plimsoll/runtime/engine"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

// host is a virtual user as far as the module needs one.
type host struct {
	vm        *goja.Runtime
	client    *engine.Client
	names     *metric.Names
	collector *metric.Collector
	samples   *metric.Buffer
	failures  []metric.Failure
	requests  int
	defaults  *goja.Object
	queue     chan func()
	waiting   int
}

func (h *host) VM() *goja.Runtime           { return h.vm }
func (h *host) Client() *engine.Client      { return h.client }
func (h *host) Names() *metric.Names        { return h.names }
func (h *host) Samples() *metric.Buffer     { return h.samples }
func (h *host) Scenario() metric.ScenarioID { return 0 }
func (h *host) Fail(f metric.Failure)       { h.failures = append(h.failures, f) }
func (h *host) Requested()                  { h.requests++ }
func (h *host) Sleep(time.Duration) bool    { return true }
func (h *host) SetOptions(goja.Value) error { return nil }
func (h *host) Defaults() *goja.Object      { return h.defaults }
func (h *host) Await() func(func()) {
	h.waiting++
	return func(then func()) { h.queue <- then }
}

func (h *host) AddScenario(string, float64, time.Duration, goja.Callable) error { return nil }
func (h *host) AddHook(string, goja.Callable) error                             { return nil }

// newHost binds the module as the global http.
func newHost(tb testing.TB, o engine.Options) *host {
	tb.Helper()
	h := &host{
		vm: goja.New(), client: engine.New(o), names: metric.NewNames(),
		collector: metric.NewCollector(time.Now(), 1), queue: make(chan func(), 100),
	}
	tb.Cleanup(h.client.Close)
	h.samples = h.collector.Buffer()
	h.names.Scenario("default")
	bind(tb, h, jshttp.Module())
	return h
}

func bind(tb testing.TB, h *host, m jsapi.Module) {
	tb.Helper()
	o := h.vm.NewObject()
	for _, e := range m.Entries(h) {
		if err := o.Set(e.Name, e.Value); err != nil {
			tb.Fatal(err)
		}
	}
	if err := h.vm.Set("http", o); err != nil {
		tb.Fatal(err)
	}
}

// run runs a script and what it left waiting, and returns its value.
func (h *host) run(tb testing.TB, script string) any {
	tb.Helper()
	v, err := h.vm.RunString(script)
	if err != nil {
		tb.Fatalf("%s\n%v", script, err)
	}
	for ; h.waiting > 0; h.waiting-- {
		select {
		case then := <-h.queue:
			then()
		case <-time.After(10 * time.Second):
			tb.Fatal("nothing came of what the script waits for")
		}
	}
	if p, ok := v.Export().(*goja.Promise); ok {
		if p.State() != goja.PromiseStateFulfilled {
			tb.Fatalf("the promise is not fulfilled: %v", p.Result())
		}
		v = p.Result()
	}
	return v.Export()
}

// window returns what was counted.
func (h *host) window() metric.Window {
	h.samples.Flush()
	return h.collector.Collect(time.Now(), 1)
}

// site serves mux; the script sees its address as the global base.
func site(tb testing.TB, h *host, handle http.HandlerFunc) *httptest.Server {
	tb.Helper()
	s := httptest.NewServer(handle)
	tb.Cleanup(s.Close)
	if err := h.vm.Set("base", s.URL); err != nil {
		tb.Fatal(err)
	}
	return s
}
