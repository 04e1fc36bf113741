package engine_test

import (
	"bufio"
	"net"
	"strings"
	"testing"
)

// serve answers connections on loopback by hand; it returns the URL's origin.
func serve(tb testing.TB, handle func(net.Conn)) string {
	tb.Helper()
	return "http://" + listen(tb, "tcp4", "127.0.0.1:0", handle)
}

// listen runs handle on each connection to an address, and returns it.
func listen(tb testing.TB, network, addr string, handle func(net.Conn)) string {
	tb.Helper()
	l, err := net.Listen(network, addr)
	if err != nil {
		tb.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				handle(c)
			}()
		}
	}()
	tb.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return l.Addr().String()
}

// request reads one request with its body and returns its head; false at the end.
func request(br *bufio.Reader) (head string, ok bool) {
	var b strings.Builder
	length := 0
	for {
		line, err := br.ReadString('\n')
		if err != nil {
			return b.String(), false
		}
		b.WriteString(line)
		if v, found := strings.CutPrefix(strings.ToLower(line), "content-length: "); found {
			for _, d := range strings.TrimSpace(v) {
				length = length*10 + int(d-'0')
			}
		}
		if line == "\r\n" {
			break
		}
	}
	body := make([]byte, length)
	for n := 0; n < length; {
		k, err := br.Read(body[n:])
		if err != nil {
			return b.String(), false
		}
		n += k
	}
	b.Write(body)
	return b.String(), true
}

// always answers every request with the same bytes.
func always(answer string) func(net.Conn) {
	return func(c net.Conn) {
		br := bufio.NewReader(c)
		for {
			if _, ok := request(br); !ok {
				return
			}
			if _, err := c.Write([]byte(answer)); err != nil {
				return
			}
		}
	}
}

// fast is a responder that costs as little as can be: it takes each read for
// one request. For benchmarks and allocation counts.
func fast(answer string) func(net.Conn) {
	return func(c net.Conn) {
		buf, out := make([]byte, 4096), []byte(answer)
		for {
			if n, err := c.Read(buf); n == 0 || err != nil {
				return
			}
			if _, err := c.Write(out); err != nil {
				return
			}
		}
	}
}

const hello = "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Thu, 08 Oct 2026 10:00:00 GMT\r\nContent-Type: text/plain\r\n" +
	"Content-Length: 6\r\nLast-Modified: Thu, 08 Oct 2026 09:00:00 GMT\r\nConnection: keep-alive\r\nETag: \"66f\"\r\nAccept-Ranges: bytes\r\n\r\nhello\n"
