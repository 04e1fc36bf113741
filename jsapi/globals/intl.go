package globals

import (
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/jsapi"
	"github.com/plimsoll-load/plimsoll/jsapi/locale"
)

// intl is what toLocaleString and Intl have in common: it reads locales and
// options as ECMA-402 asks. What is there but not supported is a RangeError.
type intl struct {
	vm *goja.Runtime
	fn string // that the script called, for messages
}

// fail throws what package locale says is wrong.
func (x intl) fail(err error) {
	var wrong *locale.RangeError
	if !errors.As(err, &wrong) {
		panic(x.vm.NewGoError(err))
	}
	x.rangeError(wrong.Error())
}

func (x intl) rangeError(message string) {
	e, err := x.vm.New(jsapi.Get(x.vm.GlobalObject(), "RangeError"), x.vm.ToValue(message))
	if err != nil {
		panic(err)
	}
	panic(e)
}

// maxLocales bounds a list of locales.
const maxLocales = 100

// locale is the first of what a script names that is there.
func (x intl) locale(v goja.Value) *locale.Locale {
	l, err := locale.Find(x.tags(v))
	if err != nil {
		x.fail(err)
	}
	return l
}

// tags are the locales of an argument: text, or a list of texts.
func (x intl) tags(v goja.Value) []string {
	if text, ok := jsapi.Text(v); ok {
		return []string{text}
	}
	switch {
	case goja.IsUndefined(v):
		return nil
	case goja.IsNull(v):
		panic(x.vm.NewTypeError("%s: locales: is null; give text such as 'de-DE', or nothing", x.fn))
	}
	o, ok := v.(*goja.Object)
	if !ok {
		return nil
	}
	var tags []string
	n := min(jsapi.Get(o, "length").ToInteger(), maxLocales)
	for i := range n {
		tag, ok := jsapi.Text(jsapi.Get(o, strconv.Itoa(int(i))))
		if !ok {
			panic(x.vm.NewTypeError("%s: locales[%d]: must be text such as 'de-DE'", x.fn, i))
		}
		tags = append(tags, tag)
	}
	return tags
}

// options are those that a script gave; without an object none is.
type options struct {
	intl
	from *goja.Object
}

func (x intl) options(v goja.Value) options {
	if goja.IsNull(v) {
		panic(x.vm.NewTypeError("%s: options: is null; give an object, or nothing", x.fn))
	}
	o, _ := v.(*goja.Object)
	return options{x, o}
}

func (o options) get(name string) goja.Value {
	if o.from == nil {
		return goja.Undefined()
	}
	return jsapi.Get(o.from, name)
}

// word is an option that is one of some words; empty if it was not given.
func (o options) word(name string, words ...string) string {
	v := o.get(name)
	if goja.IsUndefined(v) {
		return ""
	}
	text := v.ToString().String()
	for _, w := range words {
		if text == w {
			return text
		}
	}
	if len(text) > maxOption {
		text = text[:maxOption] + "…"
	}
	list := ""
	for i, w := range words {
		if i > 0 {
			list += ", "
		}
		list += w
	}
	o.rangeError("Value " + text + " out of range for " + o.fn + " options property " + name + ": supported are " + list)
	return ""
}

// maxOption bounds what of an option's text is in a message, in bytes.
const maxOption = 60

// number is an option that is an integer within bounds; ok is false if it was not given.
func (o options) number(name string, least, most int) (n int, ok bool) {
	v := o.get(name)
	if goja.IsUndefined(v) {
		return 0, false
	}
	f := v.ToNumber().ToFloat()
	if math.IsNaN(f) || f < float64(least) || f > float64(most) {
		o.rangeError(name + " value is out of range.")
	}
	return int(math.Floor(f)), true
}

// refuse throws where options were given that the standard has and Plimsoll has not.
func (o options) refuse(names ...string) {
	for _, name := range names {
		if v := o.get(name); !goja.IsUndefined(v) {
			o.rangeError(o.fn + ": the option " + name + " is not supported")
		}
	}
}

// only throws where an option has another value than the one that is supported.
func (o options) only(name, value string) { o.word(name, value) }

// dates are the rules of a function that writes dates: which fields options
// must name, else which are shown.
type dates struct{ required, defaults string }

// date reads how a time is to be written.
func (x intl) date(locales, given goja.Value, rules dates) *locale.Date {
	d := &locale.Date{Locale: x.locale(locales)}
	o := x.options(given)
	o.only("calendar", "gregory")
	o.only("numberingSystem", "latn")
	o.cycle(d)
	o.zone(d)
	o.refuse("era", "dayPeriod")
	d.Weekday = o.word("weekday", "long", "short", "narrow")
	d.Year = o.word("year", "numeric", "2-digit")
	d.Month = o.word("month", "numeric", "2-digit", "long", "short", "narrow")
	d.Day = o.word("day", "numeric", "2-digit")
	d.Hour = o.word("hour", "numeric", "2-digit")
	d.Minute = o.word("minute", "numeric", "2-digit")
	d.Second = o.word("second", "numeric", "2-digit")
	d.FractionDigits, _ = o.number("fractionalSecondDigits", 1, 3)
	d.ZoneName = o.word("timeZoneName", "short", "shortOffset")
	d.DateStyle = o.word("dateStyle", "full", "long", "medium", "short")
	d.TimeStyle = o.word("timeStyle", "long", "medium", "short")
	x.styled(d, rules)
	x.complete(d, rules)
	if err := d.Ready(); err != nil {
		x.fail(err)
	}
	return d
}

// cycle reads how hours are counted.
func (o options) cycle(d *locale.Date) {
	hour12 := o.get("hour12")
	cycle := o.word("hourCycle", "h12", "h23")
	switch {
	case goja.IsUndefined(hour12) && cycle == "":
	case goja.IsUndefined(hour12) && cycle == "h23":
		d.Cycle = locale.CycleH23
	case goja.IsUndefined(hour12) || hour12.ToBoolean():
		d.Cycle = locale.Cycle12
	default:
		d.Cycle = locale.Cycle24
	}
}

func (o options) zone(d *locale.Date) {
	v := o.get("timeZone")
	if goja.IsUndefined(v) {
		d.Zone, d.ZoneID = locale.Local()
		return
	}
	var err error
	if d.Zone, d.ZoneID, err = locale.Zone(v.ToString().String()); err != nil {
		o.fail(err)
	}
}

// styled checks dateStyle and timeStyle, which exclude the fields.
func (x intl) styled(d *locale.Date, rules dates) {
	if d.DateStyle == "" && d.TimeStyle == "" {
		return
	}
	switch {
	case rules.required == "date" && d.TimeStyle != "":
		panic(x.vm.NewTypeError("Invalid option : timeStyle"))
	case rules.required == "time" && d.DateStyle != "":
		panic(x.vm.NewTypeError("Invalid option : dateStyle"))
	}
	style := "dateStyle"
	if d.DateStyle == "" {
		style = "timeStyle"
	}
	for name, given := range map[string]bool{
		"weekday": d.Weekday != "", "year": d.Year != "", "month": d.Month != "", "day": d.Day != "", "hour": d.Hour != "", "minute": d.Minute != "",
		"second": d.Second != "", "fractionalSecondDigits": d.FractionDigits > 0, "timeZoneName": d.ZoneName != "",
	} {
		if given {
			panic(x.vm.NewTypeError("Can't set option %s when %s is used", name, style))
		}
	}
}

// complete shows the fields that are shown where options name none.
func (x intl) complete(d *locale.Date, rules dates) {
	hasDate := d.Weekday+d.Year+d.Month+d.Day != ""
	hasTime := d.Hour+d.Minute+d.Second != "" || d.FractionDigits > 0
	if d.DateStyle+d.TimeStyle != "" || hasDate && rules.required != "time" || hasTime && rules.required != "date" {
		return
	}
	if rules.defaults != "time" {
		d.Year, d.Month, d.Day = "numeric", "numeric", "numeric"
	}
	if rules.defaults != "date" {
		d.Hour, d.Minute, d.Second = "numeric", "numeric", "numeric"
	}
}

// number reads how a number is to be written.
func (x intl) number(locales, given goja.Value) *locale.Number {
	n := &locale.Number{Locale: x.locale(locales), Style: "decimal", Grouping: "auto"}
	o := x.options(given)
	o.only("numberingSystem", "latn")
	if style := o.word("style", "decimal", "percent", "currency"); style != "" {
		n.Style = style
	}
	o.currency(n)
	o.only("notation", "standard")
	o.only("roundingMode", "halfExpand")
	o.only("roundingPriority", "auto")
	o.only("trailingZeroDisplay", "auto")
	o.only("roundingIncrement", "1")
	least, most := 0, 3
	switch n.Style {
	case "percent":
		most = 0
	case "currency":
		least = n.Locale.CurrencyDigits(n.Currency)
		most = least
	}
	o.digits(n, least, most)
	o.grouping(n)
	n.Sign = o.word("signDisplay", "auto", "always", "never", "exceptZero", "negative")
	return n
}

func (o options) currency(n *locale.Number) {
	v := o.get("currency")
	n.CurrencyDisplay = o.word("currencyDisplay", "symbol", "code", "narrowSymbol")
	o.only("currencySign", "standard")
	if goja.IsUndefined(v) {
		if n.Style == "currency" {
			panic(o.vm.NewTypeError("Currency code is required with currency style."))
		}
		return
	}
	code := v.ToString().String()
	if len(code) != len("EUR") {
		o.rangeError("Invalid currency code : " + code[:min(len(code), maxOption)])
	}
	upper := []byte(code)
	for i, c := range upper {
		if upper[i] = c &^ ('a' - 'A'); upper[i] < 'A' || upper[i] > 'Z' {
			o.rangeError("Invalid currency code : " + code)
		}
	}
	n.Currency = string(upper)
}

// Bounds of the standard.
const (
	maxInteger     = 21
	maxFraction    = 100
	maxSignificant = 21
)

// digits reads how many digits are shown; least and most are those behind the point where options do not say.
func (o options) digits(n *locale.Number, least, most int) {
	n.MinInteger = 1
	if digits, ok := o.number("minimumIntegerDigits", 1, maxInteger); ok {
		n.MinInteger = digits
	}
	minimum, hasMin := o.number("minimumFractionDigits", 0, maxFraction)
	maximum, hasMax := o.number("maximumFractionDigits", 0, maxFraction)
	switch {
	case hasMin && hasMax && minimum > maximum:
		o.rangeError("maximumFractionDigits value is out of range.")
	case hasMin && !hasMax:
		maximum = max(most, minimum)
	case hasMax && !hasMin:
		minimum = min(least, maximum)
	case !hasMin:
		minimum, maximum = least, most
	}
	n.MinFraction, n.MaxFraction = minimum, maximum
	significant, hasMin := o.number("minimumSignificantDigits", 1, maxSignificant)
	n.MinSignificant = max(significant, 1)
	most, hasMax = o.number("maximumSignificantDigits", n.MinSignificant, maxSignificant)
	switch {
	case hasMax:
		n.MaxSignificant = most
	case hasMin:
		n.MaxSignificant = maxSignificant
	}
}

func (o options) grouping(n *locale.Number) {
	v := o.get("useGrouping")
	switch {
	case goja.IsUndefined(v):
		return
	case !v.ToBoolean():
		n.Grouping = "false"
		return
	}
	if text, ok := jsapi.Text(v); ok {
		switch o.word("useGrouping", "min2", "auto", "always", "true", "false") {
		case "min2", "always":
			n.Grouping = text
		}
		return
	}
	n.Grouping = "always"
}

// timeOf is the time of a Date; ok is false of an invalid one.
func timeOf(v goja.Value) (t time.Time, ok bool) { return jsapi.Held[time.Time](v) }
