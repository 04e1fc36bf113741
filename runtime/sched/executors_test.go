package sched_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/pace"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
	"github.com/plimsoll-load/plimsoll/runtime/sched"
)

// ended is what a test knows of a run of executors that has ended.
type ended struct {
	sched.Ending
	*journal
	took    time.Duration
	dropped metric.Dropped
}

// runAll runs executors in virtual time; iterations of a scenario take as long as takes says, an hour where it does not.
func runAll(t *testing.T, takes map[string]time.Duration, share pace.Share, executors ...plan.Executor) (e ended) {
	t.Helper()
	e.journal = &journal{takes: takes}
	synctest.Test(t, func(t *testing.T) {
		e.begin = time.Now()
		l := sched.New(sched.Options{
			Executors: executors, Share: share,
			Drop: func(d metric.Dropped) { e.dropped.NoVU += d.NoVU; e.dropped.Late += d.Late },
			Spawn: func(_ context.Context, id int) (sched.VU, error) {
				e.mu.Lock()
				defer e.mu.Unlock()
				e.ids = append(e.ids, id)
				return journalVU{e.journal, id}, nil
			},
		})
		e.Ending = run(t, l)
		e.took = time.Since(e.begin)
	})
	return e
}

// each counts a scenario's iterations by VU, sorted.
func (j *journal) each(scenario string) (counts []int) {
	by := map[int]int{}
	for _, b := range j.list {
		if b.scenario == scenario {
			by[b.vu]++
		}
	}
	for _, n := range by {
		counts = append(counts, n)
	}
	slices.Sort(counts)
	return counts
}

func stages(list ...float64) (s []plan.Stage) { // pairs of seconds and target
	for i := 0; i < len(list); i += 2 {
		s = append(s, plan.Stage{Duration: time.Duration(list[i] * 1e9), Target: list[i+1]})
	}
	return s
}

// TestExecutorsAgainstTheirClosedForm: how many iterations start, how many VUs run them, when the run ends, what is
// interrupted and what is dropped, of each executor by itself.
func TestExecutorsAgainstTheirClosedForm(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name        string
		executor    plan.Executor
		takes       time.Duration
		starts, vus int
		ends        time.Duration
		interrupted int
		dropped     uint64
		why         sched.Reason
	}{
		{"shared: the last ones are shared, too", plan.Executor{Stages: stages(0, 3), Iterations: 10}, second, 10, 3, 4 * second, 0, 0, sched.Iterations},
		{"shared: one VU", plan.Executor{Stages: stages(0, 1), Iterations: 7}, second, 7, 1, 7 * second, 0, 0, sched.Iterations},
		{"shared: as many VUs as iterations", plan.Executor{Stages: stages(0, 7), Iterations: 7}, second, 7, 7, second, 0, 0, sched.Iterations},
		{"shared: stopped by maxDuration, within gracefulStop", plan.Executor{Stages: stages(0, 3), Iterations: 100, Duration: 2500 * ms, Grace: second}, second, 9, 3, 3 * second, 0, 0, sched.Duration},
		{"shared: stopped by maxDuration, beyond gracefulStop", plan.Executor{Stages: stages(0, 3), Iterations: 100, Duration: 2500 * ms, Grace: 400 * ms}, second, 9, 3, 2900 * ms, 3, 0, sched.Duration},
		{"shared: long iterations end after the last has started", plan.Executor{Stages: stages(0, 2), Iterations: 3, Grace: second}, time.Minute, 3, 2, 2 * time.Minute, 0, 0, sched.Iterations},

		{"per VU: each runs its own", plan.Executor{PerVU: true, VUs: 3, Iterations: 4}, second, 12, 3, 4 * second, 0, 0, sched.Iterations},
		{"per VU: one each", plan.Executor{PerVU: true, VUs: 50, Iterations: 1}, second, 50, 50, second, 0, 0, sched.Iterations},
		{"per VU: maxDuration is long enough", plan.Executor{PerVU: true, VUs: 2, Iterations: 4, Duration: 5 * second}, second, 8, 2, 4 * second, 0, 0, sched.Iterations},
		{"per VU: stopped by maxDuration, within gracefulStop", plan.Executor{PerVU: true, VUs: 3, Iterations: 100, Duration: 2500 * ms, Grace: second}, second, 9, 3, 3 * second, 0, 0, sched.Duration},
		{"per VU: stopped by maxDuration, beyond gracefulStop", plan.Executor{PerVU: true, VUs: 3, Iterations: 100, Duration: 2500 * ms, Grace: 400 * ms}, second, 9, 3, 2900 * ms, 3, 0, sched.Duration},
		{"per VU: gracefulStop of nothing", plan.Executor{PerVU: true, VUs: 3, Iterations: 100, Duration: 2500 * ms}, second, 9, 3, 2500 * ms, 3, 0, sched.Duration},

		{"constant VUs", plan.Executor{Stages: stages(0, 4), Duration: 10*second - 1, Grace: second}, 100 * ms, 400, 4, 10 * second, 0, 0, sched.Duration},
		{"constant VUs, gracefulStop", plan.Executor{Stages: stages(0, 4), Duration: 10 * second, Grace: 2 * second}, time.Hour, 4, 4, 12 * second, 4, 0, sched.Duration},
		{"constant VUs, gracefulStop of nothing", plan.Executor{Stages: stages(0, 4), Duration: 10 * second}, time.Hour, 4, 4, 10 * second, 4, 0, sched.Duration},

		// VU i of the ramp up starts at i/2 s and is given up at 10 s + (i+1)/2 s from the last one on, where it may take a second.
		{"ramping VUs, gracefulRampDown", plan.Executor{Stages: stages(10, 20, 10, 0), Duration: 20 * second, Grace: 30 * second, RampDown: second}, time.Hour, 20, 20, 21 * second, 20, 0, sched.Duration},
		{"ramping VUs, gracefulRampDown of nothing", plan.Executor{Stages: stages(10, 20, 10, 0), Duration: 20 * second, Grace: 30 * second}, time.Hour, 20, 20, 20 * second, 20, 0, sched.Duration},
		{"ramping VUs, gracefulStop is shorter", plan.Executor{Stages: stages(10, 20, 10, 0), Duration: 20 * second, Grace: 3 * second, RampDown: time.Minute}, time.Hour, 20, 20, 23 * second, 20, 0, sched.Duration},
		{"ramping VUs from startVUs", plan.Executor{Stages: stages(0, 5, 0, 5, 3, 5), Duration: 3*second - 1, Grace: second}, second, 15, 5, 3 * second, 0, 0, sched.Duration},
		{"ramping VUs, a jump down", plan.Executor{Stages: stages(0, 10, 4.75, 10, 0, 2, 5.25, 2), Duration: 10*second - 1, Grace: second, RampDown: second}, 500 * ms, 120, 10, 10 * second, 0, 0, sched.Duration},

		{"constant arrivals", plan.Executor{Open: true, Stages: stages(0, 10), Duration: 10 * second, VUs: 5, MaxVUs: 5, Grace: second}, 500*ms - 1, 100, 5, 10*second + 400*ms - 1, 0, 0, sched.Duration},
		{"constant arrivals, too few VUs", plan.Executor{Open: true, Stages: stages(0, 10), Duration: 10*second - 1, VUs: 2, MaxVUs: 2, Grace: second}, second - 1, 20, 2, 10*second + 100*ms - 1, 0, 80, sched.Duration},
		{"constant arrivals, gracefulStop", plan.Executor{Open: true, Stages: stages(0, 2), Duration: 3 * second, VUs: 6, MaxVUs: 6, Grace: second}, time.Hour, 6, 6, 4 * second, 6, 0, sched.Duration},
		{"constant arrivals, a minute's", plan.Executor{Open: true, Stages: stages(0, 100.0/60), Duration: 3 * time.Minute, VUs: 1, MaxVUs: 1}, ms, 300, 1, 3 * time.Minute, 0, 0, sched.Duration},
		// The area under the rates: (10+30)/2·4 + (30+0)/2·6.
		{"ramping arrivals", plan.Executor{Open: true, Stages: stages(0, 10, 4, 30, 6, 0), Duration: 10 * second, VUs: 1, MaxVUs: 1}, ms, 170, 1, 10 * second, 0, 0, sched.Duration},
		{"ramping arrivals, a jump", plan.Executor{Open: true, Stages: stages(0, 0, 2, 0, 0, 50, 2, 50), Duration: 4 * second, VUs: 1, MaxVUs: 1}, ms, 100, 1, 4 * second, 0, 0, sched.Duration},
	} {
		for _, start := range []time.Duration{0, 90 * second} {
			t.Run(fmt.Sprintf("%s, startTime %v", tt.name, start), func(t *testing.T) {
				x := tt.executor
				x.Start, x.Scenario = start, "s"
				got := runAll(t, map[string]time.Duration{"s": tt.takes}, pace.Share{}, x)
				if len(got.list) != tt.starts || len(got.ids) != tt.vus || got.dropped != (metric.Dropped{NoVU: tt.dropped}) {
					t.Errorf("%d iterations by %d VUs, %+v dropped; want %d by %d, %d dropped", len(got.list), len(got.ids), got.dropped, tt.starts, tt.vus, tt.dropped)
				}
				const slack = time.Microsecond // a timer is rounded to whole nanoseconds of a ramp
				if off := got.took - start - tt.ends; off < -slack || off > 2*ms {
					t.Errorf("it ended %v after its start, want %v", got.took-start, tt.ends)
				}
				cut, left := 0, 0
				if strings.Contains(tt.name, "of nothing") {
					cut = tt.interrupted
				}
				if x.Iterations > 0 && tt.why == sched.Duration {
					left = x.Iterations*max(x.VUs, 1) - tt.starts
				}
				if got.Interrupted != tt.interrupted || got.Cut != cut || got.Unstarted != left || got.Why != tt.why || len(got.Stuck) > 0 {
					t.Errorf("%+v, want %d interrupted, %d of them cut off by the plan, %d not started, %v", got.Ending, tt.interrupted, cut, left, tt.why)
				}
				first := got.list[0].at - start
				if first < 0 || first > time.Millisecond && tt.executor.Stages[0].Target > 0 {
					t.Errorf("the first iteration started %v after the executor", first)
				}
			})
		}
	}
}

// TestAThousandArrivalsASecond: within 0.1 %, in each second and over all of them.
func TestAThousandArrivalsASecond(t *testing.T) {
	x := plan.Executor{Scenario: "s", Open: true, Stages: stages(0, 1000), Duration: 30 * second, VUs: 60, MaxVUs: 60, Grace: second}
	got := runAll(t, map[string]time.Duration{"s": 50 * time.Millisecond}, pace.Share{}, x)
	if n := len(got.list); math.Abs(float64(n)-30_000) > 30 || got.dropped != (metric.Dropped{}) {
		t.Errorf("%d started and %+v dropped, want 30000 and none", n, got.dropped)
	}
	for s := range time.Duration(30) {
		if n, _ := got.of("s", s*second, (s+1)*second); math.Abs(float64(n)-1000) > 1 {
			t.Errorf("%d started in second %d, want 1000", n, s)
		}
	}
}

func TestEachVUOfPerVURunsItsOwn(t *testing.T) {
	x := plan.Executor{Scenario: "s", PerVU: true, VUs: 10, Iterations: 7}
	whole := runAll(t, map[string]time.Duration{"s": second}, pace.Share{}, x)
	if want := slices.Repeat([]int{7}, 10); !slices.Equal(whole.each("s"), want) {
		t.Errorf("VUs ran %v iterations, want 7 each", whole.each("s"))
	}
	ids, starts := []int{}, 0
	for k := range 3 {
		part := runAll(t, map[string]time.Duration{"s": second}, pace.Share{K: k, N: 3}, x)
		ids, starts = append(ids, part.ids...), starts+len(part.list)
	}
	if slices.Sort(ids); !slices.Equal(ids, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}) || starts != 70 {
		t.Errorf("three generators ran %d iterations by VUs %v, want 70 by those of one", starts, ids)
	}
	if none := runAll(t, map[string]time.Duration{"s": second}, pace.Share{K: 12, N: 13}, x); len(none.list) != 0 || none.Why != sched.Iterations {
		t.Errorf("a generator without a VU of the ten: %+v, %d iterations", none.Ending, len(none.list))
	}
}

func TestAVUOfPerVUThatComesLateRunsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{iterate: takes(second)}
		refusals := 0
		s.refuse = func(id int) error {
			if id == 2 && refusals < 3 {
				refusals++
				return errors.New("no room")
			}
			return nil
		}
		s.begin, s.iterated = time.Now(), map[int]int{}
		l := sched.New(sched.Options{Executors: []plan.Executor{{PerVU: true, VUs: 3, Iterations: 5}}, Spawn: s.spawn, Drop: s.drop})
		if ending := run(t, l); ending.Why != sched.Iterations || len(s.starts) != 15 || s.iterated[2] != 5 || time.Since(s.begin) != 8*second {
			t.Errorf("%+v: %v iterations after %v, want 5 of each VU, the second's from 3 s on", ending, s.iterated, time.Since(s.begin))
		}
	})
}

// TestFailedIterationsOfPerVUCount: a VU that fails has run its iteration, and waits after it.
func TestFailedIterationsOfPerVUCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{iterate: func(context.Context, int) metric.Outcome { return metric.Outcome{Took: 1} }}
		s.begin, s.iterated = time.Now(), map[int]int{}
		l := sched.New(sched.Options{
			Plan:      plan.Plan{Backoff: plan.Backoff{Wait: second}},
			Executors: []plan.Executor{{PerVU: true, VUs: 2, Iterations: 5}}, Spawn: s.spawn, Drop: s.drop,
		})
		if run(t, l); len(s.starts) != 10 || time.Since(s.begin) != 5*second {
			t.Errorf("%d iterations in %v, want 10 within 5 s", len(s.starts), time.Since(s.begin))
		}
	})
}

// TestExecutorsFollowEachOther: those that start later take the VUs of those that have ended, whatever they are.
func TestExecutorsFollowEachOther(t *testing.T) {
	takes := map[string]time.Duration{"per VU": second, "shared": second, "arrivals": 900 * time.Millisecond, "again": second}
	got := runAll(t, takes, pace.Share{},
		plan.Executor{Scenario: "per VU", PerVU: true, VUs: 4, Iterations: 3},
		plan.Executor{Scenario: "shared", Start: 5 * second, Stages: stages(0, 4), Iterations: 8},
		plan.Executor{Scenario: "arrivals", Start: 10 * second, Open: true, Stages: stages(0, 4), Duration: 3 * second, VUs: 4, MaxVUs: 4, Grace: second},
		plan.Executor{Scenario: "again", Start: 20 * second, PerVU: true, VUs: 2, Iterations: 3})
	for _, want := range []struct {
		scenario string
		from, to time.Duration
		n        int
	}{{"per VU", 0, 3, 12}, {"shared", 5, 7, 8}, {"arrivals", 10, 13, 12}, {"again", 20, 23, 6}} {
		within, _ := got.of(want.scenario, want.from*second, want.to*second)
		if all, _ := got.of(want.scenario, 0, time.Hour); all != want.n || within != want.n {
			t.Errorf("%s: %d iterations, %d of them from %d s to %d s, want all %d", want.scenario, all, within, want.from, want.to, want.n)
		}
	}
	if got.Interrupted > 0 || got.dropped != (metric.Dropped{}) || got.took != 23*second || len(got.ids) != 4 {
		t.Errorf("%+v after %v by %d VUs, %+v dropped; want the same 4 VUs up to 23 s", got.Ending, got.took, len(got.ids), got.dropped)
	}
}

// TestPoissonArrivalsSideBySideDiffer: two executors of one rate are independent of each other.
func TestPoissonArrivalsSideBySideDiffer(t *testing.T) {
	x := plan.Executor{Open: true, Poisson: true, Stages: stages(0, 50), Duration: 10 * second, VUs: 20, MaxVUs: 20}
	a, b := x, x
	a.Scenario, b.Scenario = "a", "b"
	got := runAll(t, map[string]time.Duration{"a": 1, "b": 1}, pace.Share{}, a, b)
	at := map[string]map[time.Duration]bool{"a": {}, "b": {}}
	for _, begun := range got.list {
		at[begun.scenario][begun.at.Round(time.Microsecond)] = true
	}
	same := 0
	for moment := range at["a"] {
		if at["b"][moment] {
			same++
		}
	}
	if len(at["a"]) < 300 || len(at["b"]) < 300 || same > 5 {
		t.Errorf("%d of %d arrivals are at the same times as those of the other", same, len(at["a"]))
	}
}

// TestRampedDownVUsAreInterruptedOneByOne: each exactly when its gracefulRampDown is over, and those that the ramp up
// needs again in time go on.
func TestRampedDownVUsAreInterruptedOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{iterate: takes(time.Hour)}
		s.begin, s.iterated = time.Now(), map[int]int{}
		l := sched.New(sched.Options{
			Executors: []plan.Executor{{
				// 8 VUs; from 10 s on one less each second; from 14 s on 7 again, of which 3 were given up, two of them less than 2.5 s ago.
				Stages: stages(0, 8, 10, 8, 4, 4, 0, 7, 6, 7), Duration: 20 * second, Grace: second, RampDown: 2500 * time.Millisecond,
			}},
			Spawn: s.spawn, Drop: s.drop,
		})
		ending := run(t, l)
		var left []time.Duration
		for _, at := range s.closed {
			left = append(left, at.Round(time.Millisecond))
		}
		// Given up at 11, 12, 13 and 14 s; the first is cut at 13.5 s, the others are wanted again at 14 s.
		want := append([]time.Duration{13500 * time.Millisecond}, slices.Repeat([]time.Duration{21 * second}, 7)...)
		if !slices.Equal(left, want) || ending.Interrupted != 8 || len(s.made) != 8 {
			t.Errorf("%+v: VUs left at %v, want %v", ending, left, want)
		}
	})
}
