package vu

import (
	"strconv"
	"strings"

	"github.com/dop251/goja"
)

// Bounds of what console.log shows of one object.
const (
	inspectDepth = 5
	inspectItems = 100
)

// inspectAll writes values for a person, as console.log does: strings as they
// are, objects with their contents.
func (u *User) inspectAll(values []goja.Value) string {
	p := printer{u: u}
	for i, v := range values {
		if i > 0 {
			p.WriteByte(' ')
		}
		if text, ok := v.Export().(string); ok {
			p.WriteString(text)
			continue
		}
		if ex := u.vm.Try(func() { p.value(v, 0) }); ex != nil {
			p.WriteString("[" + u.text(ex.Value()) + "]")
		}
	}
	return p.String()
}

type printer struct {
	strings.Builder
	u    *User
	seen []*goja.Object
}

func (p *printer) value(v goja.Value, depth int) {
	object, ok := v.(*goja.Object)
	if !ok {
		if _, isString := v.Export().(string); isString {
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
	if p.Len() > maxConsoleLen || depth > inspectDepth {
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
		if stack := o.Get("stack"); stack != nil && depth == 0 {
			p.WriteString(strings.TrimRight(stack.String(), "\n"))
			return
		}
		p.WriteString(o.String())
	case "Date", "RegExp", "String", "Number", "Boolean":
		p.WriteString(o.String())
	case "Array":
		p.list("[", "]", o, depth)
	default:
		if name := o.Get("constructor"); name != nil {
			if c, ok := name.(*goja.Object); ok && strings.HasSuffix(c.Get("name").String(), "Array") {
				p.WriteString(c.Get("name").String() + "(" + o.Get("length").String() + ") ")
				p.list("[", "]", o, depth)
				return
			}
		}
		p.list("{", "}", o, depth)
	}
}

func (p *printer) list(open, end string, o *goja.Object, depth int) {
	keys := o.Keys()
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
		p.value(o.Get(key), depth+1)
	}
	p.WriteString(" " + end)
}
