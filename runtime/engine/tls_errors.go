package engine

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The alerts of TLS that have a text of their own (RFC 8446, 6; RFC 5246, 7.2).
const (
	alertHandshakeFailure    = 40
	alertBadCertificate      = 42
	alertUnsupported         = 43
	alertCertificateUnknown  = 46
	alertUnknownCA           = 48
	alertAccessDenied        = 49
	alertProtocolVersion     = 70
	alertNoRenegotiation     = 100
	alertUnrecognizedName    = 112
	alertCertificateRequired = 116
)

// ofCertificates are the alerts that a server which asked for a client's certificate refuses the lack of one with.
var ofCertificates = []uint8{
	alertHandshakeFailure, alertBadCertificate, alertUnsupported, alertCertificateUnknown, alertUnknownCA, alertAccessDenied, alertCertificateRequired,
}

// shownNames and shownName bound what is shown of the names in a certificate: how many, and the bytes of each.
const (
	shownNames = 3
	shownName  = 60
)

// afterAsking is added where a server closes and does not say why.
const afterAsking = ", after it had asked for a client certificate, of which there is none to send"

// Ways out of a certificate that is refused.
const (
	takeAny = ", or take any certificate (--insecure)"
	trustIt = "trust it (on Linux SSL_CERT_FILE=FILE, else the system's store)"
)

// explainTLS says why there is no TLS with a peer.
func explainTLS(err error, with *peer) *Error {
	e := &Error{Kind: KindTLS, Code: CodeTLS}
	var header tls.RecordHeaderError
	alert, alerted := alertOf(err)
	switch {
	case alerted:
		e.Message = alertText(alert, with)
	case isTimeout(err) || errors.Is(err, os.ErrDeadlineExceeded):
		e = &Error{Kind: KindTimeout, Code: CodeTimeout, Message: "TLS handshake: timeout"}
	case errors.As(err, &header):
		e.Code, e.Message = CodeTLSHeader, "TLS handshake: the server does not speak TLS"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF):
		e.Message = "TLS handshake: the server closed the connection"
		if with.asked {
			e.Message += afterAsking
		}
	default:
		explainCertificate(e, err, with)
	}
	return e
}

// peer is whom TLS is made with.
type peer struct {
	host   string // its name or address
	asked  bool   // it asked for a client's certificate
	strict bool   // its certificate is checked whatever the options say
}

// anyway is the way out that is open for each fault of a certificate.
func (p *peer) anyway() string {
	if p.strict {
		return ""
	}
	return takeAny
}

// explainCertificate fills e in with what is wrong with a certificate.
func explainCertificate(e *Error, err error, with *peer) {
	var (
		authority x509.UnknownAuthorityError
		hostname  x509.HostnameError
		invalid   x509.CertificateInvalidError
	)
	switch {
	case errors.As(err, &authority):
		e.Code, e.Message = CodeUnknownCA, "certificate of "+with.host+" is signed by an authority that is not trusted here: "+trustIt+with.anyway()
		if c := leafOf(err, authority.Cert); c != nil && string(c.RawIssuer) == string(c.RawSubject) {
			e.Message = "certificate of " + with.host + " is signed by itself, and not trusted here: " + trustIt + with.anyway()
		}
	case errors.As(err, &hostname):
		e.Code, e.Message = CodeHostname, "certificate is not for "+with.host+", "+namesOf(hostname.Certificate)+": ask for a name that it has"+with.anyway()
	case errors.As(err, &invalid) && invalid.Cert != nil && invalid.Reason == x509.Expired:
		e.Message = datesOf(err, invalid.Cert, with)
	case errors.As(err, &invalid):
		e.Message = "certificate of " + with.host + " " + reasonText(invalid.Reason) + ": have another made" + with.anyway()
	default:
		e.Message = "TLS handshake failed: " + printable(err.Error(), 2*shownName)
	}
}

// datesOf says which certificate of a chain is out of its time, and since or until when.
func datesOf(err error, c *x509.Certificate, with *peer) string {
	const minute = "2006-01-02 15:04 UTC"
	whose := "certificate of " + with.host
	if !leafOf(err, c).Equal(c) {
		whose = "certificate of an authority that signs that of " + with.host
	}
	if time.Now().Before(c.NotBefore) {
		return fmt.Sprintf("%s is not valid before %s: see whether this machine's clock is right%s", whose, c.NotBefore.UTC().Format(minute), with.anyway())
	}
	return fmt.Sprintf("%s expired on %s: renew it%s", whose, c.NotAfter.UTC().Format(minute), with.anyway())
}

// leafOf is the certificate of the server itself; c where the error does not tell.
func leafOf(err error, c *x509.Certificate) *x509.Certificate {
	var verify *tls.CertificateVerificationError
	if errors.As(err, &verify) && len(verify.UnverifiedCertificates) > 0 {
		return verify.UnverifiedCertificates[0]
	}
	return c
}

// reasonText is what crypto/x509 says without the names, which are the server's.
func reasonText(reason x509.InvalidReason) string {
	switch reason {
	case x509.NotAuthorizedToSign:
		return "is signed by one that may not sign others"
	case x509.TooManyIntermediates:
		return "has more authorities above it than one of them allows"
	case x509.IncompatibleUsage:
		return "is not made for servers"
	case x509.CANotAuthorizedForThisName, x509.NameConstraintsWithoutSANs, x509.UnconstrainedName:
		return "is signed by an authority that may not sign for this name"
	case x509.CANotAuthorizedForExtKeyUsage:
		return "is signed by an authority that may not sign for servers"
	default:
		return "has no valid chain to an authority"
	}
}

// namesOf is what a certificate is for: the first few names of what may be a great many, of any length.
func namesOf(c *x509.Certificate) string {
	var names []string
	more := 0
	add := func(name string) {
		if len(names) == shownNames {
			more++
			return
		}
		names = append(names, printable(name, shownName))
	}
	if c != nil {
		for _, name := range c.DNSNames {
			add(name)
		}
		for _, ip := range c.IPAddresses {
			add(ip.String())
		}
	}
	switch {
	case len(names) == 0:
		return "and has no names at all (a common name does not count)"
	case more > 0:
		return "but for " + strings.Join(names, ", ") + " and " + strconv.Itoa(more) + " more"
	}
	return "but for " + strings.Join(names, ", ")
}

// printable is s without what a terminal would not show, and at most so many bytes of it.
func printable(s string, most int) string {
	long := len(s) > most
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, s[:min(len(s), most)])
	if long {
		s += "…"
	}
	return s
}

// alertOf is the alert that ended a TLS connection, whichever side sent it. crypto/tls has a type of its own for it, which
// only QUIC's users get to see.
func alertOf(err error) (alert uint8, ok bool) {
	op, is := errors.AsType[*net.OpError](err)
	if !is || op.Err == nil || op.Op != "remote error" && op.Op != "local error" {
		return 0, false
	}
	v := reflect.ValueOf(op.Err)
	if v.Kind() != reflect.Uint8 {
		return 0, false
	}
	return uint8(v.Uint()), true //nolint:gosec // it is one
}

// alertText says what an alert means, and what can be done.
func alertText(alert uint8, with *peer) string {
	told := fmt.Sprintf(" (TLS alert %d, %s)", alert, strings.TrimPrefix(tls.AlertError(alert).Error(), "tls: "))
	switch {
	case alert == alertCertificateRequired, with.asked && slices.Contains(ofCertificates, alert):
		return with.host + " wants a client certificate, and there is no setting for one: take an address of the service that wants none" + told
	case alert == alertHandshakeFailure:
		return "TLS handshake: " + with.host + " refuses: it may have no cipher suite in common with TLS 1.2 and 1.3 as used here" + told
	case alert == alertProtocolVersion:
		return "TLS handshake: " + with.host + " has no version in common: TLS 1.2 and 1.3 are used here" + told
	case alert == alertUnrecognizedName:
		return "TLS handshake: there is no host named " + with.host + " there" + told
	case alert == alertNoRenegotiation:
		return with.host + " wants to renegotiate TLS, as some do for a client certificate, which is not supported" + told
	}
	return "TLS: " + with.host + " ended the connection" + told
}

// alerted marks an error of an exchange that is an alert of TLS: a server of TLS 1.3 refuses a client's certificate, or the
// lack of it, only after the client's side of the handshake is done. Some do so without an alert.
func (cn *conn) alerted(err error, first bool) error {
	if _, ok := alertOf(err); !ok {
		if first && cn.asked && cn.origin.tls && !cn.answered && (closedByServer(err) || errors.Is(err, io.ErrUnexpectedEOF)) {
			e := *explain(err)
			e.Message += afterAsking
			return &e
		}
		return err
	}
	with := peer{host: cn.origin.name, asked: cn.asked}
	if !cn.origin.tls {
		with = cn.proxyPeer()
	}
	return &opError{op: opTLS, err: err, with: with}
}
