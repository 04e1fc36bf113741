//go:build real

package main_test

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"testing"
)

// What services of package target carry, from their documented models alone.
// Loads are in multiples of the capacity; the truth of a service that rejects
// is its goodput at the arrivals of which the tolerated share fails.

const tolerated = 0.05

// largestLoad is the largest load in [lo, hi] that holds, if all smaller ones do.
func largestLoad(lo, hi float64, holds func(load float64) bool) float64 {
	for range 18 {
		if x := (lo + hi) / 2; holds(x) {
			lo = x
		} else {
			hi = x
		}
	}
	return lo
}

// goodputAtTolerance is the goodput where the tolerated share fails: by
// rejections, and by base failures, which cost the service nothing.
func goodputAtTolerance(base float64, rejected func(load float64) float64) float64 {
	return (1 - tolerated) * largestLoad(.5, 1.5, func(load float64) bool {
		return base+(1-base)*rejected(load*(1-base)) <= tolerated
	})
}

// rejectedFixed is the share that M/D/c with so many places to wait turns away, by a long run.
func rejectedFixed(load float64, servers, places int) float64 {
	const arrivals = 1_000_000
	rng := rand.New(rand.NewPCG(7, 11))
	ends := make([]float64, servers)  // of the last requests: with equal service they end in order
	starts := make([]float64, places) // of the last requests: who came `places` before and has not begun fills the queue
	now, taken, rejected := 0.0, 0, 0
	for range arrivals {
		now += rng.ExpFloat64() / (load * float64(servers))
		start := max(now, ends[taken%servers])
		if start > now && starts[taken%places] > now {
			rejected++
			continue
		}
		ends[taken%servers], starts[taken%places] = start+1, start
		taken++
	}
	return float64(rejected) / arrivals
}

// rejectedExponential is the same for exponential service: Erlang's B, then the queue place by place.
func rejectedExponential(load float64, servers, places int) float64 {
	a, b := load*float64(servers), 1.0
	for n := 1; n <= servers; n++ {
		b = a * b / (float64(n) + a*b)
	}
	for range places {
		b = load * b / (1 + load*b)
	}
	return b
}

// late is the share of M/M/c that takes longer than so many mean service times.
func late(load float64, servers int, times float64) float64 {
	c := float64(servers)
	if load >= 1 {
		return 1
	}
	b := rejectedExponential(load, servers, 0)
	wait := b / (1 - load*(1-b)) // Erlang's C
	k := c*(1-load) - 1
	extra := times
	if math.Abs(k) > 1e-9 {
		extra = (1 - math.Exp(-times*k)) / k
	}
	return math.Exp(-times) * (1 + wait*extra)
}

// The target's retrograde model.
const (
	peakUsers   = 16
	contention  = .02
	insidePlace = 300
	noWayBack   = 100 // in flight after the minute: it has collapsed
)

// survivable is the load that a retrograde service of a capacity carries for a minute in nine runs of ten.
func survivable(capacity float64) float64 {
	const minutes = 60
	return largestLoad(.5, 1.2, func(load float64) bool {
		good := 0
		for seed := range uint64(minutes) {
			if carriesAMinute(capacity, load*capacity, seed) {
				good++
			}
		}
		return good >= minutes*9/10
	})
}

func carriesAMinute(capacity, rate float64, seed uint64) bool {
	rng := rand.New(rand.NewPCG(seed, 5))
	coherency := (1 - contention) / float64(peakUsers*peakUsers)
	slower := func(n float64) float64 { return 1 + contention*(n-1) + coherency*n*(n-1) }
	alone := capacity / peakUsers * slower(peakUsers)
	var inside ends
	arrived, rejected := 0, 0
	for now := 0.0; now < 60; now += rng.ExpFloat64() / rate {
		for len(inside) > 0 && inside[0] <= now {
			heap.Pop(&inside)
		}
		arrived++
		if len(inside) >= insidePlace {
			rejected++
			continue
		}
		heap.Push(&inside, now+slower(float64(len(inside)+1))/alone)
	}
	return len(inside) < noWayBack && float64(rejected) <= tolerated*float64(arrived)
}

// ends is a heap, the earliest first.
type ends []float64

func (e ends) Len() int           { return len(e) }
func (e ends) Less(i, j int) bool { return e[i] < e[j] }
func (e ends) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *ends) Push(x any)        { *e = append(*e, x.(float64)) }
func (e *ends) Pop() any {
	last := len(*e) - 1
	x := (*e)[last]
	*e = (*e)[:last]
	return x
}

func TestRealSizingTruthsAreThoseOfTheLiterature(t *testing.T) {
	near := func(what string, got, want, part float64) {
		t.Helper()
		if math.Abs(got/want-1) > part {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	near("M/M/20/220 within 5 %", goodputAtTolerance(0, func(l float64) float64 { return rejectedExponential(l, 20, 200) }), 1.0526*.95, .001)
	near("M/D/20 with 200 places", goodputAtTolerance(0, func(l float64) float64 { return rejectedFixed(l, 20, 200) }), 1.0529*.95, .002)
	near("M/M/20 with 95 % within 5 service times", largestLoad(.1, 1, func(l float64) bool { return late(l, 20, 5) <= .05 }), .9589, .001)
	near("M/M/1 waits by e^-(1-ρ)t", late(.5, 1, 4), math.Exp(-2), .001)
	if s := survivable(400); s < .7 || s > 1 {
		t.Errorf("a retrograde service survives %v of its peak", s)
	}
}
