package jsapi_test

import (
	"testing"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/jsapi"
)

// host has a VM, which is all that binding needs.
type host struct {
	jsapi.Host
	vm *goja.Runtime
}

func (h host) VM() *goja.Runtime { return h.vm }

func TestModuleIsBoundOnceAndSharedByItsNames(t *testing.T) {
	bound := 0
	m := jsapi.Module{Name: "m", Aliases: []string{"other"}, Default: true, Entries: func(h jsapi.Host) []jsapi.Entry {
		if h != nil {
			bound++
		}
		calls := 0
		return []jsapi.Entry{
			{Name: "count", Value: func(goja.FunctionCall) goja.Value { calls++; return h.VM().ToValue(calls) }},
			{Name: "three", Value: 3},
		}
	}}
	h := host{vm: goja.New()}
	need := jsapi.NewBinder([]jsapi.Module{m}).Bind(h)
	for name, v := range map[string]goja.Value{"first": need("m", "count"), "second": need("other", "count"), "all": need("other", "default")} {
		if err := h.vm.Set(name, v); err != nil {
			t.Fatal(err)
		}
	}
	got, err := h.vm.RunString(`
first(); second(); all.count()
const before = Object.keys(all).join() + all.three + ("nope" in all)
all.count = () => 'replaced'
all.own = 1
before + all.count() + first() + Object.keys(all).join() + (delete all.own) + all.own`)
	if err != nil {
		t.Fatal(err)
	}
	if want := "count,three3falsereplaced4count,three,owntrueundefined"; got.String() != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if bound != 1 {
		t.Errorf("the module was bound %d times, want once", bound)
	}
}

func TestWhatIsNotThereIsUndefined(t *testing.T) {
	need := jsapi.NewBinder(nil).Bind(host{vm: goja.New()})
	if v := need("nothing", "x"); !goja.IsUndefined(v) {
		t.Errorf("got %v, want undefined", v)
	}
}
