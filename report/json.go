package report

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/plimsoll-load/plimsoll/runtime/failure"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// JSONVersion is raised when a reader of the former version would misread the object.
const JSONVersion = 1

// Summary is the object of `--json`, for run and size (where Sizing's keys
// join the totals). Times are seconds, sizes bytes, shares fractions. A number
// that is not known is null or not there.
type Summary struct {
	SchemaVersion int `json:"schema_version"`
	*record.Sizing
	Mode       record.Mode        `json:"mode"`
	Verdict    string             `json:"verdict"`
	Reason     string             `json:"reason"`
	ExitCode   *int               `json:"exit_code"` // null: the run was cut
	Script     string             `json:"script"`
	Seed       uint64             `json:"seed"`
	Load       LoadSummary        `json:"load"`
	Iterations IterationCounts    `json:"iterations"`
	Requests   RequestCounts      `json:"requests"`
	Checks     CheckCounts        `json:"checks"`
	Scenarios  []ScenarioRow      `json:"scenarios"`
	Endpoints  []EndpointRow      `json:"endpoints"`
	Metrics    []MetricRow        `json:"metrics"` // the script's own
	Errors     []ErrorGroup       `json:"errors"`
	Latency    *Quantiles         `json:"latency"`    // of requests
	Lateness   *Quantiles         `json:"lateness"`   // null: a closed load
	Thresholds []record.Threshold `json:"thresholds"` // what a run was to keep
	Resources  Readings           `json:"resources"`
	Generator  GeneratorState     `json:"generator"`
	// Bottleneck is what limited the service; null where that was not looked into.
	Bottleneck *record.Bottleneck `json:"bottleneck"`
	Machine    *MachineOf         `json:"machine,omitempty"` // the target's, of a sizing whose record names it
	Demo       *record.Demo       `json:"demo,omitempty"`
	Warnings   []string           `json:"warnings"`
	Teardown   string             `json:"teardown,omitempty"` // what failed in afterVU and afterAll
	Console    []ConsoleLine      `json:"console,omitempty"`  // the first lines that the script wrote; the record has more
	Record     string             `json:"record"`
	Repository *record.Repository `json:"repository,omitempty"` // that the scenario was cloned from
	Proxies    []string           `json:"proxies,omitempty"`    // that requests went through: HOST:PORT, or a URL where it is not plain HTTP
}

// maxConsole bounds the lines of the script's console.
const maxConsole = 100

// ConsoleLine is one line that the script wrote.
type ConsoleLine struct {
	AtS  float64 `json:"at_s"`
	Text string  `json:"text"`
}

// LoadSummary is what load was made.
type LoadSummary struct {
	VUsMax    int            `json:"vus_max"`
	Started   string         `json:"started"` // RFC 3339
	DurationS float64        `json:"duration_s"`
	Dropped   metric.Dropped `json:"dropped"`
}

// IterationCounts are counts of iterations; Rate is of those that ended.
type IterationCounts struct {
	Count    uint64     `json:"count"`
	OK       uint64     `json:"ok"`
	Failed   uint64     `json:"failed"`
	Unsent   uint64     `json:"unsent,omitempty"` // arrivals that were due and did not start: load.dropped says why
	Rate     *float64   `json:"rate"`
	Goodput  *float64   `json:"goodput"`
	Duration *Quantiles `json:"duration"` // of successful ones
}

// RequestCounts are counts of requests.
type RequestCounts struct {
	Count       uint64   `json:"count"`
	Failed      uint64   `json:"failed"`
	Rate        *float64 `json:"rate"`
	BytesIn     uint64   `json:"bytes_in"`
	BytesOut    uint64   `json:"bytes_out"`
	Connections uint64   `json:"connections"`
	Repeated    uint64   `json:"repeated"`
}

// CheckCounts are counts of checks.
type CheckCounts struct {
	Passed uint64     `json:"passed"`
	Failed uint64     `json:"failed"`
	ByName []CheckRow `json:"by_name"`
}

// CheckRow is one check.
type CheckRow struct {
	Scenario string `json:"scenario"`
	Name     string `json:"name"`
	Passed   uint64 `json:"passed"`
	Failed   uint64 `json:"failed"`
}

// ScenarioRow is one scenario.
type ScenarioRow struct {
	Name     string                 `json:"name"`
	Count    uint64                 `json:"count"`
	Failed   uint64                 `json:"failed"`
	Rate     *float64               `json:"rate"`
	Requests uint64                 `json:"requests"`
	Duration *Quantiles             `json:"duration"` // of successful iterations
	AtLimit  *record.ScenarioResult `json:"at_limit,omitempty"`
}

// EndpointRow is one endpoint.
type EndpointRow struct {
	Method   string            `json:"method"`
	Name     string            `json:"name"`
	Count    uint64            `json:"count"`
	Failed   uint64            `json:"failed"`
	Rate     *float64          `json:"rate"`
	Status   map[string]uint64 `json:"status"` // "0": no response
	BytesIn  uint64            `json:"bytes_in"`
	BytesOut uint64            `json:"bytes_out"`
	Latency  *Quantiles        `json:"latency"`
}

// ErrorGroup is all failures of a kind.
type ErrorGroup struct {
	Kind       string     `json:"kind"`
	Iterations uint64     `json:"iterations"`
	Requests   uint64     `json:"requests"`
	Samples    []ErrorRow `json:"samples"` // the most frequent first, at most ten
	Messages   int        `json:"messages"`
	// Examples are the first ones as they happened, at most ten: what was sent, and what came back.
	Examples []ErrorExample `json:"examples,omitempty"`
}

// ErrorExample is one failure as it happened.
type ErrorExample struct {
	AtS       float64           `json:"at_s"`
	Message   string            `json:"message"`
	Target    string            `json:"target,omitempty"`
	Scenario  string            `json:"scenario,omitempty"` // or the hook
	VU        int               `json:"vu"`
	Iteration int64             `json:"iteration"`
	Where     string            `json:"where,omitempty"`    // of the script
	Detail    string            `json:"detail,omitempty"`   // the stack of an exception
	Exchange  *failure.Exchange `json:"exchange,omitempty"` // that failed, or the last one before
}

// ErrorRow is one message of a kind.
type ErrorRow struct {
	Message    string  `json:"message"`
	Where      string  `json:"where,omitempty"`
	Target     string  `json:"target,omitempty"`
	Code       int     `json:"code,omitempty"`
	Iterations uint64  `json:"iterations"`
	Requests   uint64  `json:"requests"`
	FirstS     float64 `json:"first_s"`
	LastS      float64 `json:"last_s"`
}

// Readings is what sources of resources read, by source and key.
type Readings map[string]map[string]*Use

// GeneratorState says whether the generator could do what was asked of it.
type GeneratorState struct {
	record.Host
	Sizing    *record.GeneratorReport `json:"sizing,omitempty"`
	Resources map[string]*Use         `json:"resources"`
}

// JSON is the run as one versioned object; its schema is in the folder schema.
func JSON(r *Run) ([]byte, error) {
	body, err := json.MarshalIndent(Summarize(r), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return append(body, '\n'), nil
}

// Summarize makes the object of `--json`.
func Summarize(r *Run) Summary {
	v, c := r.Verdict(), r.Total
	s := Summary{
		SchemaVersion: JSONVersion, Mode: r.Head.Mode, Verdict: v.Word, Reason: v.Reason, Script: r.Head.Script, Seed: r.Head.Seed,
		Load:       LoadSummary{c.VUsMax, r.Head.Started.Format("2006-01-02T15:04:05.000Z07:00"), r.Duration, c.Dropped},
		Iterations: IterationCounts{c.Ended(), c.OK, c.Failed, c.Dropped.Total(), r.perSecond(c.Ended()), r.perSecond(c.OK), c.Iteration},
		Requests:   RequestCounts{c.Requests(), c.RequestsFailed, r.perSecond(c.Requests()), c.BytesIn, c.BytesOut, c.Connections, c.Repeated},
		Checks:     CheckCounts{c.ChecksPassed, c.ChecksFail, []CheckRow{}},
		Scenarios:  []ScenarioRow{}, Endpoints: []EndpointRow{}, Metrics: r.metricRows(), Errors: []ErrorGroup{}, Thresholds: []record.Threshold{},
		Latency: c.Latency, Lateness: c.Lateness, Resources: Readings{},
		Generator: GeneratorState{Host: r.Head.Generator}, Warnings: append([]string{}, r.Warnings...), Record: r.Path,
		Repository: r.Head.Repository, Machine: r.Machine(), Proxies: r.Proxies,
	}
	if r.End != nil {
		s.ExitCode, s.Sizing, s.Demo, s.Teardown = &r.End.ExitCode, r.FullAnswer(), r.End.Demo, r.End.Teardown
		s.Thresholds = append(s.Thresholds, r.End.Thresholds...)
		if b := r.End.Bottleneck; b != nil {
			copied := *b
			copied.Evidence = append([]record.Evidence{}, b.Evidence...)
			s.Bottleneck = &copied
		}
	}
	for _, line := range r.Console[:min(len(r.Console), maxConsole)] {
		s.Console = append(s.Console, ConsoleLine{line.AtS, line.Message})
	}
	s.addRows(r)
	for _, source := range r.Sources {
		s.Resources[source.Name] = source.uses()
	}
	if g := r.Generator(); g != nil {
		s.Generator.Resources = g.uses()
		delete(s.Resources, g.Name)
	}
	if s.Sizing != nil {
		s.Generator.Sizing = &s.Sizing.Generator
	}
	return s
}

func (s *Summary) addRows(r *Run) {
	for _, k := range r.Checks {
		s.Checks.ByName = append(s.Checks.ByName, CheckRow(k))
	}
	for _, x := range r.Scenarios {
		s.Scenarios = append(s.Scenarios, ScenarioRow{x.Name, x.Count, x.Failed, r.perSecond(x.Count), x.Requests, x.Latency, s.atLimit(x.Name)})
	}
	for _, x := range r.Endpoints {
		status := map[string]uint64{}
		for _, c := range x.Status {
			status[fmt.Sprint(c.Status)] = c.Count
		}
		s.Endpoints = append(s.Endpoints, EndpointRow{x.Method, x.Name, x.Count, x.Failed, r.perSecond(x.Count), status, x.BytesIn, x.Out, x.Latency})
	}
	for _, g := range r.Failures {
		group := ErrorGroup{Kind: g.Kind, Iterations: g.Iterations, Requests: g.Requests, Messages: g.Messages}
		for _, f := range g.All[:min(len(g.All), 10)] {
			group.Samples = append(group.Samples, ErrorRow{f.Message, f.Where, f.Target, f.Code, f.Iterations, f.Requests, f.First, f.Last})
		}
		for _, e := range g.Examples[:min(len(g.Examples), 10)] {
			group.Examples = append(group.Examples, ErrorExample{e.AtS, e.Why.Message, e.Why.Target, e.Scenario, e.VU, e.Iteration, e.Where, e.Detail, e.Exchange})
		}
		s.Errors = append(s.Errors, group)
	}
}

func (s *Summary) atLimit(scenario string) *record.ScenarioResult {
	if s.Sizing == nil {
		return nil
	}
	for i := range s.Sizing.Scenarios {
		if s.Sizing.Scenarios[i].Name == scenario {
			return &s.Sizing.Scenarios[i]
		}
	}
	return nil
}

func (s Source) uses() map[string]*Use {
	out := map[string]*Use{}
	for _, series := range s.Series {
		if u := series.Use(); u != nil {
			out[series.Key] = u
		}
	}
	return out
}

// perSecond is a rate over the run; nil when it had no time.
func (r *Run) perSecond(n uint64) *float64 {
	v := units.Rate(n, r.Duration)
	if math.IsNaN(v) {
		return nil
	}
	return &v
}
