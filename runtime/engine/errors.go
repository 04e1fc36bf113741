package engine

import (
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
)

// Kind says what a call failed with; it is the Kind of a metric.Failure.
type Kind string

// The kinds of failures.
const (
	KindTimeout     Kind = "timeout"
	KindRefused     Kind = "refused"
	KindReset       Kind = "reset"
	KindDNS         Kind = "dns"
	KindTLS         Kind = "tls"
	KindConnection  Kind = "connection"
	KindProxy       Kind = "proxy" // the proxy cannot be reached, or refuses: it says nothing of the target
	KindInvalid     Kind = "invalid"
	KindTooLarge    Kind = "too-large" // the body is longer than is taken
	KindGenerator   Kind = "generator" // this machine has not got what the call needs: it says nothing of the target
	KindInterrupted Kind = "interrupted"
)

// The codes of failures, as k6 numbers them: scripts compare them with error_code.
const (
	CodeGeneric     = 1000
	CodeInvalidURL  = 1020
	CodeTimeout     = 1050
	CodeDNS         = 1100
	CodeNoSuchHost  = 1101
	CodeBrokenPipe  = 1201
	CodeTCPErrno    = 1202
	CodeDial        = 1210
	CodeDialTimeout = 1211
	CodeRefused     = 1212
	CodeDialErrno   = 1213
	CodeReset       = 1220
	CodeTLS         = 1300
	CodeTLSHeader   = 1301
	CodeUnknownCA   = 1310
	CodeHostname    = 1311
	CodeStatus      = 1000 // plus the status, from 400 on
	CodeDecode      = 1701
)

// Error is why a call failed. Message has no ports, addresses or times in it, so that equal failures count together.
type Error struct {
	Kind    Kind
	Code    int
	Message string
	err     error
}

// Error implements error.
func (e *Error) Error() string { return e.Message }

// Unwrap returns what the call met, nil if there is no more to say.
func (e *Error) Unwrap() error { return e.err }

var errInterrupted = &Error{Kind: KindInterrupted, Code: CodeGeneric, Message: "interrupted: the virtual user stops"}

// op is what a connection was being made for when it failed.
type op uint8

const (
	opLookup op = iota
	opDial
	opTLS
)

// opError is an error of [dial].
type opError struct {
	op   op
	err  error
	with peer // of TLS
}

func (e *opError) Error() string { return e.err.Error() }
func (e *opError) Unwrap() error { return e.err }

// explain turns what went wrong into an [Error].
func explain(err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	var making *opError
	e := &Error{}
	switch errno, is := ownLimit(err); {
	case is:
		e = &Error{Kind: KindGenerator, Code: CodeTCPErrno, Message: "this generator's own limit: " + errno.Error()}
	case !errors.As(err, &making):
		e = explainExchange(err)
	case making.op == opLookup:
		e = explainLookup(err)
	case making.op == opDial:
		e = explainDial(err)
	default:
		e = explainTLS(err, &making.with)
	}
	e.err = err
	return e
}

// ownLimit says whether a call failed for want of something that this machine has not got, or forbids: open files, ports,
// buffers, memory, a firewall's leave. That says nothing of the target.
func ownLimit(err error) (errno syscall.Errno, is bool) {
	var dns *net.DNSError
	if errors.As(err, &dns) { // it has the text alone
		for _, errno := range ownLimits {
			if strings.HasSuffix(dns.Err, errno.Error()) {
				return errno, true
			}
		}
	}
	return errno, errors.As(err, &errno) && slices.Contains(ownLimits, errno)
}

// ownLimits are such errors; the last five are Windows': WSAEACCES, WSAEMFILE, WSAEADDRINUSE, WSAEADDRNOTAVAIL, WSAENOBUFS.
var ownLimits = []syscall.Errno{
	syscall.EMFILE, syscall.ENFILE, syscall.EADDRNOTAVAIL, syscall.EADDRINUSE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EACCES, syscall.EPERM, syscall.EAGAIN,
	10013, 10024, 10048, 10049, 10055,
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

func explainLookup(err error) *Error {
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return &Error{Kind: KindDNS, Code: CodeNoSuchHost, Message: "lookup: no such host"}
	}
	if isTimeout(err) {
		return &Error{Kind: KindDNS, Code: CodeDNS, Message: "lookup: timeout"}
	}
	return &Error{Kind: KindDNS, Code: CodeDNS, Message: "lookup: the name server failed"}
}

func explainDial(err error) *Error {
	var errno syscall.Errno
	switch {
	case isTimeout(err):
		return &Error{Kind: KindTimeout, Code: CodeDialTimeout, Message: "dial: i/o timeout"}
	case errors.Is(err, syscall.ECONNREFUSED):
		return &Error{Kind: KindRefused, Code: CodeRefused, Message: "dial: connection refused"}
	case errors.Is(err, syscall.ECONNRESET):
		return &Error{Kind: KindReset, Code: CodeReset, Message: "dial: connection reset by peer"}
	case errors.As(err, &errno):
		return &Error{Kind: KindConnection, Code: CodeDialErrno, Message: "dial: " + errno.Error()}
	default:
		return &Error{Kind: KindConnection, Code: CodeDial, Message: "dial: no connection"}
	}
}

func explainExchange(err error) *Error {
	var errno syscall.Errno
	e := &Error{Kind: KindConnection, Code: CodeGeneric}
	alert, alerted := alertOf(err)
	switch {
	case alerted:
		e.Kind, e.Code, e.Message = KindTLS, CodeTLS, alertText(alert, &peer{host: "the server"})
	case isTimeout(err):
		e.Kind, e.Code, e.Message = KindTimeout, CodeTimeout, "request timeout"
	case errors.Is(err, syscall.ECONNRESET):
		e.Kind, e.Code, e.Message = KindReset, CodeReset, "connection reset by peer"
	case errors.Is(err, syscall.EPIPE):
		e.Kind, e.Code, e.Message = KindReset, CodeBrokenPipe, "broken pipe: the server closed the connection"
	case errors.As(err, &errno):
		e.Code, e.Message = CodeTCPErrno, errno.Error()
	case errors.Is(err, io.EOF):
		e.Message = "the server closed the connection before it answered"
	case errors.Is(err, io.ErrUnexpectedEOF):
		e.Message = "the server closed the connection in the middle of its answer"
	default:
		e.Message = "the server's answer is not HTTP/1.1"
	}
	return e
}
