package http

import (
	"strconv"
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

// What messages call the places that parameters come from.
const (
	fromParams   = "params"
	fromDefaults = "what beforeVU returned"
)

// apply lets params, or the defaults that beforeVU returned, change the request.
func (m *instance) apply(j *job, params *goja.Object, from string) {
	m.Reading(from, "headers", "")
	if v := jsapi.Param(params, "headers"); v != nil {
		m.named(v, from, "headers", j.call.SetHeader)
	}
	m.Reading(from, "tags", "")
	if v := jsapi.Param(params, "tags"); v != nil {
		o := m.record(v)
		m.Reading(from, "tags", "name")
		if name := jsapi.Param(o, "name"); name != nil {
			j.name = m.Sent(name)
		}
	}
	m.Reading(from, "timeout", "")
	if v := jsapi.Param(params, "timeout"); v != nil {
		j.call.Timeout = m.timeout(v)
	}
	m.Reading(from, "redirects", "")
	if v := jsapi.Param(params, "redirects"); v != nil {
		j.redirects = m.redirects(v)
	}
	m.Reading(from, "responseType", "")
	if v := jsapi.Param(params, "responseType"); v != nil {
		j.kind = m.responseType(v)
	}
	m.Reading(from, "responseCallback", "")
	if v := params.Get("responseCallback"); v != nil && !goja.IsUndefined(v) {
		j.expected = m.expectation(v)
	}
	m.applyIdentity(j, params, from)
}

// record is an object of names and values that is being read.
func (m *instance) record(v goja.Value) *goja.Object {
	if o, ok := v.(*goja.Object); ok && jsapi.IsRecord(o) {
		return o
	}
	m.Wrong(v, "an object such as { name: 'value' }")
	return nil
}

// keys are the names that a record has. What hides its own, as a class of
// headers may, would be left out without a word.
func (m *instance) keys(o *goja.Object) []string {
	keys := o.Keys()
	if len(keys) == 0 && jsapi.IsInstance(o) {
		m.Wrong(o, "an object such as { name: 'value' }: this one has no properties of its own")
	}
	return keys
}

// named gives each name of a property of the parameters to set, with its value
// as text; what is undefined or null is left out.
func (m *instance) named(v goja.Value, from, property string, set func(name, value string)) {
	o := m.record(v)
	for _, name := range m.keys(o) {
		m.Reading(from, property, name)
		if value := o.Get(name); jsapi.Given(value) {
			set(name, m.Unobject(m.Sent(value)))
		}
	}
}

// applyIdentity sets what says who asks: cookies and credentials.
func (m *instance) applyIdentity(j *job, params *goja.Object, from string) {
	m.Reading(from, "cookies", "")
	if v := jsapi.Param(params, "cookies"); v != nil {
		o := m.record(v)
		for _, name := range m.keys(o) {
			m.Reading(from, "cookies", name)
			value := o.Get(name)
			if c, ok := value.(*goja.Object); ok && jsapi.ClassOf(c) == "Object" {
				if value = jsapi.Get(c, "value"); goja.IsUndefined(value) {
					m.Wrong(c, "text, a number, a boolean or { value: 'text' }")
				}
			}
			if jsapi.Given(value) {
				j.call.SetCookie(name, m.Unobject(m.Sent(value)))
			}
		}
	}
	m.Reading(from, "auth", "")
	if v := jsapi.Param(params, "auth"); v != nil {
		m.authenticate(j, v, from)
	}
}

const wantedAuth = "{ username, password } or [username, password]"

func (m *instance) authenticate(j *job, v goja.Value, from string) {
	o, ok := v.(*goja.Object)
	if text, isText := jsapi.Text(v); isText {
		if text == "basic" {
			return // as in k6: the credentials are those of the URL
		}
		ok = false
	}
	if !ok {
		m.Wrong(v, wantedAuth+" for basic authentication: others are not supported")
	}
	user, password := jsapi.Param(o, "username"), jsapi.Param(o, "password")
	if user == nil {
		user, password = jsapi.Param(o, "0"), jsapi.Param(o, "1")
	}
	if user == nil || password == nil {
		m.Wrong(v, wantedAuth)
	}
	m.Reading(from, "auth", "username")
	name := m.Sent(user)
	m.Reading(from, "auth", "password")
	j.call.BasicAuth(name, m.Sent(password))
}

func (m *instance) responseType(v goja.Value) bodyKind {
	name, _ := jsapi.Text(v)
	switch name {
	case "text":
	case "binary":
		return bodyBinary
	case "none":
		return bodyNone
	default:
		m.Wrong(v, `"text", "binary" or "none"`)
	}
	return bodyText
}

// timeout reads a number of milliseconds, or text such as "1.5s".
func (m *instance) timeout(v goja.Value) time.Duration {
	text := ""
	if jsapi.IsNumeric(v) {
		text = v.String()
	}
	ms, err := strconv.ParseFloat(text, 64)
	d := jsapi.Milliseconds(ms)
	if err != nil {
		d, err = time.ParseDuration(text)
	}
	if err != nil || d <= 0 {
		m.Wrong(v, `milliseconds or text such as "10s", more than 0`)
	}
	return d
}

// mostRedirects bounds what a script may ask for: no chain of hops is as long.
const mostRedirects = 1 << 20

func (m *instance) redirects(v goja.Value) int {
	n := -1.0
	if jsapi.IsNumeric(v) {
		n = v.ToFloat()
	}
	if !(n >= 0) { // NaN, too
		m.Wrong(v, "how many redirects are followed, a number from 0")
	}
	return int(min(n, mostRedirects))
}
