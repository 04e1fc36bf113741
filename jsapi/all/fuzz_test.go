package all_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/jsapi/all"
	"github.com/plimsoll-load/plimsoll/jsapi/jsapitest"
	"github.com/plimsoll-load/plimsoll/runtime/engine"
)

// hostileValues are what no function expects; `base` is a server's address.
const hostileValues = `[
  undefined, null, true, 0, -1, NaN, Infinity, 2**31, 2**53, -(2**62), 1e300, 10n, 2n**70n, '', 'x', '\0', '\ud800', '__proto__', base,
  Symbol('s'), Symbol.iterator, {}, [], [[[]]], [undefined, , 1], () => 1, async () => 1, function* () { yield 1 }, class A {}, Object.create(null),
  new Date(NaN), /x/g, new Map([[1, 2]]), new Set([1]), new Error('e'), Promise.resolve(1), new WeakMap(), new ArrayBuffer(8), new Uint8Array(3),
  new DataView(new ArrayBuffer(4), 1), Object(1n), Object('text'), Object(Symbol('o')), new Proxy({}, {}), new Proxy(() => 1, {}), new Proxy([], {}),
  new Proxy({}, { get() { throw 'get' } }), new Proxy({}, { ownKeys() { throw 'keys' } }), new Proxy({}, { get: (t, k) => k }),
  { toString() { throw 'toString' } }, { toString: 1, valueOf: 1 }, { valueOf: () => ({}) }, { get a() { throw 'getter' } }, { length: 2**53 }, { length: -1 },
  { url: {}, name: Symbol('n') }, { url: base, method: {}, body: [], params: 'x' }, { buffer: new ArrayBuffer(2), byteOffset: 1e9, byteLength: 1e9 }, { buffer: 1 },
  { headers: { a: {} } }, { headers: 1, cookies: { a: {}, b: null }, tags: { name: {} } }, { timeout: {} }, { timeout: 1e300 }, { timeout: '-1s' },
  { redirects: 1e300 }, { responseType: {} }, { responseCallback: {} }, { auth: {} }, { auth: [1] }, { auth: { username: {}, password: {} } },
  { weight: {}, delay: {} }, { weight: NaN, delay: 1e300 }, { min: 1, max: {} }, { constructor: {} }, { constructor: { get name() { throw 'name' } } },
  { 'a::b': 1 }, { a: () => { throw 'check' } }, { a: new Proxy(() => {}, { apply() { throw 'apply' } }) }, { raw: { length: 3 } }, globalThis, JSON, Array.prototype,
  ((a) => (a.push(a), a))([]), ((o) => (o.o = o))({}), ((b) => (structuredClone, b))(new ArrayBuffer(0)), ['GET', base, {}, 1], [['GET'], [base]], { a: [['GET', {}]] },
]`

// callEntries calls each entry of each module, and each method of each class,
// with values chosen by bytes: three arguments and whether it is called, made
// or called on something else. What comes of it is used a little, too.
const callEntries = `((name, f, values, bytes) => {
  const pick = (i) => values[(bytes[i] ?? 0) % values.length]
  const args = [pick(0), pick(1), pick(2), pick(3)].slice(0, 1 + (bytes[4] ?? 3) % 4)
  const use = (v) => {
    try { '' + v } catch {}
    try { console.log(v) } catch {}
    try { JSON.stringify(v) } catch {}
    try { for (const k of Object.keys(v ?? 0)) { const p = v[k]; if (typeof p === 'function') p.call(v, pick(5)) } } catch {}
  }
  try {
    if (typeof f !== 'function') return use(f)
    const how = (bytes[6] ?? 0) % 3
    const v = how === 0 ? f(...args) : how === 1 ? new f(...args) : f.call(pick(5), ...args)
    use(v)
    if (v && typeof v.then === 'function') v.then(use, use)
  } catch (e) {
    use(e)
  }
})`

// FuzzEntries calls what scripts can call. Nothing may panic; whatever else
// comes of it is the script's.
func FuzzEntries(f *testing.F) {
	var names []string
	for _, m := range all.Modules() {
		for i, e := range m.Entries {
			names = append(names, m.Name+"."+e.Name)
			if len(m.Entries) > i {
				f.Add(uint16(len(names)-1), []byte{byte(i), byte(i + 20), byte(i + 40)})
			}
		}
	}
	base := answering(f, []byte("HTTP/1.1 200 OK\r\nSet-Cookie: __proto__=1\r\nconstructor: x\r\nContent-Length: 22\r\n\r\n{\"constructor\":{},\"a\":1}"))
	f.Fuzz(func(t *testing.T, entry uint16, bytes []byte) {
		h := hostile(t, base)
		stop := time.AfterFunc(5*time.Second, func() { h.VM().Interrupt("too long"); h.Engine.Interrupt() })
		defer stop.Stop()
		h.VM().SetMaxCallStackSize(500)
		call(t, h, names[int(entry)%len(names)], bytes)
	})
}

// TestEachEntryTakesAnything calls each entry with each hostile value once in
// each place.
func TestEachEntryTakesAnything(t *testing.T) {
	t.Parallel()
	base := answering(t, []byte("HTTP/1.1 200 OK\r\nSet-Cookie: __proto__=1\r\nconstructor: x\r\nContent-Length: 0\r\n\r\n"))
	for _, m := range all.Modules() {
		for _, e := range m.Entries {
			h := hostile(t, base)
			h.VM().SetMaxCallStackSize(500)
			for i := range 100 {
				for at := range 3 {
					bytes := []byte{19, 19, 19, 0, 2, byte(i), byte(i % 3)}
					bytes[at] = byte(i)
					call(t, h, m.Name+"."+e.Name, bytes)
				}
			}
		}
	}
}

// hostile is a user whose VM has hostile values; base is the address of a server.
func hostile(t *testing.T, base string) *jsapitest.Host {
	t.Helper()
	h := jsapitest.New(t, engine.Options{Timeout: 100 * time.Millisecond}, all.Modules()...)
	vm := h.VM()
	set(t, vm, "base", base)
	for name, source := range map[string]string{"values": hostileValues, "callEntry": callEntries} {
		v, err := vm.RunString(source)
		if err != nil {
			t.Fatal(err)
		}
		set(t, vm, name, v)
	}
	return h
}

// call calls one entry, given as module.name.
func call(t *testing.T, h *jsapitest.Host, name string, bytes []byte) {
	t.Helper()
	defer func() {
		if cause := recover(); cause != nil {
			t.Fatalf("%s with %v: %v", name, bytes, cause)
		}
	}()
	vm := h.VM()
	list := make([]any, len(bytes))
	for i, b := range bytes {
		list[i] = int(b)
	}
	run, _ := goja.AssertFunction(vm.Get("callEntry"))
	module, entry, _ := strings.Cut(name, ".")
	f := goja.Undefined()
	if v := h.Export(module, entry); v != nil {
		f = v
	}
	_, _ = run(goja.Undefined(), vm.ToValue(name), f, vm.Get("values"), vm.NewArray(list...)) // throws, if interrupted
	_ = h.Drain()
}

func set(t *testing.T, vm *goja.Runtime, name string, v any) {
	t.Helper()
	if err := vm.Set(name, v); err != nil {
		t.Fatal(err)
	}
}

// answering is a server that answers whatever comes with the same bytes, and closes.
func answering(tb testing.TB, answer []byte) (url string) {
	tb.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				in := make([]byte, 64<<10)
				if _, err := c.Read(in); err == nil {
					_, _ = c.Write(answer)
				}
			}()
		}
	}()
	return fmt.Sprintf("http://%s/x", l.Addr())
}

// FuzzAnswers makes JavaScript values of whatever a server sends: a body that
// opens so many arrays before it goes on, below headers that may be anything.
func FuzzAnswers(f *testing.F) {
	heads := []string{
		"Set-Cookie: __proto__=1\r\n", "__proto__: 1\r\n__proto__: 2\r\n", "Content-Type: application/json\r\n", "Set-Cookie: constructor=1; Max-Age=99999999999; Expires=x\r\n", "",
	}
	bodies := []string{
		`{"constructor":{}}`, `{"__proto__":{"x":1},"a":[1e999]}`, strings.Repeat(`{"a":`, 5000), "\xff\xfe\x00", `"\ud800"`, "null", "",
	}
	for i, head := range heads {
		for j, body := range bodies {
			f.Add([]byte(head), []byte(body), "a.b", uint32(1000*(i+j)%3000))
		}
	}
	f.Add([]byte{}, []byte("1"), "a", uint32(10<<20))
	for _, path := range []string{"#", "@this", "a.#(b==1)#.c", "..#", "@fromstr", "a|@flatten:{\"deep\":true}", "((((", "[{", "@keys.0", "*", "a\\.b"} {
		f.Add([]byte{}, []byte(`{"constructor":{}}`), path, uint32(0))
	}
	script, err := goja.Compile("answers", `
const used = (v) => { try { console.log(v); JSON.stringify(v); '' + v } catch {} }
for (const responseType of ['text', 'binary', 'none']) {
  let r
  try { r = http.get(base, { responseType, redirects: 1 }) } catch { continue }
  for (const k of Object.keys(r)) { try { used(r[k]) } catch {} }
  try { used(r.json()) } catch {}
  try { used(r.json(path)) } catch {}
  try { used(JSON.parse(r.body)) } catch {}
  try { used(structuredClone(r.json())) } catch {}
  used(r); used({ ...r })
}`, true)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, head, body []byte, path string, nest uint32) {
		body = append([]byte(strings.Repeat("[", int(nest%(12<<20)))), body...)
		answer := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s", head, len(body), body)
		h := jsapitest.New(t, engine.Options{Timeout: 100 * time.Millisecond}, all.Modules()...)
		h.VM().SetMaxCallStackSize(500)
		h.Export("plimsoll:guards", "JSON")
		set(t, h.VM(), "base", answering(t, answer))
		set(t, h.VM(), "path", path)
		stop := time.AfterFunc(5*time.Second, func() { h.VM().Interrupt("too long"); h.Engine.Interrupt() })
		defer stop.Stop()
		if _, err := h.VM().RunProgram(script); err != nil && !strings.Contains(err.Error(), "too long") {
			t.Error(err)
		}
		if err := h.Drain(); err != nil {
			t.Error(err)
		}
	})
}
