package sched_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
	"github.com/plimsoll-load/plimsoll/runtime/sched"
)

const second = time.Second

// service is what the fake VUs of a test call: what all of them did.
type service struct {
	iterate func(ctx context.Context, n int) metric.Outcome // the n-th iteration started, from 1
	refuse  func(id int) error
	making  time.Duration // how long Spawn takes
	halt    time.Duration // how long the first drop takes

	mu       sync.Mutex
	begin    time.Time
	starts   []time.Duration // of iterations
	late     []time.Duration // of arrivals
	made     []time.Duration // when VUs came
	closed   []time.Duration // when they left
	dropped  metric.Dropped
	busy     int
	flushed  int
	rested   int
	iterated map[int]int // iterations by VU
}

type fakeVU struct {
	s  *service
	id int
}

func (v fakeVU) Iterate(ctx context.Context, _ string, due time.Time) metric.Outcome {
	s := v.s
	s.mu.Lock()
	s.starts = append(s.starts, time.Since(s.begin))
	if !due.IsZero() {
		s.late = append(s.late, time.Since(due))
	}
	s.iterated[v.id]++
	s.busy++
	n := len(s.starts)
	s.mu.Unlock()
	r := s.iterate(ctx, n)
	s.mu.Lock()
	s.busy--
	s.mu.Unlock()
	return r
}

func (v fakeVU) Rest() { v.s.mu.Lock(); v.s.rested++; v.s.mu.Unlock() }

func (v fakeVU) Flush() { v.s.mu.Lock(); v.s.flushed++; v.s.mu.Unlock() }

func (v fakeVU) Close() {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	v.s.closed = append(v.s.closed, time.Since(v.s.begin))
}

func (s *service) spawn(ctx context.Context, id int) (sched.VU, error) {
	sleep(ctx, s.making)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse != nil {
		if err := s.refuse(id); err != nil {
			return nil, err
		}
	}
	s.made = append(s.made, time.Since(s.begin))
	return fakeVU{s, id}, nil
}

func (s *service) drop(d metric.Dropped) {
	s.dropped.Add(d)
	pass(s.halt)
	s.halt = 0
}

// load makes a load on the service; call it within the test's bubble.
func (s *service) load(p plan.Plan) *sched.Load {
	s.begin, s.iterated = time.Now(), map[int]int{}
	return sched.New(sched.Options{Plan: p, Spawn: s.spawn, Drop: s.drop})
}

// started counts the iterations that started from a time to another.
func (s *service) started(from, to time.Duration) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, at := range s.starts {
		if at >= from && at < to {
			n++
		}
	}
	return n
}

// sleep waits as a VU does; false when it was interrupted.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// pass lets time pass.
func pass(d time.Duration) { <-time.After(d) }

// takes makes iterations that last so long and succeed unless they are interrupted.
func takes(d time.Duration) func(context.Context, int) metric.Outcome {
	return func(ctx context.Context, _ int) metric.Outcome {
		return metric.Outcome{OK: sleep(ctx, d), Took: d}
	}
}

// constant is a closed load of n VUs.
func constant(n int, d time.Duration) plan.Plan {
	return plan.Plan{Executor: plan.Executor{Stages: []plan.Stage{{Target: float64(n)}}, Duration: d, Grace: 30 * second}}
}

func run(t *testing.T, l *sched.Load) sched.Ending {
	t.Helper()
	ending, err := l.Run(t.Context())
	if err != nil {
		t.Fatalf("Run: %v", err)
	}
	if l.VUs() != 0 || l.InFlight() != 0 {
		t.Errorf("%d VUs and %d iterations after the end", l.VUs(), l.InFlight())
	}
	return ending
}

func TestConstantVUsForADuration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{iterate: takes(100 * time.Millisecond)}
		ending := run(t, s.load(constant(4, 10*second-1)))
		if ending.Why != sched.Duration || len(s.starts) != 400 || len(s.closed) != 4 || ending.Interrupted != 0 {
			t.Errorf("%+v: %d iterations by %d VUs, want 400 by 4", ending, len(s.starts), len(s.closed))
		}
	})
}

func TestIterationBudgetIsExact(t *testing.T) {
	for _, vus := range []int{1, 3, 50} {
		synctest.Test(t, func(t *testing.T) {
			s := &service{iterate: func(ctx context.Context, n int) metric.Outcome {
				return takes(time.Duration(n%7+1)*time.Second)(ctx, n)
			}}
			p := constant(vus, 0)
			p.Iterations = 20
			if ending := run(t, s.load(p)); ending.Why != sched.Iterations || len(s.starts) != 20 {
				t.Errorf("%d VUs: %v after %d iterations, want 20", vus, ending.Why, len(s.starts))
			}
		})
	}
}

func TestBudgetWaitsForLongIterationsBeyondGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{iterate: takes(5 * time.Minute)}
		p := constant(2, 0)
		p.Iterations = 3
		ending := run(t, s.load(p))
		if ending.Why != sched.Iterations || ending.Interrupted != 0 || time.Since(s.begin) != 10*time.Minute {
			t.Errorf("%+v after %v, want all three done after 10m", ending, time.Since(s.begin))
		}
	})
}

func TestRampStartsAndEndsVUsOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{iterate: takes(10 * time.Millisecond)}
		run(t, s.load(plan.Plan{Executor: plan.Executor{
			Stages:   []plan.Stage{{Duration: 10 * second, Target: 5}, {Duration: 5 * second, Target: 0}},
			Duration: 16 * second, Grace: second,
		}}))
		for i, at := range s.made {
			if want := time.Duration(i) * 2 * second; at < want || at > want+time.Microsecond {
				t.Errorf("VU %d came at %v, want %v", i, at, want)
			}
		}
		for i, at := range s.closed {
			if want := 10*second + time.Duration(i+1)*second; at < want || at > want+10*time.Millisecond {
				t.Errorf("VU %d left at %v, want %v or an iteration later", i, at, want)
			}
		}
		if len(s.made) != 5 || len(s.closed) != 5 {
			t.Errorf("%d VUs came and %d left, want 5", len(s.made), len(s.closed))
		}
	})
}

func TestPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{iterate: func(ctx context.Context, n int) metric.Outcome {
			sleep(ctx, 100*time.Millisecond)
			return metric.Outcome{OK: true, Took: 100 * time.Millisecond, Pause: 300 * time.Millisecond}
		}}
		p := constant(1, 10*second-1)
		p.Delay = 600 * time.Millisecond
		run(t, s.load(p))
		if len(s.starts) != 10 || s.flushed != 10 || time.Since(s.begin) != 10*second-1 {
			t.Errorf("%d iterations, %d flushes in %v: want one a second, flushed before each pause, and a pause that ends with the run",
				len(s.starts), s.flushed, time.Since(s.begin))
		}
	})
}

func TestBackoffKeepsTheRateOfFailingVUs(t *testing.T) {
	for _, tt := range []struct {
		name    string
		backoff plan.Backoff
		lo, hi  int // iterations in 100 s of which every second one fails at once
	}{
		{"a mean iteration", plan.Backoff{}, 950, 1050},
		{"none", plan.Backoff{None: true}, 1990, 2000},
		{"fixed", plan.Backoff{Wait: 900 * time.Millisecond}, 200, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &service{iterate: func(ctx context.Context, n int) metric.Outcome {
					if n%2 == 0 {
						return metric.Outcome{}
					}
					return takes(100*time.Millisecond)(ctx, n)
				}}
				p := constant(1, 100*second-1)
				p.Backoff = tt.backoff
				run(t, s.load(p))
				if n := len(s.starts); n < tt.lo || n > tt.hi {
					t.Errorf("%d iterations, want %d to %d", n, tt.lo, tt.hi)
				}
			})
		})
	}
}

func TestResizeSpreadsNewVUsOverAnIteration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{iterate: takes(second)}
		l := s.load(plan.Plan{Executor: plan.Executor{Grace: second}})
		go func() {
			l.Resize(1)
			pass(5*second + second/2)
			l.Resize(11)
			pass(20 * second)
			l.Stop()
		}()
		run(t, l)
		for i, at := range s.made[1:] {
			if want := 5*second + second/2 + time.Duration(i)*second/10; at != want {
				t.Errorf("VU %d came at %v, want %v", i+2, at, want)
			}
		}
		if len(s.made) != 11 {
			t.Errorf("%d VUs came, want 11", len(s.made))
		}
	})
}

func TestResizeEndsSurplusVUsAfterTheirIteration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{iterate: takes(2 * second)}
		l := s.load(plan.Plan{Executor: plan.Executor{Grace: 10 * second, RampDown: 10 * second}})
		go func() {
			l.Resize(8)
			pass(5 * second)
			l.Resize(3)
			if synctest.Wait(); l.VUs() != 8 || l.InFlight() != 8 {
				t.Errorf("%d VUs, %d in flight right after the order: want all 8 to end their iteration", l.VUs(), l.InFlight())
			}
			l.Resize(4) // one may stay
			pass(2 * second)
			if l.VUs() != 4 || len(s.made) != 8 {
				t.Errorf("%d VUs of %d ever made, want 4 of 8", l.VUs(), len(s.made))
			}
			l.Resize(0)
			pass(10 * second)
			l.Stop()
		}()
		run(t, l)
		for _, at := range s.closed {
			if at%(2*second) != 0 {
				t.Errorf("a VU left at %v, within an iteration", at)
			}
		}
	})
}

func TestKeptVUsRestUntilTheyAreNeededAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{iterate: takes(second)}
		s.begin, s.iterated = time.Now(), map[int]int{}
		l := sched.New(sched.Options{Plan: plan.Plan{Executor: plan.Executor{Grace: 10 * second}}, Spawn: s.spawn, Drop: s.drop, Keep: true})
		go func() {
			l.Resize(8)
			pass(5 * second)
			l.Resize(2)
			pass(3 * second)
			if s.mu.Lock(); l.VUs() != 2 || len(s.closed) != 0 {
				t.Errorf("%d VUs run and %d have left, want 2 and none", l.VUs(), len(s.closed))
			}
			s.mu.Unlock()
			pass(10 * second)
			if n := s.started(8*second, 18*second); n < 18 || n > 22 {
				t.Errorf("%d iterations of a second each in 10 s, want those of 2 VUs", n)
			}
			l.SetRate(6)
			pass(10 * second)
			if s.mu.Lock(); l.VUs() < 8 || s.dropped != (metric.Dropped{}) {
				t.Errorf("arrivals have %d VUs, %+v dropped: want the 8 that were there at least, and none", l.VUs(), s.dropped)
			}
			s.mu.Unlock()
			l.Stop()
		}()
		run(t, l)
	})
}

func TestSurplusVUIsInterruptedAfterTheGracePeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{iterate: takes(time.Hour)}
		l := s.load(plan.Plan{Executor: plan.Executor{Grace: 7 * second, RampDown: 3 * second}})
		go func() {
			l.Resize(2)
			pass(second)
			l.Resize(1)
			pass(2 * second)
			if l.VUs() != 2 {
				t.Error("interrupted within the grace period")
			}
			pass(second)
			if synctest.Wait(); l.VUs() != 1 {
				t.Errorf("%d VUs after the grace period, want 1", l.VUs())
			}
			l.Stop()
		}()
		if ending := run(t, l); ending.Interrupted != 2 || ending.Why != sched.Stopped || time.Since(s.begin) != 11*second {
			t.Errorf("%+v after %v, want the other one interrupted at the end, too, which comes 7 s after 4 s", ending, time.Since(s.begin))
		}
	})
}

func TestStop(t *testing.T) {
	for _, tt := range []struct {
		name      string
		iteration time.Duration
		delay     time.Duration
		stops     []time.Duration
		took      time.Duration
		cut       int
	}{
		{"waits for iterations under way, and for no pause after them", 4 * second, 500 * time.Millisecond, []time.Duration{10 * second}, 13 * second, 0},
		{"interrupts them after the grace period", time.Hour, 0, []time.Duration{9 * second}, 39 * second, 3},
		{"a second one interrupts them at once", time.Hour, 0, []time.Duration{9 * second, 2 * second}, 11 * second, 3},
		{"ends pauses at once", 100 * time.Millisecond, time.Minute, []time.Duration{9 * second}, 9 * second, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &service{iterate: takes(tt.iteration)}
				p := constant(3, 0)
				p.Delay = tt.delay
				l := s.load(p)
				go func() {
					for _, after := range tt.stops {
						pass(after)
						l.Stop()
					}
				}()
				ending := run(t, l)
				if took := time.Since(s.begin); took != tt.took || ending.Interrupted != tt.cut || ending.Why != sched.Stopped {
					t.Errorf("ended after %v with %+v, want %v and %d interrupted", took, ending, tt.took, tt.cut)
				}
			})
		})
	}
}

func TestContextInterruptsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{iterate: takes(time.Hour)}
		cause := errors.New("out of patience")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(5*second, func() { cancel(cause) })
		ending, err := s.load(constant(3, 0)).Run(ctx)
		if !errors.Is(err, cause) || ending.Interrupted != 3 || len(s.closed) != 3 || time.Since(s.begin) != 5*second {
			t.Errorf("%+v, %v after %v", ending, err, time.Since(s.begin))
		}
	})
}

func TestVUThatDoesNotComeBackIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := &service{iterate: func(ctx context.Context, n int) metric.Outcome {
			if n == 2 {
				<-release
			}
			return takes(second)(ctx, n)
		}}
		ending, err := s.load(constant(3, 10*second)).Run(t.Context())
		if err != nil || len(ending.Stuck) != 1 || ending.Interrupted != 1 || time.Since(s.begin) != 41*second+500*time.Millisecond {
			t.Errorf("%+v, %v after %v: want one stuck VU given up after 10 s, 30 s of grace and 1.5 s more", ending, err, time.Since(s.begin))
		}
		close(release)
	})
}

var errLogin = errors.New("beforeVU: login failed")

func TestNoVUCanBeMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{making: second, refuse: func(int) error { return errLogin }}
		ending, err := s.load(constant(5, time.Minute)).Run(t.Context())
		if !errors.Is(err, errLogin) || ending.Why != sched.Failed || time.Since(s.begin) != second {
			t.Errorf("%+v, %v after %v: want the error at once", ending, err, time.Since(s.begin))
		}
	})
}

func TestSomeVUsCannotBeMadeAtFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{iterate: takes(second)}
		s.refuse = func(id int) error {
			if id > 2 && time.Since(s.begin) < 3*second {
				return errLogin
			}
			return nil
		}
		ending := run(t, s.load(constant(4, 20*second)))
		if ending.Refused != 6 || !errors.Is(ending.Refusal, errLogin) || len(s.made) != 4 {
			t.Errorf("%+v with %d VUs, want 6 failed attempts and 4 VUs in the end", ending, len(s.made))
		}
	})
}

func TestADrivenLoadOutlivesAServiceThatTakesNoNewVUs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{iterate: takes(second)}
		s.refuse = func(id int) error {
			if at := time.Since(s.begin); id > 2 && at > second && at < 2*time.Minute {
				return errLogin
			}
			return nil
		}
		s.begin, s.iterated = time.Now(), map[int]int{}
		l := sched.New(sched.Options{Plan: plan.Plan{Executor: plan.Executor{Grace: 10 * second}}, Spawn: s.spawn, Drop: s.drop, Keep: true, Patience: 10 * second})
		go func() {
			l.Resize(2)
			pass(5 * second)
			l.SetRate(4) // needs more VUs than there are
			pass(3 * time.Minute)
			if l.VUs() < 4 {
				t.Errorf("%d VUs a minute after the service took VUs again, want enough for 4 iterations of a second each", l.VUs())
			}
			l.Stop()
		}()
		if ending := run(t, l); ending.Why != sched.Stopped || ending.Refused == 0 {
			t.Errorf("%+v, want the run to go on until it was stopped, and the refusals told", ending)
		}
	})
}

func TestVUsAreNoLongerAskedForOnceArrivalsFindEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{iterate: takes(second)}
		var tries []time.Duration
		s.refuse = func(id int) error {
			if id <= 6 {
				return nil
			}
			tries = append(tries, time.Since(s.begin))
			return errLogin
		}
		s.begin, s.iterated = time.Now(), map[int]int{}
		l := sched.New(sched.Options{Plan: plan.Plan{Executor: plan.Executor{Grace: 10 * second}}, Spawn: s.spawn, Drop: s.drop, Keep: true, Patience: 10 * second})
		const calm = 30 * second // when the arrivals become few
		go func() {
			l.Resize(6)
			pass(5 * second)
			l.SetRate(20) // three times what six VUs carry
			pass(calm - 5*second)
			l.SetRate(2)
			pass(2 * time.Minute)
			l.Stop()
		}()
		run(t, l)
		during, after := 0, 0
		for _, at := range tries {
			switch {
			case at < calm:
				during++
			case at > calm+20*second: // once the queue has been served
				after++
			}
		}
		if most := makersPerSecond * int(calm/second); during == 0 || during > most || after > 0 {
			t.Errorf("%d attempts while VUs were missing (at most %d), %d when three were free, want some and none", during, most, after)
		}
	})
}

func TestKeptVUsThatAreNotNeededRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{iterate: takes(100 * time.Millisecond)}
		s.begin, s.iterated = time.Now(), map[int]int{}
		l := sched.New(sched.Options{Plan: plan.Plan{Executor: plan.Executor{Grace: 10 * second}}, Spawn: s.spawn, Drop: s.drop, Keep: true})
		rested := func() int {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.rested
		}
		go func() {
			l.Resize(6)
			pass(5 * second)
			if n := rested(); n != 0 {
				t.Errorf("%d VUs rested while all were needed", n)
			}
			l.Resize(2)
			pass(2 * second)
			if n := rested(); n != 4 {
				t.Errorf("%d VUs rested, want the four that are not needed", n)
			}
			l.SetRate(5) // one VU is enough
			pass(5 * second)
			if n := rested(); n < 9 || n > 10 {
				t.Errorf("%d rests, want one more of each of the five or six VUs that no arrival needs", n)
			}
			l.Stop()
		}()
		run(t, l)
	})
}

// makersPerSecond is how often a second VUs are asked for, where the service gives none.
const makersPerSecond = 8

func TestGrowingThatNeverSucceedsEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{iterate: takes(second), refuse: func(id int) error {
			if id > 2 {
				return errLogin
			}
			return nil
		}}
		ending, err := s.load(constant(4, 10*time.Minute)).Run(t.Context())
		if !errors.Is(err, errLogin) || ending.Why != sched.Failed || time.Since(s.begin) > time.Minute {
			t.Errorf("%+v, %v after %v", ending, err, time.Since(s.begin))
		}
	})
}
