package bottleneck

import (
	"fmt"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// percent writes a share.
func percent(share float64) string {
	if share > 0 && share < 0.1 {
		return fmt.Sprintf("%.1f %%", share*100)
	}
	return fmt.Sprintf("%.0f %%", share*100)
}

// short writes a number with the digits that matter.
func short(v float64) string {
	switch {
	case v >= 100 || v <= -100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10 || v <= -10:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0")
	}
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", v), "0"), ".")
}

// cores writes a number of cores.
func cores(v float64) string {
	if v == 1 {
		return "1.00 core"
	}
	return fmt.Sprintf("%.2f cores", v)
}

// size writes bytes.
func size(v float64) string {
	for _, unit := range []string{"B", "kB", "MB", "GB"} {
		if v < 1000 {
			return short(v) + " " + unit
		}
		v /= 1000
	}
	return short(v) + " TB"
}

// told is the load of a hold and why it was held.
func told(h record.Hold) string {
	load := short(h.Level) + " virtual users"
	if h.Control == record.ByRate {
		load = short(h.Level) + " arrivals/s"
	}
	return load + ", because " + h.Why
}

// duration writes seconds.
func duration(s float64) string {
	switch {
	case s < 1e-3:
		return short(s*1e6) + " µs"
	case s < 1:
		return short(s*1e3) + " ms"
	case s < 120:
		return short(s) + " s"
	case s < 7200:
		return short(s/60) + " min"
	case s < 48*3600:
		return short(s/3600) + " h"
	}
	return short(s/86400) + " days"
}
