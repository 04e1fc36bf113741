package http

import (
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/jsapi"
)

// bodyKind is what the script wants of the response's body.
type bodyKind uint8

const (
	bodyText bodyKind = iota
	bodyBinary
	bodyNone
)

// apply lets params, or the defaults that beforeVU returned, change the request.
func (m *instance) apply(j *job, params *goja.Object) {
	if v := jsapi.Param(params, "headers"); v != nil {
		o := v.ToObject(m.vm)
		for _, name := range o.Keys() {
			if value := o.Get(name); value != nil && !goja.IsUndefined(value) {
				j.call.SetHeader(name, value.String())
			}
		}
	}
	if v := jsapi.Param(params, "tags"); v != nil {
		if name := jsapi.Param(v.ToObject(m.vm), "name"); name != nil {
			j.name = name.String()
		}
	}
	if v := jsapi.Param(params, "timeout"); v != nil {
		j.call.Timeout = m.duration(v)
	}
	if v := jsapi.Param(params, "redirects"); v != nil {
		j.redirects = max(int(v.ToInteger()), 0)
	}
	if v := jsapi.Param(params, "responseType"); v != nil {
		j.kind = m.responseType(v.String())
	}
	if v := params.Get("responseCallback"); v != nil && !goja.IsUndefined(v) {
		j.expected = m.expectation(v, "responseCallback")
	}
	m.applyIdentity(j, params)
}

// applyIdentity sets what says who asks: cookies and credentials.
func (m *instance) applyIdentity(j *job, params *goja.Object) {
	if v := jsapi.Param(params, "cookies"); v != nil {
		o := v.ToObject(m.vm)
		for _, name := range o.Keys() {
			value := o.Get(name)
			if c, ok := value.(*goja.Object); ok {
				value = jsapi.Get(c, "value")
			}
			if value != nil {
				j.call.SetCookie(name, value.String())
			}
		}
	}
	v := jsapi.Param(params, "auth")
	if v == nil {
		return
	}
	o, ok := v.(*goja.Object)
	if !ok {
		if v.String() == "basic" {
			return // as in k6: the credentials are those of the URL
		}
		m.throw("auth " + strconv.Quote(v.String()) + " is not supported: pass {username, password} or [username, password] for basic authentication")
	}
	user, password := jsapi.Param(o, "username"), jsapi.Param(o, "password")
	if user == nil {
		user, password = jsapi.Param(o, "0"), jsapi.Param(o, "1")
	}
	if user == nil || password == nil {
		m.throw("auth: pass {username, password} or [username, password]")
	}
	j.call.BasicAuth(user.String(), password.String())
}

func (m *instance) responseType(name string) bodyKind {
	switch name {
	case "text":
	case "binary":
		return bodyBinary
	case "none":
		return bodyNone
	default:
		m.throw("responseType is " + strconv.Quote(name) + ": it may be text, binary or none")
	}
	return bodyText
}

// duration reads a number of milliseconds, or text such as "1.5s".
func (m *instance) duration(v goja.Value) time.Duration {
	text := v.String()
	ms, err := strconv.ParseFloat(text, 64)
	d := jsapi.Milliseconds(ms)
	if err != nil {
		d, err = time.ParseDuration(text)
	}
	if err != nil || d <= 0 {
		m.throw("timeout is " + strconv.Quote(text) + ": it should be milliseconds or text such as \"10s\", more than 0")
	}
	return d
}

// setBody takes the request's body: text, bytes, or an object, which is sent as a form.
func (m *instance) setBody(j *job, v goja.Value) {
	if !jsapi.Given(v) {
		return
	}
	o, ok := v.(*goja.Object)
	if !ok {
		j.call.SetBodyString(v.String())
		return
	}
	if b, ok := jsapi.Bytes(o); ok {
		j.call.SetBody(b)
		return
	}
	if o.ClassName() == "String" {
		j.call.SetBodyString(o.String())
		return
	}
	j.call.SetBodyString(form(o))
	j.form = true
}

// form encodes an object as application/x-www-form-urlencoded, its keys
// sorted, an array as its key repeated.
func form(o *goja.Object) string {
	keys := o.Keys()
	sort.Strings(keys)
	var b strings.Builder
	add := func(key string, v goja.Value) {
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(key))
		b.WriteByte('=')
		if jsapi.Given(v) {
			b.WriteString(url.QueryEscape(v.String()))
		}
	}
	for _, key := range keys {
		v := o.Get(key)
		list, ok := v.(*goja.Object)
		if !ok || list.ClassName() != "Array" {
			add(key, v)
			continue
		}
		for _, i := range list.Keys() {
			add(key, list.Get(i))
		}
	}
	return b.String()
}
