package script

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/evanw/esbuild/pkg/api"
)

// LoadWithin is [Load] for a script that a stranger wrote: of what it
// imports, only files in the folder root are read, links followed. Source
// maps and tsconfig.json are not read, and a package.json that names a file
// outside is refused.
func LoadWithin(root, path string, modules []Module) (*Script, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	if root, err = filepath.EvalSymlinks(root); err != nil {
		return nil, err
	}
	dir, err := os.OpenRoot(root)
	if err != nil {
		return nil, err
	}
	defer dir.Close() //nolint:errcheck // was only read
	return load(&confines{root: root, dir: dir, seen: map[string]error{}}, path, modules)
}

// confines are the folder that esbuild may read. Files come from here alone; before esbuild looks for a file by itself, the
// folders that tell it where to look are examined.
type confines struct {
	root string
	dir  *os.Root

	mu   sync.Mutex
	seen map[string]error // of folders, by their path in root
}

// within returns a path's place in root; ok says that it is there, as far as names tell.
func (c *confines) within(path string) (rel string, ok bool) {
	rel, err := filepath.Rel(c.root, path)
	return rel, err == nil && filepath.IsLocal(rel)
}

// refusal is the message for a file outside, or for what leads there.
func refusal(what string) []api.Message {
	return []api.Message{{
		Text:  what + " is outside the repository",
		Notes: []api.Note{{Text: "a script from a repository imports that repository's files alone"}},
	}}
}

// examine looks at an import before esbuild does: no path of it, and nothing that tells where a package's files are, may lead out.
func (c *confines) examine(args api.OnResolveArgs) (api.OnResolveResult, error) {
	path := strings.TrimPrefix(args.Path, "file://")
	from := args.ResolveDir
	if rel, ok := c.within(from); ok {
		if err := c.upwards(rel); err != nil {
			return api.OnResolveResult{}, err
		}
	}
	switch {
	case filepath.IsAbs(path):
		return c.target(path, path)
	case strings.HasPrefix(path, "."):
		return c.target(filepath.Join(from, path), path)
	case strings.HasPrefix(path, "#"), strings.HasPrefix(path, "data:"):
		return api.OnResolveResult{}, nil
	}
	for at := from; ; at = filepath.Dir(at) {
		if _, ok := c.within(at); !ok {
			return api.OnResolveResult{}, nil
		}
		if found, err := c.target(filepath.Join(at, "node_modules", path), path); err != nil || len(found.Errors) > 0 {
			return found, err
		}
	}
}

// target examines the folder that an import leads to, and those above it.
func (c *confines) target(path, shown string) (api.OnResolveResult, error) {
	rel, ok := c.within(path)
	if !ok {
		return api.OnResolveResult{Errors: refusal(shown)}, nil
	}
	if _, err := c.dir.Stat(rel); err != nil && !missing(err) {
		return api.OnResolveResult{Errors: refusal(shown)}, nil //nolint:nilerr // a link leads out
	}
	return api.OnResolveResult{}, c.upwards(rel)
}

// missing says that a file is not there, rather than outside.
func missing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// upwards examines a folder and all above it, once.
func (c *confines) upwards(rel string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		err, known := c.seen[rel]
		if !known {
			err = c.folder(rel)
			c.seen[rel] = err
		}
		if err != nil || rel == "." {
			return err
		}
		rel = filepath.Dir(rel)
	}
}

// folder refuses yarn's tables of packages, and a package.json whose files are outside.
func (c *confines) folder(rel string) error {
	for _, name := range []string{".pnp.data.json", ".pnp.cjs", ".pnp.js"} {
		if _, err := c.dir.Lstat(filepath.Join(rel, name)); err == nil {
			return errors.New(filepath.Join(rel, name) + " is not followed in a repository")
		}
	}
	data, err := c.dir.ReadFile(filepath.Join(rel, "package.json"))
	if err != nil {
		if missing(err) {
			return nil
		}
		return errors.New(filepath.Join(rel, "package.json") + " is outside the repository")
	}
	for _, path := range namedFiles(data) {
		if _, ok := c.within(filepath.Join(c.root, rel, path)); !ok {
			return errors.New(filepath.Join(rel, "package.json") + " names " + path + ", which is outside the repository")
		}
	}
	return nil
}

// namedFiles are the strings of the fields of a package.json by which a bundler finds files, of each that has the name.
func namedFiles(data []byte) (paths []string) {
	fields := []string{"main", "module", "browser", "exports", "imports", "tsconfig"}
	in := json.NewDecoder(bytes.NewReader(data))
	depth, key, field := 0, false, ""
	for {
		token, err := in.Token()
		if err != nil {
			return paths
		}
		if delim, ok := token.(json.Delim); ok && (delim == '{' || delim == '[') {
			depth++
			key = depth == 1
			continue
		} else if ok {
			depth--
			key = depth == 1
			continue
		}
		text, _ := token.(string)
		switch {
		case depth == 1 && key:
			field, key = text, false
			continue
		case slices.Contains(fields, field):
			paths = append(paths, text)
		}
		key = depth == 1
	}
}

// read gives esbuild a file of the root. The comment at its end has the last word on where a source map is: nowhere.
func (c *confines) read(args api.OnLoadArgs) (api.OnLoadResult, error) {
	followed, err := filepath.EvalSymlinks(args.Path)
	if err != nil {
		return api.OnLoadResult{}, err
	}
	rel, ok := c.within(followed)
	if !ok {
		return api.OnLoadResult{Errors: refusal(args.Path)}, nil
	}
	data, err := c.dir.ReadFile(rel)
	if err != nil {
		return api.OnLoadResult{}, err
	}
	code := strings.TrimPrefix(string(data), "\ufeff")
	result := api.OnLoadResult{Contents: &code, ResolveDir: filepath.Dir(args.Path)}
	switch ext := filepath.Ext(args.Path); {
	case ext == ".json":
		result.Loader = api.LoaderJSON
	case ext == ".txt":
		result.Loader = api.LoaderText
	case scriptName.MatchString(args.Path):
		result.Loader = loaderOf(args.Path)
		if pattern := c.pattern(code, result.Loader, result.ResolveDir); pattern != "" {
			return api.OnLoadResult{Errors: refusal("import of " + pattern + "…")}, nil
		}
		code = withImportMeta(args.Path, code) + "\n//# sourceMappingURL=" + Virtual + "none\n"
	default:
		return api.OnLoadResult{Errors: []api.Message{{Text: "files of the type " + ext + " cannot be imported"}}}, nil
	}
	return result, nil
}

var (
	scriptName = regexp.MustCompile(`\.[cm]?[jt]sx?$`)
	mayImport  = regexp.MustCompile(`import|require|\\u`)
	importCall = regexp.MustCompile(`\b(?:import|require)\(`)
)

// pattern returns the fixed beginning of an import of a computed path where it leads out: esbuild would search that folder for
// all that fits. The code is looked at as esbuild prints it: without comments and escapes in names.
func (c *confines) pattern(code string, loader api.Loader, dir string) string {
	if !mayImport.MatchString(code) {
		return ""
	}
	printed := api.Transform(code, api.TransformOptions{Loader: loader, MinifyWhitespace: true, LogLevel: api.LogLevelSilent, TsconfigRaw: "{}"}).Code
	for _, at := range importCall.FindAllIndex(printed, -1) {
		fixed := beginning(string(printed[at[1]:]))
		slash := strings.LastIndexByte(fixed, '/') + 1
		if _, ok := c.within(filepath.Join(dir, fixed[:slash])); !ok && strings.HasPrefix(fixed, ".") {
			return fixed
		}
	}
	return ""
}

// beginning joins the literals that an expression begins with, up to the first part that is none.
func beginning(code string) string {
	var b strings.Builder
	text := func(i int, ends ...string) int { // reads up to one of the ends
		for ; i < len(code); i++ {
			for _, end := range ends {
				if strings.HasPrefix(code[i:], end) {
					return i + len(end)
				}
			}
			if code[i] == '\\' && i+1 < len(code) {
				i++
			}
			b.WriteByte(code[i])
		}
		return i
	}
	for i := 0; i < len(code); {
		switch code[i] {
		case '"', '\'':
			i = text(i+1, code[i:i+1])
		case '`', '}':
			i = text(i+1, "`", "${")
		case '+', '(', ' ':
			i++
		default:
			return strings.ReplaceAll(b.String(), `\`, "/")
		}
	}
	return b.String()
}
