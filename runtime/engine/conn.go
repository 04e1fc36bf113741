package engine

import (
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// conn is one TCP connection that knows what passed over it and when. With
// TLS it lies under the tls.Conn, so that bytes are those on the wire.
type conn struct {
	net.Conn // the TCP connection
	client   *Client
	origin   *origin
	tls      *tls.Conn // nil without TLS
	version  uint16    // of TLS
	cipher   uint16
	remote   netip.AddrPort
	aborted  atomic.Bool

	in, out int           // bytes, of the exchange under way
	reads   int           // that brought the bytes in
	begun   time.Duration // when its first byte was about to be sent
	sent    time.Duration // when its last byte was sent
	limit   time.Duration // when it must have ended
	armed   time.Duration // what the connection's own deadline is set to, which may be earlier
	err     error         // what the connection failed with

	raw   syscall.RawConn // nil where writing and waiting cannot be one step
	turn  func(fd uintptr) bool
	await bool   // the next Write is the last of the request: wait for the answer in the same step
	rest  []byte // of that Write, not yet written
	wrote bool
}

// stream is what requests are written to and responses read from.
func (cn *conn) stream() net.Conn {
	if cn.tls != nil {
		return cn.tls
	}
	return cn
}

// begin starts an exchange now, that must end by limit.
func (cn *conn) begin(now, limit time.Duration) {
	cn.in, cn.out, cn.reads, cn.err = 0, 0, 0, nil
	cn.begun, cn.sent = now, now
	cn.limit = limit
	// A deadline that an earlier exchange set and that has not passed yet
	// stays: Read and Write move it on when it strikes too early. So a
	// connection touches its timer once a time-out, not once a request.
	if cn.armed > limit || cn.armed <= cn.begun {
		cn.arm()
	}
}

func (cn *conn) arm() {
	cn.armed = cn.limit
	if err := cn.SetDeadline(cn.client.at(cn.limit)); err != nil && cn.err == nil {
		cn.err = err
	}
}

// struck says whether err is the connection's deadline striking before the
// exchange's; the deadline is then moved on.
func (cn *conn) struck(err error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) || cn.armed >= cn.limit || cn.client.now() >= cn.limit {
		return false
	}
	cn.arm()
	return true
}

// Read implements [net.Conn].
func (cn *conn) Read(p []byte) (int, error) {
	for {
		n, err := cn.Conn.Read(p)
		cn.in += n
		cn.reads++
		if err == nil || n == 0 && cn.struck(err) {
			if err != nil {
				continue
			}
			return n, nil
		}
		cn.err = err
		return n, err
	}
}

// Write implements [net.Conn].
func (cn *conn) Write(p []byte) (int, error) {
	if cn.await && cn.raw != nil && cn.tls == nil {
		return cn.writeAndWait(p)
	}
	return cn.write(p)
}

func (cn *conn) write(p []byte) (int, error) {
	written := 0
	for {
		n, err := cn.Conn.Write(p[written:])
		written += n
		cn.out += n
		cn.sent = cn.client.now()
		switch {
		case err == nil:
			return written, nil
		case cn.struck(err):
			continue
		}
		cn.err = err
		return written, err
	}
}

// writeAndWait writes p and returns when the connection can be read from. It
// saves the read that a plain Write and Read would begin with, and that finds
// nothing because the answer is still under way: one system call a request.
// No answer can be missed: the wait is set up before the write. What a server
// says unasked can; so it is for connections that have served a request, since
// a server that is full speaks before it is asked, on a new one.
func (cn *conn) writeAndWait(p []byte) (int, error) {
	cn.rest, cn.wrote = p, false
	err := cn.raw.Read(cn.turn)
	rest := cn.rest
	cn.rest = nil
	cn.out += len(p) - len(rest)
	if !cn.wrote || len(rest) > 0 {
		n, err := cn.write(rest)
		return len(p) - len(rest) + n, err
	}
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		cn.err = err
		return len(p), err
	}
	return len(p), nil // a deadline is for Read to judge
}

// abort closes the connection without ado; it may be called from any goroutine.
func (cn *conn) abort() {
	cn.aborted.Store(true)
	_ = cn.Close() // nothing is lost: who uses it gets the error
}
