package globals

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/jsapi"
	"github.com/plimsoll-load/plimsoll/jsapi/locale"
)

// toLocaleString replaces the functions that take locales and options, which
// goja takes for others or does not look at.
func (g *guards) toLocaleString() {
	date := g.at("Date", "prototype")
	g.writeDates(date, "toLocaleString", dates{"any", "all"})
	g.writeDates(date, "toLocaleDateString", dates{"date", "date"})
	g.writeDates(date, "toLocaleTimeString", dates{"time", "time"})
	g.replace(g.at("Number", "prototype"), "toLocaleString", func(call goja.FunctionCall) goja.Value {
		x := intl{g.VM, "Number.prototype.toLocaleString"}
		n := call.This
		if o, ok := n.(*goja.Object); ok && o.ClassName() == "Number" {
			n = o.ToNumber()
		}
		if !goja.IsNumber(n) {
			panic(g.VM.NewTypeError("%s: call it on a number", x.fn))
		}
		return g.VM.ToValue(locale.Join(x.number(call.Argument(0), call.Argument(1)).Parts(locale.Float(n.ToFloat()))))
	})
	g.replace(g.at("Array", "prototype"), "toLocaleString", g.arrayToLocaleString)
}

// bigIntToLocaleString is a guard of its own: few scripts have BigInts.
func (g *guards) bigIntToLocaleString() {
	g.replace(g.at("BigInt", "prototype"), "toLocaleString", func(call goja.FunctionCall) goja.Value {
		x := intl{g.VM, "BigInt.prototype.toLocaleString"}
		n := call.This
		if o, ok := n.(*goja.Object); ok {
			n = o.ToNumber()
		}
		if !goja.IsBigInt(n) {
			panic(g.VM.NewTypeError("%s: call it on a BigInt", x.fn))
		}
		return g.VM.ToValue(locale.Join(x.number(call.Argument(0), call.Argument(1)).Parts(locale.Integer(n.String()))))
	})
}

func (g *guards) writeDates(prototype *goja.Object, name string, rules dates) {
	x := intl{g.VM, "Date.prototype." + name}
	g.replace(prototype, name, func(call goja.FunctionCall) goja.Value {
		if o, ok := call.This.(*goja.Object); !ok || o.ClassName() != "Date" {
			panic(g.VM.NewTypeError("%s: call it on a Date", x.fn))
		}
		t, ok := timeOf(call.This)
		if !ok {
			return g.VM.ToValue("Invalid Date")
		}
		return g.VM.ToValue(x.date(call.Argument(0), call.Argument(1), rules).Text(t))
	})
}

// arrayToLocaleString asks each element, with the same locales and options.
func (g *guards) arrayToLocaleString(call goja.FunctionCall) goja.Value {
	o := call.This.ToObject(g.VM)
	for _, above := range g.writing {
		if above == o {
			return g.VM.ToValue("")
		}
	}
	n := jsapi.Get(o, "length").ToInteger()
	if n > maxElements {
		g.refuse("Invalid array length: more than 33554432")
	}
	g.writing = append(g.writing, o)
	defer func() { g.writing = g.writing[:len(g.writing)-1] }()
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		v := jsapi.Get(o, strconv.FormatInt(i, 10))
		if !jsapi.Given(v) {
			continue
		}
		write, ok := goja.AssertFunction(v.ToObject(g.VM).Get("toLocaleString"))
		if !ok {
			panic(g.VM.NewTypeError("Array.prototype.toLocaleString: an element has no toLocaleString"))
		}
		text, err := write(v, call.Argument(0), call.Argument(1))
		if err != nil {
			panic(err)
		}
		b.WriteString(text.ToString().String())
	}
	return g.VM.ToValue(b.String())
}

// newIntl is the global Intl: the two formats that are there.
func (m *instance) newIntl() any {
	o := m.VM.NewObject()
	m.Put(o, "DateTimeFormat", func(call goja.FunctionCall) goja.Value {
		x := intl{m.VM, "Intl.DateTimeFormat"}
		d := x.date(call.Argument(0), call.Argument(1), dates{"any", "date"})
		return m.formatter(format{
			text:     func(v goja.Value) string { return d.Text(x.timeValue(v)) },
			parts:    func(v goja.Value) []locale.Part { return d.Parts(x.timeValue(v)) },
			resolved: func(set func(name string, v any)) { resolvedDate(d, set) },
		})
	})
	m.Put(o, "NumberFormat", func(call goja.FunctionCall) goja.Value {
		x := intl{m.VM, "Intl.NumberFormat"}
		n := x.number(call.Argument(0), call.Argument(1))
		return m.formatter(format{
			text:     func(v goja.Value) string { return locale.Join(n.Parts(decimalOf(v))) },
			parts:    func(v goja.Value) []locale.Part { return n.Parts(decimalOf(v)) },
			resolved: func(set func(name string, v any)) { resolvedNumber(n, set) },
		})
	})
	m.Put(o, "supported", func(call goja.FunctionCall) goja.Value {
		var there []any
		for _, tag := range (intl{m.VM, "supportedLocalesOf"}).tags(call.Argument(0)) {
			if name, ok := locale.Supported(tag); ok {
				there = append(there, name)
			}
		}
		return m.VM.NewArray(there...)
	})
	return m.run("Intl", o)
}

// format is what an Intl format of a script can do.
type format struct {
	text     func(goja.Value) string
	parts    func(goja.Value) []locale.Part
	resolved func(set func(name string, v any))
}

// formatter has the functions that an Intl format of a script is made of.
func (m *instance) formatter(f format) goja.Value {
	o := m.VM.NewObject()
	m.Put(o, "format", func(call goja.FunctionCall) goja.Value {
		return m.VM.ToValue(f.text(call.Argument(0)))
	})
	m.Put(o, "formatToParts", func(call goja.FunctionCall) goja.Value {
		var list []any
		for _, p := range f.parts(call.Argument(0)) {
			part := m.VM.NewObject()
			m.Put(part, "type", p.Type)
			m.Put(part, "value", p.Value)
			list = append(list, part)
		}
		return m.VM.NewArray(list...)
	})
	m.Put(o, "resolvedOptions", func(goja.FunctionCall) goja.Value {
		all := m.VM.NewObject()
		f.resolved(func(name string, v any) { m.Put(all, name, v) })
		return all
	})
	return o
}

// maxTime is how far a Date reaches from 1970, in milliseconds.
const maxTime = 8.64e15

// timeValue is the time that format is given: a Date, milliseconds, or now.
func (x intl) timeValue(v goja.Value) time.Time {
	if goja.IsUndefined(v) {
		return time.Now()
	}
	if t, ok := timeOf(v); ok {
		return t
	}
	ms := v.ToNumber().ToFloat()
	if math.IsNaN(ms) || math.Abs(ms) > maxTime {
		x.rangeError("Invalid time value")
	}
	return time.UnixMilli(int64(ms))
}

// decimalOf is the number that format is given.
func decimalOf(v goja.Value) locale.Decimal {
	if goja.IsBigInt(v) {
		return locale.Integer(v.String())
	}
	return locale.Float(v.ToNumber().ToFloat())
}

func resolvedDate(d *locale.Date, set func(name string, v any)) {
	set("locale", d.Locale.Tag)
	set("calendar", "gregory")
	set("numberingSystem", "latn")
	if d.ZoneID != "" {
		set("timeZone", d.ZoneID)
	}
	for _, field := range [][2]string{
		{"weekday", d.Weekday},
		{"year", d.Year},
		{"month", d.Month},
		{"day", d.Day},
		{"hour", d.Hour},
		{"minute", d.Minute},
		{"second", d.Second},
		{"timeZoneName", d.ZoneName},
		{"dateStyle", d.DateStyle},
		{"timeStyle", d.TimeStyle},
	} {
		if field[1] != "" {
			set(field[0], field[1])
		}
	}
}

func resolvedNumber(n *locale.Number, set func(name string, v any)) {
	set("locale", n.Locale.Tag)
	set("numberingSystem", "latn")
	set("style", n.Style)
	if n.Style == "currency" {
		set("currency", n.Currency)
	}
	set("minimumIntegerDigits", n.MinInteger)
	if n.MaxSignificant > 0 {
		set("minimumSignificantDigits", n.MinSignificant)
		set("maximumSignificantDigits", n.MaxSignificant)
		return
	}
	set("minimumFractionDigits", n.MinFraction)
	set("maximumFractionDigits", n.MaxFraction)
}
