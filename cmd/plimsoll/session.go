package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/plimsoll-load/plimsoll/jsapi"
	"github.com/plimsoll-load/plimsoll/jsapi/all"
	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/runtime/engine"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/monitor"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/sched"
	"github.com/plimsoll-load/plimsoll/runtime/script"
	"github.com/plimsoll-load/plimsoll/runtime/vu"
)

// tickEvery is how often the shards become a window.
const tickEvery = 250 * time.Millisecond

// session is one run: its parts, joined.
type session struct {
	p        process
	settings settings
	plan     plan.Plan
	script   *script.Script
	factory  *vu.Factory
	names    *metric.Names
	metrics  *metric.Collector
	load     *sched.Load
	rec      *recorder
	fold     *report.Fold
	evidence evidence
	hidden   secrets
	progress *progress
	demo     *demo
	stop     stopper
	sources  []monitor.Source
	path     string // of the record
	ended    counts // iterations, up to the last tick
	spawned  atomic.Int64
	ticked   bool
	closing  string // what is printed below the summary
}

// prepare loads the script, resolves the plan and opens the record. What it
// returns must be closed.
func prepare(ctx context.Context, p process, o settings) (*session, error) {
	if err := o.draw(p); err != nil {
		return nil, err
	}
	s := &session{p: p, settings: o, names: metric.NewNames(), fold: report.NewFold(), progress: newProgress(p.stderr, o.quiet)}
	s.metrics = metric.NewCollector(time.Now(), runtime.GOMAXPROCS(0))
	binder := jsapi.NewBinder(all.Modules())
	var err error
	if s.script, err = o.load(binder); err != nil {
		return nil, err
	}
	if err := s.startDemo(ctx); err != nil {
		return nil, err
	}
	if err := s.build(ctx, binder); err != nil {
		return nil, errors.Join(err, s.stopDemo())
	}
	return s, nil
}

// startDemo starts the demo target, if one was asked for.
func (s *session) startDemo(ctx context.Context) (err error) {
	switch s.settings.demo {
	case "":
	case demoRandom:
		s.demo, err = startDemo(ctx, s.p, "")
	default:
		s.demo, err = startDemo(ctx, s.p, s.settings.demo)
	}
	return err
}

func (s *session) build(ctx context.Context, binder *jsapi.Binder) error {
	env, err := s.environment()
	if err != nil {
		return err
	}
	shared := &engine.Shared{}
	s.factory, err = vu.Load(ctx, vu.Config{
		Script: s.script, Names: s.names, Buffer: s.metrics.Buffer, Env: env, Within: s.settings.root,
		Seed: s.settings.seed, FailOn: s.settings.failOn(s.p),
		Bind:    func(u *vu.User) vu.Need { return binder.Bind(u) },
		Client:  func() *engine.Client { return engine.New(s.engineOptions(shared)) },
		Console: func(l vu.Line) { s.progress.say("%s", s.hidden.hide(l.String())) },
	})
	if err != nil {
		return err
	}
	var warnings []string
	s.plan, warnings, err = s.settings.resolve(s.p, s.factory.Options())
	for _, w := range warnings {
		s.progress.say("plimsoll: warning: %s", w)
	}
	if err != nil || s.settings.explain {
		return err
	}
	driven := s.plan
	if s.settings.mode == plan.Classic {
		driven.Stages = nil // the classic's ramp is driven, too
	}
	o := sched.Options{Plan: driven, Drop: s.metrics.Drop, Spawn: s.spawn}
	if s.settings.mode != plan.Run { // a service that falls behind shows as a backlog, not as arrivals that were not sent
		o.Keep, o.Patience = true, s.plan.Timeout
	}
	s.load = sched.New(o)
	if err := s.openSources(ctx, env["SERVER_URL"]); err != nil {
		return err
	}
	return s.openRecord()
}

// spawn makes a virtual user for the scheduler.
func (s *session) spawn(ctx context.Context, id int) (sched.VU, error) {
	u, err := s.factory.New(ctx, id)
	if err != nil {
		return nil, err
	}
	s.spawned.Add(1)
	return user{u}, nil
}

// user is a vu.User as the scheduler knows it: neither package knows the other.
type user struct{ *vu.User }

func (u user) Iterate(ctx context.Context, due time.Time) sched.Result {
	return sched.Result(u.User.Iterate(ctx, due))
}

func scriptModules(binder *jsapi.Binder) []script.Module {
	var list []script.Module
	for _, m := range all.Modules() {
		list = append(list, script.Module{Name: m.Name, Aliases: m.Aliases, Exports: binder.Exports(m.Name)})
	}
	return list
}

// openRecord creates the record's file and writes its first row.
func (s *session) openRecord() error {
	file, err := s.createRecord()
	if err != nil {
		return fault{exitUsage, err, "name a file that can be written with -o FILE"}
	}
	s.path = file.Name()
	s.rec = &recorder{start: time.Now(), names: s.names, listen: s.listen, hidden: s.hidden, out: record.NewWriter(file), file: file}
	host, _ := os.Hostname() // a record without the name is as good
	s.rec.row(&record.Run{
		SchemaVersion: record.SchemaVersion, Tool: "plimsoll " + version, Mode: s.mode(), Started: time.Now().UTC(),
		Command: s.p.typed(), Repository: s.settings.repository, Script: s.settings.script, ScriptHash: s.script.Hash(),
		Seed: s.plan.Seed, Tolerance: s.plan.Sizing.Tolerance, Settings: s.plan.Settings,
		Generator: record.Host{Name: host, OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), GoVersion: runtime.Version()},
		Machine:   s.settings.machine,
	})
	return nil
}

// mode is what kind of run the record is of.
func (s *session) mode() string {
	return map[plan.Mode]string{plan.Run: "run", plan.Size: "size", plan.Classic: "classic"}[s.settings.mode]
}

func (s *session) createRecord() (*os.File, error) {
	if s.settings.output != "" {
		return os.Create(s.settings.output)
	}
	dir, err := record.StateDir(s.p.env)
	if err != nil {
		return nil, err
	}
	return record.Store{Dir: dir}.Create(time.Now(), s.mode()+"-"+filepath.Base(s.settings.script))
}

// listen folds a row for the summary. What it is made of is sound: it was just made.
func (s *session) listen(row any) {
	if err := s.fold.Add(row); err != nil {
		s.progress.say("plimsoll: summary: %v", err)
	}
	s.evidence.add(row)
}

// tick collects what happened since the last tick and shows it to all who listen.
func (s *session) tick() metric.Window {
	vus := s.load.VUs()
	if !s.ticked { // a run that is over before its first tick had users, too
		vus = max(vus, int(s.spawned.Load()))
	}
	s.ticked = true
	w := s.metrics.Collect(time.Now(), vus)
	w.InFlight += s.load.Waiting()
	w.Lateness = s.load.Lateness()
	s.rec.window(&w)
	s.progress.window(&w)
	_, ok, failed := w.Iterations()
	s.ended.ok, s.ended.failed = s.ended.ok+ok, s.ended.failed+failed
	return w
}

func (s *session) stopDemo() error {
	if s.demo == nil {
		return nil
	}
	err := s.demo.stop()
	s.demo = nil
	return err
}

// finish writes the last row, shows the result and returns the exit status as an error.
func (s *session) finish(end record.End) error {
	s.progress.end()
	if s.demo != nil {
		truth, err := s.demo.reveal()
		if err != nil {
			s.progress.say("plimsoll: %v", err)
		}
		end.Demo = truth
	}
	end.Bottleneck = s.evidence.attribute(end.Sizing, s.plan.Sizing.Tolerance)
	end.AtS = time.Since(s.rec.start).Seconds()
	lost := s.rec.close(&end)
	if lost != nil && !s.stop.signalled() {
		end.ExitCode = exitInternal
	}
	run := s.fold.Run()
	run.Path = s.path
	if err := s.settings.show.write(s.p, run); err != nil {
		return err
	}
	if !s.settings.show.json {
		fmt.Fprint(s.p.stdout, s.closing)
	}
	if lost != nil {
		return fault{end.ExitCode, fmt.Errorf("the record %s is incomplete: %w", s.path, lost), "the summary above is whole; free some space, or name another place with -o FILE"}
	}
	if end.ExitCode != exitOK {
		return status(end.ExitCode)
	}
	return nil
}
