package vu_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/vu"
)

// parted loads a script and its parts, and makes the first user.
func parted(t *testing.T, code string, mix bool, parts ...vu.Part) (*test, *vu.User) {
	t.Helper()
	x, err := load(t, code)
	if err != nil {
		t.Fatal(err)
	}
	if err := x.factory.Assign(parts, mix); err != nil {
		t.Fatal(err)
	}
	if err := x.factory.BeforeAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	u, err := x.factory.New(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	return x, u
}

// counted are the iterations that began, by scenario.
func (x *test) counted(u *vu.User) map[string]uint64 {
	u.Flush()
	w := x.counts.Collect(time.Now(), 1)
	known, _ := x.names.Since(metric.Lengths{})
	begun := map[string]uint64{}
	for id, s := range w.Scenarios {
		if s.Started > 0 {
			begun[known.Scenarios[id]] = s.Started
		}
	}
	return begun
}

// exporting has a function of each kind that a part may name.
const exporting = `
import { scenario } from 'plimsoll'
export const options = { scenarios: { a: {} } }
export function setup() { return { n: 7 } }
export function f(data) { console.log('f', data.n, __ENV.WHO, __ENV.URL) }
export const g = async (data) => { await null; console.log('g', data.n, __ENV.WHO) }
const local = () => console.log('h')
export { local as h }
export const notAFunction = 5
`

func TestPartsRunWhatTheyName(t *testing.T) {
	for _, tt := range []struct {
		name, more string
		part       vu.Part
		says       string
	}{
		{"an exported function", "", vu.Part{Name: "a", Exec: "f"}, "f 7 undefined http://127.0.0.1:1/"},
		{"with an environment", "", vu.Part{Name: "a", Exec: "f", Env: map[string]string{"WHO": "x", "URL": "other"}}, "f 7 x other"},
		{"an exported constant, async", "", vu.Part{Name: "a", Exec: "g"}, "g 7 undefined"},
		{"exported under another name", "", vu.Part{Name: "a", Exec: "h"}, "h"},
		{"the default function", "export default (data) => console.log('default', data.n)", vu.Part{Name: "a"}, "default 7"},
		{"default by name", "export default (data) => console.log('default', data.n)", vu.Part{Name: "a", Exec: "default"}, "default 7"},
		{"a scenario of the script", "scenario('s', ({ vu, iteration }) => console.log('s', vu, iteration, __ENV.WHO))", vu.Part{Name: "a", Exec: "s", Env: map[string]string{"WHO": "x"}}, "s 1 0 x"},
		{"the scenario of its own name", "scenario('a', () => console.log('own'))\nexport default () => console.log('default')", vu.Part{Name: "a"}, "own"},
		{"the scenario of its own name, named", "scenario('a', () => console.log('own'))", vu.Part{Name: "a", Exec: "a"}, "own"},
		{"what the VU picks", "scenario('s', () => console.log('picked', __ENV.WHO))\nscenario('never', { weight: 0 }, () => {})", vu.Part{Name: "a", Env: map[string]string{"WHO": "x"}}, "picked x"},
		{"another one than default, as default", "export default () => console.log('default')", vu.Part{Name: "default", Exec: "h"}, "h"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x, u := parted(t, exporting+tt.more, false, tt.part)
			if r := u.Iterate(t.Context(), tt.part.Name, time.Time{}); !r.OK || x.said() != tt.says {
				t.Errorf("%+v: said %q, want %q", r, x.said(), tt.says)
			}
			if got := x.counted(u); len(got) != 1 || got[tt.part.Name] != 1 {
				t.Errorf("iterations are counted as %v, want one of %s", got, tt.part.Name)
			}
		})
	}
}

func TestPartsThatHaveNothingToRun(t *testing.T) {
	for _, tt := range []struct {
		name, code string
		part       vu.Part
		want       string
		known      []string
	}{
		{"no such function", exporting, vu.Part{Name: "a", Exec: "ff"}, "neither exports as a function", []string{"setup", "f", "g", "h"}},
		{"no function", exporting, vu.Part{Name: "a", Exec: "notAFunction"}, "neither exports", nil},
		{"not exported", exporting, vu.Part{Name: "a", Exec: "local"}, "neither exports", nil},
		{"options", exporting, vu.Part{Name: "a", Exec: "options"}, "neither exports", nil},
		{"of Object's prototype", exporting, vu.Part{Name: "a", Exec: "toString"}, "neither exports", nil},
		{"nothing", exporting, vu.Part{Name: "a"}, "has no exec, and the script has no default function", nil},
		{"nothing that is ever picked", exporting + "scenario('s', { weight: 0 }, () => {})", vu.Part{Name: "a"}, "has no exec", nil},
		{"the name of another scenario", exporting + "scenario('a', () => {}); scenario('b', () => {})", vu.Part{Name: "a", Exec: "b"}, "has the name of a scenario that the script declares", nil},
	} {
		x, err := load(t, tt.code)
		if err != nil {
			t.Fatal(err)
		}
		e := new(vu.PartError)
		if err := x.factory.Assign([]vu.Part{tt.part}, false); !errors.As(err, &e) || !strings.Contains(e.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
		for _, name := range tt.known {
			if !slices.Contains(e.Known, name) {
				t.Errorf("%s: known are %v, without %s", tt.name, e.Known, name)
			}
		}
	}
}

func TestPartsAsAMix(t *testing.T) {
	parts := []vu.Part{{Name: "a", Exec: "f"}, {Name: "b", Exec: "h"}}
	for _, tt := range []struct {
		name, more string
		mix        bool
		want       map[string]uint64
	}{
		{"nothing else to pick", "", false, map[string]uint64{"a": 5, "b": 5}},
		{"beside a default function", "export default () => {}", false, map[string]uint64{"default": 10}},
		{"beside a default function, as a mix", "export default () => {}", true, map[string]uint64{"a": 5, "b": 5}},
		{"beside scenarios, as a mix", "scenario('s', () => {})", true, map[string]uint64{"s": 10}},
		{"beside scenarios of no weight", "scenario('s', { weight: 0 }, () => {})", false, map[string]uint64{"a": 5, "b": 5}},
	} {
		x, u := parted(t, exporting+tt.more, tt.mix, parts...)
		for range 10 {
			x.passes(u)
		}
		got := x.counted(u)
		if len(got) != len(tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
		for name, n := range tt.want {
			if got[name] < n-1 || got[name] > n+1 {
				t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
			}
		}
	}
}

// TestTagsOfAPart: its samples have them, and those of others and of hooks have not.
func TestTagsOfAPart(t *testing.T) {
	x, u := parted(t, `
import { check } from 'k6'
import { beforeVU, afterVU } from 'plimsoll'
export const options = { scenarios: { a: {} } }
beforeVU(() => { check(1, { ok: true }) })
afterVU(() => { check(1, { ok: true }) })
export function f() { check(1, { ok: true }) }
`, false, vu.Part{Name: "a", Exec: "f", Tags: map[string]string{"kind": "x", "more": "y"}}, vu.Part{Name: "b", Exec: "f"})
	all, err := x.counts.Subscribe("checks")
	if err != nil {
		t.Fatal(err)
	}
	tagged, err := x.counts.Subscribe("checks", metric.Tag{Key: "kind", Value: "x"})
	if err != nil {
		t.Fatal(err)
	}
	iterations, err := x.counts.Subscribe("iterations", metric.Tag{Key: "kind", Value: "x"}, metric.Tag{Key: "more", Value: "y"})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b", "a", "a"} {
		u.Iterate(t.Context(), name, time.Time{})
	}
	u.Close()
	w := x.counts.Collect(time.Now(), 1)
	for what, c := range map[string]struct {
		id   metric.SeriesID
		want uint64
	}{"checks after the users' start": {all, 5}, "tagged checks": {tagged, 3}, "tagged iterations": {iterations, 3}} {
		if got := w.Series[c.id].Count; got != c.want {
			t.Errorf("%d %s, want %d", got, what, c.want)
		}
	}
}

func TestAPartOfAReplacedUser(t *testing.T) {
	_, u := parted(t, exporting, false, vu.Part{Name: "a", Exec: "f", Env: map[string]string{"WHO": "x"}})
	fresh, err := u.Replace(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r := fresh.Iterate(t.Context(), "a", time.Time{}); !r.OK {
		t.Errorf("%+v", r)
	}
}

// planned is the cause of what a plan cuts off.
type planned struct{}

func (planned) Error() string { return "no more time" }
func (planned) Planned() bool { return true }

// TestWhatThePlanCutsOffHasNotFailed, and what ended before, or failed by itself, counts.
func TestWhatThePlanCutsOffHasNotFailed(t *testing.T) {
	for _, tt := range []struct {
		name, code string
		cause      error
		ok, failed uint64
	}{
		{"by the plan", "sleep(60)", planned{}, 0, 0},
		{"by the plan, wrapped", "sleep(60)", fmt.Errorf("so: %w", planned{}), 0, 0},
		{"in a loop", "while (true) {}", planned{}, 0, 0},
		{"in a promise", "return new Promise((done) => setTimeout(done, 60000))", planned{}, 0, 0},
		{"after a grace period", "sleep(60)", errors.New("grace is over"), 0, 1},
		{"not at all", "", nil, 1, 0},
		{"not at all, and it failed", "throw new Error('x')", nil, 0, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x, err := load(t, "import { sleep } from 'k6'\nexport default () => { "+tt.code+" }")
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			u, err := x.factory.New(ctx, 1)
			if err != nil {
				t.Fatal(err)
			}
			if tt.cause != nil {
				time.AfterFunc(20*time.Millisecond, func() { cancel(tt.cause) })
			}
			u.Iterate(ctx, "", time.Time{})
			u.Close()
			cancel(nil)
			w := x.counts.Collect(time.Now(), 1)
			started, ok, failed := w.Iterations()
			if started != 1 || ok != tt.ok || failed != tt.failed || w.InFlight != 0 {
				t.Errorf("%d started, %d ok, %d failed, %d under way; want 1, %d, %d, 0", started, ok, failed, w.InFlight, tt.ok, tt.failed)
			}
		})
	}
}

// TestARequestThatThePlanCutsOffDoesNotCount, although it was sent.
func TestARequestThatThePlanCutsOffDoesNotCount(t *testing.T) {
	for _, tt := range []struct {
		cause  error
		failed uint64 // requests
	}{{planned{}, 0}, {errors.New("grace is over"), 1}} {
		arrived, release := make(chan struct{}, 1), make(chan struct{})
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/slow" {
				arrived <- struct{}{}
				<-release
			}
		}))
		x, err := load(t, "import http from 'k6/http'\nexport default () => { http.get(__ENV.SLOW + '/'); http.get(__ENV.SLOW + '/slow') }",
			func(c *vu.Config) { c.Env = map[string]string{"SLOW": server.URL} })
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		u, err := x.factory.New(ctx, 1)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			<-arrived
			cancel(tt.cause)
		}()
		u.Iterate(ctx, "", time.Time{})
		u.Close()
		close(release)
		server.Close()
		w := x.counts.Collect(time.Now(), 1)
		var ok, failed uint64
		for _, e := range w.Endpoints {
			ok, failed = ok+e.OK, failed+e.Failed
		}
		if ok != 1 || failed != tt.failed {
			t.Errorf("%v: %d requests ok, %d failed; want 1 and %d", tt.cause, ok, failed, tt.failed)
		}
	}
}
