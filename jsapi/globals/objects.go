package globals

import (
	"maps"
	"slices"

	"github.com/dop251/goja"
)

// lazy is an object whose properties are made when they are asked for.
type lazy struct {
	vm    *goja.Runtime
	names []string
	make  func(name string) any
	made  map[string]goja.Value
}

func (l *lazy) Get(name string) goja.Value {
	if v, ok := l.made[name]; ok {
		return v
	}
	if !slices.Contains(l.names, name) {
		return nil
	}
	v := l.vm.ToValue(l.make(name))
	l.Set(name, v)
	return v
}

func (l *lazy) Set(name string, v goja.Value) bool {
	if l.made == nil {
		l.made = map[string]goja.Value{}
	}
	l.made[name] = v
	return true
}

func (l *lazy) Has(name string) bool {
	return l.made[name] != nil || slices.Contains(l.names, name)
}
func (l *lazy) Delete(string) bool { return false }
func (l *lazy) Keys() []string     { return l.names }

// environment is __ENV: what the runtime gives, which a scenario may add to,
// and what this user wrote.
type environment struct {
	vm     *goja.Runtime
	common func() map[string]string
	own    map[string]goja.Value // nil values are deleted names
}

func (e *environment) Get(name string) goja.Value {
	if v, ok := e.own[name]; ok {
		return v
	}
	if v, ok := e.common()[name]; ok {
		return e.vm.ToValue(v)
	}
	return nil
}

func (e *environment) Set(name string, v goja.Value) bool {
	if e.own == nil {
		e.own = map[string]goja.Value{}
	}
	e.own[name] = v
	return true
}

func (e *environment) Has(name string) bool    { return e.Get(name) != nil }
func (e *environment) Delete(name string) bool { return e.Set(name, nil) }
func (e *environment) Keys() []string {
	names := map[string]bool{}
	for name := range e.common() {
		names[name] = true
	}
	for name, v := range e.own {
		names[name] = v != nil
	}
	maps.DeleteFunc(names, func(_ string, there bool) bool { return !there })
	return slices.Sorted(maps.Keys(names))
}
