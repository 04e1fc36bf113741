package script_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/runtime/script"
)

func modules() []script.Module {
	return []script.Module{
		{Name: "plimsoll", Aliases: []string{"k6"}, Exports: []string{"check", "say"}},
		{Name: "plimsoll/http", Aliases: []string{"k6/http"}, Exports: []string{"get"}},
		{Name: "acme/ids", Exports: []string{"next"}},
	}
}

// write makes files below a folder of their own, and makes it the working folder.
func write(tb testing.TB, files map[string]string) {
	tb.Helper()
	tb.Chdir(tb.TempDir())
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
}

// run runs a script whose say(…) is recorded, and returns what it said.
func run(t *testing.T, s *script.Script) (said string, err error) {
	t.Helper()
	vm := goja.New()
	value, err := vm.RunProgram(s.Program())
	if err != nil {
		t.Fatal(err)
	}
	start, ok := goja.AssertFunction(value)
	if !ok {
		t.Fatalf("the program is %v, want a function", value)
	}
	need := func(module, name string) any {
		if name == "say" {
			return func(call goja.FunctionCall) goja.Value {
				for _, a := range call.Arguments {
					said += a.String() + " "
				}
				return goja.Undefined()
			}
		}
		return module + "." + name
	}
	value, err = start(goja.Undefined(), vm.ToValue(need), vm.ToValue(func(*goja.Object) {}))
	if err != nil {
		return said, err
	}
	if p, ok := value.Export().(*goja.Promise); ok && p.State() == goja.PromiseStateRejected {
		err = errors.New(p.Result().String())
	}
	return strings.TrimSpace(said), err
}

func TestScriptsLoadAndRun(t *testing.T) {
	for name, row := range map[string]struct {
		files map[string]string
		want  string
	}{
		"TypeScript": {map[string]string{"s.ts": "import { say } from 'k6'\nenum E { A = 3 }\nconst x: number = E.A; say(x as any)"}, "3"},
		"relative imports, without extension": {map[string]string{
			"s.js": "import { say } from 'k6'; import { a } from './lib/a'; say(a)", "lib/a.ts": "export { b as a } from './b.js'", "lib/b.js": "export const b = 'b'",
		}, "b"},
		"a module of another's": {map[string]string{"s.js": "import { say } from 'k6'; import { next } from 'acme/ids'; say(next)"}, "acme/ids.next"},
		"JSON":                  {map[string]string{"s.js": "import { say } from 'k6'; import d from './d.json'; say(d.list[1])", "d.json": `{"list": [1, 2]}`}, "2"},
		"text":                  {map[string]string{"s.js": "import { say } from 'k6'; import d from './d.txt'; say(d)", "d.txt": "hello"}, "hello"},
		"top-level await":       {map[string]string{"s.js": "import { say } from 'k6'; say(await Promise.resolve('later')); export {}"}, "later"},
		"require of ours":       {map[string]string{"s.js": "const { say } = require('k6'); say(typeof say)"}, "function"},
		"default export":        {map[string]string{"s.js": "import { say } from 'k6'; import http from 'k6/http'; say(http)"}, "plimsoll/http.default"},
		"namespace import":      {map[string]string{"s.js": "import { say } from 'k6'; import * as http from 'k6/http'; say(http.get)"}, "plimsoll/http.get"},
		"async generators":      {map[string]string{"s.js": "import { say } from 'k6'; async function* g() { yield 1; yield 2 }; for await (const x of g()) say(x)"}, "1 2"},
		"literal import()":      {map[string]string{"s.js": "import { say } from 'k6'; const m = await import('./m.js'); say(m.x)", "m.js": "export const x = 'x'"}, "x"},
		"import.meta":           {map[string]string{"s.js": "#!/usr/bin/env plimsoll\nimport { say } from 'k6'; say(import.meta.url.startsWith('file:///'), import.meta.url.endsWith('/s.js'))"}, "true true"},
		"hashbang":              {map[string]string{"s.js": "#!/usr/bin/env plimsoll\nimport { say } from 'k6'; say(1)"}, "1"},
		"unicode properties":    {map[string]string{"s.js": `import { say } from 'k6'; say(/^\p{L}+$/u.test("hé"), /\P{L}/u.test("é"), /[\p{Lu}_]/u.test("é_"), /\p{Script=Greek}/u.test("λ"), /\p{L}/.test("p{L}"))`}, "true false true true true"},
		"many in one line":      {map[string]string{"s.js": `import { say } from 'k6'; say([/\p{L}/u, /\p{N}/u, /\p{P}/u].map((r) => r.test("1")))`}, "false,true,false"},
		"CommonJS package": {map[string]string{
			"s.js": "import { say } from 'k6'; import leftpad, { x } from 'leftpad'; say(leftpad('a'), x)", "node_modules/leftpad/package.json": `{"main": "main.js"}`,
			"node_modules/leftpad/main.js": "module.exports = (s) => ' ' + s + process.env.NODE_ENV; module.exports.x = 1",
		}, "aproduction 1"},
		"ES package with exports": {map[string]string{
			"s.js": "import { say } from 'k6'; import { a } from '@org/pkg/sub'; say(a)", "node_modules/@org/pkg/package.json": `{"exports": {"./sub": {"import": "./esm.js"}}}`,
			"node_modules/@org/pkg/esm.js": "export const a = 'esm'",
		}, "esm"},
		"name with spaces": {map[string]string{"s.js": "import { say } from 'k6'; import { a } from './my lib%.js'; say(a)", "my lib%.js": "export const a = 1"}, "1"},
		"nothing at all":   {map[string]string{"s.js": ""}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			write(t, row.files)
			path := "s.js"
			if _, ts := row.files["s.ts"]; ts {
				path = "s.ts"
			}
			s, err := script.Load(path, modules())
			if err != nil {
				t.Fatal(err)
			}
			got, err := run(t, s)
			if err != nil || got != row.want {
				t.Errorf("said %q (%v), want %q", got, err, row.want)
			}
		})
	}
}

func TestErrorsSayWhereWhyAndWhatToDo(t *testing.T) {
	for name, row := range map[string]struct{ code, message, hint, frame string }{
		"syntax": {"let a = 1\nlet x = ;\n", `s.js:2:9: Unexpected ";"`, "", "> 2 | let x = ;\n    |         ^\n"},
		"syntax behind characters of several bytes": {"const é = 'ß'; let x = ;", `s.js:1:24: Unexpected ";"`, "", "> 1 | const é = 'ß'; let x = ;\n    |                        ^\n"},
		"misspelt module":   {"import 'plimsoll/htp'", `s.js:1:8: there is no module "plimsoll/htp"`, `did you mean "plimsoll/http"? there are: plimsoll, k6, plimsoll/http, k6/http`, "^"},
		"misspelt root":     {"import 'plimsol'", `there is no module "plimsol"`, `did you mean "plimsoll"?`, "^"},
		"unknown k6 module": {"import 'k6/nothing'", `there is no module "k6/nothing"`, "there are: plimsoll", "^"},
		"misspelt export":   {"import { chek } from 'plimsoll'\nchek()", `No matching export in "plimsoll" for import "chek"`, `"check"`, "^"},
		"package missing":   {"import x from 'lodash'; x()", `there is no module "lodash"`, "npm install lodash", "^"},
		"file missing":      {"import x from './x.js'; x()", `s.js:1:15: there is no file "./x.js"`, "relative to the file that imports it", "^"},
		"Node.js":           {"import fs from 'node:fs/promises'; fs()", `is part of Node.js`, "open(path)", "^"},
		"Node.js, other":    {"import x from 'zlib'; x()", `is part of Node.js`, "npm package for browsers", "^"},
		"remote":            {"import x from 'https://example.com/x.js'; x()", `there is no module "https://example.com/x.js"`, "download the file", "^"},
		"unicode property":  {"\nexport default () => /\\p{Emoji}/u", `s.js:2:22: \p{Emoji} is not supported`, "", "^"},
		"negated property":  {"const a = /a/; export default () => [a, /[^\\P{Nope}]/u]", `s.js:1:41: \p{Nope} is not supported`, "", "^"},
		"flag v":            {"export default /a/v", `s.js:1:16: the flag v of /a/v is not supported`, "", "^"},
		"broken JSON":       {"import x from './s.json'; x()", `s.json:1:`, "", "^"},
		"private name":      {"export const f = (o) => o.#x", "s.js:1:27: ", "", "^"},
	} {
		t.Run(name, func(t *testing.T) {
			write(t, map[string]string{"s.js": row.code, "s.json": "{"})
			_, err := script.Load("s.js", modules())
			var e *script.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want a script.Error", err)
			}
			if !strings.Contains(e.Error(), row.message) || e.ExitCode() != 3 {
				t.Errorf("got %q with exit code %d, want %q with 3", e, e.ExitCode(), row.message)
			}
			if !strings.Contains(e.Hint(), row.hint) {
				t.Errorf("hint is %q, want %q", e.Hint(), row.hint)
			}
			if !strings.Contains(e.Frame(), row.frame) {
				t.Errorf("frame is\n%swant\n%s", e.Frame(), row.frame)
			}
		})
	}
}

func TestScriptThatIsNotThere(t *testing.T) {
	write(t, map[string]string{"loadtest.js": "", "folder/x.js": ""})
	for path, want := range map[string]string{
		"loadtst.js": "did you mean loadtest.js", "folder": "name the file to run", "nowhere/x.js": "folder does not exist", "quite-different": "check the path",
	} {
		_, err := script.Load(path, modules())
		var e *script.Error
		if !errors.As(err, &e) || e.ExitCode() != 3 || !strings.Contains(e.Hint(), want) {
			t.Errorf("%s: got %v with hint %q, want %q", path, err, e.Hint(), want)
		}
	}
}

func TestPositionsAreThoseOfTheSources(t *testing.T) {
	write(t, map[string]string{
		"s.ts":         "import { boom } from './my lib/b'\nimport x from 'plimsoll/http'\n\ninterface A { a: 1 }\nlet n = 0\nexport default x;   boom(n)\n",
		"my lib/b.ts":  "// comment\nexport function boom(n: number) {\n  if (n === 0) throw new Error('é' + n)\n}\n",
		"elsewhere.js": "",
	})
	s, err := script.Load("s.ts", modules())
	if err != nil {
		t.Fatal(err)
	}
	_, err = run(t, s)
	var exception *goja.Exception
	if !errors.As(err, &exception) {
		t.Fatalf("got %v, want an exception", err)
	}
	var got []string
	for _, f := range exception.Stack() {
		at := f.Position()
		got = append(got, s.Explain(at.Filename, at.Line, at.Column, "").Error())
	}
	if want := "my lib/b.ts:3:22: |s.ts:6:21: "; strings.Join(got, "|") != want {
		t.Errorf("got %q, want %q", strings.Join(got, "|"), want)
	}
	if !strings.Contains(exception.String(), "my%20lib/b.ts:3:22") {
		t.Errorf("the stack is %s", exception)
	}
}

func TestScriptOutsideTheWorkingFolderHasAbsolutePositions(t *testing.T) {
	write(t, map[string]string{"s.js": "throw new Error('x')"})
	path, err := filepath.Abs("s.js")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	s, err := script.Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = run(t, s)
	var exception *goja.Exception
	if !errors.As(err, &exception) {
		t.Fatalf("got %v, want an exception", err)
	}
	at := exception.Stack()[0].Position()
	if got := s.Name(at.Filename); got != filepath.ToSlash(path) || at.Line != 1 || at.Column != 7 {
		t.Errorf("got %s:%d:%d, want %s:1:7", got, at.Line, at.Column, path)
	}
}

func TestPromisesCostNothingUnasked(t *testing.T) {
	write(t, map[string]string{"s.js": "export default async () => { await 1 }"})
	s, err := script.Load("s.js", modules())
	if err != nil {
		t.Fatal(err)
	}
	vm := goja.New()
	value, err := vm.RunProgram(s.Program())
	if err != nil {
		t.Fatal(err)
	}
	start, _ := goja.AssertFunction(value)
	result, err := start(goja.Undefined(), goja.Undefined(), vm.ToValue(func(*goja.Object) {}))
	if err != nil || !goja.IsUndefined(result) {
		t.Errorf("the top level returned %v (%v), want undefined", result, err)
	}
}

func TestHashFollowsEverythingImported(t *testing.T) {
	hash := func(helper string) string {
		write(t, map[string]string{"s.js": "import { a } from './a.js'; export default () => a", "a.js": helper})
		s, err := script.Load("s.js", modules())
		if err != nil {
			t.Fatal(err)
		}
		return s.Hash()
	}
	one, again, other := hash("export const a = 1"), hash("export const a = 1"), hash("export const a = 2")
	if one != again || one == other || len(one) != 64 {
		t.Errorf("hashes: %s, %s (the same script), %s (another)", one, again, other)
	}
}

func TestDynamicExpressionsAreExpandedOrRefused(t *testing.T) {
	s := &script.Script{}
	for name, row := range map[string]struct{ pattern, flags, want, refused string }{
		"plain":       {`a\p{L}`, "g", `a\p{L}`, ""},
		"class":       {`[\p{Nd}-]`, "u", `\u{30}-\u{39}`, ""},
		"escaped":     {`\\p{x}`, "u", `\\p{x}`, ""},
		"long name":   {`\p{General_Category=Uppercase_Letter}`, "u", `\u{41}-\u{5a}`, ""},
		"negated":     {`\P{ASCII}`, "u", `[\u{80}-\u{10ffff}]`, ""},
		"any":         {`\p{Any}`, "u", `[\u{0}-\u{10ffff}]`, ""},
		"alphabetic":  {`\p{Alphabetic}`, "iu", `\u{41}-\u{5a}`, ""},
		"extensions":  {`\p{Script_Extensions=Greek}`, "u", "", "is not supported"},
		"open":        {`\p{L`, "u", "", "no closing brace"},
		"flag d":      {`a`, "d", "", "the flag d"},
		"end escaped": {`a\`, "u", `a\`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := s.ExpandRegExp(row.pattern, row.flags)
			if row.refused != "" {
				if err == nil || !strings.Contains(err.Error(), row.refused) {
					t.Errorf("got %q (%v), want an error with %q", got, err, row.refused)
				}
				return
			}
			if err != nil || !strings.Contains(got, row.want) {
				t.Errorf("got %.100q (%v), want %q", got, err, row.want)
			}
		})
	}
}
