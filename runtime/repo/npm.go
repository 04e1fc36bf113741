package repo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/exit"
	"github.com/plimsoll-load/plimsoll/runtime/redact"
)

// dependencies installs a clone's npm packages where the user asked for that,
// and notes the lock file where not. A project file has no say in it.
func (c cloner) dependencies(ctx context.Context, checkout *Checkout) error {
	if _, err := checkout.Project(); err != nil {
		return err
	}
	lock := filepath.Join(checkout.Dir, lockName)
	_, lockErr := os.Lstat(lock)
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

// install copies the clone and puts the packages of its lock file into the copy. npm works in a folder of its own, which
// holds a package.json and a lock file written here from what was checked; it never sees a file of the repository.
func (c cloner) install(ctx context.Context, from, root string) error {
	dir := filepath.Join(root, filepath.FromSlash(c.Dir))
	if err := copyTree(root, from); err != nil {
		return err
	}
	stage, err := os.MkdirTemp(c.cache.dir, tempPrefix)
	if err != nil {
		return err
	}
	defer os.RemoveAll(stage) //nolint:errcheck // swept a day later
	if err := c.prepare(ctx, dir, stage); err != nil {
		return err
	}
	c.Log("installing the npm dependencies of " + c.shown)
	args := []string{"ci", "--no-audit", "--no-fund", "--no-progress", "--omit=dev", "--allow-git=none", "--allow-file=none", "--allow-directory=none"}
	if c.Offline {
		args = append(args, "--offline")
	}
	npm := c.npm(stage)
	npm.grow, npm.max = stage, c.MaxSize
	if _, err := npm.run(ctx, npmArgs(stage, args...)...); err != nil {
		return err
	}
	modules := filepath.Join(dir, "node_modules")
	if err := os.RemoveAll(modules); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(stage, stageProject, "node_modules"), modules); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if size(root) > c.MaxSize {
		return errGrown
	}
	return contained(root, c.shown)
}

// What npm's folder holds: its configuration, and the project in a folder of its own.
const (
	stageProject = "project"
	stageUser    = "npmrc"
	stageMachine = "none"
	stageGit     = "no-git"
)

// prepare writes all that npm reads into its folder, from what was checked.
func (c cloner) prepare(ctx context.Context, dir, stage string) error {
	for _, name := range foreignNames {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return refuse(filepath.Join(c.shown, c.Dir, name), "take it out of the repository: packages are installed from "+lockName+" alone", "is not followed here")
		}
	}
	manifestData, err := readBounded(filepath.Join(dir, manifestName))
	if err != nil {
		return err
	}
	lockData, err := readBounded(filepath.Join(dir, lockName))
	if err != nil {
		return err
	}
	project := filepath.Join(stage, stageProject)
	if err := os.Mkdir(project, 0o700); err != nil {
		return err
	}
	npm, err := c.askNpm(ctx, stage)
	if err != nil {
		return err
	}
	rc, err := userNpmrc(c.Environ, npm)
	if err != nil {
		return err
	}
	manifestData, lockData, err = checkedPackages(manifestData, lockData, rc)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(stage, stageUser), []byte(rc.text()), 0o600),
		os.WriteFile(filepath.Join(project, manifestName), manifestData, 0o600),
		os.WriteFile(filepath.Join(project, lockName), lockData, 0o600),
	)
}

// askNpm asks npm where it looks for the machine's configuration, and which registry it has without any.
func (c cloner) askNpm(ctx context.Context, stage string) (npmItself, error) {
	global, err := c.npm(stage).run(ctx, "config", "get", "globalconfig", "--no-update-notifier", "--loglevel=error")
	if err != nil {
		return npmItself{}, err
	}
	address, err := c.npm(stage).run(ctx, npmArgs(stage, "config", "get", "registry")...)
	if err != nil {
		return npmItself{}, err
	}
	registry, ok := registryOf(strings.TrimSpace(address))
	if !ok {
		return npmItself{}, refuse("npm", "does `npm config get registry` work?", "its registry is %s", redact.URL(address))
	}
	return npmItself{strings.TrimSpace(global), registry}, nil
}

// npm runs in its folder, with nothing of npm's in its environment.
func (c cloner) npm(stage string) tool {
	return tool{
		name: "npm", dir: filepath.Join(stage, stageProject),
		env: environment(c.Environ, "CI=true", "LC_ALL=C", "NO_COLOR=1", "GIT_TERMINAL_PROMPT=0", "GIT_ALLOW_PROTOCOL="),
	}
}

// npmArgs are arguments with the settings that hold whatever a file says: no script runs, git is a program that is not
// there, and configuration comes from npm's folder alone.
func npmArgs(stage string, args ...string) []string {
	return append(args,
		"--prefix="+filepath.Join(stage, stageProject), "--userconfig="+filepath.Join(stage, stageUser), "--globalconfig="+filepath.Join(stage, stageMachine),
		"--ignore-scripts", "--no-bin-links", "--no-update-notifier", "--replace-registry-host=never", "--git="+filepath.Join(stage, stageGit), "--loglevel=error")
}

// readBounded reads a file of the repository that is no link.
func readBounded(path string) ([]byte, error) {
	name := filepath.Base(path)
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, refuse(name, "it stands beside "+lockName, "is not in the repository")
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, refuse(name, "", "is no file")
	case info.Size() > maxLock:
		return nil, refuse(name, "", "is larger than %s", bytesText(maxLock))
	}
	return os.ReadFile(path)
}

// explainInstall makes the error of an npm that failed.
func (c cloner) explainInstall(ctx context.Context, err error) error {
	if e := new(Error); errors.As(err, &e) || ctx.Err() != nil {
		return err
	}
	e := &Error{where: c.shown, code: exit.Outside, cause: errors.Unwrap(err)}
	var f *failure
	switch {
	case errors.Is(err, errGrown):
		e.code, e.text, e.hint = exit.Usage, "with its npm dependencies it is larger than "+bytesText(c.MaxSize), "allow more with --max-repo-size"
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
