package http_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
)

func TestAResponseKeepsItsDataWhenOthersFollow(t *testing.T) {
	t.Parallel()
	h := newHost(t, engine.Options{})
	h.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Path", r.URL.Path)
		n := 10
		if strings.HasPrefix(r.URL.Path, "/long") {
			n = 100_000
		}
		_, _ = w.Write([]byte(strings.Repeat(r.URL.Path[len(r.URL.Path)-1:], n)))
	})
	h.Run(t, `
		const all = [];
		for (let i = 0; i < 8; i++) all.push(http.get(base + '/short' + (i + 1)), http.get(base + '/long' + (i + 1), {responseType: i % 2 ? 'text' : 'binary'}));
		all[2].body;
		for (let i = 0; i < 8; i++) {
			const s = all[2*i], l = all[2*i + 1], d = String(i + 1);
			const body = typeof l.body === 'string' ? l.body : String.fromCharCode(...new Uint8Array(l.body).slice(0, 10)).padEnd(l.body.byteLength, d);
			if (s.body !== d.repeat(10)) throw 'short ' + i + ': ' + s.body;
			if (body !== d.repeat(100000)) throw 'long ' + i + ': ' + body.length;
			if (s.headers['X-Path'] !== '/short' + d || l.headers['X-Path'] !== '/long' + d) throw JSON.stringify(s.headers);
			if (s.status !== 200 || s.status_text !== '200 OK' || s.proto !== 'HTTP/1.1' || !s.url.endsWith('/short' + d)) throw s.url;
			if (s.json() !== Number(d.repeat(10))) throw s.json();
		}`)
}

func TestCookiesReachTheScriptAndTheServerAsTheyAre(t *testing.T) {
	t.Parallel()
	h := newHost(t, engine.Options{})
	h.Serve(t, pages)
	h.Run(t, `
		const c = http.get(base + '/odd-cookies').cookies;
		const values = [c.q[0].value, c.j[0].value, c.b[0].value, c.q[1].path].join(' ');
		if (values !== '"v" {"k":"é"} \\ /headers') throw values;
		const sent = http.get(base + '/headers').body;
		if (sent !== '||q=2; q="v"; j={"k":"é"}; b=\\') throw sent;`)
}

func TestWhatScriptsDoWithAResponse(t *testing.T) {
	t.Parallel()
	h := newHost(t, engine.Options{})
	s := h.Serve(t, pages)
	for script, want := range map[string]any{
		`http.get(base + '/json').json().data[1].id`:                          "ü",
		`http.get(base + '/json').json('data.0.n')`:                           1.5,
		`http.get(base + '/json').json('data.#.id').join()`:                   "a,ü",
		`http.get(base + '/json').json('data.#')`:                             int64(2),
		`http.get(base + '/json').json('yes')`:                                true,
		`http.get(base + '/json').json('none')`:                               nil,
		`typeof http.get(base + '/json').json('nowhere')`:                     "undefined",
		`typeof http.get(base + '/text').json('a')`:                           "undefined",
		`r = http.get(base + '/json'); r.json() === r.json()`:                 false,
		`try { http.get(base + '/text').json() } catch (e) { '' + e }`:        "TypeError: plimsoll/http: json: the body of GET " + s.URL + "/text (status 200) is not JSON: invalid character '/' looking for beginning of value (line 1, character 1)",
		`try { http.get('http://127.0.0.1:1/').json() } catch (e) { '' + e }`: "TypeError: plimsoll/http: json: GET http://127.0.0.1:1/ has no body (status 0, error \"dial: connection refused\")",

		`c = http.get(base + '/cookie').cookies.sid; [c.length, c[0].value, c[0].http_only, c[0].max_age, c[1].path].join()`: "2,1,true,60,/a",
		`http.get(base + '/cookie'); http.get(base + '/headers').body`:                                                       "||sid=1",
		`http.get(base + '/headers', {cookies: {sid: '9', b: {value: 'x', replace: true}}}).body`:                            "||sid=9; b=x",
		`http.get(base + '/headers', {auth: {username: 'a', password: 'b'}}).body.split('|')[0]`:                             "Basic YTpi",
		`http.get(base + '/headers', {auth: ['a', 'b']}).body.split('|')[0]`:                                                 "Basic YTpi",
		`http.get(base.replace('://', '://a:b@') + '/headers').body.split('|')[0]`:                                           "Basic YTpi",
		`http.get(base + '/headers', {headers: {'x-token': 7, 'X-None': undefined}}).body.split('|')[1]`:                     "7",

		`r = http.get(base + '/a'); t = r.timings; Math.abs(t.duration - t.sending - t.waiting - t.receiving) < 1e-9 && t.duration > 0 && t.looking_up === 0`: true,
		`r = http.get(base + '/a'); r.remote_ip + ':' + r.remote_port === base.slice(7)`:                                                                      true,
		`r = http.get(base + '/status/404'); [r.error_code, r.error, r.status_text].join()`:                                                                   "1404,,404 Not Found",
		`r = http.get(base + '/status/204'); r.body`:                                                                                                          nil,
		`r = http.post(base + '/a', 'b', {headers: {'x-a': 'c'}}).request; JSON.stringify(r)`:                                                                 `{"method":"POST","url":"` + s.URL + `/a","headers":{"X-A":["c"]},"body":"b","cookies":{}}`,
		`JSON.parse(JSON.stringify(http.get(base + '/a'))).body`:                                                                                              "/a",
		`r = http.get(base + '/a'); r.mine = 1; r.mine + ('mine' in r) + Object.keys(r).pop()`:                                                                "2mine",
		`r = http.get(base + '/a'); ({...r}).status`:                                                                                                          int64(200),
		`'nothing' in http.get(base + '/a')`:                                                                                                                  false,
		`r = http.get(base + '/a'); r.hasOwnProperty('status') && typeof r.json === 'function'`:                                                               true,
		`'' + http.url` + "`${base}/x/${1}`":                                                                                                                  s.URL + "/x/1",
	} {
		if got := h.Run(t, script); got != want {
			t.Errorf("%s\n got %#v\nwant %#v", script, got, want)
		}
	}
}

func TestWrongArgumentsThrow(t *testing.T) {
	t.Parallel()
	h := newHost(t, engine.Options{})
	h.Serve(t, pages)
	for script, want := range map[string]string{
		`http.get(base, {timeout: 'soon'})`:                    `http.get: params.timeout: is "soon"; give milliseconds`,
		`http.get(base, {timeout: 0})`:                         `params.timeout: is 0`,
		`http.get(base, {responseType: 'blob'})`:               `params.responseType: is "blob"`,
		`http.get(base, {auth: 'ntlm'})`:                       `params.auth: is "ntlm"; give { username, password }`,
		`http.get(base, {auth: {user: 'a'}})`:                  `params.auth: is an object; give { username, password }`,
		`http.get(base, {responseCallback: 200})`:              `params.responseCallback: is 200; give what expectedStatuses`,
		`http.expectedStatuses()`:                              `http.expectedStatuses: it names no status`,
		`http.expectedStatuses('200')`:                         `statuses[0]: is "200"; give numbers`,
		`http.expectedStatuses({min: 3, max: 2})`:              `statuses[0]: is an object; give numbers, or { min, max } with min ≤ max`,
		`http.batch('x')`:                                      `http.batch: requests: is "x"; give an array or an object`,
		`http.batch([{method: 'GET'}])`:                        `http.batch: requests[0]: is an object; give [method, url, body, params] or { method, url, body, params }: it has no URL`,
		`http.url('x')`:                                        `http.url: strings: is "x"; give a template`,
		`http.get(base, {headers: {get a() { throw 'own' }}})`: `http.get: params.headers.a: reading it threw "own"`,
	} {
		_, err := h.VM().RunString(script)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", script, err, want)
		}
	}
	if got := h.Run(t, `http.get(base + '/after').body`); got != "/after" {
		t.Errorf("after all these: %v", got)
	}
}

func TestDefaultsOfBeforeVUAreMerged(t *testing.T) {
	t.Parallel()
	h := newHost(t, engine.Options{})
	h.Serve(t, pages)
	h.Params = h.VM().NewObject()
	_ = h.Params.Set("headers", map[string]any{"X-Token": "vu", "Authorization": "t"})
	for script, want := range map[string]string{
		`http.get(base + '/headers').body`:                                "t|vu|",
		`http.get(base + '/headers', {headers: {'x-token': 'own'}}).body`: "t|own|",
	} {
		if got := h.Run(t, script); got != want {
			t.Errorf("%s: got %q, want %q", script, got, want)
		}
	}
}

func TestBatchRunsInParallelAndKeepsTheShape(t *testing.T) {
	t.Parallel()
	h := newHost(t, engine.Options{})
	var running, most atomic.Int32
	all := make(chan struct{})
	h.Serve(t, func(w http.ResponseWriter, r *http.Request) {
		n := running.Add(1)
		defer running.Add(-1)
		most.Store(max(most.Load(), n))
		if strings.HasPrefix(r.URL.Path, "/meet") {
			if n == 6 {
				close(all)
			}
			<-all
		}
		_, _ = fmt.Fprint(w, r.Method, r.URL.Path, r.Header.Get("X-A"))
	})
	for script, want := range map[string]string{
		`http.batch([base + '/1', ['post', base + '/2', 'x', {headers: {'X-A': 'y'}}], {method: 'PUT', url: base + '/3'}, http.url` + "`${base}/4`" + `]).map(r => r.body).join()`: "GET/1,POST/2y,PUT/3,GET/4",
		`r = http.batch({a: base + '/a', b: ['GET', base + '/b']}); r.b.body + r.a.body`:                                                                                           "GET/bGET/a",
		`http.batch(Array.from({length: 6}, (_, i) => base + '/meet' + i)).map(r => r.status).join('')`:                                                                            "200200200200200200",
		`http.batch(Array.from({length: 30}, (_, i) => base + '/n' + i)).every((r, i) => r.body === 'GET/n' + i) + ''`:                                                             "true",
	} {
		if got := h.Run(t, script); got != want {
			t.Errorf("%s\n got %v\nwant %v", script, got, want)
		}
	}
	if n := most.Load(); n != 6 {
		t.Errorf("at most %d ran at a time, want 6", n)
	}
}

func TestAsyncRequests(t *testing.T) {
	t.Parallel()
	h := newHost(t, engine.Options{})
	h.Serve(t, pages)
	if got := h.Run(t, `Promise.all([1, 2, 3].map(i => http.asyncRequest('GET', base + '/' + 'abc'[i - 1]))).then(l => l.map(r => r.body).join())`); got != "/a,/b,/c" {
		t.Errorf("got %v", got)
	}
	if got := h.Run(t, `http.asyncRequest('GET', base, null, {timeout: 'x'}).catch(e => e.message)`); !strings.Contains(got.(string), "params.timeout: is") {
		t.Errorf("got %v", got)
	}
	if h.Requests != 3 {
		t.Errorf("%d requests told, want 3", h.Requests)
	}
	got, err := h.VM().RunString(`http.asyncRequest('GET', base)`)
	if _, ok := got.Export().(*goja.Promise); err != nil || !ok {
		t.Errorf("got %v, %v", got, err)
	}
	if err := h.Drain(); err != nil {
		t.Error(err)
	}
}
