package globals

import (
	"math"
	"regexp"
	"sync"
	"time"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/jsapi"
)

// A local time may be none, or two: when clocks go forward, or back. The
// standard (ECMA-262, LocalTime and UTC) takes the offset before the change for
// both. Package time, on which goja relies, takes the one that it finds first:
// west of Greenwich another than east of it.

// localDate makes new Date(2024, 2, 31, 2, 30) and Date.parse right where the
// machine's clocks are changed.
func (g *guards) localDate() {
	if !changes(time.Local) { //nolint:gosmopolitan // the machine's zone is that of a Date
		return
	}
	native := g.at("Date")
	construct, ok := goja.AssertConstructor(native)
	d := localDates{vm: g.VM, native: native}
	d.parse, _ = goja.AssertFunction(jsapi.Get(native, "parse"))
	d.utc, _ = goja.AssertFunction(jsapi.Get(native, "UTC"))
	if !ok || d.parse == nil || d.utc == nil {
		return
	}
	// A proxy, because Date() without new is a function that returns text.
	wrapped := g.VM.ToValue(g.VM.NewProxy(native, &goja.ProxyTrapConfig{
		Construct: func(_ *goja.Object, args []goja.Value, newTarget *goja.Object) *goja.Object {
			o, err := construct(newTarget, d.arguments(args)...)
			if err != nil {
				panic(err)
			}
			return o
		},
	}))
	if err := native.DefineDataPropertySymbol(goja.SymHasInstance, g.VM.ToValue(g.isInstance), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE); err != nil {
		panic(g.VM.NewGoError(err))
	}
	g.replace(native, "parse", func(call goja.FunctionCall) goja.Value { return d.read(call.Argument(0).ToString()) })
	g.replace(jsapi.Get(native, "prototype").ToObject(g.VM), "constructor", wrapped)
	g.replace(g.VM.GlobalObject(), "Date", wrapped)
}

// isInstance is instanceof, which goja refuses to proxies.
func (g *guards) isInstance(call goja.FunctionCall) goja.Value {
	prototype, _ := jsapi.Get(call.This.ToObject(g.VM), "prototype").(*goja.Object)
	o, ok := call.Argument(0).(*goja.Object)
	for ok && o != nil && prototype != nil {
		if o = o.Prototype(); o == prototype {
			return g.VM.ToValue(true)
		}
	}
	return g.VM.ToValue(false)
}

// localDates reads local times in one machine.
type localDates struct {
	vm         *goja.Runtime
	native     *goja.Object
	parse, utc goja.Callable
}

// arguments are those for the constructor that goja has: a time, where they are fields or text.
func (d *localDates) arguments(args []goja.Value) []goja.Value {
	switch {
	case len(args) == 0:
		return args
	case len(args) > 1:
		fields, err := d.utc(d.native, args...)
		if err != nil {
			panic(err)
		}
		return []goja.Value{d.vm.ToValue(fromFields(fields.ToFloat()))}
	}
	v := args[0]
	if o, ok := v.(*goja.Object); ok {
		if o.ClassName() == "Date" {
			return args
		}
		v = primitive(d.vm, o)
	}
	if text, ok := v.(goja.String); ok {
		v = d.read(text)
	}
	return []goja.Value{v}
}

// What of dates as text is not local: a day alone, by the standard, and what names a zone.
var (
	dateOnly = regexp.MustCompile(`^[+-]?\d{4,6}(-\d\d){0,2}$`)
	zoned    = regexp.MustCompile(`(?i)(?:\b(?:Z|[A-Z]{2}T|UTC?|GMT)|[+-]\d\d:?\d\d|\))\s*$|\dZ$`)
	isoTime  = regexp.MustCompile(`^[+-]?\d{4,6}-\d\d-\d\dT`)
)

// longestDate bounds what is taken for a date, in bytes.
const longestDate = 100

// read is Date.parse.
func (d *localDates) read(text goja.Value) goja.Value {
	parse := func(v goja.Value) goja.Value {
		t, err := d.parse(d.native, v)
		if err != nil {
			panic(err)
		}
		return t
	}
	read, s := parse(text), text.String()
	if goja.IsNaN(read) || len(s) > longestDate || dateOnly.MatchString(s) || zoned.MatchString(s) {
		return read
	}
	zone := " UTC"
	if isoTime.MatchString(s) {
		zone = "Z"
	}
	fields := parse(d.vm.ToValue(s + zone)).ToFloat()
	if before, after := offsets(fields); read.ToFloat() != fields-before && read.ToFloat() != fields-after {
		return read // it had a zone of its own, or is none with another
	}
	return d.vm.ToValue(fromFields(fields))
}

// primitive is what an object is to new Date: by its own conversion, valueOf or toString.
func primitive(vm *goja.Runtime, o *goja.Object) goja.Value {
	if convert, ok := goja.AssertFunction(o.GetSymbol(goja.SymToPrimitive)); ok {
		v, err := convert(o, vm.ToValue("default"))
		if err != nil {
			panic(err)
		}
		return v
	}
	for _, name := range []string{"valueOf", "toString"} {
		convert, ok := goja.AssertFunction(jsapi.Get(o, name))
		if !ok {
			continue
		}
		v, err := convert(o)
		if err != nil {
			panic(err)
		}
		if _, object := v.(*goja.Object); !object {
			return v
		}
	}
	panic(vm.NewTypeError("Cannot convert object to primitive value"))
}

// localSetter makes setHours or its like right: it changes the field of what the clocks show.
func localSetter(field string) func(*guards) {
	return func(g *guards) {
		if !changes(time.Local) { //nolint:gosmopolitan // as above
			return
		}
		prototype := g.at("Date", "prototype")
		construct, ok := goja.AssertConstructor(jsapi.Get(prototype, "constructor"))
		change, ok1 := goja.AssertFunction(jsapi.Get(prototype, "setUTC"+field))
		set, ok2 := goja.AssertFunction(jsapi.Get(prototype, "setTime"))
		if !ok || !ok1 || !ok2 {
			return
		}
		g.replace(prototype, "set"+field, func(call goja.FunctionCall) goja.Value {
			now := math.NaN()
			if t, ok := timeOf(call.This); ok {
				now = toFields(float64(t.UnixMilli()))
			}
			fields, err := construct(nil, g.VM.ToValue(now))
			if err != nil {
				panic(err)
			}
			changed, err := change(fields, call.Arguments...)
			if err == nil {
				changed, err = set(call.This, g.VM.ToValue(fromFields(changed.ToFloat())))
			}
			if err != nil {
				panic(err)
			}
			return changed
		})
	}
}

// changing are the zones that were looked at, and whether their clocks are changed.
var changing sync.Map

// changes says whether clocks of a zone have been changed since 1970, or will be soon.
func changes(zone *time.Location) bool {
	if known, ok := changing.Load(zone); ok {
		return known == true
	}
	found := changed(zone)
	changing.Store(zone, found)
	return found
}

func changed(zone *time.Location) bool {
	const half = 182 * 24 * time.Hour
	first := time.Unix(0, 0).In(zone)
	_, offset := first.Zone()
	for t, end := first, time.Now().AddDate(2, 0, 0); t.Before(end); t = t.Add(half) {
		if _, other := t.Zone(); other != offset {
			return true
		}
	}
	return false
}

// day is in milliseconds; offsets lie within it.
const day = 24 * 60 * 60 * 1000

// offset is how far the machine's clocks are ahead of UTC, in milliseconds.
func offset(ms float64) float64 {
	_, seconds := time.UnixMilli(int64(ms)).In(time.Local).Zone() //nolint:gosmopolitan // as above
	return float64(seconds) * 1000
}

// offsets are those before and after the change that may be near a local time.
func offsets(fields float64) (before, after float64) {
	if math.IsNaN(fields) || math.Abs(fields) > maxTime+day {
		return 0, 0
	}
	return offset(fields - day), offset(fields + day)
}

// fromFields is the time at which the machine's clocks show fields, which are given as if they were of UTC.
func fromFields(fields float64) float64 {
	before, after := offsets(fields)
	for _, o := range []float64{before, after} {
		if t := fields - o; !math.IsNaN(t) && math.Abs(t) <= maxTime && offset(t) == o {
			return t
		}
	}
	return fields - before
}

// toFields is what the machine's clocks show at a time, as if they were of UTC.
func toFields(ms float64) float64 {
	if math.IsNaN(ms) {
		return ms
	}
	return ms + offset(ms)
}
