//go:build !linux

package monitor

// cpuClock is Linux's alone.
func cpuClock(int) (float64, bool) { return 0, false }
