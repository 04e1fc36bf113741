package http

import (
	"strings"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/jsapi"
	"github.com/plimsoll-load/plimsoll/runtime/engine"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

// asked is what the script passed.
type asked struct {
	method            string
	url, body, params goja.Value // body may be nil
}

func (m *instance) askedFor(call goja.FunctionCall) asked {
	return asked{
		method: m.methodOf(call.Argument(0)),
		url:    call.Argument(1), body: call.Argument(2), params: call.Argument(3),
	}
}

func (m *instance) methodOf(v goja.Value) string {
	m.Reading("method", "", "")
	return strings.ToUpper(m.Words(v, "text such as 'GET'"))
}

// job is one request of the script with its redirects.
type job struct {
	asked
	call      *engine.Call
	text      string // the URL
	name      string // of the endpoint, when the script gave one
	redirects int
	expected  *expected
	kind      bodyKind
	form      bool // the body was encoded as a form
	failed    *engine.Error
	panicked  string // on a goroutine of its own
	hops      []hop
}

// hop is one exchange of a job.
type hop struct {
	engine.Result
	method, url string
}

// send makes one request of a synchronous script.
func (m *instance) send(a asked) goja.Value {
	j := m.take()
	m.prepare(j, a)
	j.run()
	r, o := m.finish(j)
	m.retire()
	m.live = r
	return o
}

// take returns a job to use. The buffers of the last one are free once its
// Response has what it may still be asked for.
func (m *instance) take() *job {
	m.retire()
	if n := len(m.free); n > 0 {
		j := m.free[n-1]
		m.free = m.free[:n-1]
		if m.latest.job == j {
			m.latest.job = nil
		}
		return j
	}
	client := m.conn.Client()
	if client == nil {
		m.throw("no requests while the script is being loaded: send them in a scenario, in the default function or in a hook")
	}
	return &job{call: client.NewCall()}
}

// retire parts the last Response from its job.
func (m *instance) retire() {
	r := m.live
	if r == nil {
		return
	}
	m.live = nil
	j := r.job
	r.detach(m)
	m.release(j)
}

func (m *instance) release(j *job) {
	j.asked = asked{}
	m.free = append(m.free, j)
}

// prepare makes the request out of what the script passed; whatever of the
// script's this runs (getters, toString), runs here.
func (m *instance) prepare(j *job, a asked) {
	j.asked = a
	j.name, j.form = "", false
	j.redirects, j.expected, j.kind = engine.DefaultRedirects, m.expected, bodyText
	j.hops = j.hops[:0]
	j.text = m.urlOf(j, a.url)
	if j.failed = j.call.Begin(a.method, j.text); j.failed != nil {
		return
	}
	if j.call.DiscardBody {
		j.kind = bodyNone
	}
	if a.body != nil {
		m.setBody(j, a.body)
	}
	if d := m.conn.Defaults(); d != nil {
		m.apply(j, d, fromDefaults)
	}
	if jsapi.Given(a.params) {
		m.Reading(fromParams, "", "")
		m.apply(j, m.record(a.params), fromParams)
	}
	m.Read()
	j.call.DiscardBody = j.kind == bodyNone
	if j.form && !j.call.HasHeader("Content-Type") {
		j.call.SetHeader("Content-Type", "application/x-www-form-urlencoded")
	}
}

// urlOf returns the URL's text; a template's name becomes the endpoint's.
func (m *instance) urlOf(j *job, v goja.Value) string {
	m.Reading("url", "", "")
	if text, ok := v.(goja.String); ok {
		return m.Unobject(text.String())
	}
	o, ok := v.(*goja.Object)
	if !ok || jsapi.ClassOf(o) != "Object" {
		return m.Words(v, wantedURL)
	}
	url, ok := jsapi.Text(jsapi.Get(o, "url"))
	if !ok {
		m.Wrong(v, wantedURL)
	}
	m.Reading("url", "name", "")
	if name := jsapi.Param(o, "name"); name != nil {
		j.name = m.Sent(name)
	}
	return url
}

const wantedURL = "text such as 'https://service.example/', or what http.url makes"

// run sends the request and follows its redirects. It touches nothing of the
// VM and may run on any goroutine.
func (j *job) run() {
	method, url := j.method, j.text
	for j.failed == nil {
		_ = j.call.Send() // it is in the call's Result
		j.hops = append(j.hops, hop{Result: j.call.Result, method: method, url: url})
		again, failed := j.call.Follow(j.redirects)
		if !again {
			j.failed = j.call.Err
			if failed != nil {
				j.failed = failed
			}
			return
		}
		method, url = j.call.Method(), j.call.URL()
	}
}

// finish counts what happened and makes the Response.
func (m *instance) finish(j *job) (*response, *goja.Object) {
	if len(j.hops) == 0 {
		j.hops = append(j.hops, hop{Result: engine.Result{Err: j.failed}, method: j.method})
	}
	m.latest = latest{job: j}
	for i := range j.hops {
		m.count(j, &j.hops[i], i == len(j.hops)-1)
	}
	last := &j.hops[len(j.hops)-1]
	r := &response{
		m: m, job: j, status: int16(last.Status), timings: last.Timings, //nolint:gosec // three digits
		url: last.url, method: last.method, failed: j.failed, kind: j.kind,
		remote: last.Remote, tls: last.TLS, cipher: last.Cipher, body: j.body, params: j.params,
	}
	return r, m.vm.NewDynamicObject(r)
}

// count writes the sample of one exchange, and fails the iteration when it failed.
func (m *instance) count(j *job, h *hop, last bool) {
	if h.Err != nil && h.Err.Kind == engine.KindInterrupted && (h.BytesOut == 0 || m.cutOff()) {
		m.rec.Fail(m.failure(j, h, 0, h.Err).Failure)
		return // it was never sent, or does not count
	}
	endpoint := m.endpoint(j, h)
	failure := metric.NoFailure
	err := h.Err
	if last && err == nil {
		err = j.failed // a redirect to nowhere
	}
	if err != nil || !j.expected.has(h.Status) {
		f := m.failure(j, h, endpoint, err)
		m.rec.Fail(f.Failure)
		failure = f.id
		if m.keep.Wants(f.id) {
			m.keep.KeepExchange(f.id, f.Failure, j.wire(h, err))
		}
	}
	m.rec.Requested()
	duration := h.Timings.Duration()
	if h.BytesOut == 0 {
		duration = h.Timings.Total() // waiting for a connection is all that it did
	}
	m.rec.Samples().Request(h.Began.Add(h.Timings.Total()), metric.Sample{
		Scenario: m.rec.Scenario(), Endpoint: endpoint, Status: uint16(h.Status), Failure: failure,
		Duration: duration, BytesIn: h.BytesIn, BytesOut: h.BytesOut, Reused: h.Reused, Repeated: h.Repeated,
	})
}

// cutOff says that what is interrupted does not count.
func (m *instance) cutOff() bool {
	plan, ok := m.rec.(jsapi.Planned)
	return ok && plan.CutOff()
}

func (m *instance) endpoint(j *job, h *hop) metric.EndpointID {
	if j.name != "" {
		return m.names.named(m.rec.Names(), h.method, j.name)
	}
	return m.names.masked(m.rec.Names(), h.method, h.url)
}
