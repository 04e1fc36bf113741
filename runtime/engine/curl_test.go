package engine_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
)

// curl is the program of that name.
type curl struct {
	path   string
	strict bool // its version is the one that the tables know: another may have come to do as we do
}

// installed is where a program is. Without it a test fails in CI, which installs it, and is skipped elsewhere.
func installed(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatal(program + " is not installed")
	default:
		t.Skip(program + " is not installed")
	}
	return path
}

func findCurl(t *testing.T) curl {
	t.Helper()
	path := installed(t, "curl")
	version, err := exec.CommandContext(t.Context(), path, "-q", "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	return curl{path, strings.HasPrefix(string(version), "curl 7.88.")}
}

// run returns what curl writes; false: it fails.
func (c curl) run(t *testing.T, in string, args ...string) (out string, ok bool) {
	t.Helper()
	args = append([]string{"-q", "--silent", "--globoff", "--http1.1", "--noproxy", "*", "--max-time", "60"}, args...)
	cmd := exec.CommandContext(t.Context(), c.path, args...) //nolint:gosec // the one on the path
	cmd.Stdin = strings.NewReader(in)
	text, err := cmd.Output()
	return string(text), err == nil
}

func (w *wireRequest) overCurl(t *testing.T, c curl, r *recorder) string {
	t.Helper()
	args := []string{"-A", "same", "-H", "Accept:", "-X", w.method}
	if w.method == "HEAD" {
		args = []string{"-A", "same", "-H", "Accept:", "-I"}
	}
	if w.body != "" {
		args = append(args, "--data-binary", "@-", "-H", "Content-Type:", "-H", "Expect:")
	}
	if _, ok := c.run(t, w.body, append(args, w.url)...); !ok {
		return fails
	}
	return r.last()
}

func TestRequestsAreThoseOfCurl(t *testing.T) {
	t.Parallel()
	c := findCurl(t)
	r := &recorder{answers: []string{"HTTP/1.1 204 No Content\r\n\r\n"}}
	for _, w := range wireRequests(serve(t, r.handle)) {
		w.compare(t, "curl", [3]string{w.overEngine(t, r), w.overCurl(t, c, r), w.curl}, c.strict)
	}
}

// wireAnswer is what a server answers, and what comes of it: a status and a body, or fails.
type wireAnswer struct {
	name, answer string
	ours         string
	net, curl    string // what comes of it elsewhere; "": the same
}

// wireAnswers are the answers that are compared. What differs has its reason in docs/http.md.
func wireAnswers(t *testing.T) []wireAnswer {
	t.Helper()
	const ok, length, chunked, y = "200 ok", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "200 yyyyyyyyyy"
	text := strings.TrimPrefix(y, "200 ")
	gz, packed := coded(t, text, "gzip"), func(encodings ...string) string { return coded(t, text, encodings...) }
	other := func(header string) string { return "HTTP/1.1 200 OK\r\n" + header + "\r\n\r\nok" }
	encoded := func(lines, body string) string {
		return whole("Content-Encoding: "+strings.ReplaceAll(lines, "|", "\r\nContent-Encoding: ")+"\r\n", body)
	}
	return []wireAnswer{
		{"length", length + "\r\nok", ok, "", ""},
		{"chunks, extensions, trailers", chunked + "2;a=b\r\nok\r\n0\r\nX: y\r\n\r\n", ok, "", ""},
		{"chunks in capitals", strings.Replace(chunked, "chunked", "Chunked", 1) + "2\r\nok\r\n0\r\n\r\n", ok, "", ""},
		{"to the end", "HTTP/1.1 200 OK\r\n\r\nok", ok, "", ""},
		{"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", ok, "", ""},
		{"204 with bytes", "HTTP/1.1 204 No Content\r\n\r\nok", "204 ", "", ""},
		{"204 with a length", "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok", "204 ", "", ""},
		{"304 with a length", "HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n", "304 ", "", ""},
		{"100 first", "HTTP/1.1 100 Continue\r\n\r\n" + length + "\r\nok", ok, "", ""},
		{"103 first", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + length + "\r\nok", ok, "", ""},
		{"101 unasked", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", fails, "101 ", ""},
		{"more than its length", length + "\r\nokok", ok, "", ""},
		{"equal lengths", length + "Content-Length: 2\r\n\r\nok", ok, "", ""},
		{"a list of equal lengths", other("Content-Length: 2, 2"), ok, fails, ""},
		{"differing lengths", length + "Content-Length: 1\r\n\r\nok", fails, "", "200 o"},
		{"a list of differing lengths", other("Content-Length: 2, 1"), fails, "", ok},
		{"a length below zero", other("Content-Length: -2"), fails, "", ""},
		{"a length with a sign", other("Content-Length: +2"), fails, "", ok},
		{"a length that is a word", other("Content-Length: two"), fails, "", ""},
		{"an empty length", other("Content-Length:"), fails, "", ""},
		{"a length of 20 digits", other("Content-Length: 99999999999999999999"), fails, "", ok},
		{"chunks and a length", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n" + chunked[len("HTTP/1.1 200 OK\r\n"):] + "2\r\nok\r\n0\r\n\r\n", ok, "", ""},
		{"gzip as a transfer encoding", other("Transfer-Encoding: gzip, chunked"), fails, "", ""},
		{"identity as a transfer encoding", length + "Transfer-Encoding: identity\r\n\r\nok", fails, "", ok},
		{"chunked twice", strings.Replace(chunked, "\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n", 1) + "2\r\nok\r\n0\r\n\r\n", fails, "", ok},
		{"chunks in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "200 2\r\nok\r\n0\r\n\r\n", "", ok},
		{"cut short", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok", fails, "", ""},
		{"a chunk cut short", chunked + "5\r\nok", fails, "", ""},
		{"no last chunk", chunked + "2\r\nok\r\n", fails, "", ""},
		{"no end of the trailers", chunked + "2\r\nok\r\n0\r\n", fails, "", ""},
		{"a chunk of no size", chunked + "x\r\nok\r\n0\r\n\r\n", fails, "", ""},
		{"a chunk of 0x2", chunked + "0x2\r\nok\r\n0\r\n\r\n", fails, "", ""},
		{"chunks in bare LF", chunked + "2\nok\n0\n\n", fails, "", ok},
		{"a blank after a chunk's size", chunked + "2 \r\nok\r\n0\r\n\r\n", ok, "", ""},
		{"a head in bare LF", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", ok, "", ""},
		{"a header without a colon", length + "X\r\n\r\nok", fails, "", ""},
		{"a blank before a colon", "HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok", ok, "", ""},
		{"a folded header", length + "X: a\r\n b\r\n\r\nok", ok, "", ""},
		{"a header without a name", length + ": x\r\n\r\nok", fails, "", ok},
		{"a NUL in a header", length + "X: a\x00b\r\n\r\nok", fails, "", ""},
		{"Latin-1 in a header", length + "X: \xe9\r\n\r\nok", ok, "", ""},
		{"no reason", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", ok, "", ""},
		{"status 099", "HTTP/1.1 099 X\r\nContent-Length: 2\r\n\r\nok", fails, "99 ok", ""},
		{"status 20", "HTTP/1.1 20 X\r\nContent-Length: 2\r\n\r\nok", fails, "", ""},
		{"status 599", "HTTP/1.1 599 X\r\nContent-Length: 2\r\n\r\nok", "599 ok", "", ""},
		{"status 999", "HTTP/1.1 999 X\r\nContent-Length: 2\r\n\r\nok", "999 ok", "", ""},
		{"status 1000", "HTTP/1.1 1000 X\r\nContent-Length: 2\r\n\r\nok", fails, "", ""},
		{"HTTP/1.2", "HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nok", ok, "", fails},
		{"another protocol", "ICY 200 OK\r\nContent-Length: 2\r\n\r\nok", fails, "", ""},
		{"small letters", "http/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", fails, "", ok},
		{"no HTTP", "hello\r\n\r\n", fails, "", ""},
		{"nothing", "", fails, "", ""},
		{"a head cut short", "HTTP/1.1 200 OK\r\nContent-", fails, "", "200 "},
		{"an empty line first", "\r\n" + length + "\r\nok", ok, fails, fails},

		{"gzip", encoded("gzip", gz), y, "", ""},
		{"x-gzip", encoded("x-gzip", gz), y, "200 " + gz, ""},
		{"gzip twice", encoded("gzip, gzip", packed("gzip", "gzip")), y, "200 " + packed("gzip", "gzip"), ""},
		{"gzip and br on two lines", encoded("gzip|br", packed("gzip", "br")), y, fails, ""},
		{"deflate", encoded("deflate", packed("deflate")), y, "200 " + packed("deflate"), ""},
		{"bare deflate", encoded("deflate", packed("bare")), y, "200 " + packed("bare"), ""},
		{"identity", encoded("identity", text), y, "", ""},
		{"an unknown encoding", encoded("own", text), y, "", fails},
		{"gzip of an unknown encoding", encoded("own, gzip", gz), "200 " + gz, "", fails},
		{"broken gzip", encoded("gzip", text), fails, "", ""},
		{"gzip and more bytes", encoded("gzip", gz+"more"), fails, "", ""},
		{"two members of gzip", encoded("gzip", gz+gz), y + text, "", fails},
		{"nothing, as gzip", encoded("gzip", ""), "200 ", "", ""},
	}
}

func TestAnswersAreTakenAsNetHTTPAndCurlTakeThem(t *testing.T) {
	t.Parallel()
	var c curl
	if _, err := exec.LookPath("curl"); err == nil { // else TestRequestsAreThoseOfCurl says so
		c = findCurl(t)
	}
	for _, w := range wireAnswers(t) {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			url := serve(t, func(c net.Conn) {
				_, _ = request(bufio.NewReader(c))
				_, _ = io.WriteString(c, w.answer)
			})
			ours, want := w.overEngine(t, url), w.ours
			if ours != want {
				t.Errorf("got %q, want %q", ours, want)
			}
			if w.net != "" {
				want = w.net
			}
			if got := overNetHTTP(t, url); got != want {
				t.Errorf("net/http: got %q, want %q", got, want)
			}
			if c.path == "" {
				return
			}
			if want = w.ours; w.curl != "" {
				want = w.curl
			}
			if got := c.outcome(t, url); got != want && (c.strict || got != ours) {
				t.Errorf("curl: got %q, want %q", got, want)
			}
		})
	}
}

func (w *wireAnswer) overEngine(t *testing.T, url string) string {
	t.Helper()
	call := get(t, newClient(t, engine.Options{InsecureSkipVerify: true}), url)
	if call.Err != nil {
		return fails
	}
	return fmt.Sprintf("%d %s", call.Status, call.Body())
}

func overNetHTTP(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return fails
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		return fails
	}
	return fmt.Sprintf("%d %s", resp.StatusCode, body)
}

func (c curl) outcome(t *testing.T, url string) string {
	t.Helper()
	out, ok := c.run(t, "", "--compressed", "-w", "|%{http_code}", url)
	if !ok {
		return fails
	}
	i := strings.LastIndex(out, "|")
	return out[i+1:] + " " + out[:i]
}

// What comes of an answer is the same whether it arrives at once or byte by byte, plain or over TLS.
func TestAnswersAreTakenAlikeInDrops(t *testing.T) {
	t.Parallel()
	for _, w := range wireAnswers(t) {
		for name, start := range map[string]func(testing.TB, func(net.Conn)) string{"http": serve, "https": serveTLS} {
			t.Run(w.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				url := start(t, func(c net.Conn) {
					_, _ = request(bufio.NewReader(c))
					for i := range len(w.answer) {
						if _, err := io.WriteString(c, w.answer[i:i+1]); err != nil {
							return
						}
					}
				})
				if got := w.overEngine(t, url); got != w.ours {
					t.Errorf("got %q, want %q", got, w.ours)
				}
			})
		}
	}
}
