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
