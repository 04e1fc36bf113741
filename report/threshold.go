package report

import (
	"fmt"
	"slices"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// Thresholds are what the run was to keep, in their order; none of one that was cut.
func (r *Run) Thresholds() []record.Threshold {
	if r.End == nil {
		return nil
	}
	return r.End.Thresholds
}

// BrokenThresholds counts those that were not kept.
func (r *Run) BrokenThresholds() (n int) {
	for _, t := range r.Thresholds() {
		if !t.OK {
			n++
		}
	}
	return n
}

// BrokenFirst are thresholds with those that were not kept before the others.
func BrokenFirst(list []record.Threshold) []record.Threshold {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b record.Threshold) int {
		switch {
		case a.OK == b.OK:
			return 0
		case b.OK:
			return -1
		default:
			return 1
		}
	})
	return list
}

// ThresholdTone says how a threshold is to be taken.
func ThresholdTone(t *record.Threshold) Tone {
	if t.OK {
		return Good
	}
	return Bad
}

// ThresholdValue is the value of a threshold for people, with what there is to say of it.
func ThresholdValue(t *record.Threshold) string {
	if t.Value == nil {
		return "nothing was measured"
	}
	if t.Allowed > 0 {
		return fmt.Sprintf("%s of the requests failed or were later, %s allowed", units.Percent(t.Beyond, 1), units.Percent(t.Allowed, 1))
	}
	text := ""
	switch t.Unit {
	case record.UnitSeconds:
		text = units.Seconds(*t.Value)
	case record.UnitShare:
		text = units.Percent(*t.Value, 1)
	default:
		text = units.Number(*t.Value) + t.Unit
	}
	switch {
	case t.Windows == 0:
	case t.Broken > 0:
		text += fmt.Sprintf(" at %s; broken in %d of %d windows", units.Clock(t.WorstS), t.Broken, t.Windows)
	default:
		text += fmt.Sprintf(", the worst of %s", units.Many(uint64(t.Windows), "window"))
	}
	if t.Aborted {
		text += " (it ended the run)"
	}
	return text
}

// ThresholdText is a threshold in one line: what it is about, the bound and the value.
func ThresholdText(t *record.Threshold) string {
	value := *t
	value.Aborted = false
	return fmt.Sprintf("%s (%s)", thresholdName(t), ThresholdValue(&value))
}

// thresholdName is the metric and the bound; of an objective the bound alone.
func thresholdName(t *record.Threshold) string {
	if t.Allowed > 0 {
		return t.Expression
	}
	return t.Metric + " " + t.Expression
}
