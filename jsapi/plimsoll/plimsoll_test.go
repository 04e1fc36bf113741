package plimsoll_test

import (
	"strings"
	"testing"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/jsapi/jsapitest"
	"github.com/plimsoll-load/plimsoll/jsapi/plimsoll"
	"github.com/plimsoll-load/plimsoll/runtime/engine"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

// run runs code with the module's exports as globals.
func run(t *testing.T, loading bool, code string) (*jsapitest.Host, goja.Value, error) {
	t.Helper()
	h := jsapitest.New(t, engine.Options{}, plimsoll.Module())
	if loading {
		h.Engine = nil
	}
	v, err := h.VM().RunString(code)
	for _, f := range h.Failures {
		h.Log = append(h.Log, "failed "+f.Kind+" "+f.Message)
	}
	return h, v, err
}

func TestFunctions(t *testing.T) {
	for name, row := range map[string]struct{ code, value, log string }{
		"check that holds":       {`check(3, { a: (n) => n === 3, b: true })`, "true", ""},
		"check that fails":       {`check(3, { a: (n) => n > 3, b: () => 1, c: 0 })`, "false", "failed check a|failed check c"},
		"check in groups":        {`group('x', () => group('y', () => check(0, { a: false })))`, "false", "failed check x::y::a"},
		"check that throws":      {`try { check(0, { a: () => { throw new Error('oh') } }) } catch (e) { String(e) }`, "Error: oh", "failed check a"},
		"group ends by throwing": {`try { group('x', () => { throw 1 }) } catch {}; check(0, { a: 0 })`, "false", "failed check a"},
		"group gives its value":  {`group('x', () => 7)`, "7", ""},
		"sleep":                  {`sleep(0.25)`, "undefined", "slept 250ms"},
		"sleep for ages":         {`sleep(1e300)`, "undefined", "slept 2562047h47m16s"},
		"fail":                   {`try { fail('enough') } catch (e) { e.message + (e instanceof Error) }`, "enoughtrue", ""},
		"random seed":            {`randomSeed(3); const a = Math.random(); randomSeed(3); a === Math.random() && a > 0 && a < 1`, "true", ""},
		"scenario":               {`scenario('a', () => {}); scenario('b', { weight: 2.5, delay: '1.5s' }, () => {}); scenario('c', { delay: 20 }, () => {})`, "undefined", "scenario a 1 0s|scenario b 2.5 1.5s|scenario c 1 20ms"},
		"hooks":                  {`for (const h of [beforeAll, afterAll, beforeVU, afterVU]) h(() => {})`, "undefined", "hook beforeAll|hook afterAll|hook beforeVU|hook afterVU"},
		"options":                {`options({ vus: 3 })`, "undefined", "options vus"},
	} {
		t.Run(name, func(t *testing.T) {
			h, v, err := run(t, false, row.code)
			if err != nil {
				t.Fatal(err)
			}
			if v.String() != row.value || strings.Join(h.Log, "|") != row.log {
				t.Errorf("got %v and %q, want %s and %q", v, strings.Join(h.Log, "|"), row.value, row.log)
			}
		})
	}
}

func TestMisuseIsExplained(t *testing.T) {
	for code, want := range map[string]string{
		`check(1)`:                                       "check: checks: is undefined; give an object of functions",
		`check(1, {})`:                                   "this one has none",
		`check(1, { a: async () => true })`:              "the function is async",
		`check(1, { 'a::b': true })`:                     "must not contain",
		`group('a')`:                                     `group "a" has no function`,
		`group('a::b', () => {})`:                        "a string without",
		`group('a', async () => {})`:                     "is async",
		`sleep('soon')`:                                  "must be a number",
		`scenario(() => {})`:                             "scenario: name: is a function; give a string",
		`scenario('a')`:                                  `scenario "a" has no function`,
		`scenario('a', { weight: 1 })`:                   `scenario "a" has no function`,
		`scenario('a', 3, () => {})`:                     "scenario: options: is 3; give an object such as",
		`scenario('a', { weight: '3' }, () => {})`:       `options.weight: is "3"; give a number`,
		`scenario('a', { weight: NaN }, () => {})`:       "scenario: options.weight: is NaN; give a number",
		`scenario('a', { weight: 1n }, () => {})`:        "scenario: options.weight: is 1n; give a number",
		`scenario('a', new Map(), () => {})`:             "scenario: options: is a Map; give an object such as",
		`scenario('a', { delay: new Date() }, () => {})`: "scenario: options.delay must be a number, not a Date",
		`sleep(new Date())`:                              "sleep: seconds must be a number, not a Date",
		`sleep(Infinity)`:                                "sleep: seconds must be a number, not Infinity",
		`sleep([1])`:                                     "sleep: seconds must be a number, not an array",
		`fail({ code: 5 })`:                              "fail: message: is an object; give text, a number or a boolean, or JSON.stringify it",
		`check(1, [() => true])`:                         "check: checks: is an array; give an object of functions",
		`check(1, { ok: Promise.resolve(true) })`:        "check: checks.ok: is a promise; give a function, or what came of one, or await it",
		`check(1, { get a() { throw 'mine' } })`:         `check: checks.a: reading it threw "mine"`,
		`check(1, { a: true }, { t: {} })`:               "check: tags.t: is an object",
		`randomSeed('x')`:                                `randomSeed: seed must be a number, not "x"`,
		`options(new Set())`:                             "options: options must be an object such as { vus: 10 }, not a Set, or [...it]",
		`beforeVU({})`:                                   "beforeVU: fn must be a function, not an object",
		`scenario('a', { delay: 'later' }, () => {})`:    "is not a duration",
		`scenario('a', { weigth: 3 }, () => {})`:         `there is no option "weigth"`,
		`beforeVU(3)`:                                    "must be a function",
		`options(3)`:                                     "must be an object",
	} {
		_, _, err := run(t, false, code)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", code, err, want)
		}
	}
}

func TestJudgingWhileLoadingIsRefused(t *testing.T) {
	for _, code := range []string{`check(1, { a: true })`, `group('a', () => {})`, `fail('x')`} {
		_, _, err := run(t, true, code)
		if err == nil || !strings.Contains(err.Error(), "cannot be called while the script is loaded") {
			t.Errorf("%s: got %v, want a refusal", code, err)
		}
	}
}

func TestChecksAreCounted(t *testing.T) {
	h, _, err := run(t, false, `for (let i = 0; i < 3; i++) check(i, { 'is small': (n) => n < 2 })`)
	if err != nil {
		t.Fatal(err)
	}
	w := h.Window()
	if len(w.Checks) != 1 || w.Checks[0] != (metric.CheckWindow{Passed: 2, Failed: 1}) {
		t.Errorf("got %+v, want 2 passed and 1 failed", w.Checks)
	}
}
