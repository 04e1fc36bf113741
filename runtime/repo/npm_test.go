package repo_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/repo"
)

// depends gives a repository an npm dependency in a file of its own, with an
// install script that leaves a trace.
func depends(t *testing.T, o *origin) (trace string) {
	t.Helper()
	trace = filepath.Join(t.TempDir(), "trace")
	o.write("vendor/greet.tgz", tgz(t, map[string]string{
		"package/package.json": `{"name": "greet", "version": "1.0.0", "main": "index.js", "scripts": {"preinstall": "touch ` + trace +
			`", "install": "touch ` + trace + `", "postinstall": "touch ` + trace + `"}}`,
		"package/index.js": "export const greet = () => 'hello'\n",
	}))
	o.write("package.json", `{"name": "tests", "version": "1.0.0", "dependencies": {"greet": "file:vendor/greet.tgz"},
		"scripts": {"prepare": "touch `+trace+`", "postinstall": "touch `+trace+`"}}`)
	o.write("package-lock.json", lock(`"node_modules/greet": {"version": "1.0.0", "resolved": "file:vendor/greet.tgz"}`))
	o.push()
	return trace
}

func lock(packages string) string {
	return `{"name": "tests", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": {
		"": {"name": "tests", "version": "1.0.0", "dependencies": {"greet": "file:vendor/greet.tgz"}}, ` + packages + `}}`
}

func TestDependenciesAreInstalledOnlyWhenAskedFor(t *testing.T) {
	t.Parallel()
	need(t, "npm")
	o := newOrigin(t)
	trace := depends(t, o)
	opt := options(t, o.fileURL())
	plain := clone(t, opt)
	if !strings.HasSuffix(plain.NotInstalled, "package-lock.json") {
		t.Errorf("NotInstalled is %q, want the lock file", plain.NotInstalled)
	}
	installed := filepath.Join("node_modules", "greet", "index.js")
	if _, err := os.Stat(filepath.Join(plain.Root, installed)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("was installed without being asked for: %v", err)
	}

	opt.Install = true
	c := clone(t, opt)
	if _, err := os.Stat(filepath.Join(c.Dir, installed)); err != nil || c.NotInstalled != "" || c.Commit != plain.Commit {
		t.Errorf("%+v: %v", c, err)
	}
	if _, err := os.Stat(filepath.Join(plain.Root, installed)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the plain clone was changed: %v", err)
	}
	if _, err := os.Stat(trace); !errors.Is(err, os.ErrNotExist) {
		t.Error("an install script ran")
	}
	opt.Offline = true
	if again := clone(t, opt); !again.Cached || again.Root != c.Root {
		t.Errorf("offline gave %+v", again)
	}
}

func TestProjectFileMayAskForDependencies(t *testing.T) {
	t.Parallel()
	need(t, "npm")
	o := newOrigin(t)
	o.write("plimsoll.json", strings.Replace(projectFile, "{", `{"requirements": "package-lock.json", `, 1))
	depends(t, o)
	c := clone(t, options(t, o.fileURL()))
	if _, err := os.Stat(filepath.Join(c.Dir, "node_modules", "greet", "package.json")); err != nil {
		t.Error(err)
	}
}

func TestInstallNeedsALockFile(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	o.write("package.json", "{}")
	o.push()
	opt := options(t, o.fileURL())
	opt.Install = true
	_, err := repo.Clone(t.Context(), opt)
	says(t, err, 2, "there is no package-lock.json", "npm install --package-lock-only")
}

func TestHostilePackagesAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files map[string]string
		words []string
	}{
		"from git":      {map[string]string{"package-lock.json": lock(`"node_modules/x": {"resolved": "git+ssh://git@example.org/x.git#1234"}`)}, []string{"node_modules/x comes from git+ssh", "registry"}},
		"outside":       {map[string]string{"package-lock.json": lock(`"node_modules/x": {"resolved": "file:../../x.tgz"}`)}, []string{"node_modules/x comes from"}},
		"absolute":      {map[string]string{"package-lock.json": lock(`"node_modules/x": {"resolved": "file:///etc/x.tgz"}`)}, []string{"node_modules/x comes from"}},
		"linked out":    {map[string]string{"package-lock.json": lock(`"node_modules/x": {"resolved": "../x", "link": true}`)}, []string{"node_modules/x comes from"}},
		"old lock":      {map[string]string{"package-lock.json": `{"lockfileVersion": 1}`}, []string{"npm 6", "npm 7"}},
		"no JSON":       {map[string]string{"package-lock.json": `<`}, []string{"is no lock file"}},
		"npm's git":     {map[string]string{".npmrc": "registry=https://registry.example.org/\n# fine\ngit=./evil.sh\n"}, []string{".npmrc:3", `"git" is not taken`, "~/.npmrc"}},
		"npm's shell":   {map[string]string{".npmrc": "script-shell = ./evil.sh\n"}, []string{".npmrc:1", "script-shell"}},
		"npm's cache":   {map[string]string{".npmrc": "cache=/root\n"}, []string{`"cache" is not taken`}},
		"leaks secrets": {map[string]string{".npmrc": "registry=https://example.org/${AWS_SECRET_ACCESS_KEY}\n"}, []string{`"registry" is not taken`}},
		"in the root":   {map[string]string{"../.npmrc": "node-options=--require ./evil.js\n"}, []string{`"node-options" is not taken`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOrigin(t)
			o.write("sub/plimsoll.json", projectFile)
			o.write("sub/package.json", `{"name": "tests", "version": "1.0.0"}`)
			o.write("sub/package-lock.json", lock(`"node_modules/y": {"resolved": "https://registry.example.org/y/-/y-1.0.0.tgz"}`))
			for file, text := range c.files {
				o.write("sub/"+file, text)
			}
			o.push()
			opt := options(t, o.fileURL())
			opt.Install, opt.Dir = true, "sub"
			_, err := repo.Clone(t.Context(), opt)
			says(t, err, 2, c.words...)
		})
	}
}

func TestFailedInstallSaysWhatNpmSaid(t *testing.T) {
	t.Parallel()
	need(t, "npm")
	o := newOrigin(t)
	depends(t, o)
	o.write("package.json", `{"name": "tests", "version": "1.0.0", "dependencies": {"greet": "file:vendor/greet.tgz", "other": "1.0.0"}}`)
	o.push()
	opt := options(t, o.fileURL())
	opt.Install, opt.Offline = true, false
	_, err := repo.Clone(t.Context(), opt)
	says(t, err, 7, "npm ci: ", "other@1.0.0", "in a clone of it")
}

func tgz(t *testing.T, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for name, text := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
