// Package junit writes runs and comparisons as JUnit's XML, which pipelines read.
package junit

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/report/compare"
	"github.com/plimsoll-load/plimsoll/runtime/exit"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// The elements of JUnit's XML that pipelines read. There is no one standard:
// these are what GitLab, Jenkins and the common GitHub actions agree on.
type (
	junitSuites struct {
		XMLName xml.Name `xml:"testsuites"`
		junitCounts
		Suites []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		junitCounts
		Timestamp  string          `xml:"timestamp,attr,omitempty"`
		Hostname   string          `xml:"hostname,attr,omitempty"`
		Properties []junitProperty `xml:"properties>property,omitempty"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitCounts struct {
		Name     string `xml:"name,attr"`
		Tests    int    `xml:"tests,attr"`
		Failures int    `xml:"failures,attr"`
		Errors   int    `xml:"errors,attr"`
		Time     string `xml:"time,attr,omitempty"` // seconds
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Class   string      `xml:"classname,attr"`
		Name    string      `xml:"name,attr"`
		Time    string      `xml:"time,attr,omitempty"` // seconds
		Failure *junitFault `xml:"failure"`             // what was to be shown is not so
		Error   *junitFault `xml:"error"`               // it could not be shown
		Said    string      `xml:"system-out,omitempty"`
	}
	junitFault struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// Write writes a run as a suite of JUnit's XML: its verdict, what it was to
// keep, and each check is a case. A check fails when more of it was false than
// iterations may fail; in a sizing, which goes beyond the limit on purpose,
// when it was never true.
func Write(w io.Writer, r *report.Run) error {
	name := r.Head.Script
	if g := r.Head.Repository; g != nil && g.Test != "" {
		name = g.Test
	}
	suite := junitSuite{junitCounts: junitCounts{Name: string(r.Head.Mode) + " " + name, Time: junitTime(r.Duration)}, Properties: propertiesOf(r)}
	if !r.Head.Started.IsZero() {
		suite.Timestamp = r.Head.Started.UTC().Format("2006-01-02T15:04:05")
	}
	suite.Hostname = r.Head.Generator.Name
	class := "plimsoll." + string(r.Head.Mode)
	verdict := verdictOf(r)
	verdict.Class, verdict.Time = class, junitTime(r.Duration)
	suite.Cases = append(suite.Cases, verdict)
	if s := r.Answer(); s != nil {
		for _, o := range s.Objectives {
			k := junitCase{Class: class + ".objective", Name: o.Kind, Said: fmt.Sprintf("%s beyond it at the limit, %s allowed", units.Percent(o.AtLimit, 1), units.Percent(o.Allowed, 1))}
			if o.AtLimit > o.Allowed {
				k.broken("objective")
			}
			suite.Cases = append(suite.Cases, k)
		}
	}
	suite.Cases = append(suite.Cases, promisesOf(r, class)...)
	if r.Total.Dropped.Total() > 0 && r.Head.Mode == record.ModeRun {
		suite.Cases = append(suite.Cases, arrivalsOf(r, class))
	}
	for _, check := range r.Checks {
		suite.Cases = append(suite.Cases, checkOf(r, check))
	}
	return writeJUnit(w, suite)
}

// broken makes a failure of what the case says.
func (k *junitCase) broken(kind string) {
	k.Failure, k.Said = &junitFault{k.Said, kind, k.Said}, ""
}

// junitVerdict is the case that has the run's result.
func verdictOf(r *report.Run) junitCase {
	v := r.Verdict()
	text := v.Word + ": " + v.Sentence
	fault := &junitFault{text, v.Word, v.Reason}
	switch {
	case r.End == nil:
		return junitCase{Name: "verdict", Error: fault}
	case r.End.ExitCode == exit.OK:
		return junitCase{Name: "verdict", Said: text}
	case r.End.ExitCode == exit.Broken, r.End.ExitCode == exit.Regression:
		return junitCase{Name: "verdict", Failure: fault}
	default:
		return junitCase{Name: "verdict", Error: fault}
	}
}

// promisesOf are what a run was to keep, and its teardown where that failed.
func promisesOf(r *report.Run, class string) (cases []junitCase) {
	if r.End == nil {
		return nil
	}
	for _, t := range r.End.Thresholds {
		kind, name := "threshold", t.Metric+" "+t.Expression
		if t.Allowed > 0 {
			kind, name = "objective", t.Expression
		}
		k := junitCase{Class: class + "." + kind, Name: name, Said: report.ThresholdValue(&t)}
		if !t.OK {
			k.broken(kind)
		}
		cases = append(cases, k)
	}
	if text := r.End.Teardown; text != "" {
		cases = append(cases, junitCase{Class: class, Name: "teardown", Error: &junitFault{text, "teardown", text}})
	}
	return cases
}

// arrivalsOf is whether a run's arrivals were sent; where this generator was the reason nothing is shown of the target.
func arrivalsOf(r *report.Run, class string) junitCase {
	d, due := r.Total.Dropped, r.Total.Due()
	k := junitCase{Class: class, Name: "arrivals", Said: report.UnsentText(d, due)}
	if float64(d.Total()) <= r.Head.Tolerance*float64(due) {
		return k
	}
	if k.broken("arrivals"); d.Own() > d.Total()/2 {
		k.Failure, k.Error = nil, k.Failure
	}
	return k
}

func checkOf(r *report.Run, c report.Check) junitCase {
	k := junitCase{Class: "plimsoll.check." + c.Scenario, Name: c.Name}
	k.Said = fmt.Sprintf("%s of %s were true", units.Int(c.Passed), units.Int(c.Passed+c.Failed))
	broken := float64(c.Failed) > r.Head.Tolerance*float64(c.Passed+c.Failed)
	if r.Head.Mode != record.ModeRun {
		broken = c.Failed > 0 && c.Passed == 0
	}
	if broken {
		k.broken("check")
	}
	return k
}

// junitProperties are what makes the run one that can be done again.
func propertiesOf(r *report.Run) []junitProperty {
	var out []junitProperty
	add := func(name, value string) {
		if value != "" {
			out = append(out, junitProperty{name, value})
		}
	}
	add("script", r.Head.Script)
	if g := r.Head.Repository; g != nil {
		add("repository", g.URL)
		add("commit", g.Commit)
		add("test", g.Test)
	}
	add("seed", strconv.FormatUint(r.Head.Seed, 10))
	add("tool", r.Head.Tool)
	add("record", r.Path)
	return out
}

// WriteComparison writes a comparison as JUnit's XML: a suite for each set but
// the first, a case for each measure that decides. A regression beyond a
// fraction is a failure.
func WriteComparison(w io.Writer, c *compare.Comparison, beyond float64) error {
	var suites []junitSuite
	for _, s := range c.Sets[1:] {
		suite := junitSuite{junitCounts: junitCounts{Name: "compare " + s.Name + " with " + c.Sets[0].Name}}
		for i := range c.Changes {
			k := &c.Changes[i]
			if k.Set != s.Name || !k.Decisive {
				continue
			}
			one := junitCase{Class: "plimsoll.compare", Name: k.Name(), Said: c.Sentence(k)}
			if k.Regressed(beyond) {
				one.Said = fmt.Sprintf("%s, beyond the %s that are allowed", one.Said, units.Percent(beyond, 1))
				one.broken("regression")
			}
			suite.Cases = append(suite.Cases, one)
		}
		suites = append(suites, suite)
	}
	return writeJUnit(w, suites...)
}

// writeJUnit counts the cases and writes them.
func writeJUnit(w io.Writer, suites ...junitSuite) error {
	all := junitSuites{junitCounts: junitCounts{Name: "plimsoll"}}
	for _, s := range suites {
		s.Tests = len(s.Cases)
		for _, k := range s.Cases {
			if k.Failure != nil {
				s.Failures++
			}
			if k.Error != nil {
				s.Errors++
			}
		}
		all.Tests, all.Failures, all.Errors = all.Tests+s.Tests, all.Failures+s.Failures, all.Errors+s.Errors
		all.Suites = append(all.Suites, s)
	}
	text, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("junit: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	return err
}

func junitTime(seconds float64) string { return strconv.FormatFloat(seconds, 'f', 3, 64) }
