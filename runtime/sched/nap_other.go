//go:build !linux

package sched

import "time"

// canNap is false where Go's timers are as exact as the system's.
const canNap = false

func nap(time.Duration) {}
