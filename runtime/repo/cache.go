package repo

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// CacheDir returns the folder of a user's clones, from the environment:
// $XDG_CACHE_HOME/plimsoll/repos, else ~/.cache/plimsoll/repos (on Windows %LOCALAPPDATA%\plimsoll\cache\repos).
func CacheDir(getenv func(string) string) (string, error) {
	for _, c := range []struct{ env, below string }{
		{"XDG_CACHE_HOME", "plimsoll/repos"}, {"LOCALAPPDATA", "plimsoll/cache/repos"}, {"HOME", ".cache/plimsoll/repos"},
	} {
		if base := getenv(c.env); base != "" {
			return filepath.Join(base, filepath.FromSlash(c.below)), nil
		}
	}
	return "", refuse("", "set HOME, or XDG_CACHE_HOME to a folder", "there is no place for the clone: neither HOME nor XDG_CACHE_HOME is set")
}

// The cache of a repository is a folder: one entry a commit, complete or not
// there, because it is filled under another name and then renamed. So any
// number of processes may use it at once without locks; two that fetch the
// same commit both work, and one result stays.
//
//	<url's hash>/<commit>/            the files
//	<url's hash>/<commit>+npm-<dir>/  the same with dependencies installed in a folder
//	<url's hash>/refs/<ref's hash>    the commit that a ref was last
//	<url's hash>/tmp-*                being filled, or left by a process that was killed
type cache struct{ dir string }

const (
	tempPrefix = "tmp-"
	leftOver   = 24 * time.Hour      // a temporary folder of this age belongs to nobody
	unused     = 30 * 24 * time.Hour // an entry that nobody asked for in this time goes
)

func openCache(dir, shown string) cache { return cache{filepath.Join(dir, hashed(shown))} }

func hashed(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:12])
}

// find returns the entry of a key, and notes that it is used.
func (c cache) find(key string) (string, bool) {
	dir := filepath.Join(c.dir, key)
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return dir, false
	}
	now := time.Now()
	_ = os.Chtimes(dir, now, now) // only delays its end
	return dir, true
}

// fill makes the entry of a key; make gets an empty folder. Nothing is left when it fails.
func (c cache) fill(key string, make func(dir string) error) (string, error) {
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return "", err
	}
	c.sweep()
	temp, err := os.MkdirTemp(c.dir, tempPrefix)
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(temp) //nolint:errcheck // swept a day later
	if err := make(temp); err != nil {
		return "", err
	}
	dir := filepath.Join(c.dir, key)
	if err := os.Rename(temp, dir); err != nil {
		if _, there := c.find(key); !there {
			return "", err
		}
	}
	c.find(key)
	return dir, nil
}

// sweep takes away what nobody uses any more; what cannot go stays.
func (c cache) sweep() {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		age := unused
		if strings.HasPrefix(e.Name(), tempPrefix) {
			age = leftOver
		}
		if info, err := e.Info(); err == nil && e.Name() != "refs" && time.Since(info.ModTime()) > age {
			_ = os.RemoveAll(filepath.Join(c.dir, e.Name()))
		}
	}
}

// seen is what a ref was when a server was last asked.
type seen struct {
	Ref    string    `json:"ref"`
	Commit string    `json:"commit"`
	At     time.Time `json:"at"`
}

func (c cache) ref(ref string) string { return filepath.Join(c.dir, "refs", hashed(ref)) }

// remember notes the commit of a ref, for use without a network.
func (c cache) remember(ref, commit string) error {
	dir := filepath.Join(c.dir, "refs")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	data, err := json.Marshal(seen{ref, commit, time.Now().UTC()})
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(dir, tempPrefix)
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) //nolint:errcheck // is mostly renamed
	_, err = temp.Write(data)
	if err := errors.Join(err, temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), c.ref(ref))
}

// recall returns what remember noted.
func (c cache) recall(ref string) (commit string, ok bool) {
	data, err := os.ReadFile(c.ref(ref))
	var s seen
	if err != nil || json.Unmarshal(data, &s) != nil || !commitID.MatchString(s.Commit) {
		return "", false
	}
	return s.Commit, true
}

// copyTree copies a folder as it is, links as links.
func copyTree(to, from string) error {
	return fs.WalkDir(os.DirFS(from), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		src, dst := filepath.Join(from, filepath.FromSlash(name)), filepath.Join(to, filepath.FromSlash(name))
		switch {
		case d.IsDir():
			return os.MkdirAll(dst, 0o755)
		case d.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(src)
			if err != nil {
				return err
			}
			return os.Symlink(target, dst)
		default:
			data, err := os.ReadFile(src)
			if err != nil {
				return err
			}
			return os.WriteFile(dst, data, 0o644)
		}
	})
}
