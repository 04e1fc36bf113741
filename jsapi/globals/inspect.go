package globals

import (
	"strconv"
	"strings"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/jsapi"
)

// Bounds of what console.log shows of one object, and of all in one line.
const (
	inspectDepth = 5
	inspectItems = 100
	inspectBytes = 8 << 10
)

// inspectAll writes values for a person, as console.log does: strings as they
// are, objects with their contents. What cannot be read is shown as why.
func (m *instance) inspectAll(values []goja.Value) string {
	p := printer{vm: m.VM}
	for i, v := range values {
		if i > 0 {
			p.WriteByte(' ')
		}
		if text, ok := v.(goja.String); ok {
			p.WriteString(text.String())
			continue
		}
		if ex := m.VM.Try(func() { p.value(v, 0) }); ex != nil {
			p.WriteString("[an object that cannot be shown]")
		}
	}
	return p.String()
}

type printer struct {
	strings.Builder
	vm   *goja.Runtime
	seen []*goja.Object
}

func (p *printer) value(v goja.Value, depth int) {
	object, ok := v.(*goja.Object)
	if !ok {
		if _, isString := v.(goja.String); isString {
			p.WriteString(strconv.Quote(v.String()))
			return
		}
		p.WriteString(v.String())
		return
	}
	for _, o := range p.seen {
		if o == object {
			p.WriteString("[Circular]")
			return
		}
	}
	if p.Len() > inspectBytes || depth > inspectDepth {
		p.WriteString("…")
		return
	}
	p.seen = append(p.seen, object)
	p.object(object, depth)
	p.seen = p.seen[:len(p.seen)-1]
}

func (p *printer) object(o *goja.Object, depth int) {
	switch class := o.ClassName(); class {
	case "Function":
		p.WriteString("[object Function]")
	case "Error":
		if stack := jsapi.Param(o, "stack"); stack != nil && depth == 0 {
			p.WriteString(strings.TrimRight(stack.String(), "\n"))
			return
		}
		p.WriteString(o.String())
	case "Date", "RegExp", "String", "Number", "Boolean":
		p.WriteString(o.String())
	case "Array":
		p.elements(o, depth)
	default:
		if name := constructorOf(o); strings.HasSuffix(name, "Array") {
			p.WriteString(name + "(" + jsapi.Get(o, "length").String() + ") ")
			p.elements(o, depth)
			return
		}
		p.properties(o, o.Keys(), "{}", depth)
	}
}

// constructorOf is the name of what made an object; an object from a server
// may have a "constructor" of its own, which is anything.
func constructorOf(o *goja.Object) string {
	c, ok := jsapi.Get(o, "constructor").(*goja.Object)
	if !ok {
		return ""
	}
	name, _ := jsapi.Text(jsapi.Get(c, "name"))
	return name
}

// elements shows an array. Of a long one the keys are not listed: they would
// be as many strings as it has elements.
func (p *printer) elements(o *goja.Object, depth int) {
	length := jsapi.Get(o, "length").ToInteger()
	if length <= 10*inspectItems {
		p.properties(o, o.Keys(), "[]", depth)
		return
	}
	keys := make([]string, inspectItems)
	for i := range keys {
		keys[i] = strconv.Itoa(i)
	}
	p.properties(o, keys, "[, … "+strconv.FormatInt(length-inspectItems, 10)+" more ]", depth)
}

// properties writes some of an object's; the first of the brackets goes before them, the rest behind.
func (p *printer) properties(o *goja.Object, keys []string, brackets string, depth int) {
	open, end := brackets[:1], brackets[1:]
	if len(keys) == 0 {
		p.WriteString(open + end)
		return
	}
	p.WriteString(open + " ")
	for i, key := range keys {
		if i > 0 {
			p.WriteString(", ")
		}
		if i == inspectItems {
			p.WriteString("… " + strconv.Itoa(len(keys)-i) + " more")
			break
		}
		if open == "{" {
			p.WriteString(key + ": ")
		}
		p.value(jsapi.Get(o, key), depth+1)
	}
	p.WriteString(" " + end)
}
