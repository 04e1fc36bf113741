package sched

import (
	"context"
	"sync/atomic"
	"time"
)

// user is what the load knows of one virtual user.
type user struct {
	id     int
	nudge  chan struct{}  // its order changed
	due    chan time.Time // an arrival handed to it
	cancel context.CancelCauseFunc

	state atomic.Int32 // an order
	after atomic.Int64 // wait so long, in nanoseconds, before the next closed lap
	busy  atomic.Bool  // an iteration is under way

	// Of the user's own goroutine.
	timer  *time.Timer
	tally  tally
	failed bool          // its last iteration did
	late   time.Duration // of the arrival it took while it was free; negative: it is counted

	// Under the load's mutex.
	at      int         // index in users
	seat    int         // 1 + index among the idle; 0: not idle
	making  bool        // Spawn was called
	made    bool        // Spawn succeeded
	refused bool        // Spawn failed, and has not succeeded since
	closing bool        // it ends its last closed iteration before it serves arrivals
	cut     *time.Timer // interrupts it after the grace period, when it leaves alone
}

type order int32

const (
	iterate order = iota // run iterations back to back
	serve                // run what arrives
	rest                 // wait until the order changes
	leave                // end after the iteration under way
)

func (u *user) told() order { return order(u.state.Load()) }

func (u *user) order(o order) {
	u.state.Store(int32(o))
	notify(u.nudge)
}

// stay keeps a leaving user that was not interrupted yet; the load's mutex is held.
func (u *user) stay() bool {
	if u.cut != nil && !u.cut.Stop() {
		return false
	}
	u.cut = nil
	return true
}

// wait waits, but only while the user has the order that it acts upon, and
// that is not to leave.
func (u *user) wait(as order, d time.Duration) {
	u.alarm(d)
	for u.told() == as && as != leave {
		select {
		case <-u.timer.C:
			return
		case <-u.nudge: // perhaps an old one
		}
	}
	u.timer.Stop()
}

// alarm sets the user's one timer.
func (u *user) alarm(d time.Duration) <-chan time.Time {
	if u.timer == nil {
		u.timer = time.NewTimer(d)
	} else {
		u.timer.Reset(d)
	}
	return u.timer.C
}

// live is the life of one user.
func (l *Load) live(ctx context.Context, u *user) {
	defer l.gone(u)
	vu := l.hire(ctx, u)
	if vu == nil {
		return
	}
	defer l.ready.Add(-1)
	defer vu.Close()
	for more := true; more; {
		switch u.told() {
		case iterate:
			more = l.lap(ctx, u, vu)
		case serve:
			l.attend(ctx, u, vu)
		case rest:
			l.rest(u, vu)
		case leave:
			more = false
		}
	}
	l.mu.Lock()
	l.learn(&u.tally)
	l.mu.Unlock()
}

// rest waits until the user's order changes.
func (l *Load) rest(u *user, vu User) {
	l.mu.Lock()
	l.learn(&u.tally)
	l.mu.Unlock()
	vu.Flush()
	vu.Rest()
	l.rests.Add(1)
	defer l.rests.Add(-1)
	for u.told() == rest {
		<-u.nudge
	}
}

// retryAfter is how long after a failed Spawn the user is tried again.
const retryAfter = time.Second

// hire makes the user, trying until it works; nil when it is to leave.
func (l *Load) hire(ctx context.Context, u *user) User {
	for {
		if d := u.after.Swap(0); d > 0 {
			u.wait(u.told(), time.Duration(d))
		}
		if !l.wanted(u) {
			return nil
		}
		vu, err := l.spawn(ctx, u.id)
		if err == nil {
			l.hired(u)
			return vu
		}
		if !l.refuse(ctx, u, err) {
			return nil
		}
		u.after.Store(int64(retryAfter))
	}
}

// wanted says whether the user is still to be made.
func (l *Load) wanted(u *user) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if u.told() == leave || l.exhausted() {
		return false
	}
	u.making = true
	return true
}

func (l *Load) hired(u *user) {
	l.ready.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	u.made, u.refused = true, false
	l.refusals.inRow = 0
	notify(l.kick) // an open load may make the next one now
}

// gone takes a user off the list.
func (l *Load) gone(u *user) {
	l.mu.Lock()
	defer l.mu.Unlock()
	u.cancel(nil)
	u.stay()
	l.open.welcome(u)
	last := len(l.users) - 1
	l.users[u.at] = l.users[last]
	l.users[u.at].at = u.at
	l.users = l.users[:last]
	if l.mode == opened && u.refused {
		l.want = min(l.want, last) // until arrivals need it
	}
	if l.mode == closed && u.at < l.want && !l.exhausted() {
		l.aim(l.want) // one that could not stay, or a leaving one took its place
	}
	if l.mode != over || len(l.users) == 0 {
		notify(l.kick)
	}
}

// lap runs one closed iteration and what is waited after it; false when the
// budget of iterations is spent.
func (l *Load) lap(ctx context.Context, u *user, vu User) bool {
	if d := u.after.Load(); d != 0 {
		u.after.Store(0)
		u.wait(iterate, time.Duration(d))
		return true // its order may have changed
	}
	if !l.take() {
		return false
	}
	u.busy.Store(true)
	r := vu.Iterate(ctx, time.Time{})
	u.busy.Store(false)
	u.failed = !r.OK
	pause := l.plan.Delay + r.Pause
	if u.tally.takes(r) {
		u.tally.add(r)
	} else {
		pause += l.settle(u, r)
	}
	if pause > 0 {
		vu.Flush()
		u.wait(iterate, pause)
	}
	return true
}

// settle learns from the user's iterations, r the last of them; it returns the
// back-off that r calls for.
func (l *Load) settle(u *user, r Result) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.learn(&u.tally)
	u.tally.add(r)
	l.learn(&u.tally)
	if r.OK {
		return 0
	}
	return l.backoff.Pause(int(r.Scenario), r.Took, l.random.Float64())
}

// attend serves one arrival, or none if the user's order changes first.
func (l *Load) attend(ctx context.Context, u *user, vu User) {
	due, ok := l.accept(u, vu)
	if !ok {
		return
	}
	u.busy.Store(true)
	r := vu.Iterate(ctx, due)
	u.busy.Store(false)
	u.failed = !r.OK
	u.tally.add(r)
}

// accept waits for an arrival; false when the user's order changed instead.
func (l *Load) accept(u *user, vu User) (time.Time, bool) {
	l.mu.Lock()
	l.learn(&u.tally)
	l.open.welcome(u)
	if u.late >= 0 {
		l.open.late.Add(u.late)
		u.late = -1
	}
	if u.told() != serve {
		l.mu.Unlock()
		return time.Time{}, false
	}
	if due, ok := l.nextQueued(); ok {
		l.mu.Unlock()
		return due, true
	}
	l.open.sit(u)
	l.mu.Unlock()
	vu.Flush()
	if due, ok := l.sit(u, vu); ok {
		u.late = max(time.Since(due), 0)
		return due, true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open.rise(u)
	select {
	case due := <-u.due: // it was handed over before
		return due, true
	default:
		return time.Time{}, false
	}
}

// idleAfter is how long a kept user waits for an arrival before it rests.
const idleAfter = time.Second

// sit waits, idle, for an arrival; false when the user was nudged.
func (l *Load) sit(u *user, vu User) (time.Time, bool) {
	var idle <-chan time.Time
	if l.keep {
		idle = u.alarm(idleAfter)
		defer u.timer.Stop()
	}
	for {
		select {
		case due := <-u.due:
			return due, true
		case <-u.nudge:
			return time.Time{}, false
		case <-idle:
			vu.Rest()
		}
	}
}

// tally is a user's iterations that the load has not learnt of yet: one
// scenario, together about a millisecond, so that the mutex is taken no more
// often than that however short the iterations are.
type tally struct {
	scenario  int
	n, ok     int
	took, all time.Duration // of the successful ones, and of all
}

const (
	tallyTime = time.Millisecond
	tallySize = 1000
)

// takes says whether an iteration may wait in the tally.
func (t *tally) takes(r Result) bool {
	return r.OK && t.all+r.Took < tallyTime && t.n < tallySize && (t.n == 0 || t.scenario == int(r.Scenario))
}

func (t *tally) add(r Result) {
	t.scenario = int(r.Scenario)
	t.n++
	t.all += r.Took
	if r.OK {
		t.ok++
		t.took += r.Took
	}
}

// learn moves a tally into the means; mu is held.
func (l *Load) learn(t *tally) {
	if t.n == 0 {
		return
	}
	l.backoff.Succeed(t.scenario, t.ok, t.took, int(l.ready.Load()))
	l.took.add(t.n, t.all)
	*t = tally{}
}
