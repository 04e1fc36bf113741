package engine_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
	"github.com/plimsoll-load/plimsoll/runtime/testmode"
)

// endless answers with a body that has no end.
func endless(c net.Conn) {
	if _, ok := request(bufio.NewReader(c)); !ok {
		return
	}
	_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"))
	chunk := []byte("10000\r\n" + strings.Repeat("x", 1<<16) + "\r\n")
	for {
		if _, err := c.Write(chunk); err != nil {
			return
		}
	}
}

func whole(header, body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s", header, len(body), body)
}

// chunked is a body in chunks of these sizes, in turn.
func chunked(body string, sizes ...int) string {
	var b strings.Builder
	b.WriteString("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
	for i := 0; len(body) > 0; i++ {
		n := min(sizes[i%len(sizes)], len(body))
		fmt.Fprintf(&b, "%x;ext=\"a\"\r\n%s\r\n", n, body[:n])
		body = body[n:]
	}
	b.WriteString("0\r\nX-Trailer: 1\r\n\r\n")
	return b.String()
}

func TestBodiesOfAnyLengthAreWhole(t *testing.T) {
	t.Parallel()
	text := noise(300 << 10)
	for _, n := range []int{0, 1, 511, 512, 513, 4 << 10, 64<<10 - 1, 64 << 10, 64<<10 + 1, 128 << 10, 128<<10 + 1, 300 << 10} {
		want := text[:n]
		for name, answer := range map[string]string{
			"length": whole("", want), "chunks": chunked(want, 1000, 1, 70000), "small chunks": chunked(want, 333), "one chunk": chunked(want, 1<<20),
		} {
			url := serve(t, always(answer))
			call := get(t, newClient(t, engine.Options{}), url)
			if call.Err != nil || string(call.Body()) != want {
				t.Errorf("%s %d: got %d bytes, %v", name, n, len(call.Body()), call.Err)
			}
			kept := call.TakeBody()
			if send(call, "GET", url); !call.Reused || string(call.Body()) != want || string(kept) != want {
				t.Errorf("%s %d, again: got %d bytes on a used connection: %v, %d kept", name, n, len(call.Body()), call.Reused, len(kept))
			}
		}
		url := serve(t, func(c net.Conn) {
			_, _ = request(bufio.NewReader(c))
			_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\n\r\n" + want))
		})
		if call := get(t, newClient(t, engine.Options{}), url); call.Err != nil || string(call.Body()) != want {
			t.Errorf("to its end, %d: got %d bytes, %v", n, len(call.Body()), call.Err)
		}
	}
}

// noise is text that does not repeat.
func noise(n int) string {
	b, x := make([]byte, n), uint64(88172645463325252)
	for i := range b {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = byte(x)
	}
	return string(b)
}

func TestABodyThatNobodyReadsIsCountedOnly(t *testing.T) {
	t.Parallel()
	client := newClient(t, engine.Options{MaxBody: 1000, DiscardBodies: true})
	for name, answer := range map[string]string{
		"length": whole("", noise(1<<20)), "chunks": chunked(noise(1<<20), 5000), "not gzip at all": whole("Content-Encoding: gzip\r\n", "x"),
	} {
		call := get(t, client, serve(t, always(answer)))
		if call.Err != nil || call.Status != 200 || len(call.Body()) != 0 || call.BytesIn != len(answer) {
			t.Errorf("%s: got %v, status %d, %d bytes of %d", name, call.Err, call.Status, call.BytesIn, len(answer))
		}
	}
	call := client.NewCall()
	if err := call.Begin("GET", serve(t, always(whole("", noise(1001))))); err != nil {
		t.Fatal(err)
	}
	call.DiscardBody = false
	if _ = call.Send(); call.Err == nil || call.Err.Kind != engine.KindTooLarge {
		t.Errorf("read after all: got %v", call.Err)
	}
}

func TestBombsAreRefused(t *testing.T) {
	t.Parallel()
	zeros := make([]byte, 64<<20)
	var packed [3]bytes.Buffer
	g := gzip.NewWriter(&packed[0])
	b := brotli.NewWriter(&packed[1])
	z, err := zstd.NewWriter(&packed[2])
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []interface {
		Write([]byte) (int, error)
		Close() error
	}{g, b, z} {
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for encoding, row := range map[string]struct {
		body, says string
		max        int
	}{
		"gzip": {packed[0].String(), "longer than the limit", 0},
		"br":   {packed[1].String(), "thousand times", 1 << 30},
		"zstd": {packed[2].String(), "thousand times", 1 << 30},
	} {
		call := get(t, newClient(t, engine.Options{MaxBody: row.max}), serve(t, always(whole("Content-Encoding: "+encoding+"\r\n", row.body))))
		if call.Err == nil || call.Err.Kind != engine.KindTooLarge || !strings.Contains(call.Err.Message, row.says) || call.Body() != nil {
			t.Errorf("%s of %d bytes: got %v", encoding, len(row.body), call.Err)
		}
	}
	// A frame of 14 bytes that asks for a window of 1 GiB, which a decoder would allocate.
	window := "\x28\xb5\x2f\xfd\x00\xa0" + "\x19\x00\x00xxx"
	call := get(t, newClient(t, engine.Options{}), serve(t, always(whole("Content-Encoding: zstd\r\n", window))))
	if call.Err == nil || call.Err.Code != engine.CodeDecode {
		t.Errorf("a window of 1 GiB: got %v", call.Err)
	}
}

func TestAllBodiesTogetherAreBounded(t *testing.T) {
	t.Parallel()
	shared := &engine.Shared{MaxBodies: 1 << 20}
	url := serve(t, always(whole("", noise(400<<10))))
	first := get(t, newClient(t, engine.Options{Shared: shared}), url)
	if first.Err != nil || len(first.Body()) != 400<<10 {
		t.Fatalf("got %d bytes, %v", len(first.Body()), first.Err)
	}
	second := get(t, newClient(t, engine.Options{Shared: shared}), url) // has 384 KiB of blocks, and then needs 400 KiB more
	if second.Err == nil || second.Err.Kind != engine.KindGenerator || !strings.Contains(second.Err.Message, "this generator's memory") {
		t.Errorf("beside another: got %v", second.Err)
	}
	_ = first.Begin("GET", url) // lets go of its body
	if send(second, "GET", url); second.Err != nil {
		t.Errorf("alone: got %v", second.Err)
	}
}

const endlessChild = "PLIMSOLL_TEST_ENDLESS"

// The memory of a process is measured whose 50 clients get answers without end.
func TestEndlessAnswersStayWithinMemory(t *testing.T) {
	if url := os.Getenv(endlessChild); url != "" {
		readEndless(t, url)
		return
	}
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("no /proc here")
	}
	if testmode.UnderRace() {
		t.Skip("the race detector keeps several bytes for each")
	}
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestEndlessAnswersStayWithinMemory$", "-test.v")
	c.Env = append(os.Environ(), endlessChild+"="+serve(t, endless))
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	m := regexp.MustCompile(`peak (\d+) kB`).FindSubmatch(out)
	if m == nil {
		t.Fatalf("no figure in\n%s", out)
	}
	peak, _ := strconv.Atoi(string(m[1]))
	if t.Logf("peak %d MiB", peak>>10); peak > 1<<20 {
		t.Errorf("the process took %d MiB, want less than 1024", peak>>10)
	}
}

func readEndless(t *testing.T, url string) {
	t.Helper()
	debug.SetGCPercent(400) // as the program does
	shared := &engine.Shared{}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			client := engine.New(engine.Options{Timeout: 20 * time.Second, Shared: shared})
			defer client.Close()
			call := client.NewCall()
			for range 3 {
				if send(call, "GET", url); call.Err == nil || call.Err.Kind == engine.KindConnection {
					t.Errorf("got %v", call.Err)
				}
			}
		})
	}
	all.Wait()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("peak %s kB", regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)[1])
}
