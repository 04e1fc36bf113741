// Package plimsoll_test holds the architecture as a test: who may import
// whom, one doc comment a package, no banned modules, bands for files and functions.
package plimsoll_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/plimsoll-load/plimsoll"

// layers: folder -> what it may import, of ours (exact, or "x/*" for the folders in x) and of others (by prefix).
// A folder without a line takes that of the nearest folder above it.
var layers = map[string][]string{
	"cmd/cli": {
		"runtime/plan", "runtime/record", "github.com/spf13/cobra", "github.com/spf13/pflag",
		"golang.org/x/term",
	}, // what both programs share of the command line: also whether there is a terminal

	"cmd/plimsoll": { // flags, help, words and printing: no engine, no VM, no scheduler
		"cmd/cli", "session", "sizing", "sizing/bottleneck", "sizing/recommend", "report", "report/*", "report/out/*", "examples", "jsapi", "jsapi/all",
		"runtime/plan", "runtime/record", "runtime/metric", "runtime/repo", "runtime/monitor", "runtime/target", "runtime/script", "runtime/units",
		"github.com/spf13/cobra", "github.com/spf13/pflag",
	},

	"cmd/plimsoll-remote": { // no engine, no VM, no controller: it runs plimsoll as a child
		"cmd/cli", "remote", "remote/plan", "remote/cleanup", "remote/provider", "remote/aws", "remote/aws/dialect", "runtime/record", "runtime/plan", "runtime/repo",
		"github.com/spf13/cobra", "github.com/spf13/pflag",
	},

	"session": {"runtime/*", "jsapi", "jsapi/*", "sizing", "sizing/*", "report"}, // where all parts of a run meet

	".ci/bench": {}, // a module of its own: peers are built, not imported

	"examples/custom": {"session", "jsapi", "jsapi/all", "report/text", "github.com/dop251/goja"}, // a program of its own

	"examples": {}, // embeds its scripts, for `plimsoll new`

	"runtime":        {}, // doc.go alone
	"runtime/exit":   {},
	"runtime/plan":   {"runtime/threshold"},
	"runtime/pace":   {"runtime/plan"},
	"runtime/metric": {"github.com/HdrHistogram/hdrhistogram-go"},
	"runtime/record": {"runtime/plan", "runtime/metric", "runtime/failure", "golang.org/x/sys", "runtime/units"},
	"runtime/script": {"github.com/dop251/goja", "github.com/evanw/esbuild"},
	"runtime/engine": {"runtime/metric", "github.com/valyala/fasthttp", "golang.org/x/net", "github.com/andybalholm/brotli", "github.com/klauspost/compress"},
	"runtime/vu":     {"runtime/engine", "runtime/metric", "runtime/failure", "github.com/dop251/goja"}, // not jsapi
	"runtime/sched": {"runtime/plan", "runtime/pace", "runtime/metric", "golang.org/x/sync", // not vu
		"golang.org/x/sys"}, // waits finer than a millisecond
	"runtime/monitor": {
		"runtime/record", "github.com/shirou/gopsutil", "github.com/moby/moby", "github.com/prometheus/common", "github.com/prometheus/client_model",
		"golang.org/x/sys",
	}, // the CPU clock of another process
	"runtime/redact":  {},
	"runtime/failure": {"runtime/metric", "runtime/redact"}, // what is kept of what failed: no client, no VM
	"runtime/units":   {},                                   // numbers for people
	"runtime/repo":    {"runtime/plan", "runtime/redact"},
	"runtime/target":  {"github.com/valyala/fasthttp"},

	"runtime/threshold": {"runtime/metric"},

	"jsapi":         {"runtime/engine", "runtime/metric", "runtime/failure", "github.com/dop251/goja"}, // not vu
	"jsapi/http":    {"jsapi", "runtime/engine", "runtime/metric", "runtime/failure", "github.com/dop251/goja", "github.com/tidwall/gjson"},
	"jsapi/globals": {"jsapi", "jsapi/locale", "github.com/dop251/goja"},
	"jsapi/locale":  {}, // of strings and times: no VM
	"jsapi/plimsoll": {"jsapi", "jsapi/metrics", // whose classes it has, too
		"runtime/engine", "runtime/metric", "runtime/failure", "github.com/dop251/goja"},
	"jsapi/*":   {"jsapi", "runtime/engine", "runtime/metric", "runtime/failure", "github.com/dop251/goja"},
	"jsapi/all": {"jsapi", "jsapi/*"},

	"sizing":            {"runtime/metric", "runtime/record", "runtime/units", "gonum.org/v1/gonum"},
	"sizing/bottleneck": {"runtime/metric", "runtime/record", "runtime/units", "gonum.org/v1/gonum"},
	"sizing/recommend":  {"runtime/metric", "runtime/record", "runtime/units", "gonum.org/v1/gonum"},
	"sizing/sizingtest": {"sizing", "runtime/metric", "runtime/record"},

	"remote":                     {"remote/plan", "remote/provision", "remote/watch", "remote/cleanup", "remote/journal", "remote/script", "remote/provider", "runtime/record", "runtime/units"},
	"remote/provider":            {"runtime/record"}, // what is asked of a cloud: all that knows one imports it
	"remote/script":              {"remote/provider"},
	"remote/journal":             {"remote/provider"},
	"remote/plan":                {"remote/provider", "remote/script", "runtime/record"},
	"remote/provision":           {"remote/plan", "remote/journal", "remote/script", "remote/provider", "runtime/record"},
	"remote/watch":               {"remote/plan", "remote/script", "remote/provider"},
	"remote/cleanup":             {"remote/plan", "remote/journal", "remote/provider", "runtime/record"},
	"remote/aws":                 {"remote/provider", "remote/aws/*", "runtime/record", "github.com/aws/aws-sdk-go-v2", "github.com/aws/smithy-go"},
	"remote/aws/*":               {"remote/provider", "remote/aws/*", "github.com/aws/aws-sdk-go-v2", "github.com/aws/smithy-go"},
	"remote/fakeaws":             {"github.com/johannesboyne/gofakes3"}, // speaks the wire, knows nothing of ours
	"remote/fakeaws/cmd/fakeaws": {"remote/fakeaws"},                    // the same as a process

	"report":              {"runtime/record", "runtime/metric", "runtime/failure", "runtime/redact", "runtime/units", "report/chart"},
	"report/out/*":        {"session", "report", "runtime/metric", "runtime/record"},      // one package an output, with its client library
	"report/out/progress": {"session", "report/text", "runtime/metric", "runtime/record"}, // the line of a run under way
	"report/chart":        {"github.com/wcharczuk/go-chart"},
	"report/compare":      {"runtime/record", "runtime/redact", "runtime/units", "report", "gonum.org/v1/gonum"},
	"report/text":         {"runtime/record", "runtime/metric", "runtime/units", "report", "report/compare"},
	"report/markdown":     {"runtime/units", "report", "report/compare"},
	"report/junit":        {"runtime/record", "runtime/units", "report", "report/compare"},
	"report/html":         {"runtime/record", "runtime/metric", "runtime/units", "report", "report/compare", "report/chart"},
	"report/reporttest":   {"runtime/plan", "runtime/record", "runtime/metric", "runtime/failure", "report"}, // records for tests
}

// banned modules, and why.
var banned = map[string]string{
	"github.com/spf13/viper":       "precedence is a hundred lines of ours (runtime/plan)",
	"github.com/docker/docker":     "frozen: use github.com/moby/moby/client",
	"gopkg.in/yaml.v3":             "archived",
	"github.com/gorilla/websocket": "unmaintained: use github.com/coder/websocket",
	"github.com/go-git/go-git":     "use the git binary by argv",
}

func TestLayers(t *testing.T) {
	t.Parallel()
	eachFile(t, parser.ImportsOnly, func(file string, _ *token.FileSet, f *ast.File) {
		if strings.HasSuffix(file, "_test.go") {
			return
		}
		folder := path.Dir(file)
		allowed, ok := rule(folder)
		if !ok {
			t.Errorf("%s: folder %q has no line in layers", file, folder)
			return
		}
		for _, spec := range f.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if first, _, _ := strings.Cut(imp, "/"); !strings.Contains(first, ".") {
				continue // standard library
			}
			imp, ours := strings.CutPrefix(imp, module+"/")
			if imp == "runtime/exit" && ours {
				continue // a table of numbers: open to all
			}
			if !may(imp, ours, allowed) {
				t.Errorf("%s: %s may not import %s", file, folder, imp)
			}
		}
	})
}

// rule finds the nearest line of layers at or above folder; "x/*" stands for each folder in x.
func rule(folder string) (allowed []string, ok bool) {
	for ; folder != "."; folder = path.Dir(folder) {
		for _, key := range []string{folder, path.Dir(folder) + "/*"} {
			if a, ok := layers[key]; ok {
				return a, true
			}
		}
	}
	return nil, false
}

func may(imp string, ours bool, allowed []string) bool {
	for _, a := range allowed {
		switch parent, all := strings.CutSuffix(a, "/*"); {
		case imp == a, ours && all && path.Dir(imp) == parent, !ours && strings.HasPrefix(imp, a+"/"):
			return true
		}
	}
	return false
}

func TestEveryPackageHasOneDoc(t *testing.T) {
	t.Parallel()
	docs := map[string]int{}
	eachFile(t, parser.ImportsOnly|parser.ParseComments, func(file string, _ *token.FileSet, f *ast.File) {
		if strings.HasSuffix(file, "_test.go") {
			return
		}
		dir := path.Dir(file)
		docs[dir] += 0
		if f.Doc != nil {
			docs[dir]++
		}
	})
	for dir, n := range docs {
		if n != 1 {
			t.Errorf("%s has %d package comments, want 1", dir, n)
		}
	}
}

func TestNoBannedModules(t *testing.T) {
	t.Parallel()
	gomod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for m, why := range banned {
		if strings.Contains(string(gomod), m+" ") {
			t.Errorf("go.mod requires %s: %s", m, why)
		}
	}
}

// The bands of a house to live in: a file of at most 400 lines, a function of at most 60, five methods an interface.
const (
	maxFile      = 400
	maxFunction  = 60
	maxInterface = 5
)

func TestBands(t *testing.T) {
	t.Parallel()
	eachFile(t, parser.SkipObjectResolution, func(file string, set *token.FileSet, f *ast.File) {
		if strings.HasSuffix(file, "_test.go") {
			return
		}
		if n := set.Position(f.End()).Line; n > maxFile {
			t.Errorf("%s has %d lines, at most %d: split it by idea", file, n, maxFile)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if lines := set.Position(n.End()).Line - set.Position(n.Pos()).Line + 1; lines > maxFunction {
					t.Errorf("%s: %s has %d lines, at most %d", file, n.Name, lines, maxFunction)
				}
				if n.Recv == nil && n.Name.Name == "init" {
					t.Errorf("%s: no init functions", file)
				}
			case *ast.InterfaceType: // also one without a name
				if methods := n.Methods.NumFields(); methods > maxInterface {
					t.Errorf("%s: an interface of %d methods, at most %d", set.Position(n.Pos()), methods, maxInterface)
				}
			}
			return true
		})
	})
}

// TestInterfacesAreSmall counts methods, those of embedded interfaces too.
func TestInterfacesAreSmall(t *testing.T) {
	t.Parallel()
	all := interfaces{}
	eachFile(t, parser.SkipObjectResolution, func(file string, _ *token.FileSet, f *ast.File) { all.add(file, f) })
	if len(all) == 0 {
		t.Fatal("no interface was found")
	}
	for name := range all {
		if n := all.methods(t, name); n > maxInterface {
			t.Errorf("%s: an interface of %d methods, at most %d", name, n, maxInterface)
		}
	}
}

// interfaces are those declared in this tree, by "folder.Name".
type interfaces map[string]declared

type declared struct {
	it      *ast.InterfaceType
	folder  string
	imports map[string]string // path by name
}

func (all interfaces) add(file string, f *ast.File) {
	if strings.HasSuffix(file, "_test.go") {
		return
	}
	folder, imports := path.Dir(file), map[string]string{}
	for _, spec := range f.Imports {
		imp, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue // the parser took it
		}
		name := path.Base(imp)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		imports[name] = strings.TrimPrefix(imp, module+"/")
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if spec, ok := n.(*ast.TypeSpec); ok {
			if it, ok := spec.Type.(*ast.InterfaceType); ok {
				all[folder+"."+spec.Name.Name] = declared{it, folder, imports}
			}
		}
		return true
	})
}

// foreign is how many methods an interface of somebody else's has, as far as one is embedded here.
var foreign = map[string]int{
	".error": 1, "io.Reader": 1, "io.Writer": 1, "io.Closer": 1, "io.ReadCloser": 2, "io.WriteCloser": 2, "net.Conn": 8, "context.Context": 4,
}

func (all interfaces) methods(t *testing.T, name string) int {
	t.Helper()
	d := all[name]
	count := 0
	for _, field := range d.it.Methods.List {
		var key string
		switch embedded := field.Type.(type) {
		case *ast.FuncType:
			count += len(field.Names)
			continue
		case *ast.Ident:
			key = d.folder + "." + embedded.Name
			if _, ok := all[key]; !ok {
				key = "." + embedded.Name // of the language
			}
		case *ast.SelectorExpr:
			key = d.imports[embedded.X.(*ast.Ident).Name] + "." + embedded.Sel.Name
		default:
			continue // a union of types has no methods
		}
		if n, ok := foreign[key]; ok {
			count += n
		} else if _, ok := all[key]; ok {
			count += all.methods(t, key)
		} else {
			t.Errorf("%s embeds %s: say in foreign how many methods that has", name, key)
		}
	}
	return count
}

// What the maps of the house name must be there: files, relative to the map, and tests.
var (
	aFile = regexp.MustCompile(`[a-z_./]*[a-z_]\.(go|md)\b`)
	aTest = regexp.MustCompile(`\bTest[A-Z]\w+`)

	aTestFunction = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
)

func TestMapsNameWhatIsThere(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{}
	for _, pattern := range []string{"*_test.go", "*/*_test.go", "*/*/*_test.go", "*/*/*/*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range aTestFunction.FindAllStringSubmatch(string(text), -1) {
				tests[m[1]] = true
			}
		}
	}
	for _, file := range []string{"runtime/doc.go", "CONTRIBUTING.md", "README.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range aFile.FindAllString(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(file), name)); err != nil && !strings.Contains(name, "//") {
				t.Errorf("%s names %s, which is not there", file, name)
			}
		}
		for _, name := range aTest.FindAllString(string(text), -1) {
			if !tests[name] {
				t.Errorf("%s names %s, which is no test", file, name)
			}
		}
	}
}

func eachFile(t *testing.T, mode parser.Mode, visit func(file string, set *token.FileSet, f *ast.File)) {
	t.Helper()
	err := fs.WalkDir(os.DirFS("."), ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(p, ".go") || path.Dir(p) == ".":
			return nil
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, filepath.FromSlash(p), nil, mode)
		if err != nil {
			return err
		}
		visit(p, set, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
