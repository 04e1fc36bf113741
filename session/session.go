// Package session is one run or one sizing from plan to end, as a library:
// what the command line, and programs with script modules of their own, are made of.
//
//	fold := session.NewFold()
//	s, err := session.Prepare(ctx, session.Options{Script: "loadtest.js", Sinks: []session.Sink{fold}})
//	result, err := s.Run(ctx)
//	err = text.Write(os.Stdout, fold.Run(), text.Options{})
//
// [Prepare] loads the script and resolves the plan. [Session.Run] opens what is
// to be watched, runs beforeAll, lets the load run its course (as planned, or
// driven by a sizing), runs afterAll and decides the verdict. All that happens
// is told to sinks: windows, rows and events (sink.go).
//
// Several sessions may run side by side in one process. What belongs to the
// process (the garbage collector's settings, signals, the terminal) is the caller's.
package session

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/plimsoll-load/plimsoll/jsapi"
	"github.com/plimsoll-load/plimsoll/jsapi/all"
	"github.com/plimsoll-load/plimsoll/runtime/engine"
	"github.com/plimsoll-load/plimsoll/runtime/failure"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/monitor"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/redact"
	"github.com/plimsoll-load/plimsoll/runtime/repo"
	"github.com/plimsoll-load/plimsoll/runtime/sched"
	"github.com/plimsoll-load/plimsoll/runtime/script"
	"github.com/plimsoll-load/plimsoll/runtime/vu"
	"github.com/plimsoll-load/plimsoll/sizing/bottleneck"
)

// Version is Plimsoll's; releases are tags of the same name.
const Version = "0.1.0-dev"

// Options say what a session runs, and how. Only Script is required.
type Options struct {
	Script   string            // path of a file
	Within   string            // the folder that a stranger's script may read from; "": all files
	Modules  []jsapi.Module    // what the script can import; nil: all of Plimsoll's
	Mode     plan.Mode         // plan.Run, plan.Size, plan.Classic
	Settings map[string]string // plan.Table's settings by name, as text: "vus": "10"
	Test     repo.Test         // a named test of a project file: its settings, variables and monitors

	Env     []string // variables of the script: NAME=VALUE, or NAME with the value that Environ has
	Secret  []string // as Env; what is written holds none of their values
	Environ []string // the environment, of which settings come, too (PLIMSOLL_VUS=10), and the variables of a script of this disk

	Monitor     []string       // what to watch of the target, as --monitor takes it; nil: what the test names, else what listens at SERVER_URL
	Demo        *exec.Cmd      // a process that serves as ServeDemo does, started for this session: SERVER_URL points to it
	ClassicOnly bool           // of plan.Classic: no sizing by the controller after the ramp
	From        *record.Sizing // of plan.Size: the former answer to check again

	Command    []string           // the command line, for the record
	Repository *record.Repository // where the script comes from, for the record
	Machine    *record.Machine    // the target's, for the record
	Warnings   []string           // what was said before the session was prepared, for the record

	Sinks []Sink // told all that happens
}

// Session is one run or sizing.
type Session struct {
	o        Options
	seed     uint64
	env      map[string]string // of the script
	plan     plan.Plan
	script   *script.Script
	factory  *vu.Factory
	names    *metric.Names
	metrics  *metric.Collector
	load     *sched.Load
	rec      *recorder
	evidence *bottleneck.Fold
	bounds   *bounds
	demo     *demo
	proxies  *engine.Proxies
	sources  []monitor.Source
	ended    counts // iterations, up to the last tick
	kinds    failureKinds
	health   health
	spawned  atomic.Int64
	vus      int // at the last tick; before the first one -1

	shared      *engine.Shared
	toldProxies []string
	objectives  objectives
	teardown    string                 // what failed in it
	scriptSays  atomic.Pointer[string] // why the script said that the run failed

	stops *stops
}

// Prepare loads the script and resolves the plan. The session must be closed.
// Errors have an exit code, and mostly a hint.
func Prepare(ctx context.Context, o Options) (*Session, error) {
	if o.Modules == nil {
		o.Modules = all.Modules()
	}
	s := &Session{o: o, vus: -1, names: metric.NewNames(), evidence: &bottleneck.Fold{}, bounds: &bounds{}, stops: newStops()}
	s.kinds.names = s.names
	s.metrics = metric.NewCollector(s.names, time.Now(), runtime.GOMAXPROCS(0))
	s.rec = newRecorder(s.names, append([]Sink{observer{fold: s.evidence}, s.bounds}, o.Sinks...))
	for _, w := range o.Warnings {
		s.rec.event(record.EventWarning, w)
	}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Session) prepare(ctx context.Context) (err error) {
	if err := s.draw(); err != nil {
		return err
	}
	binder, err := jsapi.NewBinder(s.o.Modules)
	if err != nil {
		return err
	}
	if s.script, err = await(ctx, func() (*script.Script, error) { return s.compile(binder) }); err != nil {
		return err
	}
	if s.o.Demo != nil {
		if s.demo, err = startDemo(s.o.Demo); err != nil {
			return err
		}
	}
	if err := s.declare(ctx, binder); err != nil {
		return err
	}
	return s.resolve()
}

// Plan is what the session does, with the source of each setting.
func (s *Session) Plan() plan.Plan { return s.plan }

// Inputs are the files that the script is made of, and those that it has opened.
func (s *Session) Inputs() []string { return append(s.script.Files(), s.factory.Files()...) }

// Close gives back what the session holds. It may be called again.
func (s *Session) Close() error {
	err := errors.Join(s.stopDemo(), s.closeSources())
	for _, lost := range s.rec.end() {
		err = errors.Join(err, lost)
	}
	return err
}

// compile reads the script and all it imports.
func (s *Session) compile(binder *jsapi.Binder) (*script.Script, error) {
	var modules []script.Module
	for _, m := range binder.Importable() {
		modules = append(modules, script.Module(m))
	}
	if s.o.Within == "" {
		return script.Load(s.o.Script, modules)
	}
	return script.LoadWithin(s.o.Within, s.o.Script, modules)
}

// declare runs the script once: it says what scenarios there are.
func (s *Session) declare(ctx context.Context, binder *jsapi.Binder) (err error) {
	given := slices.Concat(s.o.Env, s.o.Secret)
	if s.demo != nil {
		given = slices.Concat([]string{"SERVER_URL=" + s.demo.url}, given)
	}
	s.env, err = s.o.Test.Environment(given, s.o.Environ)
	if err != nil {
		return err
	}
	if err := s.readProxies(); err != nil {
		return err
	}
	s.rec.hidden = redact.New(append(s.secrets(), s.proxies.Secrets()...)...)
	s.rec.kept = failure.NewKeeper(s.rec.hidden)
	s.shared = &engine.Shared{MaxBodies: min(engine.DefaultMaxBodies, debug.SetMemoryLimit(-1)/2)}
	config := vu.Config{
		Script: s.script, Names: s.names, Buffer: s.metrics.Buffer, Env: s.env, Within: s.o.Within,
		Seed: s.seed, FailOn: s.failOn(), Keep: s.rec.kept,
		Bind:   func(u *vu.User) vu.Need { return binder.Bind(u) },
		Client: func() *engine.Client { return engine.New(s.engineOptions(s.shared)) },
		Abort:  func(reason string) { s.Stop(abortedError{reason}) }, Failed: s.scriptFails,
		Console: func(l vu.Line) { s.rec.console(l.String()) },
	}
	s.factory, err = await(ctx, func() (*vu.Factory, error) { return vu.Load(ctx, config) })
	return err
}

// secrets are the values of the variables that were marked.
func (s *Session) secrets() (values []string) {
	for _, pair := range s.o.Secret {
		name, _, _ := strings.Cut(pair, "=")
		values = append(values, s.env[name])
	}
	return values
}

// resolve merges all sources of settings into the plan, and makes the load.
func (s *Session) resolve() error {
	var warnings []string
	var err error
	s.plan, warnings, err = plan.Resolve(plan.Sources{
		Mode: s.o.Mode, ClassicOnly: s.o.ClassicOnly, Recheck: s.o.From != nil,
		Script: s.factory.Options(), Test: s.o.Test.Options, Env: s.getenv, Flags: s.o.Settings, Seed: s.seed,
	})
	s.plan.Script = s.o.Script
	for name, value := range s.proxies.Settings {
		s.plan.Settings = append(s.plan.Settings, plan.Setting{Name: name, Value: value, Source: plan.Env})
	}
	for _, w := range warnings {
		s.note(w)
	}
	if err != nil {
		return err
	}
	if err := s.objectives.read(s.plan.Sizing.Objectives); err != nil {
		return err
	}
	if err := s.assign(); err != nil {
		return err
	}
	if err := s.bind(); err != nil {
		return err
	}
	driven := s.plan
	if s.o.Mode == plan.Classic {
		driven.Stages = nil // the classic's ramp is driven, too
	}
	o := sched.Options{Plan: driven, Executors: driven.Executors, Drop: s.metrics.Drop, Spawn: s.spawn}
	if s.o.Mode != plan.Run { // a service that falls behind shows as a backlog, not as arrivals that were not sent
		o.Keep, o.Patience = true, s.plan.Timeout
	}
	s.load = sched.New(o)
	return nil
}

// getenv is a variable of the environment; "" when it is not there.
func (s *Session) getenv(name string) string {
	for _, pair := range s.o.Environ {
		if n, value, ok := strings.Cut(pair, "="); ok && n == name {
			return value
		}
	}
	return ""
}

// early is a setting's text as far as it is known before the script is
// loaded: scripts have no say in it, or say it themselves.
func (s *Session) early(name string) string {
	if text := s.o.Settings[name]; text != "" {
		return text
	}
	for _, spec := range plan.Table() {
		if spec.Name == name {
			return s.getenv(spec.Env())
		}
	}
	return ""
}

// draw fixes the seed: the one given, else a random one.
func (s *Session) draw() error {
	text := s.early("seed")
	if text == "" {
		s.seed = uint64(rand.Uint32()) // short enough to be typed again
		return nil
	}
	var err error
	if s.seed, err = strconv.ParseUint(text, 10, 64); err != nil {
		return &plan.Error{Setting: "seed", Value: text, Problem: "is none", Advice: "a seed is a whole number"}
	}
	return nil
}

// failOn is what makes iterations fail, where it does not come from the script.
func (s *Session) failOn() []string {
	if text := s.early("fail-on"); text != "" {
		return strings.Split(text, ",")
	}
	return nil
}

// engineOptions are those of the virtual users' clients.
func (s *Session) engineOptions(shared *engine.Shared) engine.Options {
	return engine.Options{
		UserAgent: "plimsoll/" + Version, Timeout: s.plan.Timeout, InsecureSkipVerify: s.plan.Insecure, Shared: shared,
		MaxBody: s.plan.MaxBody, DiscardBodies: s.plan.Discard, Proxies: s.proxies,
	}
}

// spawn makes a virtual user for the scheduler.
func (s *Session) spawn(ctx context.Context, id int) (sched.VU, error) {
	u, err := s.factory.New(ctx, id)
	if err != nil {
		return nil, err
	}
	s.spawned.Add(1)
	return &user{u}, nil
}

// head is the record's first row.
func (s *Session) head() *record.Run {
	host, _ := os.Hostname() // a record without the name is as good
	settings := slices.Clone(s.plan.Settings)
	for i := range settings {
		settings[i].Value = redact.Value(settings[i].Name, settings[i].Value)
	}
	return &record.Run{
		SchemaVersion: record.SchemaVersion, Tool: "plimsoll " + Version, Mode: s.mode(), Started: s.rec.start.UTC(),
		Command: redact.Args(s.o.Command), Repository: s.o.Repository, Script: s.o.Script, ScriptHash: s.script.Hash(),
		Seed: s.plan.Seed, Tolerance: s.plan.Sizing.Tolerance, Settings: settings,
		Generator: record.Host{Name: host, OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), GoVersion: runtime.Version()},
		Machine:   s.o.Machine,
	}
}

// mode is what kind of run the record is of.
func (s *Session) mode() record.Mode {
	return map[plan.Mode]record.Mode{plan.Run: record.ModeRun, plan.Size: record.ModeSize, plan.Classic: record.ModeClassic}[s.o.Mode]
}

// stopDemo ends the demo target, if there is one.
func (s *Session) stopDemo() error {
	if s.demo == nil {
		return nil
	}
	err := s.demo.stop()
	s.demo = nil
	return err
}
