package http

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/dop251/goja"
	"github.com/tidwall/gjson"

	"github.com/plimsoll-load/plimsoll/jsapi"
	"github.com/plimsoll-load/plimsoll/runtime/engine"
)

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func (r *response) number() string { return strconv.Itoa(int(r.status)) }

// cookies are those that the last response sets, by name.
func (r *response) cookies() goja.Value {
	vm := r.m.vm
	all := r.m.Map() // the server gives the names
	r.eachHeader(func(name, value string) {
		if !strings.EqualFold(name, "Set-Cookie") {
			return
		}
		c, ok := engine.ParseCookie(value)
		if !ok {
			return
		}
		o := vm.NewObject()
		expires := int64(0)
		if !c.Expires.IsZero() {
			expires = c.Expires.UnixMilli()
		}
		set := func(name string, v any) { r.m.Put(o, name, v) }
		set("name", c.Name)
		set("value", c.Value)
		set("domain", c.Domain)
		set("path", c.Path)
		set("http_only", c.HTTPOnly)
		set("secure", c.Secure)
		set("max_age", c.MaxAge)
		set("expires", expires)
		list, ok := all.Get(c.Name).(*goja.Object)
		if !ok {
			r.m.Put(all, c.Name, vm.NewArray(o))
			return
		}
		r.m.Put(list, strconv.Itoa(int(jsapi.Get(list, "length").ToInteger())), o)
	})
	return all
}

// request tells what was sent: by the script, that is; what the engine adds to it is left out.
func (r *response) request() goja.Value {
	vm := r.m.vm
	o := vm.NewObject()
	m := r.m
	m.Put(o, "method", r.method)
	m.Put(o, "url", r.url)
	headers, cookies := m.Map(), m.Map()
	if jsapi.Given(r.params) {
		params := r.params.ToObject(vm)
		if v := jsapi.Param(params, "headers"); v != nil {
			from := v.ToObject(vm)
			for _, name := range from.Keys() {
				if v := jsapi.Get(from, name); jsapi.Given(v) {
					m.Put(headers, http.CanonicalHeaderKey(name), vm.NewArray(v.String()))
				}
			}
		}
		if v := jsapi.Param(params, "cookies"); v != nil {
			from := v.ToObject(vm)
			for _, name := range from.Keys() {
				m.Put(cookies, name, jsapi.Get(from, name))
			}
		}
	}
	m.Put(o, "headers", headers)
	body := ""
	if jsapi.Given(r.body) {
		text, data, _ := m.bodyOf(r.body)
		body = text + string(data)
	}
	m.Put(o, "body", body)
	m.Put(o, "cookies", cookies)
	return o
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
		m.parse, _ = goja.AssertFunction(jsapi.Get(jsapi.Get(m.vm.GlobalObject(), "JSON").ToObject(m.vm), "parse"))
		if m.parse == nil {
			m.throw("json: JSON.parse is no function any more")
		}
	}
	return m.parse(goja.Undefined(), m.vm.ToValue(text))
}

// bom is the mark that some servers and editors put before UTF-8.
const bom = "\ufeff"

// json is Response.json: without a path the whole body, with one what gjson finds there.
func (m *instance) json(call goja.FunctionCall) goja.Value {
	r, ok := jsapi.Held[*response](call.This)
	if !ok {
		m.throw("json: call it on a Response")
	}
	text, ok := r.content()
	text = strings.TrimPrefix(text, bom) // as browsers do
	if jsapi.NestsTooDeep(text) {
		m.throw("json: the body of " + r.what() + " nests deeper than " + strconv.Itoa(jsapi.MaxNesting) + " levels")
	}
	if v := call.Argument(0); !goja.IsUndefined(v) {
		path, known := jsapi.Text(v)
		if _, number := jsapi.Integer(v); number {
			path, known = v.String(), true
		}
		if !known {
			m.throw("json: path must be text such as 'data.0.id', not " + m.Show(v))
		}
		m.checkPath(path, text)
		if !ok || !gjson.Valid(text) {
			return goja.Undefined()
		}
		return m.found(gjson.Get(text, path))
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

// Bounds of gjson paths, whose parser and modifiers call themselves, too.
const (
	maxPath     = 4 << 10 // bytes
	maxFromText = 1 << 20 // of a body in which the modifier @fromstr parses strings, which may nest as deep
)

func (m *instance) checkPath(path, text string) {
	switch {
	case len(path) > maxPath:
		m.throw("json: the path is longer than " + strconv.Itoa(maxPath) + " bytes")
	case len(text) > maxFromText && strings.Contains(path, "@fromstr"):
		m.throw("json: @fromstr is for bodies of at most " + strconv.Itoa(maxFromText) + " bytes")
	}
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
