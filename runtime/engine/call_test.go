package engine_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
)

// newClient makes a client that is closed at the end.
func newClient(tb testing.TB, o engine.Options) *engine.Client {
	tb.Helper()
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Second
	}
	c := engine.New(o)
	tb.Cleanup(c.Close)
	return c
}

// get sends a GET and returns the call.
func get(tb testing.TB, c *engine.Client, url string) *engine.Call {
	tb.Helper()
	call := c.NewCall()
	send(call, "GET", url)
	return call
}

func send(call *engine.Call, method, url string) {
	if call.Begin(method, url) == nil {
		_ = call.Send() // it is in the call's Result
	}
}

// recorder answers in turn and keeps what it was asked.
type recorder struct {
	mu      sync.Mutex
	heads   []string
	answers []string
}

func (r *recorder) handle(c net.Conn) {
	br := bufio.NewReader(c)
	for {
		head, ok := request(br)
		if !ok {
			return
		}
		r.mu.Lock()
		answer := r.answers[min(len(r.heads), len(r.answers)-1)]
		r.heads = append(r.heads, head)
		r.mu.Unlock()
		if _, err := c.Write([]byte(answer)); err != nil || strings.Contains(answer, "Connection: close") {
			return
		}
	}
}

func (r *recorder) asked() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.heads)
}

// last is the request that came last.
func (r *recorder) last() string {
	asked := r.asked()
	return asked[len(asked)-1]
}

func TestAResponseIsReadWhateverItsForm(t *testing.T) {
	t.Parallel()
	longHeader := strings.Repeat("x", 60<<10)
	for name, row := range map[string]struct {
		answer, method, body string
		status               int
	}{
		"content-length":  {answer: hello, status: 200, body: "hello\n"},
		"chunked":         {answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", status: 200, body: "abcde"},
		"until closed":    {answer: "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it", status: 200, body: "all of it"},
		"HTTP/1.0":        {answer: "HTTP/1.0 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", status: 200, body: "ok"},
		"204":             {answer: "HTTP/1.1 204 No Content\r\n\r\n", status: 204},
		"304":             {answer: "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n", status: 304},
		"HEAD":            {answer: "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", method: "HEAD", status: 200},
		"100 first":       {answer: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\nx", status: 201, body: "x"},
		"103 first":       {answer: "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", status: 200, body: "x"},
		"6 KB of headers": {answer: "HTTP/1.1 200 OK\r\nX-Long: " + longHeader[:6<<10] + "\r\nContent-Length: 1\r\n\r\nx", status: 200, body: "x"},
		"60 KB":           {answer: "HTTP/1.1 200 OK\r\nX-Long: " + longHeader + "\r\nContent-Length: 1\r\n\r\nx", status: 200, body: "x"},
		"no reason":       {answer: "HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", status: 404},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if row.method == "" {
				row.method = "GET"
			}
			r := &recorder{answers: []string{row.answer}}
			url := serve(t, r.handle)
			call := newClient(t, engine.Options{}).NewCall()
			for range 3 { // whatever was left on the connection would come to light
				send(call, row.method, url)
				if call.Err != nil || call.Status != row.status || string(call.Body()) != row.body {
					t.Fatalf("got %v, status %d, %q; want status %d, %q", call.Err, call.Status, call.Body(), row.status, row.body)
				}
			}
			if n := len(r.asked()); n != 3 {
				t.Errorf("the server saw %d requests, want 3", n)
			}
		})
	}
}

func TestBodiesAreDecoded(t *testing.T) {
	t.Parallel()
	const text = "the same text again and again, again and again"
	var gz, zl, br, zs bytes.Buffer
	g := gzip.NewWriter(&gz)
	_, _ = g.Write([]byte(text))
	_ = g.Close()
	z := zlib.NewWriter(&zl)
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	b := brotli.NewWriter(&br)
	_, _ = b.Write([]byte(text))
	_ = b.Close()
	s, err := zstd.NewWriter(&zs)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = s.Write([]byte(text))
	_ = s.Close()
	for encoding, coded := range map[string][]byte{"gzip": gz.Bytes(), "deflate": zl.Bytes(), "br": br.Bytes(), "zstd": zs.Bytes(), "x-own": []byte(text)} {
		r := &recorder{answers: []string{fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s", encoding, len(coded), coded)}}
		call := get(t, newClient(t, engine.Options{}), serve(t, r.handle))
		if call.Err != nil || string(call.Body()) != text {
			t.Errorf("%s: got %v, %q", encoding, call.Err, call.Body())
		}
		if strings.Contains(r.asked()[0], "Accept-Encoding") {
			t.Errorf("an encoding was asked for by default: %s", r.asked()[0])
		}
	}
	bad := get(t, newClient(t, engine.Options{}), serve(t, always("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc")))
	if bad.Err == nil || bad.Err.Code != engine.CodeDecode {
		t.Errorf("what is no gzip: got %v, want code %d", bad.Err, engine.CodeDecode)
	}
}

func TestWhatIsSent(t *testing.T) {
	t.Parallel()
	r := &recorder{answers: []string{hello}}
	url := serve(t, r.handle)
	host := strings.TrimPrefix(url, "http://")
	call := newClient(t, engine.Options{UserAgent: "plimsoll/1.2"}).NewCall()
	for _, row := range []struct {
		name, method, url, want string
		prepare                 func()
	}{
		{name: "plain", method: "GET", url: url, want: "GET / HTTP/1.1\r\nUser-Agent: plimsoll/1.2\r\nHost: " + host + "\r\n\r\n"},
		{name: "path and query", method: "GET", url: url + "/a%20b?c=d&e", want: "GET /a%20b?c=d&e HTTP/1.1"},
		{name: "query alone", method: "GET", url: url + "?a", want: "GET /?a HTTP/1.1"},
		{name: "fragment", method: "GET", url: url + "/a#b", want: "GET /a HTTP/1.1"},
		{name: "to be escaped", method: "GET", url: url + "/ä b?c=ö d", want: "GET /%C3%A4%20b?c=%C3%B6%20d HTTP/1.1"},
		{name: "dots and escapes", method: "GET", url: url + "/x/../a%2Fb/é//%zz?q=a%2fb/../é", want: "GET /a%2Fb/%C3%A9//%zz?q=a%2fb/../%C3%A9 HTTP/1.1"},
		{name: "own method", method: "PURGE", url: url, want: "PURGE / HTTP/1.1"},
		{name: "empty POST", method: "POST", url: url, want: "Content-Length: 0\r\n"},
		{name: "body", method: "POST", url: url, want: "Content-Length: 2\r\n\r\nhi", prepare: func() { call.SetBodyString("hi") }},
		{name: "body of a GET", method: "GET", url: url, want: "Content-Length: 2\r\n\r\nhi", prepare: func() { call.SetBodyString("hi") }},
		{name: "long body", method: "PUT", url: url, want: strings.Repeat("z", 100_000), prepare: func() { call.SetBodyString(strings.Repeat("z", 100_000)) }},
		{name: "own agent", method: "GET", url: url, want: "User-Agent: me\r\n", prepare: func() { call.SetHeader("user-agent", "me") }},
		{name: "own host", method: "GET", url: url, want: "Host: example.test\r\n", prepare: func() { call.SetHeader("host", "example.test") }},
		{name: "length is ours", method: "POST", url: url, want: "Content-Length: 2\r\n\r\nhi", prepare: func() {
			call.SetHeader("Content-Length", "7")
			call.SetBodyString("hi")
		}},
		{name: "credentials of the URL", method: "GET", url: "http://us%40er:pa:ss@" + host, want: "Authorization: Basic dXNAZXI6cGE6c3M=\r\n"},
		{name: "no injection", method: "GET", url: url, want: "X-A: b  X-C: d\r\n", prepare: func() { call.SetHeader("X-A", "b\r\nX-C: d") }},
		{name: "cookies", method: "GET", url: url, want: "Cookie: a=1; b=2\r\n", prepare: func() {
			call.SetHeader("Cookie", "a=1")
			call.SetCookie("b", "2")
		}},
		{name: "cookies as they are", method: "GET", url: url, want: "Cookie: a=\"1\"; b={\"k\":\"\\é\"}; a=2  X: y\r\n", prepare: func() {
			call.SetHeader("Cookie", `a="1"`)
			call.SetCookie("b", `{"k":"\é"}`)
			call.SetCookie("a", "2\r\nX: y")
		}},
	} {
		if err := call.Begin(row.method, row.url); err != nil {
			t.Fatalf("%s: %v", row.name, err)
		}
		if row.prepare != nil {
			row.prepare()
		}
		if err := call.Send(); err != nil {
			t.Fatalf("%s: %v", row.name, err)
		}
		asked := r.asked()
		if last := asked[len(asked)-1]; !strings.Contains(last, row.want) {
			t.Errorf("%s: sent\n%swant\n%s", row.name, last, row.want)
		}
	}
}

func TestInvalidRequestsAreRefusedWithAReason(t *testing.T) {
	t.Parallel()
	call := newClient(t, engine.Options{}).NewCall()
	for url, want := range map[string]string{
		"":                    "no scheme",
		"localhost:8888/v1":   "no scheme",
		"/v1/":                "no scheme",
		"ftp://example.test/": "only http and https are supported, not ftp",
		"http://":             "no host",
		"http://a:99999/":     "port",
		"http://a%2Fb/":       "invalid escape",
		"http://1.2.3.256/":   "ends in a number",
		"http://[::1/":        "missing ']'",
		"http://a b/":         "invalid character",
	} {
		err := call.Begin("GET", url)
		if err == nil || err.Kind != engine.KindInvalid || err.Code != engine.CodeInvalidURL || !strings.Contains(err.Message, want) {
			t.Errorf("%q: got %v, want code 1020 and %q", url, err, want)
		}
	}
	if err := call.Begin("GET /", "http://127.0.0.1/"); err == nil || err.Kind != engine.KindInvalid {
		t.Errorf("a method with a space: got %v", err)
	}
}

func TestTimingsAndBytesAreThoseOfTheConnection(t *testing.T) {
	t.Parallel()
	client := newClient(t, engine.Options{})
	url := serve(t, always(hello))
	call := get(t, client, url)
	first := call.Result
	if first.Reused || first.Timings.Connecting <= 0 || first.Timings.Waiting <= 0 {
		t.Errorf("first request: %+v", first)
	}
	if first.BytesIn != len(hello) || first.BytesOut == 0 {
		t.Errorf("got %d bytes in, %d out; want %d in", first.BytesIn, first.BytesOut, len(hello))
	}
	if want := strings.TrimPrefix(url, "http://"); first.Remote.String() != want {
		t.Errorf("remote address is %v, want %v", first.Remote, want)
	}
	send(call, "GET", url)
	second := call.Result
	if !second.Reused || second.Timings.Connecting != 0 || second.BytesIn != len(hello) {
		t.Errorf("second request: %+v", second)
	}
	if second.Timings.Duration() > second.Timings.Total() {
		t.Errorf("duration %v is longer than the whole %v", second.Timings.Duration(), second.Timings.Total())
	}
}

func TestIPv6AndLocalhost(t *testing.T) {
	t.Parallel()
	if l, err := net.Listen("tcp6", "[::1]:0"); err != nil {
		t.Skipf("no IPv6 on this machine: %v", err)
	} else {
		_ = l.Close()
	}
	client := newClient(t, engine.Options{})
	six := listen(t, "tcp6", "[::1]:0", always(hello))
	if call := get(t, client, "http://"+six); call.Err != nil || call.Status != 200 {
		t.Errorf("[::1]: %v", call.Err)
	}
	_, port6, _ := net.SplitHostPort(six)
	four := listen(t, "tcp4", "127.0.0.1:0", always(hello))
	_, port4, _ := net.SplitHostPort(four)
	for name, port := range map[string]string{"only IPv6 listens": port6, "only IPv4 listens": port4} {
		for range 2 {
			call := get(t, client, "http://localhost:"+port)
			if call.Err != nil && name == "only IPv6 listens" {
				addrs, _ := net.LookupHost("localhost")
				if !slices.Contains(addrs, "::1") {
					t.Skip("localhost does not resolve to ::1 here")
				}
			}
			if call.Err != nil || call.Status != 200 {
				t.Errorf("localhost, %s: %v", name, call.Err)
			}
		}
	}
}
