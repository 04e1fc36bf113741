// Package script turns a load test, written in JavaScript or TypeScript, into
// one compiled program that any number of virtual machines can run.
//
// [Load] bundles the script with everything it imports (relative files, JSON,
// npm packages from a node_modules folder beside it, Plimsoll's own modules)
// through esbuild once, and compiles the bundle once. What goja cannot parse
// is lowered on the way: ES modules, top-level await, `for await`, async
// generators, TypeScript, Unicode properties in regular expressions.
//
// The program's value is a function of two arguments, need(module, name) and
// exports(namespace): running the script is calling it. exports is called with
// what means something by its name (default, options, setup, teardown), and
// again with what else the script exports, if it does. need is asked for what
// the script imports from the host's modules, and for "plimsoll:RegExp" and
// "plimsoll:resolve" where they are used. The function returns a promise when
// the script awaits at its top level, and undefined otherwise: a promise alone
// costs each virtual machine 11 KB, so nobody pays for it unasked.
//
// Positions in stack traces are those of the original sources. What has no
// source of its own is in files whose names begin with [Virtual].
package script

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/parser"
)

// Virtual begins the names of files that nobody wrote.
const Virtual = "plimsoll:"

// Module is an importable module that the host provides.
type Module struct {
	Name    string   // as imported
	Aliases []string // the same module by other names
	Exports []string // what it exports; each is asked for as need(Name, export) when used
}

// Script is a loaded test, ready to run. It is safe for concurrent use.
type Script struct {
	path    string
	name    string // of the script itself, as shown
	program *goja.Program
	hash    string
	sources map[string]string // text by the name that positions use
}

// Load reads, bundles and compiles the script at path. Its errors are of type
// [*Error], but for what is wrong with Plimsoll itself.
func Load(path string, modules []Module) (*Script, error) { return load(nil, path, modules) }

func load(within *confines, path string, modules []Module) (*Script, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := readable(path, abs); err != nil {
		return nil, err
	}
	built, err := bundle(abs, plugin{modules: modules, within: within})
	if err != nil {
		return nil, err
	}
	s := &Script{path: abs, name: built.name, sources: built.sources}
	if err := s.compile(built); err != nil {
		return nil, err
	}
	return s, nil
}

// Program is the compiled bundle; see the package comment for its shape.
func (s *Script) Program() *goja.Program { return s.program }

// Hash is the SHA-256 of the bundle in hexadecimal: it changes with the
// script and with all that it imports.
func (s *Script) Hash() string { return s.hash }

// Path is the absolute path of the script.
func (s *Script) Path() string { return s.path }

// Files are the paths of what the script is made of, relative ones from the working directory.
func (s *Script) Files() []string {
	list := []string{s.path}
	for name := range s.sources {
		if !strings.HasPrefix(name, Virtual) {
			list = append(list, name)
		}
	}
	return list
}

// Explain makes the error for something that went wrong at a position of the
// script's sources while it was being loaded. Line 0 means the script as a whole.
func (s *Script) Explain(file string, line, column int, message string) error {
	if line == 0 {
		return &Error{File: s.name, Message: message}
	}
	file = s.Name(file)
	return newError(position{file, line, column}, message, s.sources[file])
}

func readable(given, abs string) error {
	info, err := os.Stat(abs)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Error{File: given, Message: "there is no such script", Missing: true, hint: nearestFile(abs)}
	case err != nil:
		return &Error{File: given, Message: "cannot read the script: " + err.Error()}
	case info.IsDir():
		return &Error{File: given, Message: "is a folder, not a script", hint: "name the file to run, such as " + filepath.Join(given, "loadtest.js")}
	}
	return nil
}

// compile makes the program of the bundle.
func (s *Script) compile(b built) error {
	b.sourceMap.shiftLine() // for the head
	data := b.sourceMap.encode()
	parse := func(code string) (*ast.Program, error) {
		tree, err := goja.Parse(bundleName, code, parser.WithSourceMapLoader(func(string) ([]byte, error) { return data, nil }))
		if err != nil {
			return nil, s.syntaxError(err, b.sourceMap)
		}
		return tree, nil
	}
	code := head(b.code) + "\n" + b.code + "\n})\n//# sourceMappingURL=map\n"
	tree, err := parse(code)
	if err != nil {
		return err
	}
	if len(literals(tree)) > 0 {
		expanded, functions, err := s.expandLiterals(code, tree, b.sourceMap)
		if err != nil {
			return err
		}
		first, rest, _ := strings.Cut(expanded, "\n")
		code = first + functions + "\n" + rest
		if tree, err = parse(code); err != nil {
			return err
		}
	}
	if s.program, err = goja.CompileAST(tree, true); err != nil {
		return s.syntaxError(err, b.sourceMap)
	}
	sum := sha256.Sum256([]byte(code))
	s.hash = hex.EncodeToString(sum[:])
	return nil
}

// head opens the function that the bundle is in, on a line of its own, with
// the shims that the bundle needs.
func head(code string) string {
	var b strings.Builder
	b.WriteString("(")
	if usesTopLevelAwait(code) {
		b.WriteString("async ")
	}
	b.WriteString(`function(__need,__exports){"use strict";`)
	if strings.Contains(code, "asyncIterator") {
		b.WriteString(`Symbol.asyncIterator??=Symbol.for("Symbol.asyncIterator");`)
	}
	if strings.Contains(code, "dispose") || strings.Contains(code, "Dispose") {
		b.WriteString(`Symbol.dispose??=Symbol.for("Symbol.dispose");Symbol.asyncDispose??=Symbol.for("Symbol.asyncDispose");`)
	}
	if strings.Contains(code, "RegExp") { // it makes expressions at run time
		b.WriteString("globalThis.RegExp=__need(" + quote(Virtual+"RegExp") + `,"default");`)
	}
	for _, g := range guards() {
		if g.wanted(code) {
			b.WriteString("__need(" + quote(Virtual+"guards") + "," + quote(g.name) + ");")
		}
	}
	return b.String()
}

// syntaxError explains what esbuild let pass and goja refuses.
func (s *Script) syntaxError(err error, m sourceMap) error {
	var list parser.ErrorList
	if errors.As(err, &list) && len(list) > 0 {
		at := list[0].Position // in the bundle: goja reads the map only after it has parsed all
		return s.unsupported(m.original(at.Line, at.Column), list[0].Message)
	}
	var compile *goja.CompilerSyntaxError
	if errors.As(err, &compile) && compile.File != nil {
		at := compile.File.Position(compile.Offset)
		return s.unsupported(position{s.Name(at.Filename), at.Line, at.Column}, compile.Message)
	}
	return &Error{File: s.name, Message: err.Error()}
}

func (s *Script) unsupported(at position, message string) error {
	e := newError(at, message, s.sources[at.file])
	e.hint = "the language is ES2022 with TypeScript; this construct is not supported by the engine"
	return e
}
