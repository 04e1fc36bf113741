package vu_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/jsapi"
	"github.com/plimsoll-load/plimsoll/runtime/vu"
)

// crash is a module with a mistake.
func crash() jsapi.Module {
	boom := func(_ jsapi.Host, call goja.FunctionCall) goja.Value {
		arguments := call.Arguments[:0]
		return arguments[len(arguments)] // out of range: Go panics
	}
	later := func(h jsapi.Host, call goja.FunctionCall) goja.Value {
		resolve := jsapi.Need[jsapi.Loop](h).Await()
		resolve(func() { boom(h, call) })
		return nil
	}
	return jsapi.Define(jsapi.Module{Name: "test/crash"}, func(h jsapi.Host) jsapi.Host { return h },
		jsapi.Function("boom", "(): void", "Panics.", boom),
		jsapi.Function("later", "(): void", "Panics in the event loop.", later))
}

const imports = "import { boom, later } from 'test/crash'\nimport { scenario, beforeAll, afterAll, beforeVU, afterVU } from 'plimsoll'\n"

func TestAPanicIsAFailedIterationAndTheUserIsReplaced(t *testing.T) {
	for name, body := range map[string]string{
		"called":       `boom()`,
		"caught":       `try { boom() } catch {} finally { console.log('not reached') }`,
		"in a timer":   `setTimeout(boom, 1); setTimeout(() => console.log('not reached'), 1)`,
		"in the loop":  `later(); later()`,
		"in a promise": `Promise.resolve().then(boom)`,
		"in a getter":  `JSON.stringify({ get a() { boom() } })`,
		"in a sort":    `[2, 1].sort(boom)`,
		"shown":        `throw { toString: boom }`,
	} {
		t.Run(name, func(t *testing.T) {
			x, u := start(t, imports+`
beforeVU(({ vu }) => { console.log('vu ' + vu) })
scenario('s', ({ iteration }) => { if (iteration === 1) { `+body+` } })`)
			x.passes(u)
			if name == "shown" {
				if x.failure(u); !u.Broken() {
					t.Error("the user is not broken")
				}
			} else if got := x.failure(u); got.Kind != "internal" || !strings.Contains(got.Message, "out of range") {
				t.Errorf("got %+v, want kind internal with the panic's text", got)
			}
			if !u.Broken() {
				t.Fatal("the user goes on with a VM that is in no known state")
			}
			fresh, err := u.Replace(t.Context())
			if err != nil || fresh == u || fresh.Broken() {
				t.Fatalf("it was not replaced: %v", err)
			}
			x.passes(fresh) // iteration 2: it goes on where the other was
			fresh.Close()
			if got := x.said(); got != "vu 1\nvu 1" {
				t.Errorf("the script said %q, want beforeVU twice and nothing after the panic", got)
			}
			n, first := x.factory.Faults()
			if n != 1 || !strings.Contains(first.Stack, "fault_test.go") || !strings.Contains(first.Hint(), "report it at https://") {
				t.Errorf("%d faults, the first %+v", n, first)
			}
		})
	}
}

func TestAUserThatCannotBeReplacedFailsAndIsTriedAgain(t *testing.T) {
	env := map[string]string{}
	x, u := start(t, imports+"beforeVU(() => { if (__ENV.FAIL) throw new Error('no') })\nscenario('s', () => boom())",
		func(c *vu.Config) { c.Env = env })
	x.failure(u)
	env["FAIL"] = "1"
	old, err := u.Replace(t.Context())
	if err == nil || old != u {
		t.Fatalf("it was replaced although beforeVU throws (%v)", err)
	}
	if got := x.failure(u); got.Kind != "internal" || !strings.Contains(got.Message, "broke this virtual user") {
		t.Errorf("a broken user's iteration: %+v", got)
	}
	delete(env, "FAIL")
	fresh, err := u.Replace(t.Context())
	if err != nil || fresh == u {
		t.Fatalf("it was not replaced: %v", err)
	}
	if n, _ := x.factory.Faults(); n != 1 {
		t.Errorf("%d faults, want the one", n)
	}
}

func TestAPanicInAHookIsAnError(t *testing.T) {
	for name, row := range map[string]struct {
		code string
		run  func(*test) error
	}{
		"top level": {imports + "boom()\nscenario('s', () => {})", nil},
		"beforeAll": {imports + "beforeAll(() => boom())\nscenario('s', () => {})", func(x *test) error { return x.factory.BeforeAll(x.t.Context()) }},
		"its value": {imports + "beforeAll(() => ({ toJSON: boom }))\nscenario('s', () => {})", func(x *test) error { return x.factory.BeforeAll(x.t.Context()) }},
		"afterAll":  {imports + "afterAll(() => boom())\nscenario('s', () => {})", func(x *test) error { return x.factory.AfterAll(x.t.Context()) }},
		"beforeVU": {imports + "beforeVU(() => boom())\nscenario('s', () => {})", func(x *test) error {
			_, err := x.factory.New(x.t.Context(), 1)
			return err
		}},
	} {
		x, err := load(t, row.code)
		if row.run != nil {
			if err != nil {
				t.Fatal(err)
			}
			err = row.run(x)
		}
		if err == nil || !strings.Contains(err.Error(), "internal error") {
			t.Errorf("%s: got %v, want an internal error", name, err)
		}
		var f *vu.FaultError
		if row.run == nil && (!errors.As(err, &f) || f.ExitCode() != 1) {
			t.Errorf("%s: %v has not exit code 1", name, err)
		}
	}
	x, u := start(t, imports+"afterVU(() => boom())\nscenario('s', () => {})")
	u.Iterate(t.Context(), "", time.Time{})
	u.Close()
	if n, _ := x.factory.Faults(); n != 1 || !strings.Contains(x.said(), "internal error in afterVU") {
		t.Errorf("afterVU: %d faults, said %q", n, x.said())
	}
}
