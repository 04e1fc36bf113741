// Package jsapi is what a script sees of Plimsoll. Each module is one static
// table of entries; what a virtual machine gets, plimsoll.d.ts and the
// reference page are all made from it, so that they cannot disagree.
//
// An entry names a method of the module's instance, of which each virtual
// machine has one: there is no entry without something behind it, and nothing
// is exported that has no entry. To add a function: one entry, its method, and
// one test in the module's folder.
package jsapi

import (
	"strings"

	"github.com/dop251/goja"
)

//go:generate go test ./all -run TestGenerated -update

// Module is one module that scripts can import, or a set of globals. It is
// made by [Define] or [DefineShared] and does not change after that: the same
// value serves any number of runs.
type Module struct {
	Name    string   // as imported: "plimsoll/http"
	Aliases []string // the same module by other names: "k6/http"
	Doc     string   // Markdown, opens its part of the reference page
	Types   string   // TypeScript declarations that the entries' signatures use
	Global  bool     // its entries are globals of every script; it cannot be imported
	// Internal modules are for the loader of scripts: neither types nor reference have them, and scripts cannot import them.
	Internal bool
	// Absent are names that k6's module of this name has and this one has not, and what to use
	// instead: asking the default export for one throws.
	Absent  map[string]string
	Entries []Entry // what it exports, in the order of the reference page

	open func() func(Host) any // begins a run; what it returns makes the instance of one VM
}

// Entry is one name that a module exports, as it is declared.
type Entry struct {
	Name string
	Kind Kind
	// Sig is TypeScript: "(url: string): Response" for a function, one a line
	// where it has several; ": string" for a value; for a class what follows its
	// name, without the methods.
	Sig     string
	Doc     string  // one paragraph, Markdown
	Methods []Entry // of a class

	bind func(b binding) any // what the VM gets, for Runtime.ToValue
	live bool
}

// binding is what an entry is bound to.
type binding struct {
	vm       *goja.Runtime
	instance any
	name     string // as scripts call it: "http.get"
}

// Kind is what an entry is to a script.
type Kind uint8

// The kinds of entries.
const (
	KindFunction Kind = iota
	KindValue
	KindClass
)

// Export is an [Entry] of a module whose instances are of type I.
type Export[I any] struct{ entry Entry }

// Define makes a module. New is called once for each VM that uses the module,
// when it first does; it asks the host for what it needs by [Need].
func Define[I any](m Module, newInstance func(Host) I, exports ...Export[I]) Module {
	return DefineShared(m, func() struct{} { return struct{}{} },
		func(h Host, _ struct{}) I { return newInstance(h) }, exports...)
}

// DefineShared makes a module that has a state for a whole run, beside the
// instance of each VM: newState is called once a run, and all instances are
// given what it returns. They use it at the same time, each on its own
// goroutine. Values of one VM must not get into it: they are not another's.
func DefineShared[S, I any](m Module, newState func() S, newInstance func(Host, S) I, exports ...Export[I]) Module {
	for _, e := range exports {
		m.Entries = append(m.Entries, e.entry)
	}
	m.open = func() func(Host) any {
		state := newState()
		return func(h Host) any { return newInstance(h, state) }
	}
	return m
}

// Function exports a function, usually a method of the instance: (*instance).get.
func Function[I any](name, sig, doc string, f func(I, goja.FunctionCall) goja.Value) Export[I] {
	e := Entry{Name: name, Sig: sig, Doc: doc}
	if f != nil {
		e.bind = func(b binding) any {
			i := b.instance.(I) //nolint:forcetypeassert // Define takes only exports of its instance's type
			return called(i, b.name, f)
		}
	}
	return Export[I]{e}
}

// Value exports a value: a goja.Value, or what Runtime.ToValue takes. It is
// made once a VM, when it is first asked for. Where sig is a function's it is
// declared as one.
func Value[I any](name, sig, doc string, get func(I) any) Export[I] {
	e := Entry{Name: name, Sig: sig, Doc: doc}
	if strings.HasPrefix(sig, ":") {
		e.Kind = KindValue
	}
	if get != nil {
		e.bind = func(b binding) any {
			return get(b.instance.(I)) //nolint:forcetypeassert // as in Function
		}
	}
	return Export[I]{e}
}

// Live exports a value that changes: it is read each time that a script asks
// for it as a global, or as a property of the default export.
func Live[I any](name, sig, doc string, get func(I) any) Export[I] {
	e := Value(name, sig, doc, get)
	e.entry.live = true
	return e
}
