package http

import (
	"net/url"
	"sort"
	"strings"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/jsapi"
)

const (
	wantedBody  = "text, an ArrayBuffer, a typed array or an object of form fields"
	wantedField = "text, a number, a boolean or an array of these"
)

// setBody takes the request's body: text, bytes, or an object, which is sent as a form.
func (m *instance) setBody(j *job, v goja.Value) {
	if !jsapi.Given(v) {
		return
	}
	m.Reading("body", "", "")
	text, data, isForm := m.bodyOf(v)
	if data != nil {
		j.call.SetBody(data)
		return
	}
	j.call.SetBodyString(text)
	j.form = isForm
}

// bodyOf is a body that is given: bytes, or text, which an object becomes as a form.
func (m *instance) bodyOf(v goja.Value) (text string, data []byte, isForm bool) {
	o, ok := v.(*goja.Object)
	if !ok {
		return m.Sent(v), nil, false
	}
	if b, ok := jsapi.Bytes(o); ok {
		if b == nil {
			b = []byte{}
		}
		return "", b, false
	}
	switch jsapi.ClassOf(o) {
	case "String", "Number", "Boolean":
		return o.String(), nil, false
	case "Object":
		return m.form(o), nil, true
	}
	m.Wrong(v, wantedBody)
	return "", nil, false
}

// form encodes an object as application/x-www-form-urlencoded, its keys
// sorted, an array as its key repeated.
func (m *instance) form(o *goja.Object) string {
	keys := o.Keys()
	if len(keys) == 0 && jsapi.IsInstance(o) {
		m.Wrong(o, "text, or an object with the form's fields: this one has no properties of its own")
	}
	sort.Strings(keys)
	var f fields
	for _, key := range keys {
		m.Reading("body", key, "")
		v := o.Get(key)
		list, ok := v.(*goja.Object)
		if !ok || jsapi.ClassOf(list) != "Array" {
			f.add(key, m.field(v))
			continue
		}
		for _, i := range list.Keys() {
			m.Reading("body", key, i)
			f.add(key, m.field(list.Get(i)))
		}
	}
	return f.String()
}

// fields is a form that is being written.
type fields struct{ strings.Builder }

func (f *fields) add(key, value string) {
	if f.Len() > 0 {
		f.WriteByte('&')
	}
	f.WriteString(url.QueryEscape(key))
	f.WriteByte('=')
	f.WriteString(url.QueryEscape(value))
}

// field is the value of a form's field; of what is undefined or null it is empty.
func (m *instance) field(v goja.Value) string {
	if !jsapi.Given(v) {
		return ""
	}
	if o, ok := v.(*goja.Object); ok && jsapi.IsRecord(o) {
		m.Wrong(v, wantedField)
	}
	return m.Sent(v)
}
