package vu_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/vu"
)

// server answers with 200, or with the status in the path, and remembers what was asked.
func server(t *testing.T) (url string, asked func() []string) {
	t.Helper()
	var mu sync.Mutex
	var log []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		log = append(log, r.Method+" "+r.URL.Path+" "+r.Header.Get("X-User"))
		mu.Unlock()
		if r.URL.Path == "/missing" {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = io.WriteString(w, `{"ok":true}`)
	}))
	t.Cleanup(s.Close)
	return s.URL, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return log
	}
}

func at(url string) func(*vu.Config) {
	return func(c *vu.Config) { c.Env = map[string]string{"URL": url} }
}

func TestHooksRunInOrderWithLiveRequests(t *testing.T) {
	url, asked := server(t)
	x, u := start(t, `
import { scenario, beforeAll, afterAll, beforeVU, afterVU } from 'plimsoll'
import http from 'plimsoll/http'
beforeAll(async () => { http.get(__ENV.URL + '/beforeAll'); await null; return { user: 'ann', at: new Date(0) } })
beforeVU(({ vu, data }) => { http.get(__ENV.URL + '/beforeVU'); return { headers: { 'X-User': data.user + vu } } })
scenario('s', ({ data, iteration }) => { http.get(__ENV.URL + '/' + iteration + typeof data.at) })
afterVU(({ vu }) => { http.get(__ENV.URL + '/afterVU' + vu) })
afterAll(({ data }) => { http.get(__ENV.URL + '/afterAll/' + data.user) })`, func(c *vu.Config) { at("")(c) }, at(url))
	x.passes(u)
	x.passes(u)
	u.Close()
	if err := x.factory.AfterAll(t.Context()); err != nil {
		t.Error(err)
	}
	want := "GET /beforeAll |GET /beforeVU |GET /0string ann1|GET /1string ann1|GET /afterVU1 ann1|GET /afterAll/ann "
	if got := strings.Join(asked(), "|"); got != want {
		t.Errorf("asked for\n%s, want\n%s", got, want)
	}
	w := x.counts.Collect(time.Now(), 0)
	if ok, failed := w.Requests(); ok != 6 || failed != 0 {
		t.Errorf("%d requests ok and %d failed were counted, want 6 and 0", ok, failed)
	}
	if w.Scenarios[0].Requests != 2 {
		t.Errorf("iterations have %d requests, want 2", w.Scenarios[0].Requests)
	}
}

func TestK6ScriptRunsUnchanged(t *testing.T) {
	url, asked := server(t)
	x, u := start(t, `
import http from 'k6/http'
import { check, group, sleep } from 'k6'
export const options = { vus: 3, duration: '1s' }
export function setup() { return { path: '/set' } }
export default function (data) {
  group('outer', () => group('inner', () => {
    const res = http.get(__ENV.URL + data.path + __VU + __ITER)
    check(res, { 'is 200': (r) => r.status === 200, 'is json': (r) => r.json().ok })
  }))
  sleep(0.001)
}
export function teardown(data) { http.del(__ENV.URL + data.path) }`, at(url))
	x.passes(u)
	x.passes(u)
	u.Close()
	if err := x.factory.AfterAll(t.Context()); err != nil {
		t.Error(err)
	}
	if got, want := strings.Join(asked(), "|"), "GET /set10 |GET /set11 |DELETE /set "; got != want {
		t.Errorf("asked for %s, want %s", got, want)
	}
	if got, want := string(x.factory.Options()), `{"duration":"1s","vus":3}`; got != want {
		t.Errorf("options are %s, want %s", got, want)
	}
	known, _ := x.names.Since(metric.Lengths{})
	if len(known.Checks) != 2 || known.Checks[0].Name != "outer::inner::is 200" {
		t.Errorf("checks: %+v, want outer::inner::is 200 first", known.Checks)
	}
}

func TestBeforeAllThatFailsHasExitCode3AndPosition(t *testing.T) {
	for code, want := range map[string]string{
		"import { beforeAll } from 'plimsoll'\nbeforeAll(() => { throw new Error('no') })\nexport default () => {}":             "test.ts:2:25: beforeAll: Error: no",
		"import { beforeAll } from 'plimsoll'\nbeforeAll(async () => { await null; nope() })\nexport default () => {}":          "test.ts:2:37: beforeAll: ReferenceError: nope is not defined",
		"import { beforeAll } from 'plimsoll'\nbeforeAll(() => () => {})\nexport default () => {}":                              "beforeAll: what it returned cannot be given to the virtual users: a function",
		"export const options = { setupTimeout: '20ms' }\nexport function setup() { while (true) {} }\nexport default () => {}": "beforeAll: beforeAll took too long: more than 20ms",
	} {
		x, err := load(t, code)
		if err != nil {
			t.Fatal(err)
		}
		err = x.factory.BeforeAll(t.Context())
		var coded interface{ ExitCode() int }
		if err == nil || !strings.Contains(err.Error(), want) || !errors.As(err, &coded) || coded.ExitCode() != 3 {
			t.Errorf("got %v, want exit code 3 and %q", err, want)
		}
	}
}

func TestBeforeVUThatFailsDoesNotBlameTheScriptsLoading(t *testing.T) {
	for code, want := range map[string]string{
		`3`:                       "3",
		`'x'.repeat(1e6)`:         "xxx",
		`new Map()`:               "a thing of class Map",
		`[{ headers: {} }]`:       "a thing of class Array",
		`new Date(0)`:             "a thing of class Date",
		`(() => ({}))`:            "a thing of class Function",
		`Symbol('s')`:             "s",
		`10n`:                     "10",
		`new Set()`:               "a thing of class Set",
		`Promise.resolve(/x/)`:    "a thing of class RegExp",
		`Promise.resolve('text')`: "text",
	} {
		x, err := load(t, "import { beforeVU } from 'plimsoll'\nbeforeVU(() => "+code+")\nexport default () => {}")
		if err != nil {
			t.Fatal(err)
		}
		_, err = x.factory.New(t.Context(), 7)
		var coded interface{ ExitCode() int }
		if err == nil || !strings.Contains(err.Error(), "virtual user 7: test.ts: beforeVU: it returned "+want) || errors.As(err, &coded) || len(err.Error()) > 1000 {
			t.Errorf("%s: got %v, want a plain error that names user 7 and %s", code, err, want)
		}
	}
}

func TestWhatJSONDropsIsNotHandedOver(t *testing.T) {
	for code, want := range map[string]string{
		`new Map([[1, 2]])`:                         "it is a Map, which JSON cannot hold: give Object.fromEntries(it)",
		`({ users: new Set() })`:                    "users is a Set, which JSON cannot hold: give [...it]",
		`[{ a: { b: [0, new Map()] } }]`:            "[0].a.b[1] is a Map",
		`({ token: (async () => 1)() })`:            "token is a Promise, which JSON cannot hold: await it",
		`({ get a() { throw new Error('mine') } })`: "Error: mine",
		`() => 1`: "a function cannot be written as JSON",
	} {
		x, err := load(t, "import { beforeAll } from 'plimsoll'\nbeforeAll(() => ("+code+"))\nexport default () => {}")
		if err != nil {
			t.Fatal(err)
		}
		if err := x.factory.BeforeAll(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", code, err, want)
		}
	}
	x, u := start(t, `
import { beforeAll } from 'plimsoll'
beforeAll(() => ({ at: new Date(0), f() {}, n: NaN, u: undefined, toJSON: undefined, own: { toJSON: () => 'made', m: new Map() } }))
export default (data: any) => { console.log(JSON.stringify(data)) }`)
	x.passes(u)
	if got, want := x.said(), `{"at":"1970-01-01T00:00:00.000Z","n":null,"own":"made"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestFailedRequestFailsTheIteration(t *testing.T) {
	url, _ := server(t)
	const code = `
import http from 'k6/http'
export default () => { http.get(__ENV.URL + '/missing') }`
	x, u := start(t, code, at(url))
	if got := x.failure(u); got.Kind != "status" || got.Code != 404 {
		t.Errorf("got %+v, want status 404", got)
	}
	x, u = start(t, code, at(url), func(c *vu.Config) { c.FailOn = []string{"checks"} })
	x.passes(u)
}

func TestFailOnChoosesWhatCounts(t *testing.T) {
	x, u := start(t, `
import { scenario, check } from 'plimsoll'
export const options = { failOn: ['checks'] }
scenario('throws', ({ iteration }) => { if (iteration === 1) check(0, { a: false }); throw new Error('x') })`)
	x.passes(u)
	if got := x.failure(u); got.Kind != "check" || got.Message != "a" {
		t.Errorf("got %+v, want check a", got)
	}
}

func TestEventLoopKeepsTheIterationOpen(t *testing.T) {
	x, u := start(t, `
import { scenario } from 'plimsoll'
scenario('s', ({ iteration }) => {
  const order: string[] = []
  const say = (what: string) => { order.push(what); if (what === 'last') console.log(order.join(' ')) }
  setTimeout(say, 2, 'second')
  const never = setTimeout(say, 1, 'never')
  clearTimeout(never)
  queueMicrotask(() => say('first'))
  let n = 0
  const every = setInterval(() => { if (++n === 3) { clearInterval(every); setTimeout(say, 20, 'last') } }, 1)
  if (iteration > 0) new Promise(() => {})
})`)
	x.passes(u)
	x.passes(u)
	if got := x.said(); got != "first second last\nfirst second last" {
		t.Errorf("got %q", got)
	}
}

func TestPromiseThatNeverSettlesEndsTheIteration(t *testing.T) {
	x, u := start(t, `export default async () => { await new Promise(() => {}) }`)
	x.passes(u)
	x.passes(u)
}

func TestAwaitTakesResultsFromOtherGoroutines(t *testing.T) {
	// An asynchronous request, as a module would make it.
	x, err := load(t, `export default async () => { await null }`)
	if err != nil {
		t.Fatal(err)
	}
	u, err := x.factory.New(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan struct{}, 1)
	resolve := u.Await()
	go resolve(func() { ran <- struct{}{} })
	x.passes(u)
	select {
	case <-ran:
	default:
		t.Error("the iteration ended before what it awaited")
	}
}

func TestInterruptEndsRequestThatNobodyAnswers(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	url, asked := server(t)
	x, err := load(t, `
import { afterVU } from 'plimsoll'
import http from 'k6/http'
export default () => { http.get(__ENV.SILENT); http.get(__ENV.URL + '/not-any-more') }
afterVU(() => { http.get(__ENV.URL + '/goodbye') })`, func(c *vu.Config) {
		c.Env = map[string]string{"SILENT": "http://" + silent.Addr().String(), "URL": url}
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), 30*time.Millisecond, errors.New("grace is over"))
	defer cancel()
	u, err := x.factory.New(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	if got := x.failure(u); got.Kind != "interrupted" {
		t.Errorf("got %+v, want kind interrupted", got)
	}
	u.Close()
	if got := strings.Join(asked(), "|"); got != "GET /goodbye " {
		t.Errorf("asked for %q, want only afterVU's request", got)
	}
}

func TestInterruptEndsWaiting(t *testing.T) {
	for name, code := range map[string]string{
		"sleep":   `import { sleep } from 'k6'; export default () => { sleep(60) }`,
		"timer":   `export default async () => { await new Promise((r) => setTimeout(r, 60000)) }`,
		"afterVU": `import { afterVU, sleep } from 'plimsoll'; export default () => { sleep(60) }; afterVU(() => { console.log('bye') })`,
	} {
		t.Run(name, func(t *testing.T) {
			x, err := load(t, code)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			u, err := x.factory.New(ctx, 1)
			if err != nil {
				t.Fatal(err)
			}
			time.AfterFunc(10*time.Millisecond, func() { cancel(errors.New("grace is over")) })
			if got := x.failure(u); got.Kind != "interrupted" {
				t.Errorf("got %+v, want kind interrupted", got)
			}
			u.Close()
			if name == "afterVU" && x.said() != "bye" {
				t.Errorf("afterVU did not run: %q", x.said())
			}
		})
	}
}

func TestOpenLoadIsTimedFromWhenItWasDue(t *testing.T) {
	x, u := start(t, `export default () => {}`)
	u.Iterate(t.Context(), "", time.Now().Add(-time.Second))
	u.Flush()
	w := x.counts.Collect(time.Now(), 1)
	if d := w.Scenarios[0].Duration.Max(); d < 990*time.Millisecond {
		t.Errorf("the iteration took %v, want a second", d)
	}
}

func TestWeightsAreFollowedAndSeeded(t *testing.T) {
	run := func() []uint64 {
		x, u := start(t, `
import { scenario } from 'plimsoll'
scenario('never', { weight: 0 }, () => {})
scenario('one', { weight: 1 }, () => {})
scenario('three', { weight: 3 }, () => {})`)
		for range 4000 {
			x.passes(u)
		}
		u.Flush()
		w := x.counts.Collect(time.Now(), 1)
		return []uint64{w.Scenarios[0].Started, w.Scenarios[1].Started, w.Scenarios[2].Started}
	}
	first, second := run(), run()
	if first[0] != 0 || first[1] < 998 || first[1] > 1002 {
		t.Errorf("drawn %v, want 0, 1000, 3000, within two", first)
	}
	if first[1] != second[1] {
		t.Errorf("the same seed drew %v and %v", first, second)
	}
}

func TestDataIsEachUsersOwn(t *testing.T) {
	x, first := start(t, `
import { beforeAll, scenario } from 'plimsoll'
beforeAll(() => ({ list: [1] }))
scenario('s', ({ vu, data }) => { data.list.push(vu); console.log(JSON.stringify(data)) })`)
	second, err := x.factory.New(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	x.passes(first)
	x.passes(second)
	if got := x.said(); got != "{\"list\":[1,1]}\n{\"list\":[1,2]}" {
		t.Errorf("got %s", got)
	}
}

func TestUsersRunInParallel(t *testing.T) {
	url, asked := server(t)
	x, err := load(t, `
import { scenario, check } from 'plimsoll'
import http from 'plimsoll/http'
const text = open('test.ts')
scenario('s', async ({ vu }) => {
  const res = http.get(__ENV.URL + '/' + text.length)
  check(res, { 'is 200': (r) => r.status === 200 && /^\p{L}+$/u.test('a') })
  await new Promise((r) => setTimeout(r, 1))
  check(structuredClone(vu), { 'is the first': (n) => n === 1 })
})`, at(url))
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for id := range 8 {
		all.Go(func() {
			u, err := x.factory.New(t.Context(), id+1)
			if err != nil {
				t.Error(err)
				return
			}
			for range 5 {
				if r := u.Iterate(t.Context(), "", time.Time{}); r.OK != (id == 0) {
					t.Errorf("user %d: %+v", id+1, r)
				}
			}
			u.Close()
		})
	}
	all.Wait()
	if n := len(asked()); n != 40 {
		t.Errorf("%d requests arrived, want 40", n)
	}
	w := x.counts.Collect(time.Now(), 0)
	if w.Checks[0].Passed != 40 || w.Checks[1].Passed != 5 || w.Checks[1].Failed != 35 {
		t.Errorf("checks: %+v", w.Checks)
	}
}

func TestRejectionWithoutAnErrorHasItsText(t *testing.T) {
	x, u := start(t, `export default async () => { throw 'plain' }`)
	if got := x.failure(u); got.Kind != "exception" || got.Message != "plain" {
		t.Errorf("got %+v, want an exception with the text", got)
	}
}

func TestGlobals(t *testing.T) {
	for name, row := range map[string]struct{ code, want string }{
		"env":             {"console.log(__ENV.URL, 'URL' in __ENV, __ENV.NOPE, Object.keys(__ENV)); __ENV.X = '1'; console.log(__ENV.X)", "http://127.0.0.1:1/ true undefined [ \"URL\" ]\n1"},
		"base64":          {"console.log(btoa('hé'), atob('aOk='))", "aOk= hé"},
		"text":            {"console.log(new TextDecoder().decode(new TextEncoder().encode('héllo €')))", "héllo €"},
		"locales":         {"console.log(new Date(0).toLocaleDateString('de-DE', { timeZone: 'Asia/Tokyo' }), (1234.5).toLocaleString('de-DE'), (5000n).toLocaleString('fr'))", "1.1.1970 1.234,5 5\u202f000"},
		"Intl":            {"console.log(new Intl.NumberFormat('de').format(1.5), typeof Intl.DateTimeFormat)", "1,5 function"},
		"stream":          {"const d = new TextDecoder(), b = new TextEncoder().encode('€'); console.log(d.decode(b.slice(0, 1), { stream: true }) + d.decode(b.slice(1)))", "€"},
		"structuredClone": {"const a: any = { d: new Date(0), m: new Map([[1, { x: 1 }]]) }; a.self = a; const b = structuredClone(a); console.log(b !== a, b.self === b, b.d.getTime(), b.m.get(1).x)", "true true 0 1"},
		"weakref":         {"console.log(new WeakRef({ a: 1 }).deref().a)", "1"},
		"performance":     {"const a = performance.now(); console.log(performance.now() >= a)", "true"},
		"unicode regexp":  {"console.log(/^\\p{L}+$/u.test('héß'), /^\\p{L}+$/u.test('p{L}'), /[^\\P{Lu}]/u.exec('abC')![0], new RegExp('^\\\\p{Script=' + 'Greek}$', 'u').test('λ'))", "true false C true"},
		"typeof missing":  {"console.log(typeof nope, typeof setTimeout)", "undefined function"},
		"inspect":         {"const o: any = { a: [1, 'x'], f() {}, n: null }; o.o = o; console.log(o, new Map(), new Uint8Array(2))", `{ a: [ 1, "x" ], f: [object Function], n: null, o: [Circular] } Map(0) {} Uint8Array(2) [ 0, 0 ]`},
		"for await":       {"const it = { async *[Symbol.asyncIterator]() { yield 1; yield 2 } }; let n = 0; for await (const x of it) n += x; console.log(n)", "3"},
		"iteration":       {"console.log(__VU, __ITER)", "1 0"},
		"global alias":    {"console.log(typeof globalThis.setTimeout, typeof (global as any).console.log)", "function function"},
	} {
		t.Run(name, func(t *testing.T) {
			x, u := start(t, "declare var global: any\nexport default async () => { "+row.code+" }")
			x.passes(u)
			if got := x.said(); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

func TestFilesMayBeginWithAByteOrderMark(t *testing.T) {
	dir := t.TempDir()
	const mark = "\ufeff"
	for name, text := range map[string]string{
		"a.json": mark + `{"n": 1}`, "plain.json": `{"n": 2}`, "rows.csv": mark + "id,name", "two.txt": mark + mark, "m.js": mark + "export const n = 3",
		"only.txt": mark, "inner.txt": "a" + mark,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	x, u := start(t, strings.ReplaceAll(`
import a from 'DIR/a.json'
import { n } from 'DIR/m.js'
const read = [
  JSON.parse(open('DIR/a.json')).n, JSON.parse(open('DIR/plain.json')).n, a.n, n, open('DIR/rows.csv').split(',')[0], open('DIR/two.txt').length, open('DIR/only.txt').length,
  open('DIR/inner.txt').length, open('DIR/a.json', 'b').byteLength, new Uint8Array(open('DIR/a.json', 'b'))[0],
]
export default () => { console.log(read.join(' ')) }`, "DIR", filepath.ToSlash(dir)))
	x.passes(u)
	if got, want := x.said(), "1 2 1 3 id 1 0 2 11 239"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOpenReadsFilesOfTheScriptsFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	x, err := load(t, `
let text = ''
try { text = open('./no.txt') } catch (e) { console.log(String(e).includes('no.txt')) }
const own = open('test.ts'), bytes = open(import.meta.resolve('./test.ts'), 'b')
export default () => { console.log(own.length === bytes.byteLength); open('test.ts') }`)
	if err != nil {
		t.Fatal(err)
	}
	u, err := x.factory.New(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if got := x.failure(u); !strings.Contains(got.Message, "open: it must be called while the script is loaded") {
		t.Errorf("got %+v, want a refusal", got)
	}
	if got := x.said(); got != "true\ntrue" {
		t.Errorf("got %q", got)
	}
}

func TestStrangersScriptReadsOnlyItsFolder(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	code := `const own = open('test.ts'), other = open(__ENV.FILE); export default () => {}`
	confined := func(c *vu.Config) {
		c.Env = map[string]string{"FILE": outside}
		c.Within = filepath.Dir(c.Script.Path())
	}
	if _, err := load(t, code, confined); err == nil || !strings.Contains(err.Error(), "is outside the repository") {
		t.Errorf("got %v, want a refusal", err)
	}
	link := strings.Replace(code, "__ENV.FILE", "'link'", 1)
	_, err := load(t, link, confined, func(c *vu.Config) {
		if err := os.Symlink(outside, filepath.Join(c.Within, "link")); err != nil {
			t.Skip("no links here: ", err)
		}
	})
	if err == nil || !strings.Contains(err.Error(), "is outside the repository") {
		t.Errorf("through a link: got %v, want a refusal", err)
	}
}

func TestRequestWhileLoadingIsRefused(t *testing.T) {
	_, err := load(t, "import http from 'k6/http'\nhttp.get('http://127.0.0.1:1/')\nexport default () => {}")
	if err == nil || !strings.HasPrefix(err.Error(), "test.ts:2:") {
		t.Errorf("got %v, want an error at test.ts:2", err)
	}
}

func TestConsoleIsBounded(t *testing.T) {
	begin := time.Now()
	x, u := start(t, `export default () => { console.log('x'.repeat(20000)); for (let i = 0; i < 3000; i++) console.log(i) }`)
	x.passes(u)
	later := 1 + int(time.Since(begin).Seconds()*100)
	said, left := 0, 0
	for _, line := range x.lines {
		if strings.Contains(line.Text, "were dropped") {
			left++ // before one that came through after others had not
		} else {
			said++
		}
	}
	if said < 1000 || said > 1000+later || left > later {
		t.Errorf("%d lines came through, want from 1000 to %d, and %d say that others were left out, want at most %d", said, 1000+later, left, later)
	}
	if n := len(x.lines[0].Text); n > 9000 {
		t.Errorf("a line of %d bytes came through", n)
	}
}

func TestCookiesLastOneIteration(t *testing.T) {
	var got []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Header.Get("Cookie"))
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "1"})
	}))
	defer s.Close()
	x, u := start(t, `import http from 'k6/http'; export default () => { http.get(__ENV.URL); http.get(__ENV.URL) }`, at(s.URL))
	x.passes(u)
	x.passes(u)
	if want := "|a=1||a=1"; strings.Join(got, "|") != want {
		t.Errorf("got cookies %q, want %q", got, want)
	}
}

func TestErrorHasACodeFrame(t *testing.T) {
	_, err := load(t, "const a = 1\nthrow new Error('no')\n")
	var framed interface{ Frame() string }
	if !errors.As(err, &framed) || !strings.Contains(framed.Frame(), "> 2 | throw new Error('no')\n    |       ^\n") {
		t.Errorf("got %v, want a frame with a caret below the error", err)
	}
}

func TestFactoryUsesTheClientsItIsGiven(t *testing.T) {
	made := 0
	x, u := start(t, `export default () => {}`, func(c *vu.Config) {
		c.Client = func() *engine.Client { made++; return engine.New(engine.Options{}) }
	})
	x.passes(u)
	if made != 1 {
		t.Errorf("%d clients were made, want 1", made)
	}
	if _, err := os.Stat("test.ts"); err != nil {
		t.Error(err)
	}
}

func TestOneScenarioMayRunAlone(t *testing.T) {
	x, u := start(t, `
import { scenario } from 'plimsoll'
scenario('a', { weight: 9 }, () => {})
scenario('b', { weight: 1 }, () => {})
`)
	for range 20 {
		u.Iterate(t.Context(), "b", time.Time{})
	}
	u.Flush()
	if w := x.counts.Collect(time.Now(), 1); w.Scenarios[0].OK != 0 || w.Scenarios[1].OK != 20 {
		t.Errorf("a ran %d times, b %d times, want b alone", w.Scenarios[0].OK, w.Scenarios[1].OK)
	}
	for range 200 {
		u.Iterate(t.Context(), "", time.Time{})
	}
	u.Flush()
	if w := x.counts.Collect(time.Now(), 1); w.Scenarios[0].OK == 0 {
		t.Error("a does not run again")
	}
}
