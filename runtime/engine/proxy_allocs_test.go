//go:build !race

package engine_test

import (
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
)

func TestARequestThatAProxyForwardsAllocatesNothing(t *testing.T) {
	addr := strings.TrimPrefix(serve(t, fast(hello)), "http://")
	client := newClient(t, engine.Options{Proxies: environment(t, "HTTP_PROXY=http://user:word@"+addr)})
	call := client.NewCall()
	once := func() {
		send(call, "GET", "http://service.test/hello?a=1")
		if call.Err != nil || call.Status != 200 {
			t.Fatal(call.Err, call.Status)
		}
	}
	once()
	if n := testing.AllocsPerRun(200, once); n != 0 {
		t.Errorf("a forwarded GET allocates %v times, want 0", n)
	}
}
