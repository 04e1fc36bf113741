package sched_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/pace"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
	"github.com/plimsoll-load/plimsoll/runtime/sched"
)

// begun is an iteration that started.
type begun struct {
	at       time.Duration
	scenario string
	vu       int
}

// journal is what the VUs of a test wrote down.
type journal struct {
	takes map[string]time.Duration // of an iteration, by scenario
	mu    sync.Mutex
	begin time.Time
	list  []begun
	ids   []int // of the VUs that were made
}

type journalVU struct {
	*journal
	id int
}

func (v journalVU) Iterate(ctx context.Context, scenario string, _ time.Time) metric.Outcome {
	v.mu.Lock()
	v.list = append(v.list, begun{time.Since(v.begin), scenario, v.id})
	v.mu.Unlock()
	d := v.takes[scenario]
	return metric.Outcome{OK: sleep(ctx, d), Took: d}
}

func (journalVU) Flush() {}
func (journalVU) Rest()  {}
func (journalVU) Close() {}

func (j *journal) load(share pace.Share, executors ...plan.Executor) *sched.Load {
	j.begin = time.Now()
	return sched.New(sched.Options{Executors: executors, Share: share, Spawn: func(_ context.Context, id int) (sched.VU, error) {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.ids = append(j.ids, id)
		return journalVU{j, id}, nil
	}})
}

// of counts the iterations of a scenario from one time to another, and who ran them.
func (j *journal) of(scenario string, from, to time.Duration) (n int, vus map[int]bool) {
	vus = map[int]bool{}
	for _, b := range j.list {
		if b.scenario == scenario && b.at >= from && b.at < to {
			n++
			vus[b.vu] = true
		}
	}
	return n, vus
}

func TestExecutorsSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{takes: map[string]time.Duration{"browse": 100 * time.Millisecond, "order": 50 * time.Millisecond, "": second}}
		l := j.load(pace.Share{},
			plan.Executor{Scenario: "browse", Stages: []plan.Stage{{Target: 3}}, Duration: 10*second - 1, Grace: second},
			plan.Executor{Scenario: "order", Start: 2 * second, Open: true, Stages: []plan.Stage{{Target: 20}}, Duration: 4 * second, Grace: second},
			plan.Executor{Start: 5 * second, Stages: []plan.Stage{{Target: 2}}, Iterations: 7, Grace: second})
		if ending := run(t, l); ending.Why != sched.Duration || ending.Interrupted != 0 || len(ending.Stuck) != 0 {
			t.Errorf("%+v", ending)
		}
		if n, vus := j.of("browse", 0, time.Hour); n != 300 || len(vus) != 3 {
			t.Errorf("browse: %d iterations of %d VUs, want 300 of 3", n, len(vus))
		}
		within, _ := j.of("order", 2*second, 6*second)
		all, _ := j.of("order", 0, time.Hour)
		if within != 80 || all != 80 {
			t.Errorf("order: %d arrivals, %d from 2 s to 6 s, want all 80", all, within)
		}
		within, vus := j.of("", 5*second, 9*second)
		if all, _ := j.of("", 0, time.Hour); within != 7 || all != 7 || len(vus) != 2 {
			t.Errorf("by weight: %d iterations by %d VUs, %d from 5 s to 9 s, want all 7 by 2", all, len(vus), within)
		}
		if time.Since(j.begin) != 10*second {
			t.Errorf("ended after %v, want 10 s, when its last iterations have ended", time.Since(j.begin))
		}
	})
}

func TestAnExecutorTakesTheVUsOfOneThatEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{takes: map[string]time.Duration{"first": 100 * time.Millisecond, "then": 100 * time.Millisecond}}
		run(t, j.load(pace.Share{},
			plan.Executor{Scenario: "first", Stages: []plan.Stage{{Target: 8}}, Duration: 5*second - 1, Grace: second},
			plan.Executor{Scenario: "then", Start: 6 * second, Stages: []plan.Stage{{Target: 10}}, Duration: 5*second - 1, Grace: second}))
		first, _ := j.of("first", 0, time.Hour)
		then, vus := j.of("then", 6*second, time.Hour)
		if first != 400 || then != 500 || len(vus) != 10 || len(j.ids) != 10 {
			t.Errorf("%d and %d iterations, %d VUs were made, want 400 and 500 by 10 in all", first, then, len(j.ids))
		}
	})
}

func TestEachExecutorHasItsOwnGracePeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{takes: map[string]time.Duration{"stuck": time.Hour, "slow": 20 * second}}
		ending := run(t, j.load(pace.Share{},
			plan.Executor{Scenario: "stuck", Stages: []plan.Stage{{Target: 4}}, Duration: 5 * second, Grace: second},
			plan.Executor{Scenario: "slow", Stages: []plan.Stage{{Target: 2}}, Duration: 10 * second, Grace: 30 * second}))
		if ending.Interrupted != 4 || time.Since(j.begin) != 20*second {
			t.Errorf("%+v after %v, want four interrupted and the other two at their end at 20 s", ending, time.Since(j.begin))
		}
	})
}

func TestOnlyTheDrivenExecutorChangesItsScenario(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{takes: map[string]time.Duration{"": second, "a": second, "b": second}}
		l := j.load(pace.Share{},
			plan.Executor{Stages: []plan.Stage{{Target: 1}}, Duration: 10*second - 1},
			plan.Executor{Scenario: "b", Stages: []plan.Stage{{Target: 1}}, Duration: 10*second - 1})
		go func() {
			pass(3*second - 1)
			l.SetScenario("a")
			pass(3 * second)
			l.SetScenario("")
		}()
		run(t, l)
		weighted, _ := j.of("", 0, time.Hour)
		alone, _ := j.of("a", 3*second, 6*second)
		if other, _ := j.of("b", 0, time.Hour); weighted != 7 || alone != 3 || other != 10 {
			t.Errorf("%d by weight, %d of a, %d of b, want 7, 3 and 10", weighted, alone, other)
		}
	})
}

// TestGeneratorsShareAPlan: the starts of three generators together are those of one.
func TestGeneratorsShareAPlan(t *testing.T) {
	ramp := []plan.Stage{{Duration: 10 * second, Target: 40}, {Duration: 5 * second, Target: 7}}
	for _, tt := range []struct {
		name     string
		executor plan.Executor
		want     int // iterations in all
	}{
		{"VUs", plan.Executor{Stages: ramp, Duration: 17 * second}, -1},
		// The area under 4·t up to 10 s, and of the fall from 40 to 7 and what follows.
		{"arrivals", plan.Executor{Open: true, Stages: ramp, Duration: 17 * second, VUs: 90}, int(math.Ceil(200 + 23.5*5 + 7*2))},
		{"Poisson arrivals", plan.Executor{Open: true, Poisson: true, Stages: ramp, Duration: 17 * second, VUs: 90}, -1},
		{"a budget of iterations", plan.Executor{Stages: []plan.Stage{{Target: 10}}, Iterations: 101}, 101},
	} {
		t.Run(tt.name, func(t *testing.T) {
			starts := func(share pace.Share) (list []time.Duration, ids []int) {
				synctest.Test(t, func(t *testing.T) {
					j := &journal{takes: map[string]time.Duration{"": 700 * time.Millisecond}}
					run(t, j.load(share, tt.executor))
					for _, b := range j.list {
						list = append(list, b.at.Round(time.Millisecond))
					}
					ids = j.ids
				})
				return list, ids
			}
			whole, wholeIDs := starts(pace.Share{})
			var all []time.Duration
			var ids []int
			const n = 3
			for k := range n {
				part, some := starts(pace.Share{K: k, N: n})
				all, ids = append(all, part...), append(ids, some...)
			}
			if tt.want >= 0 && len(whole) != tt.want {
				t.Errorf("one generator starts %d iterations, want %d", len(whole), tt.want)
			}
			slices.Sort(whole)
			slices.Sort(all)
			if len(all) != len(whole) || tt.executor.Iterations == 0 && !slices.Equal(all, whole) {
				t.Errorf("%d generators start %d iterations, want the %d of one at the same times", n, len(all), len(whole))
			}
			slices.Sort(ids)
			if dup := slices.Compact(slices.Clone(ids)); len(dup) != len(ids) || len(ids) < len(wholeIDs) && tt.executor.Open {
				t.Errorf("ids of the VUs: %s", fmt.Sprint(ids))
			}
		})
	}
}

func TestVUsFollowTheStages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{takes: map[string]time.Duration{"": time.Millisecond}}
		l := j.load(pace.Share{}, plan.Executor{
			Stages:   []plan.Stage{{Duration: 10 * second, Target: 20}, {Target: 30}, {Duration: 5 * second, Target: 30}, {Duration: 6 * second, Target: 3}},
			Duration: 25 * second, Grace: second,
		})
		level := func(s float64) float64 { // the stages' closed form
			switch {
			case s < 10:
				return 2 * s
			case s < 15:
				return 30
			case s < 21:
				return 30 - 4.5*(s-15)
			}
			return 3
		}
		go func() {
			pass(37 * time.Millisecond)
			for at := time.Since(j.begin); at < 24*second; at = time.Since(j.begin) {
				// An iteration that goes on holds a VU for a millisecond more.
				now, before := math.Ceil(level(at.Seconds())), math.Ceil(level((at - 2*time.Millisecond).Seconds()))
				if got := float64(l.VUs()); got < min(now, before) || got > max(now, before) {
					t.Errorf("%v VUs at %v, want %v", got, at, now)
				}
				pass(100 * time.Millisecond)
			}
		}()
		run(t, l)
	})
}

func TestADrivenShareDoesItsPart(t *testing.T) {
	const n = 3
	var vus, arrivals []int
	for k := range n {
		synctest.Test(t, func(t *testing.T) {
			j := &journal{takes: map[string]time.Duration{"": 70 * time.Millisecond}}
			l := j.load(pace.Share{K: k, N: n}, plan.Executor{Grace: second})
			go func() {
				l.Resize(10)
				pass(5 * second)
				vus = append(vus, l.VUs())
				l.SetRate(50)
				pass(10*second - 1)
				l.Stop()
			}()
			run(t, l)
			count, _ := j.of("", 5*second, time.Hour)
			arrivals = append(arrivals, count)
		})
	}
	if !slices.Equal(vus, []int{4, 3, 3}) {
		t.Errorf("of 10 VUs the shares have %v, want 4, 3 and 3", vus)
	}
	if !slices.Equal(arrivals, []int{167, 167, 166}) {
		t.Errorf("of 500 arrivals the shares start %v, want 167, 167 and 166", arrivals)
	}
}
