package engine

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync/atomic"
	"time"
)

// fallbackDelay is how long the first address family has before the other is tried beside it (RFC 8305).
const fallbackDelay = 250 * time.Millisecond

// errOvertaken is held against an address that did not answer in the time in which another one was asked, and did.
var errOvertaken = errors.New("another address was faster")

// dial is one connection being made.
type dial struct {
	client *Client
	origin *origin
	name   string // of what is connected to: the origin's, or its proxy's
	port   string
	cancel context.CancelFunc
	times  *Timings

	several   bool        // the name has more addresses than one
	overtaken atomic.Bool // the family that was tried first had not answered when the other did
}

// connect opens a connection to o before limit, and notes in t what took how long.
func (c *Client) connect(o *origin, limit time.Duration, t *Timings) (*conn, error) {
	ctx, cancel := context.WithDeadline(context.Background(), c.at(limit))
	defer cancel()
	d := &dial{client: c, origin: o, cancel: cancel, times: t}
	if err := c.enter(d); err != nil {
		return nil, err
	}
	d.aim()
	cn, err := d.run(ctx)
	c.mu.Lock()
	delete(c.dials, d)
	c.mu.Unlock()
	if err != nil {
		return nil, o.proxy.blame(err)
	}
	return cn, c.register(cn)
}

// enter makes a dial known to Interrupt.
func (c *Client) enter(d *dial) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refusing.Load() {
		return errInterrupted
	}
	if c.dials == nil {
		c.dials = map[*dial]struct{}{}
	}
	c.dials[d] = struct{}{}
	return nil
}

func (d *dial) run(ctx context.Context) (*conn, error) {
	addrs, err := d.resolve(ctx)
	if err != nil {
		return nil, &opError{op: opLookup, err: err}
	}
	start := d.client.now()
	tcp, err := d.race(ctx, addrs)
	d.times.Connecting = d.client.now() - start
	if err != nil {
		return nil, &opError{op: opDial, err: err}
	}
	cn := &conn{Conn: tcp, client: d.client, origin: d.origin}
	if a, ok := tcp.RemoteAddr().(*net.TCPAddr); ok {
		cn.remote = a.AddrPort()
		cn.remote = netip.AddrPortFrom(cn.remote.Addr().Unmap(), cn.remote.Port())
	}
	cn.prepareGlance(tcp)
	if d.origin.proxy != nil {
		if err := d.through(ctx, cn); err != nil {
			cn.abort()
			return nil, err
		}
	}
	if !d.origin.tls {
		cn.prepare()
		return cn, nil
	}
	start = d.client.now()
	err = d.handshake(ctx, cn)
	d.times.TLSHandshaking = d.client.now() - start
	if err != nil {
		cn.abort()
		return nil, &opError{op: opTLS, err: err, with: peer{host: d.origin.name, asked: cn.asked}}
	}
	return cn, nil
}

// resolve returns the addresses of the origin's host.
func (d *dial) resolve(ctx context.Context) ([]netip.Addr, error) {
	name, shared := d.name, d.client.shared
	if addr, err := netip.ParseAddr(name); err == nil {
		return []netip.Addr{addr}, nil
	}
	start := d.client.now()
	if addrs := shared.known(name, d.client.at(start)); addrs != nil {
		return addrs, nil
	}
	resolver := shared.Resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	addrs, err := resolver.LookupNetIP(ctx, "ip", name)
	d.times.LookingUp = d.client.now() - start
	if err != nil {
		return nil, err
	}
	shared.remember(name, addrs, d.client.at(start))
	return addrs, nil
}

// race connects to the first address that answers: those of the family that
// answered last time (else of the first address) in turn, and the other
// family's as soon as these failed or a quarter of a second passed.
func (d *dial) race(ctx context.Context, addrs []netip.Addr) (*net.TCPConn, error) {
	d.several = len(addrs) > 1
	first, second := d.families(d.client.shared.order(addrs, d.port, time.Now()))
	if len(second) == 0 {
		return d.each(ctx, first)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan raced, 2)
	try := func(list []netip.Addr, late bool) {
		tcp, err := d.each(ctx, list)
		results <- raced{tcp, err, late}
	}
	go try(first, false)
	timer := time.NewTimer(fallbackDelay)
	defer timer.Stop()
	select {
	case r := <-results:
		if r.err == nil {
			return r.tcp, nil
		}
		if tcp, err := d.each(ctx, second); err == nil {
			return tcp, nil
		}
		return nil, r.err
	case <-timer.C:
		go try(second, true)
	}
	r := <-results
	if r.err == nil {
		d.overtaken.Store(r.late)
		cancel() // and wait for the loser
		if late := <-results; late.err == nil {
			_ = late.tcp.Close()
		}
		return r.tcp, nil
	}
	if late := <-results; late.err == nil {
		return late.tcp, nil
	}
	return nil, r.err
}

// raced is how one side of the race ended.
type raced struct {
	tcp  *net.TCPConn
	err  error
	late bool // it is the side that began later
}

// families parts addrs by family, the one to try first being first: that which answered last, unless of its addresses none is
// among the good first ones.
func (d *dial) families(addrs []netip.Addr, good int) (first, second []netip.Addr) {
	v4 := addrs[0].Unmap().Is4()
	if p := d.origin.preferred.Load(); p != 0 && (good == 0 || slices.ContainsFunc(addrs[:good], func(a netip.Addr) bool { return a.Unmap().Is4() == (p == 4) })) {
		v4 = p == 4
	}
	for _, a := range addrs {
		if a.Unmap().Is4() == v4 {
			first = append(first, a)
		} else {
			second = append(second, a)
		}
	}
	if len(first) == 0 {
		first, second = second, nil
	}
	return first, second
}

// each tries addresses one after the other, and gives each its share of the time that is left; the first error is the one told.
func (d *dial) each(ctx context.Context, addrs []netip.Addr) (*net.TCPConn, error) {
	var dialer net.Dialer
	var failed error
	limit, _ := ctx.Deadline()
	for i, a := range addrs {
		if err := ctx.Err(); err != nil { // nothing is held against an address that there was no time for
			return nil, cmp.Or(failed, err)
		}
		dialer.Deadline = share(time.Now(), limit, len(addrs)-i)
		tcp, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(a.String(), d.port))
		if d.several {
			told := err
			if err != nil && d.overtaken.Load() {
				told = errOvertaken
			}
			d.client.shared.note(a, d.port, time.Now(), told)
		}
		if err == nil {
			family := int32(6)
			if a.Unmap().Is4() {
				family = 4
			}
			d.origin.preferred.Store(family)
			return tcp.(*net.TCPConn), nil
		}
		failed = cmp.Or(failed, err)
	}
	return nil, failed
}

func (d *dial) handshake(ctx context.Context, cn *conn) error {
	o := d.client.options
	cn.limit, cn.armed = 1<<62, 0 // the context bounds the handshake
	t := tls.Client(cn.stream(), &tls.Config{
		ServerName:         d.origin.name,
		RootCAs:            o.RootCAs,
		InsecureSkipVerify: o.InsecureSkipVerify, //nolint:gosec // the user asked for it by name
		ClientSessionCache: d.client.shared.sessionCache(),
		NextProtos:         []string{"http/1.1"},
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			cn.asked = true
			return &tls.Certificate{}, nil // which means none
		},
	})
	if err := t.HandshakeContext(ctx); err != nil {
		return err
	}
	state := t.ConnectionState()
	cn.tls, cn.version, cn.cipher = t, state.Version, state.CipherSuite
	return nil
}

// validPort says whether a port can be dialled.
func validPort(port string) bool {
	n, err := strconv.Atoi(port)
	return err == nil && n > 0 && n < 1<<16
}
