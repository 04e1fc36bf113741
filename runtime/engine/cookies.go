package engine

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
)

// jarURL is the request's URL as the cookie jar wants it.
func (c *Call) jarURL() *url.URL {
	scheme := "http"
	if c.at.origin.tls {
		scheme = "https"
	}
	u := &url.URL{Scheme: scheme, Host: c.at.origin.host}
	if at, err := url.ParseRequestURI(c.at.target); err == nil {
		u.Path = at.Path
	}
	return u
}

// addCookieHeader writes the call's own cookies and those of the jar.
func (c *Call) addCookieHeader() {
	h := &c.req.Header
	h.DelAllCookies()
	if c.cookies != "" {
		h.Set("Cookie", c.cookies)
	}
	jar := c.client.jar.Load()
	if jar == nil {
		return
	}
	for _, cookie := range jar.Cookies(c.jarURL()) {
		if len(h.Cookie(cookie.Name)) == 0 { // the call's own come first
			h.SetCookie(cookie.Name, cookie.Value)
		}
	}
}

// storeCookies takes the response's cookies into the client's jar, which is made with the first.
func (c *Call) storeCookies() {
	var cookies []*http.Cookie
	for _, line := range c.head.Cookies() {
		if cookie, err := http.ParseSetCookie(string(line)); err == nil {
			cookies = append(cookies, cookie)
		}
	}
	if len(cookies) == 0 {
		return
	}
	jar := c.client.jar.Load()
	if jar == nil {
		jar, _ = cookiejar.New(nil) // never fails
		if !c.client.jar.CompareAndSwap(nil, jar) {
			jar = c.client.jar.Load()
		}
	}
	jar.SetCookies(c.jarURL(), cookies)
}
