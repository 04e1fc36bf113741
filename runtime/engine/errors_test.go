package engine

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
)

// What a call fails with for want of something of this machine's own is not told of the target, at whatever step it shows.
func TestOwnLimitsAreNotTheTargets(t *testing.T) {
	t.Parallel()
	call := func(name string, errno syscall.Errno) error {
		return &net.OpError{Op: name, Net: "tcp", Err: os.NewSyscallError(name, errno)}
	}
	for _, errno := range ownLimits {
		for step, err := range map[string]error{
			"dial": &opError{op: opDial, err: call("socket", errno)}, "read": call("read", errno), "write": call("write", errno),
			"lookup": &opError{op: opLookup, err: &net.DNSError{Err: "dial udp 127.0.0.1:53: socket: " + errno.Error(), Name: "x"}},
		} {
			if got := explain(err); got.Kind != KindGenerator {
				t.Errorf("%s with %q: kind %s", step, errno, got.Kind)
			}
		}
	}
	for _, errno := range []syscall.Errno{syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EPIPE, syscall.EHOSTUNREACH, syscall.ETIMEDOUT, syscall.ENETUNREACH} {
		if got := explain(&opError{op: opDial, err: call("connect", errno)}); got.Kind == KindGenerator {
			t.Errorf("%q is taken for this machine's", errno)
		}
	}
}

// Servers refuse the lack of a certificate that they asked for in several ways; what an alert says to who was not asked, is another thing.
func TestAlertsToWhoWasAskedForACertificate(t *testing.T) {
	t.Parallel()
	for code := range 256 {
		for _, asked := range []bool{false, true} {
			err := &net.OpError{Op: "remote error", Err: tls.AlertError(code)} //nolint:gosec // it fits
			e := explain(&opError{op: opTLS, err: err, with: peer{host: "h.test", asked: asked}})
			want := code == 116 || asked && (code == 40 || code == 42 || code == 43 || code == 46 || code == 48 || code == 49)
			if got := strings.HasPrefix(e.Message, "h.test wants a client certificate, "); got != want || e.Kind != KindTLS || e.Code != CodeTLS || !strings.Contains(e.Message, fmt.Sprintf("(TLS alert %d, ", code)) {
				t.Errorf("alert %d, asked %v: got %s %d %q", code, asked, e.Kind, e.Code, e.Message)
			}
		}
	}
	err := &net.OpError{Op: "local error", Err: tls.AlertError(alertNoRenegotiation)}
	if e := explain(err); e.Kind != KindTLS || !strings.Contains(e.Message, "renegotiate") {
		t.Errorf("a server that renegotiates: got %s %q", e.Kind, e.Message)
	}
}
