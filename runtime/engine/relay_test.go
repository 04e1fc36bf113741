package engine_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
)

// relay passes bytes on between clients and a server, and ends its side of a connection where it was told to, or where nothing
// came for a while: what a client sends then is passed on as before, and its answer is lost.
type relay struct {
	url     string
	conns   atomic.Int32
	command chan struct{} // ends the side of the connection there is
	ended   chan struct{} // it is done
}

// startRelay starts one; idle 0: connections are never idle for too long.
func startRelay(tb testing.TB, server string, idle time.Duration) *relay {
	tb.Helper()
	r := &relay{command: make(chan struct{}), ended: make(chan struct{})}
	r.url = serve(tb, func(c net.Conn) {
		r.conns.Add(1)
		up, err := net.Dial("tcp", strings.TrimPrefix(server, "http://"))
		if err != nil {
			return
		}
		var asked atomic.Bool // and not answered yet
		gone, answered := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(gone)
			_, _ = io.Copy(writes{up, &asked}, c)
		}()
		go func() {
			defer close(answered)
			pass(c, up, idle, &asked)
		}()
		select {
		case <-r.command:
			_ = wire(c).CloseWrite()
			r.ended <- struct{}{}
		case <-gone:
		}
		<-gone
		_ = up.Close()
		<-answered
	})
	return r
}

// writes notes what passes.
type writes struct {
	io.Writer
	any *atomic.Bool
}

func (w writes) Write(p []byte) (int, error) {
	w.any.Store(true)
	return w.Writer.Write(p)
}

// pass passes answers on, until nothing was asked for so long.
func pass(c, up net.Conn, idle time.Duration, asked *atomic.Bool) {
	buf := make([]byte, 4<<10)
	for answers := 0; ; {
		if idle > 0 && answers > 0 { // a connection that was just made is not idle
			_ = up.SetReadDeadline(time.Now().Add(idle))
		}
		n, err := up.Read(buf)
		if errors.Is(err, os.ErrDeadlineExceeded) && asked.Load() {
			continue
		}
		if err != nil {
			_ = wire(c).CloseWrite()
			return
		}
		asked.Store(false)
		answers++
		if _, err := c.Write(buf[:n]); err != nil {
			return
		}
	}
}

// Users that pause, over relays that end their side in some of the pauses: each request is made once, and answered, over a
// connection that is new exactly where the former one was ended.
func TestNoRequestIsLostOrRepeatedInRelaysThatHalfClose(t *testing.T) {
	t.Parallel()
	const users, rounds, pause = 8, 40, 2 * time.Millisecond
	for every := range 6 { // pauses in which a relay ends its side: each, every second one … ; 0: none
		for _, method := range []string{"GET", "POST", "DELETE"} {
			t.Run(fmt.Sprint(method, "/", every), func(t *testing.T) {
				t.Parallel()
				var arrived, reused, fresh, repeated, ended, conns atomic.Int32
				server := serve(t, counted(&arrived))
				var all sync.WaitGroup
				for range users {
					r := startRelay(t, server, 0)
					client := newClient(t, engine.Options{Timeout: time.Minute})
					all.Go(func() {
						call := client.NewCall()
						for i := range rounds {
							if send(call, method, r.url); call.Err != nil || call.Status != 200 {
								t.Errorf("request %d: %v, status %d", i, call.Err, call.Status)
								return
							}
							if call.Repeated {
								repeated.Add(1)
							}
							if call.Reused {
								reused.Add(1)
							} else {
								fresh.Add(1)
							}
							if every > 0 && i < rounds-1 && i%every == 0 {
								r.command <- struct{}{}
								<-r.ended
								ended.Add(1)
							}
							<-time.After(pause)
						}
						conns.Add(r.conns.Load())
					})
				}
				all.Wait()
				if arrived.Load() != users*rounds || repeated.Load() != 0 {
					t.Errorf("%d requests arrived and %d were repeated, want %d and 0", arrived.Load(), repeated.Load(), users*rounds)
				}
				if want := users + ended.Load(); fresh.Load() != want || conns.Load() != want || reused.Load() != users*rounds-want {
					t.Errorf("%d requests over new connections, %d over used ones, of %d; want %d new ones", fresh.Load(), reused.Load(), conns.Load(), want)
				}
			})
		}
	}
}

// counted answers each request, and counts it.
func counted(n *atomic.Int32) func(net.Conn) {
	answer := []byte(hello)
	return func(c net.Conn) {
		buf := make([]byte, 4<<10)
		for {
			if k, err := c.Read(buf); k == 0 || err != nil {
				return
			}
			n.Add(1)
			if _, err := c.Write(answer); err != nil {
				return
			}
		}
	}
}

// BenchmarkRelay is what 20 users that pause for 50 ms get done through a relay, which passes everything on, or ends its side of
// connections that are idle for 12 ms: then each request needs a new one. The two are to be within 5 % of each other, on a machine
// that does nothing else.
func BenchmarkRelay(b *testing.B) {
	const users, pause = 20, 50 * time.Millisecond
	for _, idle := range []time.Duration{0, pause / 4} {
		name := "relay=passes"
		if idle > 0 {
			name = "relay=half-closes"
		}
		b.Run(name, func(b *testing.B) {
			var arrived, repeated, fresh atomic.Int32
			r := startRelay(b, serve(b, counted(&arrived)), idle)
			left := atomic.Int64{}
			left.Store(int64(b.N))
			var all sync.WaitGroup
			start := time.Now()
			for range users {
				all.Go(func() {
					client := engine.New(engine.Options{})
					defer client.Close()
					call := client.NewCall()
					for left.Add(-1) >= 0 {
						if send(call, "GET", r.url); call.Err != nil {
							b.Error(call.Err)
						}
						if call.Repeated {
							repeated.Add(1)
						}
						if !call.Reused {
							fresh.Add(1)
						}
						<-time.After(pause)
					}
				})
			}
			all.Wait()
			b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "requests/s")
			b.ReportMetric(float64(fresh.Load())/float64(b.N), "connections/request")
			b.ReportMetric(float64(repeated.Load()), "repeated")
		})
	}
}
