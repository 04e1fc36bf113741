package engine

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"
)

// A name may have several addresses. One that does not answer must not take the time of those that would.
const (
	leastShare  = 2 * time.Second  // of a call's time-out for an address, where that much is left
	failedKept  = 30 * time.Second // for how long an address that failed is tried after the others
	maxFailures = 1024             // that are kept: a name server could go on inventing addresses
)

// share is when the attempt at an address ends, of which left are still to be tried by limit: each gets as much of what is
// left, but none so little that a lost packet, which is sent again after a second, could not be made up for.
func share(now, limit time.Time, left int) time.Time {
	if left <= 1 || limit.IsZero() {
		return limit
	}
	rest := limit.Sub(now)
	return now.Add(min(max(rest/time.Duration(left), leastShare), rest))
}

// order puts those of addrs last that failed a while ago, the longest ago first. The first good of them did not fail.
func (s *Shared) order(addrs []netip.Addr, port string, now time.Time) (ordered []netip.Addr, good int) {
	if len(addrs) < 2 {
		return addrs, len(addrs)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.failed) == 0 {
		return addrs, len(addrs)
	}
	failed := func(a netip.Addr) time.Time {
		at, ok := s.failed[endpoint{a, port}]
		if !ok || now.Sub(at) >= failedKept {
			return time.Time{}
		}
		return at
	}
	ordered = slices.Clone(addrs)
	slices.SortStableFunc(ordered, func(a, b netip.Addr) int { return failed(a).Compare(failed(b)) })
	for good < len(ordered) && failed(ordered[good]).IsZero() {
		good++
	}
	return ordered, good
}

// endpoint is what a connection leads to.
type endpoint struct {
	addr netip.Addr
	port string
}

// note remembers how the attempt at one of a name's addresses ended.
func (s *Shared) note(a netip.Addr, port string, now time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := endpoint{a, port}
	if err == nil {
		delete(s.failed, at)
		return
	}
	if _, own := ownLimit(err); own || errors.Is(err, context.Canceled) {
		return // that says nothing of the address
	}
	if s.failed == nil || len(s.failed) >= maxFailures {
		s.failed = map[endpoint]time.Time{}
	}
	s.failed[at] = now
}
