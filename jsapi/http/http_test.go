package http_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
)

func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Add("X-Many", "a")
	w.Header().Add("X-Many", "b")
	_, _ = fmt.Fprintf(w, "%s %s %s %s", r.Method, r.URL, r.Header.Get("Content-Type"), body)
}

// Where nobody reads bodies they are not decoded either: this one says gzip and is none.
func TestBodiesThatNobodyReadsAreNotKept(t *testing.T) {
	h := newHost(t, engine.Options{DiscardBodies: true})
	h.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/gzip" {
			w.Header().Set("Content-Encoding", "gzip")
		}
		echo(w, r)
	})
	for script, want := range map[string]any{
		`http.get(base + '/a').body`:                            nil,
		`http.get(base + '/gzip').status`:                       int64(200),
		`http.get(base + '/gzip').error`:                        "",
		`http.get(base + '/a', {responseType: 'text'}).body`:    "GET /a  ",
		`http.get(base + '/gzip', {responseType: 'none'}).body`: nil,
	} {
		if got := h.Run(t, script); got != want {
			t.Errorf("%s\n got %q\nwant %q", script, got, want)
		}
	}
}

func TestWhatAResponseLooksLike(t *testing.T) {
	h := newHost(t, engine.Options{})
	h.Serve(t, echo)
	for script, want := range map[string]any{
		`http.get(base + '/a?b=1').body`:                                           "GET /a?b=1  ",
		`http.get(base + '/a').status`:                                             int64(200),
		`http.get(base + '/a').headers['X-Many']`:                                  "a, b",
		`http.get(base + '/a').headers['Content-Type']`:                            "text/plain",
		`http.get(base + '/a').status_text`:                                        "200 OK",
		`http.get(base + '/a').proto`:                                              "HTTP/1.1",
		`http.post(base + '/p', 'text').body`:                                      "POST /p  text",
		`http.post(base + '/p', {b: 1, a: [2, 'x y']}).body`:                       "POST /p application/x-www-form-urlencoded a=2&a=x+y&b=1",
		`http.put(base + '/p', '{}', {headers: {'content-type': 'a/b'}}).body`:     "PUT /p a/b {}",
		`http.del(base + '/p').body`:                                               "DELETE /p  ",
		`http.patch(base + '/p', new Uint8Array([104, 105, 33]).subarray(1)).body`: "PATCH /p  i!",
		`http.request('purge', base + '/p').body`:                                  "PURGE /p  ",
		`http.head(base + '/p').body`:                                              "",
		`http.get(base + '/p', {responseType: 'none'}).body`:                       nil,
		`new Uint8Array(http.get(base + '/p', {responseType: 'binary'}).body)[0]`:  int64('G'),
		`Object.keys(http.get(base)).join(' ')`: "remote_ip remote_port url status status_text proto headers cookies body timings " +
			"tls_version tls_cipher_suite ocsp error error_code request json",
	} {
		if got := h.Run(t, script); got != want {
			t.Errorf("%s\n got %q\nwant %q", script, got, want)
		}
	}
	if len(h.Failures) != 0 {
		t.Errorf("failures: %v", h.Failures)
	}
}
