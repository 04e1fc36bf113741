package engine

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/http/httpproxy"
)

// through is the proxy that a URL is reached through, as proxies say: "" for none.
func through(t *testing.T, proxies *Proxies, raw string) string {
	t.Helper()
	c := New(Options{Proxies: proxies})
	defer c.Close()
	at, failed := c.locate(raw)
	if failed != nil {
		t.Fatalf("%s: %v", raw, failed)
	}
	if at.origin.proxy == nil {
		return ""
	}
	return at.origin.proxy.url()
}

// The rules are those of Go's own client, and each row that it has an answer for is asked there, too.
func TestProxiesAreThoseOfTheEnvironment(t *testing.T) {
	t.Parallel()
	const service, secure, p, q = "http://service.test/x", "https://service.test/x", "http://proxy.test:3128", "http://other.test:8080"
	for _, row := range []struct {
		environ string
		url     string
		want    string
		ours    bool // Go's own client has another answer, or none
	}{
		{environ: "", url: service},
		{environ: "HTTP_PROXY=" + p, url: service, want: p},
		{environ: "http_proxy=" + p, url: service, want: p},
		{environ: "HTTP_PROXY=" + p, url: secure},
		{environ: "HTTPS_PROXY=" + p, url: secure, want: p},
		{environ: "https_proxy=" + p, url: service},
		{environ: "HTTP_PROXY=" + q + " http_proxy=" + p, url: service, want: p},
		{environ: "http_proxy= HTTP_PROXY=" + p, url: service, want: p},
		{environ: "HTTP_PROXY=" + p + " HTTP_PROXY=" + q, url: service, want: p},
		{environ: "HTTP_PROXY=" + p + " HTTPS_PROXY=" + q, url: secure, want: q},
		{environ: "HTTP_PROXY=proxy.test:3128", url: service, want: p},
		{environ: "HTTP_PROXY=http://proxy.test", url: service, want: "http://proxy.test:80"},
		{environ: "HTTP_PROXY=proxy.test", url: service, want: "http://proxy.test:80"},
		{environ: "HTTPS_PROXY=https://proxy.test", url: secure, want: "https://proxy.test:443"},
		{environ: "HTTPS_PROXY=socks5://proxy.test", url: secure, want: "socks5://proxy.test:1080"},
		{environ: "HTTP_PROXY=socks5h://user:word@proxy.test:9050/path", url: service, want: "socks5://proxy.test:9050"},
		{environ: "HTTP_PROXY=http://user:word@proxy.test:3128/", url: service, want: p},
		{environ: "HTTP_PROXY=user:word@proxy.test:3128", url: service, want: p},
		{environ: "HTTP_PROXY=http://[2001:db8::1]:3128", url: service, want: "http://[2001:db8::1]:3128"},

		{environ: "ALL_PROXY=" + p, url: service, want: p, ours: true},
		{environ: "all_proxy=" + p, url: secure, want: p, ours: true},
		{environ: "ALL_PROXY=" + q + " HTTP_PROXY=" + p, url: service, want: p},
		{environ: "ALL_PROXY=" + q + " HTTP_PROXY=" + p, url: secure, want: q, ours: true},
		{environ: "ALL_PROXY=" + q + " all_proxy=" + p, url: service, want: p, ours: true},

		{environ: "REQUEST_METHOD=GET HTTP_PROXY=" + p, url: service, ours: true},
		{environ: "REQUEST_METHOD=GET HTTPS_PROXY=" + p, url: secure, want: p},
		{environ: "REQUEST_METHOD=GET http_proxy=" + p, url: service, want: p, ours: true},
		{environ: "REQUEST_METHOD=GET HTTP_PROXY=" + p + " ALL_PROXY=" + q, url: service, want: q, ours: true},
		{environ: "REQUEST_METHOD=GET HTTP_PROXY=a://b", url: service, ours: true},

		{environ: "HTTP_PROXY=" + p, url: "http://localhost/"},
		{environ: "HTTP_PROXY=" + p, url: "http://LOCALHOST:8080/"},
		{environ: "HTTP_PROXY=" + p, url: "http://127.0.0.1:8080/"},
		{environ: "HTTP_PROXY=" + p, url: "http://127.9.9.9/"},
		{environ: "HTTP_PROXY=" + p, url: "http://127.1/", ours: true},
		{environ: "HTTP_PROXY=" + p, url: "http://0x7f000001/", ours: true},
		{environ: "HTTP_PROXY=" + p, url: "http://2130706433/", ours: true},
		{environ: "HTTP_PROXY=" + p, url: "http://[::1]/"},
		{environ: "HTTP_PROXY=" + p, url: "http://[::ffff:127.0.0.1]/"},
		{environ: "HTTP_PROXY=" + p, url: "http://localhost.test/", want: p},
		{environ: "HTTP_PROXY=" + p, url: "http://10.1.2.3/", want: p},

		{environ: "HTTP_PROXY=" + p + " NO_PROXY=*", url: service},
		{environ: "HTTP_PROXY=nothing://x NO_PROXY=*", url: service},
		{environ: "HTTP_PROXY=" + p + " NO_PROXY=a.test,*", url: service},
		{environ: "HTTP_PROXY=" + p + " NO_PROXY=service.test", url: service},
		{environ: "HTTP_PROXY=" + p + " no_proxy=service.test", url: service},
		{environ: "HTTP_PROXY=" + p + " NO_PROXY=service.test no_proxy=else.test", url: service, want: p},
		{environ: "HTTP_PROXY=" + p + " NO_PROXY=test", url: service},
		{environ: "HTTP_PROXY=" + p + " NO_PROXY=.test", url: service},
		{environ: "HTTP_PROXY=" + p + " NO_PROXY=*.test", url: service},
		{environ: "HTTP_PROXY=" + p + " NO_PROXY=.service.test", url: service, want: p},
		{environ: "HTTP_PROXY=" + p + " NO_PROXY=vice.test", url: service, want: p},
		{environ: "HTTP_PROXY=" + p + " NO_PROXY=SERVICE.TEST", url: "http://Service.Test/"},
		{environ: "HTTP_PROXY=" + p + " NO_PROXY=service.test:80", url: service},
		{environ: "HTTP_PROXY=" + p + " NO_PROXY=service.test:81", url: service, want: p},
		{environ: "HTTPS_PROXY=" + p + " NO_PROXY=service.test:443", url: secure},
		{environ: "HTTP_PROXY=" + p + " NO_PROXY=10.0.0.0/8", url: "http://10.1.2.3/"},
		{environ: "HTTP_PROXY=" + p + " NO_PROXY=10.0.0.0/8", url: "http://11.1.2.3/", want: p},
		{environ: "HTTP_PROXY=" + p + " NO_PROXY=10.1.2.3", url: "http://10.1.2.3/"},
		{environ: "HTTP_PROXY=" + p + " NO_PROXY=10.1.2.3:81", url: "http://10.1.2.3/", want: p},
		{environ: "HTTP_PROXY=" + p + " NO_PROXY=2001:db8::/32", url: "http://[2001:db8::7]/"},
		{environ: "HTTP_PROXY=" + p + " NO_PROXY=[2001:db8::7]:80", url: "http://[2001:db8::7]/"},
		{environ: "HTTP_PROXY=" + p + " NO_PROXY=bücher.test", url: "http://BÜCHER.test/"},
		{environ: "HTTP_PROXY=" + p + " NO_PROXY=,,a.test,,service.test", url: service},
	} {
		environ := strings.Fields(row.environ)
		proxies, err := ProxiesOf(environ)
		if err != nil {
			t.Errorf("%s: %v", row.environ, err)
			continue
		}
		if got := through(t, proxies, row.url); got != row.want {
			t.Errorf("%s: %s goes through %q, want %q", row.environ, row.url, got, row.want)
		}
		if theirs := gos(t, environ, row.url); !row.ours && theirs != (row.want != "") {
			t.Errorf("%s: Go's client takes a proxy to %s: %v", row.environ, row.url, theirs)
		}
	}
}

// gos says whether Go's own client takes a proxy.
func gos(t *testing.T, environ []string, raw string) bool {
	t.Helper()
	first := func(names ...string) string {
		_, value := variable(environ, names...)
		return value
	}
	config := httpproxy.Config{
		HTTPProxy: first("http_proxy", "HTTP_PROXY"), HTTPSProxy: first("https_proxy", "HTTPS_PROXY"), NoProxy: first("no_proxy", "NO_PROXY"),
		CGI: first("REQUEST_METHOD") != "",
	}
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = strings.ToLower(u.Host) // as net/http has it
	proxy, err := config.ProxyFunc()(u)
	return err == nil && proxy != nil
}

func TestWhatNamesNoProxyIsAnError(t *testing.T) {
	t.Parallel()
	for value, problem := range map[string]string{
		"ftp://user:hunter2@proxy.test":                                "scheme",
		"socks4://user:hunter2@proxy.test":                             "scheme",
		"://user:hunter2@proxy.test":                                   "no URL",
		"http://":                                                      "no host",
		"http://user:hunter2@":                                         "no host",
		"http://user:hunter2@:3128":                                    "no host",
		"http://user:hunter2@proxy.test:0":                             "port",
		"http://user:hunter2@proxy.test:65536":                         "port",
		"http://user:hunter2@proxy.test:port":                          "no URL",
		"http://user:hunter2@proxy test":                               "no URL",
		"http://user:hunter2@1.2.3.400":                                "host",
		"http://user:hunter2%zz@proxy.test":                            "no URL",
		"socks5://:hunter2@proxy.test":                                 "user",
		"socks5://" + strings.Repeat("u", 256) + ":hunter2@proxy.test": "user",
		"socks5://user:hunter2" + strings.Repeat("2", 256) + "@x.test": "user",
		"http://user:hunter2@proxy.test\x00":                           "no URL",
	} {
		for _, variable := range []string{"HTTP_PROXY", "https_proxy", "ALL_PROXY"} {
			_, err := ProxiesOf([]string{variable + "=" + value})
			wrong, ok := errors.AsType[*ProxyError](err)
			if !ok || wrong.Variable != variable || wrong.Value != value || !strings.Contains(wrong.Problem, problem) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s=%s: %v, want a problem with %q", variable, value, err, problem)
			}
		}
	}
}
