package bottleneck

import (
	"sync"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// Of a long run so much is kept for saying what limited the service; beyond it, neighbours are merged or thinned out.
const (
	evidenceWindows  = 600
	evidenceReadings = 20_000
)

// Fold collects the rows of a run that a bottleneck is told from, bounded. It
// is safe for concurrent use.
type Fold struct {
	mu     sync.Mutex
	closed bool
	input  Input
	kinds  []string // of failures, by id
}

// kindOwn is the kind of failures for want of something of the generator's: engine.KindGenerator.
const kindOwn = "generator"

// Close ends the collecting: later rows count for nothing.
func (f *Fold) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
}

// Add takes a row of the record.
func (f *Fold) Add(row any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	switch row := row.(type) {
	case *record.Names:
		for _, failure := range row.Failures {
			f.kinds = append(f.kinds, failure.Kind)
		}
	case *record.Hold:
		f.input.Holds = append(f.input.Holds, *row)
	case *record.Window:
		for _, failure := range row.Failures {
			if int(failure.ID) < len(f.kinds) && f.kinds[failure.ID] == kindOwn {
				f.input.Own += failure.Iterations
			}
		}
		f.input.Windows = append(f.input.Windows, withoutLatency(*row))
		if len(f.input.Windows) > evidenceWindows {
			f.input.Windows = merged(f.input.Windows)
		}
	case *record.Resources:
		f.input.Resources = append(f.input.Resources, *row)
		if len(f.input.Resources) > evidenceReadings {
			f.input.Resources = thinned(f.input.Resources)
		}
	}
}

// withoutLatency drops the endpoints' histograms, which nothing here needs.
func withoutLatency(w record.Window) record.Window {
	endpoints := make([]record.EndpointCounts, len(w.Endpoints))
	copy(endpoints, w.Endpoints)
	for i := range endpoints {
		endpoints[i].Latency = metric.Histogram{}
	}
	w.Endpoints = endpoints
	return w
}

// merged makes one window of each two.
func merged(windows []record.Window) []record.Window {
	half := windows[:0]
	for i := 0; i+1 < len(windows); i += 2 {
		w, next := windows[i].Metric(), windows[i+1].Metric()
		w.Merge(&next)
		half = append(half, record.NewWindow(&w))
	}
	if len(windows)%2 == 1 {
		half = append(half, windows[len(windows)-1])
	}
	return half
}

// thinned keeps each source's every second reading, and all that tell of a gap or a kill.
func thinned(rows []record.Resources) []record.Resources {
	seen := map[string]int{}
	half := rows[:0]
	for _, r := range rows {
		seen[r.Source]++
		if seen[r.Source]%2 == 0 || r.Note != "" || r.State != "" || r.Values[record.MemoryOOMKills] > 0 {
			half = append(half, r)
		}
	}
	return half
}

// Attribute says what limited the service. The sizing is nil for a plain run.
func (f *Fold) Attribute(s *record.Sizing, tolerance float64) *record.Bottleneck {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.input.Sizing, f.input.Tolerance = s, tolerance
	b := Attribute(f.input)
	return &b
}

// MoreHolds says which further loads would decide what limited the service, where that is not sure.
func (f *Fold) MoreHolds(tolerance float64) []record.HoldRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.input.Tolerance = tolerance
	return MoreHolds(f.input)
}
