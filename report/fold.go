package report

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/redact"
)

// errTwoRuns says that records were put one behind the other.
var errTwoRuns = errors.New("a second run starts inside this record: keep one record a file; `plimsoll compare` takes several files")

// Times that are believed: up to about three years, windows from a microsecond on.
const (
	maxSeconds = 1e8
	shortest   = 1e-6
)

// Read folds a record. It fails on what is no record, is of a newer version,
// holds two runs, or is broken before its last line.
func Read(r io.Reader) (*Run, error) { return ReadWith(r) }

// ReadWith is [Read] with readings from elsewhere, which each of besides makes
// once the record's first row is known.
func ReadWith(r io.Reader, besides ...func(*record.Run) ([]record.Resources, error)) (*Run, error) {
	rows := record.NewReader(r)
	f := NewFold()
	for {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if err := f.Add(row); err != nil {
			return nil, err
		}
	}
	if !f.begun {
		return nil, record.ErrNotARecord
	}
	if rows.Cut() {
		f.warn("the last line is incomplete: the run was cut while it was written")
	}
	for _, more := range besides {
		readings, err := more(&f.run.Head)
		if err != nil {
			return nil, err
		}
		for i := range readings {
			if err := f.Add(&readings[i]); err != nil {
				return nil, err
			}
		}
	}
	return f.Run(), nil
}

// Fold is a Run in the making, for who has the rows at hand: it is made of
// the same rows that [Read] reads from a file.
type Fold struct {
	run     *Run
	begun   bool
	names   record.Names
	total   metric.Window
	seen    []span // of failures, by id
	errors  []record.Error
	sources map[string]*source
}

type span struct {
	first, last float64
	ok          bool
}

// NewFold returns an empty Fold.
func NewFold() *Fold {
	return &Fold{run: &Run{}, sources: map[string]*source{}}
}

func (f *Fold) warn(text string) {
	if !slices.Contains(f.run.Warnings, text) {
		f.run.Warnings = append(f.run.Warnings, text)
	}
}

// Add takes the next row, a pointer to one of record's types, which stays as it is.
func (f *Fold) Add(row any) error {
	switch row := row.(type) {
	case *record.Run:
		if f.begun {
			return errTwoRuns
		}
		f.begun = true
		f.run.Head = cleanHead(row)
	case *record.Names:
		row = redact.Row(row)
		f.names.Scenarios = append(f.names.Scenarios, row.Scenarios...)
		f.names.Endpoints = append(f.names.Endpoints, row.Endpoints...)
		f.names.Checks = append(f.names.Checks, row.Checks...)
		f.names.Failures = append(f.names.Failures, row.Failures...)
		f.names.Series = append(f.names.Series, row.Series...)
	case *record.Window:
		f.window(*row)
	case *record.Resources:
		f.resources(row)
	case *record.Hold:
		f.run.Holds = append(f.run.Holds, *redact.Row(row))
	case *record.Event:
		f.event(*redact.Row(row))
	case *record.Error:
		if len(f.errors) < maxExamples {
			f.errors = append(f.errors, *redact.Row(row))
		}
	case *record.End:
		end := *redact.Row(row)
		f.run.End = &end
	}
	return nil
}

// maxProxies bounds the proxies that are shown: a run has one for http and one for https.
const maxProxies = 4

func (f *Fold) event(e record.Event) {
	if e.Kind == record.EventConsole {
		f.run.Console = append(f.run.Console, e)
		return
	}
	if e.Kind == record.EventWarning {
		f.warn(e.Message)
	}
	f.run.Events = append(f.run.Events, e)
	if e.Kind != record.EventProxy || len(f.run.Proxies) == maxProxies || slices.Contains(f.run.Proxies, e.Message) {
		return
	}
	f.run.Proxies = append(f.run.Proxies, e.Message)
	if f.run.Head.Mode != record.ModeRun {
		f.warn("requests went through proxy " + e.Message + ": the limit may be the proxy's, and not the service's")
	}
}

// cleanHead is the first row without the values of flags and settings that are secret by their name.
func cleanHead(row *record.Run) record.Run {
	head := *redact.Row(row)
	head.Command = redact.Args(head.Command)
	head.Settings = slices.Clone(head.Settings)
	for i := range head.Settings {
		s := &head.Settings[i]
		s.Value = redact.Value(s.Name, s.Value)
	}
	return head
}

func (f *Fold) window(row record.Window) {
	end := (f.total.Start + f.total.Length).Seconds()
	placed := sane(row.StartS) && row.StartS >= end-0.5 && row.LengthS > shortest && sane(row.StartS+row.LengthS)
	if !placed {
		f.warn("a window lies outside the run's time: its counts are in the totals, not in the charts")
		row.StartS, row.LengthS = end, 0
	}
	w := row.Metric()
	f.total.Merge(&w)
	f.run.Total.VUsMax = max(f.run.Total.VUsMax, w.VUs)
	for id, c := range w.Failures {
		if c.Iterations+c.Requests == 0 {
			continue
		}
		for len(f.seen) <= id {
			f.seen = append(f.seen, span{})
		}
		if s := &f.seen[id]; !s.ok {
			*s = span{row.StartS, row.StartS, true}
		}
		f.seen[id].last = row.StartS + row.LengthS
	}
	if placed {
		f.run.Points = append(f.run.Points, point(&row, &w))
	}
}

func sane(s float64) bool { return s >= 0 && s < maxSeconds }

func point(row *record.Window, w *metric.Window) Point {
	p := Point{At: row.StartS, Length: row.LengthS, VUs: w.VUs, InFlight: w.InFlight, Dropped: w.Dropped.Total()}
	p.Started, p.OK, p.Failed = w.Iterations()
	ok, failed := w.Requests()
	p.Requests, p.RequestsKO = ok+failed, failed
	var latency metric.Histogram
	for i := range w.Endpoints {
		e := &w.Endpoints[i]
		p.BytesIn, p.BytesOut = p.BytesIn+e.BytesIn, p.BytesOut+e.BytesOut
		latency.Merge(e.Latency)
	}
	if latency.Count() == 0 {
		for i := range w.Scenarios {
			latency.Merge(w.Scenarios[i].Duration)
		}
	}
	p.Latency, p.Heat = QuantilesOf(latency), heat(latency)
	return p
}

func heat(h metric.Histogram) *[HeatBins]uint32 {
	if h.Count() == 0 {
		return nil
	}
	var bins [HeatBins]uint32
	for upTo, n := range h.Bars() {
		bin := int(math.Log(upTo.Seconds()/HeatFrom) / math.Log(HeatTo/HeatFrom) * HeatBins)
		bins[min(max(bin, 0), HeatBins-1)] += uint32(min(n, math.MaxUint32))
	}
	return &bins
}

// Read adds what the rows so far have of a metric of every run, see [metric.Window.Read].
func (f *Fold) Read(name string, into *metric.SeriesWindow) { f.total.Read(name, into) }

// Run is what the rows so far add up to. The Fold takes no more rows after it.
func (f *Fold) Run() *Run {
	r := f.run
	f.totals()
	for i := range f.total.Scenarios {
		if s := &f.total.Scenarios[i]; s.Started+s.OK+s.Failed > 0 {
			r.Scenarios = append(r.Scenarios, Row{
				Name: f.scenario(i), Count: s.OK + s.Failed, Failed: s.Failed,
				Requests: s.Requests, Latency: QuantilesOf(s.Duration),
			})
		}
	}
	for i := range f.total.Endpoints {
		if e := &f.total.Endpoints[i]; e.OK+e.Failed > 0 {
			name := f.endpoint(i)
			r.Endpoints = append(r.Endpoints, Row{
				Method: name.Method, Name: name.Name, Count: e.OK + e.Failed, Failed: e.Failed, Latency: QuantilesOf(e.Latency),
				Status: e.Status, Connections: e.Connections, BytesIn: e.BytesIn, Out: e.BytesOut,
			})
			slices.SortFunc(e.Status, func(a, b metric.StatusCount) int { return cmp.Compare(a.Status, b.Status) })
		}
	}
	slices.SortStableFunc(r.Endpoints, func(a, b Row) int { return cmp.Compare(b.Count, a.Count) })
	for i, c := range f.total.Checks {
		if c.Passed+c.Failed > 0 {
			check := f.check(i)
			check.Passed, check.Failed = c.Passed, c.Failed
			r.Checks = append(r.Checks, check)
		}
	}
	for i, s := range f.total.Series {
		if !s.Empty() {
			r.Metrics = append(r.Metrics, Metric{f.series(i), s})
		}
	}
	slices.SortStableFunc(r.Metrics, func(a, b Metric) int { return cmp.Compare(a.Name(), b.Name()) })
	f.groups()
	f.finishSources()
	return r
}

func (f *Fold) totals() {
	r, c := f.run, &f.run.Total
	r.Duration = f.total.Length.Seconds()
	c.Started, c.OK, c.Failed = f.total.Iterations()
	c.RequestsOK, c.RequestsFailed = f.total.Requests()
	c.Dropped = f.total.Dropped
	var latency, iteration, failed metric.Histogram
	for i := range f.total.Endpoints {
		e := &f.total.Endpoints[i]
		c.BytesIn, c.BytesOut = c.BytesIn+e.BytesIn, c.BytesOut+e.BytesOut
		c.Connections, c.Repeated = c.Connections+e.Connections, c.Repeated+e.Repeated
		latency.Merge(e.Latency)
	}
	for i := range f.total.Scenarios {
		iteration.Merge(f.total.Scenarios[i].Duration)
		failed.Merge(f.total.Scenarios[i].FailedDuration)
	}
	for _, k := range f.total.Checks {
		c.ChecksPassed, c.ChecksFail = c.ChecksPassed+k.Passed, c.ChecksFail+k.Failed
	}
	c.Latency, c.Iteration, c.Lateness = QuantilesOf(latency), QuantilesOf(iteration), QuantilesOf(f.total.Lateness)
	c.IterationMean, c.FailedMean = seconds(iteration.Mean()), seconds(failed.Mean())
}

func seconds(d time.Duration) float64 { return d.Seconds() }

func (f *Fold) scenario(id int) string {
	if id < len(f.names.Scenarios) {
		return f.names.Scenarios[id]
	}
	return fmt.Sprintf("(scenario %d)", id)
}

func (f *Fold) endpoint(id int) metric.Endpoint {
	if id < len(f.names.Endpoints) {
		return f.names.Endpoints[id]
	}
	return metric.Endpoint{Name: fmt.Sprintf("(endpoint %d)", id)}
}

func (f *Fold) check(id int) Check {
	if id < len(f.names.Checks) {
		c := f.names.Checks[id]
		return Check{Scenario: f.scenario(int(c.Scenario)), Name: c.Name}
	}
	return Check{Name: fmt.Sprintf("(check %d)", id)}
}

func (f *Fold) series(id int) metric.Series {
	if id < len(f.names.Series) {
		return f.names.Series[id]
	}
	return metric.Series{Metric: fmt.Sprintf("(metric %d)", id)}
}

func (f *Fold) failure(id int) metric.Failure {
	if id < len(f.names.Failures) {
		return f.names.Failures[id]
	}
	return metric.Failure{Kind: "unknown", Message: fmt.Sprintf("(failure %d)", id)}
}

// groups gathers failures by kind, the most frequent first.
func (f *Fold) groups() {
	byKind := map[string]*Group{}
	for id, c := range f.total.Failures {
		if c.Iterations+c.Requests == 0 {
			continue
		}
		x := Failure{Failure: f.failure(id), Iterations: c.Iterations, Requests: c.Requests}
		x.First, x.Last = f.seen[id].first, f.seen[id].last
		g := byKind[x.Kind]
		if g == nil {
			g = &Group{Kind: x.Kind}
			byKind[x.Kind] = g
		}
		g.Iterations, g.Requests, g.Messages = g.Iterations+c.Iterations, g.Requests+c.Requests, g.Messages+1
		g.All = append(g.All, x)
	}
	for i := range f.errors {
		example := f.example(&f.errors[i])
		if g := byKind[example.Why.Kind]; g != nil {
			g.Examples = append(g.Examples, example)
		}
	}
	for _, g := range byKind {
		slices.SortStableFunc(g.All, func(a, b Failure) int {
			return cmp.Or(cmp.Compare(b.Iterations, a.Iterations), cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.First, b.First))
		})
		g.Sample = g.All[0]
		f.run.Failures = append(f.run.Failures, *g)
	}
	slices.SortFunc(f.run.Failures, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Iterations, a.Iterations), cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Kind, b.Kind))
	})
}

// OfResources is what is shown of resources alone: a run without any load.
func OfResources(started time.Time, rows []record.Resources) (*Run, error) {
	fold := NewFold()
	if err := fold.Add(&record.Run{SchemaVersion: record.SchemaVersion, Mode: "resources", Started: started}); err != nil {
		return nil, err
	}
	for i := range rows {
		if err := fold.Add(&rows[i]); err != nil {
			return nil, err
		}
	}
	return fold.Run(), nil
}
