package jsapi

import "github.com/dop251/goja"

// Method is a method of a class whose objects hold a T.
type Method[I, T any] struct {
	entry Entry
	call  func(I, T, goja.FunctionCall) goja.Value
}

// MethodOf declares a method.
func MethodOf[I, T any](name, sig, doc string, f func(I, T, goja.FunctionCall) goja.Value) Method[I, T] {
	return Method[I, T]{Entry{Name: name, Sig: sig, Doc: doc}, f}
}

// GetterOf declares a property that is read from what the object holds; sig is ": string".
func GetterOf[I, T any](name, sig, doc string, f func(I, T) goja.Value) Method[I, T] {
	m := Method[I, T]{entry: Entry{Name: name, Kind: KindValue, Sig: sig, Doc: doc}}
	if f != nil {
		m.call = func(i I, held T, _ goja.FunctionCall) goja.Value { return f(i, held) }
	}
	return m
}

// Class exports a class. Construct makes what an object holds, usually a
// pointer to a struct without exported fields: `new` and the classes that
// extend it call it. Methods are given what their object holds; called on
// something else they throw.
func Class[I, T any](name, sig, doc string, construct func(I, goja.ConstructorCall) T, methods ...Method[I, T]) Export[I] { //nolint:revive // the parts of an entry, as in Function, and methods
	e := Entry{Name: name, Kind: KindClass, Sig: sig, Doc: doc}
	complete := construct != nil
	for _, m := range methods {
		complete = complete && m.call != nil
		e.Methods = append(e.Methods, m.entry)
	}
	if complete {
		e.bind = func(b binding) any {
			i := b.instance.(I) //nolint:forcetypeassert // as in Function
			return class[I, T]{name, construct, methods}.bind(b.vm, i)
		}
	}
	return Export[I]{e}
}

// class is what a VM's constructor is made of.
type class[I, T any] struct {
	name      string
	construct func(I, goja.ConstructorCall) T
	methods   []Method[I, T]
}

// bind makes the constructor, with the methods on its prototype.
func (c class[I, T]) bind(vm *goja.Runtime, i I) goja.Value {
	constructor := vm.ToValue(func(call goja.ConstructorCall) *goja.Object {
		o := vm.ToValue(&held[T]{c.construct(i, call)}).(*goja.Object) //nolint:forcetypeassert // a pointer becomes an object
		if err := o.SetPrototype(call.This.Prototype()); err != nil {
			panic(vm.NewGoError(err))
		}
		return o
	}).(*goja.Object) //nolint:forcetypeassert // a function is an object
	must := func(err error) {
		if err != nil {
			panic(vm.NewGoError(err))
		}
	}
	must(constructor.DefineDataProperty("name", vm.ToValue(c.name), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	prototype := constructor.Get("prototype").ToObject(vm)
	for _, m := range c.methods {
		f := called(i, c.name+"."+m.entry.Name, func(i I, call goja.FunctionCall) goja.Value {
			h, ok := Held[*held[T]](call.This)
			if !ok {
				panic(vm.NewTypeError("%s: call it on a %s", m.entry.Name, c.name))
			}
			return m.call(i, h.value, call)
		})
		if m.entry.Kind == KindValue {
			must(prototype.DefineAccessorProperty(m.entry.Name, vm.ToValue(f), nil, goja.FLAG_TRUE, goja.FLAG_TRUE))
			continue
		}
		must(prototype.DefineDataProperty(m.entry.Name, vm.ToValue(f), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE))
	}
	return constructor
}

// held is what an object of a class keeps out of sight of the script.
type held[T any] struct{ value T }
