package jsapi

import (
	"reflect"
	"time"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
	"github.com/plimsoll-load/plimsoll/runtime/failure"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

// Host is what a module is bound to: a virtual machine. What else it can do
// are capabilities, the small interfaces below; a module asks for those that
// it uses by [Need], and a test's host needs to have no others. All methods
// are for the goroutine that runs the VM, but for what [Loop] says.
type Host interface {
	VM() *goja.Runtime
}

// Need returns a capability of the host, such as Need[Loop](h). A host that
// lacks it makes the script's use of the module throw.
func Need[C any](h Host) C {
	c, ok := h.(C)
	if !ok {
		panic(h.VM().NewTypeError("this module needs a host with %s", reflect.TypeFor[C]()))
	}
	return c
}

// Connector has the connections of the virtual user.
type Connector interface {
	Client() *engine.Client // nil while the script is being loaded: no requests there
	// Defaults are what beforeVU returned: headers and other parameters of each request of this user; may be nil.
	Defaults() *goja.Object
}

// Recorder counts what a script does.
type Recorder interface {
	Names() *metric.Names
	Samples() *metric.Buffer
	Scenario() metric.ScenarioID // the one that runs now
	Fail(metric.Failure)         // the iteration fails; the first failure is the one told
	Requested()                  // one more request in this iteration
}

// Planned is what a host may have that follows a plan. CutOff says that its
// iteration is interrupted because the plan gives it no more time: what is
// under way counts neither as ok nor as failed.
type Planned interface {
	CutOff() bool
}

// Keeper keeps the first examples of what fails.
type Keeper interface {
	// Wants says whether examples of a failure are still kept; where not, none need be made. It costs next to nothing.
	Wants(metric.FailureID) bool
	// KeepExchange keeps a failed exchange. What it is read from is free again when it returns.
	KeepExchange(metric.FailureID, metric.Failure, *failure.Wire)
	// Exchanges gives what tells of the last exchange, nil where there is none, for failures that are no exchange's.
	Exchanges(last func() *failure.Wire)
}

// Loop lets a module wait without losing the VM.
type Loop interface {
	// Await keeps the iteration open for one result. The function it returns may
	// be called once, from any goroutine, with what is then to be done in the VM.
	Await() (resolve func(then func()))
	// Listen keeps the iteration open for any number of events, as of a socket.
	// Emit hands over what is to be done in the VM for one of them; it may be
	// called from any one goroutine, waits while many are pending, and returns
	// false once nobody listens any more. End says that there are no more; it may
	// be called from any goroutine and more than once. Where the iteration ends
	// first, because it failed or was interrupted, stop is called in the VM's
	// goroutine: it should close what events come from, and must not wait.
	Listen(stop func()) (emit func(then func()) bool, end func())
	// Sleep blocks the virtual user; it returns false when that was cut short because the user stops.
	Sleep(time.Duration) bool
}

// Timers call functions later, in the VM.
type Timers interface {
	// After calls f once after a time, and again after each further every where
	// that is more than 0. The iteration stays open until then.
	After(wait, every time.Duration, f func() error) (id int)
	Cancel(id int)
}

// Registrar takes what a script declares while it is being loaded.
type Registrar interface {
	AddScenario(name string, weight float64, delay time.Duration, fn goja.Callable) error
	AddHook(name string, fn goja.Callable) error // beforeAll, afterAll, beforeVU, afterVU
	SetOptions(goja.Value) error
}

// Identity says whose VM it is.
type Identity interface {
	ID() int                              // of the virtual user, from 1; 0: none
	Iteration() (before int, loaded bool) // how many ran before; loaded is false while the script is
}

// Execution is the test that runs.
type Execution interface {
	Abort(reason string)   // ends the run, in order; it fails
	FailRun(reason string) // lets it go on; it fails
	ScenarioName() string  // of the iteration
	Turn() int64           // a number of the iteration, from 0, that no other one of its scenario has
}

// Environment is what the script was given, the same for all virtual users.
type Environment interface {
	Env() map[string]string // not to be changed
}

// Console takes lines for the log.
type Console interface {
	Listening() bool // false: what would be written would be seen by nobody
	Print(level, text string)
}

// Files reads what lies beside the script.
type Files interface {
	// Open reads a file, once for all virtual users: neither may be changed.
	Open(path string) (text goja.Value, data []byte, err error)
}
