package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// threadTime is the CPU time of this thread; getrusage would tell it to a tick, some milliseconds.
func threadTime() time.Duration {
	var now unix.Timespec
	check(unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &now))
	return time.Duration(now.Nano())
}
