package script_test

import (
	"errors"
	"os"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/script"
)

// FuzzLoad: whatever a file holds, it is a program or an error with exit code 3.
func FuzzLoad(f *testing.F) {
	for _, seed := range []string{
		"", "export default () => {}", "import { check } from 'k6'; check()", "let x = ;", "await 1", "/\\p{L}[\\P{N}]/u", "/a/v", "#!x\nimport.meta",
		"class A { #x = 1; static { } get x() { return this.#x } }", "for await (const x of y) {}", "import('a' + b)", "`${`${1}`}`", "\x00", "\xff\xfe",
		"label: while (1) continue label", "export * from './nothing'", "new RegExp('\\\\p{L}', 'u')", "using x = null", "@d class A {}", "var __re0 = 1; /\\p{L}/u",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, code string) {
		t.Chdir(t.TempDir())
		if err := os.WriteFile("s.js", []byte(code), 0o644); err != nil {
			t.Fatal(err)
		}
		s, err := script.Load("s.js", modules())
		var e *script.Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("%v is no script.Error", err)
		}
		if err == nil && s.Program() == nil {
			t.Fatal("there is neither a program nor an error")
		}
		if e != nil {
			_ = e.Frame()
		}
	})
}
