package vu

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dop251/goja"
)

// file is what open() read, kept for all users. Strings of goja belong to no
// VM and do not change: they are shared. Bytes do, and are copied.
type file struct {
	text goja.Value
	data []byte
}

// bom is the mark that some editors put before UTF-8: it is no part of the text.
const bom = "\ufeff"

// Open reads a file, once for all users: neither may be changed. A path that
// is not absolute is relative to the script.
func (u *User) Open(path string) (text goja.Value, data []byte, err error) {
	name := strings.TrimPrefix(path, "file://")
	if !filepath.IsAbs(name) {
		name = filepath.Join(filepath.Dir(u.factory.config.Script.Path()), filepath.FromSlash(name))
	}
	f, err := u.factory.read(name)
	return f.text, f.data, err
}

// Files are the paths of what the script opened.
func (f *Factory) Files() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Collect(maps.Keys(f.files))
}

func (f *Factory) read(name string) (file, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if known, ok := f.files[name]; ok {
		return known, nil
	}
	if err := f.permit(name); err != nil {
		return file{}, err
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return file{}, err
	}
	var text goja.StringBuilder // what it makes is complete, whereas ToValue's strings are examined when first used
	text.WriteUTF8String(strings.TrimPrefix(string(data), bom))
	read := file{text: text.String(), data: data}
	f.files[name] = read
	return read, nil
}

// permit refuses files outside the folder of a stranger's script, links followed.
func (f *Factory) permit(name string) error {
	if f.config.Within == "" {
		return nil
	}
	root, err := filepath.EvalSymlinks(f.config.Within)
	if err != nil {
		return err
	}
	followed, err := filepath.EvalSymlinks(name)
	if err != nil {
		return err
	}
	if rel, err := filepath.Rel(root, followed); err != nil || !filepath.IsLocal(rel) {
		return fmt.Errorf("%s is outside the repository: a script from a repository reads that repository's files alone", name)
	}
	return nil
}

// resolver is import.meta.resolve of one source file.
func (u *User) resolver(from string) goja.Value {
	return u.vm.ToValue(func(call goja.FunctionCall) goja.Value {
		name := call.Argument(0).String()
		if strings.HasPrefix(name, ".") {
			name = "file://" + filepath.ToSlash(filepath.Join(filepath.Dir(filepath.FromSlash(from)), filepath.FromSlash(name)))
		}
		return u.vm.ToValue(name)
	})
}
