package main

import (
	"context"
	"os"
	"sync/atomic"
	"syscall"
)

// stopper turns signals into an orderly end: the first one asks everything to
// finish, the second one to stop now. Both leave a report.
type stopper struct {
	code atomic.Int32 // exit status of the first signal; 0: none came
}

// watch calls again with 1 at the first signal, 2 at the second and so on, until ctx ends.
func (s *stopper) watch(ctx context.Context, signals <-chan os.Signal, again func(n int)) {
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case sig := <-signals:
			code := int32(exitInterrupt)
			if sig == syscall.SIGTERM {
				code = exitTerminated
			}
			s.code.CompareAndSwap(0, code)
			again(n)
		}
	}
}

func (s *stopper) signalled() bool { return s.code.Load() != 0 }
