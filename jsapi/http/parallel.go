package http

import (
	"fmt"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/jsapi"
)

// How many requests of one virtual user run at a time.
const (
	perHost  = 6
	perBatch = 20
)

// lanes let a few requests to each host through at a time.
type lanes map[string]chan struct{}

// of returns the lane of a URL's host; it is for the goroutine of the VM.
func (l *lanes) of(url string) chan struct{} {
	host := url
	if _, rest, ok := strings.Cut(url, "://"); ok {
		host, _, _ = strings.Cut(rest, "/")
	}
	lane := (*l)[host]
	if lane == nil {
		if *l == nil || len(*l) >= maxNamed {
			*l = lanes{}
		}
		lane = make(chan struct{}, perHost)
		(*l)[host] = lane
	}
	return lane
}

// ready makes a job for a request that runs beside others.
func (m *instance) ready(a asked) *job {
	j := m.take()
	m.prepare(j, a)
	return j
}

// runApart is run on a goroutine of its own: a panic, which would end the
// process there, is kept for the VM's goroutine.
func (j *job) runApart() {
	defer func() {
		if cause := recover(); cause != nil {
			j.panicked = fmt.Sprintf("%v\n%s", cause, debug.Stack())
		}
	}()
	j.run()
}

// conclude makes the Response of such a job, which is then free.
func (m *instance) conclude(j *job) *goja.Object {
	if cause := j.panicked; cause != "" {
		j.panicked = ""
		panic(cause)
	}
	r, o := m.finish(j)
	r.detach(m)
	m.latest.unread = r.long != nil
	m.release(j)
	return o
}

// async is asyncRequest: the request runs on a goroutine of its own, which the
// host waits for; what comes of it is told in the VM.
func (m *instance) async(call goja.FunctionCall) goja.Value {
	promise, resolve, reject := m.vm.NewPromise()
	var j *job
	if thrown := m.vm.Try(func() { j = m.ready(m.askedFor(call)) }); thrown != nil {
		_ = reject(m.Told(thrown.Value()))
		return m.vm.ToValue(promise)
	}
	lane := m.lanes.of(j.text)
	done := m.loop.Await()
	go func() {
		lane <- struct{}{}
		j.runApart()
		<-lane
		done(func() { _ = resolve(m.conclude(j)) })
	}()
	return m.vm.ToValue(promise)
}

// batch sends several requests in parallel and waits for all.
func (m *instance) batch(call goja.FunctionCall) goja.Value {
	m.Reading("requests", "", "")
	list, ok := call.Argument(0).(*goja.Object)
	if !ok || jsapi.ClassOf(list) != "Array" && jsapi.ClassOf(list) != "Object" {
		m.Wrong(call.Argument(0), "an array or an object of requests")
	}
	keys := list.Keys()
	jobs := make([]*job, len(keys))
	for i, key := range keys {
		m.ReadWhole()
		m.Reading("requests", key, "")
		jobs[i] = m.ready(m.ofBatch(jsapi.Get(list, key)))
	}
	m.ReadWhole()
	m.runAll(jobs)
	result := m.vm.NewObject()
	if jsapi.ClassOf(list) == "Array" {
		result = m.vm.NewArray()
	}
	for i, j := range jobs {
		m.Put(result, keys[i], m.conclude(j))
	}
	return result
}

func (m *instance) runAll(jobs []*job) {
	total := make(chan struct{}, perBatch)
	var wg sync.WaitGroup
	for _, j := range jobs {
		lane := m.lanes.of(j.text)
		wg.Go(func() {
			lane <- struct{}{}
			total <- struct{}{}
			j.runApart()
			<-total
			<-lane
		})
	}
	wg.Wait()
}

// ofBatch reads one request of a batch, whose place is the one that is being read.
func (m *instance) ofBatch(v goja.Value) asked {
	undefined := goja.Undefined()
	if _, ok := jsapi.Text(v); ok {
		return asked{method: "GET", url: v, params: undefined}
	}
	o, ok := v.(*goja.Object)
	if !ok || jsapi.ClassOf(o) != "Array" && jsapi.ClassOf(o) != "Object" {
		m.Wrong(v, "a URL, [method, url, body, params] or { method, url, body, params }")
	}
	names := [...]string{"method", "url", "body", "params"}
	if jsapi.ClassOf(o) == "Array" {
		names = [...]string{"0", "1", "2", "3"}
	}
	part := func(i int) goja.Value { return jsapi.Get(o, names[i]) }
	a := asked{method: "GET", url: part(1), body: part(2), params: part(3)}
	if goja.IsUndefined(a.url) {
		m.Wrong(v, "[method, url, body, params] or { method, url, body, params }: it has no URL")
	}
	m.ReadingWithin()
	if method := part(0); !goja.IsUndefined(method) {
		a.method = m.methodOf(method)
	}
	m.Reading("name", "", "")
	if names[0] == "method" && !goja.IsUndefined(jsapi.Get(o, "name")) {
		a.method, a.url = "GET", o // what the tag http.url makes
	}
	return a
}
