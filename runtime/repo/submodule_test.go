package repo_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/repo"
)

// submodule commits and pushes a link to a commit at a path, without asking git whether that makes sense.
func (o *origin) submodule(path, commit, modules string) {
	o.t.Helper()
	o.write(".gitmodules", modules)
	o.run(o.work, "add", "-A")
	if err := os.MkdirAll(filepath.Join(o.work, filepath.FromSlash(path)), 0o755); err != nil { // else `git add` takes the link away again
		o.t.Fatal(err)
	}
	o.run(o.work, "update-index", "--add", "--cacheinfo", "160000,"+commit+","+path)
	o.run(o.work, "commit", "--quiet", "-m", "a submodule at "+path)
	o.run(o.work, "push", "--quiet", "origin", "HEAD")
}

func module(path, url string) string {
	return fmt.Sprintf("[submodule %q]\n\tpath = %s\n\turl = %s\n", path, path, url)
}

func TestSubmodulesComeOnlyWhenAskedFor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	service, lib, deep := originIn(t, dir, "service"), originIn(t, dir, "lib"), originIn(t, dir, "deep")
	deep.write("deep.js", "// deep\n")
	lib.submodule("inner/deep", deep.push(), module("inner/deep", "../deep.git"))
	lib.write("lib.js", "// lib\n")
	pinned := lib.push()
	lib.write("lib.js", "// newer than what is pinned\n")
	lib.push()
	service.submodule("lib", pinned, module("lib", "../lib.git"))

	opt := options(t, service.serve(nil))
	plain := clone(t, opt)
	if left, err := os.ReadDir(filepath.Join(plain.Root, "lib")); err != nil || len(left) != 0 || !plain.NoSubmodules {
		t.Errorf("not asked for, but there are %v (%v), NoSubmodules %v", left, err, plain.NoSubmodules)
	}
	opt.Submodules = true
	c := clone(t, opt)
	if c.NoSubmodules || c.Commit != plain.Commit || c.Cached {
		t.Errorf("got %+v", c)
	}
	for name, want := range map[string]string{"lib/lib.js": "// lib\n", "lib/inner/deep/deep.js": "// deep\n"} {
		if got, err := os.ReadFile(filepath.Join(c.Root, filepath.FromSlash(name))); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v, want %q", name, got, err, want)
		}
	}
	for _, name := range []string{".git", "lib/.git", "lib/inner/deep/.git"} {
		if _, err := os.Lstat(filepath.Join(c.Root, filepath.FromSlash(name))); err == nil {
			t.Errorf("%s is there", name)
		}
	}
	if left, err := os.ReadDir(filepath.Join(plain.Root, "lib")); err != nil || len(left) != 0 {
		t.Errorf("the plain clone was changed: %v, %v", left, err)
	}
	opt.Offline = true
	if again := clone(t, opt); !again.Cached || again.Root != c.Root {
		t.Errorf("offline gave %+v", again)
	}
}

func TestSubmoduleByItsWholeAddress(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	service, lib := originIn(t, dir, "service"), originIn(t, dir, "lib")
	url := service.serve(nil)
	service.submodule("lib", lib.push(), module("lib", strings.Replace(url, "service", "lib", 1)))
	opt := options(t, url)
	opt.Submodules = true
	if _, err := os.Stat(filepath.Join(clone(t, opt).Root, "lib", "loadtest.js")); err != nil {
		t.Error(err)
	}
}

func TestHostileSubmodulesAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		modules string
		words   string
	}{
		"this disk":                 {module("x", "file:///etc"), "file URLs are not allowed"},
		"this disk by its path":     {module("x", "/etc"), "no repository URL"},
		"out of the host":           {module("x", "../../x.git"), "leads out of"},
		"the host itself":           {module("x", "../"), "leads out of"},
		"another port of this host": {module("x", "http://127.0.0.1:1/x.git"), "on this machine"},
		"this machine by https":     {module("x", "https://127.0.0.1:1/x.git"), "on this machine"},
		"this machine by ssh":       {module("x", "git@localhost:x.git"), "on this machine"},
		"this machine by ssh URL":   {module("x", "ssh://git@[::1]/x.git"), "on this machine"},
		"a command":                 {module("x", "ext::sh -c touch% /pwned"), "no repository URL"},
		"an option of ssh":          {module("x", "ssh://-oProxyCommand=touch/x"), "no repository URL"},
		"readable on its way":       {module("x", "http://example.org/x.git"), "can be read and changed"},
		"an old protocol":           {module("x", "git://example.org/x.git"), `protocol "git"`},
		"no address":                {module("y", "https://example.org/x.git"), `submodule "x" has no address`},
		"an empty address":          {"[submodule \"x\"]\n\tpath = x\n", "no repository URL"},
		"no modules":                {"", "no .gitmodules"},
		"not to be read":            {"[submodule", "no .gitmodules"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOrigin(t)
			o.submodule("x", o.run(o.work, "rev-parse", "HEAD"), c.modules)
			opt := options(t, o.serve(nil))
			opt.Submodules = true
			refused(t, opt, 2, c.words)
			opt.Submodules = false
			clone(t, opt)
		})
	}
}

func TestSubmodulesOfARepositoryOnThisDiskAreRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o, secret := originIn(t, dir, "service"), originIn(t, dir, "secret")
	o.submodule("x", secret.push(), module("x", "../secret.git"))
	opt := options(t, o.fileURL())
	opt.Submodules = true
	refused(t, opt, 2, "is on this disk")
}

// A link is harmless as long as the submodule that it leads through is not there.
func TestLinkThroughASubmoduleIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o, lib := originIn(t, dir, "service"), originIn(t, dir, "lib")
	lib.link("here", ".")
	commit := lib.push()
	o.link("out", "lib/here/../../etc")
	o.submodule("lib", commit, module("lib", "../lib.git"))
	url := o.serve(nil)
	clone(t, options(t, url))
	opt := options(t, url)
	opt.Submodules = true
	refused(t, opt, 2, "out is a link that leads out of the repository")
}

func TestSubmodulesAreBounded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o, lib := originIn(t, dir, "service"), originIn(t, dir, "lib")
	lib.write("large.bin", noise(600<<10))
	large := lib.push()
	o.write("large.bin", noise(600<<10))
	o.submodule("lib", large, module("lib", "../lib.git"))
	opt := options(t, o.serve(nil))
	opt.Submodules, opt.MaxSize = true, 1<<20 // each fits, both do not
	refused(t, opt, 2, "larger than 1 MiB", "--max-repo-size")

	// A repository that has its own past in it, again and again.
	deep := newOrigin(t)
	for range 8 {
		deep.submodule("x", deep.run(deep.work, "rev-parse", "HEAD"), module("x", "../service.git"))
	}
	opt = options(t, deep.serve(nil))
	opt.Submodules = true
	refused(t, opt, 2, "levels")
}

func TestMissingSubmoduleNamesItsAddress(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	o.submodule("x", o.run(o.work, "rev-parse", "HEAD"), module("x", "../nothing.git"))
	opt := options(t, o.serve(nil))
	opt.Submodules = true
	_, err := repo.Clone(t.Context(), opt)
	says(t, err, 7, "/nothing.git", "check the URL")
}
