//go:build real && linux

package main_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const throughScript = `import http from 'plimsoll/http'
import { scenario, check } from 'plimsoll'
scenario('get', {}, () => { check(http.get(__ENV.TARGET + '/?a=b'), { ok: (r) => r.status === 200 }) })
`

// apart puts this test, and each process that it starts, into a network of its own, with an address that is not loopback
// (RFC 2544). The thread ends with the test, and the network with the last process in it.
func apart(t *testing.T) (address string) {
	t.Helper()
	address = "198.18.0.1"
	runtime.LockOSThread()
	if err := syscall.Unshare(syscall.CLONE_NEWNET); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("no network of its own: %v", err)
		}
		t.Skipf("no network of its own: %v", err)
	}
	command(t, nil, outside(t, "ip"), "link", "set", "lo", "up").want(t, 0)
	command(t, nil, outside(t, "ip"), "addr", "add", address+"/32", "dev", "lo").want(t, 0)
	return address
}

// daemon runs a program until the end of the test, and returns when something listens at an address.
func daemon(t *testing.T, addr, name string, args ...string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
	for begin := time.Now(); ; {
		one, err := net.Dial("tcp", addr)
		if err == nil {
			_ = one.Close()
			return
		}
		if time.Since(begin) > 20*time.Second {
			t.Fatalf("%s does not listen at %s: %v", name, addr, err)
		}
		<-time.After(20 * time.Millisecond)
	}
}

// seen is what the target is asked.
type seen struct{ requests, forwarded, leaked atomic.Int64 }

func (s *seen) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	if strings.Contains(r.Header.Get("Via"), "tinyproxy") {
		s.forwarded.Add(1)
	}
	if r.Header.Get("Proxy-Authorization") != "" || r.RequestURI != "/?a=b" {
		s.leaked.Add(1)
	}
}

// on serves at an address of this network.
func on(t *testing.T, address string, secure bool, h http.Handler) string {
	t.Helper()
	l, err := net.Listen("tcp", address+":0")
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: h}}
	if secure {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server.URL
}

// TestRealProxies runs against an address that is not loopback through tinyproxy and microsocks, as their users set them up.
func TestRealProxies(t *testing.T) {
	plimsoll, tinyproxy, microsocks := program(t), outside(t, "tinyproxy"), outside(t, "microsocks")
	address := apart(t)
	dir := t.TempDir()
	file, settings := filepath.Join(dir, "get.js"), filepath.Join(dir, "tinyproxy.conf")
	for path, text := range map[string]string{
		file:     throughScript,
		settings: "Port 8888\nListen 127.0.0.1\nMaxClients 100\nTimeout 60\nBasicAuth someone hunter2\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	daemon(t, "127.0.0.1:8888", tinyproxy, "-d", "-c", settings)
	daemon(t, "127.0.0.1:1080", microsocks, "-i", "127.0.0.1", "-p", "1080", "-u", "someone", "-P", "hunter2")
	for _, row := range []struct {
		environ   string
		kind      string // of failures, or two of them, without TLS and with it; "": none
		used      string // the proxy
		forwarded bool   // requests without TLS say so
	}{
		{"ALL_PROXY=http://someone:hunter2@127.0.0.1:8888", "", "127.0.0.1:8888", true},
		{"ALL_PROXY=http://someone:wrong@127.0.0.1:8888", "status proxy", // tinyproxy answers 401, as a target would
			"127.0.0.1:8888", false},
		{"ALL_PROXY=http://127.0.0.1:8888", "proxy", "127.0.0.1:8888", false},
		{"ALL_PROXY=http://127.0.0.1:9", "proxy", "127.0.0.1:9", false},
		{"ALL_PROXY=socks5://someone:hunter2@127.0.0.1:1080", "", "socks5://127.0.0.1:1080", false},
		{"ALL_PROXY=socks5h://someone:hunter2@127.0.0.1", "", "socks5://127.0.0.1:1080", false},
		{"ALL_PROXY=socks5://someone:wrong@127.0.0.1:1080", "proxy", "socks5://127.0.0.1:1080", false},
		{"ALL_PROXY=socks5://127.0.0.1:1080", "proxy", "socks5://127.0.0.1:1080", false},
		{"ALL_PROXY=http://127.0.0.1:9 NO_PROXY=198.18.0.0/15", "", "", false},
		{"ALL_PROXY=http://127.0.0.1:9 NO_PROXY=*", "", "", false},
	} {
		for _, secure := range []bool{false, true} {
			var target seen
			kind := ""
			if kinds := strings.Fields(row.kind); secure && len(kinds) > 0 {
				kind = kinds[len(kinds)-1]
			} else if len(kinds) > 0 {
				kind = kinds[0]
			}
			url := on(t, address, secure, &target)
			r := command(t, strings.Fields(row.environ), plimsoll, "run", file, "-e", "TARGET="+url, "--iterations", "40", "--vus", "4", "--insecure",
				"--monitor", "none", "--json", "-o", filepath.Join(dir, fmt.Sprintf("%d.jsonl", time.Now().UnixNano())))
			var got struct {
				result
				Proxies []string
				Errors  []struct{ Kind string }
			}
			if err := json.Unmarshal([]byte(r.stdout), &got); err != nil {
				t.Fatalf("%s: %v\n%s%s", row.environ, err, r.stdout, r.stderr)
			}
			t.Logf("%s, TLS %v: %d ok, %d failed %+v, through %q", row.environ, secure, got.Iterations.OK, got.Iterations.Failed, got.Errors, got.Proxies)
			if kind == "" && (got.Iterations.OK != 40 || target.requests.Load() != int64(got.Requests.Count)) ||
				kind != "" && (got.Iterations.OK != 0 || len(got.Errors) != 1 || got.Errors[0].Kind != kind || target.requests.Load() != 0) {
				t.Errorf("%s, TLS %v: %+v, and the target saw %d\n%s", row.environ, secure, got, target.requests.Load(), r.stderr)
			}
			if want := strings.Fields(row.used); !slices.Equal(got.Proxies, want) {
				t.Errorf("%s, TLS %v: through %q, want %q", row.environ, secure, got.Proxies, want)
			}
			if forwarded := target.forwarded.Load() > 0; forwarded != (row.forwarded && !secure) || target.leaked.Load() > 0 {
				t.Errorf("%s, TLS %v: %d forwarded, %d with what is the proxy's", row.environ, secure, target.forwarded.Load(), target.leaked.Load())
			}
			if strings.Contains(r.stdout+r.stderr, "hunter2") {
				t.Errorf("%s: the password was written", row.environ)
			}
		}
	}
}
