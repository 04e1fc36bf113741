package sched

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// alarm waits to within tens of microseconds. Go sleeps in epoll, which counts
// in whole milliseconds; a timer descriptor in that epoll wakes it in between.
type alarm struct {
	fd   int
	file *os.File
	buf  [8]byte
}

// newAlarm returns nil where the system has none.
func newAlarm() *alarm {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil
	}
	return &alarm{fd: fd, file: os.NewFile(uintptr(fd), "timerfd")}
}

// wait waits for the descriptor or for Go's own timer, whichever comes first:
// while the processors are busy the latter does, as they look at timers
// between goroutines, but seldom at descriptors.
func (a *alarm) wait(d time.Duration) {
	_ = a.file.SetReadDeadline(time.Now().Add(d)) // the file has deadlines: it is in the epoll
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(d))}
	if unix.TimerfdSettime(a.fd, 0, &spec, nil) == nil {
		_, _ = a.file.Read(a.buf[:]) // what ends it does not matter: the caller looks at the clock
	}
}

func (a *alarm) close() {
	_ = a.file.Close() // nothing was written to it
}
