package session

import (
	"context"
	"fmt"
	"math"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/exit"
)

// A script that keeps what it makes (`s += s`, an array that grows) takes
// memory until the system ends the process, without a report. So the session
// is stopped in order before that.
const (
	memoryEvery = 100 * time.Millisecond
	// memoryExcess is how much more than the collector's soft limit, which is
	// half of the machine's memory unless GOMEMLIMIT sets it, may be in use.
	memoryExcess = 1.6
)

// outOfMemoryError is why a session was stopped.
type outOfMemoryError struct{ used, bound uint64 }

func (o outOfMemoryError) Error() string {
	return fmt.Sprintf("the generator holds %d MB of memory, of %d MB that it may: the script keeps what it makes, or there are too many virtual users",
		o.used>>20, o.bound>>20)
}

// ExitCode is that of a generator at its limit.
func (outOfMemoryError) ExitCode() int { return exit.Inconclusive }

// watchMemory stops the session, at once, when the process holds too much
// memory. What grows faster than it looks, in one native call, it cannot stop.
func (s *Session) watchMemory(ctx context.Context) {
	limit := debug.SetMemoryLimit(-1)
	if limit == math.MaxInt64 {
		return // nobody knows how much there is
	}
	bound := uint64(float64(limit) * memoryExcess)
	ticker := time.NewTicker(memoryEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if used := memoryInUse(); used > bound {
			s.Stop(outOfMemoryError{used, bound})
			s.load.Stop() // iterations under way would take more; afterAll still runs
			return
		}
	}
}

// memoryInUse is what the process has of the system, in bytes.
func memoryInUse() uint64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64() - samples[1].Value.Uint64()
}
