//go:build real

package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// Targets that no number is right for: each must end with its verdict, with
// the interval so far, and with its exit status. They are small servers of
// this test; what sizes them is a process.

// mortal is a server of eight slots that carries 500 requests a second, until
// it dies some time after its first request. Later it may come back.
type mortal struct {
	addr  string
	slots chan struct{}
	first sync.Once
	after time.Duration // of life; 0: it does not die
	back  time.Duration // after death; 0: never

	mu     sync.Mutex
	server *http.Server
	ended  bool
}

func newMortal(t *testing.T, after, back time.Duration) *mortal {
	t.Helper()
	m := &mortal{slots: make(chan struct{}, 8), after: after, back: back}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m.addr = ln.Addr().String()
	m.live(ln)
	t.Cleanup(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.ended = true
		m.server.Close()
	})
	return m
}

func (m *mortal) live(ln net.Listener) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ended {
		ln.Close()
		return
	}
	m.server = &http.Server{Handler: m, ReadHeaderTimeout: time.Minute}
	go func(s *http.Server) { _ = s.Serve(ln) }(m.server) // it ends by Close
}

// die closes the port and every connection.
func (m *mortal) die() {
	m.mu.Lock()
	m.server.Close()
	m.mu.Unlock()
	if m.back > 0 {
		time.AfterFunc(m.back, func() {
			if ln, err := net.Listen("tcp", m.addr); err == nil { // else another took the port: it stays dead
				m.live(ln)
			}
		})
	}
}

func (m *mortal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if m.after > 0 {
		m.first.Do(func() { time.AfterFunc(m.after, m.die) })
	}
	select {
	case m.slots <- struct{}{}:
	case <-r.Context().Done():
		return
	}
	defer func() { <-m.slots }()
	<-time.After(16 * time.Millisecond)
	_, _ = w.Write([]byte("{}"))
}

// raw is a server that answers each request with the same bytes, or never.
func raw(t *testing.T, answer string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended, end := context.WithCancel(context.Background())
	t.Cleanup(func() { end(); ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				defer context.AfterFunc(ended, func() { c.Close() })()
				for buffer := make([]byte, 4096); ; {
					if _, err := c.Read(buffer); err != nil {
						return
					}
					if _, err := c.Write([]byte(answer)); err != nil {
						return
					}
				}
			}()
		}
	}()
	return ln.Addr().String()
}

// nobody is an address that refuses connections.
func nobody(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	return ln.Addr().String()
}

// readsJSON fails where the answer is no JSON.
const readsJSON = `import http from 'plimsoll/http'
export default () => { http.get(__ENV.SERVER_URL + '/').json() }
`

func TestRealSizingOfBadTargets(t *testing.T) {
	l := newLab(t)
	strict := filepath.Join(filepath.Dir(l.script), "json.js")
	if err := os.WriteFile(strict, []byte(readsJSON), 0o600); err != nil {
		t.Fatal(err)
	}
	mortal := func(after, back time.Duration) func() string {
		return func() string { return newMortal(t, after, back).addr }
	}
	says := func(answer string) func() string {
		return func() string { return raw(t, answer) }
	}
	tests := []struct {
		name    string
		target  func() string // starts it and returns its address
		script  string
		verdict record.Verdict
		exit    int
		known   bool // something is known of the limit: the interval has a lower end
	}{
		{"it dies mid-way", mortal(10*time.Second, 0), l.script, "unstable", 5, true},
		{"it restarts mid-way", mortal(10*time.Second, 2*time.Second), l.script, "unstable", 5, true},
		{"it refuses at once", func() string { return nobody(t) }, l.script, "dead", 6, false},
		{"it accepts and never answers", says(""), l.script, "dead", 6, false},
		{"it answers 200 with garbage", says("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n\x00\xff{garb,"), strict, "dead", 6, false},
		{"it does not speak HTTP", says("\x00\x01\x02 nonsense\r\n\r\n"), l.script, "dead", 6, false},
	}
	var table strings.Builder
	var mu sync.Mutex
	sideBySide(len(tests), func(i int) {
		tt := tests[i]
		got, err := l.steady(func() (*sized, error) {
			return l.load(l.Context(), "http://"+tt.target(), "size", tt.script)
		})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		t.Logf("load %s: %s: %s, exit %d, after %.0f s, from %.1f/s: %s", busy(), tt.name, got.Verdict, got.exit, got.took.Seconds(), got.Interval.Lo, got.Reason)
		table.WriteString(badRow(tt.name, got))
		l.table("bad targets", badHead+table.String())
		if got.Verdict != tt.verdict || got.exit != tt.exit {
			t.Errorf("%s: verdict %s and exit %d, want %s and %d: %s (%s)", tt.name, got.Verdict, got.exit, tt.verdict, tt.exit, got.Reason, got.record)
		}
		if got.Capacity != nil {
			t.Errorf("%s: a capacity of %v is claimed", tt.name, got.Capacity.Goodput)
		}
		if (got.Interval.Lo > 0) != tt.known {
			t.Errorf("%s: the interval begins at %v", tt.name, got.Interval.Lo)
		}
	})
}

const badHead = "| target | verdict | exit | capacity | known so far | wall |\n|---|---|---|---|---|---|\n"

func badRow(name string, s *sized) string {
	known := "nothing"
	if s.Interval.Lo > 0 {
		known = "from " + percentOf(s.Interval.Lo/100, "%.0f") + "/s"
	}
	if s.Interval.Hi != nil {
		known += " to " + percentOf(*s.Interval.Hi/100, "%.0f") + "/s"
	}
	return "| " + strings.Join([]string{
		name, string(s.Verdict), percentOf(float64(s.exit)/100, "%.0f"), orNone(s.Capacity != nil), known, s.took.Round(time.Second).String(),
	}, " | ") + " |\n"
}

// A sizing that is stopped tells what it has found so far.
func TestRealSizingInterrupted(t *testing.T) {
	l := newLab(t)
	s, err := l.serve(l.Context(), "rejects:450")
	if err != nil {
		t.Fatal(err)
	}
	file := l.recordFile("size")
	ctx, cancel := context.WithTimeout(l.Context(), 2*time.Minute)
	defer cancel()
	var stdout, stderr bytes.Buffer
	c := l.on(ctx, generatorCore, l.plimsoll, "size", l.script, "--json", "--output="+file)
	c.Env, c.Stdout, c.Stderr = append(c.Env, "SERVER_URL="+s.url), &stdout, &stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for text := []byte(nil); bytes.Count(text, []byte(`"type":"hold"`)) < 5 && ctx.Err() == nil; text, _ = os.ReadFile(file) {
		<-tick.C
	}
	_ = c.Process.Signal(os.Interrupt)
	begin := time.Now()
	if exit := (*exec.ExitError)(nil); !errors.As(c.Wait(), &exit) {
		t.Fatalf("it ends as if nothing had happened: %s", &stdout)
	}
	took := time.Since(begin)
	if _, err := s.stop(); err != nil {
		t.Error(err)
	}
	var got answer
	if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
		t.Fatalf("%v\n%.2000s\n%s", err, &stdout, &stderr)
	}
	t.Logf("%s, exit %d, from %.1f/s, after %v", got.Verdict, c.ProcessState.ExitCode(), got.Interval.Lo, took)
	if got.Verdict != "interrupted" || c.ProcessState.ExitCode() != 130 || got.Capacity != nil {
		t.Errorf("verdict %s, exit %d, capacity %v", got.Verdict, c.ProcessState.ExitCode(), got.Capacity)
	}
	if !(got.Interval.Lo > 0) || len(got.Curve) < 5 {
		t.Errorf("what was found so far is not told: %+v, %d holds", got.Interval, len(got.Curve))
	}
}
