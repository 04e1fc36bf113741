package engine_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
)

// reset makes closing c send an RST.
func reset(c net.Conn) {
	_ = c.(*net.TCPConn).SetLinger(0)
	_ = c.Close()
}

func TestWhatAServerDoesWrongIsNamed(t *testing.T) {
	t.Parallel()
	answer := func(text string) func(net.Conn) {
		return func(c net.Conn) {
			_, _ = request(bufio.NewReader(c))
			_, _ = c.Write([]byte(text))
		}
	}
	hold := func(text string) func(net.Conn) {
		return func(c net.Conn) {
			_, _ = c.Write([]byte(text))
			_, _ = io.Copy(io.Discard, c) // until the client gives up
		}
	}
	for name, row := range map[string]struct {
		server func(net.Conn)
		kind   engine.Kind
		code   int
		says   string
	}{
		"silent":                {hold(""), engine.KindTimeout, engine.CodeTimeout, "request timeout"},
		"slow headers":          {hold("HTTP/1.1 200 OK\r\nContent-"), engine.KindTimeout, engine.CodeTimeout, "request timeout"},
		"slow body":             {hold("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), engine.KindTimeout, engine.CodeTimeout, "request timeout"},
		"status 99":             {hold("HTTP/1.1 099 OK\r\nContent-Length: 1\r\n\r\nx"), engine.KindConnection, engine.CodeGeneric, "not HTTP/1.1"},
		"closes at once":        {func(net.Conn) {}, "", 0, ""},
		"closes without a word": {answer(""), engine.KindConnection, engine.CodeGeneric, "closed the connection before it answered"},
		"resets":                {func(c net.Conn) { _, _ = request(bufio.NewReader(c)); reset(c) }, engine.KindReset, engine.CodeReset, "reset by peer"},
		"closes in headers":     {answer("HTTP/1.1 200 OK\r\nContent-"), engine.KindConnection, engine.CodeGeneric, "middle of its answer"},
		"closes in body":        {answer("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), engine.KindConnection, engine.CodeGeneric, "middle of its answer"},
		"closes in chunk":       {answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"), engine.KindConnection, engine.CodeGeneric, "middle of its answer"},
		"closes before last":    {answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"), engine.KindConnection, engine.CodeGeneric, "middle of its answer"},
		"garbage":               {answer("\x16\x03\x01 not http\r\n\r\n"), engine.KindConnection, engine.CodeGeneric, "not HTTP/1.1"},
		"two lengths":           {answer("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx"), engine.KindConnection, engine.CodeGeneric, "two lengths"},
		"bad chunk":             {answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab"), engine.KindConnection, engine.CodeGeneric, "not HTTP/1.1"},
		"too long headers":      {answer("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 200<<10) + "\r\n\r\n"), engine.KindConnection, engine.CodeGeneric, "longer than 128 KiB"},
		"too long body":         {answer("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n"), engine.KindTooLarge, engine.CodeGeneric, "longer than the limit"},
		"too long chunks":       {answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" + strings.Repeat("x", 1000) + "\r\n1\r\n"), engine.KindTooLarge, engine.CodeGeneric, "longer than the limit"},
		"too long to its end":   {answer("HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("x", 1001)), engine.KindTooLarge, engine.CodeGeneric, "longer than the limit"},
		"endless chunk size":    {answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + strings.Repeat("x", 8<<10)), engine.KindConnection, engine.CodeGeneric, "not HTTP/1.1"},
		"a chunk of 2^64":       {answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000001\r\nx\r\n0\r\n\r\n"), engine.KindConnection, engine.CodeGeneric, "not HTTP/1.1"},
		"bare LF after a chunk": {answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\n0\r\n\r\n"), engine.KindConnection, engine.CodeGeneric, "not HTTP/1.1"},
		"switches protocols":    {answer("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"), engine.KindConnection, engine.CodeGeneric, "101"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call := get(t, newClient(t, engine.Options{Timeout: 100 * time.Millisecond, MaxBody: 1000}), serve(t, row.server))
			if call.Err == nil || call.Status != 0 {
				t.Fatalf("got %v and status %d, want an error and 0", call.Err, call.Status)
			}
			if row.kind == "" {
				return // a reset or an end, as the kernel has it
			}
			if call.Err.Kind != row.kind || call.Err.Code != row.code || !strings.Contains(call.Err.Message, row.says) {
				t.Errorf("got %s %d %q, want %s %d %q (%v)", call.Err.Kind, call.Err.Code, call.Err.Message, row.kind, row.code, row.says, errors.Unwrap(call.Err))
			}
		})
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String()
	_ = l.Close()
	call := get(t, newClient(t, engine.Options{}), url)
	if call.Err == nil || call.Err.Kind != engine.KindRefused || call.Err.Code != engine.CodeRefused || call.Err.Message != "dial: connection refused" {
		t.Errorf("got %+v", call.Err)
	}
	if call.BytesOut != 0 || call.Timings.Duration() != 0 {
		t.Errorf("nothing was sent, yet: %+v", call.Result)
	}
	other := newClient(t, engine.Options{})
	call = get(t, other, serve(t, always(hello)))
	send(call, "GET", url)
	if call.Err == nil || call.Header("Etag") != nil || call.Body() != nil || call.Reason() != "" {
		t.Errorf("a failed call shows the response before it: %q, %q, %q", call.Header("Etag"), call.Body(), call.Reason())
	}
	call = get(t, other, "http://no-such-host.invalid/")
	if call.Err == nil || call.Err.Kind != engine.KindDNS {
		t.Errorf("unknown name: got %+v", call.Err)
	}
}

func TestARequestIsRepeatedOnceOnly(t *testing.T) {
	t.Parallel()
	first := true
	conns := make(chan int, 10)
	url := serve(t, func(c net.Conn) {
		conns <- 1
		br := bufio.NewReader(c)
		_, _ = request(br)
		if first {
			first = false
			_, _ = c.Write([]byte(hello))
			_, _ = request(br)
		}
	})
	client := newClient(t, engine.Options{})
	call := get(t, client, url)
	send(call, "GET", url)
	if call.Err == nil || !call.Repeated {
		t.Errorf("got %v, repeated %v; want an error after one repetition", call.Err, call.Repeated)
	}
	if n := len(conns); n != 2 {
		t.Errorf("%d connections were made, want 2", n)
	}
}

// A time-out must never be taken for a closed connection, and repeated.
func TestATimeOutOnAReusedConnectionIsNotRepeated(t *testing.T) {
	t.Parallel()
	asked := make(chan int, 10)
	url := serve(t, func(c net.Conn) {
		br := bufio.NewReader(c)
		for n := 0; ; n++ {
			if _, ok := request(br); !ok {
				return
			}
			asked <- 1
			if n == 0 {
				_, _ = c.Write([]byte(hello))
			}
		}
	})
	client := newClient(t, engine.Options{Timeout: 100 * time.Millisecond})
	call := get(t, client, url)
	send(call, "GET", url)
	if call.Err == nil || call.Err.Kind != engine.KindTimeout || call.Repeated {
		t.Errorf("got %v, repeated %v", call.Err, call.Repeated)
	}
	if n := len(asked); n != 2 {
		t.Errorf("the server was asked %d times, want 2", n)
	}
}

// The connection's own deadline is moved on only when it strikes: a later
// request must still have all of its time, and a shorter time-out must hold.
func TestEachRequestHasItsOwnTimeOut(t *testing.T) {
	t.Parallel()
	const short, long = 500 * time.Millisecond, time.Hour
	url := serve(t, func(c net.Conn) {
		br := bufio.NewReader(c)
		for n := 0; ; n++ {
			head, ok := request(br)
			if !ok {
				return
			}
			if strings.HasPrefix(head, "GET /slow") {
				wait := time.NewTimer(2 * short)
				<-wait.C
			}
			if strings.HasPrefix(head, "GET /never") {
				_, _ = io.Copy(io.Discard, c)
				return
			}
			_, _ = c.Write([]byte(hello))
		}
	})
	client := newClient(t, engine.Options{})
	call := client.NewCall()
	ask := func(path string, timeout time.Duration) *engine.Error {
		if err := call.Begin("GET", url+path); err != nil {
			return err
		}
		call.Timeout = timeout
		return call.Send()
	}
	if err := ask("/", short); err != nil {
		t.Fatal(err)
	}
	if err := ask("/slow", long); err != nil || !call.Reused {
		t.Errorf("a longer time-out after a shorter: %v, reused %v", err, call.Reused)
	}
	ends(t, "a shorter time-out after a longer", func() {
		if err := ask("/never", short); err == nil || err.Kind != engine.KindTimeout {
			t.Errorf("a shorter time-out after a longer: %v", err)
		}
	})
}

// ends waits until something has come to its end. What would wait for an hour's
// time-out does not, and what is slow has two minutes.
func ends(t *testing.T, what string, do func()) {
	t.Helper()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		do()
	}()
	patience := time.NewTimer(2 * time.Minute)
	defer patience.Stop()
	select {
	case <-ended:
	case <-patience.C:
		t.Fatalf("%s: it does not end", what)
	}
}

func TestInterruptEndsARunningCall(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 1)
	url := serve(t, func(c net.Conn) {
		br := bufio.NewReader(c)
		if head, _ := request(br); strings.HasPrefix(head, "GET /ok") {
			_, _ = c.Write([]byte(hello))
		}
		asked <- struct{}{}
		_, _ = io.Copy(io.Discard, br)
	})
	client := newClient(t, engine.Options{})
	call := client.NewCall()
	ended := make(chan *engine.Error)
	go func() {
		_ = call.Begin("GET", url)
		ended <- call.Send()
	}()
	<-asked
	client.Interrupt()
	if err := <-ended; err == nil || err.Kind != engine.KindInterrupted {
		t.Errorf("the running call ended with %v", err)
	}
	if send(call, "GET", url+"/ok"); call.Err == nil || call.Err.Kind != engine.KindInterrupted {
		t.Errorf("a call after Interrupt ended with %v", call.Err)
	}
	client.Resume()
	if send(call, "GET", url+"/ok"); call.Err != nil {
		t.Errorf("a call after Resume ended with %v", call.Err)
	}
	client.Close()
	client.Close()
	client.Resume()
	if send(call, "GET", url+"/ok"); call.Err == nil || call.Err.Kind != engine.KindInterrupted {
		t.Errorf("a call after Close ended with %v", call.Err)
	}
}

func TestInterruptEndsAConnectionBeingMade(t *testing.T) {
	t.Parallel()
	// A listener whose queue is full: the connection is accepted by nobody, TLS waits for ever.
	accepted := make(chan struct{}, 1)
	url := serve(t, func(c net.Conn) {
		accepted <- struct{}{}
		_, _ = io.Copy(io.Discard, c)
	})
	client := newClient(t, engine.Options{})
	call := client.NewCall()
	ended := make(chan *engine.Error)
	go func() {
		_ = call.Begin("GET", "https"+strings.TrimPrefix(url, "http"))
		ended <- call.Send()
	}()
	<-accepted
	client.Close()
	if err := <-ended; err == nil || err.Kind != engine.KindInterrupted {
		t.Errorf("got %v", err)
	}
}

// Bytes beyond the response must not answer the next request.
func TestBytesBeyondTheResponseAreNotTakenForTheNext(t *testing.T) {
	t.Parallel()
	url := serve(t, always(hello+"HTTP/1.1 500 Injected\r\nContent-Length: 0\r\n\r\n"))
	client := newClient(t, engine.Options{})
	for range 3 {
		call := get(t, client, url)
		if call.Err != nil || call.Status != 200 || call.Reused {
			t.Errorf("got %v, status %d, reused %v", call.Err, call.Status, call.Reused)
		}
	}
}
