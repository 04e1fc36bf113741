package html_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/report/chart"
	"github.com/plimsoll-load/plimsoll/report/compare"
	"github.com/plimsoll-load/plimsoll/report/html"
	"github.com/plimsoll-load/plimsoll/report/reporttest"
	"github.com/plimsoll-load/plimsoll/report/text"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// hostile is a name that tries to break out of wherever it is put.
const hostile = "\"'`</script></style><script>alert(1)</script><img src=x onerror=alert(2)>{{.}}${7*7}\u202Egnp\x00\x1b[2J javascript:alert(3) "

func page(t *testing.T, body []byte) string {
	t.Helper()
	r, err := report.Read(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return pageOf(t, r)
}

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

func pageOf(t *testing.T, r *report.Run) string {
	t.Helper()
	r.Path = "runs/run.jsonl"
	var out strings.Builder
	if err := html.Write(&out, r, html.Options{}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestVendoredFilesAreThoseOfTheirVersion(t *testing.T) {
	t.Parallel()
	list, err := os.Open("vendor/VERSION")
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	seen := 0
	for lines := bufio.NewScanner(list); lines.Scan(); {
		sum, name, ok := strings.Cut(lines.Text(), "  ")
		if !ok || len(sum) != 64 {
			continue
		}
		seen++
		body, err := os.ReadFile("vendor/" + name)
		if err != nil || fmt.Sprintf("%x", sha256.Sum256(body)) != sum {
			t.Errorf("%s is not what VERSION says (%v)", name, err)
		}
	}
	if seen != 3 {
		t.Errorf("VERSION names %d files, want 3", seen)
	}
}

func TestPolicyIsTheHashesOfWhatThePageHolds(t *testing.T) {
	t.Parallel()
	got := page(t, reporttest.Sizing(reporttest.Service{}))
	for _, part := range []struct{ directive, pattern string }{
		{"script-src", `(?s)<script>(.*)</script>`},
		{"style-src", `(?s)<style>(.*?)</style>`},
	} {
		m := regexp.MustCompile(part.pattern).FindStringSubmatch(got)
		if m == nil {
			t.Fatalf("no %s", part.directive)
		}
		sum := sha256.Sum256([]byte(m[1]))
		want := part.directive + " &#39;sha256-" + strings.ReplaceAll(base64.StdEncoding.EncodeToString(sum[:]), "+", "&#43;") + "&#39;"
		if !strings.Contains(got, want) {
			t.Errorf("the policy lacks %s", want)
		}
	}
	if !strings.Contains(got, "default-src &#39;none&#39;") {
		t.Error("the policy allows more than its own script and style")
	}
	for _, banned := range []string{` style="`, ` onclick=`, `<link`, `@import`, `url(`} {
		if strings.Contains(got, banned) {
			t.Errorf("the page holds %s, which its policy forbids or which asks for something", banned)
		}
	}
}

func TestVerdictStandsBeforeEverythingElse(t *testing.T) {
	t.Parallel()
	got := page(t, reporttest.Sizing(reporttest.Service{}))
	last := 0
	for _, block := range []string{
		`id="verdict"`, "carries 1,000\u00a0iterations/s", `id="evidence"`, `id="charts"`, `id="p-load"`, `id="p-throughput"`, `id="p-failures"`,
		`id="p-latency"`, `id="p-heat"`, `id="p-target"`, `id="p-generator"`, `id="curve"`, `id="t-holds"`, `id="t-endpoints"`, `id="t-checks"`, `id="failures"`, `id="again"`, `id="downloads"`,
	} {
		at := strings.Index(got[last:], block)
		if at < 0 {
			t.Fatalf("%s is missing, or not in its place", block)
		}
		last += at
	}
}

func TestNamesFromOutsideAreText(t *testing.T) {
	t.Parallel()
	got := page(t, reporttest.Run(reporttest.Service{Prefix: hostile, VUs: 300, Ramp: 20}))
	if n := strings.Count(got, "<script"); n != 2 {
		t.Errorf("the page has %d scripts, want 2", n)
	}
	for _, banned := range []string{"<img", "alert(1)</script>", "\u202E", "\x1b", "\x00"} {
		if strings.Contains(got, banned) {
			t.Errorf("the page holds %q", banned)
		}
	}
	if strings.Count(got, "</style>") != 1 {
		t.Error("a name ended the style sheet")
	}
}

func TestSecretsAreNotInThePage(t *testing.T) {
	t.Parallel()
	got := page(t, reporttest.Run(reporttest.Service{VUs: 300}))
	if !strings.Contains(got, "[redacted]") || strings.Contains(got, "c2VjcmV0OnNlY3JldA") || strings.Contains(got, "token=abc") {
		t.Error("the sample of a failure tells a secret, or is not in the page")
	}
}

// pageData is what the script reads, as far as tests look at it.
type pageData struct {
	Times  column
	Panels []struct {
		ID    string
		Lines []struct {
			Name   string
			Values column
		}
	}
	Heat *struct{ Cells []string }
}

type column struct {
	Q float64
	D string
}

func dataOf(t *testing.T, page string) pageData {
	t.Helper()
	_, rest, _ := strings.Cut(page, `id="data">`)
	text, _, _ := strings.Cut(rest, "</script>")
	var d pageData
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d pageData) series() []string {
	var out []string
	for _, p := range d.Panels {
		for _, l := range p.Lines {
			out = append(out, p.ID+" "+l.Name)
		}
	}
	return out
}

func (d pageData) line(panel, name string) []float64 {
	for _, p := range d.Panels {
		for _, l := range p.Lines {
			if p.ID == panel && l.Name == name {
				return l.Values.unpack()
			}
		}
	}
	return nil
}

// unpack is the script's own, in Go; the browser tests compare the two.
func (c column) unpack() []float64 {
	var out []float64
	at := 0.0
	for _, word := range strings.Fields(c.D) {
		var n int
		if rest, ok := strings.CutPrefix(word, "~"); ok {
			fmt.Sscan(rest, &n)
			for range n {
				out = append(out, math.NaN())
			}
			continue
		}
		step, times, repeated := strings.Cut(word, "*")
		if n = 1; repeated {
			fmt.Sscan(times, &n)
		}
		var s float64
		fmt.Sscan(step, &s)
		for range n {
			at += s
			out = append(out, at*c.Q)
		}
	}
	return out
}

func TestGapsStayGaps(t *testing.T) {
	t.Parallel()
	d := dataOf(t, page(t, reporttest.Run(reporttest.Service{Seconds: 60, Gap: [2]int{20, 30}})))
	cpu := d.line("target", "container kinto cpu")
	if len(cpu) != 60 {
		t.Fatalf("%d values, want 60", len(cpu))
	}
	missing := 0
	for i, v := range cpu {
		if math.IsNaN(v) {
			missing++
			if i < 19 || i > 30 {
				t.Errorf("second %d has no value, and had one", i)
			}
		}
		if v == 0 {
			t.Errorf("second %d is 0: a gap was filled", i)
		}
	}
	if missing < 9 {
		t.Errorf("%d seconds are gaps, want 9 or 10", missing)
	}
}

func TestDataAreThoseOfTheRun(t *testing.T) {
	t.Parallel()
	body := reporttest.Run(reporttest.Service{Seconds: 100, VUs: 300, Outage: [2]int{20, 23}})
	r, err := report.Read(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	d := dataOf(t, page(t, body))
	ok, p95 := d.line("throughput", "successful iterations"), d.line("latency", "p95")
	for i, p := range r.Points {
		if math.Abs(ok[i]-float64(p.OK)/p.Length) > 5 || math.Abs(p95[i]-p.Latency.P95) > p.Latency.P95/100 {
			t.Fatalf("second %d: %v/s and p95 %v, want %v and %v", i, ok[i], p95[i], float64(p.OK)/p.Length, p.Latency.P95)
		}
	}
}

func TestPagesOfOddRuns(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := record.NewWriter(&out)
	if err := w.Write(record.Run{SchemaVersion: 1}); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string][]byte{
		"no window":      out.Bytes(),
		"one window":     reporttest.Run(reporttest.Service{Seconds: 1}),
		"two windows":    reporttest.Run(reporttest.Service{Seconds: 2, Cut: true}),
		"only failures":  reporttest.Run(reporttest.Service{Outage: [2]int{0, 99}}),
		"5000 endpoints": reporttest.Run(reporttest.Service{Seconds: 2, Endpoints: 5000}),
		"dead":           reporttest.Undecided(reporttest.Service{Outage: [2]int{0, 99}}, "dead", 6),
	} {
		got := page(t, body)
		if !strings.Contains(got, `id="verdict"`) || !strings.HasSuffix(got, "</html>\n") {
			t.Errorf("%s: no whole page", name)
		}
		for _, bad := range []string{"NaN", "Inf", "ZgotmplZ", "<no value>", "%!"} {
			if strings.Contains(strings.Split(got, `<script type`)[0], bad) {
				t.Errorf("%s: the page holds %q", name, bad)
			}
		}
		if len(got) > 900_000 {
			t.Errorf("%s: %d bytes", name, len(got))
		}
	}
}

func TestStyleSheetHasThePalette(t *testing.T) {
	t.Parallel()
	css, err := os.ReadFile("page.css")
	if err != nil {
		t.Fatal(err)
	}
	js, err := os.ReadFile("script/values.js")
	if err != nil {
		t.Fatal(err)
	}
	for i, hex := range chart.Palette() {
		if want := fmt.Sprintf("--c%d: %s;", i, hex); !strings.Contains(string(css), want) {
			t.Errorf("page.css lacks %s", want)
		}
	}
	dashes := strings.ReplaceAll(fmt.Sprint(chart.Dashes()), " ", ", ")
	if !strings.Contains(string(js), "const DASHES = "+dashes+";") {
		t.Errorf("values.js has other dashes than package chart: %s", dashes)
	}
}

func FuzzWrite(f *testing.F) {
	f.Add(reporttest.Run(reporttest.Service{Seconds: 2, VUs: 300, Outage: [2]int{1, 2}}))
	f.Add(reporttest.Undecided(reporttest.Service{}, "baseline", 4))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := report.Read(bytes.NewReader(body))
		if err != nil {
			return
		}
		var out strings.Builder
		if err := html.Write(&out, r, html.Options{}); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(strings.ToLower(out.String()), "<script"); n != 2 {
			t.Errorf("the page has %d scripts, want 2", n)
		}
	})
}

func comparison(t *testing.T, prefix string) string {
	t.Helper()
	var sets []compare.Set
	for i, capacity := range []float64{1000, 930} {
		set := compare.Set{Name: fmt.Sprintf("%sset %d", prefix, i)}
		for seed := range uint64(3) {
			set.Runs = append(set.Runs, fold(t, reporttest.SizingRows(reporttest.Service{Seed: seed, Capacity: capacity, Prefix: prefix})))
		}
		sets = append(sets, set)
	}
	c, err := compare.Sets(sets)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := html.WriteComparison(&out, c, 0.02); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestComparisonOverlaysItsSets(t *testing.T) {
	t.Parallel()
	got := comparison(t, "")
	for _, want := range []string{"regression", "capacity of set 1", `id="p-throughput"`, `id="p-goodput"`, "set 1 against set 0"} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	d := dataOf(t, got)
	if a, b := d.line("throughput", "set 0"), d.line("throughput", "set 1"); len(a) == 0 || len(a) != len(b) {
		t.Errorf("%d and %d values over each other", len(a), len(b))
	}
	if n := strings.Count(comparison(t, hostile), "<script"); n != 2 {
		t.Errorf("the page has %d scripts, want 2", n)
	}
}

func TestAFormerRunIsShownBesideARun(t *testing.T) {
	t.Parallel()
	r, err := report.Read(bytes.NewReader(reporttest.Sizing(reporttest.Service{})))
	if err != nil {
		t.Fatal(err)
	}
	c, err := compare.Sets([]compare.Set{{Name: "before", Runs: []*report.Run{r}}, {Name: "now", Runs: []*report.Run{r}}})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := html.Write(&out, r, html.Options{Comparison: c}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "now against before") || !strings.Contains(out.String(), "not significant") {
		t.Error("the page does not compare")
	}
}

func TestAbsurdNumbersStillGiveAPage(t *testing.T) {
	t.Parallel()
	huge, hi := math.MaxFloat64, -1e300
	run := fold(t, []any{
		&record.Run{SchemaVersion: 1, Mode: "size", Tolerance: huge},
		&record.Window{LengthS: 1e-300, VUs: math.MinInt, Scenarios: []record.ScenarioCounts{{ScenarioWindow: metric.ScenarioWindow{OK: math.MaxUint64, Started: math.MaxUint64}}}},
		&record.Window{LengthS: 2e-6, VUs: math.MaxInt, InFlight: -5, Scenarios: []record.ScenarioCounts{{ScenarioWindow: metric.ScenarioWindow{OK: math.MaxUint64, Failed: 1}}}},
		&record.Window{StartS: 1, LengthS: 9e7},
		&record.Resources{AtS: 0.5, Source: "host", Values: map[string]float64{"cpu_cores": 1e23, "a": -1e23}, Limits: map[string]float64{"cpu_cores": 1e-23, "a": -1}},
		&record.Hold{N: -1, Level: huge, StartS: -huge, LengthS: huge, OK: 1, Goodput: huge, InFlight: huge, P95S: huge, Interval: record.Bounds{Hi: &hi}},
		&record.Hold{N: math.MaxInt, Level: -1, LengthS: 1, OK: 1, Goodput: -1, InFlight: -1, P95S: -1, Verdict: "pass"},
		&record.Hold{N: 2, LengthS: 1e-300, Failed: 1, InFlight: 3, Verdict: "pass"},
		&record.Event{AtS: -huge, Kind: "x"},
		&record.End{AtS: huge, Verdict: "found", Sizing: &record.Sizing{
			Verdict: "found", Capacity: &record.Capacity{Goodput: huge, OfferedConfirmed: huge, CI95: [2]float64{-huge, huge}, ConfirmS: huge, FirstFailing: &hi},
			Plateau: &record.Plateau{Goodput: huge, SE: huge, Kind: "peak"}, VUs: record.VUBounds{Knee: math.MaxInt}, Unloaded: record.Unloaded{RequestsPerIteration: huge},
		}, Demo: &record.Demo{Capacity: 1e-300}},
	})
	got := pageOf(t, run)
	dataOf(t, got)
	for _, bad := range []string{"NaN", "+Inf", "-9223372036854775808 "} {
		if strings.Contains(got[:strings.Index(got, `id="data"`)], bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	if _, err := report.JSON(run); err != nil {
		t.Error(err)
	}
	var terminal strings.Builder
	if err := text.Write(&terminal, run, text.Options{}); err != nil || strings.Contains(terminal.String(), "NaN") {
		t.Errorf("%v\n%s", err, terminal.String())
	}
}
