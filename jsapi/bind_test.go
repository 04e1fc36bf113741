package jsapi_test

import (
	"strings"
	"testing"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/jsapi"
)

// host has a VM, which is all that binding needs.
type host struct{ vm *goja.Runtime }

func (h host) VM() *goja.Runtime { return h.vm }

// counter is a module's instance.
type counter struct {
	vm    *goja.Runtime
	calls int
	all   *int // of a run
}

func (c *counter) count(goja.FunctionCall) goja.Value { c.calls++; return c.vm.ToValue(c.calls) }
func (c *counter) three() any                         { return 3 }
func (c *counter) now() any                           { return c.calls }
func (c *counter) total(goja.FunctionCall) goja.Value { *c.all++; return c.vm.ToValue(*c.all) }

func bind(t *testing.T, modules ...jsapi.Module) (vm *goja.Runtime, need func(module, name string) goja.Value) {
	t.Helper()
	b, err := jsapi.NewBinder(modules)
	if err != nil {
		t.Fatal(err)
	}
	h := host{goja.New()}
	return h.vm, b.Bind(h)
}

func set(t *testing.T, vm *goja.Runtime, values map[string]goja.Value) {
	t.Helper()
	for name, v := range values {
		if err := vm.Set(name, v); err != nil {
			t.Fatal(err)
		}
	}
}

func TestModuleIsBoundOnceAndSharedByItsNames(t *testing.T) {
	bound := 0
	m := jsapi.Define(jsapi.Module{Name: "m", Aliases: []string{"other"}}, func(h jsapi.Host) *counter { bound++; return &counter{vm: h.VM()} },
		jsapi.Function("count", "(): number", "Counts.", (*counter).count),
		jsapi.Value("three", ": number", "Is three.", (*counter).three),
		jsapi.Live("now", ": number", "How many.", (*counter).now),
	)
	vm, need := bind(t, m)
	set(t, vm, map[string]goja.Value{"first": need("m", "count"), "second": need("other", "count"), "all": need("other", "default")})
	got, err := vm.RunString(`
first(); second(); all.count()
const before = Object.keys(all).join() + all.three + ("nope" in all) + all.now
all.count = () => 'replaced'
all.own = 1
before + all.count() + first() + all.now + Object.keys(all).join() + (delete all.own) + all.own`)
	if err != nil {
		t.Fatal(err)
	}
	if want := "count,three,now3false3replaced44count,three,now,owntrueundefined"; got.String() != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if bound != 1 {
		t.Errorf("the module was bound %d times, want once", bound)
	}
	if v := need("nothing", "x"); !goja.IsUndefined(v) {
		t.Errorf("got %v of no module, want undefined", v)
	}
}

func TestStateIsOneForARunAndInstancesAreOneForAVM(t *testing.T) {
	m := jsapi.DefineShared(jsapi.Module{Name: "m"}, func() *int { return new(int) },
		func(h jsapi.Host, all *int) *counter { return &counter{vm: h.VM(), all: all} },
		jsapi.Function("count", "(): number", "Counts.", (*counter).count),
		jsapi.Function("total", "(): number", "Counts for all.", (*counter).total),
	)
	var got string
	for range 2 { // runs
		b, err := jsapi.NewBinder([]jsapi.Module{m})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // VMs
			h := host{goja.New()}
			set(t, h.vm, map[string]goja.Value{"m": b.Bind(h)("m", "default")})
			v, err := h.vm.RunString(`'' + m.count() + m.total() + ' '`)
			if err != nil {
				t.Fatal(err)
			}
			got += v.String()
		}
	}
	if want := "11 12 11 12 "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestGlobalsAreMadeWhenAskedFor(t *testing.T) {
	vm, need := bind(t, jsapi.Define(jsapi.Module{Name: "globals", Global: true}, func(h jsapi.Host) *counter { return &counter{vm: h.VM()} },
		jsapi.Function("count", "(): number", "Counts.", (*counter).count),
		jsapi.Live("now", ": number", "How many.", (*counter).now),
	))
	if need("", "nope") != nil || !goja.IsUndefined(need("globals", "count")) {
		t.Error("globals cannot be imported, and what is none is nil")
	}
	if a, b := need("", "count"), vm.Get("count"); a != b {
		t.Errorf("the global object has %v, want the function that was given", b)
	}
	if _, err := vm.RunString(`count()`); err != nil {
		t.Fatal(err)
	}
	if got := need("", "now"); got.ToInteger() != 1 || vm.Get("now") != nil {
		t.Errorf("got %v, want 1, read anew each time", got)
	}
}

// tally is what an object of the class in the next test holds.
type tally struct{ n int64 }

func TestClass(t *testing.T) {
	m := jsapi.Define(jsapi.Module{Name: "m"}, func(h jsapi.Host) *counter { return &counter{vm: h.VM()} },
		jsapi.Class("Tally", "{\n  constructor(from: number);\n}", "Counts up.",
			func(_ *counter, call goja.ConstructorCall) *tally { return &tally{call.Argument(0).ToInteger()} },
			jsapi.MethodOf("add", "(n: number): number", "Adds.", func(c *counter, t *tally, call goja.FunctionCall) goja.Value {
				t.n += call.Argument(0).ToInteger()
				return c.vm.ToValue(t.n)
			})))
	vm, need := bind(t, m)
	set(t, vm, map[string]goja.Value{"Tally": need("m", "Tally")})
	for code, want := range map[string]string{
		`const a = new Tally(5), b = new Tally(1); a.add(2); b.add(1) + '' + a.add(0)`:                                                   "27",
		`const t = new Tally(0); [t instanceof Tally, t.constructor === Tally, Tally.name, Object.keys(t)] + ''`:                         "true,true,Tally,",
		`class Twice extends Tally { add(n) { return super.add(2 * n) } }; const u = new Twice(1); u.add(3) + '' + (u instanceof Twice)`: "7true",
		`try { Tally.prototype.add.call({}, 1) } catch (e) { '' + e }`:                                                                   "TypeError: add: call it on a Tally",
	} {
		v, err := vm.RunString("{" + code + "}")
		if err != nil || v.String() != want {
			t.Errorf("%s: got %v, %v, want %s", code, v, err, want)
		}
	}
	dts := jsapi.DTS([]jsapi.Module{m})
	want := "  export class Tally {\n    constructor(from: number);\n    /** Adds. */\n    add(n: number): number;\n  }\n"
	if !strings.Contains(dts, want) {
		t.Errorf("declared as\n%s\nwant %s", dts, want)
	}
}

func TestWrongTablesAreRefused(t *testing.T) {
	make := func(h jsapi.Host) *counter { return &counter{vm: h.VM()} }
	count := jsapi.Function("count", "(): number", "Counts.", (*counter).count)
	for want, list := range map[string][]jsapi.Module{
		"count is there twice":                  {jsapi.Define(jsapi.Module{Name: "m"}, make, count, count)},
		"count has nothing behind it":           {jsapi.Define(jsapi.Module{Name: "m"}, make, jsapi.Function[*counter]("count", "(): number", "Counts.", nil))},
		"three has nothing behind it":           {jsapi.Define(jsapi.Module{Name: "m"}, make, jsapi.Value[*counter]("three", ": number", "Is three.", nil))},
		"Tally has nothing behind it":           {jsapi.Define(jsapi.Module{Name: "m"}, make, jsapi.Class("Tally", "{}", "Counts.", func(*counter, goja.ConstructorCall) *tally { return nil }, jsapi.MethodOf[*counter, *tally]("add", "()", "Adds.", nil)))},
		`"a b" cannot be the name of an export`: {jsapi.Define(jsapi.Module{Name: "m"}, make, jsapi.Function("a b", "(): number", "Counts.", (*counter).count))},
		"was not made by Define":                {{Name: "m"}},
		"it has no name":                        {jsapi.Define(jsapi.Module{}, make, count)},
		"there are two modules named k":         {jsapi.Define(jsapi.Module{Name: "m", Aliases: []string{"k"}}, make, count), jsapi.Define(jsapi.Module{Name: "k"}, make, count)},
		"two modules have a global count":       {jsapi.Define(jsapi.Module{Name: "a", Global: true}, make, count), jsapi.Define(jsapi.Module{Name: "b", Global: true}, make, count)},
	} {
		if _, err := jsapi.NewBinder(list); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestAModuleThatNeedsMoreThanTheHostHasThrows(t *testing.T) {
	vm, need := bind(t, jsapi.Define(jsapi.Module{Name: "m"}, func(h jsapi.Host) *counter { jsapi.Need[jsapi.Loop](h); return nil },
		jsapi.Function("count", "(): number", "Counts.", (*counter).count)))
	if ex := vm.Try(func() { need("m", "count") }); ex == nil || !strings.Contains(ex.Error(), "needs a host with jsapi.Loop") {
		t.Errorf("got %v, want an exception that names what is missing", ex)
	}
}
