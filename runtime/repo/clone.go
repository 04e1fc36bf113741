package repo

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/exit"
)

// What [Options] mean when they say nothing.
const (
	DefaultMaxSize = 256 << 20
	DefaultTimeout = 2 * time.Minute
)

// maxFiles bounds a repository's files: a few bytes of tree objects can name billions.
const maxFiles = 200_000

// Options are what to clone, and how.
type Options struct {
	URL string // https, ssh, or file when allowed; http to this machine alone
	Ref string // a branch, a tag or a whole commit id; empty: the default branch
	Dir string // the folder in the repository that has plimsoll.json; empty: its root

	CacheDir  string        // where clones are kept: see [CacheDir]
	MaxSize   int64         // bytes that the clone may have, packed or unpacked; 0: DefaultMaxSize
	Timeout   time.Duration // for git as a whole, and again for npm; 0: DefaultTimeout
	AllowFile bool          // file:// URLs may be cloned
	Install   bool          // npm ci: the user asks for it, a repository cannot
	Offline   bool          // what the cache has, and no network

	Submodules bool // bring them, too

	Environ []string     // the process's environment; git and npm see a few variables of it
	Log     func(string) // told what goes on, a line each, without credentials; may be nil
}

// Checkout is a repository's files at one commit, without git's own folder.
// Others may use the same files: they are not to be changed.
type Checkout struct {
	URL    string // without credentials
	Commit string
	Root   string // the folder of the repository
	Dir    string // the folder of the project file, in Root
	Cached bool   // was there already

	// NotInstalled is the lock file of npm dependencies that were not asked
	// for; empty when there is none, or they are installed.
	NotInstalled string
	// NoSubmodules says that there are submodules, which were not asked for.
	NoSubmodules bool

	key string // in the cache
}

// Clone brings a repository's files to this disk, or finds them in the cache.
// A whole commit id that the cache has needs no network.
func Clone(ctx context.Context, o Options) (*Checkout, error) {
	if o.MaxSize <= 0 {
		o.MaxSize = DefaultMaxSize
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Log == nil {
		o.Log = func(string) {}
	}
	a, err := parseAddress(o.URL, o.AllowFile)
	if err != nil {
		return nil, err
	}
	if err := checkRef(o.Ref); err != nil {
		return nil, err
	}
	if o.Dir != "" && !filepath.IsLocal(filepath.FromSlash(o.Dir)) {
		return nil, refuse("", "name a folder in the repository", "%q is outside the repository", o.Dir)
	}
	c := cloner{Options: o, address: a, cache: openCache(o.CacheDir, a.shown), nested: nested{count: new(int)}}
	return c.clone(ctx)
}

type cloner struct {
	Options
	address
	cache cache
	nested
}

func (c cloner) clone(ctx context.Context) (*Checkout, error) {
	timed, stop := context.WithTimeoutCause(ctx, c.Timeout, errSlow)
	defer stop()
	commit, err := c.resolve(timed)
	if err != nil {
		return nil, c.explain(ctx, err)
	}
	key := commit
	if c.Submodules {
		key += "+submodules"
	}
	root, cached := c.cache.find(key)
	if !cached {
		if c.Offline {
			return nil, refuse(c.shown, "run it once without --offline", "commit %s is not in the cache", commit)
		}
		if root, err = c.cache.fill(key, func(dir string) error { return c.fetch(timed, commit, dir) }); err != nil {
			return nil, c.explain(ctx, err)
		}
	}
	if err := c.cache.remember(c.Ref, commit); err != nil {
		return nil, err
	}
	checkout := &Checkout{URL: c.shown, Commit: commit, Root: root, Dir: filepath.Join(root, filepath.FromSlash(c.Dir)), Cached: cached, key: key}
	if _, err := os.Lstat(filepath.Join(root, ".gitmodules")); err == nil {
		checkout.NoSubmodules = !c.Submodules
	}
	return checkout, c.dependencies(ctx, checkout)
}

// resolve finds the commit of the ref: from the ref itself, from the server, or offline from what it was last.
func (c cloner) resolve(ctx context.Context) (string, error) {
	if commitID.MatchString(c.Ref) {
		return c.Ref, nil
	}
	if c.Offline {
		commit, ok := c.cache.recall(c.Ref)
		if !ok {
			return "", refuse(c.shown, "run it once without --offline", "%s is not in the cache", refName(c.Ref))
		}
		return commit, nil
	}
	c.Log("asking " + c.shown + " for " + refName(c.Ref))
	names := candidates(c.Ref)
	out, err := gitOnline(c.Options, c.address).run(ctx, append(append(local(), "ls-remote", "--", c.raw), names...)...)
	if err != nil {
		return "", err
	}
	found := map[string]string{}
	for line := range strings.Lines(out) {
		if id, name, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok && commitID.MatchString(id) {
			found[name] = id
		}
	}
	for _, name := range names {
		if id, ok := found[name]; ok {
			return id, nil
		}
	}
	hint := "check the name; `git ls-remote " + c.shown + "` lists branches and tags"
	if shortened.MatchString(c.Ref) {
		hint = "a commit is named by all of its 40 digits here"
	}
	if c.Ref == "" {
		hint = "is the repository empty? else name a branch with --ref"
	}
	return "", refuse(c.shown, hint, "the repository has no %s", refName(c.Ref))
}

func refName(ref string) string {
	if ref == "" {
		return "default branch"
	}
	return strconv.Quote(ref)
}

// fetch brings one commit into an empty folder, looks at it before it is
// unpacked, and leaves the files alone.
func (c cloner) fetch(ctx context.Context, commit, dir string) error {
	c.Log("cloning " + c.shown + " at " + commit[:12])
	offline, online := gitOffline(c.Options), gitOnline(c.Options, c.address)
	offline.dir, online.dir = dir, dir
	format := "sha1"
	if len(commit) == 64 {
		format = "sha256"
	}
	if _, err := offline.run(ctx, append(local(), "init", "--quiet", "--template=", "--object-format="+format, ".")...); err != nil {
		return err
	}
	online.grow, online.max = dir, c.MaxSize
	if _, err := online.run(ctx, append(local(), "fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules",
		"--no-write-fetch-head", "--", c.raw, commit)...); err != nil {
		return err
	}
	if size(dir) > c.MaxSize {
		return errGrown
	}
	look := offline
	var links []gitlink
	look.read = func(out io.Reader) (err error) { links, err = bounded(out, c.MaxSize); return err }
	if _, err := look.run(ctx, append(local(), "ls-tree", "-r", "-l", "-z", "--full-tree", commit)...); err != nil {
		return err
	}
	if !c.Submodules {
		links = nil
	}
	addresses, err := c.submodules(ctx, offline, commit, links)
	if err != nil {
		return err
	}
	if _, err := offline.run(ctx, append(local(), "checkout", "--quiet", "--detach", commit, "--")...); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(dir, ".git")); err != nil {
		return err
	}
	if err := c.fetchSubmodules(ctx, links, addresses, dir); err != nil {
		return err
	}
	return contained(dir, c.shown) // now, as a link may lead through what a submodule brought
}

// bounded reads `git ls-tree -l -z` and refuses what would unpack to more
// than max bytes, or to too many files. It returns where submodules belong.
func bounded(out io.Reader, maxSize int64) (links []gitlink, err error) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	lines.Split(func(data []byte, _ bool) (int, []byte, error) {
		i := bytes.IndexByte(data, 0)
		if i < 0 {
			return 0, nil, nil
		}
		return i + 1, data[:i], nil
	})
	files, sum := 0, int64(0)
	for lines.Scan() {
		head, name, _ := strings.Cut(lines.Text(), "\t") // mode, type, id, size
		if f := strings.Fields(head); len(f) == 4 {
			bytes, _ := strconv.ParseInt(f[3], 10, 64) // "-" for a submodule
			sum += bytes
			if f[1] == "commit" {
				links = append(links, gitlink{name, f[2]})
			}
		}
		if files++; files > maxFiles {
			return nil, errFiles
		}
		if sum > maxSize {
			return nil, errGrown
		}
	}
	return links, lines.Err()
}

// contained refuses a folder with a symbolic link that leads out of it.
func contained(dir, shown string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // was only read
	return fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.Type()&fs.ModeSymlink == 0 {
			return err
		}
		_, err = root.Stat(filepath.FromSlash(name))
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return nil // leads to a place inside, be there something or not
		}
		to, _ := os.Readlink(filepath.Join(dir, filepath.FromSlash(name)))
		return refuse(shown, "nothing was run; take the link out of the repository", "%s is a link that leads out of the repository, to %q", name, to)
	})
}

// Project reads the project file of a clone. Its tests are [Test.Cloned].
func (c *Checkout) Project() (*Project, error) {
	root, err := os.OpenRoot(c.Root)
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // was only read
	p, err := loadProject(c.Dir, func(path string) (*os.File, error) {
		rel, err := filepath.Rel(c.Root, path)
		if err != nil {
			return nil, err
		}
		return root.Open(rel)
	})
	if err != nil {
		return nil, err
	}
	for i, t := range p.tests {
		p.tests[i].Cloned = true
		rel, err := filepath.Rel(c.Root, t.Script)
		if err == nil {
			_, err = root.Stat(rel)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, &Error{
				where: p.Path, text: fmt.Sprintf("test %q: its script %s is outside the repository", t.Name, rel),
				hint: "a test in a repository runs that repository's files alone", code: exit.Script,
			}
		}
	}
	p.cloned = true
	return p, nil
}
