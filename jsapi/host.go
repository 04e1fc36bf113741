package jsapi

import (
	"time"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/runtime/engine"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

// Host is the virtual user that a module is bound to. Its methods are for the
// goroutine that runs the VM, but for what [Loop] says.
type Host interface {
	VM() *goja.Runtime
	Client() *engine.Client // nil while the script is being loaded: no requests there
	Recorder
	Loop
	Registrar
}

// Recorder counts what a script does.
type Recorder interface {
	Names() *metric.Names
	Samples() *metric.Buffer
	Scenario() metric.ScenarioID // the one that runs now
	Fail(metric.Failure)         // the iteration fails; the first failure is the one told
	Requested()                  // one more request in this iteration
}

// Loop lets a module wait without losing the VM.
type Loop interface {
	// Await keeps the iteration open. The function it returns may be called
	// once, from any goroutine, with what is then to be done in the VM.
	Await() (resolve func(then func()))
	// Sleep blocks the virtual user; it returns false when that was cut short because the user stops.
	Sleep(time.Duration) bool
}

// Registrar takes what a script declares while it is being loaded.
type Registrar interface {
	AddScenario(name string, weight float64, delay time.Duration, fn goja.Callable) error
	AddHook(name string, fn goja.Callable) error // beforeAll, afterAll, beforeVU, afterVU
	SetOptions(goja.Value) error
	// Defaults are what beforeVU returned: headers and other parameters of each request of this user; may be nil.
	Defaults() *goja.Object
}
