package vu_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/vu"
)

// What once ended the process is a failed iteration, or none, and the user goes on.
func TestNoAnswerEndsTheProcess(t *testing.T) {
	deep := strings.Repeat("[", 10<<20)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/cookie":
			for _, name := range []string{"__proto__", "constructor", "toString", "__proto__"} {
				w.Header().Add("Set-Cookie", name+"=1")
			}
		case "/header":
			w.Header()["__proto__"] = []string{"1", "2"}
			w.Header()["constructor"] = []string{"3"}
		case "/constructor":
			_, _ = fmt.Fprint(w, `{"constructor": {}, "a": {"constructor": null}, "b": {"constructor": {"name": {}}}, "__proto__": {"x": 1}, "toString": 1}`)
		case "/deep":
			_, _ = fmt.Fprint(w, deep)
		case "/objects":
			_, _ = fmt.Fprint(w, strings.Repeat(`{"a":`, 1<<20))
		case "/string":
			_, _ = fmt.Fprintf(w, `{"text": "%s"}`, deep)
		}
	}))
	defer s.Close()
	for code, want := range map[string]string{ // want: how the failure begins; empty: none
		`if (http.get(url + '/cookie').cookies['__proto__'].length !== 2) throw 'length'`:                                                             "",
		`if (http.get(url + '/cookie').cookies.constructor[0].value !== '1') throw 'value'`:                                                           "",
		`if (http.get(url + '/header').headers['__proto__'] !== '1, 2') throw JSON.stringify(http.get(url + '/header').headers)`:                      "",
		`console.log(http.get(url + '/constructor').json()); console.log(http.get(url + '/header').headers)`:                                          "",
		`const o = http.get(url + '/constructor').json(); if (o.x !== undefined || !Object.hasOwn(o, '__proto__') || o['__proto__'].x !== 1) throw o`: "",
		`http.get(url + '/deep').json()`:                        "TypeError: plimsoll/http: json: the body of GET",
		`http.get(url + '/deep').json('a.b')`:                   "TypeError: plimsoll/http: json: the body of GET",
		`http.get(url + '/objects').json()`:                     "TypeError: plimsoll/http: json: the body of GET",
		`JSON.parse(http.get(url + '/deep').body)`:              "RangeError: JSON.parse: the text nests too deep",
		`http.get(url + '/string').json()`:                      "",
		`http.get(url + '/string').json('text.@fromstr')`:       "TypeError: plimsoll/http: json: @fromstr is for bodies",
		`http.get(url + '/constructor').json('('.repeat(5000))`: "TypeError: plimsoll/http: json: the path is longer",
		`http.get(url + '/constructor').json('toString.a.#(')`:  "",
	} {
		t.Run(code, func(t *testing.T) {
			hostile(t, `import http from 'plimsoll/http'; const url = __ENV.URL; export default () => { `+code+` }`, want, at(s.URL))
		})
	}
}

func hostile(t *testing.T, code, want string, change ...func(*vu.Config)) {
	t.Helper()
	x, u := start(t, code, change...)
	for range 2 {
		if want == "" {
			x.passes(u)
		} else if got := x.failure(u); got.Kind != "exception" || !strings.HasPrefix(got.Message, want) {
			t.Errorf("%s: got %+v, want an exception %q", code, got, want)
		}
		if u.Broken() {
			_, first := x.factory.Faults()
			t.Fatalf("%s: %v\n%s", code, first, first.Stack)
		}
	}
}

func TestNoArgumentEndsTheProcess(t *testing.T) {
	const length, buffer = "RangeError: Invalid string length", "RangeError: Array buffer allocation failed"
	for code, want := range map[string]string{
		`'xy'.repeat(2**62)`:                                                length,
		`'x'.repeat({ valueOf: () => 2**40 })`:                              length,
		`'x'.padStart(2**40)`:                                               length,
		`'x'.padEnd(2**62, 'ab')`:                                           length,
		`new Uint8Array(2**45)`:                                             buffer,
		`new Uint8Array({ length: 2**40 })`:                                 buffer,
		`new Float64Array(2**45)`:                                           buffer,
		`new ArrayBuffer(2**45)`:                                            buffer,
		`Array(2**32 - 1).fill(1)`:                                          "RangeError: Invalid array length",
		`new Array(2**30).join('xx')`:                                       "RangeError: Invalid array length",
		`Array.from({ length: 2**40 })`:                                     "RangeError: Invalid array length",
		`const a: any[] = []; a.length = 4e8; a.join()`:                     length,
		`const a: any[] = []; a[4e8] = 1; String(a)`:                        length,
		`const a: any[] = []; a[400000000] = 1; '' + a`:                     length,
		`const a: any[] = []; a.length = 4e8; JSON.stringify({ b: [a] })`:   length,
		`const n = 4e8, a: any[] = []; a.length = n; console.log(a, { a })`: "",
		`if (Uint8Array.from('12' as any).join() !== '1,2') throw 'from'`:   "",
		`String.raw({ raw: { length: 2**40 } })`:                            "RangeError: String.raw",
		`const a: any[] = []; a[0] = a; a.flat(Infinity)`:                   "",
		`const o = { toString() { return '' + o } }; '' + o`:                "RangeError: more than 2000 calls deep",
		`const f = (): any => [2, 1].sort(f); f()`:                          "RangeError: more than 2000 calls deep",
		`const a: any[] = []; a[0] = a; String(a)`:                          "",
		`let a: any = []; for (let i = 0; i < 2000; i++) a = [a]; console.log(a); JSON.stringify(a)`: "",
		`console.log(new Proxy({}, { get() { throw 1 }, ownKeys() { throw 2 } }))`:                   "",
		`console.log({ get a() { throw 1 } }, Symbol('x'), new Array(1e6), [1n])`:                    "",
		`console.log(new (class FooArray { constructor() {} })())`:                                   "",
		`console.log({ constructor: { get name() { throw 1 } } })`:                                   "",
		`http.url({} as any)`:                                       "TypeError: http.url: strings: is an object",
		`http.url({ length: 2**53 } as any)`:                        "TypeError: http.url: strings: is an object",
		`http.get({ toString: () => { throw 'own' } } as any)`:      "TypeError: http.get: url: is an object",
		`http.get(new Proxy({}, { get() { throw 'own' } }) as any)`: `TypeError: http.get: url: reading it threw "own"`,
		`http.post('http://127.0.0.1:1', { buffer: new ArrayBuffer(4), byteOffset: 1e9, byteLength: 7 } as any)`: "TypeError: http.post: body.buffer: is an ArrayBuffer",
		`http.get('http://127.0.0.1:1', { headers: { a: Symbol('x') } } as any)`:                                 "TypeError: http.get: params.headers.a: is a symbol",
		`http.get('http://127.0.0.1:1', { cookies: { a: {} } } as any).request`:                                  "TypeError: http.get: params.cookies.a: is an object",
		`http.expectedStatuses({} as any)`:                                                                       "TypeError: http.expectedStatuses: statuses[0]: is an object",
		`http.batch({ a: {} } as any)`:                                                                           "TypeError: http.batch: requests.a: is an object",
		`scenario(new ArrayBuffer(1) as any, () => {})`:                                                          "TypeError: ",
		`setTimeout(() => {}, Symbol('x') as any)`:                                                               "TypeError: ",
	} {
		name := code
		code = "import http from 'plimsoll/http'\nimport { scenario } from 'plimsoll'\nexport const options = { failOn: ['exceptions'] }\nexport default () => { " + code + " }"
		t.Run(name, func(t *testing.T) { hostile(t, code, want) })
	}
}

// What the guards leave alone.
func TestGuardedBuiltInsAreTheSame(t *testing.T) {
	x, u := start(t, `
class Bytes extends Uint8Array { sum() { return this.reduce((a, b) => a + b, 0) } }
export default () => {
  const u = new Uint8Array([1, 2, 3]), long: any[] = []
  long.length = u.length
  const facts = [
    'ab'.repeat(2), 'a'.padStart(3, 'x'), 'a'.padEnd(2), [1, [2, [3]]].flat().length, [1, [2, [3]]].flat(Infinity).length,
    JSON.parse('{"a": [1]}').a[0], JSON.parse('2', (k, v) => v + 1), String.raw`+"`a\\n${1}`"+`,
    u instanceof Uint8Array, u.constructor === Uint8Array, Uint8Array.BYTES_PER_ELEMENT, Uint8Array.name, u.slice(1).length, u.subarray(1) instanceof Uint8Array,
    new Uint8Array(u.buffer, 1, 2)[0], Uint8Array.from([7])[0], new Bytes([1, 2]).sum(), new Bytes(2) instanceof Bytes, Object.prototype.toString.call(u),
    new ArrayBuffer(8).byteLength, ArrayBuffer.isView(u), Array(3).length, new Array(1, 2).length, Array.from('abc').length, Array.from({ length: 2 }, (_, i) => i)[1],
    Array.isArray(Array(1)), [] instanceof Array, [].constructor === Array, [1, , 2].join('-'), JSON.stringify([1, [undefined]]), Array(2).map((x) => x).constructor === Array, new Float64Array(new Set([1, 2])).length,
  ]
  console.log(facts.join(' '))
}`)
	x.passes(u)
	want := `abab xxa a  3 3 1 3 a\n1 true true 1 Uint8Array 2 true 2 7 3 true [object Uint8Array] 8 true 3 2 3 1 true true true 1--2 [1,[null]] true 2`
	if got := x.said(); got != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
}

// Where the machine's clocks are changed, each way to write a local time must ask for its guard.
func TestLocalTimesInScripts(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	before := time.Local
	time.Local = zone
	t.Cleanup(func() { time.Local = before })
	for code, want := range map[string]string{
		`new Date(2024, 2, 10, 2, 30)`:                                                                    "3:30",
		`new Date("2024-03-10T02:30")`:                                                                    "3:30",
		"new Date(`2024-03-10T02:30`)":                                                                    "3:30",
		`new globalThis.Date(2024, 2, 10, 2, 30)`:                                                         "3:30",
		`new Date(Date.parse('2024-03-10T02:30'))`:                                                        "3:30",
		`new (class Day extends Date {})(2024, 2, 10, 2, 30)`:                                             "3:30",
		`(() => { const D = Date; return new D(2024, 2, 10, 2, 30) })()`:                                  "3:30",
		`((D) => new D(2024, 2, 10, 2, 30))(Date)`:                                                        "3:30",
		`Reflect.construct(Date, [2024, 2, 10, 2, 30])`:                                                   "3:30",
		`(() => { const d = new Date(1710000000000); d.setDate(10); d.setHours(2, 30); return d })()`:     "3:30",
		`(() => { const d = new Date(1710000000000); d.setMonth(10, 3); d.setHours(1, 30); return d })()`: "1:30",
		`new Date(2024, 10, 3, 1, 30)`:                                                                    "1:30",
	} {
		x, u := start(t, "export default () => { const d: any = "+code+"; console.log(d.getHours() + ':' + d.getMinutes(), d.getTimezoneOffset()) }")
		x.passes(u)
		if got := x.said(); got != want+" 240" {
			t.Errorf("%s: got %s, want %s 240", code, got, want)
		}
	}
}
