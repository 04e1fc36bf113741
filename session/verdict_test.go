package session

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/exit"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/sched"
)

// counting is a service in virtual time: what its users do is counted as a session does.
type counting struct {
	takes  time.Duration
	making time.Duration
	failed int // the first of each hundred iterations that fail

	mu sync.Mutex
	n  int
	counts
}

type countingVU struct{ c *counting }

func (v countingVU) Iterate(ctx context.Context, _ string, _ time.Time) metric.Outcome {
	select {
	case <-time.After(v.c.takes):
	case <-ctx.Done():
	}
	v.c.mu.Lock()
	defer v.c.mu.Unlock()
	ok := v.c.n%100 >= v.c.failed
	v.c.n++
	if ok {
		v.c.ok++
	} else {
		v.c.counts.failed++
	}
	return metric.Outcome{OK: ok, Took: v.c.takes}
}
func (countingVU) Flush() {}
func (countingVU) Rest()  {}
func (countingVU) Close() {}

// carry lets arrivals come in virtual time, and returns what became of them.
func (c *counting) carry(t *testing.T, e plan.Executor) *counts {
	t.Helper()
	e.Open, e.Duration, e.Grace = true, 10*time.Second-1, time.Minute
	load := sched.New(sched.Options{
		Plan: plan.Plan{Executor: e, Seed: 3},
		Spawn: func(context.Context, int) (sched.VU, error) {
			time.Sleep(c.making) //nolint:forbidigo // virtual time
			return countingVU{c}, nil
		},
		Drop: func(d metric.Dropped) { c.dropped.Add(d) },
	})
	if _, err := load.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &c.counts
}

// What a plan could not send counts as what failed does; where this generator was the reason it is the verdict.
func TestWhatWasNotSentCountsAgainstTheTolerance(t *testing.T) {
	const second, ms = time.Second, time.Millisecond
	at := func(rates ...float64) (stages []plan.Stage) {
		for i, rate := range rates {
			if i > 0 {
				stages = append(stages, plan.Stage{Duration: 5 * second, Target: rates[i-1]})
			}
			stages = append(stages, plan.Stage{Target: rate})
		}
		return stages
	}
	for name, c := range map[string]struct {
		service   *counting
		e         plan.Executor
		tolerance float64
		want      record.Verdict
		reason    string
	}{
		"users enough":                    {&counting{takes: second - 1}, plan.Executor{Stages: at(10), MaxVUs: 20}, .05, record.VerdictOK, ""},
		"few users allowed":               {&counting{takes: second - 1}, plan.Executor{Stages: at(10), MaxVUs: 4}, .05, record.VerdictFailed, "60 % of the arrivals were not sent: all virtual users were busy, and no more are allowed (--max-vus, maxVUs of a scenario); 5 % are tolerated"},
		"few users, much tolerated":       {&counting{takes: second - 1}, plan.Executor{Stages: at(10), MaxVUs: 4}, .7, record.VerdictOK, ""},
		"half of it, half tolerated":      {&counting{takes: second - 1}, plan.Executor{Stages: at(10), MaxVUs: 5}, .5, record.VerdictOK, ""},
		"half of it, less tolerated":      {&counting{takes: second - 1}, plan.Executor{Stages: at(10), MaxVUs: 5}, .49, record.VerdictFailed, "50 % of the arrivals"},
		"a tenth, right at the tolerance": {&counting{takes: second - 1}, plan.Executor{Stages: at(10), MaxVUs: 9}, .1, record.VerdictOK, ""},
		"a tenth, nothing tolerated":      {&counting{takes: second - 1}, plan.Executor{Stages: at(10), MaxVUs: 9}, 0, record.VerdictFailed, "10 % of the arrivals"},
		"nothing lost, nothing tolerated": {&counting{takes: second - 1}, plan.Executor{Stages: at(10), MaxVUs: 11}, 0, record.VerdictOK, ""},
		"a slow target":                   {&counting{takes: 30 * second}, plan.Executor{Stages: at(10), MaxVUs: 50}, .05, record.VerdictFailed, "50 % of the arrivals"},
		"a huge rate":                     {&counting{takes: 10 * ms}, plan.Executor{Stages: at(50_000), MaxVUs: 100}, .05, record.VerdictFailed, "% of the arrivals were not sent: all"},
		"at random":                       {&counting{takes: second - 1}, plan.Executor{Stages: at(50), MaxVUs: 25, Poisson: true}, .05, record.VerdictFailed, "of the arrivals were not sent: all virtual users were busy"},
		"at random, users enough":         {&counting{takes: 100 * ms}, plan.Executor{Stages: at(50), MaxVUs: 50, Poisson: true}, 0, record.VerdictOK, ""},
		"stages of the rate":              {&counting{takes: second - 1}, plan.Executor{Stages: at(10, 30), MaxVUs: 10}, .05, record.VerdictFailed, "50 % of the arrivals"},
		"few made before, slow to make":   {&counting{takes: 20 * second, making: second}, plan.Executor{Stages: at(20), VUs: 2}, .05, record.VerdictGenerator, "virtual users were not made in time by this generator (--vus makes them before)"},
		"many made before, slow to make":  {&counting{takes: 20 * second, making: second}, plan.Executor{Stages: at(20), VUs: 200, MaxVUs: 200}, .05, record.VerdictOK, ""},
		"failures and unsent together":    {&counting{takes: second - 1, failed: 4}, plan.Executor{Stages: at(25), MaxVUs: 24}, .05, record.VerdictFailed, "5 % of the iterations failed, and 4 % of the arrivals were not sent"},
		"failures alone":                  {&counting{takes: second - 1, failed: 10}, plan.Executor{Stages: at(10), MaxVUs: 20}, .05, record.VerdictFailed, "10 % of the iterations failed, 5 % are tolerated"},
		"all fail":                        {&counting{takes: second - 1, failed: 100}, plan.Executor{Stages: at(10), MaxVUs: 4}, .05, record.VerdictDead, "not one iteration succeeded"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				counts := c.service.carry(t, c.e)
				verdict, reason := counts.verdict(c.tolerance)
				if verdict != c.want || !strings.Contains(reason, c.reason) || (reason == "") != (c.want == record.VerdictOK) {
					t.Errorf("%+v: %s (%s), want %s (%s)", *counts, verdict, reason, c.want, c.reason)
				}
			})
		})
	}
}

// Exit codes: 4 where the plan or the target was the reason, 5 where this generator was.
func TestWhoseFaultItIs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		counts
		code int
	}{
		"nothing lost":                 {counts{ok: 100}, exit.OK},
		"no VU free":                   {counts{ok: 80, dropped: metric.Dropped{NoVU: 20}}, exit.Broken},
		"VUs refused":                  {counts{ok: 80, dropped: metric.Dropped{Refused: 20}}, exit.Broken},
		"not made in time":             {counts{ok: 80, dropped: metric.Dropped{Unmade: 20}}, exit.Inconclusive},
		"no processor time":            {counts{ok: 80, dropped: metric.Dropped{Starved: 20}}, exit.Inconclusive},
		"late":                         {counts{ok: 80, dropped: metric.Dropped{Late: 20}}, exit.Inconclusive},
		"nothing sent, for want of it": {counts{dropped: metric.Dropped{Unmade: 20}}, exit.Inconclusive},
		"nothing sent, no VU":          {counts{dropped: metric.Dropped{NoVU: 20}}, exit.Nothing},
		"both, each too much":          {counts{ok: 60, dropped: metric.Dropped{NoVU: 20, Late: 20}}, exit.Broken},
		"both, one too much":           {counts{ok: 80, dropped: metric.Dropped{NoVU: 2, Late: 18}}, exit.Inconclusive},
		"both, only together":          {counts{ok: 93, dropped: metric.Dropped{NoVU: 3, Late: 4}}, exit.Inconclusive},
		"few, tolerated":               {counts{ok: 95, dropped: metric.Dropped{NoVU: 2, Late: 3}}, exit.OK},
		"own failures and own drops":   {counts{ok: 90, failed: 4, own: 4, dropped: metric.Dropped{Late: 6}}, exit.Inconclusive},
		"own drops, other failures":    {counts{ok: 80, failed: 14, dropped: metric.Dropped{Late: 6}}, exit.Broken},
	} {
		if verdict, reason := c.verdict(.05); verdict.ExitCode() != c.code {
			t.Errorf("%s: %s (%s), exit code %d, want %d", name, verdict, reason, verdict.ExitCode(), c.code)
		}
	}
}

// Users are busy, or do not start, for as long as the generator itself is at its limit: that is not the plan's fault.
func TestABusyGeneratorIsBlamed(t *testing.T) {
	t.Parallel()
	names := metric.NewNames()
	reading := func(cores float64) record.Resources {
		return record.Resources{Source: record.KindGenerator, Values: map[string]float64{record.CPUCores: cores}, Limits: map[string]float64{record.CPUCores: 4}}
	}
	const ms = time.Millisecond
	for name, c := range map[string]struct {
		cores       float64
		lacked      bool
		late, takes time.Duration
		want        metric.Dropped
	}{
		"idle":                          {.4, false, 0, 50 * ms, metric.Dropped{NoVU: 5, Refused: 3}},
		"half busy":                     {2, false, 0, 50 * ms, metric.Dropped{NoVU: 5, Refused: 3}},
		"just not busy":                 {3.39, false, 0, 50 * ms, metric.Dropped{NoVU: 5, Refused: 3}},
		"busy":                          {3.5, false, 0, 50 * ms, metric.Dropped{Starved: 8}},
		"full":                          {4, true, 0, 50 * ms, metric.Dropped{Starved: 8}},
		"without files":                 {.4, true, 0, 50 * ms, metric.Dropped{NoVU: 5, Starved: 3}},
		"it is not known":               {0, false, 0, 50 * ms, metric.Dropped{NoVU: 5, Refused: 3}},
		"a little late":                 {.4, false, 8 * ms, 50 * ms, metric.Dropped{NoVU: 5, Refused: 3}},
		"late":                          {.4, false, 40 * ms, 50 * ms, metric.Dropped{Starved: 5, Refused: 3}},
		"late, of short iterations":     {.4, false, 12 * ms, ms, metric.Dropped{Starved: 5, Refused: 3}},
		"late, of long ones":            {.4, false, 40 * ms, 5 * time.Second, metric.Dropped{NoVU: 5, Refused: 3}},
		"late, and no iteration ended":  {.4, false, 40 * ms, 0, metric.Dropped{Starved: 5, Refused: 3}},
		"prompt, and no iteration ends": {.4, false, 0, 0, metric.Dropped{NoVU: 5, Refused: 3}},
	} {
		s := &Session{kinds: failureKinds{names: names, lacked: c.lacked}}
		s.health.row(reading(c.cores))
		w := metric.Window{Dropped: metric.Dropped{NoVU: 5, Refused: 3}}
		for range 20 {
			w.Lateness.Add(c.late)
		}
		if c.takes > 0 {
			w.Scenarios = make([]metric.ScenarioWindow, 1)
			w.Scenarios[0].Duration.Add(c.takes)
		}
		if s.blame(&w); w.Dropped != c.want {
			t.Errorf("%s: %+v, want %+v", name, w.Dropped, c.want)
		}
	}
}
