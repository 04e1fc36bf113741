package engine

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"

	"github.com/valyala/fasthttp"
	"golang.org/x/net/proxy"
)

// How a proxy is asked for a connection.
const (
	byCONNECT = "CONNECT"
	bySOCKS   = "SOCKS"
)

// lead gives an origin the proxy that leads to it, nil for none.
func (o *origin) lead(p *Proxy) {
	o.proxy = p
	if p != nil && !o.tls && p.scheme != socks5 {
		o.forward = "http://" + o.host
	}
}

// aim says where the connection is made to: the origin, or the proxy that leads there.
func (d *dial) aim() {
	d.name, d.port = d.origin.name, d.origin.port
	if p := d.origin.proxy; p != nil {
		p.used.Store(true)
		d.name, d.port = p.name, p.port
	}
}

// through makes a connection to the origin's proxy one to the origin, as far as the proxy has a part in that. The time it
// takes is one of connecting.
func (d *dial) through(ctx context.Context, cn *conn) error {
	p, start := d.origin.proxy, d.client.now()
	defer func() { d.times.Connecting += d.client.now() - start }()
	if p.scheme == socks5 {
		return d.socks(ctx, cn)
	}
	if p.scheme == "https" {
		if err := d.greet(ctx, cn); err != nil {
			return err
		}
	}
	if d.origin.forward != "" {
		return nil
	}
	if err := d.tunnel(ctx, cn); err != nil {
		return cn.alertedByProxy(err)
	}
	cn.asked = false // by the target, which comes now
	return nil
}

// greet makes TLS with the proxy itself, whose certificate is checked always: it is told a password, and what the user
// allows the target is not allowed to whoever answers here.
func (d *dial) greet(ctx context.Context, cn *conn) error {
	cn.limit, cn.armed = 1<<62, 0 // the context bounds the handshake
	t := tls.Client(cn, &tls.Config{
		ServerName:         d.origin.proxy.name,
		RootCAs:            d.client.options.RootCAs,
		ClientSessionCache: d.client.shared.sessionCache(),
		NextProtos:         []string{"http/1.1"},
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			cn.asked = true
			return &tls.Certificate{}, nil // which means none
		},
	})
	if err := t.HandshakeContext(ctx); err != nil {
		return &opError{op: opTLS, err: err, with: cn.proxyPeer()}
	}
	cn.tls = t
	return nil
}

// proxyPeer is the proxy as one that TLS is made with.
func (cn *conn) proxyPeer() peer {
	return peer{host: cn.origin.proxy.name, asked: cn.asked, strict: true}
}

// alertedByProxy is alerted for what the proxy refuses only when it has been asked something.
func (cn *conn) alertedByProxy(err error) error {
	if _, ok := alertOf(errors.Unwrap(err)); !ok {
		return err
	}
	return &opError{op: opTLS, err: errors.Unwrap(err), with: cn.proxyPeer()}
}

// withTarget says whether an error is one of TLS with the target; a proxy's certificate is always checked.
func withTarget(err error) bool {
	making, ok := errors.AsType[*opError](err)
	return ok && making.op == opTLS && !making.with.strict
}

// withProxy says whether an error is one of TLS with the proxy.
func withProxy(err error) bool {
	making, ok := errors.AsType[*opError](err)
	return ok && making.op == opTLS && making.with.strict
}

// target is the origin as a proxy is told of it; the zone of an address is this machine's alone.
func (d *dial) target() string {
	name, _, _ := strings.Cut(d.origin.name, "%")
	return net.JoinHostPort(name, d.origin.port)
}

// tunnel asks the proxy for a connection to the origin (RFC 9110, 9.3.6).
func (d *dial) tunnel(ctx context.Context, cn *conn) error {
	cn.limit, cn.armed = 1<<62, 0 // the context bounds it
	stop := context.AfterFunc(ctx, cn.abort)
	err := d.ask(cn)
	if !stop() {
		err = ctx.Err()
	}
	return refusal(byCONNECT, err)
}

// ask sends CONNECT and reads the answer.
func (d *dial) ask(cn *conn) error {
	p, target := d.origin.proxy, d.target()
	text := "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\nUser-Agent: " + d.client.options.UserAgent + "\r\n"
	if p.basic != "" {
		text += "Proxy-Authorization: " + p.basic + "\r\n"
	}
	stream, shared := cn.stream(), d.client.shared
	if _, err := io.WriteString(stream, text+"\r\n"); err != nil {
		return err
	}
	br := shared.reader()
	defer shared.freeReader(br)
	br.Reset(stream)
	var head fasthttp.ResponseHeader
	if err := readTunnelHead(br, &head); err != nil {
		return err
	}
	switch status := head.StatusCode(); {
	case status > 299:
		return &Error{Kind: KindProxy, Code: CodeGeneric, Message: p.refusal(byCONNECT, &head)}
	case br.Buffered() > 0:
		return &Error{Kind: KindProxy, Code: CodeGeneric, Message: "it sent more than its answer to CONNECT"}
	}
	return nil
}

// readTunnelHead reads the head of the answer to a CONNECT: of one that agrees there is no more.
func readTunnelHead(br *bufio.Reader, head *fasthttp.ResponseHeader) error {
	if _, err := br.Peek(1); err != nil { // fasthttp would make an end of it, whatever it is
		return err
	}
	for range maxInterim {
		if err := head.Read(br); err != nil {
			return err
		}
		if head.StatusCode() >= http.StatusOK {
			return nil
		}
	}
	return errors.New("too many interim responses")
}

// socks asks a proxy of SOCKS for a connection to the origin (RFC 1928, RFC 1929).
func (d *dial) socks(ctx context.Context, cn *conn) error {
	p := d.origin.proxy
	var auth *proxy.Auth
	if p.user != nil {
		password, _ := p.user.Password()
		auth = &proxy.Auth{User: p.user.Username(), Password: password}
	}
	dialer, err := proxy.SOCKS5("tcp", p.address(), auth, connected{cn.Conn})
	if err == nil {
		_, err = dialer.(proxy.ContextDialer).DialContext(ctx, "tcp", d.target()) // the connection is the one that it was given
	}
	return refusal(bySOCKS, err)
}

// connected is a dialer with one connection, which is there already.
type connected struct{ net.Conn }

// Dial implements [proxy.Dialer].
func (c connected) Dial(string, string) (net.Conn, error) { return c.Conn, nil }

// DialContext implements [proxy.ContextDialer].
func (c connected) DialContext(context.Context, string, string) (net.Conn, error) { return c.Conn, nil }

// refusal says why a proxy did not make a connection, if it did not; how is how it was asked.
func refusal(how string, err error) error {
	if err == nil {
		return nil
	}
	if known, ok := errors.AsType[*Error](err); ok {
		return known
	}
	e := &Error{Kind: KindProxy, Code: CodeGeneric, err: err}
	switch {
	case isTimeout(err):
		e.Kind, e.Code, e.Message = KindTimeout, CodeTimeout, how+": timeout"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		e.Message = how + ": it closed the connection"
	case tooSmall(err):
		e.Message = how + ": its answer is too long"
	case how == bySOCKS:
		e.Message = how + ": " + socksProblem(err)
	default:
		e.Message = how + ": its answer is not HTTP/1.1"
	}
	return e
}

// socksProblem is what x/net/proxy says of a failure, without the addresses that it puts before.
func socksProblem(err error) string {
	if e, ok := errors.AsType[*net.OpError](err); ok {
		err = e.Err
	}
	return strings.TrimPrefix(err.Error(), "unknown error ")
}

// refusal says what a status of the proxy's own means, and what can be done about it.
func (p *Proxy) refusal(how string, head *fasthttp.ResponseHeader) string {
	status := head.StatusCode()
	if status != http.StatusProxyAuthRequired {
		return "it refused " + how + ": " + strings.TrimSpace(strconv.Itoa(status)+" "+http.StatusText(status))
	}
	wants := bytes.ToLower(bytes.Join(head.PeekAll("Proxy-Authenticate"), []byte(", ")))
	switch {
	case len(wants) > 0 && !bytes.Contains(wants, []byte("basic")):
		return "it takes no user and password (Basic), which is all that there is for it (407)"
	case p.user == nil:
		return "it wants a user and a password (407), and " + p.Variable + " has none"
	}
	return "it does not take the user and password of " + p.Variable + " (407)"
}

// blame makes what went wrong on the way to the proxy, or with it, a failure of the proxy. p may be nil.
func (p *Proxy) blame(err error) error {
	if p == nil {
		return err
	}
	if withTarget(err) {
		return p.tell(err)
	}
	e := *explain(err)
	switch e.Kind {
	case KindGenerator, KindInterrupted:
		return err
	case KindTimeout: // who was too slow is not known
	default:
		e.Kind = KindProxy
	}
	e.Message = "proxy " + p.String() + ": " + e.Message
	return &e
}

// tell says of what went wrong with the target that a proxy stood between. p, and err, may be nil.
func (p *Proxy) tell(err error) error {
	if p == nil || err == nil {
		return err
	}
	if withProxy(err) {
		return p.blame(err)
	}
	e := *explain(err)
	switch e.Kind {
	case KindTimeout, KindReset, KindConnection, KindTLS:
		e.Message += " (through proxy " + p.String() + ")"
		return &e
	default:
		return err
	}
}

// address makes the request one for a proxy that forwards it (RFC 9112, 3.2.2); readdress undoes that, so that nothing else
// ever sees what the proxy alone is told.
func (c *Call) address(o *origin) {
	h := &c.req.Header
	c.whole = append(append(c.whole[:0], o.forward...), c.at.target...)
	h.SetRequestURIBytes(c.whole)
	if o.proxy.basic != "" {
		c.toProxy = string(h.Peek("Proxy-Authorization"))
		h.Set("Proxy-Authorization", o.proxy.basic)
	}
}

func (c *Call) readdress(o *origin) {
	h := &c.req.Header
	h.SetRequestURI(c.at.target)
	if o.proxy.basic == "" {
		return
	}
	if h.Del("Proxy-Authorization"); c.toProxy != "" {
		h.Set("Proxy-Authorization", c.toProxy)
	}
}

// Forwarder is the proxy that forwarded the request, and may have answered it itself; "" where there was none.
func (c *Call) Forwarder() string {
	if o := c.at.origin; o != nil && o.forward != "" {
		return o.proxy.String()
	}
	return ""
}

// refused is the failure that an answer of a forwarding proxy is when it can be no other's: it wants to know who asks.
func (p *Proxy) refused(head *fasthttp.ResponseHeader) *Error {
	return &Error{Kind: KindProxy, Code: CodeGeneric, Message: "proxy " + p.String() + ": " + p.refusal("the request", head)}
}
