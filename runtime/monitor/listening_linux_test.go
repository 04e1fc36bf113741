package monitor

import (
	"encoding/binary"
	"net"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// narrow listens with room for few connections that wait.
func narrow(t *testing.T, backlog int) *net.TCPListener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	raw, err := l.(*net.TCPListener).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(fd uintptr) { err = syscall.Listen(int(fd), backlog) }); err != nil {
		t.Fatal(err)
	}
	return l.(*net.TCPListener)
}

func TestConnectionsTurnedAwayAreThoseOfTheOwnSockets(t *testing.T) {
	if _, err := listeningSockets(); err != nil {
		t.Skipf("the kernel tells nothing of its sockets: %v", err)
	}
	full, quiet := narrow(t, 1), narrow(t, 4)
	f := &fdCache{}
	defer f.Close()
	p := newProcesses(tree{}, f)
	p.set([]string{strconv.Itoa(os.Getpid())})
	clock := &fakeClock{}
	m := rates{clock: clock.time}
	p.connections(m.begin("test"))
	for range 5 { // nobody accepts
		if c, err := net.DialTimeout("tcp", full.Addr().String(), 100*time.Millisecond); err == nil {
			defer c.Close()
		}
	}
	clock.pass(time.Second)
	r := m.begin("test")
	p.connections(r)
	if v := r.Values[record.NetListenOverflows]; v < 1 {
		t.Errorf("%v connections a second turned away, want some: %v", v, r.Values)
	}
	if l := r.Limits[record.NetListenQueue]; l < 5 {
		t.Errorf("%v connections may wait, want those of both sockets", l)
	}
	// seen from the one that had room for all, nothing happened
	only := sockets{ports: map[int]bool{quiet.Addr().(*net.TCPAddr).Port: true}, owned: p.sockets.owned}
	if drops, backlog := only.drops(); drops != 0 || backlog != 4 {
		t.Errorf("%v turned away, room for %v; want 0 and 4", drops, backlog)
	}
}

func TestAnswersOfTheKernelThatAreCutAreRefused(t *testing.T) {
	header := make([]byte, unix.NLMSG_HDRLEN)
	binary.NativeEndian.PutUint32(header, 400) // says more than there is
	if _, _, err := parseListening(header, nil); err == nil {
		t.Error("a message that is longer than the answer was taken")
	}
	binary.NativeEndian.PutUint32(header, unix.NLMSG_HDRLEN)
	binary.NativeEndian.PutUint16(header[4:], diagByFamily)
	if all, done, err := parseListening(header, nil); len(all) != 0 || done || err != nil {
		t.Errorf("an empty message: %v, %v, %v", all, done, err)
	}
	if n := dropsOf([]byte{36, 0, 7, 0, 1}); n != -1 {
		t.Errorf("an attribute that is cut tells %v drops", n)
	}
}
