package vu_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/jsapi"
	"github.com/plimsoll-load/plimsoll/jsapi/all"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/script"
	"github.com/plimsoll-load/plimsoll/runtime/vu"
)

// What modules may ask of a virtual user.
var (
	_ jsapi.Host        = (*vu.User)(nil)
	_ jsapi.Connector   = (*vu.User)(nil)
	_ jsapi.Recorder    = (*vu.User)(nil)
	_ jsapi.Loop        = (*vu.User)(nil)
	_ jsapi.Timers      = (*vu.User)(nil)
	_ jsapi.Registrar   = (*vu.User)(nil)
	_ jsapi.Identity    = (*vu.User)(nil)
	_ jsapi.Environment = (*vu.User)(nil)
	_ jsapi.Console     = (*vu.User)(nil)
	_ jsapi.Files       = (*vu.User)(nil)
	_ jsapi.Planned     = (*vu.User)(nil)
)

// test is a script under test, with what came of it.
type test struct {
	t       testing.TB
	names   *metric.Names
	counts  *metric.Collector
	factory *vu.Factory
	lines   []vu.Line
}

// load writes a script to a file and loads it.
func load(tb testing.TB, code string, change ...func(*vu.Config)) (*test, error) {
	tb.Helper()
	dir := tb.TempDir()
	tb.Chdir(dir)
	if err := os.WriteFile(filepath.Join(dir, "test.ts"), []byte(code), 0o644); err != nil {
		tb.Fatal(err)
	}
	binder, err := jsapi.NewBinder(append(all.Modules(), crash()))
	if err != nil {
		tb.Fatal(err)
	}
	var known []script.Module
	for _, m := range binder.Importable() {
		known = append(known, script.Module(m))
	}
	s, err := script.Load("test.ts", known)
	if err != nil {
		return nil, err
	}
	x := &test{t: tb, names: metric.NewNames()}
	x.counts = metric.NewCollector(x.names, time.Now(), 1)
	c := vu.Config{
		Script: s, Names: x.names, Buffer: x.counts.Buffer, Seed: 1,
		Bind:    func(u *vu.User) vu.Need { return binder.Bind(u) },
		Env:     map[string]string{"URL": "http://127.0.0.1:1/"},
		Console: func(l vu.Line) { x.lines = append(x.lines, l) },
	}
	for _, f := range change {
		f(&c)
	}
	x.factory, err = vu.Load(tb.Context(), c)
	return x, err
}

// start loads a script that must load, and makes its first user.
func start(tb testing.TB, code string, change ...func(*vu.Config)) (*test, *vu.User) {
	tb.Helper()
	x, err := load(tb, code, change...)
	if err != nil {
		tb.Fatalf("load: %v", err)
	}
	if err := x.factory.BeforeAll(tb.Context()); err != nil {
		tb.Fatalf("beforeAll: %v", err)
	}
	u, err := x.factory.New(tb.Context(), 1)
	if err != nil {
		tb.Fatalf("new: %v", err)
	}
	return x, u
}

// failure runs one iteration, which must fail, and returns why it did.
func (x *test) failure(u *vu.User) metric.Failure {
	x.t.Helper()
	if r := u.Iterate(x.t.Context(), "", time.Time{}); r.OK {
		x.t.Fatal("the iteration is ok, want a failure")
	}
	u.Flush()
	w := x.counts.Collect(time.Now(), 1)
	known, _ := x.names.Since(metric.Lengths{})
	for id, f := range w.Failures {
		if f.Iterations > 0 {
			return known.Failures[id]
		}
	}
	x.t.Fatal("no failure was counted")
	return metric.Failure{}
}

func (x *test) passes(u *vu.User) {
	x.t.Helper()
	if r := u.Iterate(x.t.Context(), "", time.Time{}); !r.OK {
		u.Flush()
		x.counts.Collect(time.Now(), 1)
		known, _ := x.names.Since(metric.Lengths{})
		x.t.Fatalf("the iteration failed: %+v", known.Failures)
	}
}

func (x *test) said() string {
	var text []string
	for _, l := range x.lines {
		text = append(text, l.Text)
	}
	return strings.Join(text, "\n")
}

func TestIterationCountsWhatHappened(t *testing.T) {
	x, u := start(t, `
import { scenario, check } from 'plimsoll'
scenario('one', { weight: 2, delay: '100ms' }, ({ vu, iteration }) => {
  check(vu + iteration, { 'is one': (n) => n === 1, 'is two': (n) => n === 2 })
})`)
	if r := u.Iterate(t.Context(), "", time.Time{}); r.OK || r.Pause != 100*time.Millisecond {
		t.Errorf("first iteration: %+v, want a failed one and a pause of 100ms", r)
	}
	u.Flush()
	w := x.counts.Collect(time.Now(), 1)
	started, ok, failed := w.Iterations()
	if started != 1 || ok != 0 || failed != 1 {
		t.Errorf("started %d, ok %d, failed %d; want 1, 0, 1", started, ok, failed)
	}
	if w.Checks[0].Passed != 1 || w.Checks[1].Failed != 1 {
		t.Errorf("checks: %+v, want the first passed and the second failed", w.Checks)
	}
	known, _ := x.names.Since(metric.Lengths{})
	want := metric.Failure{Kind: "check", Message: "is two", Where: "test.ts:4:3"}
	if len(known.Failures) != 2 || known.Failures[1] != want {
		t.Errorf("failures: %+v, want %+v", known.Failures, want)
	}
	if w.InFlight != 0 {
		t.Errorf("in flight: %d, want 0", w.InFlight)
	}
}

func TestFailuresNameTheirOriginalPosition(t *testing.T) {
	for name, row := range map[string]struct{ code, message, where string }{
		"exception": {`
import { scenario } from 'plimsoll'
type T = { x: number }
scenario('s', () => {
  const t: T = null as any
  return t.x
})`, "TypeError: Cannot read property 'x' of undefined", "test.ts:6:12"},
		"rejection of an async scenario": {`
import { scenario } from 'plimsoll'
scenario('s', async () => {
  await null
  throw new Error('late')
})`, "Error: late", "test.ts:5:9"},
		"rejection that nobody handles": {`
import { scenario } from 'plimsoll'
scenario('s', () => { Promise.reject(new Error('lost')) })`, "Error: lost", "test.ts:3:38"},
		"timer": {`
import { scenario } from 'plimsoll'
scenario('s', () => { setTimeout(() => { throw new Error('tick') }, 1) })`, "Error: tick", "test.ts:3:48"},
		"thrown text": {`
import { scenario } from 'plimsoll'
scenario('s', () => { throw 'text' })`, "text", "test.ts:3:23"},
		"fail": {`
import { fail } from 'k6'
export default function () { fail('enough') }`, "Error: enough", "test.ts:3:30"},
		"endless recursion": {`
import { scenario } from 'plimsoll'
scenario('s', () => { const f = () => f() + 1; f() })`, "RangeError: more than 2000 calls deep", "test.ts:3:39"},
	} {
		t.Run(name, func(t *testing.T) {
			x, u := start(t, row.code)
			want := metric.Failure{Kind: "exception", Message: row.message, Where: row.where}
			if got := x.failure(u); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
			if got := x.failure(u); got != want {
				t.Errorf("second time: got %+v, want %+v", got, want)
			}
		})
	}
}

func TestScriptThatCannotBeLoaded(t *testing.T) {
	for name, row := range map[string]struct{ code, want string }{
		"no scenario":       {`export const a = 1`, "test.ts: the script has no scenario"},
		"throws":            {"const a = 1\nthrow new Error('no')", "test.ts:2:7: Error: no"},
		"awaits for ever":   {"await new Promise(() => {}); export default () => {}", "awaits a promise that nothing can settle"},
		"rejects":           {"await null; throw new TypeError('later')", "test.ts:1:19: TypeError: later"},
		"same name twice":   {"import { scenario } from 'plimsoll'\nscenario('a', () => {})\nscenario('a', () => {})", `test.ts:3:1: TypeError: scenario: there are two scenarios named "a"`},
		"negative weight":   {"import { scenario } from 'plimsoll'\nscenario('a', { weight: -1 }, () => {})", "test.ts:2:1: TypeError: scenario: the weight of scenario \"a\" is -1"},
		"negative delay":    {"import { scenario } from 'plimsoll'\nscenario('a', { delay: '-1s' }, () => {})", "test.ts:2:1: TypeError: scenario: the delay of scenario \"a\" is -1s"},
		"all weights zero":  {"import { scenario } from 'plimsoll'\nscenario('a', { weight: 0 }, () => {})", "all scenarios have weight 0"},
		"unknown option":    {"import { scenario } from 'plimsoll'\nscenario('a', { wait: 0 }, () => {})", `test.ts:2:1: TypeError: scenario: options: there is no option "wait" of scenario "a"`},
		"check in init":     {"import { check } from 'plimsoll'\ncheck(1, { a: () => true })", "test.ts:2:1: TypeError: check: it cannot be called while"},
		"options a number":  {"export const options = 3\nexport default () => {}", "options is 3: it must be an object"},
		"option a function": {"export const options = { stages: [{ target: 1 }, { target: () => 5 }] }\nexport default () => {}", "options: stages[1].target is a function"},
		"option a Map":      {"import { options } from 'plimsoll'\noptions({ tags: new Map() })\nexport default () => {}", "options: tags is a Map, which JSON cannot hold: give Object.fromEntries(it)"},
		"option a Set":      {"export const options = { failOn: new Set(['checks']) }\nexport default () => {}", "options: failOn is a Set, which JSON cannot hold: give [...it]"},
		"option NaN":        {"export const options = { vus: NaN }\nexport default () => {}", "options: vus is NaN: give a number"},
		"option Infinity":   {"export const options = { vus: 1 / 0 }\nexport default () => {}", "options: vus is Infinity: give a number"},
		"option a promise":  {"export const options = (async () => ({ vus: 1 }))()\nexport default () => {}", "options: it is a Promise, which JSON cannot hold: await it"},
		"option a symbol":   {"export const options = { duration: Symbol('1s') }\nexport default () => {}", "options: duration is a symbol: give text"},
		"option a BigInt":   {"export const options = { vus: 10n }\nexport default () => {}", "options: vus is the BigInt 10: give a number"},
		"option in a cycle": {"const o = { a: {} }; o.a.o = o\nexport const options = o\nexport default () => {}", "Converting circular structure"},
		"option throws":     {"export const options = { get vus() { throw new Error('mine') } }\nexport default () => {}", "Error: mine"},
		"options a Map":     {"import { options } from 'plimsoll'\noptions(new Map())\nexport default () => {}", "TypeError: options: options must be an object such as { vus: 10 }, not a Map, or Object.fromEntries(it)"},
		"unknown failOn":    {"export const options = { failOn: ['x'] }\nexport default () => {}", `options.failOn has "x"`},
		"hook given twice":  {"import { beforeAll } from 'plimsoll'\nbeforeAll(() => {})\nbeforeAll(() => {})", "test.ts:3:1: TypeError: beforeAll: beforeAll was given twice"},
		"regexp flag":       {"export default () => {}\nnew RegExp(String(1), 'v')", "test.ts:2:1: SyntaxError: the flag v"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, row.code)
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Fatalf("got %v, want an error with %q", err, row.want)
			}
			var coded interface{ ExitCode() int }
			if !errors.As(err, &coded) || coded.ExitCode() != 3 {
				t.Errorf("%v has not exit code 3", err)
			}
		})
	}
}

func TestInterruptEndsEndlessLoops(t *testing.T) {
	for name, code := range map[string]string{
		"plain":         `export default () => { while (true) {} }`,
		"check":         `import { check } from 'k6'; export default () => { check(1, { a: () => { while (true) {} } }) }`,
		"group":         `import { group } from 'k6'; export default () => { group('g', () => { while (true) {} }) }`,
		"caught":        `export default () => { while (true) { try { while (true) {} } catch {} finally { } } }`,
		"microtasks":    `export default () => { const f = () => Promise.resolve().then(f); f() }`,
		"async":         `export default async () => { await null; while (true) {} }`,
		"after a timer": `export default () => { setTimeout(() => { while (true) {} }, 1) }`,
		"interval":      `export default () => { setInterval(() => {}, 1) }`,
	} {
		t.Run(name, func(t *testing.T) {
			x, err := load(t, code)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeoutCause(t.Context(), 20*time.Millisecond, errors.New("grace is over"))
			defer cancel()
			u, err := x.factory.New(ctx, 1)
			if err != nil {
				t.Fatal(err)
			}
			if got := x.failure(u); got.Kind != "interrupted" || !strings.Contains(got.Message, "grace is over") {
				t.Errorf("got %+v, want kind interrupted and its cause", got)
			}
			if r := u.Iterate(ctx, "", time.Time{}); r.OK || r.Took > time.Second {
				t.Errorf("an interrupted user ran again: %+v", r)
			}
			u.Close()
		})
	}
}
