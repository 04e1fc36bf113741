package http

import (
	"cmp"
	"strconv"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
	"github.com/plimsoll-load/plimsoll/runtime/failure"
)

// latest is the job whose response came last, as long as its call has it.
type latest struct {
	job    *job
	unread bool // its body was taken over by the Response
}

// lastExchange is what the last response was, for failures that are no request's.
func (m *instance) lastExchange() *failure.Wire {
	j := m.latest.job
	if j == nil {
		return nil
	}
	w := j.wire(&j.hops[len(j.hops)-1], j.failed)
	if w.Response != nil && m.latest.unread {
		w.Response.Unread = true
	}
	return w
}

// wire is an exchange with what was on the wire, where it is the job's last: the call holds no other.
func (j *job) wire(h *hop, err *engine.Error) *failure.Wire {
	t := &h.Timings
	w := &failure.Wire{Exchange: failure.Exchange{
		Method: h.method, URL: cmp.Or(h.url, j.text), Status: h.Status, Reused: h.Reused, Repeated: h.Repeated,
		Timings: failure.Timings{
			Blocked: t.Blocked.Seconds(), LookingUp: t.LookingUp.Seconds(), Connecting: t.Connecting.Seconds(),
			TLSHandshaking: t.TLSHandshaking.Seconds(), Sending: t.Sending.Seconds(), Waiting: t.Waiting.Seconds(), Receiving: t.Receiving.Seconds(),
		},
	}}
	if h.Remote.IsValid() {
		w.Remote = h.Remote.String()
	}
	if err != nil {
		w.Error = err.Message
	}
	if h != &j.hops[len(j.hops)-1] || err != nil && err.Kind == engine.KindInvalid {
		return w
	}
	call := j.call
	w.Request = &failure.Content{First: h.method + " " + call.Target() + " HTTP/1.1", Headers: call.RequestHeaders, Body: call.RequestBody()}
	if h.Status != 0 {
		w.Response = &failure.Content{
			First:   call.Proto() + " " + strconv.Itoa(h.Status) + " " + call.Reason(),
			Headers: call.Headers, Body: call.Body(), Unread: j.kind == bodyNone,
		}
	}
	return w
}
