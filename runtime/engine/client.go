// Package engine sends HTTP/1.1 requests for one virtual user and says how
// long each part of them took.
//
// A [Client] holds the connections and the cookies of one virtual user; a
// [Call] is one request, its response, and the buffers of both, meant to be
// used again and again:
//
//	call := client.NewCall()
//	if err := call.Begin("GET", "http://127.0.0.1:8888/v1/"); err == nil {
//		err = call.Send() // one exchange; call.Follow() prepares the next hop of a redirect
//	}
//
// fasthttp writes requests and reads responses; the connections are our own,
// because its HostClient keeps a goroutine and a timer for each origin of each
// virtual user, repeats requests by itself, and reports no timings.
//
// Send on a connection that is already open is the hot path: no allocation
// (pinned by a test), no lock, no channel, no timer.
package engine

import (
	"crypto/x509"
	"sync"
	"sync/atomic"
	"time"
)

// Defaults of [Options].
const (
	DefaultTimeout      = 60 * time.Second
	DefaultConnsPerHost = 6
	DefaultMaxBody      = 16 << 20
)

// maxOrigins bounds the table of origins of one client: a script that makes
// up host names without end must not fill the memory.
const maxOrigins = 64

// Options configure a [Client]. The zero value is usable.
type Options struct {
	UserAgent          string         // default "plimsoll"
	Timeout            time.Duration  // of a call that names none; default 60 s
	ConnsPerHost       int            // idle connections kept to one origin; default 6
	MaxBody            int            // longest body taken, bytes, as it came and decoded; default 16 MiB
	DiscardBodies      bool           // what calls begin with as their DiscardBody
	InsecureSkipVerify bool           // take any TLS certificate
	RootCAs            *x509.CertPool // that sign servers' certificates; nil: the system's
	Proxies            *Proxies       // that lead to servers; nil: none do
	Shared             *Shared        // what the clients of one run have in common; nil: a Shared of its own
}

// Client is the connections and cookies of one virtual user. Calls of it may
// run in parallel.
type Client struct {
	options Options
	shared  *Shared
	born    time.Time // zero of the client's clock

	refusing atomic.Bool // calls are refused: see Interrupt, Close
	jar      atomic.Pointer[jar]
	last     atomic.Pointer[origin] // the origin used last

	mu      sync.Mutex
	closed  bool
	origins map[string]*origin
	open    map[*conn]struct{}
	dials   map[*dial]struct{}
}

// New makes a client. It opens nothing yet.
func New(o Options) *Client {
	if o.UserAgent == "" {
		o.UserAgent = "plimsoll"
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.ConnsPerHost <= 0 {
		o.ConnsPerHost = DefaultConnsPerHost
	}
	if o.MaxBody <= 0 {
		o.MaxBody = DefaultMaxBody
	}
	if o.Shared == nil {
		o.Shared = &Shared{}
	}
	return &Client{options: o, shared: o.Shared, born: time.Now()}
}

// Close closes all connections, for good: a running call ends with an error
// of kind "interrupted", and so does each later one. It may be called from any
// goroutine, and more than once.
func (c *Client) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.Interrupt()
}

// Interrupt closes all connections, so that a running call ends with an error
// of kind "interrupted"; further calls are refused the same way until
// [Client.Resume]. It may be called from any goroutine.
func (c *Client) Interrupt() {
	c.refusing.Store(true)
	c.mu.Lock()
	defer c.mu.Unlock()
	for d := range c.dials {
		d.cancel()
	}
	for cn := range c.open {
		cn.abort()
	}
	clear(c.open)
	for _, o := range c.origins {
		o.slot.Store(nil)
		o.idle = nil
	}
}

// CloseIdle closes the connections that no call uses, as a user that is not
// needed for a while leaves: a server that looks after each of its connections,
// or takes only so many, would be measured with the idle ones of others.
func (c *Client) CloseIdle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range c.origins {
		c.closeIdle(o)
	}
}

// closeIdle closes the idle connections to an origin; the caller holds mu.
func (c *Client) closeIdle(o *origin) {
	if cn := o.slot.Swap(nil); cn != nil {
		o.idle = append(o.idle, cn)
	}
	for _, cn := range o.idle {
		cn.abort()
		delete(c.open, cn)
	}
	o.idle = nil
}

// Resume makes the client usable again after [Client.Interrupt], for the hooks
// that run when a virtual user ends. It does not undo [Client.Close].
func (c *Client) Resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.refusing.Store(false)
	}
}

// ResetCookies forgets all cookies; a virtual user starts each iteration so.
func (c *Client) ResetCookies() {
	if c.jar.Load() != nil {
		c.jar.Store(nil)
	}
}

// now is the client's clock: only the monotonic one is read, which costs half of time.Now.
func (c *Client) now() time.Duration { return time.Since(c.born) }

// at turns a reading of the client's clock into a time.
func (c *Client) at(d time.Duration) time.Time { return c.born.Add(d) }

// origin is where connections lead to: a scheme, a host and a port.
type origin struct {
	key       string // "http://host:port", as scripts write it
	host      string // for the Host header
	name      string // host name or address alone, for DNS and TLS
	port      string
	tls       bool
	proxy     *Proxy               // that leads to it; nil: none does
	forward   string               // what stands before the path in a request to a proxy that forwards it: "http://host:port"; else ""
	slot      atomic.Pointer[conn] // the idle connection of a script that sends one request after another
	idle      []*conn              // further ones; guarded by Client.mu
	preferred atomic.Int32         // the address family that answered last: 4, 6, 0 unknown
	abrupt    atomic.Bool          // its server has closed connections, or spoken on them, without notice and soon after an answer
}

// origin returns the origin of a key that was seen before, else nil.
func (c *Client) origin(key string) *origin {
	if o := c.last.Load(); o != nil && o.key == key {
		return o
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	o := c.origins[key]
	if o != nil {
		c.last.Store(o)
	}
	return o
}

// addOrigin enters o, or returns the one that is there already.
func (c *Client) addOrigin(o *origin) *origin {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.origins[o.key]; old != nil {
		return old
	}
	o.lead(c.options.Proxies.of(o))
	if len(c.origins) >= maxOrigins {
		c.forgetOrigins()
	}
	if c.origins == nil {
		c.origins = map[string]*origin{}
	}
	c.origins[o.key] = o
	c.last.Store(o)
	return o
}

// forgetOrigins drops all origins with their idle connections; the caller holds mu.
func (c *Client) forgetOrigins() {
	for key, o := range c.origins {
		c.closeIdle(o)
		delete(c.origins, key)
	}
}

// take returns an idle connection to o, or nil.
func (c *Client) take(o *origin) *conn {
	if cn := o.slot.Swap(nil); cn != nil {
		return cn
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(o.idle)
	if n == 0 {
		return nil
	}
	cn := o.idle[n-1]
	o.idle[n-1] = nil
	o.idle = o.idle[:n-1]
	return cn
}

// keep puts a connection back that can serve another request.
func (c *Client) keep(cn *conn) {
	o := cn.origin
	if o.slot.CompareAndSwap(nil, cn) {
		return
	}
	c.mu.Lock()
	full := len(o.idle)+1 >= c.options.ConnsPerHost
	if !full {
		o.idle = append(o.idle, cn)
	}
	c.mu.Unlock()
	if full {
		c.drop(cn)
	}
}

// drop closes a connection.
func (c *Client) drop(cn *conn) {
	c.mu.Lock()
	delete(c.open, cn)
	c.mu.Unlock()
	cn.abort()
}

// register enters a connection that was just made among those that Interrupt closes.
func (c *Client) register(cn *conn) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refusing.Load() {
		cn.abort()
		return errInterrupted
	}
	if c.open == nil {
		c.open = map[*conn]struct{}{}
	}
	c.open[cn] = struct{}{}
	return nil
}
