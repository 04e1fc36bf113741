package fakeaws

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// maxBody bounds what one request may carry; objects are small in tests.
const maxBody = 64 << 20

// ServeHTTP answers one API call, or a question about the double itself below [ControlPath].
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, ControlPath) {
		c.control(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	q := parseAsk(r, body)
	c.mu.Lock()
	call := c.note(q)
	faulty := c.takeFault(q, call.N)
	c.mu.Unlock()

	if c.options.Before != nil && !c.options.Before(call) || faulty.Kind == dropBefore {
		panic(http.ErrAbortHandler)
	}
	if faulty.Kind == holdBefore {
		c.hold(r)
	}
	a := c.answer(q, r, faulty) //nolint:contextcheck // what a call starts lives longer than the call
	c.mu.Lock()
	call.Status, call.Error, call.Response = a.status, a.code, string(a.body)
	c.calls[call.N-1] = call
	c.mu.Unlock()
	if faulty.Kind == holdAfter {
		c.hold(r)
	}
	if c.options.After != nil && !c.options.After(call) || faulty.Kind == dropAfter {
		panic(http.ErrAbortHandler)
	}
	a.send(w)
}

// note writes a call down before it is done, so that its number is known to hooks and faults.
func (c *Cloud) note(q ask) Call {
	call := Call{N: len(c.calls) + 1, Service: q.service, Action: q.action, Region: q.region, Request: q.body}
	c.calls = append(c.calls, call)
	return call
}

// answer does the call.
func (c *Cloud) answer(q ask, r *http.Request, faulty Fault) answer {
	if e := faulty.refusal(q); e != nil {
		return q.refuse(e)
	}
	if q.service == "s3" {
		return c.object(q, r)
	}
	if q.service == "" {
		return q.refuse(&apiError{http.StatusForbidden, "MissingAuthenticationToken", "Request is missing Authentication Token"})
	}
	h, ok := c.handlers[q.service+":"+q.action]
	if !ok {
		return q.refuse(&apiError{http.StatusBadRequest, unknownAction(q.service), fmt.Sprintf("the double does not know %s of %s", q.action, q.service)})
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance()
	v, err := h(c.in(q.region), q)
	var refused *apiError
	switch {
	case errors.As(err, &refused):
		return q.refuse(refused)
	case err != nil:
		return q.refuse(&apiError{http.StatusBadRequest, invalid(q.service), err.Error()})
	}
	return q.encode(v, c.uuid())
}

// object passes a request on to S3.
func (c *Cloud) object(q ask, r *http.Request) answer {
	rec := &recorder{header: http.Header{}, status: http.StatusOK}
	r.Body = io.NopCloser(strings.NewReader(q.body))
	c.objects.ServeHTTP(rec, r)
	return answer{status: rec.status, header: rec.header, body: rec.body.Bytes()}
}

// recorder keeps an answer that another handler writes.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }
func (r *recorder) WriteHeader(status int)      { r.status = status }

// Transport answers an http.Client in this process, without a network: what a synctest bubble needs.
func (c *Cloud) Transport() http.RoundTripper { return transport{c} }

type transport struct{ cloud *Cloud }

func (t transport) RoundTrip(r *http.Request) (res *http.Response, err error) {
	defer func() {
		if p := recover(); p != nil {
			if p != http.ErrAbortHandler { //nolint:errorlint // a panic's value is compared, as net/http does
				panic(p)
			}
			res, err = nil, fmt.Errorf("connection dropped: %w", io.ErrUnexpectedEOF)
		}
	}()
	in := r.Clone(r.Context())
	if in.Host == "" {
		in.Host = in.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	rec := &recorder{header: http.Header{}, status: http.StatusOK}
	t.cloud.ServeHTTP(rec, in)
	return &http.Response{
		StatusCode: rec.status, Status: fmt.Sprintf("%d %s", rec.status, http.StatusText(rec.status)), Header: rec.header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(rec.body.Len()), Body: io.NopCloser(&rec.body), Request: r,
	}, nil
}
