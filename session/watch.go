package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/monitor"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// monitorEvery is how often resources are read.
const monitorEvery = 250 * time.Millisecond

// openSources opens what is to be watched of the target. Where nothing was
// named it is what listens where the script's SERVER_URL points, if that is on
// this machine: a look that may fail.
func (s *Session) openSources(ctx context.Context) error {
	texts, asked, url := s.o.Monitor, true, s.env["SERVER_URL"]
	if len(texts) == 0 {
		texts = s.o.Test.Monitor
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
		s.rec.tell(Event{Kind: Notice, Text: fmt.Sprintf("the target's resources are not watched: %v", err)})
		return nil
	}
	if err != nil {
		return fmt.Errorf("--monitor: %w", err)
	}
	return nil
}

// watchResources reads the generator's own resources, and what was asked for, into the record until ctx ends.
func (s *Session) watchResources(ctx context.Context, h *health) {
	watcher := monitor.NewWatcher(s.rec.start, monitorEvery, func(r record.Resources) {
		h.row(r)
		s.rec.row(&r)
	})
	sources := append(s.sources, monitor.Generator())
	s.sources = nil // the watcher closes them
	watcher.Run(ctx, sources...)
}

// closeSources closes the sources of a session that opened them and did not begin.
func (s *Session) closeSources() (err error) {
	for _, source := range s.sources {
		err = errors.Join(err, source.Close())
	}
	s.sources = nil
	return err
}

// tick collects what happened since the last tick and shows it to all who listen.
func (s *Session) tick() metric.Window {
	s.vus = s.load.VUs()
	return s.collect(s.vus)
}

// lastTick collects what is left when the load has ended. Its users have gone
// by now; they were there for a part of what is collected.
func (s *Session) lastTick() {
	if s.vus < 0 { // a run that is over before its first tick had users, too
		s.vus = int(s.spawned.Load())
	}
	s.collect(s.vus)
}

func (s *Session) collect(vus int) metric.Window {
	w := s.metrics.Collect(time.Now(), vus)
	w.InFlight += s.load.Waiting()
	w.Lateness = s.load.Lateness()
	s.blame(&w)
	s.rec.window(&w)
	s.ended.add(&w, s.kinds.own(&w))
	s.tellProxies()
	s.tellEncodings()
	if s.o.Mode == plan.Run {
		s.objectives.add(&w, s.kinds.timedOut)
	}
	return w
}

// blame finds which arrivals were not sent because the generator itself had no processor time, files or memory left: its
// VUs are busy for as long as it is, and do not start.
func (s *Session) blame(w *metric.Window) {
	d, busy, lacking := &w.Dropped, s.health.busy(), s.kinds.lacking(w)
	if d.NoVU > 0 && (busy || late(w)) {
		d.Starved, d.NoVU = d.Starved+d.NoVU, 0
	}
	if busy || lacking {
		d.Starved, d.Refused = d.Starved+d.Refused, 0
	}
}

// lateFloor is what a generator may be late: less is not felt.
const lateFloor = 10 * time.Millisecond

// late says whether the generator was so late that its arrivals came in bursts: by more than half of an iteration, which
// needs more VUs than even ones do.
func late(w *metric.Window) bool {
	var took time.Duration
	var n int64
	for i := range w.Scenarios {
		d := &w.Scenarios[i].Duration
		took, n = took+d.Mean()*time.Duration(d.Count()), n+d.Count()
	}
	return w.Lateness.Quantile(.99) > max(lateFloor, took/time.Duration(2*max(n, 1)))
}
