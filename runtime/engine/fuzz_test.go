package engine_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
)

// Whatever a server answers, a call ends with a status or with an error that
// has a kind, a code and a message; the next call of the same client works.
func FuzzResponse(f *testing.F) {
	for _, seed := range []string{
		hello,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 302 Found\r\nLocation: \x00//\r\nSet-Cookie: a=b; Domain=; Expires=x\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
		"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b",
		"HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\nContent-Length: 1\r\n\r\nx", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
		"HTTP/1.1 200 OK\r\nContent-Encoding: br, x-gzip\r\nContent-Encoding: deflate\r\nContent-Length: 2\r\n\r\nab",
		"HTTP/1.0 200\r\n\r\nuntil closed", "\r\n\r\n", "HTTP/1.1 000 \r\n\r\n", "", "\x00",
	} {
		f.Add([]byte(seed))
	}
	answers := make(chan []byte, 1)
	handle := func(c net.Conn) {
		buf := make([]byte, 4096)
		for {
			if n, err := c.Read(buf); n == 0 || err != nil {
				return
			}
			select {
			case answer := <-answers:
				_, _ = c.Write(answer)
				return
			default:
				_, _ = c.Write([]byte(hello))
			}
		}
	}
	// Closed connections hold their ports for a minute: one address would run out of them.
	urls := make([]string, 16)
	for i := range urls {
		urls[i] = serve(f, handle)
	}
	turn := 0
	client := engine.New(engine.Options{Timeout: 5 * time.Second, MaxBody: 1 << 20})
	f.Cleanup(client.Close)
	call := client.NewCall()
	f.Fuzz(func(t *testing.T, answer []byte) {
		turn++
		url := urls[turn%len(urls)]
		answers <- answer
		if err := call.Begin("GET", url); err != nil {
			t.Fatal(err)
		}
		if err := call.Send(); err != nil {
			if (call.Status != 0) != (err.Code == engine.CodeDecode) || err.Kind == "" || err.Code == 0 || err.Message == "" || err.Kind == engine.KindTimeout {
				t.Fatalf("%+v, status %d, for %q", err, call.Status, answer)
			}
		} else if call.Status < 1 {
			t.Fatalf("status %d for %q", call.Status, answer)
		}
		for range call.Headers {
			continue
		}
		_, _ = call.Follow(1)
		// The next request must get the next answer, not what is left of this one.
		select {
		case <-answers:
		default:
		}
		if err := call.Begin("GET", url); err != nil {
			t.Fatal(err)
		}
		if err := call.Send(); err != nil || call.Status != 200 || string(call.Body()) != "hello\n" {
			t.Fatalf("the next call: %v, status %d, %q, after %q", err, call.Status, call.Body(), answer)
		}
	})
}

// Whatever a proxy says, a call ends with a status or with an error of its kind that names the proxy.
func FuzzProxy(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\n\r\n", "HTTP/1.1 100 \r\n\r\nHTTP/1.1 200 \r\n\r\n",
		"HTTP/1.1 -1 \r\n\r\n", "HTTP/1.1 099 \r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n\x16\x03\x03\x00\x02ab", hello, "",
		"\x05\x00", "\x05\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", "\x05\x02\x01\x00\x05\x00\x00\x03\xffa", "\x05\xff", "\x04",
	} {
		for kind := range 4 {
			f.Add(kind, []byte(seed))
		}
	}
	answers := make(chan []byte, 1)
	addrs := make([]string, 16) // see FuzzResponse
	for i := range addrs {
		addrs[i] = listen(f, "tcp4", "127.0.0.1:0", func(c net.Conn) {
			answer := <-answers
			if n, err := c.Read(make([]byte, 4096)); n > 0 && err == nil {
				_, _ = c.Write(answer)
			}
		})
	}
	turn := 0
	f.Fuzz(func(t *testing.T, kind int, answer []byte) {
		turn++
		addr := addrs[turn%len(addrs)]
		scheme := []string{"http", "https", "socks5"}[uint(kind)%3]
		url := []string{"http://service.test/", "https://service.test/"}[uint(kind)/3%2]
		proxies, err := engine.ProxiesOf([]string{"ALL_PROXY=" + scheme + "://user:hunter2@" + addr})
		if err != nil {
			t.Fatal(err)
		}
		client := engine.New(engine.Options{Timeout: 5 * time.Second, MaxBody: 1 << 20, Proxies: proxies})
		defer client.Close()
		answers <- answer
		call := client.NewCall()
		if err := call.Begin("POST", url); err != nil {
			t.Fatal(err)
		}
		if err := call.Send(); err != nil && err.Code != engine.CodeDecode {
			named := strings.Contains(err.Message, addr) && !strings.Contains(err.Message, "hunter2")
			if err.Kind == "" || err.Code == 0 || err.Kind == engine.KindTimeout || !named && err.Kind != engine.KindTooLarge {
				t.Errorf("%s: %+v for %q", scheme, err, answer)
			}
		}
	})
}
