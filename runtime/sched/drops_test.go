package sched_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
)

// Whoever reads a run is told why an arrival was not sent: the plan, a VU that could not start, or this generator.
func TestDroppedArrivalsSayWhy(t *testing.T) {
	const ms = time.Millisecond
	errFull := errors.New("no more")
	stages := []plan.Stage{{Target: 10}, {Duration: 5 * second, Target: 10}, {Target: 40}, {Duration: 5 * second, Target: 40}}
	for name, c := range map[string]struct {
		rate    float64
		takes   time.Duration
		making  time.Duration
		vus     int
		most    int
		poisson bool
		stages  []plan.Stage
		refused int           // VUs beyond this one do not start
		slow    time.Duration // from 2 s on iterations take so long
		least   metric.Dropped
		only    string // the reasons there may be
	}{
		"few VUs allowed":                  {rate: 10, takes: second - 1, most: 4, least: metric.Dropped{NoVU: 55}, only: "no VU"},
		"one VU allowed":                   {rate: 100, takes: 100 * ms, most: 1, least: metric.Dropped{NoVU: 890}, only: "no VU"},
		"few allowed, at random":           {rate: 50, takes: second, most: 10, poisson: true, least: metric.Dropped{NoVU: 300}, only: "no VU"},
		"a target that becomes slow":       {rate: 20, takes: 10 * ms, most: 5, slow: second, least: metric.Dropped{NoVU: 100}, only: "no VU"},
		"a rate beyond all VUs":            {rate: 100_000, takes: 10 * ms, most: 20, least: metric.Dropped{NoVU: 900_000}, only: "no VU"},
		"stages beyond the VUs":            {stages: stages, takes: 500 * ms, most: 8, least: metric.Dropped{NoVU: 100}, only: "no VU"},
		"pre-made VUs, and no more":        {rate: 20, takes: second, vus: 5, most: 5, least: metric.Dropped{NoVU: 140}, only: "no VU"},
		"enough VUs":                       {rate: 20, takes: second, vus: 25, most: 30},
		"enough, made as they are needed":  {rate: 5, takes: 2 * second, making: 20 * ms, vus: 1},
		"VUs that take long to make":       {rate: 50, takes: 10 * ms, vus: 1, making: second, slow: 5 * second, least: metric.Dropped{Unmade: 50}, only: "unmade"},
		"few pre-made, and slow to make":   {rate: 100, takes: 5 * second, vus: 3, making: 400 * ms, least: metric.Dropped{Unmade: 100}, only: "unmade"},
		"slow to make, then no more of it": {rate: 10, takes: 20 * second, vus: 2, most: 20, making: 900 * ms, least: metric.Dropped{Unmade: 1, NoVU: 40}, only: "unmade, no VU"},
		"VUs that do not start":            {rate: 20, takes: second, vus: 3, refused: 3, least: metric.Dropped{Refused: 100}, only: "refused, unmade"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &service{making: c.making}
				s.iterate = func(ctx context.Context, n int) metric.Outcome {
					if c.slow > 0 && time.Since(s.begin) > 2*second {
						return takes(c.slow)(ctx, n)
					}
					return takes(c.takes)(ctx, n)
				}
				if c.refused > 0 {
					s.refuse = func(id int) error {
						if id > c.refused {
							return errFull
						}
						return nil
					}
				}
				p := arriving(c.rate, 10*second-1)
				p.VUs, p.MaxVUs, p.Poisson = c.vus, c.most, c.poisson
				if c.stages != nil {
					p.Stages = c.stages
				}
				run(t, s.load(p))
				d, l := s.dropped, c.least
				if d.NoVU < l.NoVU || d.Refused < l.Refused || d.Unmade < l.Unmade {
					t.Errorf("dropped %+v, want at least %+v", d, l)
				}
				for reason, n := range map[string]uint64{"no VU": d.NoVU, "refused": d.Refused, "unmade": d.Unmade, "late": d.Late, "starved": d.Starved} {
					if n > 0 && !strings.Contains(c.only, reason) {
						t.Errorf("dropped %+v: %s, want only %q", d, reason, c.only)
					}
				}
			})
		})
	}
}
