// Package units writes numbers for people: counts, rates, shares, times and
// amounts, each with as many digits as matter and in the unit that suits it.
package units

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// None is written where there is no number.
const None = "–"

// Int writes a count with a comma between thousands.
func Int(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Number writes three significant digits, all of those before the point.
func Number(v float64) string {
	size := math.Abs(v)
	switch {
	case math.IsNaN(v), math.IsInf(v, 0):
		return None
	case size >= 1e15:
		return strconv.FormatFloat(v, 'g', 3, 64)
	case size >= 99.95:
		sign := ""
		if v < 0 {
			sign = "-"
		}
		return sign + Int(uint64(math.Round(size)))
	case size == 0:
		return "0"
	case size < 0.001:
		return strconv.FormatFloat(v, 'g', 2, 64)
	}
	s := strconv.FormatFloat(v, 'f', max(0, 2-int(math.Floor(math.Log10(size)+1e-9))), 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// Precise writes what is used again, a load to be held or a price: four
// significant digits, and all of those before the point.
func Precise(v float64) string {
	if math.Abs(v) >= 999.95 {
		return Number(v)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// Percent writes part of whole; None when there is no whole. It says 0 % and
// 100 % only of exactly these.
func Percent(part, whole float64) string {
	if whole == 0 || math.IsNaN(part/whole) || math.IsInf(part/whole, 0) {
		return None
	}
	p := part / whole * 100
	switch {
	case p > 0 && p < 0.01:
		return "<0.01 %"
	case p < 100 && p > 99.99:
		return ">99.99 %"
	case p > 99 && p < 100:
		return strconv.FormatFloat(math.Floor(p*100)/100, 'f', 2, 64) + " %"
	}
	return Number(p) + " %"
}

// Seconds writes a duration in the unit that suits it.
func Seconds(s float64) string {
	switch size := math.Abs(s); {
	case math.IsNaN(s), math.IsInf(s, 0):
		return None
	case s == 0:
		return "0 s"
	case size < 0.9995e-3:
		return Number(s*1e6) + " µs"
	case size < 0.9995:
		return Number(s*1e3) + " ms"
	case size < 90:
		return Number(s) + " s"
	case size < 3599.5:
		return twoUnits(s, "min", "s")
	case size < 360_000:
		return twoUnits(s/60, "h", "min")
	}
	return Number(s/3600) + " h"
}

// twoUnits writes a time given in the smaller of two units, 60 of which make the larger.
func twoUnits(v float64, large, small string) string {
	whole := int(math.Round(v))
	if whole%60 == 0 {
		return fmt.Sprintf("%d %s", whole/60, large)
	}
	return fmt.Sprintf("%d %s %d %s", whole/60, large, whole%60, small)
}

// Bytes writes an amount of memory or traffic, in powers of 1,000.
func Bytes(n float64) string {
	for _, unit := range []string{"B", "kB", "MB", "GB", "TB"} {
		if math.Abs(n) < 999.5 {
			return Number(n) + " " + unit
		}
		n /= 1000
	}
	return Number(n) + " PB"
}

// Cores writes a number of cores.
func Cores(n float64) string {
	if n == 1 {
		return "1 core"
	}
	return Number(n) + " cores"
}

// Many writes "1 request" or "12 requests".
func Many(n uint64, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return Int(n) + " " + one + "s"
}

// Rate is n in s seconds, as a number; NaN when no time passed.
func Rate(n uint64, s float64) float64 {
	if s <= 0 {
		return math.NaN()
	}
	return float64(n) / s
}

// PerSecond writes n in s seconds.
func PerSecond(n uint64, s float64) string {
	if r := Rate(n, s); !math.IsNaN(r) {
		return Number(r) + "/s"
	}
	return None
}

// maxClock bounds what is a time since a start, in seconds: about three years.
const maxClock = 1e8

// Clock writes seconds since the start as minutes, or hours, and seconds;
// parts of a second only where there are some.
func Clock(seconds float64) string {
	if !(seconds >= 0 && seconds < maxClock) {
		return None
	}
	whole := math.Floor(seconds + 0.005)
	part := ""
	if rest := seconds - whole; rest >= 0.005 {
		part = strings.TrimPrefix(strings.TrimRight(strconv.FormatFloat(rest, 'f', 2, 64), "0"), "0")
	}
	s := int(whole)
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d%s", s/3600, s/60%60, s%60, part)
	}
	return fmt.Sprintf("%d:%02d%s", s/60, s%60, part)
}

// Signed writes a change in percent, with a minus that is as wide as a plus.
func Signed(v float64) string {
	return strings.Replace(fmt.Sprintf("%+.1f %%", v*100), "-", "−", 1)
}
