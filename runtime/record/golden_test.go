package record_test

import (
	"bytes"
	"os"
	"reflect"
	"regexp"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// full is a window in which every count of requests, checks and iterations is there.
func full() *metric.Window {
	var s metric.ScenarioWindow
	s.Started, s.OK, s.Failed, s.Requests = 5, 3, 1, 9
	s.Duration.Add(20 * time.Millisecond)
	s.FailedDuration.Add(time.Second)
	e := metric.EndpointWindow{OK: 8, Failed: 1, BytesIn: 100, BytesOut: 50, Connections: 2, Repeated: 1, Status: []metric.StatusCount{{Status: 200, Count: 8}, {Status: 0, Count: 1}}}
	e.Latency.Add(3 * time.Millisecond)
	w := metric.Window{
		Start: time.Second, Length: 1250 * time.Millisecond, VUs: 4, InFlight: 3, Dropped: metric.Dropped{NoVU: 2, Late: 1},
		Scenarios: []metric.ScenarioWindow{{}, s},
		Endpoints: []metric.EndpointWindow{{}, {}, e},
		Checks:    []metric.CheckWindow{{}, {Passed: 4, Failed: 2}},
		Failures:  []metric.FailureWindow{{}, {Iterations: 1, Requests: 2}},
	}
	w.Lateness.Add(5 * time.Microsecond)
	return &w
}

// The rows in testdata/rows.jsonl were written by the first version of the
// schema: they are still written so, byte for byte but for how histograms are
// compressed, and still read.
func TestRowsKeepTheirForm(t *testing.T) {
	t.Parallel()
	golden, err := os.ReadFile("testdata/rows.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	window := record.NewWindow(full())
	var file bytes.Buffer
	out := record.NewWriter(&file)
	for _, row := range []any{
		&record.Run{SchemaVersion: 1, Tool: "plimsoll", Mode: "run", Started: time.Unix(1, 0).UTC()},
		&record.Names{
			Scenarios: []string{"a", "b"},
			Endpoints: []metric.Endpoint{{Method: "GET", Name: "/"}, {Method: "GET", Name: "/a"}, {Method: "PUT", Name: "/b"}},
			Checks:    []metric.CheckName{{Name: "c"}, {Scenario: 1, Name: "d"}},
			Failures:  []metric.Failure{{}, {Kind: "status", Message: "500", Where: "a.js:1:2", Target: "GET /", Code: 1500}},
		},
		&window,
	} {
		if err := out.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	histogram := regexp.MustCompile(`"HIST[^"]*"`)
	if !bytes.Equal(histogram.ReplaceAll(file.Bytes(), nil), histogram.ReplaceAll(golden, nil)) {
		t.Errorf("rows are written as\n%s\nbut readers know\n%s", file.Bytes(), golden)
	}

	rows, err := readAll(record.NewReader(bytes.NewReader(golden)))
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	back, want := rows[2].(*record.Window).Metric(), full()
	if got := back.Scenarios[1]; got.Started != 5 || got.OK != 3 || got.Failed != 1 || got.Requests != 9 || got.Duration.Count() != 1 || got.FailedDuration.Max() != want.Scenarios[1].FailedDuration.Max() {
		t.Errorf("scenario came back as %+v", got)
	}
	got := back.Endpoints[2]
	if got.Latency.Quantile(.5) != want.Endpoints[2].Latency.Quantile(.5) {
		t.Errorf("latency came back as %v", got.Latency.Quantile(.5))
	}
	got.Latency, want.Endpoints[2].Latency = metric.Histogram{}, metric.Histogram{}
	if !reflect.DeepEqual(got, want.Endpoints[2]) || !reflect.DeepEqual(back.Checks, want.Checks) || !reflect.DeepEqual(back.Failures, want.Failures) {
		t.Errorf("endpoint %+v, checks %+v, failures %+v", got, back.Checks, back.Failures)
	}
	if back.Length != want.Length || back.Dropped != want.Dropped || back.Lateness.Count() != 1 {
		t.Errorf("window came back as %+v", back)
	}
}
