package http_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

// pages answers by path.
func pages(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/redirect":
		http.Redirect(w, r, "/users/17", http.StatusTemporaryRedirect)
	case r.URL.Path == "/cookie":
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: "1", Path: "/", HttpOnly: true, MaxAge: 60})
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: "2", Path: "/a"})
	case r.URL.Path == "/odd-cookies":
		for _, line := range []string{`q="v"; Path=/`, `j={"k":"é"}; Path=/`, `b=\; Path=/`, `q=2; Path=/headers`} {
			w.Header().Add("Set-Cookie", line)
		}
	case r.URL.Path == "/cut":
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("short"))
	case r.URL.Path == "/slow":
		<-r.Context().Done()
	case strings.HasPrefix(r.URL.Path, "/status/"):
		code := 0
		for _, d := range r.URL.Path[len("/status/"):] {
			code = code*10 + int(d-'0')
		}
		w.WriteHeader(code)
	case r.URL.Path == "/json":
		_, _ = w.Write([]byte(`{"data": [{"id": "a", "n": 1.5}, {"id": "ü"}], "none": null, "yes": true}`))
	case r.URL.Path == "/headers":
		_, _ = w.Write([]byte(r.Header.Get("Authorization") + "|" + r.Header.Get("X-Token") + "|" + r.Header.Get("Cookie")))
	default:
		_, _ = w.Write([]byte(r.URL.Path))
	}
}

func TestFailedRequestsAreToldAndCounted(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]struct {
		metric.Failure
		status    int64
		errorCode int64
	}{
		`http.get(base + '/status/503')`:                 {metric.Failure{Kind: "status", Message: "503 Service Unavailable", Target: "GET /status/{id}", Code: 503}, 503, 1503},
		`http.get(base + '/cut', {tags: {name: 'cut'}})`: {metric.Failure{Kind: "connection", Message: "the server closed the connection in the middle of its answer", Target: "GET cut", Code: 1000}, 0, 1000},
		`http.get(base + '/slow', {timeout: 50})`:        {metric.Failure{Kind: "timeout", Message: "request timeout", Target: "GET /slow", Code: 1050}, 0, 1050},
		`http.get(base + '/slow', {timeout: '50ms'})`:    {metric.Failure{Kind: "timeout", Message: "request timeout", Target: "GET /slow", Code: 1050}, 0, 1050},
		`http.get('http://127.0.0.1:1/')`:                {metric.Failure{Kind: "refused", Message: "dial: connection refused", Target: "GET /", Code: 1212}, 0, 1212},
		`http.post('ftp://a.test/b/1', 'x')`:             {metric.Failure{Kind: "invalid", Message: "only http and https are supported, not ftp", Target: "POST (invalid URL)", Code: 1020}, 0, 1020},
		`http.get('no url')`:                             {metric.Failure{Kind: "invalid", Message: "the URL has no scheme: it should begin with http:// or https://", Target: "GET (invalid URL)", Code: 1020}, 0, 1020},
	} {
		h := newHost(t, engine.Options{})
		h.Serve(t, pages)
		got := h.Run(t, `r = `+script+`; [r.status, r.error_code, r.error === '', r.body]`).([]any)
		if got[0] != want.status || got[1] != want.errorCode || got[2] != (want.Kind == "status") {
			t.Errorf("%s: the script sees %v", script, got)
		}
		if len(h.Failures) != 1 || h.Failures[0] != want.Failure {
			t.Errorf("%s: failures\n got %+v\nwant %+v", script, h.Failures, want.Failure)
		}
		w := h.Window()
		if ok, failed := w.Requests(); ok != 0 || failed != 1 || h.Requests != 1 {
			t.Errorf("%s: %d ok, %d failed, %d told; want one failed", script, ok, failed, h.Requests)
		}
		if d := w.Endpoints[len(w.Endpoints)-1].Latency.Max(); want.Kind == "timeout" && d < 10*time.Millisecond {
			t.Errorf("%s: its latency is %v", script, d)
		}
	}
}

func TestExpectedStatusesAreNoFailure(t *testing.T) {
	t.Parallel()
	for script, failures := range map[string]int{
		`http.get(base + '/status/404')`: 1,
		`http.get(base + '/status/304')`: 0,
		`http.get(base + '/status/404', {responseCallback: http.expectedStatuses(404)})`:                                 0,
		`http.get(base + '/status/412', {responseCallback: http.expectedStatuses(201, {min: 400, max: 412})})`:           0,
		`http.get(base + '/ok', {responseCallback: http.expectedStatuses(201)})`:                                         1,
		`http.get(base + '/status/500', {responseCallback: null})`:                                                       0,
		`http.setResponseCallback(http.expectedStatuses(404)); http.get(base + '/status/404')`:                           0,
		`http.setResponseCallback(http.expectedStatuses(404)); http.get(base + '/ok')`:                                   1,
		`http.setResponseCallback(null); http.get(base + '/status/500'); http.get(base + '/cut')`:                        1,
		`http.setResponseCallback(null); http.get(base + '/status/500', {responseCallback: http.expectedStatuses(200)})`: 1,
		`http.get(base + '/redirect', {redirects: 0, responseCallback: http.expectedStatuses(307)})`:                     0,
		`http.get(base + '/redirect')`: 0,
	} {
		h := newHost(t, engine.Options{})
		h.Serve(t, pages)
		h.Run(t, script+`;0`)
		if len(h.Failures) != failures {
			t.Errorf("%s: failures %+v, want %d", script, h.Failures, failures)
		}
	}
}

func TestEachHopIsARequest(t *testing.T) {
	t.Parallel()
	h := newHost(t, engine.Options{})
	h.Serve(t, pages)
	if got := h.Run(t, `r = http.post(base + '/redirect', 'x'); r.url.slice(base.length) + ' ' + r.request.method + ' ' + r.body`); got != "/users/17 POST /users/17" {
		t.Errorf("got %q", got)
	}
	w := h.Window()
	snapshot, _ := h.Names().Since(metric.Lengths{})
	var told []string
	for i, e := range snapshot.Endpoints {
		if w.Endpoints[i].OK == 1 {
			told = append(told, e.Method+" "+e.Name)
		}
	}
	if want := []string{"POST /redirect", "POST /users/{id}"}; !slices.Equal(told, want) || h.Requests != 2 {
		t.Errorf("counted %q (%d told), want %q", told, h.Requests, want)
	}
	if w.Endpoints[0].BytesIn == 0 || w.Endpoints[0].Connections != 1 || w.Endpoints[1].Connections != 0 {
		t.Errorf("counted %+v", w.Endpoints)
	}
}

func TestEndpointsAreNamedByWhatTheyAre(t *testing.T) {
	t.Parallel()
	h := newHost(t, engine.Options{})
	h.Serve(t, pages)
	for _, row := range [][2]string{
		{`base`, "/"},
		{`base + '?a=1'`, "/"},
		{`base + '/v1/'`, "/v1/"},
		{`base + '/v1/users/42/posts?page=3#x'`, "/v1/users/{id}/posts"},
		{`base + '/records/3fa85f64-5717-4562-b3fc-2c963f66afa6'`, "/records/{id}"},
		{`base + '/collections/tasks-3fa85f64-5717-4562-b3fc-2c963f66afa6/records'`, "/collections/tasks-{id}/records"},
		{`base + '/commit/deadbeef01'`, "/commit/{id}"},
		{`base + '/s/dGhpcyBpcyBhIHRva2Vu1234'`, "/s/{id}"},
		{`base + '/cafe/decade/internationalization'`, "/cafe/decade/internationalization"},
		{`base + '/release/1.2.3/oauth2'`, "/release/1.2.3/oauth2"},
		{"http.url`${base}/items/${'abc'}?x=${1}`", "/items/${}"},
	} {
		before, lengths := h.Names().Since(metric.Lengths{})
		h.Run(t, `http.get(`+row[0]+`);0`)
		after, _ := h.Names().Since(lengths)
		all := slices.Concat(before.Endpoints, after.Endpoints)
		if !slices.Contains(all, metric.Endpoint{Method: "GET", Name: row[1]}) {
			t.Errorf("%s is counted as %+v, want %s", row[0], after.Endpoints, row[1])
		}
	}
	// The same kind of request is one endpoint, however many there are.
	_, lengths := h.Names().Since(metric.Lengths{})
	h.Run(t, `for (let i = 0; i < 50; i++) http.get(base + '/v1/users/' + i + '/posts');0`)
	if after, _ := h.Names().Since(lengths); len(after.Endpoints) != 0 {
		t.Errorf("new endpoints: %+v", after.Endpoints)
	}
}

func TestRequestsWhileTheScriptIsLoadedThrow(t *testing.T) {
	t.Parallel()
	h := newHost(t, engine.Options{})
	h.Engine = nil
	_, err := h.VM().RunString(`http.get('http://127.0.0.1/')`)
	if err == nil || !strings.Contains(err.Error(), "while the script is being loaded") {
		t.Errorf("got %v", err)
	}
}

func TestAnInterruptedRequestIsNoRequestOfTheTarget(t *testing.T) {
	t.Parallel()
	h := newHost(t, engine.Options{})
	h.Serve(t, pages)
	h.Engine.Interrupt()
	if got := h.Run(t, `r = http.get(base); r.status + r.error`); !strings.HasPrefix(got.(string), "0interrupted") {
		t.Errorf("got %q", got)
	}
	w := h.Window()
	if ok, failed := w.Requests(); ok+failed != 0 || len(h.Failures) != 1 || h.Failures[0].Kind != "interrupted" {
		t.Errorf("%d ok, %d failed; failures %+v", ok, failed, h.Failures)
	}
}
