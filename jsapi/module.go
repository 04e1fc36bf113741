// Package jsapi is what a script sees of Plimsoll. Each module is one table
// of entries; the bindings in a VM, plimsoll.d.ts and the reference page are
// all made from it, so that they cannot disagree.
//
// To add a function: one [Entry] and one test in the module's folder.
package jsapi

//go:generate go test ./all -run TestGenerated -update

// Module is one importable module.
type Module struct {
	Name    string   // as imported: "plimsoll/http"
	Aliases []string // the same module by other names: "k6/http"
	Doc     string   // Markdown, opens its part of the reference page
	Types   string   // TypeScript declarations that the entries' signatures use
	Default bool     // its entries are also the properties of a default export
	// Entries makes the module's table, bound to a host. With a nil host only
	// Name, Sig and Doc are read and no Value may be touched.
	Entries func(Host) []Entry
}

// Entry is one name that a module exports.
type Entry struct {
	Name  string
	Sig   string // TypeScript: "(url: string, params?: Params): Response" for a function, ": string" for a value
	Doc   string // one paragraph, Markdown
	Value any    // func(goja.FunctionCall) goja.Value, or a value for Runtime.ToValue
}
