package session

import (
	"fmt"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
	"github.com/plimsoll-load/plimsoll/sizing"
)

// objectives are those of a plain run, and how many requests missed each. A sizing judges its holds by them itself.
type objectives struct {
	list     []sizing.Objective
	slow     []uint64 // requests that failed or were later, by objective
	requests uint64
}

// read takes the objectives as they are written.
func (t *objectives) read(texts []string) error {
	for _, text := range texts {
		o, err := sizing.ParseObjective(text)
		if err != nil {
			return err
		}
		t.list = append(t.list, o)
	}
	t.slow = make([]uint64, len(t.list))
	return nil
}

// add takes in a window.
func (t *objectives) add(w *metric.Window, timedOut func(metric.FailureID) bool) {
	if len(t.list) == 0 {
		return
	}
	tick := sizing.NewTick(w, t.list, timedOut)
	t.requests += tick.RequestsOK + tick.RequestsFailed
	for i, n := range tick.Slow {
		t.slow[i] += n
	}
}

// results are the thresholds as the record has them.
func (t *objectives) results() (list []record.Threshold) {
	for i, o := range t.list {
		r := record.Threshold{Metric: "requests", Expression: o.String(), Allowed: 1 - o.Share}
		if t.requests > 0 {
			r.Beyond = float64(t.slow[i]) / float64(t.requests)
			r.OK = r.Beyond <= r.Allowed+objectiveSlack
			r.Value, r.Unit = &r.Beyond, record.UnitShare
		}
		list = append(list, r)
	}
	return list
}

// objectiveSlack keeps a share that is exactly the allowed one from being more by the rounding of floats.
const objectiveSlack = 1e-9

// broken says which objective was not kept; empty: all were.
func (t *objectives) broken() string {
	for _, r := range t.results() {
		switch {
		case r.OK:
		case t.requests == 0:
			return fmt.Sprintf("%s cannot be judged: there was no request", r.Expression)
		default:
			return fmt.Sprintf("%s was missed: %s of the requests failed or were later, %s are allowed", r.Expression, units.Percent(r.Beyond, 1), units.Percent(r.Allowed, 1))
		}
	}
	return ""
}
