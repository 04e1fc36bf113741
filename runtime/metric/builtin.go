package metric

import (
	"maps"
	"slices"
)

// Builtin is the kind of a metric that every run has.
func Builtin(name string) (kind Kind, isTime, ok bool) {
	if b, ok := builtins[name]; ok {
		return b.kind, b.time, true
	}
	kind, ok = reserved[name]
	return kind, false, ok
}

// Filtered says whether a metric can be asked for by tags, see [Collector.Subscribe].
func Filtered(name string) bool {
	_, counted := reserved[name]
	return !counted
}

// Carries says whether samples of a metric have a tag by themselves. Others are
// own tags: those of scenarios, and of the values of own metrics, of which any may be.
func Carries(name, key string) bool {
	b, ok := builtins[name]
	return !ok || dimensionOf(b.of, key) != byTags
}

// Find is the kind of any metric of a test, an own one too.
func (n *Names) Find(name string) (kind Kind, isTime, ok bool) {
	if kind, isTime, ok = Builtin(name); ok {
		return kind, isTime, ok
	}
	m, ok := n.metric(name)
	return m.Kind, m.Time, ok
}

// Metrics lists the metrics of a test, its own ones too.
func (n *Names) Metrics() []string {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return slices.Sorted(func(yield func(string) bool) {
		for _, from := range []func(func(string) bool){keys(builtins), keys(reserved), keys(n.metrics)} {
			for name := range from {
				if !yield(name) {
					return
				}
			}
		}
	})
}

func keys[V any](m map[string]V) func(func(string) bool) { return maps.Keys(m) }

// Read adds what a window has of a whole metric: of all samples, whatever
// their tags. It costs the hot path nothing, for the window has it anyway.
func (w *Window) Read(name string, into *SeriesWindow) {
	switch name {
	case "http_req_duration":
		for i := range w.Endpoints {
			into.mergeTimes(w.Endpoints[i].Latency)
		}
	case "iteration_duration":
		for i := range w.Scenarios {
			into.mergeTimes(w.Scenarios[i].Duration)
			into.mergeTimes(w.Scenarios[i].FailedDuration)
		}
	case "vus":
		into.Merge(gauge(w, w.VUs))
	case "vus_max":
		into.Merge(gauge(w, max(w.VUs, int(into.Last))))
	default:
		n, of := w.tally(name)
		into.Count, into.Sum = into.Count+of, sum(into.Sum, float64(n))
	}
}

// tally is what a counter or a rate comes to: the sum, and how many samples it is of.
func (w *Window) tally(name string) (n, of uint64) {
	switch name {
	case "http_reqs", "http_req_failed", "data_sent", "data_received":
		return w.tallyRequests(name)
	case "iterations", "iteration_failed":
		_, ok, failed := w.Iterations()
		if name == "iterations" {
			return ok + failed, ok + failed
		}
		return failed, ok + failed
	case "checks":
		for _, c := range w.Checks {
			n, of = n+c.Passed, of+c.Passed+c.Failed
		}
	case "dropped_iterations":
		n = w.Dropped.Total()
		of = n
	}
	return n, of
}

func (w *Window) tallyRequests(name string) (n, of uint64) {
	ok, failed := w.Requests()
	of = ok + failed
	switch name {
	case "http_reqs":
		n = of
	case "http_req_failed":
		n = failed
	default:
		for i := range w.Endpoints {
			if name == "data_sent" {
				n += w.Endpoints[i].BytesOut
			} else {
				n += w.Endpoints[i].BytesIn
			}
		}
	}
	return n, of
}

// mergeTimes adds durations, to a histogram's precision, in seconds.
func (s *SeriesWindow) mergeTimes(h Histogram) {
	n := uint64(h.Count()) //nolint:gosec // counts are not negative
	if n == 0 {
		return
	}
	least, most := h.Min().Seconds(), h.Max().Seconds()
	if s.Count == 0 {
		s.Min, s.Max = least, most
	}
	s.Count, s.Sum = s.Count+n, sum(s.Sum, h.Mean().Seconds()*float64(n))
	s.Min, s.Max = min(s.Min, least), max(s.Max, most)
	s.Above.Merge(h)
}

func gauge(w *Window, n int) *SeriesWindow {
	v := float64(n)
	return &SeriesWindow{Count: 1, Min: v, Max: v, Last: v, At: (w.Start + w.Length).Seconds()}
}
