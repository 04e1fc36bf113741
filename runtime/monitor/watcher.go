package monitor

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// Bounds of the watcher's patience.
const (
	minTimeout  = 2 * time.Second  // of one reading
	noteAgain   = 10 * time.Second // a gap that lasts is told again
	clockJumped = time.Second      // wall clock against monotonic clock
)

// Watcher reads sources, each on a goroutine of its own, so that a slow one
// delays no other, and hands rows to one function, one at a time.
type Watcher struct {
	start    time.Time
	interval time.Duration
	emit     func(record.Resources)

	mu    sync.Mutex
	costs []Cost
	ended bool
}

// Cost is what watching one source has taken.
type Cost struct {
	Source   string
	Readings int           // that succeeded
	Failed   int           // that did not
	Spent    time.Duration // in all readings together, waiting for answers included
}

// NewWatcher returns a watcher of a run that began at start. It reads each
// source every interval (250 ms to 1 s is sensible); emit is called for each row.
func NewWatcher(start time.Time, interval time.Duration, emit func(record.Resources)) *Watcher {
	return &Watcher{start: start, interval: interval, emit: emit}
}

// Run watches until ctx ends; no row is emitted after it returned. It closes the sources.
func (w *Watcher) Run(ctx context.Context, sources ...Source) {
	var all sync.WaitGroup
	for _, s := range sources {
		w.mu.Lock()
		w.costs = append(w.costs, Cost{Source: s.Name()})
		cost := len(w.costs) - 1
		w.mu.Unlock()
		all.Go(func() { w.watch(ctx, s, cost) })
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	<-ctx.Done()
	patience := time.NewTimer(minTimeout)
	defer patience.Stop()
	select {
	case <-done:
	case <-patience.C: // a reading that hangs in the kernel must not keep the run from ending
	}
	w.mu.Lock()
	w.ended = true
	w.mu.Unlock()
}

// Costs says what watching has taken up to now.
func (w *Watcher) Costs() []Cost {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.costs)
}

// watch reads one source until ctx ends. A reading that takes longer than the
// interval makes the following ones fall out: the ticker keeps one back at most.
func (w *Watcher) watch(ctx context.Context, s Source, cost int) {
	defer func() { _ = s.Close() }() // nothing of the run depends on it
	interval := w.interval
	if p, ok := s.(pacer); ok {
		interval = max(interval, p.every())
	}
	ticks := time.NewTicker(interval)
	defer ticks.Stop()
	g := gap{}
	for {
		w.once(ctx, s, &g, cost)
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
	}
}

// gap remembers what was last said of a source.
type gap struct {
	note string
	at   time.Time
	wall time.Time
}

// once takes one reading.
func (w *Watcher) once(ctx context.Context, s Source, g *gap, cost int) {
	began := time.Now()
	limited, cancel := context.WithTimeout(ctx, max(minTimeout, 4*w.interval))
	rows, err := s.Read(limited)
	cancel()
	if ctx.Err() != nil {
		return
	}
	now := time.Now()
	w.spent(cost, now.Sub(began), err == nil)
	at := now.Sub(w.start).Seconds()
	w.clock(s, g, now)
	if err != nil {
		note := err.Error()
		if note != g.note || now.Sub(g.at) >= noteAgain {
			w.send(record.Resources{AtS: at, Source: s.Name(), Values: map[string]float64{}, Note: note, State: stateOf(err)})
			g.note, g.at = note, now
		}
		return
	}
	g.note = ""
	for _, r := range rows {
		keepKnown(&r)
		r.AtS = at
		if len(rows) == 1 && r.Values != nil {
			r.Values[record.SampleS] = now.Sub(began).Seconds()
		}
		w.send(r)
	}
}

// keepKnown takes out of a row what no record can hold, or what is no use of
// anything: sources leave it out themselves, and none can forget to.
func keepKnown(r *record.Resources) {
	told := r.Kind() == record.KindPrometheus // a service's own values may be negative
	for _, all := range []map[string]float64{r.Values, r.Limits} {
		maps.DeleteFunc(all, func(_ string, v float64) bool {
			return math.IsNaN(v) || math.IsInf(v, 0) || (v < 0 && !told)
		})
	}
}

// clock notes when the wall clock was set: series of other machines no longer line up then.
func (w *Watcher) clock(s Source, g *gap, now time.Time) {
	wall := now.Round(0) // without the monotonic part
	if !g.wall.IsZero() {
		elapsed := now.Sub(w.start)
		if jump := wall.Sub(g.wall) - elapsed; jump.Abs() > clockJumped {
			w.send(record.Resources{
				AtS: elapsed.Seconds(), Source: s.Name(), Values: map[string]float64{},
				Note: fmt.Sprintf("the clock was set by %+.1f s", jump.Seconds()),
			})
			g.wall = wall.Add(-elapsed)
		}
		return
	}
	g.wall = wall.Add(-now.Sub(w.start))
}

func (w *Watcher) spent(cost int, d time.Duration, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := &w.costs[cost]
	c.Spent += d
	if ok {
		c.Readings++
	} else {
		c.Failed++
	}
}

func (w *Watcher) send(r record.Resources) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.ended {
		w.emit(r)
	}
}
