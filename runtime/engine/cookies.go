package engine

import (
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// What a jar holds at most; the oldest go first (RFC 6265, 5.3 and 6.1).
const (
	maxCookiesPerDomain = 180
	maxCookies          = 1000
	maxCookieBytes      = 256 << 10
)

// jar is the cookies of one virtual user, kept as a browser keeps them (RFC 6265, 5.3 and 5.4). They are in the order in
// which they were made.
type jar struct {
	mu      sync.Mutex
	cookies []kept
	bytes   int // of names and values
}

// kept is a cookie with the host it is for.
type kept struct {
	Cookie
	hostOnly bool // for Domain alone, not for the names below it
}

// expired says whether the cookie's time is over.
func (k *kept) expired(now time.Time) bool { return !k.Expires.IsZero() && !k.Expires.After(now) }

// set takes a cookie that came from a host and path.
func (j *jar) set(c Cookie, host, path string, now time.Time) {
	k := kept{Cookie: c}
	if !k.settle(host) {
		return
	}
	if k.Path == "" {
		k.Path = defaultPath(path)
	}
	switch {
	case c.MaxAge < 0:
		k.Expires = now
	case c.MaxAge > 0:
		k.Expires = now.Add(time.Duration(c.MaxAge) * time.Second)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	at := slices.IndexFunc(j.cookies, func(o kept) bool { return o.Name == k.Name && o.Domain == k.Domain && o.Path == k.Path })
	switch {
	case k.expired(now):
		if at >= 0 {
			j.remove(at)
		}
		return
	case at >= 0: // it keeps its age
		j.bytes -= j.cookies[at].size()
		j.cookies[at] = k
	default:
		j.cookies = append(j.cookies, k)
	}
	j.bytes += k.size()
	j.bound(k.Domain, now)
}

// settle finds the domain that the cookie is for; false: the host may not set it.
func (k *kept) settle(host string) bool {
	if ascii, err := idna.Lookup.ToASCII(k.Domain); err == nil {
		k.Domain = ascii
	}
	if k.Domain == "" || k.Domain == host {
		suffix, _ := publicsuffix.PublicSuffix(host)
		k.hostOnly = k.Domain == "" || suffix == host || isAddress(host)
		k.Domain = host
		return true
	}
	suffix, _ := publicsuffix.PublicSuffix(k.Domain)
	return below(host, k.Domain) && suffix != k.Domain
}

func (k *kept) size() int { return len(k.Name) + len(k.Value) + len(k.Path) + len(k.Domain) }

func (j *jar) remove(at int) {
	j.bytes -= j.cookies[at].size()
	j.cookies = slices.Delete(j.cookies, at, at+1)
}

// bound removes what is over, then the oldest, until the jar is within its limits.
func (j *jar) bound(domain string, now time.Time) {
	inDomain := 0
	for i := len(j.cookies) - 1; i >= 0; i-- {
		switch {
		case j.cookies[i].expired(now):
			j.remove(i)
		case j.cookies[i].Domain == domain:
			if inDomain++; inDomain > maxCookiesPerDomain {
				j.remove(i)
			}
		}
	}
	for len(j.cookies) > maxCookies || j.bytes > maxCookieBytes {
		j.remove(0)
	}
}

// asked is where a request goes.
type asked struct {
	host, path string
	secure     bool
}

// header appends the cookies for a request to the pairs that a call sets itself, whose names come first and alone.
func (j *jar) header(own string, to asked, now time.Time) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var fit []*kept
	for i := range j.cookies {
		k := &j.cookies[i]
		if (k.Domain == to.host || !k.hostOnly && below(to.host, k.Domain)) && pathMatches(to.path, k.Path) &&
			(to.secure || !k.Secure) && !k.expired(now) && !names(own, k.Name) {
			fit = append(fit, k)
		}
	}
	slices.SortStableFunc(fit, func(a, b *kept) int { return len(b.Path) - len(a.Path) }) // then by age
	var b strings.Builder
	b.WriteString(own)
	for _, k := range fit {
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		b.WriteString(k.Name)
		b.WriteByte('=')
		b.WriteString(k.Value)
	}
	return b.String()
}

// names says whether a Cookie header has a cookie of a name.
func names(header, name string) bool {
	for header != "" {
		var pair string
		pair, header, _ = strings.Cut(header, ";")
		if has, _, _ := strings.Cut(pair, "="); trimBlank(has) == name {
			return true
		}
	}
	return false
}

// below says whether a host is a name below a domain (RFC 6265, 5.1.3).
func below(host, domain string) bool {
	return len(host) > len(domain) && strings.HasSuffix(host, domain) && host[len(host)-len(domain)-1] == '.' && !isAddress(host)
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// defaultPath is the path of a cookie that names none (RFC 6265, 5.1.4).
func defaultPath(path string) string {
	if i := strings.LastIndexByte(path, '/'); i > 0 && path[0] == '/' {
		return path[:i]
	}
	return "/"
}

// pathMatches is RFC 6265, 5.1.4.
func pathMatches(path, of string) bool {
	return strings.HasPrefix(path, of) && (len(path) == len(of) || of[len(of)-1] == '/' || path[len(of)] == '/')
}

// path is that of the request, without its query.
func (c *Call) path() string {
	path, _, _ := strings.Cut(c.at.target, "?")
	return path
}

// addCookieHeader writes the call's own cookies and those of the jar.
func (c *Call) addCookieHeader() {
	cookies := c.cookies
	if jar := c.client.jar.Load(); jar != nil {
		cookies = jar.header(cookies, asked{c.at.origin.name, c.path(), c.at.origin.tls}, time.Now())
	}
	c.setCookieHeader(cookies)
}

// setCookieHeader writes the Cookie header as it is given: fasthttp's own way parses it, and drops what it does not like.
func (c *Call) setCookieHeader(cookies string) {
	h := &c.req.Header
	h.DisableSpecialHeader()
	if cookies == "" {
		h.Del("Cookie")
	} else {
		h.Set("Cookie", cookies)
	}
	h.EnableSpecialHeader()
}

// storeCookies takes the response's cookies into the client's jar, which is made with the first.
func (c *Call) storeCookies() {
	for _, line := range c.head.Cookies() {
		cookie, ok := ParseCookie(string(line))
		if !ok {
			continue
		}
		j := c.client.jar.Load()
		if j == nil {
			j = &jar{}
			if !c.client.jar.CompareAndSwap(nil, j) {
				j = c.client.jar.Load()
			}
		}
		j.set(cookie, c.at.origin.name, c.path(), time.Now())
	}
}
