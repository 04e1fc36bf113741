package engine_test

import (
	"errors"
	"net"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
)

// unanswering makes an address never answer: its listener's queue is full, so that the kernel drops what asks for a connection.
func unanswering(t *testing.T, ip [4]byte, port int) error {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: ip, Port: port}); err != nil {
		return err
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	addr := net.JoinHostPort(net.IP(ip[:]).String(), strconv.Itoa(port))
	for range 8 { // a queue of length 0 takes one
		c, err := net.DialTimeout("tcp", addr, 200*time.Millisecond)
		if err != nil {
			if timeout, ok := errors.AsType[net.Error](err); !ok || !timeout.Timeout() {
				t.Fatal(err)
			}
			return nil
		}
		t.Cleanup(func() { _ = c.Close() })
	}
	t.Fatal("the queue does not become full")
	return nil
}

// besideUnanswering serves hello at one address, and at the other, and the same port, nothing answers. conns counts the former's.
func besideUnanswering(t *testing.T, network, alive string, dead [4]byte) (port string) {
	t.Helper()
	for range 20 {
		l, err := net.Listen(network, net.JoinHostPort(alive, "0"))
		if err != nil {
			t.Skipf("%s cannot be listened to here: %v", alive, err)
		}
		_, port, _ = net.SplitHostPort(l.Addr().String())
		n, _ := strconv.Atoi(port)
		_ = l.Close()
		if err := unanswering(t, dead, n); err == nil {
			listen(t, network, net.JoinHostPort(alive, port), always(hello))
			return port
		}
	}
	t.Fatal("no port is free at both addresses")
	return ""
}

func TestAnAddressThatDoesNotAnswerGetsItsShareOnly(t *testing.T) {
	t.Parallel()
	dead := [4]byte{127, 0, 0, 77}
	for name, row := range map[string]struct {
		network, alive string
		addrs          []string
	}{
		"IPv4 alone":               {"tcp4", "127.0.0.1", []string{"127.0.0.77", "127.0.0.1"}},
		"the other family is dead": {"tcp6", "::1", []string{"127.0.0.77", "::1"}},
		"one of three":             {"tcp4", "127.0.0.1", []string{"127.0.0.77", "127.0.0.1", "127.0.0.1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			port := besideUnanswering(t, row.network, row.alive, dead)
			url := "http://service.test:" + port + "/"
			shared := &engine.Shared{Resolver: resolver(t, "service.test", row.addrs...)}
			call := newClient(t, engine.Options{Timeout: 6 * time.Second, Shared: shared}).NewCall()
			if send(call, "GET", url); call.Err != nil || call.Remote.Addr().String() != row.alive {
				t.Fatalf("the first: %v, %v", call.Err, call.Remote)
			}
			// All virtual users know: a time-out that one attempt at the dead address would take, is enough for each of them.
			for range 4 {
				other := newClient(t, engine.Options{Timeout: 1500 * time.Millisecond, Shared: shared}).NewCall()
				if send(other, "GET", url); other.Err != nil || other.Remote.Addr().String() != row.alive {
					t.Errorf("another: %v, %v", other.Err, other.Remote)
				}
			}
		})
	}
}

// A family that does not answer is waited for by one virtual user, not by each: every other connection begins with it, so
// that of two in a row one would wait.
func TestAFamilyThatDoesNotAnswerIsWaitedForOnce(t *testing.T) {
	t.Parallel()
	port := besideUnanswering(t, "tcp6", "::1", [4]byte{127, 0, 0, 78})
	shared := &engine.Shared{Resolver: resolver(t, "service.test", "127.0.0.78", "::1")}
	const wait = 250 * time.Millisecond
	inARow := 0
	for range 20 {
		call := get(t, newClient(t, engine.Options{Timeout: time.Minute, Shared: shared}), "http://service.test:"+port+"/")
		if call.Err != nil {
			t.Fatal(call.Err)
		}
		if inARow++; call.Timings.Connecting >= wait {
			inARow = 0
		}
		if inARow == 3 {
			return
		}
	}
	t.Error("the address that does not answer is waited for again and again")
}

func TestAnAddressThatRefusesIsTriedLast(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp4", "127.0.0.77:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	listen(t, "tcp4", "127.0.0.1:"+port, always(hello))
	shared := &engine.Shared{Resolver: resolver(t, "service.test", "127.0.0.77", "127.0.0.1")}
	for range 5 {
		call := get(t, newClient(t, engine.Options{Shared: shared}), "http://service.test:"+port+"/")
		if call.Err != nil || call.Remote.Addr().String() != "127.0.0.1" {
			t.Errorf("got %v, %v", call.Err, call.Remote)
		}
	}
}
