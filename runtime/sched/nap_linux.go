package sched

import (
	"syscall"
	"time"
)

// canNap says that nap is more exact than a timer: Go waits for its timers
// with epoll, in whole milliseconds.
const canNap = true

// nap blocks the thread.
func nap(d time.Duration) {
	t := syscall.NsecToTimespec(int64(d))
	_ = syscall.Nanosleep(&t, nil) // woken early by a signal: the caller looks at the clock
}
