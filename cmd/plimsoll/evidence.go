package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/monitor"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/sizing"
	"github.com/plimsoll-load/plimsoll/sizing/bottleneck"
)

// Of a long run so much is kept for saying what limited the service; beyond it, neighbours are merged or thinned out.
const (
	evidenceWindows  = 600
	evidenceReadings = 20_000
)

// evidence is what a bottleneck is told from: the rows of a run, bounded.
type evidence struct {
	mu     sync.Mutex
	closed bool
	bottleneck.Input
}

// close takes in no more.
func (e *evidence) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
}

// add takes a row of the record.
func (e *evidence) add(row any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return
	}
	switch row := row.(type) {
	case *record.Hold:
		e.Holds = append(e.Holds, *row)
	case *record.Window:
		e.Windows = append(e.Windows, withoutLatency(*row))
		if len(e.Windows) > evidenceWindows {
			e.Windows = merged(e.Windows)
		}
	case *record.Resources:
		e.Resources = append(e.Resources, *row)
		if len(e.Resources) > evidenceReadings {
			e.Resources = thinned(e.Resources)
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
		if seen[r.Source]%2 == 0 || r.Note != "" || r.Values[record.MemoryOOMKills] > 0 {
			half = append(half, r)
		}
	}
	return half
}

// attribute says what limited the service.
func (e *evidence) attribute(s *record.Sizing, tolerance float64) *record.Bottleneck {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.Sizing, e.Tolerance = s, tolerance
	b := bottleneck.Attribute(e.Input)
	return &b
}

// wanted says which further loads would decide what limited the service, where that is not sure.
func (e *evidence) wanted(tolerance float64) []sizing.Wish {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.Tolerance = tolerance
	var all []sizing.Wish
	for _, w := range bottleneck.Wanted(e.Input) {
		all = append(all, sizing.Wish{Control: sizing.Control(w.Control), Level: w.Level, Seconds: w.LengthS, Why: w.Why})
	}
	return all
}

// openSources opens what --monitor names. Without the flag it is what listens
// where the script's SERVER_URL points, if that is on this machine: a look that may fail.
func (s *session) openSources(ctx context.Context, url string) error {
	texts, asked := s.settings.monitor, true
	if len(texts) == 0 {
		texts = s.settings.test.Monitor
	}
	if len(texts) == 0 {
		texts, asked = []string{"auto"}, false
	}
	specs, err := monitor.Parse(texts)
	if err != nil {
		return err
	}
	if !asked && url == "" {
		return nil
	}
	s.sources, err = monitor.Open(ctx, specs, monitor.Target{URL: url})
	if err != nil && !asked {
		s.progress.say("plimsoll: the target's resources are not watched: %v", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("--monitor: %w", err)
	}
	return nil
}
