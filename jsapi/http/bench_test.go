package http_test

import (
	"net"
	"testing"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
)

const hello = "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Thu, 08 Oct 2026 10:00:00 GMT\r\nContent-Type: text/plain\r\n" +
	"Content-Length: 6\r\nLast-Modified: Thu, 08 Oct 2026 09:00:00 GMT\r\nConnection: keep-alive\r\nETag: \"66f\"\r\nAccept-Ranges: bytes\r\n\r\nhello\n"

// responder answers each read with the same bytes: what it costs is little and the same for all rows.
func responder(b *testing.B, answer string) (url string) {
	b.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				buf, out := make([]byte, 4096), []byte(answer)
				for {
					if n, err := c.Read(buf); n == 0 || err != nil {
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

// BenchmarkRequest is one GET on an open connection: by the engine alone, and
// by scripts that do more and more with it. All rows hold the responder's share.
func BenchmarkRequest(b *testing.B) {
	url := responder(b, hello)
	b.Run("by=engine", func(b *testing.B) {
		client := engine.New(engine.Options{})
		defer client.Close()
		call := client.NewCall()
		b.ReportAllocs()
		for b.Loop() {
			if err := call.Begin("GET", url); err != nil {
				b.Fatal(err)
			}
			if err := call.Send(); err != nil || call.Status != 200 {
				b.Fatal(err)
			}
		}
	})
	for _, row := range []struct{ name, script string }{
		{"status", `() => http.get(url).status === 200`},
		{"body", `() => { const r = http.get(url); return r.status === 200 && r.body.length === 6 }`},
		{"unique", `() => http.get(url + '/' + i++).status === 200`},
		{"params", `() => http.get(url, params).status === 200`},
		{"header", `() => http.get(url).headers['Etag'] === '"66f"'`},
	} {
		b.Run("by=script/reads="+row.name, func(b *testing.B) {
			h := newHost(b, engine.Options{})
			_ = h.VM().Set("url", url)
			h.Run(b, `let i = 0; const params = {headers: {'X-Token': 'abc'}, tags: {name: 'hello'}}`)
			v, err := h.VM().RunString(row.script)
			if err != nil {
				b.Fatal(err)
			}
			fn, _ := goja.AssertFunction(v)
			b.ReportAllocs()
			for b.Loop() {
				ok, err := fn(goja.Undefined())
				if err != nil || !ok.ToBoolean() {
					b.Fatal(err)
				}
			}
		})
	}
}
