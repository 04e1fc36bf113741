package http

import (
	"fmt"
	"runtime/debug"
	"strconv"
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
	m.release(j)
	return o
}

// async is asyncRequest: the request runs on a goroutine of its own, which the
// host waits for; what comes of it is told in the VM.
func (m *instance) async(call goja.FunctionCall) goja.Value {
	promise, resolve, reject := m.vm.NewPromise()
	var j *job
	if thrown := m.vm.Try(func() { j = m.ready(askedFor(call)) }); thrown != nil {
		_ = reject(thrown.Value())
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
	list, ok := call.Argument(0).(*goja.Object)
	if !ok {
		m.throw("batch: takes an array or an object of requests")
	}
	keys := list.Keys()
	jobs := make([]*job, len(keys))
	for i, key := range keys {
		jobs[i] = m.ready(m.ofBatch(key, jsapi.Get(list, key)))
	}
	m.runAll(jobs)
	result := m.vm.NewObject()
	if list.ClassName() == "Array" {
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

// ofBatch reads one request of a batch.
func (m *instance) ofBatch(key string, v goja.Value) asked {
	undefined := goja.Undefined()
	o, ok := v.(*goja.Object)
	if !ok {
		return asked{method: "GET", url: v, params: undefined}
	}
	names := [...]string{"method", "url", "body", "params"}
	if o.ClassName() == "Array" {
		names = [...]string{"0", "1", "2", "3"}
	}
	part := func(i int) goja.Value { return jsapi.Get(o, names[i]) }
	if goja.IsUndefined(part(1)) {
		m.throw("batch: request " + strconv.Quote(key) + " has no URL")
	}
	a := asked{method: "GET", url: part(1), body: part(2), params: part(3)}
	if !goja.IsUndefined(part(0)) {
		a.method = strings.ToUpper(part(0).String())
	}
	if names[0] == "method" && !goja.IsUndefined(jsapi.Get(o, "name")) {
		a.method, a.url = "GET", o // what the tag http.url makes
	}
	return a
}
