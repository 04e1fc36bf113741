package vu_test

import (
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/failure"
	"github.com/plimsoll-load/plimsoll/runtime/redact"
	"github.com/plimsoll-load/plimsoll/runtime/vu"
)

// keeping gives the users of a test a Keeper.
func keeping(k *failure.Keeper) func(*vu.Config) {
	return func(c *vu.Config) { c.Keep = k }
}

func TestExamplesSayWhoseAndWhere(t *testing.T) {
	url, _ := server(t)
	const head = "import { scenario, beforeVU, check, fail } from 'plimsoll'\nimport http from 'plimsoll/http'\nconst U = __ENV.URL\n"
	for name, tt := range map[string]struct {
		code, scenario, where, stack string
		asked                        string // what the exchange asked for; empty: there is none
	}{
		"a request":               {"scenario('s', {}, () => {\nhttp.get(U + '/missing') })", "s", "test.ts:5:", "", "/missing"},
		"a request of beforeVU":   {"beforeVU(() => {\nhttp.get(U + '/missing') })\nscenario('s', {}, () => {})", "beforeVU", "test.ts:5:", "", "/missing"},
		"a check":                 {"scenario('c', {}, () => {\ncheck(http.get(U + '/a'), { ok: () => false }) })", "c", "test.ts:5:", "", "/a"},
		"a check, no request":     {"scenario('c', {}, () => {\ncheck(1, { ok: () => false }) })", "c", "test.ts:5:", "", ""},
		"an exception":            {"function f() { throw new Error('x') }\nscenario('e', {}, () => {\nf() })", "e", "test.ts:4:", "at f (test.ts:4:", ""},
		"an exception, requests":  {"scenario('e', {}, () => {\nhttp.get(U + '/1'); http.get(U + '/2'); throw new Error('x') })", "e", "test.ts:5:", "at ", "/2"},
		"fail":                    {"scenario('e', {}, () => {\nfail('x') })", "e", "test.ts:5:", "at ", ""},
		"a rejection":             {"scenario('r', {}, async () => {\nawait null; throw new Error('x') })", "r", "test.ts:5:", "at ", ""},
		"what is no Error":        {"scenario('r', {}, () => Promise.reject('x'))", "r", "", "", ""},
		"a request with others":   {"scenario('b', {}, () => {\nhttp.batch([U + '/missing', U + '/a']) })", "b", "test.ts:5:", "", "/missing"},
		"a call with no such URL": {"scenario('e', {}, () => {\nhttp.get(U + '/1'); http.get({}) })", "e", "test.ts:5:", "at ", ""},
		"a deep stack":            {"function f(n) { if (n === 0) throw new Error('x'); f(n - 1) }\nscenario('e', {}, () => {\nf(50) })", "e", "test.ts:4:", "…", ""},
	} {
		k := failure.NewKeeper(redact.New())
		_, u := start(t, head+tt.code, at(url), keeping(k))
		u.Iterate(t.Context(), "", time.Time{})
		kept := k.Drain()
		if len(kept) != 1 {
			t.Errorf("%s: %d examples, want one: %+v", name, len(kept), kept)
			continue
		}
		e := kept[0]
		if e.VU != 1 || e.Iteration != 0 || e.Scenario != tt.scenario || !strings.HasPrefix(e.Where, tt.where) || tt.where == "" && e.Where != "" {
			t.Errorf("%s: of user %d, iteration %d of %q at %q; want 1, 0, %q, %q", name, e.VU, e.Iteration, e.Scenario, e.Where, tt.scenario, tt.where)
		}
		if !strings.Contains(e.Stack, tt.stack) || tt.stack == "" && e.Stack != "" || strings.Count(e.Stack, "\n") > 11 {
			t.Errorf("%s: the stack is %q, want %q in it", name, e.Stack, tt.stack)
		}
		if x := e.Exchange; x == nil != (tt.asked == "") || x != nil && x.URL != url+tt.asked {
			t.Errorf("%s: the exchange is %+v, want one of %q", name, x, tt.asked)
		}
	}
}

func TestAnExchangeIsOfItsOwnIteration(t *testing.T) {
	url, _ := server(t)
	k := failure.NewKeeper(redact.New())
	_, u := start(t, `import { scenario, fail } from 'plimsoll'
import http from 'plimsoll/http'
scenario('s', {}, ({ iteration }) => { if (iteration === 0) http.get(__ENV.URL + '/a'); else fail('x') })`, at(url), keeping(k))
	u.Iterate(t.Context(), "", time.Time{})
	u.Iterate(t.Context(), "", time.Time{})
	if kept := k.Drain(); len(kept) != 1 || kept[0].Exchange != nil || kept[0].Iteration != 1 {
		t.Errorf("%+v, want one example without the exchange of the iteration before", kept)
	}
}
