package engine

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"
)

// Send sends the request once and reads the response. What came of it is in
// the call's Result; the error is the Result's. It follows no redirect: see [Call.Follow].
func (c *Call) Send() *Error {
	start := c.client.now()
	if c.limit == 0 {
		timeout := c.Timeout
		if timeout <= 0 {
			timeout = c.client.options.Timeout
		}
		c.limit = start + timeout
	}
	c.start, c.unclean = start, false
	c.Result = Result{Began: c.client.at(start)}
	c.body = nil
	if c.cookies != "" || c.client.jar.Load() != nil {
		c.addCookieHeader()
	}
	if err := c.attempt(); err != nil {
		c.Status = 0
		c.Err = explain(err)
		if c.client.refusing.Load() {
			c.Err = errInterrupted
		}
		return c.Err
	}
	c.Status = c.head.StatusCode()
	return c.receive()
}

// attempt makes the exchange on a connection that is open, else on a new one.
// When the server closed the open one before a byte of an answer came, the
// request is sent once more, provided that nothing of it was written, or that
// twice does what once does: its method is idempotent (RFC 9110, 9.2.2).
func (c *Call) attempt() error {
	if c.client.refusing.Load() {
		return errInterrupted
	}
	if cn := c.idle(); cn != nil {
		c.Reused = true
		err := c.exchange(cn)
		if err == nil || !closedByServer(err) || c.client.refusing.Load() {
			return err
		}
		c.at.origin.abrupt.Store(true)
		if cn.answered || cn.out > 0 && !idempotent(c.req.Header.Method()) {
			return err
		}
		c.Repeated, c.Reused = true, false
		c.Timings = Timings{}
	}
	cn, err := c.client.connect(c.at.origin, c.limit, &c.Timings)
	if err != nil {
		t := &c.Timings
		t.Blocked = c.client.now() - c.start - t.LookingUp - t.Connecting - t.TLSHandshaking
		return err
	}
	return c.exchange(cn)
}

// idle returns an open connection that is as its last exchange left it, or nil.
func (c *Call) idle() *conn {
	for {
		cn := c.client.take(c.at.origin)
		if cn == nil || !cn.aborted.Load() && !cn.heard(c.start, c.limit, idempotent(c.req.Header.Method())) {
			return cn
		}
		c.client.drop(cn)
	}
}

// idempotent says whether a method is meant to have the same effect if it is carried out several times (RFC 9110, 9.2.2).
func idempotent(method []byte) bool {
	switch string(method) {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
}

func closedByServer(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// exchange makes the exchange on cn, which it then keeps or drops.
func (c *Call) exchange(cn *conn) error {
	if c.Reused {
		cn.begin(c.start, c.limit) // nothing to speak of happened since
	} else {
		cn.begin(c.client.now(), c.limit)
	}
	c.Remote, c.TLS, c.Cipher = cn.remote, cn.version, cn.cipher
	first, err := cn.sent, c.write(cn)
	// After a handshake of TLS 1.3, the server may already have said why it closed.
	refused := err != nil && (cn.out > 0 || cn.tls != nil && !c.Reused) && (errors.Is(err, errRefused) || closedByServer(err))
	if err == nil || refused {
		first, err = c.answer(cn, err)
	}
	if err != nil && cn.tls != nil {
		err = cn.alerted(err, !c.Reused)
	}
	end := first
	if cn.reads > 1 || err != nil { // else all of it came at once
		end = c.client.now()
	}
	c.BytesIn, c.BytesOut = c.BytesIn+cn.in, c.BytesOut+cn.out
	t := &c.Timings
	t.Blocked = cn.begun - c.start - t.LookingUp - t.Connecting - t.TLSHandshaking
	t.Sending = cn.sent - cn.begun
	t.Waiting = first - cn.sent
	t.Receiving = end - first
	if err != nil || c.unclean || refused || c.head.ConnectionClose() || c.req.ConnectionClose() || cn.aborted.Load() {
		c.client.drop(cn)
		return c.at.origin.proxy.tell(err)
	}
	cn.idle = end
	c.client.keep(cn)
	return nil
}

// takesBody says whether requests of a method have a body, so that an empty one has its length told (RFC 9110, 8.6).
func takesBody(method []byte) bool {
	switch string(method) {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		return true
	}
	return false
}

func (c *Call) write(cn *conn) error {
	shared := c.client.shared
	bw := shared.writer()
	bw.Reset(cn.stream())
	forwarded := cn.origin.forward != ""
	if forwarded {
		c.address(cn.origin)
	}
	var err error
	if len(c.req.Body()) == 0 && !takesBody(c.req.Header.Method()) {
		err = c.req.Header.Write(bw) // fasthttp would add a length of 0
	} else {
		err = c.req.Write(bw)
	}
	if err == nil {
		cn.await = c.Reused && cn.unseen
		err = bw.Flush()
		cn.await = false
	}
	shared.freeWriter(bw)
	if forwarded {
		c.readdress(cn.origin)
	}
	if cn.err != nil {
		return cn.err
	}
	return err
}

// answer reads the response. A server may answer before it has the whole request, and close (RFC 9112, 9.3): what the
// request was ended with, is told when there is no such answer.
func (c *Call) answer(cn *conn, ended error) (first time.Duration, err error) {
	cn.err = nil
	first, err = c.read(cn)
	if err == nil || ended == nil || cn.answered {
		return first, err
	}
	if _, alerted := alertOf(err); !alerted {
		return first, ended
	}
	return first, err
}

// read reads the response; first is when its first byte came.
func (c *Call) read(cn *conn) (first time.Duration, err error) {
	shared := c.client.shared
	br := shared.reader()
	br.Reset(cn.stream())
	_, err = br.Peek(1)
	first = c.client.now()
	if err == nil {
		cn.answered = true
		br, err = c.readHead(br, cn)
	}
	if err == nil {
		err = c.readBody(br)
	}
	if err != nil {
		err = c.readProblem(cn, err)
	}
	// More than the one response that was asked for: whatever it is, it must
	// not be taken for the answer to the next request.
	c.unclean = br.Buffered() > 0
	shared.freeReader(br)
	return first, err
}

// tooSmall says whether the reader's buffer was too small for the response's headers.
func tooSmall(err error) bool {
	_, ok := errors.AsType[*fasthttp.ErrSmallBuffer](err)
	return ok
}

// enlarge returns a reader that goes on where br is, with room for long headers.
func (c *Call) enlarge(br *bufio.Reader, cn *conn) *bufio.Reader {
	had, _ := br.Peek(br.Buffered())
	return c.resume(br, cn, bytes.Clone(had))
}

// readProblem prefers what the connection met over what the parser made of it.
func (c *Call) readProblem(cn *conn, err error) error {
	switch {
	case tooSmall(err):
		return &Error{Kind: KindConnection, Code: CodeGeneric, Message: "the response's headers are longer than 128 KiB", err: err}
	case cn.err == nil, errors.Is(err, errTooLong), errors.Is(err, errNoRoom):
		return err
	case errors.Is(cn.err, io.EOF) && cn.answered:
		return io.ErrUnexpectedEOF
	}
	return cn.err
}

var errSwitched = &Error{Kind: KindConnection, Code: CodeGeneric, Message: "the server switched protocols (101), which was not asked for"}

// receive deals with a response that was read whole.
func (c *Call) receive() *Error {
	if c.Status == http.StatusSwitchingProtocols {
		c.Err = explain(c.at.origin.proxy.tell(errSwitched))
		c.Status = 0
		return c.Err
	}
	if c.Status == http.StatusProxyAuthRequired && c.at.origin.forward != "" {
		c.Err, c.Status = c.at.origin.proxy.refused(&c.head), 0
		return c.Err
	}
	c.storeCookies()
	if c.DiscardBody {
		return nil
	}
	c.body = c.buf
	if len(c.body) > 0 && len(c.codings) > 0 {
		return c.decode()
	}
	return nil
}
