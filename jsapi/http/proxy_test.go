package http_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
)

// A status that came through a proxy that forwards requests may be the proxy's own: what is told says so.
func TestFailuresSayThatAProxyStoodBetween(t *testing.T) {
	t.Parallel()
	var direct string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if to, ok := strings.CutPrefix(r.URL.Path, "/to-direct"); ok {
			http.Redirect(w, r, direct+to, http.StatusFound)
			return
		}
		pages(w, r)
	}))
	t.Cleanup(proxy.Close)
	addr := proxy.Listener.Addr().String()
	proxies, err := engine.ProxiesOf([]string{"HTTP_PROXY=http://someone:hunter2@" + addr})
	if err != nil {
		t.Fatal(err)
	}
	const far = `http.get('http://service.test`
	for script, want := range map[string]struct {
		kind, message string
		status        int64
	}{
		far + `/status/502')`:                               {"status", "502 Bad Gateway (through proxy ADDR)", 502},
		far + `/status/503')`:                               {"status", "503 Service Unavailable (through proxy ADDR)", 503},
		far + `/status/504')`:                               {"status", "504 Gateway Timeout (through proxy ADDR)", 504},
		far + `/status/500')`:                               {"status", "500 Internal Server Error (through proxy ADDR)", 500},
		far + `/status/403')`:                               {"status", "403 Forbidden (through proxy ADDR)", 403},
		far + `/status/404')`:                               {"status", "404 Not Found (through proxy ADDR)", 404},
		far + `/status/599')`:                               {"status", "599 (through proxy ADDR)", 599},
		far + `/status/407')`:                               {"proxy", "proxy ADDR: it does not take the user and password of HTTP_PROXY (407)", 0},
		far + `/cut')`:                                      {"connection", "the server closed the connection in the middle of its answer (through proxy ADDR)", 0},
		far + `/to-direct/status/502')`:                     {"status", "502 Bad Gateway", 502},
		`http.get(base + '/status/502')`:                    {"status", "502 Bad Gateway", 502},
		`http.get(base + '/status/407')`:                    {"status", "407 Proxy Authentication Required", 407},
		`http.batch(['http://service.test/status/502'])[0]`: {"status", "502 Bad Gateway (through proxy ADDR)", 502},
	} {
		h := newHost(t, engine.Options{Proxies: proxies})
		direct = h.Serve(t, pages).URL
		if status := h.Run(t, `r = `+script+`; r.status`); status != want.status {
			t.Errorf("%s: status %v, want %v", script, status, want.status)
		}
		if want.message = strings.ReplaceAll(want.message, "ADDR", addr); len(h.Failures) != 1 || h.Failures[0].Kind != want.kind || h.Failures[0].Message != want.message {
			t.Errorf("%s: failures %+v, want %+v", script, h.Failures, want)
		}
	}
}
