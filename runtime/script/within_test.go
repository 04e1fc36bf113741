package script_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/script"
)

func TestScriptWithinAFolderReadsNothingOutside(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	root := filepath.Join(dir, "clone")
	outside := filepath.Join(dir, "outside.json")
	for path, text := range map[string]string{
		outside: `{"secret": 1}`, filepath.Join(dir, "node_modules", "mine", "index.js"): "export const x = 1",
		filepath.Join(root, "lib", "inside.js"): "export const x = 1", filepath.Join(root, "load", "data.json"): `{"y": 1}`,
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(outside, filepath.Join(root, "link.json")); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	path := filepath.Join(root, "load", "s.js")
	load := func(code string) error {
		if err := os.WriteFile(path, []byte(code), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := script.LoadWithin(root, path, nil)
		return err
	}
	if err := load("import { x } from '../lib/inside.js'; import data from './data.json'; x + data.y"); err != nil {
		t.Errorf("what is inside: %v", err)
	}
	for name, from := range map[string]string{
		"relative": "../../outside.json", "absolute": filepath.ToSlash(outside), "by a link": "../link.json", "a package above": "mine",
	} {
		err := load("import x from '" + from + "'; globalThis.y = x")
		if err == nil {
			t.Errorf("%s: was read", name)
			continue
		}
		coded, ok := err.(interface {
			ExitCode() int
			Hint() string
		})
		if !ok || coded.ExitCode() != 3 || !strings.Contains(err.Error(), "s.js:1:15: ") || !strings.Contains(err.Error(), "is outside the repository") ||
			!strings.Contains(coded.Hint(), "that repository's files alone") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
