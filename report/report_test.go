package report_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/report/reporttest"
	"github.com/plimsoll-load/plimsoll/report/text"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

var update = flag.Bool("update", false, "rewrite golden files and schemas")

// records are runs of every kind.
var records = sync.OnceValue(func() map[string][]byte {
	return map[string][]byte{
		"run":       reporttest.Run(reporttest.Service{VUs: 300, Outage: [2]int{20, 23}}),
		"size":      reporttest.Sizing(reporttest.Service{}),
		"baseline":  reporttest.Undecided(reporttest.Service{}, "baseline", 4),
		"generator": reporttest.Undecided(reporttest.Service{}, "generator", 5),
		"dead":      reporttest.Undecided(reporttest.Service{Outage: [2]int{0, 99}}, "dead", 6),
		"broken":    reporttest.Run(reporttest.Service{Seconds: 5, Unwatched: true, Thresholds: thresholds()}),
		"cut":       reporttest.Run(reporttest.Service{Cut: true, Unwatched: true}),
	}
})

func read(t *testing.T, body []byte) *report.Run {
	t.Helper()
	r, err := report.Read(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Path = "runs/run.jsonl"
	return r
}

// fold makes a run of rows without writing and reading them.
func fold(t *testing.T, rows []any) *report.Run {
	t.Helper()
	f := report.NewFold()
	for _, row := range rows {
		if err := f.Add(row); err != nil {
			t.Fatal(err)
		}
	}
	return f.Run()
}

func textOf(t *testing.T, r *report.Run, o text.Options) string {
	t.Helper()
	var b strings.Builder
	if err := text.Write(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; after a look at it: go test ./report -update\ngot:\n%s", file, got)
	}
}

func TestTextIsAsLookedAt(t *testing.T) {
	t.Parallel()
	for name, body := range records() {
		golden(t, name+".txt", []byte(textOf(t, read(t, body), text.Options{})))
	}
	golden(t, "full.txt", []byte(textOf(t, read(t, records()["run"]), text.Options{Full: true})))
	golden(t, "color.txt", []byte(textOf(t, read(t, records()["run"]), text.Options{Color: true, Width: 80})))
}

func TestJSONIsAsLookedAt(t *testing.T) {
	t.Parallel()
	for name, body := range records() {
		got, err := report.JSON(read(t, body))
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name+".json", got)
	}
}

func TestTextFitsTheTerminal(t *testing.T) {
	t.Parallel()
	bodies := maps.Clone(records())
	bodies["many"] = reporttest.Run(reporttest.Service{Endpoints: 5000, Seconds: 2, VUs: 300})
	for name, body := range bodies {
		r := read(t, body)
		for _, width := range []int{60, 80, 100, 200} {
			lines := strings.Split(strings.TrimSuffix(textOf(t, r, text.Options{Width: width}), "\n"), "\n")
			if len(lines) > 40 && width >= 80 {
				t.Errorf("%s at %d columns has %d lines, want at most 40", name, width, len(lines))
			}
			for _, line := range lines {
				if n := utf8.RuneCountInString(line); n > width {
					t.Errorf("%s: %d columns in a terminal of %d: %s", name, n, width, line)
				}
			}
		}
		if full := textOf(t, r, text.Options{Full: true}); strings.Contains(full, "--full") {
			t.Errorf("%s: the full text leaves rows out:\n%s", name, full)
		}
	}
}

// Why, and what to do, are at the end of a message.
func TestALongMessageOfAFailureIsShownToItsEnd(t *testing.T) {
	t.Parallel()
	const message = "certificate of service.test is signed by an authority that is not trusted here: trust it (on Linux SSL_CERT_FILE=FILE, else the system's store), or take any certificate (--insecure)"
	r := read(t, records()["run"])
	for _, failing := range []int{1, 2} { // kinds of failure that have one
		r.Failures[failing-1].Sample.Message = message
		for _, width := range []int{60, 80, 100, 120, 200, 400} {
			got := textOf(t, r, text.Options{Width: width})
			lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
			for _, line := range lines {
				if n := utf8.RuneCountInString(line); n > width {
					t.Errorf("%d columns in a terminal of %d: %s", n, width, line)
				}
			}
			if len(lines) > 40 && width >= 80 {
				t.Errorf("%d lines at %d columns, want at most 40", len(lines), width)
			}
			if flat := strings.Join(strings.Fields(got), " "); strings.Count(flat, message) != failing {
				t.Errorf("at %d columns, %d messages of %d are whole:\n%s", width, strings.Count(flat, message), failing, got)
			}
		}
	}
	r.Failures[0].Sample.Message = strings.Repeat("without an end ", 1000)
	if got := textOf(t, r, text.Options{}); strings.Count(got, "without an end") > 40 {
		t.Errorf("a message that has no end takes %d lines", strings.Count(got, "\n"))
	}
}

func TestVerdictComesFirst(t *testing.T) {
	t.Parallel()
	bodies := records()
	for name, want := range map[string]string{
		"run": "✓ ok: ", "size": "✓ found: carries 1,000 iterations/s (2,000 requests/s)", "baseline": "✗ baseline: no capacity",
		"generator": "! generator: no tested limit; the best seen is ", "dead": "✗ dead: no capacity: nothing worked", "cut": "! cut: ",
	} {
		if got := textOf(t, read(t, bodies[name]), text.Options{}); !strings.HasPrefix(got, want) {
			t.Errorf("%s begins with %q, want %q", name, strings.SplitN(got, "\n", 2)[0], want)
		}
	}
}

func TestTotalsAreTheSumOfTheWindows(t *testing.T) {
	t.Parallel()
	r := read(t, records()["run"])
	var ok, failed, requests uint64
	for _, p := range r.Points {
		ok, failed, requests = ok+p.OK, failed+p.Failed, requests+p.Requests
	}
	if r.Total.OK != ok || r.Total.Failed != failed || r.Total.Requests() != requests || ok == 0 || failed == 0 {
		t.Errorf("totals %d %d %d, the points sum to %d %d %d", r.Total.OK, r.Total.Failed, r.Total.Requests(), ok, failed, requests)
	}
	var byScenario, byEndpoint, byKind uint64
	for _, s := range r.Scenarios {
		byScenario += s.Count
	}
	for _, e := range r.Endpoints {
		byEndpoint += e.Count
	}
	for _, g := range r.Failures {
		byKind += g.Iterations
	}
	if byScenario != ok+failed || byEndpoint != requests || byKind != failed {
		t.Errorf("tables sum to %d %d %d, want %d %d %d", byScenario, byEndpoint, byKind, ok+failed, requests, failed)
	}
	if r.Duration != 30 || len(r.Points) != 30 {
		t.Errorf("%v seconds in %d points, want 30 in 30", r.Duration, len(r.Points))
	}
}

func TestOwnMetricsAddUpAndAreATable(t *testing.T) {
	t.Parallel()
	head := record.Run{SchemaVersion: 1, Mode: "run"}
	one, two := metric.SeriesWindow{Count: 1, Sum: -2, Min: -2, Max: -2}, metric.SeriesWindow{Count: 2, Sum: 5, Min: 1, Max: 4}
	one.Add(-2)
	two.Add(1)
	two.Add(4)
	names := record.Names{Series: []metric.Series{{Metric: "price", Kind: metric.Trend}, {Metric: "orders", Filter: "region:eu\u202e", Kind: metric.Counter}}}
	windows := []record.Window{{LengthS: 1, Series: []record.SeriesCounts{{ID: 0, SeriesWindow: one}}}, {StartS: 1, LengthS: 1, Series: []record.SeriesCounts{
		{ID: 0, SeriesWindow: two}, {ID: 1, SeriesWindow: metric.SeriesWindow{Count: 3, Sum: 3}}, {ID: 7, SeriesWindow: metric.SeriesWindow{Count: 1}},
	}}}
	with := read(t, rows(t, head, names, windows[0], windows[1]))
	var got []string
	for _, m := range with.Metrics {
		got = append(got, fmt.Sprintf("%s %s: %d %v %v %v", m.Name(), m.Kind, m.Count, m.Sum, m.Quantile(0), m.Quantile(1)))
	}
	want := []string{"(metric 7) : 1 0 0 0", "orders{region:eu} counter: 3 3 0 0", "price trend: 3 3 -2 4"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	windows[0].Series, windows[1].Series = nil, nil
	without := read(t, rows(t, head, windows[0], windows[1]))
	a, b := textOf(t, with, text.Options{}), textOf(t, without, text.Options{})
	if table, ok := strings.CutPrefix(a, b); !ok || !strings.HasPrefix(table, "\nOwn metric ") || strings.Contains(table, "(metric 7)") || without.Metrics != nil {
		t.Errorf("with own metrics the summary is\n%s\nwithout\n%s", a, b)
	}
}

func TestFailuresAreGroupedWithASample(t *testing.T) {
	t.Parallel()
	r := read(t, records()["run"])
	if len(r.Failures) != 2 {
		t.Fatalf("%d kinds of failure, want 2: %+v", len(r.Failures), r.Failures)
	}
	refused := r.Failures[1]
	if refused.Kind != "refused" || refused.Sample.First != 20 || refused.Sample.Last != 23 {
		t.Errorf("refused was seen from %v to %v, want 20 to 23", refused.Sample.First, refused.Sample.Last)
	}
	got := textOf(t, r, text.Options{Width: 200})
	want := fmt.Sprintf("(loadtest.js:22:20)  and %s more like this", units.Int(refused.Iterations-1))
	if !strings.Contains(got, want) {
		t.Errorf("the text lacks %q:\n%s", want, got)
	}
	examples := r.Failures[0].Examples
	if len(examples) != 2 || !strings.Contains(examples[0].Detail, "Retry-After") || examples[1].Exchange == nil {
		t.Errorf("status has not the two examples of the record, one of an old one: %+v", examples)
	}
	if len(refused.Examples) != 0 {
		t.Errorf("refused has examples of another kind: %+v", refused.Examples)
	}
}

func TestSecretsAreRedacted(t *testing.T) {
	t.Parallel()
	head := record.Run{SchemaVersion: 1, Mode: "run", Command: []string{"plimsoll", "run", "--api-key", "k1", "--env=TOKEN=k2", "-e", "DB_PASSWORD=k3"}}
	r := read(t, rows(t, head))
	if all := fmt.Sprint(r.Head.Command); strings.Contains(all, "k1") || strings.Contains(all, "k2") || strings.Contains(all, "k3") {
		t.Errorf("the command still tells a secret: %s", all)
	}
}

func TestStringsFromOutsideCannotSteerTheTerminal(t *testing.T) {
	t.Parallel()
	hostile := "\x1b[2J\x07</script>\"'\u202Egnp.exe\u2066\r\n\x00\xff"
	r := read(t, reporttest.Run(reporttest.Service{Prefix: hostile + strings.Repeat("x", 10_000), VUs: 300}))
	got := textOf(t, r, text.Options{Full: true})
	for _, c := range got {
		if c != '\n' && (c < ' ' || c == 0x7f || c == '\u202E' || c == '\u2066' || (c >= 0x80 && c < 0xa0)) {
			t.Fatalf("the text holds %U", c)
		}
	}
	body, err := report.JSON(r)
	if err != nil || bytes.Contains(body, []byte("</script>")) {
		t.Errorf("JSON: %v, or it holds </script>", err)
	}
}

func TestBrokenRecords(t *testing.T) {
	t.Parallel()
	run := record.Run{SchemaVersion: 1, Mode: "run"}
	newer := record.Run{SchemaVersion: 99}
	for _, c := range []struct {
		name string
		body []byte
		want string // of the error; empty: it is read
	}{
		{"nothing", nil, "not a plimsoll record"},
		{"no record", []byte("hello\nworld\n"), "not a plimsoll record"},
		{"a newer version", rows(t, newer), "schema version 99"},
		{"two runs", append(rows(t, run), rows(t, run)...), "a second run"},
		{"only the head", rows(t, run), ""},
		{"a negative window", rows(t, run, record.Window{StartS: -5, LengthS: -1}), ""},
		{"a window in the far future", rows(t, run, record.Window{StartS: 1e300, LengthS: 1}), ""},
		{"windows out of order", rows(t, run, record.Window{StartS: 9, LengthS: 1}, record.Window{StartS: 3, LengthS: 1}), ""},
		{"ids without names", rows(t, run, record.Window{
			LengthS: 1, Endpoints: []record.EndpointCounts{{ID: 65535, EndpointWindow: metric.EndpointWindow{OK: 1}}},
			Scenarios: []record.ScenarioCounts{{ID: 9, ScenarioWindow: metric.ScenarioWindow{OK: 1}}}, Checks: []record.CheckCounts{{ID: 9, CheckWindow: metric.CheckWindow{Failed: 1}}}, Failures: []record.FailureCounts{{ID: 9, FailureWindow: metric.FailureWindow{Requests: 1}}},
		}), ""},
		{"a reading beyond belief", rows(t, run, record.Resources{Source: "host", Values: map[string]float64{"cpu_cores": 1e308}}), ""},
		{"an error without its failure", rows(t, run, record.Error{Failure: 7}), ""},
		{"an end in the middle", rows(t, run, record.End{Verdict: "ok"}, record.Window{LengthS: 1}), ""},
	} {
		r, err := report.Read(bytes.NewReader(c.body))
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want %q", c.name, err, c.want)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		show(t, r)
	}
}

// show makes everything that can be made of a run.
func show(t *testing.T, r *report.Run) {
	t.Helper()
	textOf(t, r, text.Options{})
	body, err := report.JSON(r)
	if err != nil || !json.Valid(body) {
		t.Errorf("JSON: %v: %s", err, body)
	}
}

func TestNoNumberWhereThereIsNone(t *testing.T) {
	t.Parallel()
	r := read(t, rows(t, record.Run{SchemaVersion: 1, Mode: "run"}, record.Window{LengthS: 1, VUs: 1}))
	body, err := report.JSON(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"latency": null`, `"exit_code": null`, `"duration": null`, `"resources": {}`} {
		if !bytes.Contains(body, []byte(want)) {
			t.Errorf("JSON lacks %s:\n%s", want, body)
		}
	}
	if got := textOf(t, r, text.Options{}); !strings.Contains(got, "no iteration was run") || strings.Contains(got, "NaN") {
		t.Errorf("text of an empty run:\n%s", got)
	}
}

func TestTheDemoIsComparedWithItsTruth(t *testing.T) {
	t.Parallel()
	end := record.End{Verdict: "found", Demo: &record.Demo{Model: "queue", Capacity: 2040, Requests: 74342}, Sizing: &record.Sizing{
		Verdict: "found", Capacity: &record.Capacity{Goodput: 1000}, Unloaded: record.Unloaded{RequestsPerIteration: 2},
	}}
	got := textOf(t, read(t, rows(t, record.Run{SchemaVersion: 1, Mode: "size"}, end)), text.Options{Width: 200})
	for _, want := range []string{"target was set to carry 2,040 requests/s (queue), counted 74,342 requests itself", "1,000 iterations/s × 2 requests = 2,000 requests/s (−2.0 %)"} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %q:\n%s", want, got)
		}
	}
}

func TestProgressLine(t *testing.T) {
	t.Parallel()
	lo := 512.0
	var w metric.Window
	w.Length, w.VUs = 1e9, 20
	w.Scenarios = []metric.ScenarioWindow{{Started: 10, OK: 9, Failed: 1}}
	w.Scenarios[0].Duration.Add(20e6)
	for _, c := range []struct {
		p    text.Progress
		want string
	}{
		{text.Progress{Elapsed: 61e9, Window: w}, "1:01  20 VUs  10 it/s  10 % failed  p95 20.1 ms"},
		{text.Progress{}, "0:00  0 VUs  – it/s  – failed  p95 –"},
		{
			text.Progress{Elapsed: 3601e9, Window: w, Phase: "ramp", Left: 30e9, Bounds: &record.Bounds{Lo: &lo}},
			"1:00:01  ramp  20 VUs  10 it/s  10 % failed  p95 20.1 ms  limit 512..?/s  about 0:30 left",
		},
	} {
		if got := c.p.Line(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

// rows is a record of these rows.
func rows(t *testing.T, list ...any) []byte {
	t.Helper()
	var b bytes.Buffer
	w := record.NewWriter(&b)
	for _, r := range list {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPictureIsAsLookedAt(t *testing.T) {
	t.Parallel()
	var png bytes.Buffer
	for _, name := range []string{"run", "size"} {
		r := read(t, records()[name])
		var svg bytes.Buffer
		if err := report.SVG(&svg, r); err != nil {
			t.Fatal(err)
		}
		golden(t, name+".svg", svg.Bytes())
	}
	if err := report.PNG(&png, read(t, records()["cut"])); err != nil || !bytes.HasPrefix(png.Bytes(), []byte("\x89PNG")) {
		t.Errorf("PNG: %v, %d bytes", err, png.Len())
	}
	if err := report.SVG(io.Discard, read(t, rows(t, record.Run{SchemaVersion: 1}))); err == nil {
		t.Error("a run without a window gave a picture")
	}
}

func TestThinKeepsExtremesAndGaps(t *testing.T) {
	t.Parallel()
	times, values := make([]float64, 10_000), make([]float64, 10_000)
	for i := range times {
		times[i], values[i] = float64(i), 5
		if i >= 6000 && i < 7000 {
			values[i] = math.NaN()
		}
	}
	values[1234], values[4321] = 100, -100
	at, columns := report.Thin(times, [][]float64{values}, 1000)
	if len(at) != 1000 || len(columns[0]) != 1000 || !slices.IsSorted(at) {
		t.Fatalf("%d times and %d values, want 1000 of each, in order", len(at), len(columns[0]))
	}
	highest, lowest, missing := 0.0, 0.0, 0
	for i, v := range columns[0] {
		switch {
		case math.IsNaN(v):
			missing++
			if at[i] < 5990 || at[i] > 7010 {
				t.Errorf("a gap at %v, where there was none", at[i])
			}
		default:
			highest, lowest = max(highest, v), min(lowest, v)
		}
	}
	if highest != 100 || lowest != -100 || missing < 98 || missing > 102 {
		t.Errorf("extremes %v and %v, %d gaps: want 100, -100 and about 100", highest, lowest, missing)
	}
}

func TestReadingsAreNeitherInterpolatedNorHeldForLong(t *testing.T) {
	t.Parallel()
	body := []any{record.Run{SchemaVersion: 1}}
	for i := range 20 {
		body = append(body, record.Window{StartS: float64(i), LengthS: 1, VUs: 1})
		if i%5 == 0 && i != 10 {
			body = append(body, record.Resources{AtS: float64(i) + 0.5, Source: "host", Values: map[string]float64{record.CPUCores: float64(i)}})
		}
	}
	_, panels := read(t, rows(t, body...)).Panels()
	i := slices.IndexFunc(panels, func(p report.Panel) bool { return p.ID == "target-cores" })
	if i < 0 {
		t.Fatal("no panel of cores")
	}
	for slot, v := range panels[i].Lines[0].Values {
		if !math.IsNaN(v) && v != 0 && v != 5 && v != 15 {
			t.Errorf("second %d shows %v, which nobody read", slot, v)
		}
	}
	if v := panels[i].Lines[0].Values[14]; !math.IsNaN(v) {
		t.Errorf("nine seconds after a reading, of a source that reads each five, it still shows %v", v)
	}
}

func TestClassicAloneIsNoSizing(t *testing.T) {
	t.Parallel()
	end := record.End{Verdict: "classic", Reason: "6 % failed", Sizing: &record.Sizing{Classic: &record.Classic{Reached: true, Ratio: 0.06, MaxWorkers: 120}}}
	r := read(t, rows(t, record.Run{SchemaVersion: 1, Mode: "classic"}, end))
	got := textOf(t, r, text.Options{Width: 200})
	if !strings.Contains(got, "Classic    6 % of the last minute's iterations failed at 120 workers") || strings.Contains(got, "it was the limit") || strings.Contains(got, "no limit") {
		t.Errorf("text of the classic rule alone:\n%s", got)
	}
}
