// Package vu runs scripts: each virtual user is one goja VM with its own
// connections, and a goroutine of the caller's.
//
// [Load] runs the script once, in a VM that belongs to no virtual user, to
// learn what it declares; a mistake in the script shows here. That VM then
// runs beforeAll and afterAll. [Factory.New] makes a user: the compiled
// program runs again in a VM of its own, then beforeVU.
//
// # The life of an iteration
//
//   - [User.Iterate] takes the scenario that it is told, or picks one by
//     weight, and counts that it begins.
//   - It calls the scenario's function. Requests are synchronous: the function
//     of a module blocks in Go, and the VM with it.
//   - When the function returned a promise, or left timers or asynchronous
//     requests behind, the event loop (loop.go) runs until nothing is left to
//     wait for. A promise that can no longer settle ends the iteration.
//   - The iteration failed if the function threw, its promise or another that
//     nobody handles was rejected, a check was false, or a request failed
//     (fail.go); failOn chooses among these. The first failure is told.
//   - It is counted, with its duration and its number of requests.
//
// # Who may touch what
//
// All methods of a User are for its goroutine, but for what Await returns.
// When the context of a user ends, another goroutine interrupts the VM and
// closes its connections, and so ends both `while (true) {}` and a request
// that nobody answers. The user runs no more iterations after that.
//
// The hot path is Iterate with a synchronous function: beyond what goja
// allocates for the call itself, it allocates nothing (a test pins that).
package vu

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
	"github.com/plimsoll-load/plimsoll/runtime/failure"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

// Script is the compiled script; script.Script satisfies it.
type Script interface {
	Path() string           // absolute
	Program() *goja.Program // its value is a function (need, exports), see package script
	Name(file string) string
	Explain(file string, line, column int, message string) error
	ExpandRegExp(pattern, flags string) (string, error)
}

// Need gives what a module exports under a name; of the module "" it gives the
// globals, nil for what is none.
type Need = func(module, name string) goja.Value

// Config is what virtual users are made of. Only Script is required.
type Config struct {
	Script  Script
	Bind    func(*User) Need      // the modules, bound to a user
	Names   *metric.Names         // nil: names of its own
	Buffer  func() *metric.Buffer // samples of one user; nil: they go nowhere
	Client  func() *engine.Client // connections of one user; nil: engine's defaults
	Env     map[string]string     // __ENV
	Within  string                // the folder, absolute, that open() may read, for a stranger's script; empty: all files
	Console func(Line)            // called by one goroutine at a time; nil: lines go nowhere
	Seed    uint64                // of picks and Math.random
	Keep    *failure.Keeper       // of examples of what fails; nil: none are kept
	Abort   func(reason string)   // the script ends the test; nil: nothing ends
	Failed  func(reason string)   // the script says that the test failed; nil: nobody hears it
	FailOn  []string              // of "exceptions", "checks", "requests"; nil: what the script's options say, else all
}

// Limits on the time that code outside iterations takes.
const (
	loadLimit     = time.Minute      // the script's top level
	hookLimit     = time.Minute      // beforeAll and afterAll, unless options.setupTimeout and teardownTimeout say otherwise
	userHookLimit = 30 * time.Second // beforeVU and afterVU
	lastWords     = 2 * time.Second  // afterVU of a user that was interrupted
)

// Factory makes virtual users.
type Factory struct {
	config  Config
	options options
	home    *User // runs beforeAll and afterAll
	console console
	faults  faults
	regExp  func() (*goja.Program, error)
	parts   []part
	mix     bool // users pick from the parts

	teardowns teardowns
	turns     sync.Map // of metric.ScenarioID: *atomic.Int64, see User.Turn

	mu    sync.Mutex
	data  string // what beforeAll returned, JSON; empty: nothing
	files map[string]file
}

// Scenario is what a script declared.
type Scenario struct {
	ID     metric.ScenarioID
	Name   string
	Weight float64
	Delay  time.Duration
}

// Load runs the script once and learns what it declares. Its error has an
// exit code and a position in the script.
func Load(ctx context.Context, c Config) (*Factory, error) {
	if c.Names == nil {
		c.Names = metric.NewNames()
	}
	if c.Client == nil {
		c.Client = func() *engine.Client { return engine.New(engine.Options{}) }
	}
	if c.Buffer == nil {
		c.Buffer = metric.NewCollector(c.Names, time.Now(), 1).Buffer
	}
	if c.Bind == nil {
		c.Bind = func(*User) Need { return nothing }
	}
	f := &Factory{config: c, files: map[string]file{}, regExp: sync.OnceValues(compileRegExp)}
	f.console.sink = c.Console
	home := f.newUser(0)
	if err := home.load(ctx); err != nil {
		return nil, err
	}
	f.home = home
	if err := home.validate(); err != nil {
		return nil, err
	}
	return f, f.options.read(home.optionsJSON, c.FailOn, c.Script)
}

// nothing has no modules and no globals.
func nothing(module, _ string) goja.Value {
	if module == "" {
		return nil
	}
	return goja.Undefined()
}

// Options is the script's `options` as JSON; nil when it has none.
func (f *Factory) Options() json.RawMessage { return f.home.optionsJSON }

// Scenarios lists what the script declared, in its order.
func (f *Factory) Scenarios() []Scenario {
	var list []Scenario
	for _, s := range f.home.scenarios {
		list = append(list, Scenario{s.id, s.name, s.weight, s.delay})
	}
	return list
}

// BeforeAll runs beforeAll (k6: setup). What it returns is given to every
// user made afterwards, as JSON. An error means that the test cannot begin.
func (f *Factory) BeforeAll(ctx context.Context) error {
	u := f.home
	fn := u.hooks[beforeAll]
	if fn == nil {
		return nil
	}
	u.connect()
	value, err := u.hook(ctx, beforeAll, f.options.beforeAllLimit, fn)
	if err != nil {
		return u.explain("beforeAll", err)
	}
	text, err := u.toJSON(value, false)
	if err != nil {
		return u.explain("beforeAll: what it returned cannot be given to the virtual users", err)
	}
	f.mu.Lock()
	f.data = text
	f.mu.Unlock()
	return nil
}

// AfterAll runs afterAll (k6: teardown) and closes the factory. It is for
// when all users are closed.
func (f *Factory) AfterAll(ctx context.Context) error {
	u := f.home
	defer u.disconnect()
	fn := u.hooks[afterAll]
	if fn == nil {
		return nil
	}
	u.connect()
	if err := u.receive(); err != nil {
		return plain{u.explain("afterAll", err)}
	}
	if _, err := u.hook(ctx, afterAll, f.options.afterAllLimit, fn); err != nil {
		return plain{u.explain("afterAll", err)}
	}
	return nil
}

// New makes the virtual user with an id (from 1) and runs its beforeVU. When
// ctx ends the user is interrupted; it must be closed nevertheless.
func (f *Factory) New(ctx context.Context, id int) (*User, error) {
	u := f.newUser(id)
	if err := u.start(ctx); err != nil {
		return nil, err
	}
	return u, nil
}

// start loads the script and runs beforeVU; then the user can iterate.
func (u *User) start(ctx context.Context) error {
	if err := u.load(ctx); err != nil {
		return err
	}
	u.assign()
	u.connect()
	if err := u.begin(ctx); err != nil {
		u.disconnect()
		return fmt.Errorf("virtual user %d: %w", u.id, plain{u.explain("beforeVU", err)})
	}
	u.watch(ctx)
	return nil
}

// plain hides the exit code of an error in the script: what fails while the
// test runs does not mean that the script cannot be loaded.
type plain struct{ err error }

func (p plain) Error() string { return p.err.Error() }
