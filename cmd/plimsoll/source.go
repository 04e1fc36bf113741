package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/plimsoll-load/plimsoll/cmd/cli"
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
	maxSize                     int64
	env                         []string // NAME=VALUE, or NAME
	secret                      []string // as env, and their values are written nowhere
	quiet                       bool     // no progress on stderr

	script     string
	test       repo.Test          // zero for a plain script
	root       string             // the clone that a stranger's script may read; "": all files
	repository *record.Repository // nil: not from one
	leftOut    []string           // what was not asked for, in words
	notes      []string           // warnings from before there is a session
}

// value is that of a flag of cli.Sources.
func (o *source) value(name string) pflag.Value {
	return map[string]pflag.Value{
		"repo": cli.Text(&o.url, ""), "ref": cli.Text(&o.ref, ""), "dir": cli.Text(&o.dir, ""),
		"install": cli.Switch(&o.install), "submodules": cli.Switch(&o.submodules), "offline": cli.Switch(&o.offline),
		"allow-file": cli.Switch(&o.allowFile), "max-repo-size": cli.Bytes(&o.maxSize),
		"env": cli.Repeated(&o.env, ""), "secret": cli.Repeated(&o.secret, ""), "quiet": cli.Switch(&o.quiet),
	}[name]
}

// find turns the argument into a script: the file's path, or what a named test says.
func (o *source) find(ctx context.Context, p process, arg string) error {
	project, err := o.project(ctx, p, arg)
	if err != nil {
		return err
	}
	if project == nil {
		o.script = arg
		return nil
	}
	o.warn(p, project.Notes...)
	if o.test, err = project.Test(arg); err != nil {
		return err
	}
	o.script = o.test.Script
	if o.repository != nil {
		o.repository.Test = o.test.Name
	}
	return nil
}

// warn tells what is told again in the record.
func (o *source) warn(p process, notes ...string) {
	for _, note := range notes {
		p.say("warning: " + note)
	}
	o.notes = append(o.notes, notes...)
}

// project is the one that the argument names a test of; nil: it is a script's path.
func (o *source) project(ctx context.Context, p process, arg string) (*repo.Project, error) {
	if o.url != "" {
		return o.clone(ctx, p)
	}
	if strings.ContainsAny(arg, `/\`) || filepath.Ext(arg) != "" {
		return nil, nil
	}
	if _, err := os.Stat(arg); err == nil {
		return nil, nil
	}
	project, err := repo.LoadProject(".")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, cli.Usage("name a script by its file, as loadtest.js; `plimsoll new` starts a folder with named tests",
			"there is no script %q here, and no %s that could have a test of this name", arg, repo.FileName)
	}
	return project, err
}

func (o *source) clone(ctx context.Context, p process) (*repo.Project, error) {
	cache, err := repo.CacheDir(p.env)
	if err != nil {
		return nil, err
	}
	say := p.say
	if o.quiet {
		say = nil
	}
	checkout, err := repo.Clone(ctx, repo.Options{
		URL: o.url, Ref: o.ref, Dir: o.dir, CacheDir: cache, MaxSize: o.maxSize,
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
		o.warn(p, "the repository's tests need npm packages, which only you can have installed: add --install")
	}
	return project, err
}

// explainMissing adds to an error of a script that imports what is not there what was left out of its clone.
func (o *source) explainMissing(err error) error {
	if missing := new(script.Error); len(o.leftOut) > 0 && errors.As(err, &missing) && missing.Missing {
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
