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
		if p.Len() > inspectBytes {
			p.WriteString("…")
			break
		}
		if text, ok := v.(goja.String); ok {
			p.text(beginning(text))
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
	if p.Len() > inspectBytes {
		p.WriteString("…")
		return
	}
	object, ok := v.(*goja.Object)
	if !ok {
		p.primitive(v)
		return
	}
	for _, o := range p.seen {
		if o == object {
			p.WriteString("[Circular]")
			return
		}
	}
	if depth > inspectDepth {
		p.WriteString("…")
		return
	}
	p.seen = append(p.seen, object)
	p.object(object, depth)
	p.seen = p.seen[:len(p.seen)-1]
}

func (p *printer) primitive(v goja.Value) {
	switch v := v.(type) {
	case goja.String:
		p.text(strconv.Quote(beginning(v)))
	case *goja.Symbol:
		p.text("Symbol(" + v.String() + ")")
	default:
		p.text(v.String())
		if goja.IsBigInt(v) {
			p.WriteByte('n')
		}
	}
}

// text writes as much of a text as a line may have.
func (p *printer) text(s string) {
	if len(s) > inspectBytes {
		s = strings.ToValidUTF8(s[:inspectBytes], "") + "…"
	}
	p.WriteString(s)
}

// beginning is as much of a string as is shown: a long one is not converted as a whole.
func beginning(s goja.String) string {
	if s.Length() <= inspectBytes {
		return s.String()
	}
	return s.Substring(0, inspectBytes).String() + "…"
}

func (p *printer) object(o *goja.Object, depth int) {
	switch class := jsapi.ClassOf(o); class {
	case "Map", "Set":
		p.collection(o, class, depth)
	case "Function":
		p.WriteString("[object Function]")
	case "Error":
		if stack := jsapi.Param(o, "stack"); stack != nil && depth == 0 {
			p.text(strings.TrimRight(stack.String(), "\n"))
			return
		}
		p.text(o.String())
	case "Date", "RegExp", "String", "Number", "Boolean":
		p.text(o.String())
	case "Array":
		p.elements(o, depth)
	default:
		if name := constructorOf(o); strings.HasSuffix(name, "Array") {
			p.WriteString(name + "(" + jsapi.Get(o, "length").String() + ") ")
			p.elements(o, depth)
			return
		}
		p.properties(o, depth)
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

// list writes items between brackets.
type list struct {
	*printer
	open, end string
	items     int
}

// item begins one more.
func (l *list) item() {
	if l.items == 0 {
		l.WriteString(l.open + " ")
	} else {
		l.WriteString(", ")
	}
	l.items++
}

func (l *list) done() {
	if l.items == 0 {
		l.WriteString(l.open + l.end)
		return
	}
	l.WriteString(" " + l.end)
}

func (l *list) more(n int64) {
	if n > 0 {
		l.item()
		l.WriteString("… " + strconv.FormatInt(n, 10) + " more")
	}
}

// elements shows the first elements of an array, and what other properties a
// short one has: the keys of a long one would be as many strings.
func (p *printer) elements(o *goja.Object, depth int) {
	length := jsapi.Get(o, "length").ToInteger()
	shown := min(length, inspectItems)
	l := list{printer: p, open: "[", end: "]"}
	holes := int64(0)
	for i := range shown + 1 {
		var v goja.Value
		if i < shown {
			v = o.Get(strconv.FormatInt(i, 10))
		}
		if v == nil && i < shown {
			holes++
			continue
		}
		if holes > 0 {
			l.item()
			plural := "s"
			if holes == 1 {
				plural = ""
			}
			p.WriteString("<" + strconv.FormatInt(holes, 10) + " empty item" + plural + ">")
			holes = 0
		}
		if v != nil {
			l.item()
			p.value(v, depth+1)
		}
	}
	l.more(length - shown)
	if length == shown {
		p.members(&l, o, depth)
	}
	l.done()
}

// properties shows what an object has by name.
func (p *printer) properties(o *goja.Object, depth int) {
	l := list{printer: p, open: "{", end: "}"}
	p.members(&l, o, depth)
	l.done()
}

// members adds the properties of an object that are no elements.
func (p *printer) members(l *list, o *goja.Object, depth int) {
	n := 0
	keys := o.Keys()
	for i, key := range keys {
		if _, err := strconv.ParseUint(key, 10, 32); err == nil && l.open == "[" {
			continue
		}
		if n == inspectItems {
			l.more(int64(len(keys) - i))
			return
		}
		n++
		l.item()
		p.text(key)
		p.WriteString(": ")
		p.value(jsapi.Get(o, key), depth+1)
	}
}

// collection shows a Map or a Set, with what its own entries() says.
func (p *printer) collection(o *goja.Object, class string, depth int) {
	size := jsapi.Get(o, "size").ToInteger()
	p.WriteString(class + "(" + strconv.FormatInt(size, 10) + ") ")
	l := list{printer: p, open: "{", end: "}"}
	entries, _ := goja.AssertFunction(jsapi.Get(o, "entries"))
	iterator, err := entries(o)
	if err != nil {
		panic(err)
	}
	next, _ := goja.AssertFunction(jsapi.Get(iterator.ToObject(p.vm), "next"))
	for i := range size {
		if i == inspectItems {
			l.more(size - i)
			break
		}
		step, err := next(iterator)
		if err != nil {
			panic(err)
		}
		pair, ok := jsapi.Get(step.ToObject(p.vm), "value").(*goja.Object)
		if !ok {
			break
		}
		l.item()
		p.value(jsapi.Get(pair, "0"), depth+1)
		if class == "Map" {
			p.WriteString(" => ")
			p.value(jsapi.Get(pair, "1"), depth+1)
		}
	}
	l.done()
}
