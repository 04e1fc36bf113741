// Package reporttest makes records for tests of whatever shows a record: runs
// of a service that was never there, the same bytes each time.
package reporttest

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/exit"
	"github.com/plimsoll-load/plimsoll/runtime/failure"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// Started is when every record's run began.
var started = time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)

// Service is the service that a record is of, and how it was used.
type Service struct {
	Seed       uint64
	Seconds    int                // of the run; 0: 30
	VUs        int                // at the end of the ramp; 0: 20
	Ramp       int                // seconds from one VU to VUs; 0: all from the start
	Capacity   float64            // iterations per second; 0: 1000
	Endpoints  int                // 0: the 5 of examples/kinto
	Outage     [2]int             // seconds in which nothing works
	Gap        [2]int             // seconds in which the target's resources could not be read
	Unwatched  bool               // no resources of the target
	Cut        bool               // no end row
	Prefix     string             // of every name, for hostile ones
	Thresholds []record.Threshold // of a plain run
}

var kinto = []metric.Endpoint{
	{Method: "GET", Name: "/v1/buckets/load/collections/:id/records"},
	{Method: "POST", Name: "/v1/buckets/load/collections/:id/records"},
	{Method: "GET", Name: "/v1/buckets/load/collections/:id/records/:id"},
	{Method: "PATCH", Name: "/v1/buckets/load/collections/:id/records/:id"},
	{Method: "DELETE", Name: "/v1/buckets/load/collections/:id"},
}

var scenarios = []string{"add", "browse", "verify"}

// Run is the record of a plain run.
func Run(s Service) []byte { return encode(Rows(s)) }

// Rows are the rows of a plain run's record, pointers to record's types: for
// a long run, whose histograms take their time to encode.
func Rows(s Service) []any {
	m := maker(&s)
	m.write(m.head(record.ModeRun), m.names())
	for at := range s.Seconds {
		m.second(at)
	}
	end := record.End{AtS: float64(s.Seconds), Verdict: record.VerdictOK, Reason: fmt.Sprintf("the duration of %d s is over", s.Seconds), Thresholds: s.Thresholds}
	for _, t := range s.Thresholds {
		if !t.OK {
			end.Verdict, end.ExitCode, end.Reason = record.VerdictFailed, exit.Broken, "thresholds broken: "+t.Metric+" "+t.Expression
		}
	}
	m.tail(end)
	return m.rows
}

// making is a record in the making.
type making struct {
	*Service
	rng  *rand.Rand
	rows []any
	list []metric.Endpoint
	seen bool
}

func maker(s *Service) *making {
	if s.Seconds == 0 {
		s.Seconds = 30
	}
	if s.VUs == 0 {
		s.VUs = 20
	}
	if s.Capacity == 0 {
		s.Capacity = 1000
	}
	m := &making{Service: s, rng: rand.New(rand.NewPCG(s.Seed, 7)), list: kinto}
	for i := len(kinto); i < s.Endpoints; i++ {
		m.list = append(m.list[:len(m.list):len(m.list)], metric.Endpoint{Method: "GET", Name: fmt.Sprintf("/v1/made-up/%d", i)})
	}
	return m
}

// write adds rows, as pointers.
func (m *making) write(rows ...any) {
	for _, r := range rows {
		p := reflect.New(reflect.TypeOf(r))
		p.Elem().Set(reflect.ValueOf(r))
		m.rows = append(m.rows, p.Interface())
	}
}

func encode(rows []any) []byte {
	var out bytes.Buffer
	w := record.NewWriter(&out)
	for _, r := range rows {
		if err := w.Write(r); err != nil {
			panic("reporttest: " + err.Error()) // a buffer does not fail
		}
	}
	if err := w.Flush(); err != nil {
		panic("reporttest: " + err.Error())
	}
	return out.Bytes()
}

func (m *making) tail(end record.End) {
	if !m.Cut {
		m.write(end)
	}
}

func (m *making) head(mode record.Mode) record.Run {
	return record.Run{
		SchemaVersion: record.SchemaVersion, Tool: "plimsoll 0.1.0", Mode: mode, Started: started,
		Command: []string{"plimsoll", string(mode), m.Prefix + "loadtest.js", "--monitor", "container=kinto"}, Script: m.Prefix + "loadtest.js",
		ScriptHash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", Seed: 4711, Tolerance: 0.05,
		Settings:  []plan.Setting{{Name: "vus", Value: fmt.Sprint(m.VUs), Source: plan.Flag}, {Name: "tolerance", Value: "5%", Source: plan.Script}},
		Generator: record.Host{Name: "gen-1", OS: "linux", Arch: "amd64", CPUs: 4, GoVersion: "go1.26.8"},
	}
}

func (m *making) names() record.Names {
	n := record.Names{Failures: []metric.Failure{
		{},
		{Kind: "status", Message: m.Prefix + "status 503", Target: "POST " + kinto[1].Name, Where: "loadtest.js:31:18", Code: 503},
		{Kind: "check", Message: m.Prefix + "'record is the one that was written' is false", Where: "loadtest.js:44:5"},
		{Kind: "refused", Message: "connection refused", Target: "GET " + kinto[0].Name, Where: "loadtest.js:22:20", Code: 1212},
	}}
	for _, s := range scenarios {
		n.Scenarios = append(n.Scenarios, m.Prefix+s)
	}
	for _, e := range m.list {
		n.Endpoints = append(n.Endpoints, metric.Endpoint{Method: e.Method, Name: m.Prefix + e.Name})
	}
	for i, c := range []string{"status is 200", "status is 201", "record is the one that was written"} {
		n.Checks = append(n.Checks, metric.CheckName{Scenario: metric.ScenarioID(i), Name: m.Prefix + c})
	}
	return n
}

// second writes what happens in one second of a ramp of virtual users.
func (m *making) second(at int) {
	vus := m.VUs
	if m.Ramp > 0 {
		vus = 1 + (m.VUs-1)*min(at, m.Ramp)/m.Ramp
	}
	m.load(float64(at), 1, loadOf(m.Capacity, float64(vus)), vus)
	if m.inside(m.Outage, at) && at == m.Outage[0] {
		m.write(record.Event{AtS: float64(at), Kind: record.EventOutage, Message: "every request fails"})
	}
}

func (m *making) inside(span [2]int, at int) bool { return at >= span[0] && at < span[1] }

// level is how a service of a capacity answers a load.
type level struct {
	rate   float64 // iterations per second that are tried
	failed float64 // share of them that fail
	mean   float64 // seconds an iteration takes
}

// loadOf is the answer to virtual users back to back: 20 ms an iteration
// until all places are taken, then the same goodput and longer waits; from
// ten times as many on, failures.
func loadOf(capacity, vus float64) level {
	const unloaded = 0.02
	rate := capacity * (1 - math.Exp(-vus*1.2/(capacity*unloaded)))
	l := level{rate: rate, mean: vus / rate}
	if full := capacity * unloaded * 11; vus > full {
		l.failed = 1 - full/vus
		l.rate, l.mean = rate/(1-l.failed), full/rate
	}
	return l
}

// load writes one window, and the resources at its end.
func (m *making) load(at, length float64, l level, vus int) {
	down := m.inside(m.Outage, int(at))
	if down {
		l.failed, l.rate = 1, float64(vus)/l.mean/3
	}
	w := metric.Window{Start: secs(at), Length: secs(length), VUs: vus, InFlight: vus}
	w.Checks, w.Failures = make([]metric.CheckWindow, len(scenarios)), make([]metric.FailureWindow, 4)
	w.Endpoints = make([]metric.EndpointWindow, len(m.list))
	for i, share := range []float64{.2, .7, .1} {
		m.scenario(&w, i, share*l.rate*length, l)
	}
	row := record.NewWindow(&w)
	m.write(row)
	if w.Failures[1].Iterations > 0 && !m.seen {
		m.seen = true
		m.write(record.Error{
			AtS: at, Failure: 1, VU: 12, Iteration: 88,
			Detail: m.Prefix + "POST http://127.0.0.1:8888/v1/buckets/load/collections/c12/records?token=abc\nAuthorization: Basic c2VjcmV0OnNlY3JldA==\n\nHTTP/1.1 503 Service Unavailable\nRetry-After: 3",
		})
		m.write(m.example(at))
	}
	m.resources(at+length, l, vus)
}

// example is of a request that failed, as it is written today; the one before it is as it once was.
func (m *making) example(at float64) record.Error {
	return record.Error{
		AtS: at, Failure: 1, VU: 13, Iteration: 90, Scenario: m.Prefix + "add", Where: "loadtest.js:12:9",
		Exchange: &failure.Exchange{
			Method: "POST", URL: "http://127.0.0.1:8888/v1/buckets/load/collections/c12/records?token=abc", Status: 503, Remote: "127.0.0.1:8888", Reused: true,
			Timings: failure.Timings{Sending: 0.00002, Waiting: 0.031, Receiving: 0.0001},
			Request: &failure.Message{Head: "POST /v1/buckets/load/collections/c12/records?token=abc HTTP/1.1\nHost: 127.0.0.1:8888\nAuthorization: [redacted:24B]", Body: `{"data":{"n":1}}`, BodyBytes: 16},
			Response: &failure.Message{
				Head: "HTTP/1.1 503 Service Unavailable\nRetry-After: 3\nSet-Cookie: [redacted:17B]\nX-Hostile: " + m.Prefix,
				Body: m.Prefix + "{\"code\":503,\n\"message\":\"Service temporary unavailable due to overloading\"}", BodyBytes: 71 + len(m.Prefix),
			},
		},
	}
}

func (m *making) scenario(w *metric.Window, id int, n float64, l level) {
	down := l.failed == 1
	s := metric.ScenarioWindow{Started: uint64(n)}
	total := uint64(n*(0.98+0.04*m.rng.Float64()) + 0.5)
	s.Failed = min(uint64(float64(total)*l.failed*(0.9+0.2*m.rng.Float64())+0.5), total)
	if down {
		s.Failed = total
	}
	s.OK, s.Requests = total-s.Failed, total*2
	samples := min(s.OK, 60)
	for range samples {
		s.Duration.Add(secs(l.mean * math.Exp(0.5*m.rng.NormFloat64()-0.12)))
	}
	w.Scenarios = append(w.Scenarios, s)
	for k := range 2 {
		e := &w.Endpoints[(id+k*2+int(w.Start/time.Second)*boolInt(len(m.list) > 5))%len(m.list)]
		bad := s.Failed * uint64(k)
		if down {
			bad = total
		}
		e.OK, e.Failed = e.OK+total-bad, e.Failed+bad
		e.BytesIn, e.BytesOut = e.BytesIn+total*820, e.BytesOut+total*310
		if !down {
			e.Status = append(e.Status, metric.StatusCount{Status: 200, Count: total - bad})
		}
		for range min(total, 60) {
			e.Latency.Add(secs(l.mean / 2 * math.Exp(0.6*m.rng.NormFloat64()-0.18) * (1 + float64(k)*0.4)))
		}
	}
	if int(w.Start/time.Second) == 0 {
		w.Endpoints[0].Connections = uint64(w.VUs)
	}
	kind := 1
	if down {
		kind = 3
	}
	w.Failures[kind].Iterations += s.Failed
	w.Failures[kind].Requests += s.Failed
	w.Checks[id].Passed, w.Checks[id].Failed = s.OK, s.Failed
}

// resources writes what the monitors saw at a load.
func (m *making) resources(at float64, l level, vus int) {
	noise := func() float64 { return 0.97 + 0.06*m.rng.Float64() }
	use := min(l.rate*(1-l.failed)/m.Capacity, 1)
	m.write(record.Resources{
		AtS: at, Source: "generator",
		Values: map[string]float64{record.CPUCores: (0.1 + 0.5*use) * noise(), record.MemoryBytes: 60e6 + 40e3*float64(vus), record.SchedWaitS: 40e-6 * noise()},
		Limits: map[string]float64{record.CPUCores: 4, record.MemoryBytes: 8e9},
	})
	if m.Unwatched {
		return
	}
	if m.inside(m.Gap, int(at)) {
		m.write(record.Resources{AtS: at, Source: m.Prefix + "container kinto", Note: "the Docker engine did not answer"})
		return
	}
	m.write(record.Resources{
		AtS: at, Source: m.Prefix + "container kinto",
		Values: map[string]float64{
			record.CPUCores: (0.02 + 1.93*use) * noise(), record.MemoryBytes: 210e6 + 60e6*use + 9e3*at,
			record.CPUThrottled: max(0, use-0.9) * noise(), record.NetInBytes: 310 * 2 * l.rate, record.NetOutBytes: 820 * 2 * l.rate * noise(),
		},
		Limits: map[string]float64{record.CPUCores: 2, record.MemoryBytes: 512e6},
	}, record.Resources{
		AtS: at, Source: "host",
		Values: map[string]float64{record.CPUCores: (0.3 + 2.1*use) * noise(), record.MemoryBytes: 2.1e9, record.DiskBusy: 0.03 * noise()},
		Limits: map[string]float64{record.CPUCores: 8, record.MemoryBytes: 16e9, record.DiskBusy: 1},
	})
}

func secs(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
