package jsapi

import (
	"reflect"
	"slices"

	"github.com/dop251/goja"
)

// Binder makes modules in virtual machines.
type Binder struct{ modules map[string]*table }

// table is what the bindings of one module in all machines have in common.
type table struct {
	module Module
	names  []string
	at     map[string]int
}

// NewBinder reads the modules' tables.
func NewBinder(modules []Module) *Binder {
	b := &Binder{modules: map[string]*table{}}
	for _, m := range modules {
		t := &table{module: m, at: map[string]int{}}
		for i, e := range m.Entries(nil) {
			t.names = append(t.names, e.Name)
			t.at[e.Name] = i
		}
		for _, name := range append([]string{m.Name}, m.Aliases...) {
			b.modules[name] = t
		}
	}
	return b
}

// Exports lists the names that a module exports.
func (b *Binder) Exports(module string) []string {
	if t := b.modules[module]; t != nil {
		return t.names
	}
	return nil
}

// defaultExport is the name under which JavaScript keeps the default export.
const defaultExport = "default"

// Bind returns the function that gives what a module exports to one host. A
// module is bound when it is first asked for, and what it exports becomes a
// value of the machine when that is asked for: a function costs 750 bytes.
func (b *Binder) Bind(h Host) func(module, name string) goja.Value {
	bound := map[string]*namespace{}
	return func(module, name string) goja.Value {
		t := b.modules[module]
		if t == nil {
			return goja.Undefined()
		}
		n := bound[t.module.Name]
		if n == nil {
			n = &namespace{table: t, vm: h.VM()}
			for _, e := range t.module.Entries(h) {
				n.values = append(n.values, e.Value)
			}
			bound[t.module.Name] = n
		}
		if name == defaultExport {
			return n.object()
		}
		if v := n.Get(name); v != nil {
			return v
		}
		return goja.Undefined()
	}
}

// namespace is a module bound to one host; as an object it is the module's
// default export.
type namespace struct {
	*table
	vm     *goja.Runtime
	values []any // goja.Value once it was asked for
	added  map[string]goja.Value
	self   *goja.Object
}

func (n *namespace) object() goja.Value {
	if n.self == nil {
		n.self = n.vm.NewDynamicObject(n)
	}
	return n.self
}

func (n *namespace) Get(name string) goja.Value {
	i, ok := n.at[name]
	if !ok {
		return n.added[name]
	}
	if v, ok := n.values[i].(goja.Value); ok {
		return v
	}
	v := n.vm.ToValue(n.values[i])
	n.values[i] = v
	return v
}

// Set lets scripts replace functions of a default export, as k6's do.
func (n *namespace) Set(name string, v goja.Value) bool {
	if i, ok := n.at[name]; ok {
		n.values[i] = v
		return true
	}
	if n.added == nil {
		n.added = map[string]goja.Value{}
	}
	n.added[name] = v
	return true
}

func (n *namespace) Has(name string) bool { return n.Get(name) != nil }

func (n *namespace) Delete(name string) bool {
	delete(n.added, name)
	_, ours := n.at[name]
	return !ours
}

func (n *namespace) Keys() []string {
	keys := slices.Clone(n.names)
	for name := range n.added {
		keys = append(keys, name)
	}
	return keys
}

// IsPromise says whether a value is a promise: what an async function returns.
func IsPromise(v goja.Value) bool {
	o, ok := v.(*goja.Object)
	return ok && o.ExportType() == reflect.TypeFor[*goja.Promise]()
}
