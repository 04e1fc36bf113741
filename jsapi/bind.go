package jsapi

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"

	"github.com/dop251/goja"
)

// Binder makes modules in the virtual machines of one run.
type Binder struct {
	modules map[string]*table // by each name
	globals map[string]*table // by what they hold
	order   []*table
}

// table is what the bindings of one module in all machines have in common.
type table struct {
	Module
	names       []string
	at          map[string]int
	newInstance func(Host) any
}

var identifier = regexp.MustCompile(`^[A-Za-z_$][\w$]*$`)

// NewBinder begins a run with these modules: what they share for a run is
// made. It fails where a table is wrong, or two modules have the same name.
func NewBinder(modules []Module) (*Binder, error) {
	b := &Binder{modules: map[string]*table{}, globals: map[string]*table{}}
	for _, m := range modules {
		t, err := newTable(m)
		if err != nil {
			return nil, fmt.Errorf("module %s: %w", m.Name, err)
		}
		if err := b.add(t); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func newTable(m Module) (*table, error) {
	if m.Name == "" || m.open == nil {
		return nil, fmt.Errorf("it has no name, or was not made by Define")
	}
	t := &table{Module: m, at: map[string]int{}}
	for i, e := range m.Entries {
		_, twice := t.at[e.Name]
		switch {
		case !identifier.MatchString(e.Name) || e.Name == defaultExport:
			return nil, fmt.Errorf("%q cannot be the name of an export", e.Name)
		case twice:
			return nil, fmt.Errorf("%s is there twice", e.Name)
		case e.bind == nil:
			return nil, fmt.Errorf("%s has nothing behind it", e.Name)
		}
		t.names = append(t.names, e.Name)
		t.at[e.Name] = i
	}
	t.newInstance = m.open()
	return t, nil
}

func (b *Binder) add(t *table) error {
	b.order = append(b.order, t)
	if t.Global {
		for _, name := range t.names {
			if b.globals[name] != nil {
				return fmt.Errorf("two modules have a global %s", name)
			}
			b.globals[name] = t
		}
		return nil
	}
	for _, name := range append([]string{t.Name}, t.Aliases...) {
		if b.modules[name] != nil {
			return fmt.Errorf("there are two modules named %s", name)
		}
		b.modules[name] = t
	}
	return nil
}

// Importable is a module as the loader of scripts needs to know it.
type Importable struct {
	Name    string
	Aliases []string
	Exports []string
}

// Importable lists the modules that scripts can import.
func (b *Binder) Importable() []Importable {
	var list []Importable
	for _, t := range b.order {
		if !t.Global && !t.Internal {
			list = append(list, Importable{t.Name, t.Aliases, t.names})
		}
	}
	return list
}

// defaultExport is the name under which JavaScript keeps the default export.
const defaultExport = "default"

// Bind returns the function that gives what a module exports to one host; of
// the module "" it gives the globals, nil for what is none. A module is bound
// when it is first asked for, and what it exports becomes a value of the
// machine when that is asked for: a function costs 750 bytes.
func (b *Binder) Bind(h Host) func(module, name string) goja.Value {
	bound := map[*table]*namespace{}
	get := func(t *table) *namespace {
		n := bound[t]
		if n == nil {
			n = &namespace{table: t, vm: h.VM(), instance: t.newInstance(h), values: make([]goja.Value, len(t.names))}
			bound[t] = n
		}
		return n
	}
	return func(module, name string) goja.Value {
		if module == "" {
			if t := b.globals[name]; t != nil {
				return get(t).global(name)
			}
			return nil
		}
		t := b.modules[module]
		if t == nil {
			return goja.Undefined()
		}
		if name == defaultExport {
			return get(t).object()
		}
		if v := get(t).Get(name); v != nil {
			return v
		}
		return goja.Undefined()
	}
}

// namespace is a module bound to one host; as an object it is the module's
// default export.
type namespace struct {
	*table
	vm       *goja.Runtime
	instance any
	values   []goja.Value // nil until asked for
	added    map[string]goja.Value
	self     *goja.Object
}

func (n *namespace) object() goja.Value {
	if n.self == nil {
		n.self = n.vm.NewDynamicObject(n)
	}
	return n.self
}

// global makes a global. One that does not change becomes a property of the
// global object itself, where it is found faster.
func (n *namespace) global(name string) goja.Value {
	i := n.at[name]
	v := n.Get(name)
	if !n.Entries[i].live {
		if err := n.vm.GlobalObject().DefineDataProperty(name, v, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE); err != nil {
			return nil
		}
	}
	return v
}

func (n *namespace) Get(key string) goja.Value {
	i, ok := n.at[key]
	if !ok {
		if instead := n.Absent[key]; instead != "" && n.added[key] == nil {
			panic(n.vm.NewTypeError("%s is not here: %s", fullName(n.Name, key), instead))
		}
		return n.added[key]
	}
	if n.values[i] != nil {
		return n.values[i]
	}
	e := &n.Entries[i]
	v := n.vm.ToValue(e.bind(binding{n.vm, n.instance, fullName(n.Name, e.Name)}))
	if !e.live {
		n.values[i] = v
	}
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

func (n *namespace) Has(name string) bool {
	_, ours := n.at[name]
	return ours || n.added[name] != nil
}

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

// Held returns the Go value behind an object of the VM, if it is a T: what
// Runtime.ToValue or NewDynamicObject made of one, an ArrayBuffer, a promise.
// Other than Export it does not copy, and runs nothing of the script's.
func Held[T any](v goja.Value) (T, bool) {
	if o, ok := v.(*goja.Object); ok && o.ExportType() == reflect.TypeFor[T]() {
		held, ok := o.Export().(T)
		return held, ok
	}
	var none T
	return none, false
}

// IsPromise says whether a value is a promise: what an async function returns.
func IsPromise(v goja.Value) bool {
	_, ok := Held[*goja.Promise](v)
	return ok
}
