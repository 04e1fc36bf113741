package text

import (
	"math"
	"strings"
	"time"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// Progress is what one line says while a test runs.
type Progress struct {
	Elapsed time.Duration
	Window  metric.Window  // what happened since the last line
	Left    time.Duration  // 0: not known
	Phase   string         // of a sizing
	Bounds  *record.Bounds // of a sizing's capacity, as far as known
}

// Line is the progress on one line: time, virtual users, iterations a second,
// failures, p95; in a sizing also its phase, interval and time left.
func (p Progress) Line() string {
	w := &p.Window
	_, ok, failed := w.Iterations()
	var latency metric.Histogram
	for i := range w.Endpoints {
		latency.Merge(w.Endpoints[i].Latency)
	}
	if latency.Count() == 0 {
		for i := range w.Scenarios {
			latency.Merge(w.Scenarios[i].Duration)
		}
	}
	parts := []string{clock(p.Elapsed.Round(time.Second))}
	if p.Phase != "" {
		parts = append(parts, p.Phase)
	}
	parts = append(parts, units.Many(uint64(max(w.VUs, 0)), "VU"), rateOf(ok+failed, w.Length), units.Percent(float64(failed), float64(ok+failed))+" failed")
	if q := report.QuantilesOf(latency); q != nil {
		parts = append(parts, "p95 "+units.Seconds(q.P95))
	} else {
		parts = append(parts, "p95 "+units.None)
	}
	if n := w.Dropped.Total(); n > 0 {
		parts = append(parts, units.Int(n)+" dropped")
	}
	if b := p.Bounds; b != nil && (b.Lo != nil || b.Hi != nil) {
		parts = append(parts, "limit "+bound(b.Lo)+".."+bound(b.Hi)+"/s")
	}
	if p.Left > 0 {
		parts = append(parts, "about "+clock(p.Left.Round(time.Second))+" left")
	}
	return strings.Join(parts, "  ")
}

func rateOf(n uint64, d time.Duration) string {
	if r := units.Rate(n, d.Seconds()); !math.IsNaN(r) {
		return units.Number(r) + " it/s"
	}
	return units.None + " it/s"
}

func bound(v *float64) string {
	if v == nil {
		return "?"
	}
	return units.Number(*v)
}

func clock(d time.Duration) string { return units.Clock(d.Seconds()) }
