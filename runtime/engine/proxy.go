package engine

import (
	"encoding/base64"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/net/http/httpproxy"
)

// Proxies say which origins are reached through a proxy, and through which. Their rules are those of Go's own client
// (golang.org/x/net/http/httpproxy), and curl's of ALL_PROXY. It is asked once for each origin of a client, never for a
// request. The nil Proxies are none.
type Proxies struct {
	http, https *Proxy // of requests for http and for https; nil: none
	except      string // what is reached without, as it was given
	rule        func(*url.URL) (*url.URL, error)
}

// Proxy is what stands between this program and a server.
type Proxy struct {
	Variable string // of the environment, that names it

	scheme     string // http, https, socks5
	name, port string
	user       *url.Userinfo
	basic      string // of the user and the password, as HTTP sends them: the value of Proxy-Authorization; "" for none
	used       atomic.Bool
}

// ProxyError is a variable of the environment that names no proxy.
type ProxyError struct {
	Variable string
	Value    string // as it was given, with what is secret in it
	Problem  string
}

// Error implements error. It has not got the value.
func (e *ProxyError) Error() string { return e.Variable + " " + e.Problem }

// What a proxy is reached at where its URL names no port, by the URL's scheme; Go's own client has the same.
var proxyPorts = map[string]string{"http": "80", "https": "443", socks5: "1080", socks5h: "1080"}

const basicScheme = "Basic "

// The schemes of proxies of SOCKS, version 5. Both leave names to the proxy.
const (
	socks5  = "socks5"
	socks5h = "socks5h"
)

// What the rule is asked about: everything in NO_PROXY stands for all hosts, some proxy for the one that there is.
const (
	everything = "*"
	someProxy  = "http://proxy"
)

// ProxiesOf reads the proxies from an environment, NAME=VALUE each: http_proxy, https_proxy, else all_proxy, and no_proxy,
// each also in capitals, where the former comes first. A server that runs programs for its clients' requests (CGI) passes
// a header "Proxy" on as HTTP_PROXY: with REQUEST_METHOD set, that variable names no proxy.
func ProxiesOf(environ []string) (*Proxies, error) {
	_, except := variable(environ, "no_proxy", "NO_PROXY")
	for entry := range strings.SplitSeq(except, ",") {
		if strings.TrimSpace(entry) == everything {
			return nil, nil //nolint:nilnil // the nil Proxies are none
		}
	}
	plain := []string{"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"}
	if _, method := variable(environ, "REQUEST_METHOD"); method != "" {
		plain = slices.DeleteFunc(plain, func(name string) bool { return name == "HTTP_PROXY" })
	}
	p := &Proxies{except: except}
	var err error
	if p.http, err = namedProxy(variable(environ, plain...)); err != nil {
		return nil, err
	}
	if p.https, err = namedProxy(variable(environ, "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")); err != nil {
		return nil, err
	}
	switch {
	case p.http == nil && p.https == nil:
		return nil, nil //nolint:nilnil // the nil Proxies are none
	case p.http != nil && p.https != nil && p.http.Variable == p.https.Variable:
		p.https = p.http
	}
	config := httpproxy.Config{NoProxy: except, HTTPProxy: someProxy, HTTPSProxy: someProxy}
	p.rule = config.ProxyFunc()
	return p, nil
}

// variable is the first of variables that has a value.
func variable(environ []string, names ...string) (name, value string) {
	for _, name := range names {
		for _, pair := range environ {
			if n, value, ok := strings.Cut(pair, "="); ok && n == name {
				if value != "" {
					return name, value
				}
				break
			}
		}
	}
	return "", ""
}

// namedProxy reads a proxy's URL, or HOST:PORT; no value, no proxy.
func namedProxy(variable, value string) (*Proxy, error) {
	if value == "" {
		return nil, nil //nolint:nilnil // no proxy is a value like any other
	}
	wrong := func(problem string) (*Proxy, error) { return nil, &ProxyError{variable, value, problem} }
	u, err := url.Parse(value)
	if !strings.Contains(value, "://") {
		u, err = url.Parse("http://" + value)
	}
	if err != nil {
		return wrong("is no URL of a proxy: " + urlProblem(err))
	}
	port, ok := proxyPorts[u.Scheme]
	if !ok {
		return wrong("has a scheme that is none of http, https, socks5 and socks5h")
	}
	if u.Hostname() == "" {
		return wrong("names no host")
	}
	name, failed := hostName(u.Hostname())
	if failed != nil {
		return wrong("names no host that can be")
	}
	p := &Proxy{Variable: variable, scheme: u.Scheme, name: name, port: port, user: u.User}
	if p.scheme == socks5h {
		p.scheme = socks5
	}
	if given := u.Port(); given != "" {
		if p.port = strings.TrimLeft(given, "0"); !validPort(p.port) {
			return wrong("names a port that is none")
		}
	}
	if u.User != nil {
		password, _ := u.User.Password()
		p.basic = basicScheme + base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+password)) // RFC 7617, 2
	}
	if p.scheme == socks5 && !validSOCKSUser(u.User) {
		return wrong("has a user that SOCKS cannot be told: 1 to 255 bytes, and a password of at most 255")
	}
	return p, nil
}

// validSOCKSUser says whether a user and a password can be sent to a proxy of SOCKS (RFC 1929, 2).
func validSOCKSUser(user *url.Userinfo) bool {
	const most = 255
	if user == nil {
		return true
	}
	password, _ := user.Password()
	return user.Username() != "" && len(user.Username()) <= most && len(password) <= most
}

// of is the proxy that leads to an origin; nil: none does.
func (p *Proxies) of(o *origin) *Proxy {
	if p == nil {
		return nil
	}
	scheme, proxy := "http", p.http
	if o.tls {
		scheme, proxy = "https", p.https
	}
	if through, err := p.rule(&url.URL{Scheme: scheme, Host: net.JoinHostPort(o.name, o.port)}); err != nil || through == nil {
		return nil
	}
	return proxy
}

// Settings calls yield for what the proxies are set to, by name; what is secret is not in it.
func (p *Proxies) Settings(yield func(name, value string) bool) {
	if p == nil {
		return
	}
	if p.http != nil && !yield("http-proxy", p.http.url()) {
		return
	}
	if p.https != nil && !yield("https-proxy", p.https.url()) {
		return
	}
	if p.except != "" {
		yield("no-proxy", p.except)
	}
}

// Used are the proxies that connections were made to, or tried to be.
func (p *Proxies) Used() (list []*Proxy) {
	if p == nil {
		return nil
	}
	for _, proxy := range []*Proxy{p.http, p.https} {
		same := func(other *Proxy) bool { return other.String() == proxy.String() }
		if proxy != nil && proxy.used.Load() && !slices.ContainsFunc(list, same) {
			list = append(list, proxy)
		}
	}
	return list
}

// Secrets are the texts that must not be written anywhere.
func (p *Proxies) Secrets() (list []string) {
	if p == nil {
		return nil
	}
	for _, proxy := range []*Proxy{p.http, p.https} {
		if proxy == nil || proxy.user == nil {
			continue
		}
		if password, ok := proxy.user.Password(); ok && password != "" {
			list = append(list, password)
		} else {
			list = append(list, proxy.user.Username()) // it may be a token
		}
		list = append(list, strings.TrimPrefix(proxy.basic, basicScheme))
	}
	return list
}

// String is where the proxy is: HOST:PORT, and how it is spoken to where that is not plain HTTP.
func (p *Proxy) String() string {
	if p.scheme == "http" {
		return p.address()
	}
	return p.url()
}

func (p *Proxy) url() string { return p.scheme + "://" + p.address() }

func (p *Proxy) address() string { return net.JoinHostPort(p.name, p.port) }
