package script

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/evanw/esbuild/pkg/api"
)

type built struct {
	name      string // of the script, as shown
	code      string
	sourceMap sourceMap
	sources   map[string]string
}

// supported lists what esbuild must lower although goja's language level is
// above ES2022 for the rest. A lower target would cost more than it gives: it
// turns #private names into WeakMaps and refuses top-level await.
func supported() map[string]bool {
	return map[string]bool{
		"async-generator": false, "for-await": false, "dynamic-import": false,
		"decorators": false, "using": false,
		// It overlooks \P{…}, so regular expressions are left to regexp.go.
		"regexp-unicode-property-escapes": true, "regexp-set-notation": true, "regexp-match-indices": true,
	}
}

// bundle runs esbuild once over the script and all that it imports.
func bundle(abs string, p plugin) (built, error) {
	cwd, err := os.Getwd()
	if err != nil {
		cwd = filepath.Dir(abs)
	}
	p.cwd = cwd
	options := api.BuildOptions{
		Stdin: &api.StdinOptions{
			Contents:   entry(abs),
			ResolveDir: filepath.Dir(abs), Sourcefile: Virtual + "entry",
		},
		AbsWorkingDir: cwd, Outfile: filepath.Join(cwd, "bundle.js"),
		Bundle: true, Format: api.FormatESModule, Platform: api.PlatformNeutral, Target: api.ES2022,
		Supported:  supported(),
		Define:     map[string]string{"process.env.NODE_ENV": `"production"`, "global": "globalThis", "import.meta": "__import_meta"},
		MainFields: []string{"browser", "module", "main"},
		Loader:     map[string]api.Loader{".txt": api.LoaderText},
		Sourcemap:  api.SourceMapExternal, LegalComments: api.LegalCommentsNone,
		LogLevel: api.LogLevelSilent,
		Plugins:  []api.Plugin{{Name: "plimsoll", Setup: p.setup}},
	}
	if p.within != nil {
		options.TsconfigRaw = "{}" // else those of the folders above are read, and what they extend
	}
	result := api.Build(options)
	if len(result.Errors) > 0 {
		return built{}, explain(result.Errors[0], displayed(abs, cwd), p)
	}
	b, err := read(result.OutputFiles, cwd)
	b.name = displayed(abs, cwd)
	return b, err
}

// entry imports the script and passes on the exports that mean something, and
// all others for handOn. It names them one by one, because a namespace object
// would make each virtual machine build its Object constructor: 7 KB.
func entry(abs string) string {
	var b strings.Builder
	path := quote(filepath.ToSlash(abs))
	b.WriteString("import * as script from " + path + ";\nexport * from " + path + ";\n__exports({")
	for _, name := range meant() {
		b.WriteString(name + ": script." + name + ", ")
	}
	b.WriteString("});\n")
	return b.String()
}

// commonJS is how the entry passes on the exports of a script that has them in module.exports.
var commonJS = regexp.MustCompile(`(?m)^__exports\(\{ (default: (script\d*)\.default, )`)

// handOn passes on what else the script exports, since options.scenarios may
// name any function. The bundle is the inside of a function and ends, where
// there is something, with esbuild's export { local as name, … } over several lines.
func handOn(code string) string {
	const begin, end = "\nexport {\n", "\n};"
	code = commonJS.ReplaceAllString(code, "__exports({ ...$2, $1")
	at := strings.LastIndex(code, begin)
	if at < 0 || !strings.HasSuffix(strings.TrimSpace(code[at:]), end) {
		return code
	}
	var b strings.Builder
	for line := range strings.SplitSeq(strings.TrimSuffix(strings.TrimSpace(code[at+len(begin):]), end), "\n") {
		local, name, renamed := strings.Cut(strings.Trim(line, " ,"), " as ")
		if !renamed {
			name = local
		}
		if !slices.Contains(meant(), name) && name != "__proto__" { // a name that is no word stands in quotes
			b.WriteString(name + ": " + local + ", ")
		}
	}
	if b.Len() == 0 {
		return code[:at+1]
	}
	return code[:at+1] + "__exports({ " + b.String() + "});\n"
}

// meant are the exports that mean something by their name.
func meant() []string { return []string{"default", "options", "setup", "teardown"} }

func read(files []api.OutputFile, cwd string) (built, error) {
	var b built
	for _, f := range files {
		if !strings.HasSuffix(f.Path, ".map") {
			b.code = handOn(string(f.Contents))
			continue
		}
		var err error
		if b.sourceMap, b.sources, err = decodeSourceMap(f.Contents, cwd); err != nil {
			return b, err
		}
	}
	return b, nil
}

// explain turns esbuild's first complaint into ours.
func explain(m api.Message, script string, p plugin) *Error {
	m.Text = strings.ReplaceAll(m.Text, `"`+moduleNamespace+":", `"`) // esbuild shows the namespace with the name
	e := &Error{File: script, Message: m.Text}
	if at := m.Location; at != nil {
		column := utf8.RuneCountInString(at.LineText[:min(at.Column, len(at.LineText))]) + 1
		source := at.LineText
		if text, err := p.source(filepath.Join(p.cwd, at.File)); err == nil {
			source = string(text)
		} else {
			source = strings.Repeat("\n", max(at.Line-1, 0)) + source
		}
		e = newError(position{displayed(at.File, p.cwd), at.Line, column}, m.Text, source)
	}
	if found := unresolved.FindStringSubmatch(m.Text); found != nil {
		e.Message, e.hint = missingModule(found[1], p.names())
		e.Missing = !ofNode(found[1])
		return e
	}
	for _, n := range m.Notes {
		if e.hint == "" {
			e.hint = strings.ReplaceAll(n.Text, "\n", " ")
		}
	}
	return e
}

// source reads a file that an error is in.
func (p plugin) source(path string) ([]byte, error) {
	if p.within == nil {
		return os.ReadFile(path)
	}
	rel, ok := p.within.within(path)
	if !ok {
		return nil, os.ErrPermission
	}
	return p.within.dir.ReadFile(rel)
}

// usesTopLevelAwait asks esbuild, which refuses it in a plain function.
func usesTopLevelAwait(code string) bool {
	if !strings.Contains(code, "await") {
		return false
	}
	result := api.Transform(code, api.TransformOptions{Format: api.FormatIIFE, LogLevel: api.LogLevelSilent})
	for _, m := range result.Errors {
		if strings.Contains(m.Text, "op-level await") {
			return true
		}
	}
	return false
}

// plugin resolves and makes the host's modules, and gives files their import.meta.
type plugin struct {
	modules []Module
	cwd     string
	within  *confines // what is outside is not read; nil: all may be
}

const moduleNamespace = "plimsoll"

func (p plugin) names() []string {
	var names []string
	for _, m := range p.modules {
		names = append(append(names, m.Name), m.Aliases...)
	}
	return names
}

// imports is the pattern of what is the host's to resolve: its modules, and
// what begins as its own do, so that a name that does not exist is told as one.
func (p plugin) imports() string {
	pattern := `^(plimsoll|k6)(/|$)`
	for _, name := range p.names() {
		pattern += "|^" + regexp.QuoteMeta(name) + "$"
	}
	return pattern
}

func (p plugin) setup(b api.PluginBuild) {
	byName := map[string]Module{}
	for _, m := range p.modules {
		byName[m.Name] = m
		for _, alias := range m.Aliases {
			byName[alias] = m
		}
	}
	b.OnResolve(api.OnResolveOptions{Filter: p.imports()}, func(args api.OnResolveArgs) (api.OnResolveResult, error) {
		m, ok := byName[args.Path]
		if !ok {
			return api.OnResolveResult{Errors: []api.Message{{Text: `Could not resolve "` + args.Path + `"`}}}, nil
		}
		return api.OnResolveResult{Path: m.Name, Namespace: moduleNamespace, SideEffects: api.SideEffectsFalse}, nil
	})
	b.OnResolve(api.OnResolveOptions{Filter: `^(https?:)?//`}, func(args api.OnResolveArgs) (api.OnResolveResult, error) {
		return api.OnResolveResult{Errors: []api.Message{{Text: `Could not resolve "` + args.Path + `"`}}}, nil
	})
	b.OnLoad(api.OnLoadOptions{Filter: `.*`, Namespace: moduleNamespace}, func(args api.OnLoadArgs) (api.OnLoadResult, error) {
		code := byName[args.Path].source()
		return api.OnLoadResult{Contents: &code, Loader: api.LoaderJS}, nil
	})
	if p.within != nil {
		b.OnResolve(api.OnResolveOptions{Filter: `.*`}, p.within.examine)
		b.OnLoad(api.OnLoadOptions{Filter: `.*`, Namespace: "file"}, p.within.read)
		return
	}
	b.OnLoad(api.OnLoadOptions{Filter: scriptName.String(), Namespace: "file"}, func(args api.OnLoadArgs) (api.OnLoadResult, error) {
		text, err := os.ReadFile(args.Path)
		if err != nil || !strings.Contains(string(text), "import.meta") {
			return api.OnLoadResult{}, nil //nolint:nilerr // esbuild reads the file itself, and explains better why it cannot
		}
		code := withImportMeta(args.Path, string(text))
		return api.OnLoadResult{Contents: &code, Loader: loaderOf(args.Path), ResolveDir: filepath.Dir(args.Path)}, nil
	})
}

// source is a virtual module that asks for each export when it is used:
// esbuild drops the calls whose results nobody reads, so that a virtual
// machine holds no function that its script does not call.
func (m Module) source() string {
	var b strings.Builder
	for _, name := range append([]string{"default"}, m.Exports...) {
		target := "const " + name + " ="
		if name == "default" {
			target = "default"
		}
		b.WriteString("export " + target + " /* @__PURE__ */ __need(" + quote(m.Name) + ", " + quote(name) + ");\n")
	}
	return b.String()
}

func quote(s string) string {
	q, _ := json.Marshal(s)
	return string(q)
}

// withImportMeta defines import.meta in the text of a file that uses it. The
// definition shares the first line with the file's own, whose columns shift.
func withImportMeta(path, code string) string {
	if !strings.Contains(code, "import.meta") {
		return code
	}
	var hashbang string
	if strings.HasPrefix(code, "#!") {
		hashbang, code, _ = strings.Cut(code, "\n")
		hashbang += "\n"
	}
	path = filepath.ToSlash(path)
	return hashbang + "const __import_meta = {url: " + quote("file://"+path) + ", resolve: (path) => __need(" +
		quote(Virtual+"resolve") + ", " + quote(path) + ")(path)};" + code
}

func loaderOf(path string) api.Loader {
	switch strings.TrimLeft(filepath.Ext(path), ".cm") {
	case "ts":
		return api.LoaderTS
	case "tsx":
		return api.LoaderTSX
	case "jsx":
		return api.LoaderJSX
	default:
		return api.LoaderJS
	}
}

var unresolved = regexp.MustCompile(`^Could not resolve "(.*)"$`)
