package vu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"sync/atomic"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
	"github.com/plimsoll-load/plimsoll/runtime/failure"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

// User is one virtual user. It satisfies what modules ask of their host.
type User struct {
	factory *Factory
	id      int
	vm      *goja.Runtime
	random  rand.PCG
	picks   picks
	client  *engine.Client
	samples *metric.Buffer
	loop    loop

	// What the script declared.
	scenarios   []scenario
	weights     float64   // their sum
	assigned    *assigned // nil: the script's options have no scenarios
	hooks       [hooks]goja.Callable
	dialect     [hooks]dialect
	optionsJSON json.RawMessage
	optionCalls []goja.Value
	exports     *goja.Object
	loaded      bool

	// What its functions are given.
	data     goja.Value
	defaults *goja.Object
	context  []goja.Value // ({vu, data, iteration})
	k6       []goja.Value // (data)

	// The iteration under way, or the last.
	iteration int
	scenario  metric.ScenarioID
	failure   metric.FailureID
	failed    bool
	inHook    hook
	requests  int
	turn      turn
	orphans   []*goja.Promise // rejected, and nobody handles it

	failures failureCache

	lastExchange func() *failure.Wire // nil: no module makes exchanges

	broken  bool        // by a fault: its VM is not used any more
	cut     atomic.Bool // interrupted, for good
	done    <-chan struct{}
	why     func() error // the cause, once done is closed
	release func()       // ends watching the user's context
}

// maxCallStack bounds the depth of calls in a script.
const maxCallStack = 2_000

func (f *Factory) newUser(id int) *User {
	u := &User{factory: f, id: id, vm: goja.New(), data: goja.Undefined(), inHook: noHook, release: func() {}}
	u.picks = newPicks(f.config.Seed, id)
	u.random.Seed(f.config.Seed, uint64(id))
	u.vm.SetMaxCallStackSize(maxCallStack)
	u.vm.SetRandSource(u.chance)
	u.vm.SetPromiseRejectionTracker(u.trackRejection)
	_ = u.vm.GlobalObject().SetPrototype(u.vm.NewDynamicObject(&globals{u: u})) // fails only where a script forbade it
	return u
}

// chance is a random number from 0 to 1 (exclusive).
func (u *User) chance() float64 { return fraction(u.random.Uint64()) }

var (
	errShape   = errors.New("the compiled script is not a function")
	errTooLong = errors.New("took too long")
)

// load runs the script's top level.
func (u *User) load(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, loadLimit, fmt.Errorf("the top level of the script %w: more than %v", errTooLong, loadLimit))
	defer cancel()
	u.watch(ctx)
	defer u.unwatch()
	if _, err := u.guarded("the script's top level", u.runProgram); err != nil {
		return u.explain("", err)
	}
	u.loaded = true
	return nil
}

// runProgram runs the compiled script, and takes what it declares.
func (u *User) runProgram() (goja.Value, error) {
	value, err := u.vm.RunProgram(u.factory.config.Script.Program())
	if err != nil {
		return nil, err
	}
	run, ok := goja.AssertFunction(value)
	if !ok {
		return nil, errShape
	}
	need := u.factory.config.Bind(u) // of this call alone: what the script does not keep of its modules is freed
	_, err = u.finish(run(goja.Undefined(), u.vm.ToValue(func(call goja.FunctionCall) goja.Value {
		return u.need(need, call.Argument(0).String(), call.Argument(1).String())
	}), u.vm.ToValue(func(call goja.FunctionCall) goja.Value {
		return u.takeExports(call.Argument(0).ToObject(u.vm))
	})))
	if err == nil {
		err = u.declareExports()
	}
	return nil, err
}

// takeExports takes those that mean something by their name, then all others.
func (u *User) takeExports(exports *goja.Object) goja.Value {
	if u.exports == nil {
		u.exports = exports
		return goja.Undefined()
	}
	for _, name := range exports.Keys() {
		_ = u.exports.Set(name, exports.Get(name)) // a plain object takes it
	}
	return goja.Undefined()
}

// need answers the bundle, see package script.
func (u *User) need(modules Need, module, name string) goja.Value {
	switch module {
	case "plimsoll:RegExp":
		return u.regExp()
	case "plimsoll:resolve":
		return u.resolver(name)
	}
	return modules(module, name)
}

// finish runs the event loop after a call, and returns what the call's
// promise came to.
func (u *User) finish(value goja.Value, err error) (goja.Value, error) {
	if err == nil {
		err = u.drain()
	} else {
		u.abandon()
	}
	if err != nil {
		u.orphans = nil
		return nil, err
	}
	promise := promiseOf(value)
	if promise == nil {
		return value, u.orphanError(nil)
	}
	switch promise.State() {
	case goja.PromiseStateRejected:
		u.orphans = nil
		return nil, u.thrown(promise.Result())
	case goja.PromiseStatePending:
		return nil, errNeverSettled
	default:
		return promise.Result(), u.orphanError(promise)
	}
}

var errNeverSettled = errors.New("it awaits a promise that nothing can settle any more")

func promiseOf(value goja.Value) *goja.Promise {
	o, ok := value.(*goja.Object)
	if !ok || o.ExportType() != reflect.TypeFor[*goja.Promise]() {
		return nil
	}
	promise, _ := o.Export().(*goja.Promise)
	return promise
}

// connect gives the user its connections and its buffer of samples.
func (u *User) connect() {
	if u.client == nil {
		u.client = u.factory.config.Client()
	}
	if u.samples == nil {
		u.samples = u.factory.config.Buffer()
	}
}

func (u *User) disconnect() {
	u.unwatch()
	if u.client != nil {
		u.samples.Flush()
		u.client.Close()
	}
}

// watch interrupts the user when ctx ends, until unwatch.
func (u *User) watch(ctx context.Context) {
	ended := make(chan struct{})
	client := u.client
	u.done = ctx.Done()
	u.why = func() error { return context.Cause(ctx) }
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		u.cut.Store(true)
		u.vm.Interrupt(context.Cause(ctx))
		if client != nil {
			client.Interrupt()
		}
	})
	u.release = func() {
		u.release = func() {}
		if !stop() {
			<-ended
		}
	}
}

// unwatch ends watch. It says whether the user was interrupted, and makes it
// usable again, for a hook.
func (u *User) unwatch() (interrupted bool) {
	u.release()
	u.done = nil
	if !u.cut.Swap(false) {
		return false
	}
	u.vm.ClearInterrupt()
	if u.client != nil {
		u.client.Resume()
	}
	return true
}

// begin hands the user its data and runs beforeVU.
func (u *User) begin(ctx context.Context) error {
	if err := u.receive(); err != nil {
		return err
	}
	fn := u.hooks[beforeVU]
	if fn == nil {
		return nil
	}
	value, err := u.hook(ctx, beforeVU, userHookLimit, fn)
	if err != nil || value == nil || goja.IsUndefined(value) || goja.IsNull(value) {
		return err
	}
	object, ok := value.(*goja.Object)
	if !ok || classOf(object) != "Object" {
		what := shorten(u.text(value))
		if ok {
			what = "a thing of class " + classOf(object)
		}
		return fmt.Errorf("it returned %s: return an object of defaults for the requests, such as { headers: { … } }, or nothing", what)
	}
	u.defaults = object
	return nil
}

// receive decodes what beforeAll returned, into objects of this VM.
func (u *User) receive() error {
	u.factory.mu.Lock()
	text := u.factory.data
	u.factory.mu.Unlock()
	if text != "" {
		value, err := u.fromJSON(text)
		if err != nil {
			return err
		}
		u.data = value
	}
	u.context = []goja.Value{u.vm.NewDynamicObject(&scenarioContext{u})}
	u.k6 = []goja.Value{u.data}
	return nil
}

// Flush hands over the samples that are held back.
func (u *User) Flush() {
	if u.samples != nil {
		u.samples.Flush()
	}
}

// Rest closes the connections, which are idle: the user is not needed for a while.
func (u *User) Rest() {
	if u.client != nil {
		u.client.CloseIdle()
	}
}

// Close runs afterVU, also after an interruption, and ends the user.
func (u *User) Close() {
	limit := userHookLimit
	if u.unwatch() {
		limit = lastWords
	}
	if fn := u.hooks[afterVU]; fn != nil && !u.broken {
		if _, err := u.hook(context.Background(), afterVU, limit, fn); err != nil {
			u.tellTeardown(err, limit)
		}
	}
	u.disconnect()
}
