package repo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/redact"
)

const lockName = "package-lock.json"

// dependencies installs a clone's npm packages where that was asked for, and
// notes the lock file where it was not.
func (c cloner) dependencies(ctx context.Context, checkout *Checkout) error {
	lock := filepath.Join(checkout.Dir, lockName)
	_, lockErr := os.Lstat(lock)
	if !c.Install {
		p, err := checkout.Project()
		if err != nil {
			return err
		}
		c.Install = p.Install
	}
	switch {
	case !c.Install && lockErr == nil:
		checkout.NotInstalled = lock
		return nil
	case !c.Install:
		return nil
	case lockErr != nil:
		return refuse(filepath.Join(c.shown, c.Dir), "commit one: npm install --package-lock-only",
			"npm dependencies are to be installed and there is no %s: without it nobody knows which versions", lockName)
	}
	key := checkout.key + "+npm-" + hashed(filepath.ToSlash(filepath.Clean(c.Dir)))
	root, there := c.cache.find(key)
	if !there {
		checkout.Cached = false
		timed, stop := context.WithTimeoutCause(ctx, c.Timeout, errSlow)
		defer stop()
		var err error
		if root, err = c.cache.fill(key, func(dir string) error { return c.install(timed, checkout.Root, dir) }); err != nil {
			return c.explainInstall(ctx, err)
		}
	}
	checkout.Root, checkout.Dir = root, filepath.Join(root, filepath.FromSlash(c.Dir))
	return nil
}

// install copies the clone and runs npm ci in the copy.
func (c cloner) install(ctx context.Context, from, root string) error {
	dir := filepath.Join(root, filepath.FromSlash(c.Dir))
	if err := copyTree(root, from); err != nil {
		return err
	}
	if err := checkLock(filepath.Join(dir, lockName)); err != nil {
		return err
	}
	for d := dir; ; d = filepath.Dir(d) { // npm reads them on its way up, for workspaces
		if err := checkRC(filepath.Join(d, ".npmrc")); err != nil {
			return err
		}
		if d == root {
			break
		}
	}
	c.Log("installing the npm dependencies of " + c.shown)
	args := []string{"ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--no-progress", "--loglevel=error", "--omit=dev"}
	if c.Offline {
		args = append(args, "--offline")
	}
	npm := tool{
		name: "npm", dir: dir, grow: root, max: c.MaxSize,
		env: environment(c.Environ, "CI=true", "LC_ALL=C", "NO_COLOR=1", "GIT_TERMINAL_PROMPT=0", "GIT_ALLOW_PROTOCOL="),
	}
	if _, err := npm.run(ctx, args...); err != nil {
		return err
	}
	if size(root) > c.MaxSize {
		return errGrown
	}
	return contained(root, c.shown)
}

// npmKeys are what a repository's .npmrc may set: where packages come from and
// how strict npm is. Others name programs, files and proxies.
var npmKeys = regexp.MustCompile(`^(@[a-z0-9._-]+:)?registry$|^(engine-strict|legacy-peer-deps|strict-peer-deps|save-exact|save-prefix|fund|audit|loglevel|package-lock|omit|include|ignore-scripts|progress|lockfile-version)(\[\])?$`)

// checkRC refuses an .npmrc that does more than name registries.
func checkRC(path string) error {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		key, value, _ := strings.Cut(line, "=")
		key = strings.TrimSpace(key)
		if key == "" || key[0] == '#' || key[0] == ';' {
			continue
		}
		if !npmKeys.MatchString(key) || strings.Contains(value, "${") {
			return refuse(fmt.Sprintf(".npmrc:%d", n), "a repository may set registries there; put the rest into your own ~/.npmrc",
				"%q is not taken from a repository", key)
		}
	}
	return nil
}

// checkLock refuses packages from git and from outside the clone: fetching the former runs git for whoever wrote the lock file.
func checkLock(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var lock struct {
		Version  int `json:"lockfileVersion"`
		Packages map[string]struct {
			Resolved string `json:"resolved"`
			Link     bool   `json:"link"`
		} `json:"packages"`
	}
	const again = "write it again with npm 7 or newer: npm install --package-lock-only"
	if err := json.Unmarshal(data, &lock); err != nil {
		return refuse(lockName, again, "is no lock file: %v", err)
	}
	if lock.Version < 2 {
		return refuse(lockName, again, "has the format of npm 6 and older")
	}
	for name, p := range lock.Packages {
		switch scheme, rest, _ := strings.Cut(p.Resolved, ":"); {
		case p.Resolved == "", scheme == "https", scheme == "http":
		case (scheme == "file" || p.Link) && filepath.IsLocal(strings.TrimPrefix(rest, "//")+strings.TrimPrefix(scheme, "file")):
		default:
			return refuse(lockName, "take the package from a registry, or put its .tgz into the repository", "%s comes from %s, which is not installed here", name, redact.URL(p.Resolved))
		}
	}
	return nil
}

// explainInstall makes the error of an npm that failed.
func (c cloner) explainInstall(ctx context.Context, err error) error {
	if e := new(Error); errors.As(err, &e) || ctx.Err() != nil {
		return err
	}
	e := &Error{where: c.shown, code: exitOutside, cause: errors.Unwrap(err)}
	var f *failure
	switch {
	case errors.Is(err, errGrown):
		e.code, e.text, e.hint = exitUsage, "with its npm dependencies it is larger than "+bytesText(c.MaxSize), "allow more with --max-repo-size"
	case errors.Is(err, errSlow):
		e.text, e.hint = fmt.Sprintf("npm ci was not done within %s", c.Timeout), "is the registry reachable?"
	case errors.Is(err, exec.ErrNotFound):
		e.text, e.hint = "its npm dependencies are to be installed, and there is no npm on the PATH", "install Node.js, or bundle the script"
	case errors.As(err, &f):
		e.text, e.hint = "npm ci: "+c.said(f), "does `npm ci --ignore-scripts` work in a clone of it?"
	default:
		e.text = err.Error()
	}
	return e
}
