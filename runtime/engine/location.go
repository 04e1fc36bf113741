package engine

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
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
// letters, digits and -._~!$&'()*+,;=:@/?% . All others, and whatever else is
// out of the ordinary, take the slow way.
const (
	plainLow  = 1<<'!' | 1<<'$' | 1<<'%' | 1<<'&' | 1<<'\'' | 1<<'(' | 1<<')' | 1<<'*' | 1<<'+' | 1<<',' | 1<<'-' | 1<<'.' | 1<<'/' | 0x3ff<<'0' | 1<<':' | 1<<';' | 1<<'=' | 1<<'?'
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
		case b == '.' && target[i-1] == '/', b == '%' && i+2 < len(target) && target[i+1] == '2' && target[i+2]|0x20 == 'e':
			return false // it may be a dot segment; the first byte is a slash
		case b < 64 && uint64(plainLow)>>b&1 == 1, b >= 64 && b < 128 && uint64(plainHigh)>>(b-64)&1 == 1:
		default:
			return false
		}
	}
	return true
}

// locateSlowly reads a URL as the WHATWG's standard has it for http and https, where that says what a server sees: the host,
// and the dot segments of the path. All other bytes stay as they are, but those that cannot stand there are escaped.
func (c *Client) locateSlowly(raw string) (location, *Error) {
	raw = cleanURL(raw)
	end := authorityEnd(raw)
	u, err := url.Parse(unescapeHost(raw[:end]))
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
	return location{origin: c.addOrigin(o), target: target(raw[end:]), user: u.User}, nil
}

// cleanURL removes what the URL standard says is not part of a URL: blanks around it, tabs and line ends within.
func cleanURL(raw string) string {
	raw = strings.TrimFunc(raw, func(r rune) bool { return r <= ' ' })
	if strings.ContainsAny(raw, "\t\r\n") {
		raw = strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(raw)
	}
	return raw
}

// unescapeHost undoes escapes in the host of a URL that ends with it, where what they stand for may be in a host.
func unescapeHost(u string) string {
	at := max(strings.LastIndexByte(u, '@')+1, strings.Index(u, "://")+len("://"))
	if strings.IndexByte(u[min(at, len(u)):], '%') < 0 || strings.HasPrefix(u[at:], "[") {
		return u
	}
	host, err := url.PathUnescape(u[at:])
	if err != nil || strings.ContainsAny(host, "/\\?#@%") {
		return u // for url.Parse to refuse
	}
	return u[:at] + host
}

// authorityEnd returns where the path, the query or the fragment of a URL begins.
func authorityEnd(u string) int {
	from := strings.Index(u, "://") + len("://")
	if from < len("://") {
		from = 0
	}
	if end := strings.IndexAny(u[from:], "/\\?#"); end >= 0 {
		return from + end
	}
	return len(u)
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
	name, err := hostName(u.Hostname())
	if err != nil {
		return nil, err
	}
	o := &origin{name: name, port: u.Port(), tls: u.Scheme == "https", key: u.Scheme + "://" + u.Host}
	if o.port != "" && !validPort(o.port) {
		return nil, invalidURL("the URL's port is not one", nil)
	}
	standard := "80"
	if o.tls {
		standard = "443"
	}
	o.port = strings.TrimLeft(o.port, "0")
	if o.port == standard {
		o.port = ""
	}
	o.host = hostHeader(name, o.port)
	if o.port == "" {
		o.port = standard
	}
	return o, nil
}

// hostName is a host as it is looked up, compared and sent: in lower case and ASCII, addresses in their usual form.
func hostName(written string) (string, *Error) {
	if addr, err := netip.ParseAddr(written); err == nil {
		return addr.String(), nil
	}
	name, err := idna.Lookup.ToASCII(written)
	if err != nil {
		name = strings.ToLower(written) // a name with an underscore: for the resolver to judge
	}
	if addr, numbers, ok := legacyAddress(name); ok {
		return addr.String(), nil
	} else if numbers {
		return "", invalidURL("the URL's host ends in a number, and is no address", nil)
	}
	return name, nil
}

// legacyAddress reads the forms of an IPv4 address that the URL standard takes: one to four numbers, decimal, octal or
// hexadecimal, the last of which fills the rest. numbers says that the host can be nothing but an address.
func legacyAddress(name string) (addr netip.Addr, numbers, ok bool) {
	const parts, octet = 4, 8
	fields := strings.Split(strings.TrimSuffix(name, "."), ".")
	last := fields[len(fields)-1]
	if _, ok := addressNumber(last); !ok && (last == "" || strings.Trim(last, "0123456789") != "") {
		return addr, false, false
	}
	var sum uint64
	for i, field := range fields {
		n, ok := addressNumber(field)
		room := uint64(1) << octet
		if i == len(fields)-1 {
			room = 1 << (octet * max(parts-i, 0))
		}
		if !ok || len(fields) > parts || n >= room {
			return addr, true, false
		}
		if i == len(fields)-1 {
			sum += n
		} else {
			sum += n << (octet * (parts - 1 - i))
		}
	}
	return netip.AddrFrom4([4]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)}), true, true
}

func addressNumber(s string) (uint64, bool) {
	base := 10
	switch {
	case strings.HasPrefix(s, "0x"):
		if s = s[2:]; s == "" {
			return 0, true
		}
		base = 16
	case len(s) > 1 && s[0] == '0':
		s, base = s[1:], 8
	}
	n, err := strconv.ParseUint(s, base, 64)
	return n, err == nil
}

// hostHeader is what is sent as Host: the zone of an address is this machine's alone (RFC 6874, 1).
func hostHeader(name, port string) string {
	name, _, _ = strings.Cut(name, "%")
	switch {
	case port != "":
		return net.JoinHostPort(name, port)
	case strings.Contains(name, ":"):
		return "[" + name + "]"
	}
	return name
}

// target is what stands in the request line for the rest of a URL behind its host.
func target(rest string) string {
	rest, _, _ = strings.Cut(rest, "#")
	path, query, asked := strings.Cut(rest, "?")
	var b strings.Builder
	writePath(&b, path)
	if asked {
		b.WriteByte('?')
		escape(&b, query, "\"<>")
	}
	return b.String()
}

// writePath writes a path without its dot segments. In a URL of http, a backslash is a slash.
func writePath(b *strings.Builder, path string) {
	path = strings.ReplaceAll(path, "\\", "/")
	segments := strings.Split(strings.TrimPrefix(path, "/"), "/")
	kept := segments[:0]
	for i, segment := range segments {
		switch dots(segment) {
		case 2:
			kept = kept[:max(len(kept)-1, 0)]
			fallthrough
		case 1:
			if i == len(segments)-1 {
				kept = append(kept, "")
			}
		default:
			kept = append(kept, segment)
		}
	}
	for _, segment := range kept {
		b.WriteByte('/')
		escape(b, segment, "\"<>^`{}")
	}
}

// dots is the number of dots, escaped or not, of a segment that has nothing else, and one or two of them; else 0.
func dots(segment string) int {
	const most = len("%2e%2e")
	if len(segment) > most {
		return 0
	}
	n := 0
	for segment != "" {
		switch {
		case segment[0] == '.':
			segment = segment[1:]
		case len(segment) >= 3 && strings.EqualFold(segment[:3], "%2e"):
			segment = segment[3:]
		default:
			return 0
		}
		n++
	}
	if n > 2 {
		return 0
	}
	return n
}

// escape writes s with controls, blanks, what is not ASCII, and the bytes of set escaped.
func escape(b *strings.Builder, s, set string) {
	for i := 0; i < len(s); i++ {
		if ch := s[i]; ch <= ' ' || ch >= 0x7f || strings.IndexByte(set, ch) >= 0 {
			const hex = "0123456789ABCDEF"
			b.WriteByte('%')
			b.WriteByte(hex[ch>>4])
			b.WriteByte(hex[ch&15])
			continue
		}
		b.WriteByte(s[i])
	}
}

// String is the URL, without its fragment.
func (l location) String() string {
	scheme, user := "http://", ""
	if l.origin.tls {
		scheme = "https://"
	}
	if l.user != nil {
		user = l.user.String() + "@"
	}
	return scheme + user + l.origin.host + l.target
}

// resolve makes a reference, such as a Location, whole.
func (l location) resolve(to string) string {
	to = cleanURL(to)
	whole := l.String()
	path := authorityEnd(whole)
	scheme, _, _ := strings.Cut(whole, "//")
	bare, _, _ := strings.Cut(whole, "?")
	slash := func(i int) bool { return i < len(to) && (to[i] == '/' || to[i] == '\\') }
	switch {
	case hasScheme(to):
		return to
	case slash(0) && slash(1):
		return scheme + "//" + to[2:]
	case slash(0):
		return whole[:path] + to
	case to == "" || to[0] == '#':
		return whole + to
	case to[0] == '?':
		return bare + to
	}
	return bare[:strings.LastIndexByte(bare, '/')+1] + to
}

// hasScheme says whether a reference begins with a scheme (RFC 3986, 3.1).
func hasScheme(u string) bool {
	for i := 0; i < len(u); i++ {
		switch ch := u[i]; {
		case ch|0x20 >= 'a' && ch|0x20 <= 'z':
		case i > 0 && (ch >= '0' && ch <= '9' || ch == '+' || ch == '-' || ch == '.'):
		default:
			return i > 0 && ch == ':'
		}
	}
	return false
}
