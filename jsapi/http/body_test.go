package http_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
)

func TestWhatIsSentForAValue(t *testing.T) {
	t.Parallel()
	h := newHost(t, engine.Options{})
	h.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%s|%s|%q", r.Header.Get("X"), r.Header.Get("Cookie"), body)
	})
	post := func(body string) string { return "http.post(base, " + body + ").body" }
	for script, want := range map[string]string{
		post(`{ n: 1, b: true, s: 'x y', big: 10n, none: null, gone: undefined }`): `||"b=true&big=10&gone=&n=1&none=&s=x+y"`,
		post(`{ a: [1, 'b', true], e: [] }`):                                       `||"a=1&a=b&a=true"`,
		post(`{ a: new String('x'), b: new Number(2), c: new Boolean(false) }`):    `||"a=x&b=2&c=false"`,
		post(`new (class { constructor() { this.a = 1 } })()`):                     `||"a=1"`,
		post(`{}`):                 `||""`,
		post(`5`):                  `||"5"`,
		post(`new String('text')`): `||"text"`,
		post(`new ArrayBuffer(2)`): `||"\x00\x00"`,
		post(`new Uint8Array(0)`):  `||""`,
		post(`new Uint16Array([1, 0x4241]).subarray(1)`):                                 `||"AB"`,
		post(`new DataView(new Uint8Array([65, 66, 67]).buffer, 1, 1)`):                  `||"B"`,
		post(`new Float32Array(new ArrayBuffer(12), 4, 1)`):                              `||"\x00\x00\x00\x00"`,
		post(`new Proxy({ a: 1 }, {})`):                                                  `||"a=1"`,
		`http.get(base, { headers: { x: 7 } }).body`:                                     `7||""`,
		`http.get(base, { headers: { x: true } }).body`:                                  `true||""`,
		`http.get(base, { headers: { x: null } }).body`:                                  `||""`,
		`http.get(base, { cookies: { a: 1, b: { value: true }, c: null } }).body`:        `|a=1; b=true|""`,
		`http.get(base, { redirects: '3', timeout: '2000', tags: { name: 7 } }).body`:    `||""`,
		`http.get(new String(base)).body`:                                                `||""`,
		`http.get(base + '/[1]?a=%5B1%5D').body`:                                         `||""`,
		`http.post(base, 'text of [object Object]').body`:                                `||"text of [object Object]"`,
		`http.post(base, { a: 1 }).request.body`:                                         `a=1`,
		`http.post(base, new Uint8Array([104, 105])).request.body`:                       `hi`,
		`JSON.stringify(http.get(base, { headers: { x: 7, y: null } }).request.headers)`: `{"X":["7"]}`,
	} {
		if got := h.Run(t, script); got != want {
			t.Errorf("%s\n got %v\nwant %v", script, got, want)
		}
	}
}

func TestWhatIsNoValueIsExplained(t *testing.T) {
	t.Parallel()
	h := newHost(t, engine.Options{})
	h.Serve(t, echo)
	const scalar, body, field = "give text, a number or a boolean", "give text, an ArrayBuffer, a typed array or an object of form fields", "give text, a number, a boolean or an array of these"
	for script, want := range map[string]string{
		`http.post(base, { address: { city: 'x' } })`:              "http.post: body.address: is an object; " + field + ", or JSON.stringify it",
		`http.put(base, { m: new Map() })`:                         "http.put: body.m: is a Map; " + scalar + ", or Object.fromEntries(it)",
		`http.post(base, { s: new Set() })`:                        "http.post: body.s: is a Set; " + scalar + ", or [...it]",
		`http.post(base, { at: new Date() })`:                      "http.post: body.at: is a Date; " + scalar + ", or its toISOString()",
		`http.post(base, { f: () => 1 })`:                          "http.post: body.f: is a function; " + scalar + ", or what it returns: call it",
		`http.post(base, { p: Promise.resolve() })`:                "http.post: body.p: is a promise; " + scalar + ", or await it",
		`http.post(base, { n: NaN })`:                              "http.post: body.n: is NaN; " + scalar,
		`http.post(base, { n: 1 / 0 })`:                            "http.post: body.n: is Infinity; " + scalar,
		`http.post(base, { 'a b': [[1]] })`:                        `http.post: body["a b"][0]: is an array; ` + scalar + ", or JSON.stringify it",
		`http.post(base, [1, 2])`:                                  "http.post: body: is an array; " + body + ", or JSON.stringify it",
		`http.post(base, new Map())`:                               "http.post: body: is a Map; " + body + ", or Object.fromEntries(it)",
		`http.post(base, new Date())`:                              "http.post: body: is a Date; " + body,
		`http.post(base, /x/)`:                                     "http.post: body: is a RegExp; " + body,
		`http.post(base, { buffer: new ArrayBuffer(2) })`:          "http.post: body.buffer: is an ArrayBuffer",
		`http.post(base, new (class { #x = 1 })())`:                "this one has no properties of its own",
		`http.post(base, { get a() { throw new Error('mine') } })`: "http.post: body.a: reading it threw Error: mine",
		`http.patch(base, Symbol('x'))`:                            "http.patch: body: is a symbol",
		`http.get(base, 'headers')`:                                `http.get: params: is "headers"; give an object`,
		`http.get(base, { headers: [['a', 'b']] })`:                "http.get: params.headers: is an array; give an object",
		`http.get(base, { headers: { A: ['b', 'c'] } })`:           "http.get: params.headers.A: is an array; " + scalar,
		`http.get(5)`:            "http.get: url: is 5; give text such as",
		`http.get(new Date())`:   "http.get: url: is a Date",
		`http.request({}, base)`: "http.request: method: is an object; give text such as 'GET'",
		`http.batch([base, 5])`:  "http.batch: requests[1]: is 5; give a URL",
		`http.batch({ a: ['GET', base, null, { headers: 1 }] })`:         "http.batch: requests.a.params.headers: is 1; give an object",
		"http.get(`${base}/x?q=${{}}`)":                                  `[object Object]": an object was made text of; give a property of it, or JSON.stringify it`,
		`http.get(base + '?q=' + encodeURIComponent({}))`:                "http.get: url: is \"http://127.0.0.1:",
		`http.get(base, { headers: { Authorization: 'Bearer ' + {} } })`: `http.get: params.headers.Authorization: is "Bearer [object Object]": an object was made text of`,
		`http.get(base, { cookies: { a: String(Promise.resolve()) } })`:  `http.get: params.cookies.a: is "[object Promise]": an object`,
		`http.get(base).json({})`:                                        "json: path must be text such as 'data.0.id', not an object",
	} {
		_, err := h.VM().RunString(script)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n got %v\nwant %s", script, err, want)
		}
	}
	if got := h.Run(t, `try { http.get(base, { headers: { get a() { throw 'own' } } }) } catch (e) { e.cause }`); got != "own" {
		t.Errorf("the cause is %v, want what the getter threw", got)
	}
}

func TestJSONAfterAByteOrderMark(t *testing.T) {
	t.Parallel()
	h := newHost(t, engine.Options{})
	h.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, map[string]string{"/bom": "\ufeff{\"a\":[1]}", "/two": "\ufeff\ufeff1", "/only": "\ufeff", "/inside": "{\"a\":\"\ufeff\"}", "/text": "\ufeffno"}[r.URL.Path])
	})
	for script, want := range map[string]any{
		`http.get(base + '/bom').json().a[0]`:                                   int64(1),
		`http.get(base + '/bom').json('a.0')`:                                   int64(1),
		`http.get(base + '/bom', { responseType: 'binary' }).json().a[0]`:       int64(1),
		`http.get(base + '/bom').body.charCodeAt(0)`:                            int64(0xfeff),
		`r = http.get(base + '/bom'); r.body; r.json().a[0]`:                    int64(1),
		`try { JSON.parse(http.get(base + '/bom').body) } catch (e) { e.name }`: "SyntaxError",
		`http.get(base + '/inside').json().a`:                                   "\ufeff",
		`try { http.get(base + '/two').json() } catch (e) { e.name }`:           "TypeError",
		`try { http.get(base + '/only').json() } catch (e) { e.name }`:          "TypeError",
		`try { http.get(base + '/text').json() } catch (e) { e.name }`:          "TypeError",
	} {
		if got := h.Run(t, script); got != want {
			t.Errorf("%s\n got %#v\nwant %#v", script, got, want)
		}
	}
}
