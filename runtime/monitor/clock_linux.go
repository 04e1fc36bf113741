package monitor

import "golang.org/x/sys/unix"

// cpuClock is the CPU time of a process in seconds, to the nanosecond;
// /proc/PID/stat has the same in steps of 10 ms.
func cpuClock(pid int) (float64, bool) {
	const scheduled = 2 // CPUCLOCK_SCHED of the kernel's clock ids, see clock_getcpuclockid(3)
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|scheduled), &t); err != nil { //nolint:gosec // pids are below 2^22
		return 0, false
	}
	return float64(t.Sec) + float64(t.Nsec)/1e9, true
}
