package engine_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
)

// ways are how an answer may come: at once, and byte by byte; plain, and over TLS.
func ways(answer string) map[string]func(testing.TB) string {
	handle := func(dripping bool) func(net.Conn) {
		return func(c net.Conn) {
			for br := bufio.NewReader(c); ; {
				if _, ok := request(br); !ok {
					return
				}
				size := len(answer)
				if dripping {
					size = 1
				}
				for i := 0; i < len(answer); i += size {
					if _, err := io.WriteString(c, answer[i:i+size]); err != nil {
						return
					}
				}
			}
		}
	}
	all := map[string]func(testing.TB) string{}
	for name, start := range map[string]func(testing.TB, func(net.Conn)) string{"http": serve, "https": serveTLS} {
		all[name] = func(tb testing.TB) string { tb.Helper(); return start(tb, handle(false)) }
		all[name+" in drops"] = func(tb testing.TB) string { tb.Helper(); return start(tb, handle(true)) }
	}
	return all
}

func TestALengthThatIsRepeatedIsOne(t *testing.T) {
	t.Parallel()
	long := "X-Long: " + strings.Repeat("x", 5<<10) + "\r\n"
	const chunked = "Transfer-Encoding: chunked\r\n"
	for name, row := range map[string]struct {
		head, body string
		want       string // the body
		says       string // or what is wrong
	}{
		"once":                      {"Content-Length: 5\r\n", "abcde", "abcde", ""},
		"two lines":                 {"Content-Length: 5\r\nContent-Length: 5\r\n", "abcde", "abcde", ""},
		"three lines, apart":        {"content-length: 5\r\nX: y\r\nContent-Length: 5\r\nY: z\r\nCONTENT-LENGTH: 5\r\n", "abcde", "abcde", ""},
		"a list":                    {"Content-Length: 5, 5\r\n", "abcde", "abcde", ""},
		"a list without blanks":     {"Content-Length: 5,5,5\r\n", "abcde", "abcde", ""},
		"a list on two lines":       {"Content-Length: 5\r\nContent-Length: 5 ,\t5\r\n", "abcde", "abcde", ""},
		"zero":                      {"Content-Length: 0, 0\r\n", "", "", ""},
		"the same number":           {"Content-Length: 5, 05\r\n", "abcde", "abcde", ""},
		"beside chunks":             {chunked + "Content-Length: 9\r\nContent-Length: 9\r\n", "2\r\nab\r\n0\r\n\r\n", "ab", ""},
		"in a long head":            {long + "Content-Length: 5\r\nContent-Length: 5\r\n" + long, "abcde", "abcde", ""},
		"before a long rest":        {"Content-Length: 5\r\nContent-Length: 5\r\n" + long, "abcde", "abcde", ""},
		"differing lines":           {"Content-Length: 5\r\nContent-Length: 6\r\n", "abcde", "", "two lengths"},
		"a differing list":          {"Content-Length: 5, 6\r\n", "abcde", "", "two lengths"},
		"differing at the end":      {"Content-Length: 5\r\nContent-Length: 5, 5, 4\r\n", "abcde", "", "two lengths"},
		"differing, beside chunks":  {chunked + "Content-Length: 5\r\nContent-Length: 6\r\n", "0\r\n\r\n", "", "two lengths"},
		"differing, in a long head": {"Content-Length: 5\r\n" + long + "Content-Length: 6\r\n", "abcde", "", "two lengths"},
		"an empty one":              {"Content-Length: 5\r\nContent-Length:\r\n", "abcde", "", "not HTTP/1.1"},
		"an empty one in a list":    {"Content-Length: 5,,5\r\n", "abcde", "", "not HTTP/1.1"},
		"no number":                 {"Content-Length: 5, x\r\n", "abcde", "", "not HTTP/1.1"},
		"a sign":                    {"Content-Length: 5\r\nContent-Length: +5\r\n", "abcde", "", "not HTTP/1.1"},
		"below zero":                {"Content-Length: 5, -5\r\n", "abcde", "", "not HTTP/1.1"},
		"beyond an int":             {"Content-Length: 5, 9223372036854775808\r\n", "abcde", "", "not HTTP/1.1"},
		"a folded line":             {"Content-Length: 5,\r\n 5\r\n", "abcde", "", "not HTTP/1.1"},
	} {
		for way, start := range ways("HTTP/1.1 200 OK\r\n" + row.head + "\r\n" + row.body) {
			t.Run(name+"/"+way, func(t *testing.T) {
				t.Parallel()
				url := start(t)
				call := newClient(t, engine.Options{InsecureSkipVerify: true}).NewCall()
				for i := range 2 { // whatever is left on the connection would come to light
					send(call, "GET", url)
					if row.says != "" {
						if call.Err == nil || call.Err.Kind != engine.KindConnection || !strings.Contains(call.Err.Message, row.says) {
							t.Errorf("got %v, want %q", call.Err, row.says)
						}
						continue
					}
					if call.Err != nil || call.Status != 200 || string(call.Body()) != row.want || call.Reused != (i == 1) {
						t.Errorf("got %v, status %d, %q, reused %v; want %q", call.Err, call.Status, call.Body(), call.Reused, row.want)
					}
				}
			})
		}
	}
}

func TestABareLFEndsALineOfAHead(t *testing.T) {
	t.Parallel()
	long := "X: " + strings.Repeat("x", 5<<10) + "\n"
	bare := coded(t, "ok", "bare")
	const status, length = "HTTP/1.1 200 OK\n", "Content-Length: 2\n"
	for name, answer := range map[string]string{
		"all lines":               status + length + "\nok",
		"the status line":         status + "Content-Length: 2\r\n\r\nok",
		"a header":                "HTTP/1.1 200 OK\r\nX: y\nContent-Length: 2\r\n\r\nok",
		"the last header":         "HTTP/1.1 200 OK\r\n" + length + "\r\nok",
		"the empty line":          "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\nok",
		"all but the empty line":  status + length + "\r\nok",
		"chunks after it":         status + "Transfer-Encoding: chunked\n\n2\r\nok\r\n0\r\n\r\n",
		"a long head":             status + long + length + long + "\nok",
		"two lengths":             status + length + length + "\nok",
		"a list of lengths":       status + "Content-Length: 2,2\n\nok",
		"two encodings":           status + "Content-Encoding: identity\nContent-Encoding: deflate\nContent-Length: " + strconv.Itoa(len(bare)) + "\n\n" + bare,
		"an interim answer":       "HTTP/1.1 103 Early Hints\nLink: x\n\n" + status + length + "\nok",
		"an interim answer alone": "HTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"no reason":               "HTTP/1.1 200\n" + length + "\nok",
	} {
		for way, start := range ways(answer) {
			t.Run(name+"/"+way, func(t *testing.T) {
				t.Parallel()
				url := start(t)
				call := newClient(t, engine.Options{InsecureSkipVerify: true}).NewCall()
				for i := range 2 {
					if send(call, "GET", url); call.Err != nil || call.Status != 200 || string(call.Body()) != "ok" || call.Reused != (i == 1) {
						t.Errorf("got %v, status %d, %q, reused %v", call.Err, call.Status, call.Body(), call.Reused)
					}
				}
			})
		}
	}
}

// coded is text in encodings, applied in this order.
func coded(t *testing.T, text string, encodings ...string) string {
	t.Helper()
	for _, encoding := range encodings {
		var b bytes.Buffer
		var w io.WriteCloser
		var err error
		switch encoding {
		case "gzip":
			w = gzip.NewWriter(&b)
		case "deflate":
			w = zlib.NewWriter(&b)
		case "bare":
			w, err = flate.NewWriter(&b, flate.DefaultCompression)
		case "br":
			w = brotli.NewWriter(&b)
		case "zstd":
			w, err = zstd.NewWriter(&b)
		}
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(w, text)
		_ = w.Close()
		text = b.String()
	}
	return text
}

func TestEncodingsAreUndoneInTheirOrder(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("the same text again and again, ", 100)
	for name, row := range map[string]struct {
		lines string
		with  []string
		bare  bool // the body is taken as it came
	}{
		"one":                        {"gzip", []string{"gzip"}, false},
		"two":                        {"gzip, deflate", []string{"gzip", "deflate"}, false},
		"two, the other way":         {"deflate, gzip", []string{"deflate", "gzip"}, false},
		"without a blank":            {"br,gzip", []string{"br", "gzip"}, false},
		"two lines":                  {"gzip|br", []string{"gzip", "br"}, false},
		"two lines of one":           {"gzip|gzip", []string{"gzip", "gzip"}, false},
		"lists on two lines":         {"gzip, zstd|br, deflate", []string{"gzip", "zstd", "br", "deflate"}, false},
		"twice":                      {"gzip, gzip", []string{"gzip", "gzip"}, false},
		"five":                       {"gzip, deflate, br, zstd, gzip", []string{"gzip", "deflate", "br", "zstd", "gzip"}, false},
		"capitals":                   {"GZIP, Br", []string{"gzip", "br"}, false},
		"x-gzip":                     {"x-gzip", []string{"gzip"}, false},
		"x-deflate":                  {"X-Deflate", []string{"deflate"}, false},
		"deflate without its header": {"deflate", []string{"bare"}, false},
		"both forms of deflate":      {"deflate, deflate", []string{"bare", "deflate"}, false},
		"identity":                   {"identity", nil, false},
		"identity among others":      {"identity, gzip, identity", []string{"gzip"}, false},
		"empty places":               {", gzip,, ,br,", []string{"gzip", "br"}, false},
		"an empty line":              {"|gzip", []string{"gzip"}, false},
		"zstd last":                  {"br, zstd", []string{"br", "zstd"}, false},
		"unknown":                    {"x-own", nil, true},
		"unknown inside":             {"x-own, gzip", []string{"gzip"}, true},
		"unknown outside":            {"gzip, compress", []string{"gzip"}, true},
		"unknown, on another line":   {"x-own|gzip", []string{"gzip"}, true},
		"no list":                    {"gzip br", []string{"br"}, true},
	} {
		packed := coded(t, text, row.with...)
		var lines strings.Builder
		for line := range strings.SplitSeq(row.lines, "|") {
			lines.WriteString("Content-Encoding: " + line + "\r\nX: y\r\n")
		}
		want := text
		if row.bare {
			want = packed
		}
		for way, start := range ways(whole(lines.String(), packed)) {
			t.Run(name+"/"+way, func(t *testing.T) {
				t.Parallel()
				url := start(t)
				call := newClient(t, engine.Options{InsecureSkipVerify: true}).NewCall()
				for range 2 { // the second with decoders that were used
					if send(call, "GET", url); call.Err != nil || string(call.Body()) != want {
						t.Errorf("got %v, %.60q", call.Err, call.Body())
					}
				}
			})
		}
	}
}

func TestEncodingsAreBounded(t *testing.T) {
	t.Parallel()
	zeros := strings.Repeat("\x00", 8<<20)
	for name, row := range map[string]struct {
		header, body string
		max          int
		kind         engine.Kind
		says         string
	}{
		"six":                              {"gzip, gzip, gzip, gzip, gzip, gzip", "x", 0, engine.KindTooLarge, "more than five times"},
		"a thousand":                       {strings.Repeat("gzip,", 1000) + "gzip", "x", 0, engine.KindTooLarge, "more than five times"},
		"a bomb in a bomb":                 {"gzip, gzip", coded(t, zeros, "gzip", "gzip"), 0, engine.KindTooLarge, "thousand times"},
		"a bomb in three":                  {"br, gzip, deflate", coded(t, zeros, "br", "gzip", "deflate"), 0, engine.KindTooLarge, "thousand times"},
		"longer than the limit":            {"gzip, br", coded(t, noise(5000), "gzip", "br"), 4000, engine.KindTooLarge, "longer than the limit"},
		"longer than the limit in between": {"gzip, br", coded(t, noise(5000)+zeros[:1<<20], "gzip", "br"), 6000, engine.KindTooLarge, "longer than the limit"},
		"the outer one is broken":          {"gzip, br", coded(t, "x", "gzip"), 0, engine.KindConnection, "cannot be decoded: br"},
		"the inner one is broken":          {"gzip, br", coded(t, "x", "br"), 0, engine.KindConnection, "cannot be decoded: gzip"},
		"the other way round":              {"gzip, deflate", coded(t, "x", "deflate", "gzip"), 0, engine.KindConnection, "cannot be decoded: deflate"},
		"deflate cut short":                {"deflate", coded(t, noise(100), "bare")[:50], 0, engine.KindConnection, "cannot be decoded: deflate"},
		"one byte of deflate":              {"deflate", "x", 0, engine.KindConnection, "cannot be decoded: deflate"},
	} {
		shared := &engine.Shared{MaxBodies: 20 << 20}
		url := serve(t, always(whole("Content-Encoding: "+row.header+"\r\n", row.body)))
		for range 20 { // what was entered into the account of bodies is given back
			call := get(t, newClient(t, engine.Options{MaxBody: row.max, Shared: shared}), url)
			if call.Err == nil || call.Err.Kind != row.kind || !strings.Contains(call.Err.Message, row.says) || call.Body() != nil {
				t.Errorf("%s: got %v, %d bytes; want %s, %q", name, call.Err, len(call.Body()), row.kind, row.says)
			}
		}
	}
	shared := &engine.Shared{MaxBodies: 2 << 20}
	text := noise(300<<10) + strings.Repeat("x", 300<<10)
	call := newClient(t, engine.Options{Shared: shared}).NewCall()
	url := serve(t, always(whole("Content-Encoding: gzip, zstd, br\r\n", coded(t, text, "gzip", "zstd", "br"))))
	for range 10 {
		if send(call, "GET", url); call.Err != nil || string(call.Body()) != text {
			t.Fatalf("a long one: %v, %d bytes", call.Err, len(call.Body()))
		}
	}
}
