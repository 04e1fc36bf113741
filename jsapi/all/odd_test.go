package all_test

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/jsapi"
	"github.com/plimsoll-load/plimsoll/jsapi/all"
	"github.com/plimsoll-load/plimsoll/jsapi/jsapitest"
	"github.com/plimsoll-load/plimsoll/runtime/engine"
)

// odd are arguments that are nearly right, by name; each is made anew.
const odd = `({
  nested: () => ({ address: { city: 'x' } }), map: () => new Map([['a', 1]]), set: () => new Set(['a']), date: () => new Date(0), badDate: () => new Date(NaN),
  getter: () => ({ get a() { return { b: 1 } } }), throwing: () => ({ get a() { throw new Error('mine') }, get url() { throw new Error('mine') } }),
  proxy: () => new Proxy({}, {}), hostileProxy: () => new Proxy({}, { get() { throw 'mine' }, ownKeys() { throw 'mine' } }), arrayProxy: () => new Proxy([{}], {}),
  symbol: () => Symbol('s'), bigint: () => 10n, fn: () => () => 'x', asyncFn: () => async () => 1, klass: () => class A {},
  fakeView: () => ({ buffer: new ArrayBuffer(4) }), instance: () => new (class Form { #a = 1; get a() { return 1 } })(), fields: () => new (class { a = { b: 1 } })(),
  arrayInForm: () => ({ a: [1, [2]] }), array: () => ['a', { b: 1 }], view: () => new Uint16Array([0x4142, 0x4344]).subarray(1), dataView: () => new DataView(new ArrayBuffer(4), 2),
  buffer: () => new ArrayBuffer(2), nan: () => NaN, infinity: () => Infinity, cyclic: () => { const o = {}; o.self = o; return o }, cyclicArray: () => { const a = []; a.push(a); return a },
  promise: () => Promise.resolve(1), error: () => new Error('e'), regexp: () => /x/, boxed: () => new String('x'), boxedNumber: () => new Number(1), bare: () => Object.create(null),
  integer: () => 204, weak: () => new WeakMap(), nothing: () => undefined, nul: () => null, yes: () => true, text: () => 'x', number: () => 1.5, toString: () => ({ toString() { throw 'mine' } }),
})`

// callOdd calls f with the odd value of a name as the argument at a place, and
// says what it throws, with what calls before it would need.
const callOdd = `((f, odd, name, at, base, leading) => {
  const args = leading.slice(0, at)
  args[at] = odd[name]()
  if (at < leading.length) args.push(...leading.slice(at + 1))
  const told = (e) => { throw e instanceof Error ? e : new Error('NOT AN ERROR: ' + typeof e) }
  try {
    const v = f(...args)
    return v && typeof v.then === 'function' && v instanceof Promise ? v.then(() => '', (e) => String(e)) : ''
  } catch (e) {
    return String(e)
  }
})`

// leading are arguments that are right, by function: those that are not odd.
const leading = `((base) => ({
  scenario: ['s' + Math.random(), { weight: 1 }, () => 1], beforeAll: [], check: [1, { a: true }], group: ['g', () => 1],
  'http.get': [base, {}], 'http.head': [base, {}], 'http.post': [base, 'b', {}], 'http.put': [base, 'b', {}], 'http.patch': [base, 'b', {}], 'http.del': [base, 'b', {}],
  'http.options': [base, 'b', {}], 'http.request': ['POST', base, 'b', {}], 'http.asyncRequest': ['POST', base, 'b', {}], 'http.url': [['a', 'b'], 'v'],
  setTimeout: [() => 1, 0], setInterval: [() => 1, 0], open: ['f'],
}))`

var parameter = regexp.MustCompile(`(?:^|, |\()(?:\.\.\.)?(\w+)\??:`)

// parameters are the names in a function's signature, in their order.
func parameters(sig string) []string {
	first, _, _ := strings.Cut(sig[strings.IndexByte(sig, '('):], "): ")
	depth, flat := 0, strings.Builder{}
	for _, r := range first {
		switch r {
		case '{', '[', '<':
			depth++
		case '}', ']', '>':
			depth--
		case '(':
			if flat.Len() > 0 {
				depth++
			}
		case ')':
			depth--
		}
		if depth <= 0 {
			flat.WriteRune(r)
		}
	}
	var names []string
	for _, found := range parameter.FindAllStringSubmatch(flat.String(), -1) {
		names = append(names, found[1])
	}
	return names
}

// recorded is a server that keeps what it is sent.
type recorded struct {
	mu   sync.Mutex
	text strings.Builder
}

func (r *recorded) ServeHTTP(_ http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(req.Body, 1<<20))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.text.WriteString(req.Method + " " + req.URL.String() + " " + string(body) + "\n")
	for name, values := range req.Header {
		r.text.WriteString(name + ": " + strings.Join(values, ",") + "\n")
	}
}

// TestOddArguments gives each function each odd value as each of its
// arguments: it is taken, or the error names the function and the argument.
func TestOddArguments(t *testing.T) {
	t.Parallel()
	server := &recorded{}
	h := jsapitest.New(t, engine.Options{Timeout: time.Second}, all.Modules()...)
	h.Content = map[string]string{"f": "text"}
	base := h.Serve(t, server.ServeHTTP).URL
	vm := h.VM()
	eval := func(source string) goja.Value {
		t.Helper()
		v, err := vm.RunString(source)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	values, run, lead := eval(odd).(*goja.Object), eval(callOdd), eval(leading)
	call, _ := goja.AssertFunction(run)
	right, _ := goja.AssertFunction(lead)
	client := h.Engine
	calls, thrown := 0, 0
	for _, m := range all.Modules() {
		for _, e := range m.Entries {
			if m.Internal || !strings.Contains(e.Sig, "(") || e.Kind != jsapi.KindFunction || e.Name == "console" {
				continue
			}
			label := e.Name
			if _, last, sub := strings.Cut(m.Name, "/"); sub { // as a script calls it: http.get
				label = last + "." + e.Name
			}
			for at, name := range parameters(e.Sig) {
				for _, value := range values.Keys() {
					leads, err := right(goja.Undefined(), vm.ToValue(base))
					if err != nil {
						t.Fatal(err)
					}
					args := leads.(*goja.Object).Get(strings.TrimPrefix(label, "timers."))
					if args == nil {
						args = vm.NewArray()
					}
					h.Engine = client
					if label == "open" {
						h.Engine = nil // the script is being loaded
					}
					got := tried(t, h, label+" "+value, func() (goja.Value, error) {
						return call(goja.Undefined(), h.Export(m.Name, e.Name), values, vm.ToValue(value), vm.ToValue(at), vm.ToValue(base), args)
					})
					calls++
					if got == "" {
						continue
					}
					thrown++
					if own(label, got) {
						continue
					}
					if !strings.Contains(got, "Error: "+label+": ") || !strings.Contains(got, name) || strings.Contains(got, "[object") {
						t.Errorf("%s with %s as %s: %s: want an error that names both", label, value, name, got)
					}
				}
			}
		}
	}
	server.mu.Lock()
	defer server.mu.Unlock()
	if i := strings.Index(server.text.String(), "[object"); i >= 0 {
		t.Errorf("the server was sent %s", server.text.String()[max(0, i-200):min(server.text.Len(), i+200)])
	}
	t.Logf("%d calls, %d threw, %d bytes sent", calls, thrown, server.text.Len())
	if calls < 1000 || thrown == 0 || thrown == calls {
		t.Errorf("%d calls, of which %d threw: the table is not what it should be", calls, thrown)
	}
}

// own says whether an error is the script's own: what fail is asked to throw,
// what a function that was given throws, or the getters of what is cloned.
func own(label, text string) bool {
	switch label {
	case "fail":
		return !strings.Contains(text, "Error: fail: message: ")
	case "structuredClone", "check":
		return strings.HasSuffix(text, "mine")
	case "group":
		return strings.Contains(text, "Class constructor")
	}
	return false
}

// places are where values stand within arguments, by function and path.
const places = `({
  'http.post body.address': (v) => http.post(base, { address: v }),
  'http.post body.tags[1]': (v) => http.post(base, { tags: ['a', v] }),
  'http.get params.headers.a': (v) => http.get(base, { headers: { a: v } }),
  'http.get params.headers': (v) => http.get(base, { headers: v }),
  'http.get params.tags.name': (v) => http.get(base, { tags: { name: v } }),
  'http.get params.tags': (v) => http.get(base, { tags: v }),
  'http.get params.cookies.a': (v) => http.get(base, { cookies: { a: v } }),
  'http.get params.cookies.b': (v) => http.get(base, { cookies: { b: { value: v } } }),
  'http.get params.cookies': (v) => http.get(base, { cookies: v }),
  'http.get params.timeout': (v) => http.get(base, { timeout: v }),
  'http.get params.redirects': (v) => http.get(base, { redirects: v }),
  'http.get params.responseType': (v) => http.get(base, { responseType: v }),
  'http.get params.responseCallback': (v) => http.get(base, { responseCallback: v }),
  'http.get params.auth': (v) => http.get(base, { auth: v }),
  'http.get params.auth.username': (v) => http.get(base, { auth: { username: v ?? 'u', password: 'p' } }),
  'http.get params.auth.password': (v) => http.get(base, { auth: ['u', v ?? 'p'] }),
  'http.batch requests[0]': (v) => http.batch([v]),
  'http.batch requests.a.method': (v) => http.batch({ a: [v, base] }),
  'http.batch requests[0].body.n': (v) => http.batch([{ method: 'POST', url: base, body: { n: v } }]),
  'http.batch requests[1].params.headers["x y"]': (v) => http.batch([base, ['GET', base, null, { headers: { 'x y': v } }]]),
  'http.url values[1]': (v) => http.url` + "`${base}/${v}`" + `,
  'http.expectedStatuses statuses[1]': (v) => http.expectedStatuses(200, v),
  'http.expectedStatuses statuses[0]': (v) => http.expectedStatuses({ min: v, max: 300 }),
  'check checks["it is"]': (v) => check(1, { 'it is': typeof v === 'function' ? true : v }),
  'check tags.a': (v) => check(1, { a: true }, { a: v }),
  'scenario options.weight': (v) => scenario('s', { weight: v }, () => 1),
  'scenario options.delay': (v) => scenario('s', { delay: v }, () => 1),
  'http.get what beforeVU returned.headers.a': (v) => { defaults({ headers: { a: v } }); try { http.get(base) } finally { defaults(null) } },
})`

// TestOddPartsOfArguments is TestOddArguments for what is within arguments:
// the error has the whole path.
func TestOddPartsOfArguments(t *testing.T) {
	t.Parallel()
	server := &recorded{}
	h := jsapitest.New(t, engine.Options{Timeout: time.Second}, all.Modules()...)
	h.Serve(t, server.ServeHTTP)
	vm := h.VM()
	set(t, vm, "defaults", func(call goja.FunctionCall) goja.Value {
		h.Params, _ = call.Argument(0).(*goja.Object)
		return goja.Undefined()
	})
	v, err := vm.RunString("[" + places + ", " + odd + ", (f, v) => { try { f(v()); return '' } catch (e) { return String(e) } }]")
	if err != nil {
		t.Fatal(err)
	}
	list := v.(*goja.Object)
	where, values := list.Get("0").(*goja.Object), list.Get("1").(*goja.Object)
	run, _ := goja.AssertFunction(list.Get("2"))
	for _, place := range where.Keys() {
		function, path, _ := strings.Cut(place, " ")
		thrown := 0
		for _, value := range values.Keys() {
			got := tried(t, h, place+" "+value, func() (goja.Value, error) { return run(goja.Undefined(), where.Get(place), values.Get(value)) })
			if got == "" {
				continue
			}
			thrown++
			if !strings.HasPrefix(got, "TypeError: "+function+": "+path) || strings.Contains(got, "[object") {
				t.Errorf("%s = %s: %s", place, value, got)
			}
		}
		if thrown == 0 || thrown == len(values.Keys()) {
			t.Errorf("%s: of %d values %d threw", place, len(values.Keys()), thrown)
		}
	}
	if text := server.text.String(); strings.Contains(text, "[object") || strings.Contains(text, "NaN") {
		t.Errorf("the server was sent\n%s", text)
	}
}

// tried is what a call came to as text; it must neither panic nor end in another way than by an exception.
func tried(t *testing.T, h *jsapitest.Host, what string, f func() (goja.Value, error)) string {
	t.Helper()
	defer func() {
		if cause := recover(); cause != nil {
			t.Fatalf("%s: %v", what, cause)
		}
	}()
	v, err := f()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if p, ok := jsapi.Held[*goja.Promise](v); ok {
		_ = h.Drain()
		v = p.Result()
	}
	if v == nil {
		return ""
	}
	return v.String()
}
