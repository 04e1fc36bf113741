package session_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/report/html"
	"github.com/plimsoll-load/plimsoll/report/text"
	"github.com/plimsoll-load/plimsoll/runtime/failure"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/session"
)

// kept is a failing script of one statement, what it talks to, and what is to be told of it.
type kept struct {
	name   string
	answer http.HandlerFunc // nil: 200 without a body
	url    func(*testing.T) string
	do     string // in the scenario; U is the URL
	kind   string
	tells  []string // in the order in which a person reads them
	hides  []string
}

// answers returns what answers all requests with a status and a body.
func answers(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// tcp serves connections with f, one after the other.
func tcp(t *testing.T, f func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			f(conn)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
	})
	return "http://" + listener.Addr().String()
}

// speaks starts a server whose connections f serves.
func speaks(f func(net.Conn)) func(*testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		return tcp(t, f)
	}
}

// closed is the address of a port that nothing listens at.
func closed(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	return "http://" + listener.Addr().String()
}

// reset reads a request and resets the connection.
func reset(conn net.Conn) {
	_, _ = conn.Read(make([]byte, 4096))
	_ = conn.(*net.TCPConn).SetLinger(0)
}

func cut(conn net.Conn) {
	_, _ = conn.Read(make([]byte, 4096))
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
}

func untrusted(t *testing.T) string {
	t.Helper()
	server := httptest.NewUnstartedServer(answers(200, "fine"))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

// silent does not answer before the client is gone.
func silent(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

var failing = []kept{
	{name: "500 with a body", answer: answers(500, "table full"), do: "http.post(U + '/a?page=2', '{\"n\":1}', { headers: { 'X-Trace': 'abc' } })", kind: "status", tells: []string{"500 Internal Server Error in POST /a", "loadtest.js:4:", "virtual user 1, iteration 0 of s", "POST /a?page=2 HTTP/1.1", "X-Trace: abc", `{"n":1}`, "HTTP/1.1 500 Internal Server Error", "Content-Type: text/plain", "table full"}},
	{name: "404", answer: answers(404, "no such page"), do: "http.get(U + '/b')", kind: "status", tells: []string{"404 Not Found in GET /b", "GET /b HTTP/1.1", "404 Not Found", "no such page"}},
	{name: "a status that was not expected", answer: answers(200, "fine"), do: "http.get(U, { responseCallback: http.expectedStatuses(201) })", kind: "status", tells: []string{"200 OK", "fine"}},
	{name: "time-out", answer: silent, do: "http.get(U, { timeout: 50 })", kind: "timeout", tells: []string{"GET / HTTP/1.1", "No response from 127.0.0.1", "waiting", "timeout"}},
	{name: "reset", url: speaks(reset), do: "http.post(U, 'x')", kind: "reset", tells: []string{"POST / HTTP/1.1", "No response", "reset"}},
	{name: "refused", url: closed, do: "http.get(U)", kind: "refused", tells: []string{"GET / HTTP/1.1", "No response", "refused"}},
	{name: "an unknown certificate", url: untrusted, do: "http.get(U)", kind: "tls", tells: []string{"No response", "certificate"}},
	{name: "half an answer", url: speaks(cut), do: "http.get(U)", kind: "connection", tells: []string{"No response"}},
	{name: "no URL", do: "http.get('nonsense')", kind: "invalid", tells: []string{"GET nonsense", "No response"}},
	{name: "a redirect to nowhere", answer: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "gopher://x/")
		w.WriteHeader(302)
	}, do: "http.get(U)", kind: "invalid", tells: []string{"gopher"}},
	{name: "a failed check", answer: answers(200, `{"stock":0}`), do: "check(http.get(U), { 'has stock': (r) => r.json().stock > 0 })", kind: "check", tells: []string{"has stock", "loadtest.js:4:", "GET / HTTP/1.1", "200 OK", `{"stock":0}`}},
	{name: "a failed check of a batch", answer: answers(200, "last one"), do: "check(http.batch([U + '/1', U + '/two']), { 'has three': (all) => all.length === 3 })", kind: "check", tells: []string{"has three", "GET /two HTTP/1.1", "last one"}},
	{name: "a failed check without requests", do: "check(1, { 'is two': (n) => n === 2 })", kind: "check", tells: []string{"is two", "loadtest.js:4:"}, hides: []string{"Request"}},
	{name: "an exception", answer: answers(200, "<html>not JSON"), do: "const r = http.get(U); (function parse() { JSON.parse(r.body) })()", kind: "exception", tells: []string{"SyntaxError", "loadtest.js:4:", "at parse (", "loadtest.js:4:", "200 OK", "<html>not JSON"}},
	{name: "fail()", do: "fail('out of stock')", kind: "exception", tells: []string{"out of stock", "loadtest.js:4:"}},
	{name: "an asynchronous request", answer: answers(503, "come back later"), do: "return http.asyncRequest('GET', U + '/slow')", kind: "status", tells: []string{"GET /slow HTTP/1.1", "503", "come back later"}},
	{name: "huge body", answer: answers(500, "begins "+strings.Repeat("huge ", 1<<20)+"ends"), do: "http.get(U)", kind: "status", tells: []string{"a body of 5.24 MB", "begins huge"}, hides: []string{"ends"}},
	{name: "binary body", answer: answers(500, "\x89PNG\r\n\x1a\n\x00\x00\x00"), do: "http.get(U)", kind: "status", tells: []string{"it begins with the bytes 89504e470d0a1a0a000000"}, hides: []string{"PNG"}},
	{name: "a body that nobody reads", answer: answers(500, "never-read"), do: "http.get(U, { responseType: 'none' })", kind: "status", tells: []string{"500 Internal", "(the body was not kept)"}, hides: []string{"never-read"}},
	{name: "control bytes", answer: answers(500, "\x1b[2J\x07\u202Egone </script><script>alert(1)</script>"), do: "http.get(U)", kind: "status", tells: []string{"\uFFFD[2J\uFFFDgone </script>"}, hides: []string{"\x1b", "\x07", "\u202E"}},
	{name: "secrets in headers", answer: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Set-Cookie", "sid=cookie-of-server")
		w.Header().Set("X-Echo", "marked-secret")
		w.WriteHeader(401)
	}, do: "http.get(U, { headers: { Authorization: 'Bearer abcdefghijkl', Cookie: 'a=cookie-of-script', 'X-Own': __ENV.MARKED } })", kind: "status", tells: []string{"Authorization: [redacted:19B]", "X-Own: ***", "Set-Cookie: [redacted:20B]"}, hides: []string{"abcdefghijkl", "cookie-of", "marked-secret"}},
	{name: "secrets in bodies and URLs", answer: answers(403, `{"access_token":"t-12345678","echo":"marked-secret","why":"no"}`), do: "http.post(U + '/in?api_key=k-12345678', 'password=p-12345678&user=bob')", kind: "status", tells: []string{"api_key=[redacted]", "password=[redacted]&user=bob", `"access_token":"[redacted]"`, `"echo":"***","why":"no"`}, hides: []string{"12345678", "marked-secret"}},
}

func TestWhatFailedIsKept(t *testing.T) {
	t.Parallel()
	for _, k := range failing {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			r, rows := runFailing(t, k, "1")
			if len(rows) != 1 || len(r.Failures) != 1 || r.Failures[0].Kind != k.kind || len(r.Failures[0].Examples) != 1 {
				t.Fatalf("%d error rows, failures %+v, want one of the kind %s", len(rows), r.Failures, k.kind)
			}
			if body, err := json.Marshal(rows[0]); err != nil || len(body) > 16<<10 {
				t.Errorf("a row of %d bytes (%v)", len(body), err)
			}
			e := r.Failures[0].Examples[0]
			shown := e.Title()
			for _, part := range e.Parts() {
				shown += "\n" + part.Title + "\n" + part.Text
			}
			lookThrough(t, k, "the example", shown)
			inText, page := shownOf(t, r)
			k.tells = k.tells[:0:0] // broken into lines in the text, escaped on the page
			lookThrough(t, k, "the text", inText)
			lookThrough(t, k, "the page", strings.ReplaceAll(page, "alert(1)</script>", ""))
			for _, part := range e.Parts() {
				first, _, _ := strings.Cut(strings.TrimSpace(part.Text), "\n")
				if !strings.Contains(inText, first[:min(len(first), 60)]) || !strings.Contains(page, template(first)) {
					t.Errorf("text or page lack %q", first)
				}
			}
		})
	}
}

// template is a text as the page escapes it.
func template(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;", "+", "&#43;").Replace(s)
}

// lookThrough looks for what is to be told, in order, and for what is not to be told.
func lookThrough(t *testing.T, k kept, what, all string) {
	t.Helper()
	rest := all
	for _, want := range k.tells {
		at := strings.Index(rest, want)
		if at < 0 {
			t.Errorf("%s lacks %q, or has it elsewhere:\n%.3000s", what, want, all)
			return
		}
		rest = rest[at+len(want):]
	}
	for _, secret := range k.hides {
		if strings.Contains(all, secret) {
			t.Errorf("%s tells %q:\n%.3000s", what, secret, all)
		}
	}
}

// runFailing runs a failing script, and returns its report and the error rows of its record.
func runFailing(t *testing.T, k kept, iterations string) (*report.Run, []*record.Error) {
	t.Helper()
	if k.answer == nil {
		k.answer = answers(200, "")
	}
	var url string
	if k.url != nil {
		url = k.url(t)
	} else {
		server := httptest.NewServer(k.answer)
		t.Cleanup(server.Close)
		url = server.URL
	}
	const around = "import { scenario, check, fail } from 'plimsoll'\nimport http from 'plimsoll/http'\nconst U = __ENV.U\nscenario('s', {}, () => { %s })\n"
	w, fold := newWitness(), session.NewFold()
	run(t, session.Options{
		Script: script(t, fmt.Sprintf(around, k.do)), Settings: map[string]string{"iterations": iterations, "vus": "1"},
		Env: []string{"U=" + url}, Secret: []string{"MARKED=marked-secret"}, Monitor: []string{}, Sinks: []session.Sink{w, fold},
	})
	var rows []*record.Error
	for _, row := range w.rows {
		if row, ok := row.(*record.Error); ok {
			rows = append(rows, row)
		}
	}
	return fold.Run(), rows
}

func shownOf(t *testing.T, r *report.Run) (inText, page string) {
	t.Helper()
	var a, b strings.Builder
	if err := text.Write(&a, r, text.Options{Full: true, Width: 4000}); err != nil {
		t.Fatal(err)
	}
	if err := html.Write(&b, r, html.Options{}); err != nil {
		t.Fatal(err)
	}
	return a.String(), b.String()
}

func TestTenThousandFailuresAreAFewRows(t *testing.T) {
	t.Parallel()
	r, rows := runFailing(t, kept{answer: answers(500, "no"), do: "for (let i = 0; i < 1000; i++) http.get(U); throw new Error('at ' + Math.random())"}, "10")
	if r.Total.RequestsFailed != 10_000 {
		t.Fatalf("%d requests failed, want 10,000", r.Total.RequestsFailed)
	}
	if len(rows) != failure.PerFailure { // the iterations failed for their first request
		t.Errorf("%d rows, want %d", len(rows), failure.PerFailure)
	}
}
