package engine

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestCookiesAreReadAsBrowsersReadThem(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]Cookie{
		"a=b":                                   {Name: "a", Value: "b"},
		`a="b"`:                                 {Name: "a", Value: `"b"`},
		`a="b c; d"`:                            {Name: "a", Value: `"b c`}, // quotes quote nothing
		`a={"k":"v","n":[1,2]}; Path=/`:         {Name: "a", Value: `{"k":"v","n":[1,2]}`, Path: "/"},
		`a=b\c`:                                 {Name: "a", Value: `b\c`},
		"a=é世界":                                 {Name: "a", Value: "é世界"},
		"a=\xff":                                {Name: "a", Value: "\xff"},
		"a=b=c==":                               {Name: "a", Value: "b=c=="},
		"a=":                                    {Name: "a"},
		" a\t= b c \t; x":                       {Name: "a", Value: "b c"},
		"a b=c, d":                              {Name: "a b", Value: "c, d"},
		"a=b\tc":                                {Name: "a", Value: "b\tc"},
		"=b":                                    {},
		"b":                                     {},
		"":                                      {},
		"; a=b":                                 {},
		"a=b\x01":                               {},
		"a\x00=b":                               {},
		"a=" + strings.Repeat("b", maxCookie-1): {Name: "a", Value: strings.Repeat("b", maxCookie-1)},
		"a=" + strings.Repeat("b", maxCookie):   {},
		"a=b; SECURE; httponly=no":              {Name: "a", Value: "b", Secure: true, HTTPOnly: true},
		"a=b;path=/x;PATH = /y ":                {Name: "a", Value: "b", Path: "/y"},
		"a=b; Path=x":                           {Name: "a", Value: "b"},
		"a=b; Path=/x; Path=":                   {Name: "a", Value: "b"},
		"a=b; Path=\"/x\"":                      {Name: "a", Value: "b"},
		"a=b; Domain=.Example.COM":              {Name: "a", Value: "b", Domain: "example.com"},
		"a=b; Domain=x.test; Domain=":           {Name: "a", Value: "b", Domain: "x.test"},
		"a=b; Max-Age=10":                       {Name: "a", Value: "b", MaxAge: 10},
		"a=b; Max-Age=0":                        {Name: "a", Value: "b", MaxAge: -1},
		"a=b; Max-Age=-7":                       {Name: "a", Value: "b", MaxAge: -1},
		"a=b; Max-Age=+7":                       {Name: "a", Value: "b"},
		"a=b; Max-Age=7s":                       {Name: "a", Value: "b"},
		"a=b; Max-Age=-":                        {Name: "a", Value: "b"},
		"a=b; Max-Age=99999999999999999999":     {Name: "a", Value: "b", MaxAge: 400 * 24 * 3600},
		"a=b; Expires=never":                    {Name: "a", Value: "b"},
		"a=b; SameSite=Lax; Partitioned; Priority=High; x=;;;=":  {Name: "a", Value: "b"},
		"a=b; expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure":     {Name: "a", Value: "b", Expires: time.Unix(0, 0).UTC(), Secure: true},
		"a=b; expires=Thu, 01-Jan-70 00:00:00 GMT; Expires=soon": {Name: "a", Value: "b", Expires: time.Unix(0, 0).UTC()},
	} {
		if got, ok := ParseCookie(line); got != want || ok != (want.Name != "") {
			t.Errorf("%.60q: got %.200v, %v; want %.200v", line, got, ok, want)
		}
	}
}

// The forms of dates are those in use, and those of the algorithm's grammar (RFC 6265, 5.1.1).
func TestCookieDates(t *testing.T) {
	t.Parallel()
	at := time.Date(2013, 11, 6, 8, 49, 37, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"Wed, 06 Nov 2013 08:49:37 GMT":      at,
		"Wednesday, 06-Nov-13 08:49:37 GMT":  at,
		"Wed Nov  6 08:49:37 2013":           at,
		"Wed, 06-Nov-2013 08:49:37 GMT":      at,
		"wed, 06 nOV 2013 08:49:37 +0200":    at, // zones are not read
		"2013 Nov 6 8:49:37":                 at,
		"6 Nov 2013 8:49:37":                 at,
		"06November2013 08:49:37":            {},
		"8:49:37 6/Nov/2013":                 at,
		"6 November 2013 08:49:37 UTC":       at,
		"Nov 6 13 08:49:37":                  at,
		"06 Nov 2013 08:49:37.123":           at,
		"06 Nov 2013":                        {},
		"08:49:37 2013 Nov":                  {},
		"06 Foo 2013 08:49:37":               {},
		"32 Nov 2013 08:49:37":               {},
		"31 Nov 2013 08:49:37":               {},
		"29 Feb 2013 08:49:37":               {},
		"06 Nov 2013 24:00:00":               {},
		"06 Nov 2013 08:60:00":               {},
		"06 Nov 2013 08:49":                  {},
		"06 Nov 1600 08:49:37":               {},
		"06 Nov 20131 08:49:37":              {},
		"":                                   {},
		"Wed, 06 Nov 69 08:49:37 GMT":        time.Date(2069, 11, 6, 8, 49, 37, 0, time.UTC),
		"Wed, 06 Nov 70 08:49:37 GMT":        time.Date(1970, 11, 6, 8, 49, 37, 0, time.UTC),
		"Fri, 31 Dec 9999 23:59:59 GMT":      time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		"Thu, 29 Feb 2024 23:59:59 GMT":      time.Date(2024, 2, 29, 23, 59, 59, 0, time.UTC),
		"Sat, 15-Apr-17 21:01:22 GMT":        time.Date(2017, 4, 15, 21, 1, 22, 0, time.UTC),
		"Thu, 19-Apr-2007 16:00:00 GMT":      time.Date(2007, 4, 19, 16, 0, 0, 0, time.UTC),
		"Sat Apr 1 17:00:09 2017 CEST (DST)": time.Date(2017, 4, 1, 17, 0, 9, 0, time.UTC),
	} {
		if got, ok := cookieDate(text); ok != !want.IsZero() || ok && !got.Equal(want) {
			t.Errorf("%q: got %v, %v; want %v", text, got, ok, want)
		}
	}
}

// TestJar sets cookies from URLs, then says what is sent to one.
func TestJar(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		set  string // lines of "host/path Set-Cookie"
		to   string // host/path, of https with a leading +
		own  string
		want string
	}{
		{name: "a cookie", set: "a.test/ a=1", to: "a.test/", want: "a=1"},
		{name: "two, by age", set: "a.test/ b=1\na.test/ a=2", to: "a.test/", want: "b=1; a=2"},
		{name: "longer paths first, then by age", set: "a.test/ a=1; Path=/\na.test/ a=2; Path=/x/y\na.test/ a=3; Path=/x\na.test/ b=4; Path=/x/y", to: "a.test/x/y", want: "a=2; b=4; a=3; a=1"},
		{name: "replaced, with its age", set: "a.test/ a=1\na.test/ b=2\na.test/ a=3", to: "a.test/", want: "a=3; b=2"},
		{name: "deleted by age", set: "a.test/ a=1\na.test/ a=; Max-Age=0", to: "a.test/"},
		{name: "deleted by a date", set: "a.test/ a=1\na.test/ a=; expires=Thu, 01-Jan-1970 00:00:01 GMT", to: "a.test/"},
		{name: "deleted by asctime", set: "a.test/ a=1\na.test/ a=; expires=Thu Jan  1 00:00:01 1970", to: "a.test/"},
		{name: "age counts before date", set: "a.test/ a=1; Max-Age=9; expires=Thu, 01-Jan-1970 00:00:01 GMT", to: "a.test/", want: "a=1"},
		{name: "deletion of another path", set: "a.test/ a=1\na.test/ a=; Max-Age=0; Path=/x", to: "a.test/", want: "a=1"},
		{name: "host only", set: "a.test/ a=1", to: "www.a.test/"},
		{name: "a domain", set: "www.a.test/ a=1; Domain=a.test", to: "x.y.a.test/", want: "a=1"},
		{name: "a domain with a dot", set: "www.a.test/ a=1; Domain=.A.Test", to: "a.test/", want: "a=1"},
		{name: "a domain that ends alike", set: "a.test/ a=1; Domain=a.test", to: "ba.test/"},
		{name: "another's domain", set: "a.test/ a=1; Domain=b.test", to: "b.test/"},
		{name: "a domain below", set: "a.test/ a=1; Domain=www.a.test", to: "www.a.test/"},
		{name: "a public suffix", set: "a.co.uk/ a=1; Domain=co.uk", to: "b.co.uk/"},
		{name: "a public suffix of a company", set: "a.github.io/ a=1; Domain=github.io", to: "b.github.io/"},
		{name: "a top level", set: "a.test/ a=1; Domain=test", to: "a.test/"},
		{name: "a public suffix for itself", set: "github.io/ a=1; Domain=github.io", to: "github.io/", want: "a=1"},
		{name: "and not below", set: "github.io/ a=1; Domain=github.io", to: "a.github.io/"},
		{name: "localhost", set: "localhost/ a=1; Domain=localhost", to: "localhost/", want: "a=1"},
		{name: "an address", set: "127.0.0.1/ a=1; Domain=127.0.0.1", to: "127.0.0.1/", want: "a=1"},
		{name: "part of an address", set: "127.0.0.1/ a=1; Domain=0.0.1", to: "127.0.0.1/"},
		{name: "an address of version 6", set: "::1/ a=1", to: "::1/", want: "a=1"},
		{name: "a name beyond ASCII", set: "www.xn--bcher-kva.test/ a=1; Domain=bücher.test", to: "xn--bcher-kva.test/", want: "a=1"},
		{name: "secure, to http", set: "a.test/ a=1; Secure", to: "a.test/"},
		{name: "secure, to https", set: "a.test/ a=1; Secure", to: "+a.test/", want: "a=1"},
		{name: "the default path", set: "a.test/x/y a=1", to: "a.test/x/z", want: "a=1"},
		{name: "the default path is not above", set: "a.test/x/y a=1", to: "a.test/"},
		{name: "the default path of the root", set: "a.test/x a=1", to: "a.test/y", want: "a=1"},
		{name: "a path that is no path", set: "a.test/x/y a=1; Path=z", to: "a.test/x/", want: "a=1"},
		{name: "a path that ends alike", set: "a.test/ a=1; Path=/x", to: "a.test/xy"},
		{name: "a path itself", set: "a.test/ a=1; Path=/x", to: "a.test/x", want: "a=1"},
		{name: "a path below", set: "a.test/ a=1; Path=/x", to: "a.test/x/y", want: "a=1"},
		{name: "a path with a slash, below", set: "a.test/ a=1; Path=/x/", to: "a.test/x/y", want: "a=1"},
		{name: "a path with a slash, itself", set: "a.test/ a=1; Path=/x/", to: "a.test/x"},
		{name: "paths are bytes", set: "a.test/ a=1; Path=/X", to: "a.test/x"},
		{name: "names are bytes", set: "a.test/ a=1\na.test/ A=2", to: "a.test/", want: "a=1; A=2"},
		{name: "own first", set: "a.test/ a=1\na.test/ b=2", own: "c=3", to: "a.test/", want: "c=3; a=1; b=2"},
		{name: "own alone", set: "a.test/ a=1; Path=/\na.test/x/y a=2\na.test/ b=2", own: "c=3; a=4", to: "a.test/x/", want: "c=3; a=4; b=2"},
		{name: "values as they are", set: "a.test/ a=\"q\"\na.test/ b={\"k\":1}\na.test/ c=\\é", to: "a.test/", want: `a="q"; b={"k":1}; c=\é`},
	} {
		j := &jar{}
		for _, line := range strings.Split(row.set, "\n") {
			from, header, _ := strings.Cut(line, " ")
			host, path, _ := strings.Cut(from, "/")
			if c, ok := ParseCookie(header); ok {
				j.set(c, host, "/"+path, time.Now())
			}
		}
		to, secure := strings.CutPrefix(row.to, "+")
		host, path, _ := strings.Cut(to, "/")
		if got := j.header(row.own, asked{host, "/" + path, secure}, time.Now()); got != row.want {
			t.Errorf("%s: sent %q, want %q", row.name, got, row.want)
		}
	}
}

func TestCookiesEndInTime(t *testing.T) {
	t.Parallel()
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	j := &jar{}
	for _, line := range []string{"a=1; Max-Age=10", "b=2; Expires=Tue, 01 Jan 2030 00:00:20 GMT", "c=3"} {
		c, _ := ParseCookie(line)
		j.set(c, "a.test", "/", now)
	}
	for after, want := range map[time.Duration]string{0: "a=1; b=2; c=3", 9 * time.Second: "a=1; b=2; c=3", 10 * time.Second: "b=2; c=3", 20 * time.Second: "c=3", 1e6 * time.Hour: "c=3"} {
		if got := j.header("", asked{"a.test", "/", false}, now.Add(after)); got != want {
			t.Errorf("after %v: %q, want %q", after, got, want)
		}
	}
}

func TestAJarIsBounded(t *testing.T) {
	t.Parallel()
	j := &jar{}
	now := time.Now()
	for i := range 3 * maxCookies {
		j.set(Cookie{Name: fmt.Sprint("n", i), Value: "v"}, fmt.Sprint("h", i/500, ".test"), "/", now)
	}
	if n := len(j.cookies); n > maxCookies || n < maxCookiesPerDomain {
		t.Errorf("%d cookies", n)
	}
	last := j.header("", asked{"h5.test", "/", false}, now)
	if n := strings.Count(last, "="); n != maxCookiesPerDomain || !strings.HasSuffix(last, "n2999=v") || !strings.HasPrefix(last, "n2820=v") {
		t.Errorf("%d cookies of a host, %.20s to %s: want the last %d", n, last, last[len(last)-10:], maxCookiesPerDomain)
	}
	for i := range 200 {
		j.set(Cookie{Name: "n", Value: strings.Repeat("v", maxCookie-1)}, fmt.Sprint("long", i, ".test"), "/", now)
	}
	bytes := 0
	for i := range j.cookies {
		bytes += j.cookies[i].size()
	}
	if bytes != j.bytes || bytes > maxCookieBytes {
		t.Errorf("%d bytes are kept and %d counted, of %d", bytes, j.bytes, maxCookieBytes)
	}
}
