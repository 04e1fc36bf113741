package failure_test

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/plimsoll-load/plimsoll/runtime/failure"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/redact"
)

// wire is an exchange whose response has a body and headers, in no certain order.
func wire(body string, headers map[string]string) *failure.Wire {
	all := func(yield func(name, value []byte) bool) {
		for name, value := range maps.All(headers) {
			if !yield([]byte(name), []byte(value)) {
				return
			}
		}
	}
	return &failure.Wire{
		Request:  &failure.Content{First: "GET / HTTP/1.1", Headers: all},
		Response: &failure.Content{First: "HTTP/1.1 500 Internal Server Error", Headers: all, Body: []byte(body)},
	}
}

func TestOnlyTheFirstFewAreKept(t *testing.T) {
	t.Parallel()
	one := func(int) metric.Failure { return metric.Failure{Kind: "status", Target: "GET /", Code: 500} }
	for name, row := range map[string]struct {
		failure func(i int) metric.Failure
		want    int
	}{
		"equal ones": {one, failure.PerFailure},
		"a message that changes": {func(i int) metric.Failure {
			return metric.Failure{Kind: "exception", Message: fmt.Sprint(i), Where: "a.js:1:1"}
		}, failure.PerFailure},
		"two statuses": {func(i int) metric.Failure { return metric.Failure{Kind: "status", Target: "GET /", Code: 500 + i%2} }, 2 * failure.PerFailure},
		"two endpoints": {func(i int) metric.Failure {
			return metric.Failure{Kind: "status", Target: fmt.Sprint("GET /", i%2), Code: 500}
		}, 2 * failure.PerFailure},
		"two places": {func(i int) metric.Failure { return metric.Failure{Kind: "exception", Where: fmt.Sprint("a.js:", i%2)} }, 2 * failure.PerFailure},
		"two checks of one place": {func(i int) metric.Failure {
			return metric.Failure{Kind: "check", Message: fmt.Sprint(i % 2), Where: "a.js:1:1"}
		}, 2 * failure.PerFailure},
		"endpoints without end": {func(i int) metric.Failure { return metric.Failure{Kind: "status", Target: fmt.Sprint(i)} }, failure.PerKind},
		"checks without end":    {func(i int) metric.Failure { return metric.Failure{Kind: "check", Message: fmt.Sprint(i)} }, failure.PerKind},
		"kinds without end":     {func(i int) metric.Failure { return metric.Failure{Kind: fmt.Sprint(i)} }, failure.Total},
		"the run's end":         {func(int) metric.Failure { return metric.Failure{Kind: "interrupted"} }, 0},
		"one kind leaves the others": {func(i int) metric.Failure {
			return metric.Failure{Kind: fmt.Sprint(min(i%500, 2)), Target: fmt.Sprint(i)}
		}, 2*20 + failure.PerKind},
	} {
		names, k := metric.NewNames(), failure.NewKeeper(redact.New())
		for i := range 10_000 {
			f := row.failure(i)
			k.Keep(names.Failure(f), f, failure.Example{VU: i}, nil)
		}
		if got := k.Drain(); len(got) != row.want {
			t.Errorf("%s: %d are kept, want %d", name, len(got), row.want)
		} else if len(got) > 0 && got[0].VU != 0 {
			t.Errorf("%s: the first one kept is number %d", name, got[0].VU)
		}
		if len(k.Drain()) != 0 {
			t.Errorf("%s: the same are given twice", name)
		}
		first := row.failure(0)
		id := names.Failure(first)
		if k.Keep(id, first, failure.Example{}, nil); name != "one kind leaves the others" && (k.Wants(id) || len(k.Drain()) != 0) {
			t.Errorf("%s: more of the first one are wanted after 10,000", name)
		}
	}
}

func TestManyUsersFailAtOnce(t *testing.T) {
	t.Parallel()
	k := failure.NewKeeper(redact.New())
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 1000 {
				k.Keep(1, metric.Failure{Kind: "status"}, failure.Example{}, wire("no", nil))
			}
		})
	}
	all.Wait()
	if got := k.Drain(); len(got) != failure.PerFailure {
		t.Errorf("%d are kept, want %d", len(got), failure.PerFailure)
	}
}

func TestWhoHasEnoughIsAskedForNothing(t *testing.T) {
	t.Parallel()
	var none *failure.Keeper
	if none.Wants(1) || none.Drain() != nil {
		t.Error("a nil Keeper wants something")
	}
	k := failure.NewKeeper(redact.New())
	if !k.Wants(1) || k.Wants(65_535) {
		t.Error("a new Keeper wants the first failure, and none that its table has no place for")
	}
}

// keep is what one exchange comes to.
func keep(t *testing.T, hidden *redact.Redactor, w *failure.Wire) *failure.Exchange {
	t.Helper()
	k := failure.NewKeeper(hidden)
	k.Keep(1, metric.Failure{Kind: "status"}, failure.Example{}, w)
	kept := k.Drain()
	if len(kept) != 1 {
		t.Fatalf("%d examples, want one", len(kept))
	}
	return kept[0].Exchange
}

func TestBodiesAreBoundedAndHarmless(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 10<<20)
	for name, row := range map[string]struct {
		body, begins string
		binary       bool
	}{
		"none":               {"", "", false},
		"short":              {"table full", "table full", false},
		"lines":              {"a\r\n\tb\n", "a  b", false},
		"huge":               {long, "xxxxxxxx", false},
		"wide":               {strings.Repeat("世", 5000), "世世", false},
		"escape":             {"\x1b[2J\x1b]0;owned\x07 failed", "\uFFFD[2J\uFFFD", false},
		"a turned direction": {"user \u202Egnp.exe", "user gnp.exe", false},
		"all escapes":        {strings.Repeat("\x1b", 5000), "1b1b1b", true},
		"zero bytes":         {"abc\x00def", "61626300646566", true},
		"a picture":          {"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "89504e470d0a1a0a", true},
		"Latin-1":            {"Le caf\xe9 est ferm\xe9, revenez demain", "Le caf\uFFFD est", false},
		"UTF-16":             {"s\x00e\x00c\x00r\x00e\x00t\x00", "7300650063", true},
		"a character cut":    {strings.Repeat("x", 1023) + "世", "xxxx", false},
		"HTML":               {"<script>alert(1)</script>" + long, "<script>", false},
	} {
		m := keep(t, redact.New(), wire(row.body, nil)).Response
		got := strings.ReplaceAll(m.Body, "\n", "")
		if !strings.HasPrefix(got, row.begins) || m.Binary != row.binary || m.BodyBytes != len(row.body) {
			t.Errorf("%s: %.60q of %d bytes, binary %v; want %q…, binary %v", name, m.Body, m.BodyBytes, m.Binary, row.begins, row.binary)
		}
		if len(m.Body) > 1<<10 || !utf8.ValidString(m.Body) || strings.ContainsAny(m.Body, "\x00\x07\x1b\u202e") {
			t.Errorf("%s: %d bytes, or not fit to be shown: %.80q", name, len(m.Body), m.Body)
		}
	}
}

func TestHeadsAreBoundedAndTellNoSecret(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"Authorization": "Bearer abcdefghijklmnop", "Cookie": "sid=12345678; a=b", "Set-Cookie": "sid=12345678; Path=/",
		"Proxy-Authorization": "Basic c2VjcmV0OnNlY3JldA==", "X-Api-Key": "k-12345678", "X-Auth-Token": "t-12345678",
		"X-Amz-Security-Token": "t,12345678; x", "X-CSRF-Token": "12345678", "X-Session": "12345678 90", "Authentication-Info": `nextnonce="12345678"`,
	} {
		x := keep(t, redact.New(), wire("", map[string]string{name: value}))
		want := fmt.Sprintf("%s: [redacted:%dB]", name, len(value))
		for _, m := range []*failure.Message{x.Request, x.Response} {
			if !strings.HasSuffix(m.Head, want) {
				t.Errorf("%q, want it to end in %q", m.Head, want)
			}
			if again := redact.Lines(m.Head); again != m.Head {
				t.Errorf("redacted again it is %q, was %q", again, m.Head)
			}
		}
	}
	headers := map[string]string{"Retry-After": "3"}
	for i := range 1000 {
		headers[fmt.Sprint("X-", i)] = strings.Repeat("y", 100)
	}
	if head := keep(t, redact.New(), wire("", headers)).Response.Head; len(head) > 768 || !strings.HasSuffix(head, "…") {
		t.Errorf("a head of %d bytes: %q", len(head), head)
	}
}

// TestNoEndCutsASecretInTwo moves secrets over all places where the kept part of a body may end.
func TestNoEndCutsASecretInTwo(t *testing.T) {
	t.Parallel()
	const value = "hunter2-hunter2-hunter2"
	for name, row := range map[string]struct{ text, part string }{
		"a marked value":       {value, "hunt"},
		"two of them":          {value + " " + strings.Repeat(value, 40), "hunt"},
		"the user of a URL":    {"http://bob:12345678@host/", "bob:1"},
		"a password":           {`"password":"12345678"`, "12"},
		"a header in the text": {"Authorization: Basic c2VjcmV0OnNlY3JldA==\n", "c2Vj"},
	} {
		for at := 980; at < 1030; at++ {
			body := strings.Repeat(".", at) + " " + row.text + strings.Repeat(" .", 4000)
			if got := keep(t, redact.New(value), wire(body, nil)).Response.Body; strings.Contains(got, row.part) {
				t.Fatalf("%s at byte %d: the body ends in %q", name, at, got[max(0, len(got)-60):])
			}
		}
	}
}
