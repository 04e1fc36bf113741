package report_test

import (
	"bytes"
	"encoding/xml"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/report/compare"
	"github.com/plimsoll-load/plimsoll/report/junit"
	"github.com/plimsoll-load/plimsoll/report/markdown"
	"github.com/plimsoll-load/plimsoll/report/reporttest"
	"github.com/plimsoll-load/plimsoll/report/text"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// suites is what a pipeline reads of JUnit's XML.
type suites struct {
	Tests    int `xml:"tests,attr"`
	Failures int `xml:"failures,attr"`
	Errors   int `xml:"errors,attr"`
	Suites   []struct {
		Name       string `xml:"name,attr"`
		Tests      int    `xml:"tests,attr"`
		Properties []struct {
			Name  string `xml:"name,attr"`
			Value string `xml:"value,attr"`
		} `xml:"properties>property"`
		Cases []struct {
			Class   string  `xml:"classname,attr"`
			Name    string  `xml:"name,attr"`
			Failure *string `xml:"failure"`
			Error   *string `xml:"error"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

func junitOf(t *testing.T, r *report.Run) (suites, []byte) {
	t.Helper()
	var b bytes.Buffer
	if err := junit.Write(&b, r); err != nil {
		t.Fatal(err)
	}
	var s suites
	if err := xml.Unmarshal(b.Bytes(), &s); err != nil {
		t.Fatalf("%v\n%s", err, &b)
	}
	return s, b.Bytes()
}

func TestJUnitIsAsLookedAt(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"run", "size", "generator"} {
		_, text := junitOf(t, read(t, records()[name]))
		golden(t, name+".xml", text)
	}
}

// The first case is the verdict: a broken tolerance is a failure, what has no answer an error.
func TestJUnitHasTheVerdict(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct{ failed, erred bool }{
		"run": {}, "size": {}, "baseline": {failed: true}, "generator": {erred: true}, "dead": {erred: true}, "cut": {erred: true},
	} {
		s, text := junitOf(t, read(t, records()[name]))
		if len(s.Suites) != 1 || len(s.Suites[0].Cases) < 2 || s.Tests != len(s.Suites[0].Cases) || s.Suites[0].Tests != s.Tests {
			t.Fatalf("%s: the counts are not those of the cases:\n%s", name, text)
		}
		k := s.Suites[0].Cases[0]
		if k.Name != "verdict" || (k.Failure != nil) != want.failed || (k.Error != nil) != want.erred || (s.Errors > 0) != want.erred {
			t.Errorf("%s: got failure %v, error %v, want %+v\n%s", name, k.Failure != nil, k.Error != nil, want, text)
		}
	}
}

// A plain run's check may be false as often as iterations may fail; a sizing's
// is so beyond the limit, and is broken only when it was never true.
func TestJUnitChecksKnowTheTolerance(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mode      record.Mode
		tolerance float64
		check     report.Check
		broken    bool
	}{
		"one of many, none tolerated":     {"run", 0, report.Check{Passed: 999, Failed: 1}, true},
		"within the tolerance":            {"run", 0.05, report.Check{Passed: 96, Failed: 4}, false},
		"beyond the tolerance":            {"run", 0.05, report.Check{Passed: 94, Failed: 6}, true},
		"beyond the limit of a sizing":    {"size", 0.05, report.Check{Passed: 10, Failed: 90}, false},
		"never true in a sizing":          {"size", 0.05, report.Check{Failed: 3}, true},
		"beyond the limit of the classic": {"classic", 0.05, report.Check{Passed: 1, Failed: 9}, false},
	} {
		r := &report.Run{Head: record.Run{Mode: c.mode, Tolerance: c.tolerance}, End: &record.End{}, Checks: []report.Check{c.check}}
		s, text := junitOf(t, r)
		if broken := s.Suites[0].Cases[1].Failure != nil; broken != c.broken || s.Failures > 0 != c.broken {
			t.Errorf("%s: broken is %v, want %v\n%s", name, broken, c.broken, text)
		}
	}
}

func TestJUnitHasObjectives(t *testing.T) {
	t.Parallel()
	r := read(t, records()["size"])
	r.End.Sizing.Objectives = []record.ObjectiveResult{{Kind: "p(95)<200ms", AtLimit: 0.01, Allowed: 0.05}, {Kind: "p(99)<1s", AtLimit: 0.02, Allowed: 0.01}}
	s, text := junitOf(t, r)
	kept, broken := s.Suites[0].Cases[1], s.Suites[0].Cases[2]
	if kept.Name != "p(95)<200ms" || kept.Failure != nil || broken.Name != "p(99)<1s" || broken.Failure == nil {
		t.Errorf("got\n%s", text)
	}
}

// A clone's commit is in all that is shown of a run.
func TestCommitIsShown(t *testing.T) {
	t.Parallel()
	const commit = "0123456789abcdef0123456789abcdef01234567"
	rows := reporttest.Rows(reporttest.Service{})
	rows[0].(*record.Run).Repository = &record.Repository{URL: "https://example.org/loads.git", Commit: commit, Test: "smoke"}
	r := fold(t, rows)
	s, xml := junitOf(t, r)
	if s.Suites[0].Name != "run smoke" {
		t.Errorf("the suite is named %q", s.Suites[0].Name)
	}
	var comment strings.Builder
	if err := markdown.Write(&comment, r); err != nil {
		t.Fatal(err)
	}
	object, err := report.JSON(r)
	if err != nil {
		t.Fatal(err)
	}
	valid(t, "run", object)
	for name, text := range map[string]string{
		"text": textOf(t, r, text.Options{Width: 200}), "markdown": comment.String(), "json": string(object), "junit": string(xml),
	} {
		if !strings.Contains(text, commit) || !strings.Contains(text, "example.org/loads.git") || !strings.Contains(text, "smoke") {
			t.Errorf("%s does not name repository, commit and test:\n%s", name, text)
		}
	}
}

func TestJUnitOfHostileNames(t *testing.T) {
	t.Parallel()
	r := read(t, reporttest.Run(reporttest.Service{Prefix: "]]><failure/>\x00\x1b[31m\xff&\"'\n"}))
	s, text := junitOf(t, r)
	if s.Failures != 0 || s.Errors != 0 || s.Tests != 1+len(r.Checks) || bytes.ContainsAny(text, "\x00\x1b") {
		t.Errorf("got %d failures, %d errors, %d tests\n%s", s.Failures, s.Errors, s.Tests, text)
	}
}

func TestJUnitOfAComparison(t *testing.T) {
	t.Parallel()
	one := func(name string, capacity float64) compare.Set {
		s := compare.Set{Name: name}
		for seed := range uint64(3) {
			s.Runs = append(s.Runs, fold(t, reporttest.SizingRows(reporttest.Service{Seed: seed, Capacity: capacity * (1 + 0.004*float64(seed))})))
		}
		return s
	}
	c := compared(t, one("main", 1000), one("branch", 800), one("better", 1100))
	var b bytes.Buffer
	if err := junit.WriteComparison(&b, c, 0.1); err != nil {
		t.Fatal(err)
	}
	var s suites
	if err := xml.Unmarshal(b.Bytes(), &s); err != nil {
		t.Fatal(err)
	}
	if len(s.Suites) != 2 || s.Tests < 2 || s.Failures != 1 || s.Suites[0].Cases[0].Failure == nil || s.Suites[1].Cases[0].Failure != nil {
		t.Errorf("want the branch's capacity to fail alone, got\n%s", &b)
	}
}
