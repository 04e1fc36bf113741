//go:build !race

package vu_test

import (
	"net"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/failure"
	"github.com/plimsoll-load/plimsoll/runtime/redact"
)

// The one allocation is goja's: the stack of a call from Go.
func TestIterationAllocatesNothingOfItsOwn(t *testing.T) {
	_, u := start(t, `import { scenario } from 'plimsoll'
scenario('empty', () => {})`)
	u.Iterate(t.Context(), "", time.Time{})
	if n := testing.AllocsPerRun(200, func() { u.Iterate(t.Context(), "", time.Time{}) }); n > 1 {
		t.Errorf("an empty iteration allocates %v times, want 1", n)
	}
}

// mostAllocs is what a GET and a check of its status allocated when this was written, from the call
// in JavaScript to the samples: goja's calls, the objects and closures of the script itself, and the
// Response with the property that is read. The engine and the samples add nothing.
const mostAllocs = 31

// From http.get to the sample: what the hot path may cost.
func TestGetAndCheckAllocateWhatTheyDid(t *testing.T) {
	_, u := start(t, `
import { scenario, check } from 'plimsoll'
import http from 'plimsoll/http'
const url = __ENV.URL
scenario('get', () => { check(http.get(url), { 'status is 200': (r) => r.status === 200 }) })`, at(responder(t)))
	for range 100 {
		if r := u.Iterate(t.Context(), "", time.Time{}); !r.OK {
			t.Fatal("the iteration failed")
		}
	}
	n := testing.AllocsPerRun(500, func() { u.Iterate(t.Context(), "", time.Time{}) })
	t.Logf("get and check: %v allocations", n)
	if n > mostAllocs {
		t.Errorf("get and check allocate %v times, want at most %d", n, mostAllocs)
	}
}

// What fails again and again costs no more than without a Keeper, once it has enough.
func TestAFailureThatIsKeptNoMoreCostsNothing(t *testing.T) {
	for name, code := range map[string]string{
		"check":     "check(http.get(url), { no: (r) => r.status === 201 })",
		"request":   "http.get(url, { responseCallback: http.expectedStatuses(201) })",
		"exception": "http.get(url); throw new Error('x')",
	} {
		script := "import { scenario, check } from 'plimsoll'\nimport http from 'plimsoll/http'\nconst url = __ENV.URL\nscenario('s', {}, () => { " + code + " })"
		costs := func(k *failure.Keeper) float64 {
			_, u := start(t, script, at(responder(t)), keeping(k))
			for range 100 {
				u.Iterate(t.Context(), "", time.Time{})
			}
			return testing.AllocsPerRun(500, func() { u.Iterate(t.Context(), "", time.Time{}) })
		}
		if with, without := costs(failure.NewKeeper(redact.New())), costs(nil); with > without {
			t.Errorf("%s: a failing iteration allocates %v times with a Keeper that has enough, %v without", name, with, without)
		}
	}
}

// responder answers each read with the same bytes, and allocates nothing
// while it does: all goroutines' allocations are counted.
func responder(t *testing.T) (url string) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				in, out := make([]byte, 4096), []byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nhello\n")
				for {
					if n, err := c.Read(in); n == 0 || err != nil {
						return
					}
					if _, err := c.Write(out); err != nil {
						return
					}
				}
			}()
		}
	}()
	return "http://" + l.Addr().String() + "/hello"
}
