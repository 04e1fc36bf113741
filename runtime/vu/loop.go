package vu

import (
	"container/heap"
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

	awaited    int // Awaits that are not resolved yet
	generation int // tells Awaits of earlier iterations

	mu   sync.Mutex
	jobs []job
	wake chan struct{}
}

type job struct {
	generation int
	then       func()
}

func (l *loop) idle() bool { return l.awaited == 0 && len(l.timers) == 0 }

// Await keeps the iteration open until the function that it returns is
// called, from any goroutine, with what is then to be done in the VM.
func (u *User) Await() (resolve func(then func())) {
	l := &u.loop
	l.awaited++
	l.mu.Lock()
	if l.wake == nil {
		l.wake = make(chan struct{}, 1)
	}
	l.mu.Unlock()
	generation := l.generation
	return func(then func()) {
		l.mu.Lock()
		l.jobs = append(l.jobs, job{generation, then})
		l.mu.Unlock()
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
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
			u.dropTimers()
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
		if j.generation != l.generation {
			continue
		}
		l.awaited--
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
	u.dropTimers()
	if u.cut.Load() {
		u.loop.generation++
		u.loop.awaited = 0
	}
}

func (u *User) dropTimers() { u.loop.timers = nil }

// timer is a pending setTimeout or setInterval.
type timer struct {
	id    int
	due   time.Time
	every time.Duration // 0: once
	fn    goja.Callable
	args  []goja.Value
}

// timers is a heap: the earliest first, then in order of their making.
type timers []*timer

func (t timers) Len() int      { return len(t) }
func (t timers) Swap(i, j int) { t[i], t[j] = t[j], t[i] }
func (t timers) Less(i, j int) bool {
	if t[i].due.Equal(t[j].due) {
		return t[i].id < t[j].id
	}
	return t[i].due.Before(t[j].due)
}
func (t *timers) Push(x any) { *t = append(*t, x.(*timer)) }
func (t *timers) Pop() any {
	old := *t
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*t = old[:len(old)-1]
	return last
}

// fire runs the earliest timer.
func (u *User) fire() error {
	l := &u.loop
	t := l.timers[0]
	if t.every > 0 {
		t.due = time.Now().Add(t.every)
		heap.Fix(&l.timers, 0)
	} else {
		heap.Pop(&l.timers)
	}
	_, err := t.fn(goja.Undefined(), t.args...)
	return err
}

// setTimer is setTimeout and, when repeat is set, setInterval.
func (u *User) setTimer(repeat bool) func(goja.FunctionCall) goja.Value {
	return func(call goja.FunctionCall) goja.Value {
		fn, ok := goja.AssertFunction(call.Argument(0))
		if !ok {
			panic(u.vm.NewTypeError("the first argument must be a function"))
		}
		wait := max(time.Duration(call.Argument(1).ToFloat()*float64(time.Millisecond)), 0)
		u.loop.nextID++
		t := &timer{id: u.loop.nextID, due: time.Now().Add(wait), fn: fn}
		if repeat {
			t.every = max(wait, time.Millisecond)
		}
		if len(call.Arguments) > 2 {
			t.args = append(t.args, call.Arguments[2:]...)
		}
		heap.Push(&u.loop.timers, t)
		return u.vm.ToValue(t.id)
	}
}

func (u *User) clearTimer(call goja.FunctionCall) goja.Value {
	id := int(call.Argument(0).ToInteger())
	for i, t := range u.loop.timers {
		if t.id == id {
			heap.Remove(&u.loop.timers, i)
			break
		}
	}
	return goja.Undefined()
}
