package engine_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
)

// serveTLS is serve over TLS; handle gets the *tls.Conn.
func serveTLS(tb testing.TB, handle func(net.Conn)) string {
	tb.Helper()
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS() // for its certificate
	s.Close()
	config := &tls.Config{Certificates: s.TLS.Certificates}
	return "https" + strings.TrimPrefix(serve(tb, func(c net.Conn) {
		secure := tls.Server(c, config)
		handle(secure)
		_ = secure.Close()
	}), "http")
}

// wire is the TCP connection of c.
func wire(c net.Conn) *net.TCPConn {
	if secure, ok := c.(*tls.Conn); ok {
		c = secure.NetConn()
	}
	return c.(*net.TCPConn)
}

const timedOut = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

// TestAConnectionThatTheServerClosedOrSpokeOnIsNotUsed lets a server do something on a connection that is kept, then sends
// the next request: a GET after a pause, which could be repeated but need not be, and a POST at once, which could not.
func TestAConnectionThatTheServerClosedOrSpokeOnIsNotUsed(t *testing.T) {
	t.Parallel()
	say := func(text string) func(net.Conn) {
		return func(c net.Conn) { _, _ = io.WriteString(c, text) }
	}
	for name, does := range map[string]func(net.Conn){
		"nothing":              func(net.Conn) {},
		"closes":               func(c net.Conn) { _ = c.Close() },
		"half-closes":          func(c net.Conn) { _ = wire(c).CloseWrite() },
		"ends its side":        func(c net.Conn) { _ = c.(interface{ CloseWrite() error }).CloseWrite() }, // of TLS: an alert, TCP stays open
		"resets":               func(c net.Conn) { reset(wire(c)) },
		"says 408":             say(timedOut),
		"says 408 and closes":  func(c net.Conn) { _, _ = io.WriteString(c, timedOut); _ = c.Close() },
		"answers again":        say(hello),
		"answers ten times":    say(strings.Repeat(hello, 10)),
		"says half an answer":  say("HTTP/1.1 200 OK\r\nContent-"),
		"says one byte":        say("H"),
		"says an empty line":   say("\r\n"),
		"says 100 unasked":     say("HTTP/1.1 100 Continue\r\n\r\n"),
		"speaks and goes away": func(c net.Conn) { _, _ = io.WriteString(c, "x"); reset(wire(c)) },
	} {
		for scheme, start := range map[string]func(testing.TB, func(net.Conn)) string{"http": serve, "https": serveTLS} {
			for method, pause := range map[string]time.Duration{"GET": 3 * time.Millisecond, "POST": 0} {
				t.Run(name+"/"+scheme+"/"+method, func(t *testing.T) {
					t.Parallel()
					var conns, requests atomic.Int32
					act, done := make(chan struct{}), make(chan struct{})
					url := start(t, func(c net.Conn) {
						first := conns.Add(1) == 1
						br := bufio.NewReader(c)
						for {
							if _, ok := request(br); !ok {
								return
							}
							requests.Add(1)
							_, _ = io.WriteString(c, hello)
							if first {
								<-act
								does(c)
								close(done)
								first = false
							}
						}
					})
					client := newClient(t, engine.Options{InsecureSkipVerify: true})
					call := get(t, client, url)
					if call.Err != nil {
						t.Fatal(call.Err)
					}
					close(act)
					<-done
					<-time.After(pause)
					send(call, method, url)
					want := int32(2)
					if name == "nothing" {
						want = 1
					}
					if call.Err != nil || call.Status != 200 || call.Repeated || call.Reused != (want == 1) {
						t.Errorf("got %v, status %d, repeated %v, reused %v", call.Err, call.Status, call.Repeated, call.Reused)
					}
					if conns.Load() != want || requests.Load() != 2 {
						t.Errorf("the server had %d connections and %d requests, want %d and 2", conns.Load(), requests.Load(), want)
					}
				})
			}
		}
	}
}

// A relay passes the end of one side on, and leaves the other open: a request written to it is never answered, nor refused.
func TestRequestsInARowDoNotHangInARelayThatIsHalfClosed(t *testing.T) {
	t.Parallel()
	url := serve(t, func(c net.Conn) {
		br := bufio.NewReader(c)
		if _, ok := request(br); ok {
			_, _ = io.WriteString(c, hello)
			_ = wire(c).CloseWrite()
			_, _ = io.Copy(io.Discard, br)
		}
	})
	call := newClient(t, engine.Options{Timeout: time.Hour}).NewCall()
	ends(t, "300 requests, of which none may wait for its time-out", func() {
		for n := range 300 {
			if send(call, "GET", url); call.Err != nil {
				t.Errorf("request %d: %v", n, call.Err)
				return
			}
		}
	})
}

// The other end of a connection may spend every request's answer: orders must not be made twice, and each is told once.
func TestOrdersArrivedAreOrdersTold(t *testing.T) {
	t.Parallel()
	for scheme, start := range map[string]func(testing.TB, func(net.Conn)) string{"http": serve, "https": serveTLS} {
		for method, repeats := range map[string]bool{"POST": false, "PATCH": false, "BUY": false, "PUT": true, "DELETE": true, "GET": true, "HEAD": true, "OPTIONS": true} {
			for how, end := range map[string]func(net.Conn){"closes": func(c net.Conn) { _ = c.Close() }, "resets": func(c net.Conn) { reset(wire(c)) }} {
				t.Run(scheme+"/"+method+"/"+how, func(t *testing.T) {
					t.Parallel()
					var arrived atomic.Int32
					url := start(t, func(c net.Conn) {
						br := bufio.NewReader(c)
						for n := 1; ; n++ {
							if _, ok := request(br); !ok {
								return
							}
							arrived.Add(1)
							if n == 4 {
								end(c)
								return
							}
							_, _ = io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n")
						}
					})
					call := newClient(t, engine.Options{InsecureSkipVerify: true}).NewCall()
					const orders = 40
					failed, repeated := 0, 0
					for range orders {
						send(call, method, url)
						if call.Repeated {
							repeated++
						}
						if call.Err != nil {
							failed++
							if k := call.Err.Kind; k != engine.KindConnection && k != engine.KindReset {
								t.Errorf("kind %s: %v", k, call.Err)
							}
						}
					}
					if got := int(arrived.Load()); got != orders+repeated {
						t.Errorf("%d arrived, %d told and %d of them twice", got, orders, repeated)
					}
					// Of a connection's four, the fourth is lost: a repeated one is the first of the next.
					if want := orders / 4; !repeats && (failed != want || repeated != 0) {
						t.Errorf("%d failed and %d were repeated, want %d and 0", failed, repeated, want)
					}
					if want := (orders - 1) / 3; repeats && (failed != 0 || repeated != want) {
						t.Errorf("%d failed and %d were repeated, want 0 and %d", failed, repeated, want)
					}
				})
			}
		}
	}
}

// A server that does not want a request may say so before it has read it, and close or wait.
func TestAnAnswerBeforeTheRequestIsWholeCounts(t *testing.T) {
	t.Parallel()
	body := strings.Repeat("x", 8<<20)
	const tooLarge = "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"
	ended := make(chan struct{})
	t.Cleanup(func() { close(ended) })
	for name, after := range map[string]func(c net.Conn, br *bufio.Reader){
		"and the server reads no more": func(net.Conn, *bufio.Reader) { <-ended },
		"and the server ends its side": func(c net.Conn, _ *bufio.Reader) { _ = wire(c).CloseWrite(); <-ended },
		"and the server closes":        func(net.Conn, *bufio.Reader) {},
		"and the server resets":        func(c net.Conn, _ *bufio.Reader) { reset(c) },
		"and the server reads it": func(c net.Conn, br *bufio.Reader) {
			for ok := true; ok; {
				_, ok = request(br)
				_, _ = br.ReadString('\n')
				_, _ = io.WriteString(c, tooLarge)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call := newClient(t, engine.Options{Timeout: 20 * time.Second}).NewCall()
			url := serve(t, func(c net.Conn) {
				br := bufio.NewReader(c)
				_, _ = br.ReadString('\n')
				_, _ = io.WriteString(c, tooLarge)
				after(c, br)
			})
			for range 3 {
				if err := call.Begin("POST", url); err != nil {
					t.Fatal(err)
				}
				call.SetBodyString(body)
				if err := call.Send(); err != nil || call.Status != 413 || string(call.Body()) != "no" {
					t.Fatalf("got %v, status %d, %q", err, call.Status, call.Body())
				}
			}
		})
	}
}

// Connection: close is an option of a list, in any case, of any of the header's lines (RFC 9110, 7.6.1 and 5.3).
func TestConnectionCloseIsFoundWhereverItStands(t *testing.T) {
	t.Parallel()
	for lines, closes := range map[string]bool{
		"Connection: close":                             true,
		"Connection: Close":                             true,
		"connection: CLOSE":                             true,
		"Connection:close":                              true,
		"Connection: keep-alive, close":                 true,
		"Connection: X-Own ,close":                      true,
		"Connection: close, keep-alive":                 true,
		"Connection: keep-alive\r\nConnection: close":   true,
		"Connection: close\r\nConnection: keep-alive":   true,
		"Connection: closed":                            false,
		"Connection: x-close":                           false,
		"Connection: keep-alive":                        false,
		"X-Connection: close":                           false,
		"Proxy-Connection: close":                       false, // not for us (RFC 9112, C.2.2)
		"Keep-Alive: timeout=5, max=1":                  false,
		"Trailer: X\r\nX: close\r\nConnection: Upgrade": false,
	} {
		for _, status := range []string{"HTTP/1.1 200 OK", "HTTP/1.1 204 No Content"} {
			answer := fmt.Sprintf("%s\r\n%s\r\nContent-Length: 0\r\n\r\n", status, lines)
			client := newClient(t, engine.Options{})
			url := serve(t, always(answer))
			call := get(t, client, url)
			if send(call, "GET", url); call.Err != nil || call.Reused == closes {
				t.Errorf("%q: %v, reused %v", lines, call.Err, call.Reused)
			}
		}
	}
	for version, keeps := range map[string]bool{"": false, "Connection: keep-alive\r\n": true, "Connection: Keep-Alive, close\r\n": false} {
		client := newClient(t, engine.Options{})
		url := serve(t, always("HTTP/1.0 200 OK\r\n"+version+"Content-Length: 0\r\n\r\n"))
		call := get(t, client, url)
		if send(call, "GET", url); call.Err != nil || call.Reused != keeps {
			t.Errorf("HTTP/1.0 with %q: %v, reused %v", version, call.Err, call.Reused)
		}
	}
}
