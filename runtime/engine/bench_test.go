package engine_test

import (
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
)

// BenchmarkGet is one GET on an open connection, by us and by fasthttp's own
// HostClient. Both rows hold the responder's share.
func BenchmarkGet(b *testing.B) {
	url := serve(b, fast(hello)) + "/hello"
	b.Run("client=engine", func(b *testing.B) {
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
	b.Run("client=fasthttp", func(b *testing.B) {
		host := &fasthttp.HostClient{Addr: url[len("http://") : len(url)-len("/hello")], MaxConns: 6, MaxIdemponentCallAttempts: 1}
		defer host.CloseIdleConnections()
		var req fasthttp.Request
		var resp fasthttp.Response
		b.ReportAllocs()
		for b.Loop() {
			req.Reset()
			req.SetRequestURI(url)
			if err := host.DoTimeout(&req, &resp, time.Minute); err != nil || resp.StatusCode() != 200 {
				b.Fatal(err)
			}
		}
	})
}
