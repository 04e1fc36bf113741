package report_test

import (
	"testing"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

func TestAdviceText(t *testing.T) {
	t.Parallel()
	for want, a := range map[string]record.Advice{
		"For 5,000 iterations/s: 7 replicas, 1 of them spare, at 70 % of capacity\nAssumed: they scale; one may fail": {
			TargetLoad: 5000, Replicas: 7, Spare: 1, Headroom: 0.7, Assumptions: []string{"they scale", "one may fail"},
		},
		"5,000 iterations/s cannot be reached by more replicas\nAssumed: they scale": {TargetLoad: 5000, Assumptions: []string{"they scale"}},
	} {
		if got := report.AdviceText(a); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
