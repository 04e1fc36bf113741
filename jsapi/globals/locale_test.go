package globals_test

import (
	"encoding/json"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/jsapi/globals"
	"github.com/plimsoll-load/plimsoll/jsapi/jsapitest"
	"github.com/plimsoll-load/plimsoll/runtime/engine"
)

// withGuards is a machine with the globals, and with what a bundle that names all guards asks for.
func withGuards(tb testing.TB) *jsapitest.Host {
	tb.Helper()
	h := bare(tb)
	for _, e := range globals.Guards().Entries {
		h.Export("plimsoll:guards", e.Name)
	}
	if err := h.VM().Set("Intl", h.Export("globals", "Intl")); err != nil {
		tb.Fatal(err)
	}
	return h
}

// bare is a machine that has the guards and Intl, and no use of them yet.
func bare(tb testing.TB) *jsapitest.Host {
	tb.Helper()
	return jsapitest.New(tb, engine.Options{}, globals.Module(), globals.Intl(), globals.Guards())
}

// inZone makes another zone the machine's while a test runs.
func inZone(t *testing.T, name string) {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("TZ", name)
	before := time.Local
	time.Local = zone
	t.Cleanup(func() { time.Local = before })
}

// result is an expression's value as text, or the name of what it throws.
func result(h *jsapitest.Host, expression string) (text, thrown string) {
	v, err := h.VM().RunString("String(" + expression + ")")
	if err != nil {
		name, _, _ := strings.Cut(err.Error(), ":")
		return name, err.Error()
	}
	return v.String(), ""
}

// TestAsNodeWritesIt compares with what Node printed: testdata/node.js has asked it.
func TestAsNodeWritesIt(t *testing.T) {
	inZone(t, "UTC")
	h := withGuards(t)
	text, err := os.ReadFile("testdata/node.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows map[string]string
	if err := json.Unmarshal(text, &rows); err != nil || len(rows) < 1000 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	for expression, want := range rows {
		if got, thrown := result(h, expression); got != want {
			t.Errorf("%s\n got %q %s\nwant %q", expression, got, thrown, want)
		}
	}
}

// What Node can and we cannot is refused, and never written otherwise.
func TestWhatIsNotSupportedIsARangeError(t *testing.T) {
	t.Parallel()
	h := withGuards(t)
	for expression, want := range map[string]string{
		`(1).toLocaleString('es-AR')`:                                                               "the locale es-AR is not supported: there are cs-CZ, ",
		`(1).toLocaleString('de-DE-u-nu-thai')`:                                                     "the locale de-DE-u-nu-thai is not supported",
		`new Date(0).toLocaleString('ar-EG')`:                                                       "the locale ar-EG is not supported",
		`new Date(0).toLocaleString('en', { calendar: 'buddhist' })`:                                "Value buddhist out of range for Date.prototype.toLocaleString options property calendar: supported are gregory",
		`new Date(0).toLocaleString('en', { era: 'short' })`:                                        "Date.prototype.toLocaleString: the option era is not supported",
		`new Date(0).toLocaleTimeString('en', { dayPeriod: 'short' })`:                              "the option dayPeriod is not supported",
		`new Date(0).toLocaleString('en', { timeZoneName: 'long' })`:                                "options property timeZoneName: supported are short, shortOffset",
		`new Date(0).toLocaleString('en', { timeStyle: 'full' })`:                                   "options property timeStyle: supported are long, medium, short",
		`new Date(0).toLocaleString('en', { hourCycle: 'h11' })`:                                    "options property hourCycle: supported are h12, h23",
		`new Date(0).toLocaleString('en', { fractionalSecondDigits: 3 })`:                           "fractionalSecondDigits is not supported without second",
		`new Date(0).toLocaleString('en', { numberingSystem: 'thai' })`:                             "options property numberingSystem: supported are latn",
		`new Date(0).toLocaleString('en', { timeZone: 'Europe/Nowhere' })`:                          "Invalid time zone specified: Europe/Nowhere: names are those of the IANA database",
		`(1).toLocaleString('en', { style: 'unit', unit: 'liter' })`:                                "options property style: supported are decimal, percent, currency",
		`(1).toLocaleString('en', { notation: 'compact' })`:                                         "options property notation: supported are standard",
		`(1).toLocaleString('en', { style: 'currency', currency: 'EUR', currencyDisplay: 'name' })`: "options property currencyDisplay: supported are symbol, code, narrowSymbol",
		`(1).toLocaleString('en', { roundingMode: 'floor' })`:                                       "options property roundingMode: supported are halfExpand",
		`(1n).toLocaleString('en', { notation: 'scientific' })`:                                     "Value scientific out of range for BigInt.prototype.toLocaleString",
		`new Intl.NumberFormat('en', { style: 'x'.repeat(1e6) })`:                                   "Value xxxxx",
	} {
		if _, thrown := result(h, expression); !strings.HasPrefix(thrown, "RangeError: ") || !strings.Contains(thrown, want) || len(thrown) > 600 {
			t.Errorf("%s\n got %.700s\nwant a RangeError with %q", expression, thrown, want)
		}
	}
}

func TestLocalTimesAreOfTheMachinesZone(t *testing.T) {
	for zone, want := range map[string]string{
		"Europe/Berlin":    "3/31/2024, 3:00:00 AM|Europe/Berlin|GMT+2",
		"America/New_York": "3/30/2024, 9:00:00 PM|America/New_York|EDT",
		"Asia/Kolkata":     "3/31/2024, 6:30:00 AM|Asia/Kolkata|GMT+5:30",
		"UTC":              "3/31/2024, 1:00:00 AM|UTC|UTC",
	} {
		t.Run(zone, func(t *testing.T) {
			inZone(t, zone)
			got, _ := result(withGuards(t), `(() => { const d = new Date(Date.UTC(2024, 2, 31, 1)); return [d.toLocaleString(), Intl.DateTimeFormat().resolvedOptions().timeZone,
				new Intl.DateTimeFormat('en', { hour: 'numeric', timeZoneName: 'short' }).formatToParts(d).pop().value].join('|') })()`)
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// TestLocalTimesThatClocksSkipOrRepeat compares with what Node made of them: testdata/zones.js has asked it.
func TestLocalTimesThatClocksSkipOrRepeat(t *testing.T) {
	text, err := os.ReadFile("testdata/zones.json")
	if err != nil {
		t.Fatal(err)
	}
	var table struct {
		Zones []string
		Rows  map[string][]string
	}
	if err := json.Unmarshal(text, &table); err != nil || len(table.Rows) < 300 {
		t.Fatalf("%d rows: %v", len(table.Rows), err)
	}
	for i, zone := range table.Zones {
		t.Run(zone, func(t *testing.T) {
			inZone(t, zone)
			h := withGuards(t)
			for expression, want := range table.Rows {
				if got, thrown := result(h, expression); got != want[i] {
					t.Errorf("%s: got %s %s, want %s", expression, got, thrown, want[i])
				}
			}
		})
	}
}

// Machines run at the same time, and share what is known of locales.
func TestMachinesShareLocales(t *testing.T) {
	t.Parallel()
	const code = `['de-DE', 'ja-JP', 'en-IN', 'fr-FR', 'pt-BR'].map((l) => (1234.5).toLocaleString(l) + new Date(0).toLocaleString(l, { timeZone: 'Asia/Tokyo' })).join()`
	machines := make([]*jsapitest.Host, 8)
	got := make([]string, len(machines))
	var all sync.WaitGroup
	for i := range machines {
		machines[i] = withGuards(t)
		all.Go(func() { got[i], _ = result(machines[i], code) })
	}
	all.Wait()
	for _, text := range got {
		if text != got[0] || !strings.HasPrefix(text, "1.234,51.1.1970, 09:00:00,1,234.5") {
			t.Errorf("got %q, and %q", text, got[0])
		}
	}
}

// Whatever a script gives as locales and options: it is written, or an Error is thrown.
func TestLocalesTakeAnything(t *testing.T) {
	t.Parallel()
	h := withGuards(t)
	h.VM().SetMaxCallStackSize(500)
	v, err := h.VM().RunString(`(() => {
  const odd = () => [undefined, null, true, 0, -1, NaN, Infinity, 2 ** 53, 1e300, 10n, '', 'x', 'en', '\0', '\ud800', 'de-DE-x-a', 'x'.repeat(1e5), Symbol('s'), {}, [], [[]], ['en', 5], () => 1, new Date(NaN), new Map(),
    Object.create(null), new Proxy({}, { get() { throw new Error('get') } }), new Proxy([], {}), { length: 2 ** 53 }, { length: -1 }, { toString() { throw new Error('own') } }, { valueOf: () => ({}) }, ((a) => (a.push(a), a))([])]
  const names = ['timeZone', 'weekday', 'year', 'month', 'day', 'hour', 'minute', 'second', 'fractionalSecondDigits', 'timeZoneName', 'dateStyle', 'timeStyle', 'hour12', 'hourCycle', 'era', 'calendar', 'style', 'currency',
    'currencyDisplay', 'minimumIntegerDigits', 'minimumFractionDigits', 'maximumFractionDigits', 'minimumSignificantDigits', 'maximumSignificantDigits', 'useGrouping', 'signDisplay', 'notation', 'roundingMode']
  const uses = [
    (l, o) => (1234.5).toLocaleString(l, o), (l, o) => (-5n).toLocaleString(l, o), (l, o) => new Date(0).toLocaleString(l, o), (l, o) => new Date(0).toLocaleTimeString(l, o), (l, o) => [1, new Date(0), [2]].toLocaleString(l, o),
    (l, o) => new Intl.DateTimeFormat(l, o).formatToParts(0), (l, o) => JSON.stringify(new Intl.NumberFormat(l, o).resolvedOptions()), (l) => Intl.NumberFormat.supportedLocalesOf(l), (l) => new Intl.NumberFormat('en').format(l),
    (l) => new Intl.DateTimeFormat('en').format(l), (l) => Number.prototype.toLocaleString.call(l), (l) => Array.prototype.toLocaleString.call(l), (l) => BigInt.prototype.toLocaleString.call(l), (l) => Date.prototype.toLocaleString.call(l),
  ]
  let written = 0, thrown = 0
  const attempt = (f) => { try { f(); written++ } catch (e) { if (!(e instanceof Error)) throw new Error('not an Error: ' + String(e)); if (e.message.length > 1000) throw new Error('long: ' + e.message.slice(0, 80)); thrown++ } }
  for (const use of uses) for (const v of odd()) {
    attempt(() => use(v))
    attempt(() => use('de', v))
    for (const name of names) attempt(() => use('de-DE', { style: 'currency', currency: 'EUR', [name]: v }))
  }
  return [written, thrown]
})()`)
	if err != nil {
		t.Fatal(err)
	}
	var n []int
	if err := h.VM().ExportTo(v, &n); err != nil || n[0] < 1000 || n[1] < 1000 {
		t.Errorf("%v were written and thrown (%v)", n, err)
	}
}

func TestLocalTimesTakeAnything(t *testing.T) {
	inZone(t, "America/New_York")
	h := withGuards(t)
	h.VM().SetMaxCallStackSize(500)
	const code = `(() => {
  const odd = () => [undefined, null, true, 0, -0, NaN, Infinity, -Infinity, 8.64e15, -8.64e15, 9e15, 1e300, 10n, '', 'x', '2024', '2024-03-10', '2024-03-10T02:30', '+275760-09-13T00:00', '+275760-09-12T23:59', '-271821-04-20T00:00',
    '\0', '\ud800', '2'.repeat(1e5), Symbol('s'), {}, [], [2024, 2], () => 1, new Date(NaN), new Date(0), new Map(), Object.create(null), new Proxy({}, { get() { throw new Error('get') } }), new Proxy(new Date(0), {}),
    { [Symbol.toPrimitive]: 1 }, { [Symbol.toPrimitive]: () => ({}) }, { toString() { throw new Error('own') } }, { valueOf: () => ({}) }, { valueOf: 1, toString: 1 }]
  const uses = [
    (v) => new Date(v), (v) => new Date(v, v), (v) => new Date(2024, v), (v) => new Date(2024, 2, v, v), (v) => new Date(v, 2, 10, 2, 30), (v) => Date.parse(v), (v) => Date(v), (v) => Date.call(v), (v) => new (class extends Date {})(v),
    (v) => Reflect.construct(Date, [v], v), (v) => Reflect.construct(Date, [v, v], Array), (v) => v instanceof Date, (v) => Date[Symbol.hasInstance].call(v, new Date(0)),
    ...['Milliseconds', 'Seconds', 'Minutes', 'Hours', 'Date', 'Month', 'FullYear'].flatMap((f) => [(v) => new Date(0)['set' + f](v), (v) => new Date(8.64e15)['set' + f](v, v), (v) => Date.prototype['set' + f].call(v, 1), (v) => new Date(NaN)['set' + f](v)]),
  ]
  let n = 0
  for (const use of uses) for (const v of odd()) {
    try { const d = use(v); n++; if (d instanceof Date) d.toLocaleString() } catch (e) { if (!(e instanceof Error)) throw e }
  }
  return n
})()`
	if got, thrown := result(h, code); thrown != "" || len(got) < len("1000") {
		t.Errorf("%s were read, %.300s", got, thrown)
	}
}
