package http

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/dop251/goja"
	"github.com/tidwall/gjson"
)

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func (r *response) number() string { return strconv.Itoa(int(r.status)) }

// cookies are those that the last response sets, by name.
func (r *response) cookies() goja.Value {
	vm := r.m.vm
	all := vm.NewObject()
	r.eachHeader(func(name, value string) {
		if !strings.EqualFold(name, "Set-Cookie") {
			return
		}
		c, err := http.ParseSetCookie(value)
		if err != nil {
			return
		}
		o := vm.NewObject()
		expires := int64(0)
		if !c.Expires.IsZero() {
			expires = c.Expires.UnixMilli()
		}
		set(o, "name", c.Name)
		set(o, "value", c.Value)
		set(o, "domain", c.Domain)
		set(o, "path", c.Path)
		set(o, "http_only", c.HttpOnly)
		set(o, "secure", c.Secure)
		set(o, "max_age", c.MaxAge)
		set(o, "expires", expires)
		list, ok := all.Get(c.Name).(*goja.Object)
		if !ok {
			set(all, c.Name, vm.NewArray(o))
			return
		}
		set(list, strconv.Itoa(int(list.Get("length").ToInteger())), o)
	})
	return all
}

func set(o *goja.Object, name string, v any) { _ = o.Set(name, v) } // a plain object takes any value

// request tells what was sent: by the script, that is; what the engine adds to it is left out.
func (r *response) request() goja.Value {
	vm := r.m.vm
	o := vm.NewObject()
	set(o, "method", r.method)
	set(o, "url", r.url)
	headers, cookies := vm.NewObject(), vm.NewObject()
	if r.params != nil && !goja.IsUndefined(r.params) && !goja.IsNull(r.params) {
		params := r.params.ToObject(vm)
		if v := param(params, "headers"); v != nil {
			from := v.ToObject(vm)
			for _, name := range from.Keys() {
				set(headers, http.CanonicalHeaderKey(name), vm.NewArray(from.Get(name).String()))
			}
		}
		if v := param(params, "cookies"); v != nil {
			from := v.ToObject(vm)
			for _, name := range from.Keys() {
				set(cookies, name, from.Get(name))
			}
		}
	}
	set(o, "headers", headers)
	body := ""
	if b := r.body; b != nil && !goja.IsUndefined(b) && !goja.IsNull(b) {
		body = bodyString(b)
	}
	set(o, "body", body)
	set(o, "cookies", cookies)
	return o
}

func bodyString(v goja.Value) string {
	o, ok := v.(*goja.Object)
	if !ok {
		return v.String()
	}
	if b, ok := bytesOf(o); ok {
		return string(b)
	}
	return form(o)
}

// jsonMethod is the function that all Responses have as json.
func (m *instance) jsonMethod() goja.Value {
	if m.jsonFunc == nil {
		m.jsonFunc = m.vm.ToValue(m.json)
	}
	return m.jsonFunc
}

// parseJSON is JSON.parse.
func (m *instance) parseJSON(text string) (goja.Value, error) {
	if m.parse == nil {
		m.parse, _ = goja.AssertFunction(m.vm.Get("JSON").ToObject(m.vm).Get("parse"))
	}
	return m.parse(goja.Undefined(), m.vm.ToValue(text))
}

// json is Response.json: without a path the whole body, with one what gjson finds there.
func (m *instance) json(call goja.FunctionCall) goja.Value {
	o, ok := call.This.(*goja.Object)
	if !ok {
		m.throw("json: call it on a Response")
	}
	r, ok := o.Export().(*response)
	if !ok {
		m.throw("json: call it on a Response")
	}
	text, ok := r.content()
	if path := call.Argument(0); !goja.IsUndefined(path) {
		if !ok || !gjson.Valid(text) {
			return goja.Undefined()
		}
		return m.found(gjson.Get(text, path.String()))
	}
	if !ok {
		m.throw("json: " + r.what() + " has no body (status " + r.number() + ", error " + strconv.Quote(r.errorValue("error").String()) + ")")
	}
	v, err := m.parseJSON(text)
	if err != nil {
		m.throw("json: the body of " + r.what() + " (status " + r.number() + ") is not JSON: " + jsonProblem(text))
	}
	return v
}

// what names the request in messages.
func (r *response) what() string { return r.method + " " + r.url }

// jsonProblem says where text stops being JSON.
func jsonProblem(text string) string {
	var v any
	err := json.Unmarshal([]byte(text), &v)
	if err == nil {
		return "it cannot be parsed"
	}
	at := len(text)
	if s, ok := err.(*json.SyntaxError); ok { //nolint:errorlint // Unmarshal documents it
		at = min(int(s.Offset), len(text))
	}
	before := text[:at]
	line := 1 + strings.Count(before, "\n")
	column := max(at-(strings.LastIndexByte(before, '\n')+1), 1)
	return err.Error() + " (line " + strconv.Itoa(line) + ", character " + strconv.Itoa(column) + ")"
}

func (m *instance) found(res gjson.Result) goja.Value {
	switch {
	case !res.Exists():
		return goja.Undefined()
	case res.IsObject() || res.IsArray():
		v, err := m.parseJSON(res.Raw)
		if err != nil {
			return goja.Undefined()
		}
		return v
	case res.Type == gjson.Null:
		return goja.Null()
	}
	return m.vm.ToValue(res.Value())
}
