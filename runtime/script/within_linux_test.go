package script_test

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/script"
)

// opened returns what reports which of some folders, or files in them, were opened since.
func opened(t *testing.T, dirs ...string) func() []string {
	t.Helper()
	fd, err := syscall.InotifyInit1(syscall.IN_CLOEXEC | syscall.IN_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	of := map[int32]string{}
	for _, dir := range dirs {
		watch, err := syscall.InotifyAddWatch(fd, dir, syscall.IN_OPEN)
		if err != nil {
			t.Fatal(err)
		}
		of[int32(watch)] = dir
	}
	return func() (names []string) {
		buffer := make([]byte, 64<<10)
		n, err := syscall.Read(fd, buffer)
		if errors.Is(err, syscall.EAGAIN) {
			return nil
		}
		if err != nil {
			t.Fatal(err)
		}
		for event := buffer[:n]; len(event) >= syscall.SizeofInotifyEvent; {
			length := int(binary.NativeEndian.Uint32(event[12:]))
			name := strings.TrimRight(string(event[16:16+length]), "\x00")
			names = append(names, filepath.Join(of[int32(binary.NativeEndian.Uint32(event))], name))
			event = event[16+length:]
		}
		return names
	}
}

// Each way by which a bundler finds files leads outside; the kernel tells whether something there was opened.
func TestNothingOutsideIsOpened(t *testing.T) {
	outside := t.TempDir()
	for name, text := range map[string]string{
		"secret.js": "export const x = 1", "secret.json": `{"x": 1}`, "tsconfig.json": `{"compilerOptions": {"jsxFactory": "secret"}}`, "package.json": `{"main": "secret.js"}`,
		"s.js.map": `{"version": 3, "sources": ["secret.js"], "mappings": "AAAA"}`, "index.js": "export const x = 1", "node_modules/mine/index.js": "export const x = 1",
	} {
		place(t, filepath.Join(outside, name), text)
	}
	to := filepath.ToSlash(outside)
	data := base64.StdEncoding.EncodeToString([]byte(`{"version": 3, "sources": ["file://` + to + `/secret.js"], "mappings": "AAAA"}`))
	for name, c := range map[string]struct {
		code  string            // UP leads out of the clone, OUT is what is outside
		files map[string]string // link: to is a symbolic link
		words string            // "": it is loaded
	}{
		"what is inside":            {code: "import {x} from './lib/in.js'; import j from './lib/j.json'; import t from './lib/t.txt'; y = [x, j, t]", files: map[string]string{"lib/in.js": "export const x = 1", "lib/j.json": "\ufeff{}", "lib/t.txt": "t"}},
		"an import":                 {code: "import {x} from 'UP/secret.js'; y = x", words: "outside the repository"},
		"a folder":                  {code: "import {x} from 'UP'; y = x", words: "outside the repository"},
		"an absolute path":          {code: "import {x} from 'OUT/secret.js'; y = x", words: "outside the repository"},
		"a file URL":                {code: "import {x} from 'file://OUT/secret.js'; y = x", words: "outside the repository"},
		"JSON":                      {code: "import x from 'UP/secret.json' with {type: 'json'}; y = x", words: "outside the repository"},
		"a require in a try":        {code: "try { globalThis.y = require('UP/secret.js') } catch {}", words: "outside the repository"},
		"a dynamic import":          {code: "import('UP/secret.js').catch(() => {})", words: "outside the repository"},
		"a path through a package":  {code: "import {x} from 'p/../../UP/secret.js'; y = x", words: "outside the repository"},
		"a linked file":             {code: "import {x} from './l.js'; y = x", files: map[string]string{"l.js": "link:OUT/secret.js"}, words: "outside the repository"},
		"a linked folder":           {code: "import {x} from './l/secret'; y = x", files: map[string]string{"l": "link:OUT"}, words: "outside the repository"},
		"a linked package":          {code: "import {x} from 'p'; y = x", files: map[string]string{"node_modules/p": "link:OUT"}, words: "outside the repository"},
		"a package's main":          {code: "import {x} from 'p'; y = x", files: map[string]string{"node_modules/p/package.json": `{"main": "../../UP/secret.js"}`}, words: "outside the repository"},
		"a main that is there once": {code: "import {x} from 'p'; y = x", files: map[string]string{"node_modules/p/package.json": `{"main": "../../UP/secret.js", "main": "i.js"}`}, words: "outside the repository"},
		"a package's exports":       {code: "import {x} from 'p/a'; y = x", files: map[string]string{"node_modules/p/package.json": `{"exports": {"./*": {"import": ["../../UP/*"]}}}`}, words: "outside the repository"},
		"a package's browser":       {code: "import {x} from 'p'; y = x", files: map[string]string{"node_modules/p/package.json": `{"browser": "../../UP"}`}, words: "outside the repository"},
		"a folder's main":           {code: "import {x} from './d'; y = x", files: map[string]string{"d/package.json": `{"module": "../UP/secret.js"}`}, words: "outside the repository"},
		"its own imports":           {code: "import {x} from '#s'; y = x", files: map[string]string{"package.json": `{"imports": {"#s": "./UP/secret.js"}}`}, words: "outside the repository"},
		"a linked package.json":     {code: "import {x} from 'p'; y = x", files: map[string]string{"node_modules/p/package.json": "link:OUT/package.json"}, words: "outside the repository"},
		"yarn's table":              {code: "import {x} from 'p'; y = x", files: map[string]string{".pnp.data.json": `{"packageRegistryData": []}`}, words: "not followed"},
		"a pattern":                 {code: "import(`UP/${n}.js`)", words: "outside the repository"},
		"a sum":                     {code: "require(/* x */ 'UP/' + n)", words: "outside the repository"},
		"a sum of parts":            {code: "import('.' + './' + 'UP/' + n)", words: "outside the repository"},
		"a pattern in a pattern":    {code: "import(`${'UP'}/${n}`)", words: "outside the repository"},
		"a name with escapes":       {code: "r\\u0065quire('\\x2e./UP/' + n)", words: "outside the repository"},
		"a constant of TypeScript":  {code: "enum E { up = 'UP/' }; import(E.up + n)", files: map[string]string{"ts": ""}, words: "outside the repository"},
		"a pattern inside":          {code: "import(`./lib/${n}.js`)", files: map[string]string{"lib/a.js": ""}},
		"a source map":              {code: "y = 1\n//# sourceMappingURL=UP/s.js.map"},
		"a source map by URL":       {code: "y = 1\n//# sourceMappingURL=file://OUT/s.js.map"},
		"a source map in a comment": {code: "y = 1 /*# sourceMappingURL=UP/s.js.map */"},
		"a source map's sources":    {code: "y = 1\n//# sourceMappingURL=data:application/json;base64," + data},
		"a module's source map":     {code: "import './m.mjs'", files: map[string]string{"m.mjs": "//@ sourceMappingURL=UP/s.js.map"}},
		"settings of TypeScript":    {code: "import './m.ts'; y = 1", files: map[string]string{"m.ts": "", "tsconfig.json": `{"extends": "UP/tsconfig.json"}`}},
		"settings of JavaScript":    {code: "y = 1", files: map[string]string{"jsconfig.json": `{"extends": "OUT/tsconfig.json", "compilerOptions": {"paths": {"*": ["UP/*"]}}}`}},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			up, err := filepath.Rel(root, outside)
			if err != nil {
				t.Fatal(err)
			}
			fill := strings.NewReplacer("UP", filepath.ToSlash(up), "OUT", to)
			path := filepath.Join(root, "s.js")
			for file, text := range c.files {
				if file == "ts" {
					path = filepath.Join(root, "s.ts")
					continue
				}
				if target, link := strings.CutPrefix(text, "link:"); link {
					_ = os.MkdirAll(filepath.Dir(filepath.Join(root, file)), 0o755)
					if err := os.Symlink(fill.Replace(target), filepath.Join(root, file)); err != nil {
						t.Fatal(err)
					}
					continue
				}
				place(t, filepath.Join(root, file), fill.Replace(text))
			}
			place(t, path, fill.Replace(c.code))
			seen := opened(t, outside, filepath.Join(outside, "node_modules"), filepath.Join(outside, "node_modules", "mine"))
			_, err = script.LoadWithin(root, path, nil)
			if names := seen(); len(names) > 0 {
				t.Errorf("opened: %q (%v)", names, err)
			}
			if c.words == "" && err != nil || c.words != "" && (err == nil || !strings.Contains(err.Error(), c.words)) {
				t.Errorf("got %v, want %q", err, c.words)
			}
		})
	}
}

func place(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
