package report

import (
	"fmt"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// AdviceText says in two lines how many replicas carry a load, and what was assumed.
func AdviceText(a record.Advice) string {
	head := fmt.Sprintf("For %s iterations/s: %d replicas, %d of them spare, at %s of capacity",
		units.Number(a.TargetLoad), a.Replicas, a.Spare, units.Percent(a.Headroom, 1))
	if a.Replicas == 0 {
		head = fmt.Sprintf("%s iterations/s cannot be reached by more replicas", units.Number(a.TargetLoad))
	}
	return head + "\nAssumed: " + strings.Join(a.Assumptions, "; ")
}
