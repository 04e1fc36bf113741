package engine

import "testing"

// The cases are those of the URL standard for the host and for dot segments; of the rest each byte that may stand there stays.
func TestURLsAreSentAsWritten(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	for written, want := range map[string]string{
		"":                          "/",
		"/":                         "/",
		"?":                         "/?",
		"?a":                        "/?a",
		"#a":                        "/",
		"/a%2Fb/é":                  "/a%2Fb/%C3%A9",
		"/a%2fb":                    "/a%2fb",
		"/%61":                      "/%61",
		"/%zz%":                     "/%zz%",
		"/a b":                      "/a%20b",
		"/a\tb\nc":                  "/abc",
		"/a//b///":                  "/a//b///",
		"/a;b=c,d:e@f!$&'()*+~-_":   "/a;b=c,d:e@f!$&'()*+~-_",
		"/[a]|b":                    "/[a]|b",
		"/a{b}\"<c>`^":              "/a%7Bb%7D%22%3Cc%3E%60%5E",
		"/\x01\x7f\xff":             "/%01%7F%FF",
		`/a\b`:                      "/a/b",
		"/.":                        "/",
		"/..":                       "/",
		"/a/.":                      "/a/",
		"/a/..":                     "/",
		"/a/./b":                    "/a/b",
		"/a/b/../c":                 "/a/c",
		"/a/b/../../../c":           "/c",
		"/a//../b":                  "/a/b",
		"/a/%2e%2E/b":               "/b",
		"/a/.%2e/b":                 "/b",
		"/a/%2e/b":                  "/a/b",
		"/a/%2e":                    "/a/",
		"/a/.../b":                  "/a/.../b",
		"/a/.b/..c/d./e..":          "/a/.b/..c/d./e..",
		"/%2e%2f":                   "/%2e%2f",
		"/a?b=/../c&d=./e":          "/a?b=/../c&d=./e",
		"/a?b=c%2Fd&e=%zz&f=a+b":    "/a?b=c%2Fd&e=%zz&f=a+b",
		"/a?b=é&c=d e":              "/a?b=%C3%A9&c=d%20e",
		"/a?b={\"c\":[1]}&d=`^|\\'": "/a?b={%22c%22:[1]}&d=`^|\\'",
		"/a?b=<c>":                  "/a?b=%3Cc%3E",
		"/a?b?c":                    "/a?b?c",
		"/a#b?c":                    "/a",
		"/a?b#c":                    "/a?b",
	} {
		for range 2 { // the second time the origin is known
			at, err := c.locate("http://h.test" + written)
			if err != nil || at.target != want {
				t.Errorf("%q: %q, %v; want %q", written, at.target, err, want)
			}
		}
	}
}

func TestHosts(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	for url, want := range map[string][3]string{ // host header, name, port
		"http://h.test/":                 {"h.test", "h.test", "80"},
		"https://h.test/":                {"h.test", "h.test", "443"},
		"HTTP://H.Test/":                 {"h.test", "h.test", "80"},
		" http://h.test\n":               {"h.test", "h.test", "80"},
		"http://h.test:80/":              {"h.test", "h.test", "80"},
		"https://h.test:443/":            {"h.test", "h.test", "443"},
		"https://h.test:80/":             {"h.test:80", "h.test", "80"},
		"http://h.test:0080/":            {"h.test", "h.test", "80"},
		"http://h.test:/":                {"h.test", "h.test", "80"},
		"http://h.test:8080":             {"h.test:8080", "h.test", "8080"},
		"http://h.test./":                {"h.test.", "h.test.", "80"},
		"http://a_b.test/":               {"a_b.test", "a_b.test", "80"},
		"http://bücher.test/":            {"xn--bcher-kva.test", "xn--bcher-kva.test", "80"},
		"http://B%C3%BCcher.test/":       {"xn--bcher-kva.test", "xn--bcher-kva.test", "80"},
		"http://ex%61mple.test/":         {"example.test", "example.test", "80"},
		"http://user:p%40ss@h.test/":     {"h.test", "h.test", "80"},
		"http://h.test\\a":               {"h.test", "h.test", "80"},
		"http://127.0.0.1/":              {"127.0.0.1", "127.0.0.1", "80"},
		"http://127.1/":                  {"127.0.0.1", "127.0.0.1", "80"},
		"http://0x7f.0.0.01/":            {"127.0.0.1", "127.0.0.1", "80"},
		"http://2130706433/":             {"127.0.0.1", "127.0.0.1", "80"},
		"http://0177.0.257/":             {"127.0.1.1", "127.0.1.1", "80"},
		"http://１２７.0.0.1/":              {"127.0.0.1", "127.0.0.1", "80"},
		"http://[::1]/":                  {"[::1]", "::1", "80"},
		"http://[0:0:0:0:0:0:0:1]:8080/": {"[::1]:8080", "::1", "8080"},
		"http://[FE80::A]/":              {"[fe80::a]", "fe80::a", "80"},
		"http://[fe80::1%25eth0]/":       {"[fe80::1]", "fe80::1%eth0", "80"},
		"http://[fe80::1%25eth0]:8080/":  {"[fe80::1]:8080", "fe80::1%eth0", "8080"},
	} {
		at, err := c.locate(url)
		if err != nil {
			t.Errorf("%q: %v", url, err)
			continue
		}
		if got := [3]string{at.origin.host, at.origin.name, at.origin.port}; got != want {
			t.Errorf("%q: %q, want %q", url, got, want)
		}
	}
	for _, url := range []string{"http://1.2.3.4.5/", "http://256.0.0.1/", "http://h.09/", "http://4294967296/", "http://h%2Fi/", "http://h%00i/", "http://[::g]/", "http://h.test:99999/", "http://h.test:a/", "http:///a", "http://:80/"} {
		if at, err := c.locate(url); err == nil {
			t.Errorf("%q is taken for %s", url, at)
		}
	}
}

// References are those of RFC 3986, 5.4, and what servers send beside them.
func TestLocationsAreResolvedAsWritten(t *testing.T) {
	t.Parallel()
	c := New(Options{})
	base, err := c.locate("http://a/b/c/d;p?q#f")
	if err != nil {
		t.Fatal(err)
	}
	for to, want := range map[string]string{
		"http://g/":           "http://g/",
		"g":                   "http://a/b/c/g",
		"./g":                 "http://a/b/c/g",
		"g/":                  "http://a/b/c/g/",
		"/g":                  "http://a/g",
		"//g":                 "http://g/",
		"?y":                  "http://a/b/c/d;p?y",
		"g?y":                 "http://a/b/c/g?y",
		"#s":                  "http://a/b/c/d;p?q",
		"":                    "http://a/b/c/d;p?q",
		";x":                  "http://a/b/c/;x",
		"g;x=1/./y":           "http://a/b/c/g;x=1/y",
		".":                   "http://a/b/c/",
		"..":                  "http://a/b/",
		"../g":                "http://a/b/g",
		"../../../g":          "http://a/g",
		"/./g":                "http://a/g",
		"g..":                 "http://a/b/c/g..",
		"g?y/../x":            "http://a/b/c/g?y/../x",
		"g#s/../x":            "http://a/b/c/g",
		"/a%2Fb/é?c=%2F é":    "http://a/a%2Fb/%C3%A9?c=%2F%20%C3%A9",
		"/caf\xe9":            "http://a/caf%E9",
		"https://G:443/x|y":   "https://g/x|y",
		` \g `:                "http://a/g",
		"HTTP://u:p@A:8080/x": "http://u:p@a:8080/x",
		"http://g?x":          "http://g/?x",
		"a:b/c":               "the URL has no scheme: it should begin with http:// or https://",
		"ftp://g/x":           "only http and https are supported, not ftp",
		"http://g h/":         "the URL cannot be parsed: invalid character in host name",
	} {
		at, err := c.locate(base.resolve(to))
		got := ""
		if err != nil {
			got = err.Message
		} else {
			got = at.String()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", to, got, want)
		}
	}
}
