// Package metrics is the module 'plimsoll/metrics': a script's own counters,
// gauges, rates and trends. 'k6/metrics' is the same module, and 'plimsoll' has
// the classes, too.
package metrics

import (
	"strings"
	"time"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/jsapi"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

const doc = `A script's own metrics.

A metric is made at the top level of the script, and gets its values in iterations, or in functions such as setup. In the
summary, on the page, in ` + "`--json`" + ` (` + "`metrics`" + `) and in the record it stands in the table of own metrics; thresholds may be
about it. Of a Trend a histogram is kept, not the values: its memory does not grow.

` + "```js" + `
import http from 'plimsoll/http'
import { Counter, Trend } from 'plimsoll/metrics'

const orders = new Counter('orders')
const waiting = new Trend('order_waiting', true)

export const options = { vus: 5, duration: '10s', thresholds: { 'order_waiting{kind:tea}': ['p(95)<200'] } }

export default function () {
  const res = http.get(__ENV.URL)
  waiting.add(res.timings.waiting, { kind: 'tea' })
  orders.add(1)
}
` + "```" + `

A name is 2 to 129 letters, digits and ` + "`_`" + `, the first no digit, and not that of a metric that every run has. What is no
finite number is an error of the iteration; a boolean counts as 1 or 0. A tag costs a few bytes until a threshold asks for it;
beyond 1,000 values of a tag the rest counts as ` + "`(other)`" + `, with a warning that names it.`

// Types are the declarations that the classes use.
const Types = `/** Tags of a value: what thresholds filter by. */
export interface MetricTags {
  [name: string]: string | number | boolean;
}`

// Module returns the module's table.
func Module() jsapi.Module {
	return jsapi.Define(jsapi.Module{Name: "plimsoll/metrics", Aliases: []string{"k6/metrics"}, Doc: doc, Types: Types},
		New, Exports(func(m *Instance) *Instance { return m })...)
}

// Instance is the state of the classes in one virtual machine.
type Instance struct {
	jsapi.Args
	rec  jsapi.Recorder
	conn jsapi.Connector
	self jsapi.Identity
	tags [maxTags]metric.Tag // room for those of one value
}

// Bounds of the tags of one value.
const (
	maxTags    = 16
	maxTagText = 500 // bytes of a tag's name, and of its value
)

// New makes the state of the classes for a host.
func New(h jsapi.Host) *Instance {
	return &Instance{
		Args: jsapi.Args{VM: h.VM()}, rec: jsapi.Need[jsapi.Recorder](h),
		conn: jsapi.Need[jsapi.Connector](h), self: jsapi.Need[jsapi.Identity](h),
	}
}

// own is what an object of the classes holds.
type own struct {
	name   string
	metric metric.Metric
}

// Exports are the classes, for a module whose instances have an Instance.
func Exports[I any](of func(I) *Instance) []jsapi.Export[I] {
	return []jsapi.Export[I]{
		class("Counter", metric.Counter, "A sum: how many orders, how many bytes.", of),
		class("Gauge", metric.Gauge, "The last value, with the least and the greatest: the length of a queue.", of),
		class("Rate", metric.Rate, "The share of values that are true, or not 0.", of),
		class("Trend", metric.Trend, "A distribution: mean, least, greatest and percentiles. With isTime the values are milliseconds.", of),
	}
}

func class[I any](name string, kind metric.Kind, doc string, of func(I) *Instance) jsapi.Export[I] {
	value := "number | boolean"
	if kind == metric.Rate {
		value = "boolean | number"
	}
	return jsapi.Class(name, "{\n  constructor(name: string, isTime?: boolean);\n}", doc,
		func(i I, call goja.ConstructorCall) *own { return of(i).make(name, kind, call) },
		jsapi.GetterOf("name", ": string", "The name of the metric.",
			func(i I, o *own) goja.Value { return of(i).VM.ToValue(o.name) }),
		jsapi.MethodOf("add", "(value: "+value+", tags?: MetricTags): boolean", "Counts a value.",
			func(i I, o *own, call goja.FunctionCall) goja.Value { return of(i).add(name, o, call) }))
}

// make declares a metric, or finds the one that the script has of this name.
func (m *Instance) make(class string, kind metric.Kind, call goja.ConstructorCall) *own {
	m.Prefix = "new " + class + ": "
	name, ok := jsapi.Text(call.Argument(0))
	if !ok {
		m.Throw("name must be a string, not %s: new %s('my_metric')", m.Show(call.Argument(0)), class)
	}
	if _, loaded := m.self.Iteration(); loaded {
		m.Throw("metric %q: make it at the top level of the script; values are added in iterations", shortened(name))
	}
	made, err := m.rec.Names().Metric(name, kind, call.Argument(1).ToBoolean())
	if err != nil {
		m.Throw("%s", shortened(err.Error()))
	}
	return &own{name, made}
}

// add counts a value.
func (m *Instance) add(class string, o *own, call goja.FunctionCall) goja.Value {
	m.Prefix = class + ".add: "
	if m.conn.Client() == nil {
		m.Throw("metric %q: values are added in iterations, or in setup and the like, not while the script is loaded", o.name)
	}
	s := metric.Sample{Value: m.value(o, call.Argument(0)), Scenario: m.rec.Scenario()}
	if tags := call.Argument(1); jsapi.Given(tags) {
		s.Tags = m.tagged(o, tags)
	}
	m.rec.Samples().Value(time.Now(), o.metric, s)
	return m.VM.ToValue(true)
}

// value is a finite number; a time is counted in seconds.
func (m *Instance) value(o *own, v goja.Value) float64 {
	var n float64
	if b, ok := v.Export().(bool); ok {
		if b {
			n = 1
		}
	} else {
		n = m.Number(v, "metric "+o.name+": the value")
	}
	if o.metric.Time {
		return n / 1000
	}
	return n
}

// tagged is the set of a value's tags and of those that all samples of the virtual user have.
func (m *Instance) tagged(o *own, v goja.Value) metric.TagsID {
	list, ok := v.(*goja.Object)
	if !ok || !jsapi.IsRecord(list) {
		m.Throw("metric %s: tags must be an object such as { kind: 'tea' }, not %s", o.name, m.Show(v))
	}
	tags := m.tags[:0]
	for _, key := range list.Keys() {
		m.Reading("tags", key, "")
		value := jsapi.Get(list, key)
		if !jsapi.Given(value) {
			continue
		}
		if len(tags) == maxTags {
			m.Throw("metric %s: a value may have %d tags", o.name, maxTags)
		}
		text := m.Sent(value)
		if len(key) > maxTagText || len(text) > maxTagText {
			m.Throw("metric %s: tag %q is longer than %d bytes", o.name, shortened(key), maxTagText)
		}
		tags = append(tags, metric.Tag{Key: key, Value: text})
	}
	m.Read()
	return m.rec.Names().Tags(m.rec.Samples().Tags(), tags...)
}

// shortened bounds a text of the script's in a message.
func shortened(s string) string {
	const most = 300
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
