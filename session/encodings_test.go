package session_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/plan"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/session"
)

// Which encodings of bodies are not known is told once each, and of a server that makes them up no more than ten.
func TestUnknownEncodingsAreTold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		encodings []string // of the responses, in turn
		want      []string // told, with quotes
	}{
		"none":                   {[]string{"", "identity"}, nil},
		"known ones":             {[]string{"identity", ""}, nil},
		"one, often":             {[]string{"own", "own", "own"}, []string{`"own"`}},
		"two":                    {[]string{"own", "other"}, []string{`"own"`, `"other"`}},
		"stacked":                {[]string{"identity, own"}, []string{`"own"`}},
		"over a known one":       {[]string{"own, gzip"}, []string{`"own"`}},
		"with control bytes":     {[]string{"a\tb"}, []string{`"a`}},
		"in another language":    {[]string{"naïve"}, []string{`"naïve"`}},
		"a secret, as a name":    {[]string{"hunter2222"}, []string{`"***"`}},
		"long":                   {[]string{strings.Repeat("x", 500)}, []string{`"` + strings.Repeat("x", 40) + `"`}},
		"made up, more and more": {strings.Split("a1 a2 a3 a4 a5 a6 a7 a8 a9 b1 b2 b3", " "), []string{`"a1"`, `"b1"`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if e := c.encodings[n%len(c.encodings)]; e != "" {
					w.Header().Set("Content-Encoding", e)
				}
				n++ // one user asks
				fmt.Fprint(w, "as it came")
			}))
			defer server.Close()
			seen := newWitness()
			run(t, session.Options{
				Script: script(t, "import http from 'plimsoll/http'\nimport { check } from 'plimsoll'\nexport default () => { check(http.get(__ENV.SERVER_URL), { came: (r) => r.body === 'as it came' }) }"),
				Env:    []string{"SERVER_URL=" + server.URL}, Secret: []string{"KEY=hunter2222"}, Mode: plan.Run, Monitor: []string{"none"},
				Settings: map[string]string{"iterations": fmt.Sprint(2 * len(c.encodings))}, Sinks: []session.Sink{seen},
			})
			var told []string
			for _, row := range seen.rows {
				if e, ok := row.(*record.Event); ok && strings.Contains(e.Message, "Content-Encoding") {
					told = append(told, e.Message)
				}
			}
			most := min(len(c.want), 10)
			if len(c.encodings) > 10 {
				most = 10
			}
			if len(told) != most {
				t.Fatalf("told %q, want %d of them", told, most)
			}
			for _, want := range c.want {
				if strings.Count(strings.Join(told, "\n"), want) != 1 {
					t.Errorf("told %q, want %s once", told, want)
				}
			}
		})
	}
}
