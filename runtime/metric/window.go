package metric

import "time"

// Window is what happened in one slice of time.
type Window struct {
	Start  time.Duration // since the start of the run
	Length time.Duration

	VUs      int // running at its end
	InFlight int // iterations under way at its end; in an open load also those that are due and wait for a virtual user

	Dropped  Dropped   // arrivals that could not start (open load)
	Lateness Histogram // the generator's own: from when an iteration was due to its start, where a virtual user was free (open load)

	Scenarios []ScenarioWindow // by ScenarioID
	Endpoints []EndpointWindow // by EndpointID
	Checks    []CheckWindow    // by CheckID
	Failures  []FailureWindow  // by FailureID
	Series    []SeriesWindow   // by SeriesID: own metrics, and submetrics of any that something subscribed to

	Names *Names // what the ids mean; nil in windows that meet only those of the same names
}

// ScenarioWindow counts the iterations of one scenario.
type ScenarioWindow struct {
	Started        uint64    `json:"started"`
	OK             uint64    `json:"ok"`
	Failed         uint64    `json:"failed"`
	Requests       uint64    `json:"requests"`          // requests of the iterations that ended
	Duration       Histogram `json:"duration,omitzero"` // of successful iterations
	FailedDuration Histogram `json:"failed_duration,omitzero"`
}

// EndpointWindow counts the requests of one endpoint.
type EndpointWindow struct {
	OK          uint64        `json:"ok"`
	Failed      uint64        `json:"failed"`
	BytesIn     uint64        `json:"bytes_in"`
	BytesOut    uint64        `json:"bytes_out"`
	Connections uint64        `json:"connections,omitempty"` // requests that opened a connection
	Repeated    uint64        `json:"repeated,omitempty"`    // see Sample.Repeated
	Status      []StatusCount `json:"status,omitempty"`
	Latency     Histogram     `json:"latency,omitzero"` // of all requests, failed ones included
}

// Dropped counts arrivals that were due and did not start, by reason.
type Dropped struct {
	NoVU    uint64 `json:"no_vu,omitempty"`   // every virtual user was busy, and the plan allows no more
	Refused uint64 `json:"refused,omitempty"` // none was free, and the last that was to be made could not start: its beforeVU failed
	Unmade  uint64 `json:"unmade,omitempty"`  // none was free, and the generator did not make one in time
	Starved uint64 `json:"starved,omitempty"` // as the first two, but the generator's own processors, files or memory were the reason
	Late    uint64 `json:"late,omitempty"`    // the generator itself came too late
}

// Total is how many arrivals were dropped.
func (d Dropped) Total() uint64 { return d.NoVU + d.Refused + d.Own() }

// Own is how many of them were for want of something of the generator's.
func (d Dropped) Own() uint64 { return d.Unmade + d.Starved + d.Late }

// Add adds others.
func (d *Dropped) Add(o Dropped) {
	d.NoVU += o.NoVU
	d.Refused += o.Refused
	d.Unmade += o.Unmade
	d.Starved += o.Starved
	d.Late += o.Late
}

// StatusCount counts responses of one status; status 0 is no response at all.
type StatusCount struct {
	Status uint16 `json:"status"`
	Count  uint64 `json:"count"`
}

// CheckWindow counts the results of one check.
type CheckWindow struct {
	Passed uint64 `json:"passed"`
	Failed uint64 `json:"failed"`
}

// FailureWindow counts how often a failure ended an iteration, and how often it ended a request.
type FailureWindow struct {
	Iterations uint64 `json:"iterations"`
	Requests   uint64 `json:"requests"`
}

// Iterations sums over the scenarios.
func (w *Window) Iterations() (started, ok, failed uint64) {
	for i := range w.Scenarios {
		s := &w.Scenarios[i]
		started, ok, failed = started+s.Started, ok+s.OK, failed+s.Failed
	}
	return started, ok, failed
}

// Requests sums over the endpoints.
func (w *Window) Requests() (ok, failed uint64) {
	for i := range w.Endpoints {
		ok, failed = ok+w.Endpoints[i].OK, failed+w.Endpoints[i].Failed
	}
	return ok, failed
}

func (e *EndpointWindow) countStatus(status uint16, n uint64) {
	for i := range e.Status {
		if e.Status[i].Status == status {
			e.Status[i].Count += n
			return
		}
	}
	e.Status = append(e.Status, StatusCount{status, n})
}

// at returns the i-th element of a slice that grows as needed.
func at[T any](s *[]T, i int) *T {
	for len(*s) <= i {
		*s = append(*s, *new(T))
	}
	return &(*s)[i]
}

// reset empties the window and keeps its memory.
func (w *Window) reset() {
	w.Dropped = Dropped{}
	w.Lateness.Reset()
	for i := range w.Scenarios {
		s := &w.Scenarios[i]
		s.Duration.Reset()
		s.FailedDuration.Reset()
		*s = ScenarioWindow{Duration: s.Duration, FailedDuration: s.FailedDuration}
	}
	for i := range w.Endpoints {
		e := &w.Endpoints[i]
		e.Latency.Reset()
		*e = EndpointWindow{Latency: e.Latency, Status: e.Status[:0]}
	}
	for i := range w.Series {
		w.Series[i].Reset()
	}
	clear(w.Checks)
	clear(w.Failures)
}
