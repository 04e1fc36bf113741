//go:build !linux

package sched

import "time"

// alarm is Linux's: elsewhere Go's timers are as exact as the system's.
type alarm struct{}

func newAlarm() *alarm { return nil }

func (*alarm) wait(time.Duration) {}
func (*alarm) close()             {}
