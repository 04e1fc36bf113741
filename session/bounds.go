package session

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/threshold"
)

// judgeEvery is how often a run that thresholds may end is held against them.
const judgeEvery = 2 * time.Second

// bounds is the sink that holds a run against its thresholds. Only what the
// thresholds ask for is counted: without any it does nothing.
type bounds struct {
	Ignore
	judge *threshold.Judge // nil: there are none
	next  time.Duration    // when to look again
	now   time.Duration    // the end of the newest window
	ended string           // the threshold that ended the run; empty: none
}

// bind prepares what the plan's thresholds ask for.
func (s *Session) bind() (err error) {
	if len(s.plan.Thresholds) == 0 {
		return nil
	}
	s.bounds.judge, err = threshold.Bind(s.plan.Thresholds, s.names, s.metrics)
	s.bounds.next = judgeEvery
	s.warnOfTags()
	return s.plan.ThresholdError(err)
}

// warnOfTags tells of filters that cannot find anything: better now than at the end of a long run.
func (s *Session) warnOfTags() {
	told := map[string]bool{}
	for _, t := range s.plan.Thresholds {
		for _, tag := range t.Tags {
			text := fmt.Sprintf("threshold %s finds nothing: %s has the tag %q only where a scenario's `tags` say so; a request's own tags are not kept, but for its name", t.Name, t.Metric, tag.Key)
			if !metric.Carries(t.Metric, tag.Key) && !s.tagged(tag.Key) && !told[text] {
				told[text] = true
				s.note(text)
			}
		}
	}
}

// tagged says whether a scenario of the plan gives a tag to its samples.
func (s *Session) tagged(key string) bool {
	return slices.ContainsFunc(s.plan.Executors, func(e plan.Executor) bool { _, ok := e.Tags[key]; return ok })
}

// Window takes what happened since the tick before.
func (b *bounds) Window(w *metric.Window) error {
	b.now = w.Start + w.Length
	if b.judge != nil {
		b.judge.Add(w)
	}
	return nil
}

// broken says whether the run is to end for a threshold, and tells it.
func (s *Session) broken() bool {
	b := s.bounds
	if b.judge == nil || b.now < b.next {
		return false
	}
	b.next = b.now + judgeEvery
	r, ok := b.judge.Abort(b.now)
	if !ok {
		return false
	}
	row := boundRow(&r)
	b.ended = report.ThresholdText(&row)
	s.note("the run ends, for a threshold with abortOnFail is broken: " + b.ended)
	return true
}

// why goes on from a reason with the threshold that ended the run, if one did.
func (b *bounds) why(reason string) string {
	if b.ended == "" {
		return ""
	}
	if strings.Contains(reason, "threshold") {
		return "; one with abortOnFail ended the run"
	}
	return "; the run was ended by a threshold with abortOnFail: " + b.ended
}

// results are what became of the thresholds.
func (b *bounds) results() (list []record.Threshold) {
	if b.judge == nil {
		return nil
	}
	for _, r := range b.judge.Results() {
		list = append(list, boundRow(&r))
	}
	return list
}

// boundRow is a result as the record has it.
func boundRow(r *threshold.Result) record.Threshold {
	row := record.Threshold{Metric: r.Name, Expression: r.Text, OK: r.OK, Aborted: r.Aborted, Windows: r.Windows, Broken: r.Broken}
	if r.Measured {
		row.Value = &r.Value
		row.WorstS = r.At.Seconds()
	}
	switch {
	case r.IsTime():
		row.Unit = record.UnitSeconds
	case r.IsShare():
		row.Unit = record.UnitShare
	case r.Aggregate == threshold.Rate:
		row.Unit = record.UnitPerSecond
	}
	return row
}

// missed says which objectives and thresholds were not kept; empty: all were.
func (s *Session) missed() string {
	both := []string{s.objectives.broken(), brokenBounds(s.bounds.results())}
	return strings.Join(slices.DeleteFunc(both, func(text string) bool { return text == "" }), "; ")
}

// brokenBounds names the thresholds that are broken; empty: none is.
func brokenBounds(list []record.Threshold) string {
	var texts []string
	for i := range list {
		if !list[i].OK {
			texts = append(texts, report.ThresholdText(&list[i]))
		}
	}
	if len(texts) == 0 {
		return ""
	}
	const most = 3
	text := strings.Join(texts[:min(len(texts), most)], "; ")
	if n := len(texts) - most; n > 0 {
		text += fmt.Sprintf("; and %d more", n)
	}
	return fmt.Sprintf("%d of %d thresholds broken: %s", len(texts), len(list), text)
}
