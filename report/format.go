package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// none is printed where there is no number.
const none = "–"

// Int prints a count with a comma between thousands.
func Int(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Number prints three significant digits, all of those before the point.
func Number(v float64) string {
	size := math.Abs(v)
	switch {
	case math.IsNaN(v), math.IsInf(v, 0):
		return none
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

// Percent prints part of whole; none when there is no whole. It says 0 % and
// 100 % only of exactly these.
func Percent(part, whole float64) string {
	if whole == 0 || math.IsNaN(part/whole) || math.IsInf(part/whole, 0) {
		return none
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

// Seconds prints a duration in the unit that suits it.
func Seconds(s float64) string {
	switch size := math.Abs(s); {
	case math.IsNaN(s), math.IsInf(s, 0):
		return none
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

// twoUnits prints a time given in the smaller of two units, 60 of which make the larger.
func twoUnits(v float64, large, small string) string {
	whole := int(math.Round(v))
	if whole%60 == 0 {
		return fmt.Sprintf("%d %s", whole/60, large)
	}
	return fmt.Sprintf("%d %s %d %s", whole/60, large, whole%60, small)
}

// Bytes prints an amount of memory or traffic, in powers of 1,000.
func Bytes(n float64) string {
	for _, unit := range []string{"B", "kB", "MB", "GB", "TB"} {
		if math.Abs(n) < 999.5 {
			return Number(n) + " " + unit
		}
		n /= 1000
	}
	return Number(n) + " PB"
}

// Many prints "1 request" or "12 requests".
func Many(n uint64, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return Int(n) + " " + one + "s"
}

// Measure is a resource's key for a person.
type Measure struct {
	Name string // "cpu", "memory"
	Unit Unit
}

// Format prints a value with its unit.
func (m Measure) Format(v float64) string {
	if m.Unit == UnitCores {
		return Number(v) + " cores"
	}
	return m.Unit.Format(v)
}

// MeasureOf reads the unit out of a key of [record.Resources].
func MeasureOf(key string) Measure {
	for _, of := range []struct {
		suffix string
		unit   Unit
	}{
		{"_bytes_per_s", UnitByteSec}, {"_per_s", UnitRate}, {"_bytes", UnitBytes}, {"_cores", UnitCores}, {"_s", UnitSeconds},
	} {
		if name, ok := strings.CutSuffix(key, of.suffix); ok {
			return Measure{strings.ReplaceAll(name, "_", " "), of.unit}
		}
	}
	m := Measure{strings.ReplaceAll(key, "_", " "), UnitCount}
	switch key {
	case record.CPUBusiestCore, record.CPUThrottled, record.CPUPressure, record.MemoryPressureSome, record.MemoryPressureFull,
		record.DiskBusy, record.IOPressureSome, record.IOPressureFull, record.GCCPU:
		m.Unit = UnitShare
	}
	return m
}

// rate is n in s seconds, as a number; NaN when no time passed.
func rate(n uint64, s float64) float64 {
	if s <= 0 {
		return math.NaN()
	}
	return float64(n) / s
}

// PerSecond prints n in s seconds.
func PerSecond(n uint64, s float64) string {
	if r := rate(n, s); !math.IsNaN(r) {
		return Number(r) + "/s"
	}
	return none
}
