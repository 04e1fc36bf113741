package script_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/runtime/script"
)

// TestEveryExportIsHandedOn: options.scenarios may name any exported function.
func TestEveryExportIsHandedOn(t *testing.T) {
	for name, tt := range map[string]struct {
		code string
		want string // names that are not undefined
	}{
		"none":                      {"const f = () => 1; f()", "default"}, // as CommonJS,
		"what means something":      {"export default () => 1; export const options = {}; export function setup() {}; export function teardown() {}", "default options setup teardown"},
		"functions":                 {"export function a() {}\nexport const b = () => 1\nexport async function c() {}\nexport class D {}", "D a b c"},
		"beside default":            {"export default function () {}\nexport function a() {}", "a default"},
		"a default that is a":       {"function a() {}\nexport { a, a as default }", "a default"},
		"renamed":                   {"function a() {}\nexport { a as b, a as c }", "b c"},
		"a name that is no word":    {"function a() {}\nexport { a as 'x y, z' }", "x y, z"},
		"a name with a quote in it": {"function a() {}\nexport { a as 'x as \"y\"', a as b }", "b x as \"y\""},
		"of a module":               {"export { one, two as three } from './lib'", "one three"},
		"all of a module":           {"export * from './lib'", "one two"},
		"a namespace":               {"export * as lib from './lib'", "lib"},
		"a module's default":        {"export { default as d } from './lib'", "d"},
		"TypeScript":                {"export interface I { a: 1 }\nexport type T = 1\nexport enum E { A }\nexport function a(x: I): T { return x.a }", "E a"},
		"CommonJS":                  {"module.exports = { default() {}, options: {}, a() {}, b: 1 }", "a b default options"},
		"CommonJS, by name":         {"exports.a = () => 1; exports.default = () => 2", "a default"},
		"a text like an export":     {"export const a = `\nexport {\n  b\n};\n`\nexport const c = '\\nexport {\\n'", "a c"},
		"a name like the entry's":   {"export const script = 1, script2 = 2; var plimsoll_entry_exports = 3; export { plimsoll_entry_exports as x }", "script script2 x"},
		"top-level await":           {"await null\nexport function a() {}", "a"},
		"names of Object":           {"export function toString() {}\nexport const constructor = 1, __proto__ = 2", "constructor toString"},
	} {
		write(t, map[string]string{"s.ts": tt.code, "lib.js": "export const one = 1; export const two = 2; export default 3"})
		s, err := script.Load("s.ts", modules())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := exported(t, s); got != tt.want {
			t.Errorf("%s: exports %q, want %q", name, got, tt.want)
		}
	}
}

// exported are the names of all exports of a script that are not undefined, sorted.
func exported(t *testing.T, s *script.Script) string {
	t.Helper()
	vm := goja.New()
	value, err := vm.RunProgram(s.Program())
	if err != nil {
		t.Fatal(err)
	}
	start, _ := goja.AssertFunction(value)
	var names []string
	take := func(namespace *goja.Object) {
		for _, name := range namespace.Keys() {
			if !goja.IsUndefined(namespace.Get(name)) {
				names = append(names, name)
			}
		}
	}
	if _, err := start(goja.Undefined(), vm.ToValue(func(string, string) any { return nil }), vm.ToValue(take)); err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}
