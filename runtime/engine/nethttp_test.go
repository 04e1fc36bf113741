package engine_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
)

// The same requests go through ours and through net/http, and are compared as they arrive; what differs is listed here, with
// its reason in docs/http.md.
func TestRequestsAreThoseOfNetHTTP(t *testing.T) {
	t.Parallel()
	r := &recorder{answers: []string{"HTTP/1.1 204 No Content\r\n\r\n"}}
	origin := serve(t, r.handle)
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(origin, "http://"))
	for _, row := range []struct {
		method, url, body string
		differs           string // how our request begins where it is another
	}{
		{method: "GET", url: origin},
		{method: "GET", url: origin + "/"},
		{method: "HEAD", url: origin + "/a?b=c"},
		{method: "GET", url: origin + "/a%20b/c;d=e,f"},
		{method: "GET", url: origin + "/a%2Fb"},
		{method: "GET", url: origin + "/é"},
		{method: "GET", url: origin + "/a b"},
		{method: "GET", url: origin + "/a//b/"},
		{method: "GET", url: origin + "/a?"},
		{method: "GET", url: origin + "/a?b=%zz&c=+d"},
		{method: "GET", url: origin + "/a#b"},
		{method: "GET", url: origin + "/.well-known/a..b"},
		{method: "GET", url: origin + "/[a]:@!$&'()*+"},
		{method: "GET", url: "http://localhost:" + port + "/"},
		{method: "POST", url: origin + "/", body: "x"},
		{method: "PUT", url: origin + "/", body: strings.Repeat("x", 10_000)},
		{method: "PATCH", url: origin + "/", body: "{}"},
		{method: "POST", url: origin + "/"},
		{method: "DELETE", url: origin + "/"},
		{method: "OPTIONS", url: origin + "/"},
		{method: "PURGE", url: origin + "/"},
		{method: "GET", url: origin + "/a%2Fb/é", differs: "GET /a%2Fb/%C3%A9 HTTP/1.1"}, // net/http: /a/b/%C3%A9
		{method: "GET", url: origin + "/a/../b", differs: "GET /b HTTP/1.1"},
		{method: "GET", url: origin + "/a?b=é", differs: "GET /a?b=%C3%A9 HTTP/1.1"}, // net/http: bytes beyond ASCII in the request line
		{method: "GET", url: strings.Replace(origin, "127.0.0.1", "127.1", 1) + "/", differs: "GET / HTTP/1.1"},
	} {
		call := newClient(t, engine.Options{UserAgent: "same"}).NewCall()
		if err := call.Begin(row.method, row.url); err != nil {
			t.Fatal(row.url, err)
		}
		if row.body != "" {
			call.SetBodyString(row.body)
		}
		if err := call.Send(); err != nil {
			t.Fatal(row.url, err)
		}
		asked := r.asked()
		ours := asked[len(asked)-1]
		if row.differs != "" {
			if !strings.HasPrefix(ours, row.differs+"\r\n") {
				t.Errorf("%s: sent %q, want %q", row.url, ours, row.differs)
			}
			continue
		}
		var body io.Reader
		if row.body != "" {
			body = strings.NewReader(row.body)
		}
		req, err := http.NewRequestWithContext(t.Context(), row.method, row.url, body)
		if err != nil {
			t.Fatal(row.url, err)
		}
		req.Header.Set("User-Agent", "same")
		transport := &http.Transport{DisableCompression: true}
		resp, err := transport.RoundTrip(req)
		if err != nil {
			t.Fatal(row.url, err)
		}
		_ = resp.Body.Close()
		transport.CloseIdleConnections()
		asked = r.asked()
		if theirs := asked[len(asked)-1]; sorted(ours) != sorted(theirs) {
			t.Errorf("%s %s: sent\n%s\nnet/http sends\n%s", row.method, row.url, ours, theirs)
		}
	}
}

// sorted is a request with its header lines in order: that of names says nothing.
func sorted(request string) string {
	head, body, _ := strings.Cut(request, "\r\n\r\n")
	var lines []string
	for s := bufio.NewScanner(strings.NewReader(head)); s.Scan(); {
		lines = append(lines, s.Text())
	}
	slices.Sort(lines[1:])
	return fmt.Sprint(strings.Join(lines, "\n"), "\n\n", body)
}
