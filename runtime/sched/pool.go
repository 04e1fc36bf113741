package sched

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/pace"
)

// pool holds the VUs of a run: it makes them, lets those rest that no executor
// needs, and ends them.
type pool struct {
	newVU    Spawn
	keep     bool // VUs that no executor needs rest
	share    pace.Share
	seed     uint64
	patience time.Duration
	pause    time.Duration // after each closed iteration
	wakeRun  chan struct{}

	// What a VU may be told beside its executor's own order.
	giveBack *order // be released to the pool
	rest     *order // wait until the order changes
	leave    *order // end after the iteration under way

	mu          sync.Mutex
	resting     set // VUs without a job
	ids         int // how many were given
	size        int // VUs that have a goroutine
	made        int // of them, those whose Spawn succeeded
	refused     int // of them, those whose Spawn failed and has not succeeded since
	waiting     int // jobs that have not begun
	interrupted int // iterations that were cut off
	cuts        int // of them, those with ErrCut
	over        bool
	refusals    refusals
	backoff     pace.Backoff
	random      *rand.Rand
	late        metric.Histogram // of arrivals that found a VU free
	drops       metric.Dropped   // not told yet
}

// jitterStream tells the back-off's random numbers from others of the same seed.
const jitterStream = 0x6a697474

func (p *pool) prepare(o Options) {
	p.newVU, p.keep, p.share, p.seed, p.pause = o.Spawn, o.Keep, o.Share, o.Plan.Seed, o.Plan.Delay
	p.patience = cmp.Or(o.Patience, defaultPatience)
	p.random = rand.New(rand.NewPCG(p.seed+uint64(p.share.K), jitterStream))
	p.wakeRun = make(chan struct{}, 1)
	p.rest, p.leave = &order{p.restUntilWoken}, &order{}
	p.giveBack = &order{func(ctx context.Context, v *vu) { p.release(ctx, v, p.giveBack) }}
	switch b := o.Plan.Backoff; {
	case b.None:
		p.backoff.Mode = pace.Never
	case b.Wait > 0:
		p.backoff.Mode, p.backoff.Wait = pace.Fixed, b.Wait
	}
}

// set is a list of VUs. A VU is in one at a time: its job's, or that of those that rest.
type set struct {
	list []*vu
	made int // of them, those whose Spawn succeeded
}

func (s *set) add(v *vu) {
	v.in, v.at = s, len(s.list)
	s.list = append(s.list, v)
	if v.made {
		s.made++
	}
}

// remove fills the VU's place with the last one.
func (s *set) remove(v *vu) {
	last := len(s.list) - 1
	s.list[v.at] = s.list[last]
	s.list[v.at].at = v.at
	s.list = s.list[:last]
	if v.made {
		s.made--
	}
}

// start makes a VU's goroutine for a job; it acts upon its order after a
// delay. ctx is the parent of its context. mu is held.
func (p *pool) start(ctx context.Context, j *job, o *order, delay time.Duration) {
	v := &vu{id: p.share.Number(p.ids) + 1, job: j, late: -1, wake: make(chan struct{}, 1), due: make(chan time.Time, 1)}
	p.ids++
	v.order.Store(o)
	v.delay.Store(int64(delay))
	p.size++
	j.vus.add(v)
	ctx, cancel := context.WithCancelCause(ctx)
	v.cancel = cancel
	go p.live(ctx, v)
}

// reuse gives a job one of the VUs that rest; false when none does. mu is held.
func (p *pool) reuse(j *job, o *order, delay time.Duration) bool {
	last := len(p.resting.list) - 1
	if last < 0 {
		return false
	}
	v := p.resting.list[last]
	p.resting.remove(v)
	v.job = j
	j.vus.add(v)
	v.delay.Store(int64(delay))
	v.set(o)
	return true
}

// keeps says whether a VU that its executor gives up rests: another one may
// need it, or the same one again. mu is held.
func (p *pool) keeps() bool { return !p.over && (p.keep || p.waiting > 0) }

// dismiss tells a VU to go back to the pool, or to leave; mu is held.
func (p *pool) dismiss(v *vu) {
	switch {
	case v.order.Load() == p.leave:
	case p.keeps() && v.made:
		v.set(p.giveBack)
	default:
		v.set(p.leave)
	}
}

// release is called by a VU that has ended its work, upon an order: it rests
// from now on, or is to leave. It does nothing if the order has changed.
func (p *pool) release(ctx context.Context, v *vu, as *order) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.learn(v)
	switch {
	case v.order.Load() != as:
	case !p.keeps() || !v.stay() || ctx.Err() != nil:
		v.order.Store(p.leave)
	default:
		v.order.Store(p.rest)
		v.in.remove(v)
		v.job = nil
		p.resting.add(v)
		notify(p.wakeRun)
	}
}

// wanted says whether a VU is still to be made.
func (p *pool) wanted(v *vu) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if o := v.order.Load(); o == p.leave || o == p.giveBack || v.job.exhausted() {
		return false
	}
	v.making = true
	return true
}

// spawned counts a VU that was made.
func (p *pool) spawned(v *vu) {
	p.mu.Lock()
	defer p.mu.Unlock()
	v.made = true
	v.in.made++
	p.made++
	p.setRefused(v, false)
	p.refusals.inRow = 0
	notify(p.wakeRun) // arrivals may begin, or the next VU may be made
}

func (p *pool) setRefused(v *vu, is bool) {
	switch {
	case is && !v.refused:
		p.refused++
	case !is && v.refused:
		p.refused--
	}
	v.refused = is
}

// retired takes a VU off the list.
func (p *pool) retired(v *vu) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.learn(v)
	v.cancel(nil)
	v.stay()
	v.in.remove(v)
	p.size--
	if v.made {
		p.made--
	}
	if v.job != nil {
		v.job.exec.retired(v, v.at)
	}
	p.setRefused(v, false)
	if !p.over || p.size == 0 {
		notify(p.wakeRun)
	}
}

// interrupt ends a VU's context, and counts the iteration that this cuts off; mu is held.
func (p *pool) interrupt(v *vu, cause error) {
	if !v.counted && v.busy.Load() {
		v.counted = true
		p.interrupted++
		if cause == ErrCut { //nolint:errorlint // it is told as it is
			p.cuts++
		}
	}
	v.cancel(cause)
}

// learn moves a VU's tally into the means; mu is held.
func (p *pool) learn(v *vu) {
	t := &v.tally
	if t.n == 0 {
		return
	}
	p.backoff.Succeed(t.scenario, t.ok, t.took, p.made)
	v.job.took.add(t.n, t.all)
	*t = tally{}
}

// refusals are the VUs that could not be made.
type refusals struct {
	count int
	last  error
	at    time.Time // of the last
	since time.Time // of the first after the last success
	inRow int
	fatal error // ends the run
}

// growthPatience is how long growing may fail before the run ends, although VUs run.
const growthPatience = 30 * time.Second

// refuse counts a failed Spawn; false when the VU is not to be tried again.
func (p *pool) refuse(ctx context.Context, v *vu, err error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if o := v.order.Load(); ctx.Err() != nil || o == p.leave || o == p.giveBack {
		return false
	}
	p.setRefused(v, true)
	r, now := &p.refusals, time.Now()
	if r.inRow == 0 {
		r.since = now
	}
	r.count++
	r.inRow++
	r.at, r.last = now, err
	switch {
	case p.made == 0 && p.refused == p.size:
		r.fatal = fmt.Errorf("no virtual user could be started: %w", err)
	case p.made > 0 && now.Sub(r.since) >= growthPatience && !p.keep: // a service that is driven beyond its limit takes no new VUs, and will again
		r.fatal = fmt.Errorf("no virtual user beyond %d could be started for %v, in %d attempts: %w", p.made, growthPatience, r.inRow, err)
	}
	notify(p.wakeRun)
	return r.fatal == nil && v.job.exec.retry()
}
