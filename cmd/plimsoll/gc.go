package main

import (
	"math"
	"runtime/debug"
)

// A load generator makes much short-lived garbage and keeps little: collecting
// it rarely is cheaper by a tenth of the processor time a request. The soft
// limit makes the collector work harder before memory runs out.
const (
	collectorPercent = 400
	memoryShare      = 0.5 // of the machine's or the cgroup's memory
)

// collector is what the garbage collector was set to.
type collector struct {
	percent int   // GOGC
	limit   int64 // bytes; math.MaxInt64: none
}

// tune sets the garbage collector, unless the environment does.
func (p process) tune(memory uint64) collector {
	c := collector{percent: collectorPercent, limit: math.MaxInt64}
	if p.env("GOGC") == "" {
		debug.SetGCPercent(c.percent)
	} else {
		c.percent = debug.SetGCPercent(collectorPercent)
		debug.SetGCPercent(c.percent)
	}
	if p.env("GOMEMLIMIT") == "" && memory > 0 {
		debug.SetMemoryLimit(int64(float64(memory) * memoryShare))
	}
	c.limit = debug.SetMemoryLimit(-1)
	return c
}
