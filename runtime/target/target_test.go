package target_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/target"
)

// start serves a model, "" for one without a limit.
func start(t *testing.T, model string) *target.Server {
	t.Helper()
	var cfg target.Config
	if model != "" {
		var err error
		if cfg, err = target.ParseModel(model); err != nil {
			t.Fatal(err)
		}
	}
	s, err := target.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// caller sends requests as one user.
type caller struct {
	t    *testing.T
	base string
	user string // empty: nobody
}

// reply is an answer, with its JSON.
type reply struct {
	status int
	header http.Header
	body   string
	Data   json.RawMessage
	Code   int
	Errno  int
}

// do sends a request; extra headers are "Name: value".
func (c caller) do(method, path, body string, headers ...string) reply {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.user != "" {
		req.SetBasicAuth(c.user, c.t.Name())
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	direct := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := direct.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	r := reply{status: res.StatusCode, header: res.Header, body: string(raw)}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") && len(raw) > 0 {
		if err := json.Unmarshal(raw, &r); err != nil {
			c.t.Fatalf("%s %s: %q is no JSON: %v", method, path, raw, err)
		}
	}
	return r
}

// want fails unless an answer has a status, and in its body a text.
func (r reply) want(t *testing.T, status int, text string) reply {
	t.Helper()
	if r.status != status || !strings.Contains(r.body, text) {
		t.Fatalf("got %d %s\nwant %d with %s", r.status, r.body, status, text)
	}
	return r
}

const records = "/buckets/default/collections/tasks/records"

func TestARecordsLife(t *testing.T) {
	t.Parallel()
	c := caller{t, start(t, "").URL(), "ann"}
	c.do("PUT", "/buckets/default/collections/tasks", "").want(t, 201, `"id":"tasks"`)
	first := c.do("POST", records, `{"data":{"description":"milk","status":"todo"}}`)
	first.want(t, 201, `"description":"milk"`).want(t, 201, `"permissions":{"write":["basicauth:`)
	put := c.do("PUT", records+"/r1", `{"data":{"status":"todo"}}`, "If-None-Match: *").want(t, 201, `"id":"r1"`)
	c.do("PUT", records+"/r1", `{"data":{}}`, "If-None-Match: *").want(t, 412, `"details":{"existing":{"`)

	list := c.do("GET", records, "").want(t, 200, `{"data":[{"`)
	etag := list.header.Get("ETag")
	if etag != put.header.Get("ETag") || len(decode(t, list)) != 2 {
		t.Fatalf("list %s has ETag %s, want both records and %s", list.body, etag, put.header.Get("ETag"))
	}
	since := func(of string) string { return records + "?_since=" + strings.ReplaceAll(of, `"`, "%22") }
	c.do("GET", since(etag), "").want(t, 200, `{"data":[]}`)
	c.do("GET", records, "", "If-None-Match: "+etag).want(t, 304, "")
	c.do("GET", records+"/r1", "", "If-None-Match: "+etag).want(t, 304, "")

	patched := c.do("PATCH", records+"/r1", `{"data":{"done":true}}`).want(t, 200, `"done":true`).want(t, 200, `"status":"todo"`)
	fresh := patched.header.Get("ETag")
	stale := c.do("PATCH", records+"/r1", `{"data":{"done":false}}`, "If-Match: "+etag)
	stale.want(t, 412, `"errno":114`).want(t, 412, `"done":true`)
	if stale.header.Get("ETag") != fresh {
		t.Errorf("412 has ETag %s, want the present %s", stale.header.Get("ETag"), fresh)
	}
	c.do("GET", since(etag), "").want(t, 200, `"done":true`)
	c.do("DELETE", records+"/r1", "", "If-Match: "+etag).want(t, 412, "")
	c.do("DELETE", records+"/r1", "", "If-Match: "+fresh).want(t, 200, `"deleted":true`)
	c.do("DELETE", records+"/r1", "").want(t, 404, `"details":{"id":"r1","resource_name":"record"}`)
	c.do("GET", since(etag), "").want(t, 200, `"deleted":true`)
	c.do("PUT", records+"/r1", "").want(t, 201, "")
	if got := decode(t, c.do("GET", since(etag), "")); len(got) != 1 || got[0]["deleted"] != nil {
		t.Errorf("after it was made again: %v, want no tombstone", got)
	}
	c.do("DELETE", "/buckets/default/collections/tasks", "").want(t, 200, `"deleted":true`)
	c.do("GET", records, "").want(t, 200, `{"data":[]}`)
}

func decode(t *testing.T, r reply) (list []map[string]any) {
	t.Helper()
	if err := json.Unmarshal(r.Data, &list); err != nil {
		t.Fatalf("%s: %v", r.body, err)
	}
	return list
}

func TestListsComeInPages(t *testing.T) {
	t.Parallel()
	c := caller{t, start(t, "").URL(), "ann"}
	for i := range 5 {
		c.do("PUT", fmt.Sprintf("%s/x%d", records, i), "").want(t, 201, "")
	}
	var ids []string
	for path := records + "?_limit=2"; path != ""; {
		page := c.do("GET", path, "").want(t, 200, "")
		for _, o := range decode(t, page) {
			ids = append(ids, o["id"].(string))
		}
		path = strings.TrimPrefix(page.header.Get("Next-Page"), c.base)
	}
	if got := strings.Join(ids, " "); got != "x4 x3 x2 x1 x0" {
		t.Errorf("pages have %s, want x4 x3 x2 x1 x0", got)
	}
	if head := c.do("HEAD", records, ""); head.header.Get("Total-Objects") != "5" || head.body != "" {
		t.Errorf("HEAD says %v %q, want 5 objects and no body", head.header, head.body)
	}
	if gone := decode(t, c.do("DELETE", records, "")); len(gone) != 5 {
		t.Errorf("deleting the list gave %d tombstones, want 5", len(gone))
	}
}

func TestErrorsAreKintos(t *testing.T) {
	t.Parallel()
	url := start(t, "").URL()
	ann, bob, nobody := caller{t, url, "ann"}, caller{t, url, "bob"}, caller{t, url, ""}
	ann.do("PUT", "/buckets/anns", "").want(t, 201, "")
	ann.do("PUT", "/buckets/anns/collections/c", "").want(t, 201, "")
	ann.do("PUT", records+"/r1", "").want(t, 201, "")
	for _, row := range []struct {
		who          caller
		method, path string
		body         string
		status       int
		errno        int
		header       string
	}{
		{nobody, "GET", records, "", 401, 104, ""},
		{nobody, "GET", records, "", 401, 104, "Authorization: Bearer 12"},
		{nobody, "GET", records, "", 401, 104, "Authorization: Basic !"},
		{bob, "GET", "/buckets/anns", "", 403, 121, ""},
		{bob, "PUT", "/buckets/anns/collections/c", "", 403, 121, ""},
		{bob, "GET", "/buckets/none", "", 403, 121, ""},
		{ann, "GET", "/buckets/anns/collections/none", "", 404, 110, ""},
		{ann, "GET", "/buckets/anns/collections/none/records", "", 404, 111, ""},
		{ann, "GET", "/nothing", "", 404, 111, ""},
		{ann, "GET", "/buckets/default/records", "", 404, 111, ""},
		{ann, "GET", records + "/r1/x", "", 404, 111, ""},
		{ann, "PATCH", records + "/none", `{"data":{}}`, 404, 110, ""},
		{ann, "PUT", "/__heartbeat__", "", 405, 115, ""},
		{ann, "PATCH", records, "", 405, 115, ""},
		{ann, "PUT", records + "/bad%20id", "", 400, 107, ""},
		{ann, "GET", records + "?_since=abc", "", 400, 107, ""},
		{ann, "GET", records + "?_limit=-1", "", 400, 107, ""},
		{ann, "GET", records + "?status=done", "", 400, 107, ""},
		{ann, "POST", records, `{"data":`, 400, 107, ""},
		{ann, "POST", records, `[]`, 400, 107, ""},
		{ann, "POST", records, `{"data":[]}`, 400, 107, ""},
		{ann, "POST", records, `{"foo":1}`, 400, 107, ""},
		{ann, "POST", records, `{"data":{"id":"a b"}}`, 400, 107, ""},
		{ann, "PUT", records + "/r1", `{"data":{"id":"r2"}}`, 400, 107, ""},
		{ann, "PUT", records + "/r1", "", 400, 107, "If-Match: 12"},
		{ann, "PUT", records + "/r2", "", 412, 114, `If-Match: "1"`},
		{ann, "GET", records + "/r1", "", 412, 114, `If-Match: "1"`},
		{ann, "DELETE", records, "", 412, 114, `If-Match: "1"`},
		{ann, "POST", records, "a=b", 415, 107, "Content-Type: text/plain"},
	} {
		var headers []string
		if row.header != "" {
			headers = []string{row.header}
		}
		got := row.who.do(row.method, row.path, row.body, headers...)
		if got.status != row.status || got.Code != row.status || got.Errno != row.errno {
			t.Errorf("%s %s %s: got %d %s, want %d with errno %d", row.method, row.path, row.header, got.status, got.body, row.status, row.errno)
		}
	}
}

func TestUsersHaveTheirOwnDefaultBucket(t *testing.T) {
	t.Parallel()
	url := start(t, "").URL()
	ann, bob := caller{t, url, "ann"}, caller{t, url, "bob"}
	ann.do("POST", records, `{"data":{"n":1}}`).want(t, 201, "")
	bob.do("GET", records, "").want(t, 200, `{"data":[]}`)
	var root struct{ User struct{ ID, Bucket string } }
	if err := json.Unmarshal([]byte(ann.do("GET", "/", "").want(t, 200, `"default_bucket"`).body), &root); err != nil {
		t.Fatal(err)
	}
	ann.do("GET", "/buckets/"+root.User.Bucket+"/collections/tasks/records", "").want(t, 200, `"n":1`)
	ann.do("GET", "/buckets/default", "").want(t, 200, root.User.Bucket)
	again := ann.do("POST", records, `{"data":{"id":"x","n":1}}`).want(t, 201, "")
	ann.do("POST", records, `{"data":{"id":"x","n":2}}`).want(t, 200, string(again.Data))
}

func TestUnversionedAddressesAreRedirected(t *testing.T) {
	t.Parallel()
	url := start(t, "").URL()
	c := caller{t, strings.TrimSuffix(url, "/v1"), "ann"}
	for path, want := range map[string]string{
		"/":             url + "/",
		"/v1":           url + "/",
		"/a/b?_since=1": url + "/a/b?_since=1",
		"/v1/buckets/":  url + "/buckets",
	} {
		r := c.do("POST", path, "").want(t, 307, "")
		if got := r.header.Get("Location"); got != want {
			t.Errorf("%s redirects to %s, want %s", path, got, want)
		}
	}
	follow, err := http.Post(c.base+records, "application/json", strings.NewReader(`{"data":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	follow.Body.Close()
	if follow.StatusCode != 401 {
		t.Errorf("a POST that follows gets %d, want 401 from the API", follow.StatusCode)
	}
}

func TestCountsAreExact(t *testing.T) {
	t.Parallel()
	s := start(t, "bucket:1,latency=1ms,burst=10s,errors=0")
	c := caller{t, s.URL(), "ann"}
	var seen sync.Map
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() { seen.Store(i, c.do("GET", records, "").status) })
	}
	all.Wait()
	by := map[any]uint64{}
	seen.Range(func(_, status any) bool { by[status]++; return true })
	got := s.Counts()
	if got.Requests != 40 || got.OK != by[200] || got.Rejected != by[429] || got.OK+got.Rejected != 40 {
		t.Errorf("counted %+v, the client %v", got, by)
	}
	if by[200] < 10 || by[200] > 15 { // the burst, and what was saved up meanwhile
		t.Errorf("%d were served, want a burst of 10", by[200])
	}

	var told target.Report
	page := caller{t, strings.TrimSuffix(s.URL(), "/v1"), ""}.do("GET", "/__target__", "").want(t, 200, s.Nonce())
	if err := json.Unmarshal([]byte(page.body), &told); err != nil {
		t.Fatal(err)
	}
	if told.Counts != got || told.Model != "bucket" || len(told.Seconds) == 0 {
		t.Errorf("it tells %+v, want %+v", told, got)
	}
	if strings.Contains(page.body, "capacity") || strings.Contains(page.body, ":1,") && strings.Contains(page.body, "bucket:1") {
		t.Errorf("it tells its capacity: %s", page.body)
	}
}

func TestBaseFailuresAnswer500(t *testing.T) {
	t.Parallel()
	s := start(t, "flaky:1000,errors=100%")
	caller{t, s.URL(), "ann"}.do("GET", records, "").want(t, 500, `"errno":999`)
	if got := s.Counts(); got != (target.Counts{Requests: 1, Failed: 1}) {
		t.Errorf("counted %+v, want one failure", got)
	}
}

func TestCloseEndsWhatWaits(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cfg, err := target.ParseModel("queues:0.001,servers=1")
	if err != nil {
		t.Fatal(err)
	}
	s, err := target.Start(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	waiting := make(chan reply, 1)
	go func() { waiting <- caller{t, s.URL(), "ann"}.do("GET", records, "") }()
	for s.Counts().Requests == 0 { // until it is inside
		caller{t, strings.TrimSuffix(s.URL(), "/v1"), ""}.do("GET", "/__target__", "")
	}
	cancel()
	(<-waiting).want(t, 503, `"errno":201`)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if got := s.Counts(); got != (target.Counts{Requests: 1, Dropped: 1}) {
		t.Errorf("counted %+v, want one dropped", got)
	}
	if _, err := http.Get(s.URL()); err == nil {
		t.Error("it still listens")
	}
}

func TestStartRefusesTheImpossible(t *testing.T) {
	t.Parallel()
	if s, err := target.Start(t.Context(), target.Config{Kind: target.Slots, Capacity: 10}); err == nil {
		s.Close()
		t.Error("started without a server to serve")
	}
}
