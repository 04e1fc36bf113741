package http

import (
	"strconv"
	"strings"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/jsapi"
)

// maxParts is how many parts a template may have: what has more is no template.
const maxParts = 1000

// template is the tag http.url: requests to `/users/${id}` are counted as one endpoint.
func (m *instance) template(call goja.FunctionCall) goja.Value {
	m.Reading("strings", "", "")
	parts, ok := call.Argument(0).(*goja.Object)
	n := -1
	if ok && jsapi.ClassOf(parts) == "Array" {
		n = int(jsapi.Get(parts, "length").ToInteger())
	}
	if n < 0 || n > maxParts {
		m.Wrong(call.Argument(0), "a template: http.url`http://…/${id}` is called without brackets")
	}
	var url, name strings.Builder
	for i := range n {
		m.Reading("strings", strconv.Itoa(i), "")
		part := m.Words(jsapi.Get(parts, strconv.Itoa(i)), "text")
		url.WriteString(part)
		name.WriteString(part)
		if i+1 < n {
			m.Reading("values", strconv.Itoa(i), "")
			url.WriteString(m.Sent(call.Argument(i + 1)))
			name.WriteString("${}")
		}
	}
	o := m.vm.NewObject()
	m.Put(o, "url", url.String())
	m.Put(o, "name", templateName(name.String()))
	_ = o.DefineDataProperty("toString", m.vm.ToValue(func(goja.FunctionCall) goja.Value {
		return m.vm.ToValue(url.String())
	}), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE)
	return o
}

// templateName is the path of a template, as endpoints are named; a template
// whose host is a value begins with what follows it.
func templateName(t string) string {
	if _, rest, ok := strings.Cut(t, "://"); ok {
		if _, path, ok := strings.Cut(rest, "/"); ok {
			t = "/" + path
		}
	} else if rest, ok := strings.CutPrefix(t, "${}/"); ok {
		t = "/" + rest
	}
	t, _, _ = strings.Cut(t, "?")
	return t
}
