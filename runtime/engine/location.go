package engine

import (
	"net"
	"net/url"
	"strings"

	"golang.org/x/net/idna"
)

// location is a URL made ready to be requested.
type location struct {
	origin *origin
	target string // path and query, as they are sent
	user   *url.Userinfo
}

// The bytes that may stand in a URL's path and query as they are, as bits:
// letters, digits and -._~!$&'()*+,;=:@/? . All others, and whatever else is
// out of the ordinary, take the slow way.
const (
	plainLow  = 1<<'!' | 1<<'$' | 1<<'&' | 1<<'\'' | 1<<'(' | 1<<')' | 1<<'*' | 1<<'+' | 1<<',' | 1<<'-' | 1<<'.' | 1<<'/' | 0x3ff<<'0' | 1<<':' | 1<<';' | 1<<'=' | 1<<'?'
	plainHigh = 1<<('@'-64) | 0x3ffffff<<('A'-64) | 1<<('_'-64) | 0x3ffffff<<('a'-64) | 1<<('~'-64)
)

// locate reads a URL. The URL of a script is mostly a known origin followed
// by a plain path: that costs one comparison and one pass over the path.
func (c *Client) locate(u string) (location, *Error) {
	if end := originEnd(u); end > 0 {
		if o := c.origin(u[:end]); o != nil && isPlain(u[end:]) {
			return location{origin: o, target: u[end:]}, nil
		}
	}
	return c.locateSlowly(u)
}

// originEnd returns where the path begins, 0 if there is none.
func originEnd(u string) int {
	from := len("http://")
	if len(u) < from || u[:4] != "http" {
		return 0
	}
	if u[4] == 's' {
		from++
	}
	if len(u) < from {
		return 0
	}
	for i := from; i < len(u); i++ {
		if u[i] == '/' {
			return i
		}
	}
	return 0
}

// isPlain says whether a path and query can be sent as they are.
func isPlain(target string) bool {
	for i := 0; i < len(target); i++ {
		b := target[i]
		switch {
		case b < 64 && uint64(plainLow)>>b&1 == 1, b >= 64 && b < 128 && uint64(plainHigh)>>(b-64)&1 == 1:
		case b == '%' && i+2 < len(target) && isHex(target[i+1]) && isHex(target[i+2]):
		default:
			return false
		}
	}
	return true
}

func isHex(b byte) bool {
	return '0' <= b && b <= '9' || 'a' <= b && b <= 'f' || 'A' <= b && b <= 'F'
}

func (c *Client) locateSlowly(raw string) (location, *Error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil {
		return location{}, invalidURL("the URL cannot be parsed: "+urlProblem(err), err)
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return location{}, invalidURL(schemeProblem(u, raw), nil)
	}
	if u.Hostname() == "" {
		return location{}, invalidURL("the URL has no host", nil)
	}
	o, e := newOrigin(u)
	if e != nil {
		return location{}, e
	}
	return location{origin: c.addOrigin(o), target: target(u), user: u.User}, nil
}

func schemeProblem(u *url.URL, raw string) string {
	if u.Scheme == "" || u.Opaque != "" {
		return "the URL has no scheme: it should begin with http:// or https://"
	}
	scheme, _, _ := strings.Cut(raw, ":")
	return "only http and https are supported, not " + strings.TrimSpace(scheme)
}

// urlProblem is what url.Parse found, without the URL: that would make each one a failure of its own.
func urlProblem(err error) string {
	if e, ok := err.(*url.Error); ok { //nolint:errorlint // url.Parse documents it
		err = e.Err
	}
	switch err.(type) { //nolint:errorlint // these carry parts of the URL in their text
	case url.EscapeError:
		return "invalid escape"
	case url.InvalidHostError:
		return "invalid character in host name"
	}
	message, _, _ := strings.Cut(err.Error(), "\"")
	return strings.TrimSpace(message)
}

func invalidURL(message string, err error) *Error {
	return &Error{Kind: KindInvalid, Code: CodeInvalidURL, Message: message, err: err}
}

func newOrigin(u *url.URL) (*origin, *Error) {
	name, err := idna.Lookup.ToASCII(u.Hostname())
	if err != nil {
		name = strings.ToLower(u.Hostname()) // an address, or a name with an underscore: for the resolver to judge
	}
	o := &origin{name: name, port: u.Port(), tls: u.Scheme == "https"}
	o.host = hostHeader(name, o.port)
	switch {
	case o.port != "" && !validPort(o.port):
		return nil, invalidURL("the URL's port is not one", nil)
	case o.port == "" && o.tls:
		o.port = "443"
	case o.port == "":
		o.port = "80"
	}
	o.key = u.Scheme + "://" + u.Host
	return o, nil
}

func hostHeader(name, port string) string {
	switch {
	case port != "":
		return net.JoinHostPort(name, port)
	case strings.Contains(name, ":"):
		return "[" + name + "]"
	}
	return name
}

// target is what stands in the request line. Spaces and what is not ASCII are
// escaped in the query too, where url.URL leaves them as they are.
func target(u *url.URL) string {
	t := u.RequestURI()
	if u.RawQuery == "" {
		return t
	}
	var b strings.Builder
	for i := 0; i < len(t); i++ {
		if ch := t[i]; ch <= ' ' || ch >= 0x7f {
			const hex = "0123456789ABCDEF"
			b.WriteByte('%')
			b.WriteByte(hex[ch>>4])
			b.WriteByte(hex[ch&15])
			continue
		}
		b.WriteByte(t[i])
	}
	return b.String()
}
