package monitor

import (
	"context"
	"math"
	"os"
	"runtime/metrics"
	"strconv"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// Names of the Go runtime's metrics that tell whether the generator is late by its own fault.
const (
	goSchedWait  = "/sched/latencies:seconds"
	goPauses     = "/sched/pauses/total/gc:seconds"
	goGCCPU      = "/cpu/classes/gc/total:cpu-seconds"
	goIdleCPU    = "/cpu/classes/idle:cpu-seconds"
	goTotalCPU   = "/cpu/classes/total:cpu-seconds"
	goHeap       = "/memory/classes/heap/objects:bytes"
	goGoroutines = "/sched/goroutines:goroutines"
)

// generator watches this program, as any other process, and what its runtime tells.
type generator struct {
	process Source
	samples []metrics.Sample
	before  map[string][]uint64 // counts of the histograms
	rates   rates
	busy    float64 // seconds of CPU time, as told last
}

// Generator watches this program.
func Generator() Source {
	g := &generator{before: map[string][]uint64{}}
	for _, name := range []string{goSchedWait, goPauses, goGCCPU, goIdleCPU, goTotalCPU, goHeap, goGoroutines} {
		g.samples = append(g.samples, metrics.Sample{Name: name})
	}
	if linux() {
		p := newProcess(tree{}, record.KindGenerator, func() ([]string, error) { return []string{strconv.Itoa(os.Getpid())}, nil })
		p.alone = true
		g.process = p
	} else {
		g.process = newPortableProcess(record.KindGenerator, []int32{int32(os.Getpid())}) //nolint:gosec // pids fit
	}
	return g
}

func (g *generator) Name() string { return record.KindGenerator }

func (g *generator) Close() error { return g.process.Close() }

func (g *generator) Read(ctx context.Context) ([]record.Resources, error) {
	rows, err := g.process.Read(ctx)
	if err != nil {
		return nil, err
	}
	g.runtime(rows[0].Values)
	return rows, nil
}

// runtime notes what the Go runtime tells; what it no longer knows is left out.
func (g *generator) runtime(values map[string]float64) {
	metrics.Read(g.samples)
	cpu := map[string]float64{}
	for _, s := range g.samples {
		switch s.Value.Kind() {
		case metrics.KindFloat64Histogram:
			if s.Name == goSchedWait {
				g.quantile(values, record.SchedWaitS, s)
			} else {
				g.quantile(values, record.GCPauseS, s)
			}
		case metrics.KindFloat64:
			cpu[s.Name] = s.Value.Float64()
		case metrics.KindUint64:
			name := record.HeapBytes
			if s.Name == goGoroutines {
				name = record.Goroutines
			}
			values[name] = float64(s.Value.Uint64())
		default: // this runtime does not have it
		}
	}
	if len(cpu) < 3 {
		return
	}
	// these are renewed once a collection only: between two the share is unknown
	if busy := cpu[goTotalCPU] - cpu[goIdleCPU]; busy != g.busy {
		r := g.rates.begin(record.KindGenerator)
		r.Values = values
		r.ratio(record.GCCPU, cpu[goGCCPU], busy)
		g.busy = busy
	}
}

// quantile notes the 99th percentile of what was added to a histogram since the reading before.
func (g *generator) quantile(values map[string]float64, name string, s metrics.Sample) {
	if s.Value.Kind() != metrics.KindFloat64Histogram {
		return
	}
	h := s.Value.Float64Histogram()
	before := g.before[s.Name]
	if len(before) == len(h.Counts) {
		if v, ok := percentile99(h, before); ok {
			values[name] = v
		}
	} else {
		before = make([]uint64, len(h.Counts))
	}
	copy(before, h.Counts)
	g.before[s.Name] = before
}

// percentile99 is the upper bound of the bucket that holds it; false when nothing was added.
func percentile99(h *metrics.Float64Histogram, before []uint64) (float64, bool) {
	var total uint64
	for i, n := range h.Counts {
		if n < before[i] {
			return 0, false // it was begun anew
		}
		total += n - before[i]
	}
	if total == 0 {
		return 0, false
	}
	rest := total / 100
	for i := len(h.Counts) - 1; i >= 0; i-- {
		n := h.Counts[i] - before[i]
		if n > rest {
			if upper := h.Buckets[i+1]; !math.IsInf(upper, 0) {
				return upper, true
			}
			return h.Buckets[i], true
		}
		rest -= n
	}
	return 0, false
}
