package engine_test

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
)

func redirectTo(status int, location string) string {
	return fmt.Sprintf("HTTP/1.1 %d Moved\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", status, location)
}

// follow sends a request and follows its redirects; it returns the statuses of its hops.
func follow(call *engine.Call, limit int) (statuses []int, err *engine.Error) {
	for {
		err = call.Send()
		statuses = append(statuses, call.Status)
		again, failed := call.Follow(limit)
		if failed != nil {
			err = failed
		}
		if !again {
			return statuses, err
		}
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, method string
		status       int
		first        string // how the second request begins
		has, lacks   string
	}{
		{name: "301 of a POST", method: "POST", status: 301, first: "GET /to HTTP/1.1", lacks: "body"},
		{name: "302 of a PUT", method: "PUT", status: 302, first: "GET /to HTTP/1.1", lacks: "Content-"},
		{name: "303 of a POST", method: "POST", status: 303, first: "GET /to HTTP/1.1", lacks: "body"},
		{name: "303 of a HEAD", method: "HEAD", status: 303, first: "HEAD /to HTTP/1.1"},
		{name: "307 of a POST", method: "POST", status: 307, first: "POST /to HTTP/1.1", has: "\r\n\r\nbody"},
		{name: "308 of a PATCH", method: "PATCH", status: 308, first: "PATCH /to HTTP/1.1", has: "\r\n\r\nbody"},
	} {
		r := &recorder{answers: []string{redirectTo(row.status, "/to"), hello}}
		if row.method == "HEAD" {
			r.answers[1] = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n"
		}
		url := serve(t, r.handle)
		call := newClient(t, engine.Options{}).NewCall()
		if err := call.Begin(row.method, url+"/from"); err != nil {
			t.Fatal(err)
		}
		if row.method != "HEAD" {
			call.SetBodyString("body")
			call.SetHeader("Content-Type", "text/plain")
		}
		call.BasicAuth("user", "pass")
		call.SetCookie("own", "1")
		statuses, err := follow(call, engine.DefaultRedirects)
		if err != nil || fmt.Sprint(statuses) != fmt.Sprint([]int{row.status, 200}) {
			t.Fatalf("%s: %v, %v", row.name, statuses, err)
		}
		second := r.asked()[1]
		for _, want := range []string{row.first, row.has, "Authorization: Basic dXNlcjpwYXNz\r\n", "Cookie: own=1\r\n"} {
			if !strings.Contains(second, want) {
				t.Errorf("%s: the second request lacks %q:\n%s", row.name, want, second)
			}
		}
		if strings.Contains(second, "Referer") {
			t.Errorf("%s: the second request has a Referer:\n%s", row.name, second)
		}
		if row.lacks != "" && strings.Contains(second, row.lacks) {
			t.Errorf("%s: the second request has %q:\n%s", row.name, row.lacks, second)
		}
		if call.URL() != url+"/to" || !call.Reused {
			t.Errorf("%s: ended at %s, reused %v", row.name, call.URL(), call.Reused)
		}
	}
}

// The engine adds no Referer; the script's stays, but for what a page of https would tell one of http (RFC 9110, 10.1.3).
func TestTheReferersOfRedirectsAreTheScripts(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, from, to string
		referer, want  string // "": none
	}{
		{"none", "http", "http", "", ""},
		{"none, of https", "https", "https", "", ""},
		{"none, up", "http", "https", "", ""},
		{"none, down", "https", "http", "", ""},
		{"the script's", "http", "http", "http://a.test/b", "http://a.test/b"},
		{"the script's, of https", "https", "https", "https://a.test/b", "https://a.test/b"},
		{"one of https from the beginning on http", "http", "http", "https://a.test/b", "https://a.test/b"},
		{"up", "http", "https", "http://a.test/b", "http://a.test/b"},
		{"down, of http", "https", "http", "http://a.test/b", "http://a.test/b"},
		{"down, of https", "https", "http", "https://a.test/b", ""},
		{"no URL, down", "https", "http", "about:blank", "about:blank"},
	} {
		servers := map[string]func(testing.TB, func(net.Conn)) string{"http": serve, "https": serveTLS}
		last := &recorder{answers: []string{hello}}
		first := &recorder{answers: []string{redirectTo(302, servers[row.to](t, last.handle)+"/to")}}
		call := newClient(t, engine.Options{InsecureSkipVerify: true}).NewCall()
		if err := call.Begin("GET", servers[row.from](t, first.handle)+"/from"); err != nil {
			t.Fatal(err)
		}
		if row.referer != "" {
			call.SetHeader("Referer", row.referer)
		}
		if _, err := follow(call, 3); err != nil {
			t.Fatal(row.name, err)
		}
		for i, want := range []string{row.referer, row.want} {
			asked := append(first.asked(), last.asked()...)[i]
			_, got, _ := strings.Cut(asked, "Referer: ")
			if got, _, _ = strings.Cut(got, "\r\n"); got != want {
				t.Errorf("%s: request %d has the Referer %q, want %q", row.name, i+1, got, want)
			}
		}
	}
}

func TestRedirectsToAnotherHostCarryNoSecrets(t *testing.T) {
	t.Parallel()
	r := &recorder{answers: []string{hello}}
	there := strings.Replace(serve(t, r.handle), "127.0.0.1", "localhost", 1)
	url := serve(t, always(redirectTo(307, there+"/to")))
	call := newClient(t, engine.Options{}).NewCall()
	if err := call.Begin("POST", url); err != nil {
		t.Fatal(err)
	}
	call.SetBodyString("body")
	call.BasicAuth("user", "pass")
	call.SetCookie("own", "1")
	if _, err := follow(call, engine.DefaultRedirects); err != nil {
		t.Fatal(err)
	}
	second := r.asked()[0]
	if strings.Contains(second, "Authorization") || strings.Contains(second, "Cookie") {
		t.Errorf("secrets went along:\n%s", second)
	}
	if !strings.Contains(second, "body") || !strings.Contains(second, "Host: "+strings.TrimPrefix(there, "http://")+"\r\n") {
		t.Errorf("the request changed:\n%s", second)
	}
}

func TestRedirectsEnd(t *testing.T) {
	t.Parallel()
	client := newClient(t, engine.Options{})
	for _, row := range []struct {
		name, answer string
		limit, sent  int
		fails        bool
	}{
		{"at the limit, with the redirect as answer", redirectTo(302, "/again"), 3, 4, false},
		{"at once when none are wanted", redirectTo(302, "/again"), 0, 1, false},
		{"without a Location", "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", 3, 1, false},
		{"at a scheme that is not ours", redirectTo(302, "ftp://example.test/"), 3, 1, true},
		{"at a Location that is none", redirectTo(302, "http://a b/"), 3, 1, true},
	} {
		call := client.NewCall()
		if err := call.Begin("GET", serve(t, always(row.answer))); err != nil {
			t.Fatal(err)
		}
		statuses, err := follow(call, row.limit)
		if len(statuses) != row.sent || (err != nil) != row.fails {
			t.Errorf("%s: %d requests, %v", row.name, len(statuses), err)
		}
		if err != nil && err.Kind != engine.KindInvalid {
			t.Errorf("%s: kind %s", row.name, err.Kind)
		}
	}
}

func TestCookiesAreKeptUntilTheyAreReset(t *testing.T) {
	t.Parallel()
	r := &recorder{answers: []string{
		"HTTP/1.1 302 Found\r\nLocation: /in\r\nSet-Cookie: sid=1; Path=/\r\nSet-Cookie: deep=2; Path=/deep\r\nContent-Length: 0\r\n\r\n",
		hello,
	}}
	url := serve(t, r.handle)
	client := newClient(t, engine.Options{})
	call := client.NewCall()
	if err := call.Begin("GET", url); err != nil {
		t.Fatal(err)
	}
	if _, err := follow(call, 1); err != nil {
		t.Fatal(err)
	}
	send(call, "GET", url+"/deep/er")
	if err := call.Begin("GET", url+"/"); err != nil {
		t.Fatal(err)
	}
	call.SetCookie("sid", "mine")
	_ = call.Send()
	client.ResetCookies()
	send(call, "GET", url)
	for i, want := range []string{"", "Cookie: sid=1\r\n", "Cookie: deep=2; sid=1\r\n", "Cookie: sid=mine\r\n", ""} {
		head := r.asked()[i]
		if want == "" && strings.Contains(head, "Cookie") || !strings.Contains(head, want) {
			t.Errorf("request %d should have %q:\n%s", i, want, head)
		}
	}
}
