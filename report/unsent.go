package report

import (
	"fmt"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// unsentReason is why arrivals were not sent, in words, and how many.
type unsentReason struct {
	n             uint64
	brief, advice string
}

func unsentReasons(d metric.Dropped) []unsentReason {
	return []unsentReason{
		{d.NoVU, "all virtual users were busy, and no more are allowed", "--max-vus, maxVUs of a scenario"},
		{d.Refused, "more virtual users could not be started", "their beforeVU failed"},
		{d.Unmade, "virtual users were not made in time by this generator", "--vus makes them before"},
		{d.Starved, "this generator had no processor time, files or memory left", "`plimsoll doctor` tells its limits"},
		{d.Late, "this generator was late", "its machine was busy"},
	}
}

// UnsentText says in one sentence how much of what was due was not sent, and mostly why.
func UnsentText(d metric.Dropped, due uint64) string {
	var most unsentReason
	for _, r := range unsentReasons(d) {
		if r.n > most.n {
			most = r
		}
	}
	return fmt.Sprintf("%s of the arrivals were not sent: %s (%s)", units.Percent(float64(d.Total()), float64(due)), most.brief, most.advice)
}

// unsentList tells how many arrivals were not sent, for each reason.
func unsentList(d metric.Dropped) string {
	var parts []string
	for _, r := range unsentReasons(d) {
		if r.n > 0 {
			parts = append(parts, units.Int(r.n)+": "+r.brief)
		}
	}
	return units.Many(d.Total(), "arrival") + " not sent (" + strings.Join(parts, "; ") + ")"
}

// Due is how many iterations were to be: those that ended, and the arrivals that were not sent.
func (c Counts) Due() uint64 { return c.Ended() + c.Dropped.Total() }
