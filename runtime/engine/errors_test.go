package engine

import (
	"net"
	"os"
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
			"dial": &opError{opDial, call("socket", errno)}, "read": call("read", errno), "write": call("write", errno),
			"lookup": &opError{opLookup, &net.DNSError{Err: "dial udp 127.0.0.1:53: socket: " + errno.Error(), Name: "x"}},
		} {
			if got := explain(err); got.Kind != KindGenerator {
				t.Errorf("%s with %q: kind %s", step, errno, got.Kind)
			}
		}
	}
	for _, errno := range []syscall.Errno{syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EPIPE, syscall.EHOSTUNREACH, syscall.ETIMEDOUT, syscall.ENETUNREACH} {
		if got := explain(&opError{opDial, call("connect", errno)}); got.Kind == KindGenerator {
			t.Errorf("%q is taken for this machine's", errno)
		}
	}
}
