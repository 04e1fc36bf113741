package report_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/report/html"
	"github.com/plimsoll-load/plimsoll/report/markdown"
	"github.com/plimsoll-load/plimsoll/report/reporttest"
	"github.com/plimsoll-load/plimsoll/report/text"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// thresholds are of every kind, kept and broken.
func thresholds() []record.Threshold {
	value := func(v float64) *float64 { return &v }
	return []record.Threshold{
		{Metric: "checks{check:<b>is up</b>}", Expression: "rate>0.9", OK: true, Value: value(0.97), Unit: record.UnitShare},
		{Metric: "http_req_duration", Expression: "p(95)<200", OK: true, Value: value(0.1234), Unit: record.UnitSeconds},
		{Metric: "http_req_duration{status:200}", Expression: "p(95)<100 over 10s", Value: value(0.1567), Unit: record.UnitSeconds, Windows: 6, Broken: 2, WorstS: 30},
		{Metric: "http_req_duration", Expression: "max<5s over 1s", OK: true, Value: value(1.5), Unit: record.UnitSeconds, Windows: 60},
		{Metric: "http_req_duration{name:/gone}", Expression: "avg<100"},
		{Metric: "http_reqs", Expression: "rate>1000", Value: value(812.5), Unit: record.UnitPerSecond, Aborted: true},
		{Metric: "iterations", Expression: "count>0", OK: true, Value: value(51234)},
	}
}

func TestThresholdsAreToldEverywhere(t *testing.T) {
	t.Parallel()
	r := read(t, records()["broken"])
	xml, raw := junitOf(t, r)
	var md, page bytes.Buffer
	if err := markdown.Write(&md, r); err != nil {
		t.Fatal(err)
	}
	if err := html.Write(&page, r, html.Options{}); err != nil {
		t.Fatal(err)
	}
	object, err := report.JSON(r)
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]string{"text": textOf(t, r, text.Options{Width: 120, Full: true}), "Markdown": strings.ReplaceAll(md.String(), `\`, ""), "page": page.String(), "JUnit": string(raw), "JSON": string(object)}
	for _, x := range thresholds() {
		for where, all := range told {
			want := report.ThresholdValue(&x)
			if where == "JSON" {
				want = `"thresholds": [`
			}
			if !strings.Contains(all, want) {
				t.Errorf("%s does not say %q of %s", where, want, x.Expression)
			}
		}
	}
	for where, all := range told {
		if strings.Contains(all, "<b>is up") && where != "text" && where != "Markdown" && where != "JSON" {
			t.Errorf("%s has a tag's value as it came", where)
		}
	}
	broken, cases := 0, 0
	for _, k := range xml.Suites[0].Cases {
		if k.Class == "plimsoll.run.threshold" {
			cases++
			if k.Failure != nil {
				broken++
			}
		}
	}
	if cases != len(thresholds()) || broken != 3 || r.BrokenThresholds() != 3 {
		t.Errorf("JUnit has %d cases of thresholds, %d broken; the run has %d broken", cases, broken, r.BrokenThresholds())
	}
	if list := strings.Join(r.Evidence(), "\n"); !strings.Contains(list, "✗ http_req_duration{name:/gone} avg<100: nothing was measured") || strings.Contains(list, "iterations count>0") {
		t.Errorf("the evidence is not that which is broken:\n%s", list)
	}
	if text := told["text"]; strings.Index(text, "/gone") > strings.Index(text, "iterations  count>0") {
		t.Error("the broken ones do not come first:\n" + text)
	}
	if all := told["JSON"]; strings.Count(all, `"expression"`) != len(thresholds()) {
		t.Error("the object of --json does not have each threshold")
	}
}

// A record that was cut, and one of an older version, have none.
func TestRunsWithoutThresholds(t *testing.T) {
	t.Parallel()
	whole := records()["broken"]
	at := bytes.LastIndex(bytes.TrimSpace(whole), []byte("\n"))
	for name, body := range map[string][]byte{"cut": whole[:at], "older": reporttest.Run(reporttest.Service{Seconds: 2, Unwatched: true})} {
		r := read(t, body)
		if text := textOf(t, r, text.Options{}); len(r.Thresholds()) > 0 || strings.Contains(text, "Thresholds") {
			t.Errorf("%s: %s", name, text)
		}
		if xml, _ := junitOf(t, r); xml.Suites[0].Cases[0].Class != "plimsoll.run" {
			t.Errorf("%s: %+v", name, xml.Suites[0].Cases)
		}
	}
}
