package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/repo"
	"github.com/plimsoll-load/plimsoll/runtime/script"
)

// source is where the script comes from: a file, a named test of the project
// file in this folder, or a named test of a repository.
type source struct {
	url, ref, dir               string
	install, offline, allowFile bool
	submodules                  bool
	maxSize                     size

	script     string
	test       repo.Test          // zero for a plain script
	root       string             // the clone that a stranger's script may read; "": all files
	repository *record.Repository // nil: not from one
	leftOut    []string           // what was not asked for, in words
}

func (o *source) flags(c *cobra.Command) {
	f := c.Flags()
	f.Var(named{&o.url, "url"}, "repo", "take the named test from this git repository")
	f.Var(named{&o.ref, "ref"}, "ref", "of --repo: a branch, a tag or a whole commit id")
	f.Var(named{&o.dir, "folder"}, "dir", "of --repo: the folder that has plimsoll.json")
	f.BoolVar(&o.install, "install", false, "of --repo: install npm packages from the lock file (no script of theirs is run)")
	f.BoolVar(&o.submodules, "submodules", false, "of --repo: clone its submodules, too (https or ssh, with your credentials)")
	f.BoolVar(&o.offline, "offline", false, "of --repo: use what was cloned before, and no network")
	f.BoolVar(&o.allowFile, "allow-file", false, "of --repo: allow file:// URLs")
	f.Var(&o.maxSize, "max-repo-size", "of --repo: the most bytes that a clone may have (default 256MiB)")
	markRare(f, "ref", "dir", "install", "submodules", "offline", "allow-file", "max-repo-size")
}

// find turns the argument into a script: the file's path, or what a named test says.
func (o *source) find(ctx context.Context, p process, arg string, say func(string)) error {
	project, err := o.project(ctx, p, arg, say)
	if err != nil {
		return err
	}
	if project == nil {
		o.script = arg
		return nil
	}
	for _, note := range project.Notes {
		say("warning: " + note)
	}
	if o.test, err = project.Test(arg); err != nil {
		return err
	}
	o.script = o.test.Script
	if o.repository != nil {
		o.repository.Test = o.test.Name
	}
	return nil
}

// project is the one that the argument names a test of; nil: it is a script's path.
func (o *source) project(ctx context.Context, p process, arg string, say func(string)) (*repo.Project, error) {
	if o.url != "" {
		return o.clone(ctx, p, say)
	}
	if strings.ContainsAny(arg, `/\`) || filepath.Ext(arg) != "" {
		return nil, nil
	}
	if _, err := os.Stat(arg); err == nil {
		return nil, nil
	}
	project, err := repo.LoadProject(".")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usage("name a script by its file, as loadtest.js; `plimsoll new` starts a folder with named tests",
			"there is no script %q here, and no %s that could have a test of this name", arg, repo.FileName)
	}
	return project, err
}

func (o *source) clone(ctx context.Context, p process, say func(string)) (*repo.Project, error) {
	cache, err := repo.CacheDir(p.env)
	if err != nil {
		return nil, err
	}
	checkout, err := repo.Clone(ctx, repo.Options{
		URL: o.url, Ref: o.ref, Dir: o.dir, CacheDir: cache, MaxSize: int64(o.maxSize),
		AllowFile: o.allowFile, Install: o.install, Submodules: o.submodules, Offline: o.offline,
		Environ: p.environ(), Log: say,
	})
	if err != nil {
		return nil, err
	}
	o.root = checkout.Root
	if lock := checkout.NotInstalled; lock != "" {
		o.leftOut = append(o.leftOut, "the repository has npm packages ("+filepath.Base(lock)+"): add --install")
	}
	if checkout.NoSubmodules {
		o.leftOut = append(o.leftOut, "the repository has submodules: add --submodules")
	}
	o.repository = &record.Repository{URL: checkout.URL, Commit: checkout.Commit}
	project, err := checkout.Project()
	if err == nil && project.Install && !o.install {
		say("the repository's tests need npm packages, which only you can have installed: add --install")
	}
	return project, err
}

// explainMissing adds to an error of a script that imports what is not there what was left out of its clone.
func (o *source) explainMissing(err error) error {
	if missing := new(script.Error); len(o.leftOut) > 0 && errors.As(err, &missing) && strings.HasPrefix(missing.Message, "there is no ") {
		return hinted{err, strings.Join(o.leftOut, "; ")}
	}
	return err
}

// hinted is an error with other advice than its own.
type hinted struct {
	error
	hint string
}

func (h hinted) Unwrap() error { return h.error }
func (h hinted) Hint() string  { return h.hint }

// size is a flag of bytes: 100MiB, 1GiB, 5000000.
type size int64

func (s *size) String() string { return "" }
func (s *size) Type() string   { return "size" }

func (s *size) Set(text string) error {
	number, unit := text, int64(1)
	for suffix, bytes := range map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30} {
		if n, ok := strings.CutSuffix(text, suffix); ok {
			number, unit = n, bytes
		}
	}
	n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 40)
	if err != nil || n < 1 {
		return errors.New("write a number of bytes, as 100MiB or 5000000")
	}
	*s = size(n * unit)
	return nil
}
