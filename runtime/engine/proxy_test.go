package engine_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
)

// routes are the names that a proxy knows and nobody else, and where they lead.
type routes map[string]string // "service.test:80": "127.0.0.1:4711"

func (r routes) dial(_ context.Context, network, addr string) (net.Conn, error) {
	to, ok := r[addr]
	if !ok {
		return nil, errors.New("no route to " + addr)
	}
	return net.Dial(network, to)
}

// middle is a proxy; it remembers what it was asked.
type middle struct {
	addr   string
	wants  string // the user and the password, as in a URL; "": nobody is asked
	routes routes
	roots  *x509.CertPool

	mu    sync.Mutex
	asked []string
}

func (m *middle) note(text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked = append(m.asked, text)
}

func (m *middle) heard() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.asked)
}

// ServeHTTP forwards requests, and makes tunnels for CONNECT.
func (m *middle) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.note(r.Method + " " + r.RequestURI)
	if m.wants != "" && r.Header.Get("Proxy-Authorization") != "Basic "+base64.StdEncoding.EncodeToString([]byte(m.wants)) {
		w.Header().Set("Proxy-Authenticate", `Basic realm="middle"`)
		w.WriteHeader(http.StatusProxyAuthRequired)
		return
	}
	r.Header.Del("Proxy-Authorization")
	if r.Method != http.MethodConnect {
		m.forward(w, r)
		return
	}
	to, err := m.routes.dial(r.Context(), "tcp", r.RequestURI)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	from, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = io.WriteString(from, "HTTP/1.1 200 OK\r\n\r\n")
	splice(from, to)
}

func (m *middle) forward(w http.ResponseWriter, r *http.Request) {
	if !r.URL.IsAbs() {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	transport := &http.Transport{DialContext: m.routes.dial, DisableKeepAlives: true, DisableCompression: true}
	r.RequestURI = ""
	answer, err := transport.RoundTrip(r)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	for name, values := range answer.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.StatusCode)
	_, _ = io.Copy(w, answer.Body)
}

// splice copies both ways until one side ends.
func splice(a, b net.Conn) {
	done := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{a, b}, {b, a}} {
		go func() {
			_, _ = io.Copy(pair[0], pair[1])
			done <- struct{}{}
		}()
	}
	<-done
	_ = a.Close()
	_ = b.Close()
	<-done
}

// socks serves SOCKS 5: names, and a user and a password where they are wanted.
func (m *middle) socks(c net.Conn) {
	head := make([]byte, 2)
	if _, err := io.ReadFull(c, head); err != nil {
		return
	}
	methods := make([]byte, head[1])
	if _, err := io.ReadFull(c, methods); err != nil {
		return
	}
	method := byte(0)
	if m.wants != "" {
		method = 2
	}
	if slices.Index(methods, method) < 0 {
		_, _ = c.Write([]byte{5, 0xff})
		return
	}
	_, _ = c.Write([]byte{5, method})
	if method == 2 && !m.login(c) {
		return
	}
	ask := make([]byte, 5)
	if _, err := io.ReadFull(c, ask); err != nil {
		return
	}
	if ask[3] != 3 { // an address
		m.note("an address")
		_, _ = c.Write([]byte{5, 8, 0, 1, 0, 0, 0, 0, 0, 0})
		return
	}
	rest := make([]byte, int(ask[4])+2)
	if _, err := io.ReadFull(c, rest); err != nil {
		return
	}
	name, port := string(rest[:ask[4]]), int(rest[ask[4]])<<8|int(rest[ask[4]+1])
	target := net.JoinHostPort(name, strconv.Itoa(port))
	m.note(target)
	to, err := m.routes.dial(context.Background(), "tcp", target)
	if err != nil {
		_, _ = c.Write([]byte{5, 4, 0, 1, 0, 0, 0, 0, 0, 0})
		return
	}
	_, _ = c.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	splice(c, to)
}

// login reads a user and a password (RFC 1929).
func (m *middle) login(c net.Conn) bool {
	part := func() string {
		length := make([]byte, 1)
		if _, err := io.ReadFull(c, length); err != nil {
			return ""
		}
		text := make([]byte, length[0])
		_, _ = io.ReadFull(c, text)
		return string(text)
	}
	_, _ = io.ReadFull(c, make([]byte, 1))
	if user := part(); user+":"+part() != m.wants {
		_, _ = c.Write([]byte{1, 1})
		return false
	}
	_, _ = c.Write([]byte{1, 0})
	return true
}

// between starts a proxy of a scheme.
func between(t *testing.T, scheme string, m *middle) *middle {
	t.Helper()
	if scheme == "socks5" || scheme == "socks5h" {
		m.addr = listen(t, "tcp4", "127.0.0.1:0", m.socks)
		return m
	}
	server := httptest.NewUnstartedServer(m)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	if scheme == "https" {
		server.StartTLS()
		m.roots = x509.NewCertPool()
		m.roots.AddCert(server.Certificate())
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	m.addr = server.Listener.Addr().String()
	return m
}

// environment makes proxies of variables.
func environment(t *testing.T, environ ...string) *engine.Proxies {
	t.Helper()
	proxies, err := engine.ProxiesOf(environ)
	if err != nil {
		t.Fatal(err)
	}
	return proxies
}

// unreachable is a resolver that must not be asked.
func unreachable(t *testing.T) *engine.Shared {
	t.Helper()
	return &engine.Shared{Resolver: &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		t.Error("a name was looked up that is the proxy's to look up")
		return nil, errors.New("no name server")
	}}}
}

// service answers with what it was asked, over HTTP and HTTPS; it serves service.test and, with TLS, example.com.
func service(t *testing.T) (routes, *x509.CertPool) {
	t.Helper()
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, r.Method+" "+r.RequestURI+" "+r.Host+" "+string(body)+" "+r.Header.Get("Proxy-Authorization")+r.Header.Get("Cookie"))
	})
	plain, secure := httptest.NewServer(answer), httptest.NewTLSServer(answer)
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)
	roots := x509.NewCertPool()
	roots.AddCert(secure.Certificate())
	return routes{"service.test:80": plain.Listener.Addr().String(), "example.com:443": secure.Listener.Addr().String()}, roots
}

func TestRequestsGoThroughEachKindOfProxy(t *testing.T) {
	t.Parallel()
	known, roots := service(t)
	for _, scheme := range []string{"http", "https", "socks5", "socks5h"} {
		for _, login := range []string{"", "someone:hunter2"} {
			for _, url := range []string{"http://service.test/a?b=c", "https://example.com/a?b=c"} {
				t.Run(scheme+" "+login+" "+url, func(t *testing.T) {
					t.Parallel()
					m := between(t, scheme, &middle{wants: login, routes: known})
					named := scheme + "://" + m.addr
					if login != "" {
						named = scheme + "://" + login + "@" + m.addr
					}
					proxies := environment(t, "ALL_PROXY="+named)
					trusted := roots
					if m.roots != nil {
						trusted = m.roots // httptest has one certificate for all
					}
					client := newClient(t, engine.Options{Proxies: proxies, Shared: unreachable(t), RootCAs: trusted})
					if len(proxies.Used()) != 0 {
						t.Error("a proxy was used before there was a request")
					}
					call := client.NewCall()
					for i := range 3 {
						if err := call.Begin("POST", url); err != nil {
							t.Fatal(err)
						}
						call.SetBodyString("body")
						call.SetHeader("Cookie", "kept=1")
						if err := call.Send(); err != nil {
							t.Fatal(err)
						}
						host, _, _ := strings.Cut(strings.SplitAfter(url, "//")[1], "/")
						if got, want := string(call.Body()), "POST /a?b=c "+host+" body kept=1"; got != want {
							t.Errorf("got %q, want %q", got, want)
						}
						if call.Remote.String() != m.addr || call.Reused != (i > 0) || (call.TLS != 0) != strings.HasPrefix(url, "https") {
							t.Errorf("request %d: remote %v, reused %v, TLS %x", i, call.Remote, call.Reused, call.TLS)
						}
					}
					checkAsked(t, m, scheme, url)
					if used := proxies.Used(); len(used) != 1 || !strings.Contains(used[0].String(), m.addr) || strings.Contains(used[0].String(), "hunter2") {
						t.Errorf("used: %v", used)
					}
				})
			}
		}
	}
}

// checkAsked checks what a proxy was asked for three requests over one connection.
func checkAsked(t *testing.T, m *middle, scheme, url string) {
	t.Helper()
	want := []string{"POST " + url, "POST " + url, "POST " + url}
	switch secure := strings.HasPrefix(url, "https"); {
	case strings.HasPrefix(scheme, "socks") && secure:
		want = []string{"example.com:443"}
	case strings.HasPrefix(scheme, "socks"):
		want = []string{"service.test:80"}
	case secure:
		want = []string{"CONNECT example.com:443"}
	}
	if got := m.heard(); !slices.Equal(got, want) {
		t.Errorf("the proxy was asked %q, want %q", got, want)
	}
}

// What the caller sets for a proxy stays with its request, unless the environment has its own.
func TestACallersProxyAuthorizationIsNotLost(t *testing.T) {
	t.Parallel()
	var got []string
	addr := strings.TrimPrefix(serve(t, func(c net.Conn) {
		br := bufio.NewReader(c)
		for {
			head, ok := request(br)
			if !ok {
				return
			}
			got = append(got, head)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	}), "http://")
	for environ, want := range map[string]string{
		"HTTP_PROXY=http://" + addr:                "Proxy-Authorization: Bearer mine\r\n",
		"HTTP_PROXY=http://user:word@" + addr:      "Proxy-Authorization: Basic dXNlcjp3b3Jk\r\n",
		"HTTP_PROXY=http://user@" + addr:           "Proxy-Authorization: Basic dXNlcjo=\r\n",
		"HTTP_PROXY=http://us%20er:w%3Ard@" + addr: "Proxy-Authorization: Basic dXMgZXI6dzpyZA==\r\n",
	} {
		got = nil
		call := newClient(t, engine.Options{Proxies: environment(t, environ)}).NewCall()
		if err := call.Begin("GET", "http://service.test/x"); err != nil {
			t.Fatal(err)
		}
		call.SetHeader("Proxy-Authorization", "Bearer mine")
		for range 2 {
			if err := call.Send(); err != nil {
				t.Fatal(err)
			}
		}
		if len(got) != 2 || !strings.Contains(got[0], want) || got[0] != got[1] || !strings.HasPrefix(got[0], "GET http://service.test/x HTTP/1.1\r\n") ||
			!strings.Contains(got[0], "Host: service.test\r\n") {
			t.Errorf("%s: %q, want twice the same with %q", environ, got, want)
		}
	}
}

func TestProxyFailures(t *testing.T) {
	t.Parallel()
	answer := func(text string) func(net.Conn) {
		return func(c net.Conn) {
			_, _ = bufio.NewReader(c).ReadString('\n')
			_, _ = io.WriteString(c, text)
			_ = c.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, c)
		}
	}
	bytes := func(steps ...string) func(net.Conn) {
		return func(c net.Conn) {
			for _, step := range steps {
				if _, err := c.Read(make([]byte, 512)); err != nil {
					return
				}
				_, _ = io.WriteString(c, step)
			}
			_ = c.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, c)
		}
	}
	closes := func(net.Conn) {}
	silent := func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }
	long := "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n"
	const plain, secure = "http://service.test/", "https://service.test/"
	for name, row := range map[string]struct {
		scheme string
		handle func(net.Conn) // nil: nobody listens
		url    string
		kind   engine.Kind
		text   string
	}{
		"nobody there, http":       {"http", nil, plain, engine.KindProxy, "dial: connection refused"},
		"nobody there, https":      {"http", nil, secure, engine.KindProxy, "dial: connection refused"},
		"nobody there, SOCKS":      {"socks5", nil, plain, engine.KindProxy, "dial: connection refused"},
		"502 to CONNECT":           {"http", answer("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 2\r\n\r\nno"), secure, engine.KindProxy, "it refused CONNECT: 502 Bad Gateway"},
		"403 to CONNECT":           {"http", answer("HTTP/1.0 403 Not You\r\n\r\n"), secure, engine.KindProxy, "it refused CONNECT: 403 Forbidden"},
		"302 to CONNECT":           {"http", answer("HTTP/1.1 302 Found\r\nLocation: http://login.test/\r\n\r\n"), secure, engine.KindProxy, "it refused CONNECT: 302 Found"},
		"299 and more":             {"http", answer("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"), secure, engine.KindProxy, "more than its answer to CONNECT"},
		"407 to CONNECT":           {"http", answer("HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\n\r\n"), secure, engine.KindProxy, "it does not take the user and password of ALL_PROXY"},
		"407 to CONNECT, not ours": {"http", answer("HTTP/1.1 407 No\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\n\r\n"), secure, engine.KindProxy, "it takes no user and password (Basic)"},
		"407 to a request":         {"http", answer("HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"), plain, engine.KindProxy, "it does not take the user and password of ALL_PROXY (407)"},
		"an answer without end":    {"http", answer(long), secure, engine.KindProxy, "its answer is too long"},
		"no HTTP":                  {"http", answer("SSH-2.0-OpenSSH\r\n\r\n"), secure, engine.KindProxy, "its answer is not HTTP/1.1"},
		"a hundred and one 100s":   {"http", answer(strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 101)), secure, engine.KindProxy, "its answer is not HTTP/1.1"},
		"closed, CONNECT":          {"http", closes, secure, engine.KindProxy, "CONNECT: it closed the connection"},
		"closed, https":            {"https", closes, secure, engine.KindProxy, "TLS handshake: the server closed the connection"},
		"no TLS, https":            {"https", answer("HTTP/1.1 400 Bad Request\r\n\r\n"), plain, engine.KindProxy, "does not speak TLS"},
		"silent, CONNECT":          {"http", silent, secure, engine.KindTimeout, "timeout"},
		"silent, SOCKS":            {"socks5", silent, plain, engine.KindTimeout, "timeout"},
		"silent, https":            {"https", silent, secure, engine.KindTimeout, "timeout"},
		"silent, a request":        {"http", silent, plain, engine.KindTimeout, "timeout"},
		"closed, a request":        {"http", answer(""), plain, engine.KindConnection, "(through"},
		"closed, SOCKS":            {"socks5", closes, plain, engine.KindProxy, "SOCKS: it closed the connection"},
		"SOCKS 4":                  {"socks5", bytes("\x00\x5b\x00\x00\x00\x00\x00\x00"), plain, engine.KindProxy, "SOCKS: unexpected protocol version 0"},
		"SOCKS, no method":         {"socks5", bytes("\x05\xff"), plain, engine.KindProxy, "SOCKS: no acceptable authentication methods"},
		"SOCKS, another method":    {"socks5", bytes("\x05\x01"), plain, engine.KindProxy, "SOCKS: unsupported authentication method 1"},
		"SOCKS, wrong password":    {"socks5", bytes("\x05\x02", "\x01\x01"), plain, engine.KindProxy, "SOCKS: username/password authentication failed"},
		"SOCKS, not allowed":       {"socks5", bytes("\x05\x00", "\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00"), plain, engine.KindProxy, "SOCKS: connection not allowed by ruleset"},
		"SOCKS, no such host":      {"socks5", bytes("\x05\x00", "\x05\x04\x00\x01\x00\x00\x00\x00\x00\x00"), plain, engine.KindProxy, "SOCKS: host unreachable"},
		"SOCKS, target refuses":    {"socks5h", bytes("\x05\x00", "\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00"), secure, engine.KindProxy, "SOCKS: connection refused"},
		"SOCKS, no such reply":     {"socks5", bytes("\x05\x00", "\x05\x77\x00\x01\x00\x00\x00\x00\x00\x00"), plain, engine.KindProxy, "SOCKS: unknown code: 119"},
		"SOCKS, half a reply":      {"socks5", bytes("\x05\x00", "\x05\x00"), plain, engine.KindProxy, "SOCKS: it closed the connection"},
		"the target's TLS, tunnel": {"http", bytes("HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n"), secure, engine.KindTLS, "does not speak TLS (through"},
		"the target closes tunnel": {"http", answer("HTTP/1.1 200 OK\r\n\r\n"), secure, engine.KindTLS, "TLS handshake: the server closed the connection (through"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := "127.0.0.1:1"
			if row.handle != nil {
				addr = listen(t, "tcp4", "127.0.0.1:0", row.handle)
			}
			proxies := environment(t, "ALL_PROXY="+row.scheme+"://someone:hunter2@"+addr)
			o := engine.Options{Proxies: proxies, Shared: unreachable(t)}
			if strings.HasPrefix(name, "silent") { // where a slow machine is by then, is not known
				o.Timeout = 50 * time.Millisecond
			}
			call := get(t, newClient(t, o), row.url)
			if call.Err == nil || call.Status != 0 || call.Err.Kind != row.kind || !strings.Contains(call.Err.Message, row.text) {
				t.Fatalf("status %d, %+v, want %s: %q", call.Status, call.Err, row.kind, row.text)
			}
			if !strings.Contains(call.Err.Message, "proxy ") || !strings.Contains(call.Err.Message, addr) {
				t.Errorf("%q does not name the proxy", call.Err.Message)
			}
			for _, secret := range []string{"someone", "hunter2"} {
				if strings.Contains(call.Err.Message, secret) {
					t.Errorf("%q has %q", call.Err.Message, secret)
				}
			}
		})
	}
}

// A status is the target's, but for what only a proxy can say.
func TestTheTargetsOwnAnswersAreNoProxys(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusProxyAuthRequired, http.StatusBadGateway, http.StatusForbidden, http.StatusUnauthorized, http.StatusGatewayTimeout} {
		answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		plain, secure := httptest.NewServer(answer), httptest.NewTLSServer(answer)
		t.Cleanup(plain.Close)
		t.Cleanup(secure.Close)
		roots := x509.NewCertPool()
		roots.AddCert(secure.Certificate())
		m := between(t, "http", &middle{routes: routes{"service.test:80": plain.Listener.Addr().String(), "example.com:443": secure.Listener.Addr().String()}})
		proxies := environment(t, "ALL_PROXY="+m.addr)
		for url, want := range map[string]bool{
			plain.URL:              true, // without a proxy
			"https://example.com/": true,
			"http://service.test/": status != http.StatusProxyAuthRequired,
		} {
			call := get(t, newClient(t, engine.Options{Proxies: proxies, RootCAs: roots}), url)
			if got := call.Err == nil && call.Status == status; got != want {
				t.Errorf("%d of %s: status %d, %v", status, url, call.Status, call.Err)
			}
		}
	}
}

// A user who takes any certificate of the target takes none of whoever stands between: it would get the password.
func TestAProxysCertificateIsChecked(t *testing.T) {
	t.Parallel()
	known, _ := service(t)
	for _, url := range []string{"http://service.test/", "https://example.com/"} {
		m := between(t, "https", &middle{routes: known})
		proxies := environment(t, "ALL_PROXY=https://user:word@"+m.addr)
		call := get(t, newClient(t, engine.Options{Proxies: proxies, InsecureSkipVerify: true}), url)
		if call.Err == nil || call.Err.Kind != engine.KindProxy || call.Err.Code != engine.CodeUnknownCA || len(m.heard()) != 0 {
			t.Errorf("%s: %+v, and the proxy was asked %q", url, call.Err, m.heard())
		}
	}
}

// Each hop of a redirect has its own way, and takes nothing of the proxy's along.
func TestRedirectsFindTheirOwnWay(t *testing.T) {
	t.Parallel()
	known, roots := service(t)
	direct := &recorder{answers: []string{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}}
	here := serve(t, direct.handle)
	hop := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, map[string]string{"/out": "http://service.test/a", "/tls": "https://example.com/a", "/here": here + "/a"}[r.URL.Path], http.StatusFound)
	})
	first := httptest.NewServer(hop)
	t.Cleanup(first.Close)
	known["first.test:80"] = first.Listener.Addr().String()
	m := between(t, "http", &middle{wants: "someone:hunter2", routes: known})
	proxies := environment(t, "ALL_PROXY=http://someone:hunter2@"+m.addr)
	for path, want := range map[string]string{"/out": "GET http://service.test/a", "/tls": "CONNECT example.com:443", "/here": ""} {
		before := len(m.heard())
		call := newClient(t, engine.Options{Proxies: proxies, RootCAs: roots}).NewCall()
		send(call, "GET", "http://first.test"+path)
		if again, failed := call.Follow(1); !again || failed != nil {
			t.Fatalf("%s: %v %v, status %d", path, again, failed, call.Status)
		}
		if err := call.Send(); err != nil || call.Status != 200 {
			t.Fatalf("%s: %v, status %d", path, err, call.Status)
		}
		asked := m.heard()[before:]
		if want == "" && len(asked) != 1 || want != "" && (len(asked) != 2 || asked[1] != want) {
			t.Errorf("%s: the proxy was asked %q, want %q at last", path, asked, want)
		}
	}
	if head := strings.Join(direct.heads, ""); !strings.HasPrefix(head, "GET /a HTTP/1.1\r\n") || strings.Contains(head, "Proxy-") {
		t.Errorf("the server that no proxy leads to was asked %q", head)
	}
}

func TestInterruptEndsTheWayThroughAProxy(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"http", "https", "socks5"} {
		asked := make(chan struct{}, 1)
		addr := listen(t, "tcp4", "127.0.0.1:0", func(c net.Conn) {
			_, _ = c.Read(make([]byte, 1))
			asked <- struct{}{}
			_, _ = io.Copy(io.Discard, c)
		})
		client := newClient(t, engine.Options{Proxies: environment(t, "ALL_PROXY="+scheme+"://"+addr), Timeout: time.Minute})
		go func() {
			<-asked
			client.Interrupt()
		}()
		if call := get(t, client, "https://service.test/"); call.Err == nil || call.Err.Kind != engine.KindInterrupted {
			t.Errorf("%s: %+v, want it interrupted", scheme, call.Err)
		}
	}
}

func TestProxiesTellWhatTheyAreSetTo(t *testing.T) {
	t.Parallel()
	for environ, want := range map[string]string{
		"": "",
		"HTTP_PROXY=http://someone:hunter2@proxy.test:3128":        "http-proxy=http://proxy.test:3128 ",
		"https_proxy=someone:hunter2@proxy.test NO_PROXY=a.test":   "https-proxy=http://proxy.test:80 no-proxy=a.test ",
		"ALL_PROXY=socks5h://someone:hunter2@proxy.test no_proxy=": "http-proxy=socks5://proxy.test:1080 https-proxy=socks5://proxy.test:1080 ",
		"NO_PROXY=a.test":                    "",
		"HTTP_PROXY=proxy.test:1 NO_PROXY=*": "",
	} {
		proxies := environment(t, strings.Fields(environ)...)
		got := ""
		for name, value := range proxies.Settings {
			got += name + "=" + value + " "
		}
		if got != want {
			t.Errorf("%s: %q, want %q", environ, got, want)
		}
		if hidden := strings.Join(proxies.Secrets(), " "); strings.Contains(environ, "hunter2") != strings.Contains(hidden, "hunter2") {
			t.Errorf("%s: %q is secret", environ, hidden)
		}
	}
}

// A proxy that wants a client's certificate says so only once it has been asked something (TLS 1.3).
func TestAProxyMayWantACertificate(t *testing.T) {
	t.Parallel()
	known, _ := service(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, url := range []string{"http://service.test/", "https://example.com/"} {
			server := httptest.NewUnstartedServer(&middle{routes: known})
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MinVersion: version, MaxVersion: version}
			server.StartTLS()
			t.Cleanup(server.Close)
			roots := x509.NewCertPool()
			roots.AddCert(server.Certificate())
			addr := server.Listener.Addr().String()
			call := get(t, newClient(t, engine.Options{Proxies: environment(t, "ALL_PROXY=https://"+addr), RootCAs: roots}), url)
			if call.Err == nil || call.Err.Kind != engine.KindProxy || !strings.HasPrefix(call.Err.Message, "proxy https://"+addr+": ") ||
				!strings.Contains(call.Err.Message, "client certificate") || strings.Contains(call.Err.Message, "(through") {
				t.Errorf("TLS %x, %s: %+v", version, url, call.Err)
			}
		}
	}
}
