package repo

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/exit"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
)

// The names of project files: ours, and Molotov's, which is read when ours is not there.
const (
	FileName        = "plimsoll.json"
	molotovFileName = "molotov.json"
)

// Project is a folder's named tests.
type Project struct {
	Path    string   // of its file
	Dir     string   // the folder that scripts are named from
	Install bool     // has requirements: its scripts need the npm packages of its lock file
	Notes   []string // what the file says and nothing follows from; for a warning each

	tests  []Test // in the order of the file
	cloned bool
}

// Test is one named test.
type Test struct {
	Name   string
	Script string            // path, joined with the project's folder
	Env    map[string]string // of the file: the project's, then the test's
	Cloned bool              // came from a repository: sees no environment but what is named
	Target Target            // what `plimsoll remote` puts on a machine

	Options []plan.Setting // from "options" and "sizing", checked, in the order of the file: plan.Sources.Test
	Monitor []string       // sources, as --monitor takes them
	Classic bool           // of a molotov.json: `run` it as Molotov's sizing
}

// Target is a service that can be started somewhere.
type Target struct {
	Image string // of its container; may be empty
	Port  int    // that it listens at; 0 when not said
}

// LoadProject reads the project file of a folder on this disk.
func LoadProject(dir string) (*Project, error) {
	return loadProject(dir, os.Open)
}

// loadProject reads a project with the given way to open files.
func loadProject(dir string, open func(path string) (*os.File, error)) (*Project, error) {
	path := filepath.Join(dir, FileName)
	data, err := read(path, open)
	if errors.Is(err, fs.ErrNotExist) {
		older := filepath.Join(dir, molotovFileName)
		if data, err = read(older, open); err == nil {
			return parseMolotov(older, data)
		}
		e := refuse(path, "`plimsoll new` writes one; --dir names another folder of a repository", "there is no project file")
		e.cause = fs.ErrNotExist
		return nil, e
	}
	if err != nil {
		return nil, &Error{where: path, text: err.Error(), code: exit.Usage, cause: err}
	}
	return ParseProject(path, data)
}

func read(path string, open func(string) (*os.File, error)) ([]byte, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // was only read
	return io.ReadAll(io.LimitReader(f, maxFile+1))
}

// ParseProject reads the text of a project file; path is for messages, and
// the folder that holds it for the tests' scripts.
func ParseProject(path string, data []byte) (*Project, error) {
	d, err := parse(path, data)
	if err != nil {
		return nil, err
	}
	for _, m := range d.root.members {
		if m.key == "molotov" {
			return nil, d.fault(m.at, "keep Molotov's shape in a "+molotovFileName+", or write: "+shape, "is in Molotov's shape")
		}
	}
	p := &Project{Path: path, Dir: filepath.Dir(path)}
	env, found := map[string]string{}, false
	err = d.fields(d.root, fields{
		"$schema":      func(n node) error { return d.want(n, text) },
		"env":          func(n node) error { return d.env(n, env) },
		"requirements": func(n node) error { p.Install = true; return d.requirements(n) },
		"tests": func(n node) (err error) {
			found = true
			p.tests, err = d.tests(n, p.Dir)
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	if !found || len(p.tests) == 0 {
		return nil, d.fault(d.root.at, "name at least one: "+shape, "has no tests")
	}
	p.inherit(env)
	return p, nil
}

const shape = `{"tests": {"smoke": {"script": "loadtest.js", "options": {"vus": 10}}}}`

// inherit gives each test the project's environment where it has none of its own.
func (p *Project) inherit(env map[string]string) {
	for i := range p.tests {
		for name, value := range env {
			if _, own := p.tests[i].Env[name]; !own {
				p.tests[i].Env[name] = value
			}
		}
	}
}

// Names lists the tests, in the order of the file.
func (p *Project) Names() []string {
	names := make([]string, len(p.tests))
	for i, t := range p.tests {
		names[i] = t.Name
	}
	return names
}

// Test returns the test of a name; its error lists those there.
func (p *Project) Test(name string) (Test, error) {
	for _, t := range p.tests {
		if t.Name == name {
			t.Cloned = p.cloned
			return t, nil
		}
	}
	there := "there are " + strings.Join(p.Names(), ", ")
	hint := plan.Suggest(name, p.Names())
	if hint != there {
		hint += " " + there
	}
	return Test{}, refuse(p.Path, hint, "has no test %q", name)
}

// fields are an object's known keys, each with what reads its value.
type fields map[string]func(node) error

// fields reads an object and refuses what it does not know.
func (d *document) fields(n node, known fields) error {
	if err := d.want(n, object); err != nil {
		return err
	}
	for _, m := range n.members {
		read, ok := known[m.key]
		if !ok {
			return d.fault(m.at, unknownHint(m.key, sortedKeys(known)), "unknown key %q", m.key)
		}
		if err := read(m.value); err != nil {
			return err
		}
	}
	return nil
}

func unknownHint(key string, known []string) string {
	if key == "install" || key == "dependencies" {
		return `npm packages of a clone are installed with --install; "requirements": "` + lockName + `" says that they are needed`
	}
	return plan.Suggest(key, known)
}

// requirements names the file that says what the scripts need, as Molotov's
// does of Python. Of npm that is the lock file and no other: without it nobody
// knows which versions.
func (d *document) requirements(n node) error {
	if err := d.want(n, text); err != nil {
		return err
	}
	if n.scalar != lockName {
		return d.fault(n.at, `write "requirements": "`+lockName+`", which stands beside this file; npm install --package-lock-only makes one`,
			"%q is not what npm packages are installed from", n.scalar)
	}
	return nil
}

func (d *document) tests(n node, dir string) ([]Test, error) {
	if err := d.want(n, object); err != nil {
		return nil, err
	}
	var all []Test
	for _, m := range n.members {
		if !testName.MatchString(m.key) {
			return nil, d.fault(m.at, "use letters, digits, - _ . : and no path", "%q cannot be the name of a test", m.key)
		}
		t, err := d.test(m, dir)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

// testName keeps a test's name apart from a script's path and from a flag.
var testName = regexp.MustCompile(`^[\p{L}\p{N}_][\p{L}\p{N}_.:-]*$`)

func (d *document) test(m member, dir string) (Test, error) {
	t := Test{Name: m.key, Env: map[string]string{}}
	err := d.fields(m.value, fields{
		"script":  func(n node) (err error) { t.Script, err = d.script(t.Name, n, dir); return err },
		"options": func(n node) error { return d.options(n, &t) },
		"sizing":  func(n node) error { return d.sizing(n, &t) },
		"monitor": func(n node) error { return d.monitor(n, &t) },
		"env":     func(n node) error { return d.env(n, t.Env) },
		"target":  func(n node) error { return d.target(n, &t.Target) },
	})
	if err == nil && t.Script == "" {
		err = d.fault(m.value.at, `name it: "script": "loadtest.js"`, "test %q has no script", t.Name)
	}
	return t, err
}

// script reads a script's path, which is relative to the project's folder.
func (d *document) script(test string, n node, dir string) (string, error) {
	if err := d.want(n, text); err != nil {
		return "", err
	}
	switch name := n.scalar; {
	case strings.HasSuffix(strings.ToLower(name), ".py"):
		return "", d.python(test, name, n.at)
	case name == "" || strings.ContainsRune(name, 0):
		return "", d.fault(n.at, "", "want the path of a script")
	case filepath.IsAbs(name) || strings.HasPrefix(name, "/") || strings.Contains(name, `\`):
		return "", d.fault(n.at, "name it from the folder of this file, with /", "%q is no relative path", name)
	default:
		return filepath.Join(dir, filepath.FromSlash(name)), nil
	}
}

func (d *document) python(test, script string, at int) error {
	e := d.fault(at, pythonHint, "test %q runs %s: that is Python, and Plimsoll runs JavaScript and TypeScript", test, script)
	e.code = exit.Script
	return e
}

const pythonHint = `write its scenarios in JavaScript and name that file; ` + "`plimsoll new DIR`" + ` writes a folder to start from
  @scenario(weight=7)                          import { scenario, check } from 'plimsoll'
  async def browse(session):                   import http from 'plimsoll/http'
      async with session.get(URL) as r:        scenario('browse', { weight: 7 }, () => {
          assert r.status == 200                 const r = http.get(URL)
                                                 check(r, { 'is 200': (r) => r.status === 200 })
                                               })
  setup, setup_session: beforeVU    global_setup: beforeAll    set_var, get_var: shared`

func (d *document) env(n node, into map[string]string) error {
	if err := d.want(n, object); err != nil {
		return err
	}
	for _, m := range n.members {
		if !envName.MatchString(m.key) {
			return d.fault(m.at, "use letters, digits and _", "%q cannot be the name of a variable", m.key)
		}
		if err := d.want(m.value, text); err != nil {
			return err
		}
		into[m.key] = m.value.scalar
	}
	return nil
}

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (d *document) boolean(n node) (bool, error) {
	return n.scalar == "true", d.want(n, boolean)
}

func (d *document) target(n node, into *Target) error {
	return d.fields(n, fields{
		"image": func(n node) error {
			if into.Image = n.scalar; n.kind == text && !imageName.MatchString(n.scalar) {
				return d.fault(n.at, "such as kinto/kinto-server:latest", "%q is no container image", n.scalar)
			}
			return d.want(n, text)
		},
		"port": func(n node) error {
			port, err := strconv.Atoi(n.scalar)
			if into.Port = port; n.kind == number && (err != nil || port < 1 || port > 65535) {
				return d.fault(n.at, "", "a port is a whole number from 1 to 65535")
			}
			return d.want(n, number)
		},
	})
}

// imageName is what a registry's reference may hold; above all it is no flag.
var imageName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/:@-]*$`)

func sortedKeys(f fields) []string {
	return slices.Sorted(maps.Keys(f))
}
