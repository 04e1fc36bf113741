package sched_test

import (
	"context"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
	"github.com/plimsoll-load/plimsoll/runtime/sched"
)

// arriving is an open load.
func arriving(perSecond float64, d time.Duration) plan.Plan {
	return plan.Plan{Executor: plan.Executor{Open: true, Stages: []plan.Stage{{Target: perSecond}}, Duration: d, Grace: 30 * second}}
}

func near(got int, want, part float64) bool { return math.Abs(float64(got)-want) <= want*part }

func TestArrivalsComeAtTheRate(t *testing.T) {
	for _, poisson := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := &service{iterate: takes(50 * time.Millisecond), making: 20 * time.Millisecond}
			p := arriving(2000, 10*second)
			p.Poisson, p.Seed = poisson, 3
			ending := run(t, s.load(p))
			within := map[bool]float64{false: 0.01, true: 0.03} // Poisson's standard error is 0.7 %
			if !near(len(s.starts), 20_000, within[poisson]) || s.dropped.Total() > 0 {
				t.Errorf("poisson %v: %d iterations and %+v dropped, want 20000 and none", poisson, len(s.starts), s.dropped)
			}
			for _, late := range s.late {
				if late > 100*time.Microsecond {
					t.Fatalf("poisson %v: an arrival started %v late although VUs were free", poisson, late)
				}
			}
			if ending.Why != sched.Duration || time.Since(s.begin) > 10*second+150*time.Millisecond {
				t.Errorf("poisson %v: %+v after %v", poisson, ending, time.Since(s.begin))
			}
		})
	}
}

func TestEachArrivalOfADurationStarts(t *testing.T) {
	for _, row := range []struct{ rate, took float64 }{{30, 0}, {30, 0.04}, {30, 5}, {1, 0}, {1, 2}, {333, 0.01}, {333, 0.9}, {7, 0.3}, {1000, 0.001}, {2, 2.9}} {
		synctest.Test(t, func(t *testing.T) {
			s := &service{iterate: takes(time.Duration(row.took * 1e9)), making: 20 * time.Millisecond}
			run(t, s.load(arriving(row.rate, 3*second)))
			if want := int(3 * row.rate); len(s.starts) != want || s.dropped != (metric.Dropped{}) {
				t.Errorf("%v/s for 3 s, of %v s each: %d started and %+v dropped, want %d and none", row.rate, row.took, len(s.starts), s.dropped, want)
			}
		})
	}
}

func TestRampOfArrivals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{iterate: takes(10 * time.Millisecond)}
		p := plan.Plan{Executor: plan.Executor{Open: true, Stages: []plan.Stage{{Duration: 10 * second, Target: 200}, {Duration: 10 * second, Target: 200}}, Duration: 20 * second}}
		run(t, s.load(p))
		if up, flat := s.started(0, 10*second), s.started(10*second, 20*second); !near(up, 1000, 0.01) || !near(flat, 2000, 0.01) {
			t.Errorf("%d and %d iterations, want 1000 and 2000", up, flat)
		}
	})
}

func TestVUsAreMadeBeforeArrivalsBegin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{iterate: takes(10 * time.Millisecond), making: 3 * second}
		p := arriving(100, 10*second-1)
		p.VUs = 7
		run(t, s.load(p))
		if took := time.Since(s.begin).Round(20 * time.Millisecond); s.starts[0] != 3*second || took != 13*second || len(s.starts) != 1000 {
			t.Errorf("first of %d arrivals at %v, end at %v: want 1000 within 10 s once VUs are made at 3 s",
				len(s.starts), s.starts[0], time.Since(s.begin))
		}
	})
}

func TestArrivalIsDroppedWhenAllVUsAreBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{iterate: takes(second - 1)}
		p := arriving(10, 10*second-1)
		p.MaxVUs = 4
		run(t, s.load(p))
		if len(s.starts) != 40 || s.dropped != (metric.Dropped{NoVU: 60}) || len(s.made) != 4 {
			t.Errorf("%d started by %d VUs, %+v dropped, want 40 by 4 and 60 for want of VUs", len(s.starts), len(s.made), s.dropped)
		}
	})
}

func TestArrivalWaitsBrieflyForAVUInTheMaking(t *testing.T) {
	for _, tt := range []struct {
		making  time.Duration
		dropped uint64
	}{{30 * time.Millisecond, 0}, {300 * time.Millisecond, 1}} {
		synctest.Test(t, func(t *testing.T) {
			s := &service{iterate: takes(time.Hour), making: tt.making}
			l := s.load(plan.Plan{Executor: plan.Executor{MaxVUs: 10}})
			go func() {
				l.SetRate(4) // an arrival at once, then each 250 ms
				pass(2*second - 1)
				l.Stop()
			}()
			run(t, l)
			if uint64(len(s.starts))+s.dropped.Total() != 8 || s.dropped != (metric.Dropped{Unmade: tt.dropped}) {
				t.Errorf("VUs made in %v: %d arrivals served, %d dropped, want %d of 8 dropped", tt.making, len(s.starts), s.dropped.Total(), tt.dropped)
			}
			for _, late := range s.late {
				if late > 100*time.Millisecond {
					t.Errorf("VUs made in %v: an arrival waited %v", tt.making, late)
				}
			}
		})
	}
}

func TestPatientArrivalsWaitForABusyService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{iterate: takes(3 * second), making: 2 * second}
		s.begin, s.iterated = time.Now(), map[int]int{}
		l := sched.New(sched.Options{Plan: plan.Plan{Executor: plan.Executor{Grace: 10 * second}}, Spawn: s.spawn, Drop: s.drop, Patience: 10 * second})
		go func() {
			l.Resize(1)
			pass(6 * second)
			l.SetRate(20)
			pass(second)
			if n := l.Waiting(); n < 10 {
				t.Errorf("%d arrivals wait while VUs are made, want most of 20", n)
			}
			pass(5 * second)
			l.SetRate(1)
			pass(15 * second)
			if late := l.Lateness(); late.Count() == 0 || late.Max() > 10*time.Millisecond {
				t.Errorf("arrivals that found a VU free were up to %v late (%d of them): waiting for a busy one is not the generator's", late.Max(), late.Count())
			}
			l.Stop()
		}()
		run(t, l)
		if s.dropped != (metric.Dropped{}) {
			t.Errorf("%+v dropped, want none", s.dropped)
		}
	})
}

func TestSetRateWhileArrivalsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{iterate: takes(20 * time.Millisecond)}
		l := s.load(arriving(100, 30*second))
		go func() {
			pass(10 * second)
			l.SetRate(400)
			pass(10 * second)
			l.SetRate(0)
			pass(5 * second)
			l.SetRate(50)
		}()
		run(t, l)
		for _, tt := range []struct {
			from, to time.Duration
			want     float64
		}{{0, 10, 1000}, {10, 20, 4000}, {20, 25, 0}, {25, 30, 250}} {
			if got := s.started(tt.from*second, tt.to*second); math.Abs(float64(got)-tt.want) > tt.want*0.01+1 {
				t.Errorf("%d arrivals from %d s to %d s, want %v", got, tt.from, tt.to, tt.want)
			}
		}
	})
}

func TestVUsOutliveChangesBetweenClosedAndOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{iterate: takes(100 * time.Millisecond)}
		l := s.load(plan.Plan{Executor: plan.Executor{Grace: second}})
		go func() {
			l.Resize(20)
			pass(10 * second)
			l.SetRate(50)
			pass(10 * second)
			if l.VUs() != 20 {
				t.Errorf("%d VUs serve arrivals, want the 20 there were", l.VUs())
			}
			l.Resize(20)
			pass(10 * second)
			l.Stop()
		}()
		run(t, l)
		if len(s.made) != 20 || len(s.iterated) != 20 {
			t.Errorf("%d VUs were made, %d iterated, want 20", len(s.made), len(s.iterated))
		}
		for _, tt := range []struct {
			from, to time.Duration
			want     float64
		}{{1, 10, 1800}, {11, 20, 450}, {21, 30, 1800}} {
			if got := s.started(tt.from*second, tt.to*second); !near(got, tt.want, 0.01) {
				t.Errorf("%d iterations from %d s to %d s, want %v", got, tt.from, tt.to, tt.want)
			}
		}
		distinct := map[time.Duration]bool{}
		for _, at := range s.starts {
			if at >= 20*second && at < 20*second+100*time.Millisecond {
				distinct[at] = true
			}
		}
		if len(distinct) < 15 {
			t.Errorf("after the arrivals VUs start at %d instants, want them spread over an iteration", len(distinct))
		}
	})
}

func TestVUPoolFollowsLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{iterate: takes(2 * second), making: 5 * time.Millisecond}
		l := s.load(arriving(50, 30*second)) // 100 are busy
		time.AfterFunc(29*second, func() {
			if vus, busy := l.VUs(), l.InFlight(); vus < 150 || vus > 160 || busy != 100 {
				t.Errorf("%d VUs for %d in flight, want 1.5 times as many", vus, busy)
			}
		})
		run(t, l)
		if s.dropped.Total() > 0 {
			t.Errorf("%d of 1500 arrivals dropped", s.dropped.Total())
		}
	})
}

func TestShortIterationsNeedFewVUs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{iterate: takes(time.Millisecond)}
		run(t, s.load(arriving(5000, second)))
		if len(s.made) > 200 {
			t.Errorf("%d VUs were made for 5 in flight, want no more than the 200 of the start", len(s.made))
		}
	})
}

func TestArrivalsStopAtTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{iterate: takes(3 * second)}
		p := arriving(10, 0)
		p.Iterations = 25
		if ending := run(t, s.load(p)); len(s.starts) != 25 || ending.Why != sched.Iterations || ending.Interrupted != 0 {
			t.Errorf("%+v after %d iterations, want 25", ending, len(s.starts))
		}
	})
}

func TestHaltedGeneratorDropsWhatIsTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{halt: 5 * second}
		s.iterate = func(ctx context.Context, n int) metric.Outcome {
			if n == 1 {
				return takes(250*time.Millisecond)(ctx, n)
			}
			return takes(time.Millisecond)(ctx, n)
		}
		p := arriving(10, 10*second-1)
		p.MaxVUs = 1
		run(t, s.load(p))
		// The drop at 0.1 s halts the dispatcher until just after 5.1 s: those of 0.2 s to 4.1 s
		// are too late, and of the ten up to 5.1 s the one VU takes one; only that of 5.1 s is not the halt's.
		if s.dropped != (metric.Dropped{NoVU: 1 + 1, Late: 40 + 8}) || len(s.starts) != 50 {
			t.Errorf("%+v dropped and %d served, want 2 without a VU, 48 too late, 50 served", s.dropped, len(s.starts))
		}
	})
}

func TestStopInAnOpenLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{iterate: takes(4 * second)}
		l := s.load(arriving(5, 0))
		time.AfterFunc(10*second-1, l.Stop)
		ending := run(t, l)
		if ending.Interrupted != 0 || len(s.starts) != 50 || len(s.closed) != len(s.made) || time.Since(s.begin) != 13*second+800*time.Millisecond {
			t.Errorf("%+v after %v with %d iterations: want the 50 of 10 s, each to its end", ending, time.Since(s.begin), len(s.starts))
		}
	})
}

func TestVUsThatFailedAreTheLastToBeTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// The first three arrivals overlap and fail; from then on one VU at a time is busy.
		s := &service{}
		s.iterate = func(ctx context.Context, n int) metric.Outcome {
			if n <= 3 {
				sleep(ctx, 350*time.Millisecond)
				return metric.Outcome{Took: 350 * time.Millisecond}
			}
			return takes(10*time.Millisecond)(ctx, n)
		}
		p := arriving(10, 10*second-1)
		p.VUs, p.MaxVUs = 4, 4
		run(t, s.load(p))
		var often []int
		for _, n := range s.iterated {
			often = append(often, n)
		}
		slices.Sort(often)
		if want := []int{1, 1, 1, 97}; !slices.Equal(often, want) {
			t.Errorf("VUs ran %v iterations, want %v: the one that never failed all others", often, want)
		}
	})
}
