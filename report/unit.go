package report

import (
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// Unit is what a panel's values are in; it is known to the page's script by this name.
type Unit string

// The units.
const (
	UnitCount   Unit = "count"
	UnitRate    Unit = "rate"    // per second
	UnitShare   Unit = "share"   // a fraction, shown in percent
	UnitSeconds Unit = "seconds" // durations
	UnitBytes   Unit = "bytes"
	UnitByteSec Unit = "bytes/s"
	UnitCores   Unit = "cores"
)

// Format prints a value of the unit.
func (u Unit) Format(v float64) string {
	switch u {
	case UnitShare:
		return units.Percent(v, 1)
	case UnitSeconds:
		return units.Seconds(v)
	case UnitBytes:
		return units.Bytes(v)
	case UnitByteSec:
		return units.Bytes(v) + "/s"
	case UnitRate:
		return units.Number(v) + "/s"
	case UnitCores, UnitCount:
	}
	return units.Number(v)
}

// Measure is a resource's key for a person.
type Measure struct {
	Name string // "cpu", "memory"
	Unit Unit
}

// Format prints a value with its unit.
func (m Measure) Format(v float64) string {
	if m.Unit == UnitCores {
		return units.Cores(v)
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
