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
	asked    bool // the server asked for a client certificate
	remote   netip.AddrPort
	aborted  atomic.Bool

	in, out int           // bytes, of the exchange under way
	reads   int           // that brought the bytes in
	begun   time.Duration // when its first byte was about to be sent
	sent    time.Duration // when its last byte was sent
	limit   time.Duration // when it must have ended
	armed   time.Duration // what the connection's own deadline is set to, which may be earlier
	err     error         // what the connection failed with

	raw   syscall.RawConn
	turn  func(fd uintptr) bool // nil where writing and waiting cannot be one step
	await bool                  // the next Write is the last of the request: wait for the answer in the same step
	rest  []byte                // of that Write, not yet written
	wrote bool

	idle     time.Duration // when its last exchange ended
	full     bool          // the last Read filled its buffer: there may be more
	unseen   bool          // it serves another request without having been looked at: see heard
	answered bool          // a byte of the response came
	reading  reading       // how Read reads
	glance   func(fd uintptr)
	seen     []byte // what glance reads into
	peek     bool   // without taking it
	seenN    int
	seenErr  error
	one      [1]byte
}

// reading is how a connection is read from.
type reading uint8

const (
	readWaits   reading = iota // until something comes
	readGlances                // what is there
	readNothing                // nothing: what a layer above has read already counts alone
)

// fresh is how long a connection may be unused and still be taken without a look at it. Who sends one request after another
// pays nothing.
const fresh = time.Millisecond

// lookAgain is the longest wait of writeAndWait, and of a write that the server does not take, until the connection is
// looked at. What came between the last look and the request gives writeAndWait no sign; the plain read after it finds it.
const lookAgain = 100 * time.Millisecond

// longWrite is the length from which a write may have to wait for the server, bytes.
const longWrite = 32 << 10

// errRefused ends the writing of a request that the server has answered already.
var errRefused = &Error{Kind: KindConnection, Code: CodeGeneric, Message: "the server refused the request before it had the whole of it"}

// heard says whether the server closed the connection since its last exchange, or said something that it was not asked for: its end, a
// 408, a second answer. Then no request may go over it (RFC 9112, 9.3 to 9.5). What came is lost. A connection that was in use
// a moment ago is not looked at, unless its server is known to close without notice or the request could not be repeated.
func (cn *conn) heard(now, limit time.Duration, repeatable bool) bool {
	cn.unseen = now-cn.idle < fresh && !cn.origin.abrupt.Load()
	look := !cn.unseen || !repeatable || cn.full
	if cn.tls == nil && !look {
		return false
	}
	cn.reading = readGlances
	switch {
	case !look:
		cn.reading = readNothing
	case cn.tls != nil && cn.armed <= now:
		cn.limit = limit
		cn.arm(limit) // crypto/tls may have to write
	}
	// Under TLS, bytes may be a session ticket or a key update, which are no answer: crypto/tls takes those.
	n, err := cn.stream().Read(cn.one[:])
	cn.reading = readWaits
	if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	if now-cn.idle < lookAgain {
		cn.origin.abrupt.Store(true)
	}
	return true
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
	cn.begun, cn.sent, cn.answered = now, now, false
	cn.limit = limit
	until := limit
	if cn.unseen {
		until = min(limit, now+lookAgain)
	}
	// A deadline that an earlier exchange set and that has not passed yet
	// stays: Read and Write move it on when it strikes too early. So a
	// connection touches its timer once a time-out, not once a request.
	if cn.armed > until || cn.armed <= cn.begun {
		cn.arm(until)
	}
}

func (cn *conn) arm(until time.Duration) {
	cn.armed = until
	if err := cn.SetDeadline(cn.client.at(until)); err != nil && cn.err == nil {
		cn.err = err
	}
}

// struck says whether err is the connection's deadline striking before the
// exchange's; the deadline is then moved on.
func (cn *conn) struck(err error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) || cn.armed >= cn.limit || cn.client.now() >= cn.limit {
		return false
	}
	cn.arm(cn.limit)
	return true
}

// Read implements [net.Conn].
func (cn *conn) Read(p []byte) (int, error) {
	switch cn.reading {
	case readGlances:
		return cn.readNow(p)
	case readNothing:
		return 0, os.ErrDeadlineExceeded
	case readWaits:
	}
	for {
		n, err := cn.Conn.Read(p)
		cn.in += n
		cn.reads++
		cn.full = n == len(p)
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
	if cn.await && cn.turn != nil && cn.tls == nil {
		return cn.writeAndWait(p)
	}
	return cn.write(p)
}

func (cn *conn) write(p []byte) (int, error) {
	written, long := 0, len(p) >= longWrite && cn.tls == nil
	for {
		if long {
			cn.arm(min(cn.limit, cn.client.now()+lookAgain))
		}
		n, err := cn.Conn.Write(p[written:])
		written += n
		cn.out += n
		cn.sent = cn.client.now()
		switch {
		case err == nil:
			return written, nil
		case long && cn.refused():
			err = errRefused
		case cn.struck(err):
			continue
		}
		cn.err = err
		return written, err
	}
}

// refused says whether the server has begun an answer that means that it does not want the request: a status from 300 on.
func (cn *conn) refused() bool {
	const line, status = "HTTP/1.1 ", len("HTTP/1.1 413")
	var p [status]byte
	cn.peek = true
	n, _ := cn.readNow(p[:]) // an error is for the next write, or read, to meet
	cn.peek = false
	return n == status && p[len(line)] >= '3'
}

// writeAndWait writes p and returns when the connection can be read from. It
// saves the read that a plain Write and Read would begin with, and that finds
// nothing because the answer is still under way: one system call a request.
// No answer can be missed: the wait is set up before the write. What a server
// says unasked can; so it is for connections that served a request a moment
// ago, and lasts no longer than lookAgain.
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
