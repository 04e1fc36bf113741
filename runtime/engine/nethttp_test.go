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

// wireRequest is a request that several clients are asked to send.
type wireRequest struct {
	method, url, body string
	ours              string // the first line of our request, where another client's is not the same
	net, curl         string // the first line of theirs then; "" where it is all the same, fails where they send nothing
}

// fails stands for no request, or no response.
const fails = "fails"

// wireRequests are the requests that are compared. What differs has its reason in docs/http.md.
func wireRequests(origin string) []wireRequest {
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(origin, "http://"))
	const root = "GET / HTTP/1.1"
	return []wireRequest{
		{method: "GET", url: origin},
		{method: "GET", url: origin + "/"},
		{method: "HEAD", url: origin + "/a?b=c"},
		{method: "GET", url: origin + "/a%20b/c;d=e,f"},
		{method: "GET", url: origin + "/a%2Fb"},
		{method: "GET", url: origin + "/é", ours: "GET /%C3%A9 HTTP/1.1", curl: "GET /%c3%a9 HTTP/1.1"},
		{method: "GET", url: origin + "/a b", ours: "GET /a%20b HTTP/1.1", curl: fails},
		{method: "GET", url: origin + "/a//b/"},
		{method: "GET", url: origin + "/a?"},
		{method: "GET", url: origin + "/a?b=%zz&c=+d"},
		{method: "GET", url: origin + "/a#b"},
		{method: "GET", url: origin + "/.well-known/a..b"},
		{method: "GET", url: origin + "/[a]:@!$&'()*+"},
		{method: "GET", url: origin + "?a=b"},
		{method: "GET", url: "http://localhost:" + port + "/"},
		{method: "GET", url: "HTTP" + strings.TrimPrefix(origin, "http") + "/"},
		{method: "POST", url: origin + "/", body: "x"},
		{method: "PUT", url: origin + "/", body: strings.Repeat("x", 10_000)},
		{method: "PATCH", url: origin + "/", body: "{}"},
		{method: "DELETE", url: origin + "/", body: "x"},
		{method: "GET", url: origin + "/", body: "x"},
		{method: "POST", url: origin + "/", ours: "POST / HTTP/1.1", curl: "POST / HTTP/1.1"}, // without a length
		{method: "PUT", url: origin + "/", ours: "PUT / HTTP/1.1", curl: "PUT / HTTP/1.1"},
		{method: "DELETE", url: origin + "/"},
		{method: "OPTIONS", url: origin + "/"},
		{method: "PURGE", url: origin + "/"},
		{method: "GET", url: origin + "/a%2Fb/é", ours: "GET /a%2Fb/%C3%A9 HTTP/1.1", net: "GET /a/b/%C3%A9 HTTP/1.1", curl: "GET /a%2Fb/%c3%a9 HTTP/1.1"},
		{method: "GET", url: origin + "/a/../b", ours: "GET /b HTTP/1.1", net: "GET /a/../b HTTP/1.1"},
		{method: "GET", url: origin + "/a/./b/.", ours: "GET /a/b/ HTTP/1.1", net: "GET /a/./b/. HTTP/1.1"},
		{method: "GET", url: origin + "/a/%2e%2e/b", ours: "GET /b HTTP/1.1", net: "GET /a/%2e%2e/b HTTP/1.1", curl: "GET /a/%2e%2e/b HTTP/1.1"},
		{method: "GET", url: origin + `/a\b`, ours: "GET /a/b HTTP/1.1", net: "GET /a%5Cb HTTP/1.1", curl: `GET /a\b HTTP/1.1`},
		{method: "GET", url: origin + "/%zz", ours: "GET /%zz HTTP/1.1", net: fails},
		{method: "GET", url: origin + "/a?b=é", ours: "GET /a?b=%C3%A9 HTTP/1.1", net: "GET /a?b=é HTTP/1.1", curl: "GET /a?b=é HTTP/1.1"},
		{method: "GET", url: origin + `/a?b="<>'`, ours: "GET /a?b=%22%3C%3E' HTTP/1.1", net: `GET /a?b="<>' HTTP/1.1`, curl: `GET /a?b="<>' HTTP/1.1`},
		{method: "GET", url: origin + "/\"<>^`{}|", ours: "GET /%22%3C%3E%5E%60%7B%7D| HTTP/1.1", net: "GET /%22%3C%3E%5E%60%7B%7D%7C HTTP/1.1", curl: "GET /\"<>^`{}| HTTP/1.1"},
		{method: "GET", url: strings.Replace(origin, "127.0.0.1", "127.1", 1) + "/", ours: root, net: fails},
		{method: "GET", url: strings.Replace(origin, "127.0.0.1", "0x7f.1", 1) + "/", ours: root, net: fails},
		{method: "GET", url: strings.Replace(origin, "127.0.0.1", "LOCALHOST", 1) + "/", ours: root, net: root, curl: root},   // with Host in capitals
		{method: "GET", url: strings.Replace(origin, "127.0.0.1", "us%40er:pa:ss@127.0.0.1", 1) + "/", ours: root, net: root}, // RoundTrip leaves Authorization to http.Client
	}
}

// The same requests go through ours and through net/http, and are compared as they arrive.
func TestRequestsAreThoseOfNetHTTP(t *testing.T) {
	t.Parallel()
	r := &recorder{answers: []string{"HTTP/1.1 204 No Content\r\n\r\n"}}
	for _, w := range wireRequests(serve(t, r.handle)) {
		w.compare(t, "net/http", [3]string{w.overEngine(t, r), w.overNetHTTP(t, r), w.net}, true)
	}
}

// compare says where two requests, ours and theirs, are not as the row has them: all the same, or theirs with the first line
// that is the third string. One who is not strict may also send ours.
func (w *wireRequest) compare(t *testing.T, client string, requests [3]string, strict bool) {
	t.Helper()
	ours, theirs, line := requests[0], requests[1], requests[2]
	first := func(request string) string {
		line, _, _ := strings.Cut(request, "\r\n")
		return line
	}
	if w.ours != "" && first(ours) != w.ours {
		t.Errorf("%s %s: sent %q, want %q", w.method, w.url, first(ours), w.ours)
	}
	same := sorted(ours) == sorted(theirs)
	if line == "" && !same || line != "" && strict && (same || first(theirs) != line) || line != "" && !strict && !same && first(theirs) != line {
		t.Errorf("%s %s: sent\n%s\n%s sends\n%s\nwant the same, or what begins with %q", w.method, w.url, ours, client, theirs, line)
	}
}

// overEngine sends a request, and returns it as it arrived at r.
func (w *wireRequest) overEngine(t *testing.T, r *recorder) string {
	t.Helper()
	call := newClient(t, engine.Options{UserAgent: "same"}).NewCall()
	if call.Begin(w.method, w.url) != nil {
		return fails
	}
	call.SetBodyString(w.body)
	if call.Send() != nil {
		return fails
	}
	return r.last()
}

func (w *wireRequest) overNetHTTP(t *testing.T, r *recorder) string {
	t.Helper()
	var body io.Reader
	if w.body != "" {
		body = strings.NewReader(w.body)
	}
	req, err := http.NewRequestWithContext(t.Context(), w.method, w.url, body)
	if err != nil {
		return fails
	}
	req.Header.Set("User-Agent", "same")
	transport := &http.Transport{DisableCompression: true}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return fails
	}
	_ = resp.Body.Close()
	transport.CloseIdleConnections()
	return r.last()
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
