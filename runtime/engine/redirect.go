package engine

import (
	"net/http"
	"strings"
)

// DefaultRedirects is how many redirects a call follows if nothing else is asked for.
const DefaultRedirects = 10

// Follow prepares the next hop when the response is a redirect and fewer than
// limit hops were made; the caller then calls Send again. An error means that
// the response names a place that cannot be requested.
func (c *Call) Follow(limit int) (again bool, failed *Error) {
	if c.Err != nil || !redirects(c.Status) || c.hops >= limit {
		return false, nil
	}
	to := string(c.head.Peek("Location"))
	if to == "" {
		return false, nil
	}
	at, failed := c.client.locate(c.at.resolve(to))
	if failed != nil {
		c.Err = failed
		return false, failed
	}
	c.hops++
	c.redirect(at, at.String()+fragment(to, c.url))
	return true, nil
}

func redirects(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// fragment is that of the redirect, else that of the URL before it (RFC 9110, 10.2.2).
func fragment(to, before string) string {
	for _, u := range []string{to, before} {
		if i := strings.IndexByte(u, '#'); i >= 0 {
			return u[i:]
		}
	}
	return ""
}

// redirect turns the request into the one for the next hop.
func (c *Call) redirect(at location, next string) {
	h := &c.req.Header
	from, to := c.at.origin, at.origin
	if from.tls && !to.tls && strings.HasPrefix(string(h.Referer()), "https:") {
		h.Del("Referer") // a secure page's address is not told to an insecure one (RFC 9110, 10.1.3)
	}
	if c.Status != http.StatusTemporaryRedirect && c.Status != http.StatusPermanentRedirect {
		if !h.IsHead() {
			h.SetMethod(http.MethodGet)
		}
		c.req.ResetBody()
		h.Del("Content-Type")
		h.Del("Content-Length")
		h.Del("Content-Encoding")
	}
	if !strings.EqualFold(from.name, to.name) {
		h.Del("Authorization")
		h.Del("Proxy-Authorization")
		c.cookies = ""
		c.setCookieHeader("")
	}
	if c.host == "" || from != to {
		c.host = ""
		h.SetHost(to.host)
	}
	h.SetRequestURI(at.target)
	c.at, c.url = at, next
	if at.user != nil {
		password, _ := at.user.Password()
		c.BasicAuth(at.user.Username(), password)
	}
}
