package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
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
	case size < 5400:
		whole := int(math.Round(s))
		return fmt.Sprintf("%d min %02d s", whole/60, whole%60)
	case size < 1e9:
		whole := int(math.Round(s / 60))
		return fmt.Sprintf("%d h %02d min", whole/60, whole%60)
	}
	return Number(s) + " s"
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

// Measure names a resource's key for a person and prints its values.
type Measure struct {
	Name   string // "cpu", "memory"
	Format func(float64) string
}

// MeasureOf reads the unit out of a key of [record.Resources].
func MeasureOf(key string) Measure {
	for _, unit := range []struct {
		suffix string
		format func(float64) string
	}{
		{"_bytes_per_s", func(v float64) string { return Bytes(v) + "/s" }},
		{"_per_s", func(v float64) string { return Number(v) + "/s" }},
		{"_bytes", Bytes},
		{"_cores", func(v float64) string { return Number(v) + " cores" }},
		{"_s", Seconds},
	} {
		if name, ok := strings.CutSuffix(key, unit.suffix); ok {
			return Measure{strings.ReplaceAll(name, "_", " "), unit.format}
		}
	}
	return Measure{strings.ReplaceAll(key, "_", " "), plainOrShare(key)}
}

func plainOrShare(key string) func(float64) string {
	switch key {
	case "cpu_busiest_core", "cpu_throttled", "cpu_pressure", "memory_pressure_some", "memory_pressure_full",
		"disk_busy", "io_pressure_some", "io_pressure_full", "gc_cpu":
		return func(v float64) string { return Percent(v, 1) }
	}
	return Number
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
