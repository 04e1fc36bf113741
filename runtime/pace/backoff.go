package pace

import "time"

// Mode says how a VU waits after a failed iteration.
type Mode uint8

const (
	// PerIteration waits as long as the iteration would have taken had it
	// succeeded, give or take half of that. A user then fails no more often
	// than it would have succeeded, so the share of failures means the same
	// as under an open load.
	PerIteration Mode = iota
	// Never goes on at once, as Molotov does.
	Never
	// Fixed waits a given time.
	Fixed
)

// unknownIteration stands for the mean as long as no iteration has succeeded.
const unknownIteration = 100 * time.Millisecond

// Backoff knows how long successful iterations take, by scenario, and hence
// how long to wait after a failed one. The means outlive changes of the load.
// It is for one goroutine at a time.
type Backoff struct {
	Mode  Mode
	Wait  time.Duration // of Fixed
	means []mean        // by scenario
}

type mean struct {
	value float64 // nanoseconds
	n     float64 // how many went into it
}

// Succeed counts n successful iterations of a scenario that took so long
// together, while vus VUs were running. The mean weighs the last of them
// 1/min(n, max(20, 2·vus)): a plain mean first, then one that forgets.
func (b *Backoff) Succeed(scenario, n int, together time.Duration, vus int) {
	if n <= 0 {
		return
	}
	for len(b.means) <= scenario {
		b.means = append(b.means, mean{})
	}
	m, each := &b.means[scenario], float64(together)/float64(n)
	memory := float64(max(20, 2*vus))
	for range n {
		m.n++
		m.value += (each - m.value) / min(m.n, memory)
	}
}

// Pause returns how long a VU waits after a failed iteration that took so
// long; random is uniform in [0, 1).
func (b *Backoff) Pause(scenario int, took time.Duration, random float64) time.Duration {
	switch b.Mode {
	case Never:
		return 0
	case Fixed:
		return b.Wait
	default:
		return time.Duration(float64(max(b.expected(scenario)-took, 0)) * (0.5 + random))
	}
}

// Slowest returns the mean successful iteration of the slowest scenario; 0 when none succeeded yet.
func (b *Backoff) Slowest() time.Duration {
	var slowest float64
	for _, m := range b.means {
		slowest = max(slowest, m.value)
	}
	return time.Duration(slowest)
}

// Mean returns the mean successful iteration of a scenario; 0 when none succeeded yet.
func (b *Backoff) Mean(scenario int) time.Duration {
	if scenario >= len(b.means) {
		return 0
	}
	return time.Duration(b.means[scenario].value)
}

func (b *Backoff) expected(scenario int) time.Duration {
	if scenario < len(b.means) && b.means[scenario].n > 0 {
		return b.Mean(scenario)
	}
	if slowest := b.Slowest(); slowest > 0 {
		return slowest
	}
	return unknownIteration
}
