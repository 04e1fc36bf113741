package redact_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/failure"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/redact"
)

func TestLineKeepsNoSecret(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Authorization: Basic c2VjcmV0OnNlY3JldA==":        "Authorization: [redacted]",
		"GET /a?token=abc&page=2":                          "GET /a?token=[redacted]&page=2",
		"GET /a?page=2&api_key=abc":                        "GET /a?page=2&api_key=[redacted]",
		"http://bob:pw@host/x":                             "http://[redacted]@host/x",
		"set-cookie: sid=1; Path=/":                        "set-cookie: [redacted]",
		`{"password":"hunter2","name":"bob"}`:              `{"password":"[redacted]","name":"bob"}`,
		"sent Bearer abcdefghijklmnop to it":               "sent [redacted] to it",
		"AKIAIOSFODNN7EXAMPLE":                             "[redacted]",
		"Cookie: [redacted:12B]":                           "Cookie: [redacted:12B]",
		"X-Auth-Token: [redacted:12B]":                     "X-Auth-Token: [redacted:12B]",
		"Cookie: [redacted:12B] and more":                  "Cookie: [redacted]",
		"token=[redacted:12B":                              "token=[redacted]",
		"the token is a word, and so is secret":            "the token is a word, and so is secret",
		"GET /v1/buckets/load/collections/:id/records/:id": "GET /v1/buckets/load/collections/:id/records/:id",
	} {
		if got := redact.Line(in); got != want {
			t.Errorf("Line(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestURLKeepsNoSecret(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://u:p@example.org/x.git":           "https://example.org/x.git",
		"https://token@example.org/x":             "https://example.org/x",
		"https://u:p@ss@example.org/x":            "https://example.org/x",
		"https://example.org/x?private_token=t":   "https://example.org/x",
		"https://example.org/x#frag":              "https://example.org/x",
		"ssh://git@example.org/x":                 "ssh://git@example.org/x",
		"ssh://git:p@example.org/x":               "ssh://example.org/x",
		"git@example.org:x.git":                   "git@example.org:x.git",
		"ssh://ghp_16C7e42F292c6912@github.com/x": "ssh://github.com/x",
		"ghp_16C7e42F292c6912@github.com:o/r":     "***@github.com:o/r",
		"user:TOKEN@host.example/x":               "***@host.example/x",
		"--repo=user:TOKEN@host.example/x":        "--repo=***@host.example/x",
		"--repo=https://user:p@host.example/x":    "--repo=https://host.example/x",
		"https://user:to/ken@host.example/x":      "https://***@host.example/x",
		"user@example.org":                        "user@example.org",
		"EMAIL=user@example.org":                  "EMAIL=user@example.org",
		"file:///home/me@work/x.git":              "file:///home/me@work/x.git",
		"loadtest.js":                             "loadtest.js",
	} {
		if got := redact.URL(raw); got != want {
			t.Errorf("URL(%q) = %q, want %q", raw, got, want)
		}
	}
}

func TestHideTakesTheLongestFirst(t *testing.T) {
	t.Parallel()
	r := redact.New("pass", "password", "a", "p ss/wd")
	for text, want := range map[string]string{
		"the password":       "the ***",
		"to pass":            "to ***",
		"a b":                "a b", // too short to be looked for
		"/login?p=p+ss%2Fwd": "/login?p=***",
		"/p%20ss%2Fwd/x":     "/***/x",
		"two\nlines":         "two\nlines",
	} {
		if got := r.Hide(text); got != want {
			t.Errorf("Hide(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestArgsKeepNoSecret(t *testing.T) {
	t.Parallel()
	got := redact.Args([]string{"plimsoll", "run", "--api-key", "k1", "--env=TOKEN=k2", "-e", "DB_PASSWORD=k3", "--repo", "https://u:k4@example.org/x?t=k5", "x.js"})
	want := "plimsoll run --api-key [redacted] --env=TOKEN=[redacted] -e DB_PASSWORD=[redacted] --repo https://example.org/x x.js"
	if strings.Join(got, " ") != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestNoTextOfAnyRowIsLeftOut fills each text of each kind of row, also of those that later versions add.
func TestNoTextOfAnyRowIsLeftOut(t *testing.T) {
	t.Parallel()
	const secret = "hunter2-hunter2"
	r := redact.New(secret)
	for _, row := range []any{
		&record.Run{}, &record.Names{}, &record.Window{}, &record.Resources{}, &record.Hold{}, &record.Event{}, &record.Error{}, &record.End{},
	} {
		texts := fill(reflect.ValueOf(row).Elem(), secret)
		before, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		if kind := reflect.TypeOf(row); texts == 0 && kind != reflect.TypeFor[*record.Window]() || strings.Count(string(before), secret) < texts {
			t.Fatalf("%v: %d texts were filled, not all are in %s", kind, texts, before)
		}
		got, err := json.Marshal(r.Row(row))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(got), secret) {
			t.Errorf("%T still tells the secret: %s", row, got)
		}
		if strings.Count(string(got), "***") < texts {
			t.Errorf("%T lost more than the secret: %s", row, got)
		}
		if after, _ := json.Marshal(row); string(after) != string(before) {
			t.Errorf("%T was changed in place: %s", row, after)
		}
	}
}

func TestLinesOfARowStayLines(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 1000)
	row := &record.Error{Where: "a\nb", Detail: "at f\nat hunter2-hunter2\n" + long, Exchange: &failure.Exchange{
		URL: "http://host/?token=abc\nX: y", Request: &failure.Message{Head: "GET /\nCookie: sid=1\nX: y", Body: "a\x1b\nb"},
	}}
	got := redact.New("hunter2-hunter2").Row(row).(*record.Error)
	for text, want := range map[string]string{
		got.Where: "a b", got.Detail: "at f\nat ***\n" + long, got.Exchange.URL: "http://host/?token=[redacted] X: y",
		got.Exchange.Request.Head: "GET /\nCookie: [redacted]\nX: y", got.Exchange.Request.Body: "a\uFFFD\nb",
	} {
		if text != want {
			t.Errorf("%q, want %q", text, want)
		}
	}
}

func TestARowWithoutSecretsIsNotCopied(t *testing.T) {
	t.Parallel()
	row := &record.Run{Tool: "plimsoll", Settings: []plan.Setting{{Name: "vus", Value: "1"}}}
	if got := redact.Row(row); got != row {
		t.Errorf("got %p, want %p", got, row)
	}
}

// fill puts text into each text that v leads to, and makes what lists and pointers need for that; it returns how many.
func fill(v reflect.Value, text string) (n int) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("x " + text)
		return 1
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return fill(v.Elem(), text)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		return fill(v.Index(0), text)
	case reflect.Map:
		elem := reflect.New(v.Type().Elem()).Elem()
		n = fill(elem, text)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("key").Convert(v.Type().Key()), elem)
		return n
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() && v.Type().Field(i).Tag.Get("json") != "-" {
				n += fill(f, text)
			}
		}
	default: // no text
	}
	return n
}
