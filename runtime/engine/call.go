package engine

import (
	"encoding/base64"
	"net/netip"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
)

// keptBody is how large a body buffer a call keeps for its next use, bytes.
const keptBody = 16 << 10

// Call is one request and what came of it. It is for one goroutine at a time,
// and is used for one request after the other.
type Call struct {
	Timeout time.Duration // of the whole call: redirects and bodies included; 0: the client's. Begin clears it.
	// DiscardBody says that nobody reads the response's body: it is counted and thrown away, whatever its length, and not
	// decoded. Begin sets it to what the client's options say.
	DiscardBody bool
	Result

	client  *Client
	req     fasthttp.Request
	head    fasthttp.ResponseHeader
	at      location
	url     string
	start   time.Duration // of the exchange under way; this and limit on the client's clock
	limit   time.Duration
	unclean bool // the connection holds bytes that belong to no request
	hops    int

	cookies string // the Cookie header that the caller set
	host    string // the Host header that the caller set
	whole   []byte // the URL as a proxy that forwards requests is told it
	toProxy string // the Proxy-Authorization header that the caller set, while the proxy's own is in its place
	body    []byte // nil, or buf

	codings  []byte   // what the response says that its body is encoded with, lines joined by commas
	buf      []byte   // the body as far as it was read, or its beginning; see body.go
	blocks   []*block // what follows in a long body that is being read
	inLast   int      // bytes in the last of them
	reserved int      // bytes of buf, in the account of all bodies
	spare    []byte   // of the last body that was decoded, for the next
}

// Result is what came of one exchange: a call that is redirected has one each hop.
type Result struct {
	Status   int // 0 when no response came
	Err      *Error
	Began    time.Time // when Send was called
	Timings  Timings
	BytesIn  int // on the connection: headers, and TLS, included
	BytesOut int
	Reused   bool // the connection had served a request before
	Repeated bool // sent again, because a kept-alive connection had been closed under it
	Remote   netip.AddrPort
	TLS      uint16 // version, as in crypto/tls; 0 without
	Cipher   uint16 // suite, as in crypto/tls
}

// Timings are the parts of an exchange, in the order in which they happen.
type Timings struct {
	Blocked        time.Duration // until there was a connection, without the three that follow
	LookingUp      time.Duration
	Connecting     time.Duration
	TLSHandshaking time.Duration
	Sending        time.Duration
	Waiting        time.Duration // for the first byte
	Receiving      time.Duration
}

// Duration is from the first byte sent to the last received.
func (t *Timings) Duration() time.Duration { return t.Sending + t.Waiting + t.Receiving }

// Total is all of it, from Send to its end.
func (t *Timings) Total() time.Duration {
	return t.Blocked + t.LookingUp + t.Connecting + t.TLSHandshaking + t.Duration()
}

// NewCall makes a call.
func (c *Client) NewCall() *Call {
	call := &Call{client: c}
	call.req.KeepBodyBuffer = true
	call.head.SetNoDefaultContentType(true)
	return call
}

// Begin starts a new request and forgets the last one with its response. An
// error means that the URL, or the method, cannot be requested; it is also in
// the call's Result.
func (c *Call) Begin(method, url string) *Error {
	c.Timeout, c.DiscardBody = 0, c.client.options.DiscardBodies
	c.Result = Result{}
	c.hops, c.limit = 0, 0
	c.url, c.cookies, c.host = url, "", ""
	c.discard()
	c.req.Header.Reset()
	c.req.Header.SetNoDefaultContentType(true)
	c.req.ResetBody()
	if !validMethod(method) {
		c.Err = &Error{Kind: KindInvalid, Code: CodeGeneric, Message: "the method is not a word"}
		return c.Err
	}
	at, err := c.client.locate(url)
	if err != nil {
		c.Err = err
		return err
	}
	c.at = at
	h := &c.req.Header
	h.SetMethod(method)
	h.SetRequestURI(at.target)
	h.SetHost(at.origin.host)
	h.SetUserAgent(c.client.options.UserAgent)
	if at.user != nil {
		password, _ := at.user.Password()
		c.BasicAuth(at.user.Username(), password)
	}
	return nil
}

func validMethod(method string) bool {
	for i := 0; i < len(method); i++ {
		if ch := method[i]; ch <= ' ' || ch >= 0x7f || strings.IndexByte(`()<>@,;:\"/[]?={}`, ch) >= 0 {
			return false
		}
	}
	return method != ""
}

// SetHeader sets a header of the request. Host names the host that is asked
// for; Content-Length is the engine's own.
func (c *Call) SetHeader(name, value string) {
	switch {
	case strings.EqualFold(name, "Host"):
		c.host = value
		c.req.Header.SetHost(value)
	case strings.EqualFold(name, "Cookie"):
		c.addCookies(value)
	case strings.EqualFold(name, "Content-Length"):
	default:
		c.req.Header.Set(name, value)
	}
}

// SetCookie sends a cookie with this call, beside those of the client.
func (c *Call) SetCookie(name, value string) { c.addCookies(name + "=" + value) }

func (c *Call) addCookies(pairs string) {
	if c.cookies != "" {
		pairs = c.cookies + "; " + pairs
	}
	c.cookies = pairs
}

// BasicAuth sets the Authorization header.
func (c *Call) BasicAuth(user, password string) {
	c.req.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
}

// SetBody sets the request's body to a copy of b.
func (c *Call) SetBody(b []byte) { c.req.SetBody(b) }

// SetBodyString sets the request's body.
func (c *Call) SetBodyString(s string) { c.req.SetBodyString(s) }

// HasHeader says whether the request has a header.
func (c *Call) HasHeader(name string) bool { return len(c.req.Header.Peek(name)) > 0 }

// Method is the request's method, which a redirect may have changed.
func (c *Call) Method() string { return string(c.req.Header.Method()) }

// URL is what was requested, after redirects the last one.
func (c *Call) URL() string { return c.url }

// Body is the response's body, decoded. It is valid until the next use of the call.
func (c *Call) Body() []byte { return c.body }

// Header returns a header of the response, nil if it has none. It is valid until the next use of the call.
func (c *Call) Header(name string) []byte {
	if c.Status == 0 {
		return nil
	}
	return c.head.Peek(name)
}

// Headers calls yield for each header line of the response, with the name in
// its canonical form. The bytes are valid until the next use of the call.
func (c *Call) Headers(yield func(name, value []byte) bool) {
	if c.Status != 0 {
		c.head.All()(yield)
	}
}

// Proto is the response's protocol: "HTTP/1.1".
func (c *Call) Proto() string {
	if c.Status == 0 {
		return ""
	}
	return string(c.head.Protocol())
}

// Reason is the text of the status line: "Not Found".
func (c *Call) Reason() string {
	if c.Status == 0 {
		return ""
	}
	if m := c.head.StatusMessage(); len(m) > 0 {
		return string(m)
	}
	return fasthttp.StatusMessage(c.Status)
}

// TakeBody is Body for who keeps it: the call makes a new buffer for its next response.
func (c *Call) TakeBody() []byte {
	b := c.body
	if b != nil {
		c.buf = nil
	}
	c.discard()
	return b
}
