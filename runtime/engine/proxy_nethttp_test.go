package engine_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
)

// What a proxy is sent is what net/http sends it, but for the names of the programs.
func TestAProxyIsAskedAsByNetHTTP(t *testing.T) {
	t.Parallel()
	r := &recorder{answers: []string{"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"}}
	addr := strings.TrimPrefix(serve(t, r.handle), "http://")
	for _, login := range []string{"", "user:word@", "user@", "us%20er:w%3A%40rd@", ":word@"} {
		for _, row := range []struct{ method, url, body string }{
			{"GET", "http://service.test/", ""},
			{"GET", "http://service.test", ""},
			{"GET", "http://service.test:8080/a%20b?c=d", ""},
			{"HEAD", "http://service.test/a", ""},
			{"POST", "http://service.test/a", "body"},
			{"POST", "http://service.test/a", ""},
			{"DELETE", "http://10.1.2.3/a", ""},
			{"GET", "http://[2001:db8::1]/a", ""},
			{"GET", "http://[2001:db8::1]:8080/a", ""},
			{"GET", "https://service.test/a", ""},
			{"POST", "https://service.test:8443/a", "body"},
			{"GET", "https://10.1.2.3/a", ""},
			{"GET", "https://[2001:db8::1]/a", ""},
			{"GET", "https://BÜCHER.test/a", ""},
		} {
			named := "http://" + login + addr
			call := newClient(t, engine.Options{UserAgent: "same", Proxies: environment(t, "ALL_PROXY="+named)}).NewCall()
			if err := call.Begin(row.method, row.url); err != nil {
				t.Fatal(row.url, err)
			}
			call.SetBodyString(row.body)
			if err := call.Send(); (err != nil) != strings.HasPrefix(row.url, "https") {
				t.Fatal(row.url, err)
			}
			asked := r.asked()
			ours := asked[len(asked)-1]

			req, err := http.NewRequestWithContext(t.Context(), row.method, row.url, strings.NewReader(row.body))
			if err != nil {
				t.Fatal(row.url, err)
			}
			req.Header.Set("User-Agent", "same")
			proxy, err := url.Parse(named)
			if err != nil {
				t.Fatal(err)
			}
			transport := &http.Transport{
				DisableCompression: true, Proxy: http.ProxyURL(proxy), ProxyConnectHeader: http.Header{"User-Agent": {"same"}},
			}
			if resp, err := transport.RoundTrip(req); err == nil {
				_ = resp.Body.Close()
			}
			transport.CloseIdleConnections()
			asked = r.asked()
			if theirs := asked[len(asked)-1]; sorted(ours) != sorted(theirs) {
				t.Errorf("%s %s through %s: sent\n%s\nnet/http sends\n%s", row.method, row.url, named, ours, theirs)
			}
		}
	}
}
