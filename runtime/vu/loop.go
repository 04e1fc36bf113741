package vu

import (
	"sync"
	"time"

	"github.com/dop251/goja"
)

// loop is the event loop of one user: timers, and jobs that arrive from other
// goroutines. It runs within an iteration, on the user's goroutine, and only
// when the iteration left something to wait for.
type loop struct {
	timers timers
	nextID int
	clock  *time.Timer // reused

	awaited    int       // Awaits that are not resolved yet
	generation int       // tells Awaits of earlier iterations
	sources    []*source // that Listen opened and that did not end

	mu   sync.Mutex
	jobs []job
	wake chan struct{}
}

type job struct {
	generation int
	source     *source // nil: an Await's
	then       func()
	last       bool // the source has ended
}

func (l *loop) idle() bool { return l.awaited == 0 && len(l.timers) == 0 && len(l.sources) == 0 }

// push hands a job to the user's goroutine; it is for any goroutine.
func (l *loop) push(j job) {
	l.mu.Lock()
	l.jobs = append(l.jobs, j)
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// ready makes the channel that wakes the user.
func (l *loop) ready() {
	l.mu.Lock()
	if l.wake == nil {
		l.wake = make(chan struct{}, 1)
	}
	l.mu.Unlock()
}

// Await keeps the iteration open until the function that it returns is
// called, from any goroutine, with what is then to be done in the VM.
func (u *User) Await() (resolve func(then func())) {
	l := &u.loop
	l.awaited++
	l.ready()
	generation := l.generation
	return func(then func()) { l.push(job{generation: generation, then: then}) }
}

// Sleep blocks the user; it returns false when that was cut short because the user stops.
func (u *User) Sleep(d time.Duration) bool {
	u.Flush()
	if d <= 0 {
		return !u.cut.Load()
	}
	select {
	case <-u.alarm(d):
		return true
	case <-u.done:
		u.vm.Interrupt(u.why()) // now: what would follow the sleep must not run
		return false
	}
}

// alarm fires after d.
func (u *User) alarm(d time.Duration) <-chan time.Time {
	if u.loop.clock == nil {
		u.loop.clock = time.NewTimer(d)
	} else {
		u.loop.clock.Reset(d)
	}
	return u.loop.clock.C
}

// drain runs the event loop until nothing is left to wait for.
func (u *User) drain() error {
	l := &u.loop
	for !l.idle() {
		if u.cut.Load() {
			u.abandon()
			return interruption{u.why()}
		}
		worked, err := u.work()
		if err != nil {
			u.dropWaiting()
			return err
		}
		if !worked {
			u.await()
		}
	}
	return nil
}

// work runs what is ready now.
func (u *User) work() (worked bool, err error) {
	l := &u.loop
	l.mu.Lock()
	jobs := l.jobs
	l.jobs = nil
	l.mu.Unlock()
	for _, j := range jobs {
		if j.source != nil {
			if !l.take(j) {
				continue
			}
		} else {
			if j.generation != l.generation {
				continue
			}
			l.awaited--
		}
		worked = true
		if err := u.runJob(j.then); err != nil {
			return true, err
		}
	}
	for len(l.timers) > 0 && !l.timers[0].due.After(time.Now()) {
		worked = true
		if err := u.fire(); err != nil {
			return true, err
		}
	}
	return worked, nil
}

// runJob runs then and the microtasks that follow from it.
func (u *User) runJob(then func()) error {
	if then == nil {
		return nil
	}
	run, _ := goja.AssertFunction(u.vm.ToValue(func(goja.FunctionCall) goja.Value {
		then()
		return goja.Undefined()
	}))
	_, err := run(goja.Undefined())
	return err
}

// await waits for the next timer, job or the end of the user.
func (u *User) await() {
	l := &u.loop
	u.Flush()
	var clock <-chan time.Time
	if len(l.timers) > 0 {
		clock = u.alarm(time.Until(l.timers[0].due))
	}
	select {
	case <-clock:
	case <-l.wake:
	case <-u.done:
		u.cut.Store(true) // before the other goroutine says so
	}
}

// abandon forgets what an interrupted or failed iteration waits for, except
// asynchronous requests that are still to be counted.
func (u *User) abandon() {
	u.dropWaiting()
	if u.cut.Load() {
		u.loop.generation++
		u.loop.awaited = 0
	}
}

// dropWaiting forgets timers and ends what events come from.
func (u *User) dropWaiting() {
	u.loop.timers = nil
	u.loop.closeSources()
}
