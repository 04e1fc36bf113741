package threshold

import (
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

// Result is what became of a threshold.
type Result struct {
	Threshold
	OK       bool
	Measured bool          // false: there was nothing that Value could be of
	Value    float64       // seconds of times, fractions of shares; with Over that of the worst window
	At       time.Duration // with Over: when the worst window began
	Windows  int           // with Over: how many were looked at
	Broken   int           // … and did not keep it
	Aborted  bool          // the run was ended for it
}

// IsTime says whether values are seconds.
func (r *Result) IsTime() bool { return r.time }

// IsShare says whether values are fractions of one.
func (r *Result) IsShare() bool { return r.kind == metric.Rate }

// Judge holds thresholds against what is measured. It is for one goroutine.
type Judge struct {
	bounds []*bound
	sums   []*sums
}

// bound is a threshold and how it fares.
type bound struct {
	Result
	sums *sums
}

// sums are the values of a metric by a filter, in the whole run or in its newest window.
type sums struct {
	read    func(*metric.Window, *metric.SeriesWindow)
	after   time.Duration
	over    time.Duration
	bounds  []*bound
	values  metric.SeriesWindow
	begin   time.Duration // of values, where over is set
	length  time.Duration // that values are of
	windows int
}

// Bind makes a judge, which has the collector count what the thresholds ask for
// and nothing else. A metric that the test does not have is an error.
func Bind(list []Threshold, names *metric.Names, c *metric.Collector) (*Judge, error) {
	j := &Judge{}
	shared := map[string]*sums{}
	for _, t := range list {
		if err := t.bind(names); err != nil {
			return nil, err
		}
		b := &bound{Result: Result{Threshold: t}}
		key := t.key()
		if shared[key] == nil {
			read, err := t.reader(c)
			if err != nil {
				return nil, err
			}
			shared[key] = &sums{read: read, after: t.After, over: t.Over, begin: t.After}
			j.sums = append(j.sums, shared[key])
		}
		b.sums = shared[key]
		b.sums.bounds = append(b.sums.bounds, b)
		j.bounds = append(j.bounds, b)
	}
	return j, nil
}

// key is equal for thresholds that are about the same values.
func (t *Threshold) key() string {
	tags := slices.Clone(t.Tags)
	slices.SortFunc(tags, func(a, b metric.Tag) int { return strings.Compare(a.Key, b.Key) })
	parts := []string{t.Metric, t.Over.String(), t.After.String()}
	for _, tag := range tags {
		parts = append(parts, tag.Key, tag.Value)
	}
	return strings.Join(parts, "\x00")
}

// elsewhere are metrics of k6 that are not kept here, each with what to use.
var elsewhere = map[string]string{
	"http_req_blocked": "http_req_duration", "http_req_connecting": "http_req_duration", "http_req_tls_handshaking": "http_req_duration",
	"http_req_sending": "http_req_duration", "http_req_waiting": "http_req_duration", "http_req_receiving": "http_req_duration",
	"http_req_looking_up": "http_req_duration", "group_duration": "iteration_duration",
}

// bind finds the metric of a threshold.
func (t *Threshold) bind(names *metric.Names) error {
	kind, isTime, ok := names.Find(t.Metric)
	fault := func(problem, advice string) *Error {
		return &Error{Text: t.Name, Problem: problem, Advice: advice}
	}
	switch {
	case !ok && elsewhere[t.Metric] != "":
		return fault("is a metric of k6 that is not kept here", "use "+elsewhere[t.Metric])
	case !ok:
		e := fault("is no metric of this test", "")
		e.Word, e.Known = t.Metric, names.Metrics()
		return e
	case len(t.Tags) > 0 && !metric.Filtered(t.Metric):
		return fault("has tags, and this metric is counted for the whole run alone", "write "+t.Metric+" without a filter")
	}
	return t.check(kind, isTime)
}

// reader is what adds a window's values to sums.
func (t *Threshold) reader(c *metric.Collector) (func(*metric.Window, *metric.SeriesWindow), error) {
	name := t.Metric
	if _, _, builtin := metric.Builtin(name); builtin && len(t.Tags) == 0 {
		return func(w *metric.Window, into *metric.SeriesWindow) { w.Read(name, into) }, nil
	}
	id, err := c.Subscribe(name, t.Tags...)
	if err != nil {
		return nil, &Error{Text: t.Name, Problem: "cannot be counted: " + err.Error(), Advice: "leave some thresholds out"}
	}
	return func(w *metric.Window, into *metric.SeriesWindow) {
		if int(id) < len(w.Series) {
			into.Merge(&w.Series[id])
		}
	}, nil
}

// Add takes the next window.
func (j *Judge) Add(w *metric.Window) {
	for _, s := range j.sums {
		s.add(w)
	}
}

func (s *sums) add(w *metric.Window) {
	middle := w.Start + w.Length/2
	if middle < s.after {
		return
	}
	for s.over > 0 && middle >= s.begin+s.over {
		s.close()
	}
	s.read(w, &s.values)
	s.length += w.Length
	if s.over > 0 && w.Start+w.Length >= s.begin+s.over {
		s.close()
	}
}

// close judges the newest window, and begins the next one.
func (s *sums) close() {
	s.windows++
	for _, b := range s.bounds {
		b.window(s)
	}
	s.values.Reset()
	s.begin += s.over
	s.length = 0
}

// window judges a window that is over.
func (b *bound) window(s *sums) {
	v, ok := b.of(&s.values, s.length.Seconds())
	if !ok {
		return
	}
	b.Windows++
	holds := b.holds(v)
	if !holds {
		b.Broken++
	}
	if !b.Measured || b.worse(v, b.Value) && (!holds || b.Broken == 0) {
		b.Value, b.At = v, s.begin
	}
	b.Measured = true
}

// Abort returns a threshold that is broken so far and for which the run is to
// end; now is the time since the start. It is told as broken from then on.
func (j *Judge) Abort(now time.Duration) (Result, bool) {
	for _, b := range j.bounds {
		if !b.AbortOnFail || now <= b.Delay {
			continue
		}
		r := b.now()
		if b.Over == 0 && (b.sums.values.Count == 0 || !r.Measured || r.OK) || b.Over > 0 && r.Broken == 0 {
			continue
		}
		b.Aborted = true
		r.Aborted, r.OK = true, false
		return r, true
	}
	return Result{}, false
}

// now is how a bound fares.
func (b *bound) now() Result {
	r := b.Result
	if b.Over == 0 {
		r.Value, r.Measured = b.of(&b.sums.values, b.sums.length.Seconds())
		r.OK = r.Measured && b.holds(r.Value)
	} else {
		r.OK = r.Measured && r.Broken == 0
	}
	if !r.Measured {
		_, _, builtin := metric.Builtin(b.Metric)
		r.OK = b.certain(builtin)
	}
	r.OK = r.OK && !r.Aborted
	return r
}

// Results are those of all thresholds at the end, in their order. With "over"
// a rest that is shorter than a window is not judged, unless it is all there was.
func (j *Judge) Results() []Result {
	for _, s := range j.sums {
		if s.over > 0 && (s.windows == 0 || s.length >= s.over-s.over/20) {
			s.close()
		}
	}
	list := make([]Result, 0, len(j.bounds))
	for _, b := range j.bounds {
		list = append(list, b.now())
	}
	return list
}
