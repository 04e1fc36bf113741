package engine

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestEachAddressGetsItsShareOfTheTime(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0)
	for _, row := range []struct {
		rest time.Duration
		left int
		want time.Duration
	}{
		{60 * time.Second, 1, 60 * time.Second},
		{60 * time.Second, 2, 30 * time.Second},
		{60 * time.Second, 3, 20 * time.Second},
		{60 * time.Second, 30, 2 * time.Second},
		{60 * time.Second, 1000, 2 * time.Second},
		{10 * time.Second, 2, 5 * time.Second},
		{10 * time.Second, 4, 2500 * time.Millisecond},
		{10 * time.Second, 5, 2 * time.Second},
		{10 * time.Second, 6, 2 * time.Second},
		{3 * time.Second, 2, 2 * time.Second},
		{2 * time.Second, 2, 2 * time.Second},
		{time.Second, 2, time.Second},
		{time.Second, 1, time.Second},
		{time.Millisecond, 9, time.Millisecond},
		{0, 2, 0},
		{-time.Second, 2, -time.Second},
	} {
		if got := share(now, now.Add(row.rest), row.left).Sub(now); got != row.want {
			t.Errorf("%v left for %d addresses: the next gets %v, want %v", row.rest, row.left, got, row.want)
		}
	}
	if got := share(now, time.Time{}, 2); !got.IsZero() {
		t.Errorf("without a limit: got %v", got)
	}
}

// Attempts are written as address, how it ended (+ or -), and the second: "a-0".
func TestAddressesThatFailedAreTriedLast(t *testing.T) {
	t.Parallel()
	addrs := map[string]netip.Addr{"a": netip.MustParseAddr("192.0.2.1"), "b": netip.MustParseAddr("192.0.2.2"), "c": netip.MustParseAddr("192.0.2.3"), "A": netip.MustParseAddr("2001:db8::1"), "B": netip.MustParseAddr("2001:db8::2")}
	refused := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	start := time.Unix(1e9, 0)
	for name, row := range map[string]struct {
		attempts  string
		of        string
		at        time.Duration
		preferred int32
		want      string // the family tried first | the other
		good      int
	}{
		"none yet":                     {"", "a b c", 0, 0, "a b c |", 3},
		"the first failed":             {"a-0", "a b c", time.Second, 0, "b c a |", 2},
		"the middle one":               {"b-0", "a b c", time.Second, 0, "a c b |", 2},
		"two failed, the older first":  {"b-0 a-1", "a b c", 2 * time.Second, 0, "c b a |", 1},
		"all failed, the oldest first": {"c-0 a-1 b-2", "a b c", 3 * time.Second, 0, "c a b |", 0},
		"twice":                        {"a-0 b-1 a-2", "a b c", 3 * time.Second, 0, "c b a |", 1},
		"it answered since":            {"a-0 a+1", "a b c", 2 * time.Second, 0, "a b c |", 3},
		"just before it is forgotten":  {"a-0", "a b c", failedKept - 1, 0, "b c a |", 2},
		"forgotten":                    {"a-0", "a b c", failedKept, 0, "a b c |", 3},
		"one is forgotten":             {"a-0 b-9", "a b c", failedKept, 0, "a c b |", 2},
		"an address alone is asked whatever it did": {"a-0", "a", time.Second, 0, "a |", 1},
		"both families":                           {"", "A a B b", 0, 0, "A B | a b", 4},
		"the other family answered last":          {"", "A a B b", 0, 4, "a b | A B", 4},
		"the first of a family failed":            {"A-0", "A a B b", time.Second, 0, "a b | B A", 3},
		"a family failed":                         {"A-0 B-1", "A a B b", 2 * time.Second, 0, "a b | A B", 2},
		"the family that answered last failed":    {"A-0 B-1", "A a B b", 2 * time.Second, 6, "a b | A B", 2},
		"some of the family that answered last":   {"B-1", "A a B b", 2 * time.Second, 6, "A B | a b", 3},
		"all of both, the one that answered last": {"A-0 B-1 a-2 b-3", "A a B b", 4 * time.Second, 4, "a b | A B", 0},
	} {
		s := &Shared{}
		for attempt := range strings.FieldsSeq(row.attempts) {
			var err error
			if attempt[1] == '-' {
				err = refused
			}
			s.note(addrs[attempt[:1]], "80", start.Add(time.Duration(attempt[2]-'0')*time.Second), err)
		}
		var given []netip.Addr
		for n := range strings.FieldsSeq(row.of) {
			given = append(given, addrs[n])
		}
		names := func(list []netip.Addr) (s string) {
			for _, a := range list {
				for n, b := range addrs {
					if a == b {
						s += n + " "
					}
				}
			}
			return s
		}
		ordered, good := s.order(given, "80", start.Add(row.at))
		d := &dial{origin: &origin{}}
		d.origin.preferred.Store(row.preferred)
		first, second := d.families(ordered, good)
		if got := strings.TrimSpace(names(first) + "| " + names(second)); got != row.want || good != row.good {
			t.Errorf("%s: got %q, %d good; want %q, %d", name, got, good, row.want, row.good)
		}
		if ordered, good := s.order(given, "443", start.Add(row.at)); good != len(given) || names(ordered) != names(given) {
			t.Errorf("%s: another port has the order %q, %d good", name, names(ordered), good)
		}
	}
}

func TestWhatSaysNothingOfAnAddressIsNotNoted(t *testing.T) {
	t.Parallel()
	s := &Shared{}
	a := netip.MustParseAddr("192.0.2.1")
	for _, err := range []error{context.Canceled, fmt.Errorf("dial: %w", context.Canceled), &net.OpError{Err: syscall.EMFILE}, &net.OpError{Err: syscall.EADDRNOTAVAIL}, nil} {
		if s.note(a, "80", time.Now(), err); len(s.failed) > 0 {
			t.Errorf("%v is held against the address", err)
		}
	}
	for i := range 3 * maxFailures {
		s.note(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), "80", time.Now(), syscall.ECONNREFUSED)
	}
	if n := len(s.failed); n > maxFailures {
		t.Errorf("%d addresses are kept, want at most %d", n, maxFailures)
	}
}
