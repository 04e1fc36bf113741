package metric

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// builtin is a metric that every run has: a view on samples of one kind.
type builtin struct {
	kind  Kind
	time  bool
	of    SampleKind
	value func(*Sample) float64
}

var builtins = map[string]builtin{
	"http_reqs":          {Counter, false, RequestSample, one},
	"http_req_duration":  {Trend, true, RequestSample, seconds},
	"http_req_failed":    {Rate, false, RequestSample, failed},
	"data_sent":          {Counter, false, RequestSample, func(s *Sample) float64 { return float64(s.BytesOut) }},
	"data_received":      {Counter, false, RequestSample, func(s *Sample) float64 { return float64(s.BytesIn) }},
	"iterations":         {Counter, false, IterationSample, one},
	"iteration_duration": {Trend, true, IterationSample, seconds},
	"iteration_failed":   {Rate, false, IterationSample, failed},
	"checks":             {Rate, false, CheckSample, func(s *Sample) float64 { return truth(s.OK) }},
}

// reserved are names of other metrics of every run, which windows have without samples.
var reserved = map[string]Kind{"vus": Gauge, "vus_max": Gauge, "dropped_iterations": Counter}

func one(*Sample) float64       { return 1 }
func seconds(s *Sample) float64 { return s.Duration.Seconds() }
func failed(s *Sample) float64  { return truth(s.Failure != NoFailure) }

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// dimension is an id of a sample that tags are looked up by.
type dimension uint8

const (
	byTags dimension = iota
	byScenario
	byEndpoint
	byStatus
	byFailure
	byCheck
)

// dimensionOf says where the samples of a kind have a tag.
func dimensionOf(of SampleKind, key string) dimension {
	switch {
	case key == "scenario":
		return byScenario
	case of == CheckSample && (key == "check" || key == "group"):
		return byCheck
	case of != RequestSample:
		return byTags
	}
	switch key {
	case "method", "name", "url":
		return byEndpoint
	case "status":
		return byStatus
	case "expected_response", "error", "error_code":
		return byFailure
	}
	return byTags
}

func (s *Sample) id(d dimension) int {
	switch d {
	case byScenario:
		return int(s.Scenario)
	case byEndpoint:
		return int(s.Endpoint)
	case byStatus:
		return int(s.Status)
	case byFailure:
		return int(s.Failure)
	case byCheck:
		return int(s.Check)
	default:
		return int(s.Tags)
	}
}

// tag is the value of a tag of the samples that have an id in a dimension.
func (n *Names) tag(d dimension, id int, key string) (value string, ok bool) {
	switch d {
	case byScenario:
		return n.scenario(id), true
	case byEndpoint:
		e := name(n, &n.endpoints, id, Endpoint{})
		if key == "method" {
			return e.Method, true
		}
		return e.Name, true
	case byStatus:
		return strconv.Itoa(id), true
	case byFailure:
		f := name(n, &n.failures, id, Failure{})
		switch key {
		case "expected_response":
			return strconv.FormatBool(FailureID(id) == NoFailure), true
		case "error":
			return f.Message, FailureID(id) != NoFailure
		}
		return strconv.Itoa(f.Code), f.Code != 0
	case byCheck:
		check := name(n, &n.checks, id, CheckName{}).Name
		if key == "check" {
			return check, true
		}
		groups := strings.LastIndex(check, groupSeparator)
		if groups < 0 {
			return "", true
		}
		return groupSeparator + check[:groups], true
	default:
		for _, t := range n.TagSet(TagsID(id)) {
			if t.Key == key {
				return t.Value, true
			}
		}
		return "", false
	}
}

// subscription counts the samples of a metric that carry all of some tags into
// a series of their own, or into one for each value of a tag.
type subscription struct {
	names      *Names
	of         SampleKind
	base       SeriesID // of an own metric
	as         SampleKind
	value      func(*Sample) float64
	row        Series
	id         SeriesID // of row, unless by is a tag
	conditions []condition
	set        []Tag   // of the conditions
	by         string  // a tag; empty: none
	series     []int32 // by id in by's dimension: 0 not looked up yet, -1 samples without the tag, else the SeriesID plus 1
}

// condition is a tag that samples must carry. What an id comes to is looked up once.
type condition struct {
	tag   Tag
	where dimension
	known []int8 // by id: 0 not looked up yet, 1 has it, -1 has it not
}

// count counts a sample into w if it is one of the subscription's.
func (s *subscription) count(w *Window, sample *Sample) {
	if sample.Kind != s.of || s.of >= CounterSample && sample.Series != s.base {
		return
	}
	for i := range s.conditions {
		if !s.conditions[i].holds(s.names, sample) {
			return
		}
	}
	id := int32(s.id)
	if s.by != "" {
		if id = s.rowOf(sample); id < 0 {
			return
		}
	}
	at(&w.Series, int(id)).count(s.as, sample.At, s.value(sample))
}

func (c *condition) holds(n *Names, s *Sample) bool {
	id := s.id(c.where)
	known := at(&c.known, id)
	if *known == 0 {
		*known = -1
		if v, ok := n.tag(c.where, id, c.tag.Key); ok && (v == c.tag.Value || c.last(v)) {
			*known = 1
		}
	}
	return *known > 0
}

// last says whether a check is meant by its own name, without those of its groups.
func (c *condition) last(full string) bool {
	return c.where == byCheck && c.tag.Key == "check" && c.tag.Value != "" && strings.HasSuffix(full, groupSeparator+c.tag.Value)
}

// groupSeparator stands between the names of groups and of a check.
const groupSeparator = "::"

// rowOf is the series of the value that a sample has for the tag by; -1: it has none.
func (s *subscription) rowOf(sample *Sample) int32 {
	where := dimensionOf(s.of, s.by)
	id := sample.id(where)
	known := at(&s.series, id)
	if *known == 0 {
		*known = -1
		if v, ok := s.names.tag(where, id, s.by); ok {
			*known = int32(s.names.rowBy(s.row, s.set, Tag{s.by, v})) + 1
		}
	}
	if *known < 0 {
		return -1
	}
	return *known - 1
}

// rowBy is the series of a value of a tag, of [Other] once there are too many.
func (n *Names) rowBy(row Series, set []Tag, value Tag) SeriesID {
	other := row
	row.Filter = filterText(union(nil, set, []Tag{value}))
	other.Filter = filterText(union(nil, set, []Tag{{value.Key, Other}}))
	return SeriesID(intern(n, &n.series, row, other))
}

// value is the value of a sample of an own metric.
func value(s *Sample) float64 { return s.Value }

// Subscribe counts, from now on, the values of a metric whose samples carry
// all of the tags into a series of their own. The metric is one of the run's
// (http_reqs, http_req_duration, http_req_failed, data_sent, data_received,
// iterations, iteration_duration, iteration_failed, checks) or an own one that was made
// before. Subscribing again changes nothing. Tags that the runtime knows:
// scenario of all; method, name, url, status, expected_response, error and
// error_code of requests; check (with or without the names of its groups) and
// group (::outer::inner, as in k6) of checks. Others are own tags.
func (c *Collector) Subscribe(metric string, tags ...Tag) (SeriesID, error) {
	s, err := c.subscription(metric, tags)
	if err != nil {
		return 0, err
	}
	if s.of >= CounterSample && len(tags) == 0 {
		return s.base, nil // it is a series anyway
	}
	if s.id = c.names.seriesOf(s.row); c.names.Series(s.id) != s.row {
		return 0, fmt.Errorf("metric %s: there are too many series already", s.row.Name())
	}
	c.subscribe(s)
	return s.id, nil
}

// SubscribeBy is [Collector.Subscribe] with a series for each value of the tag
// by. Samples without it are in none; beyond [MaxSeries] values count as [Other].
func (c *Collector) SubscribeBy(metric, by string, tags ...Tag) error {
	s, err := c.subscription(metric, tags)
	if err != nil {
		return err
	}
	if by == "" || slices.ContainsFunc(tags, func(t Tag) bool { return t.Key == by }) {
		return fmt.Errorf("metric %s by tag %q: name a tag that is not in the filter", s.row.Name(), by)
	}
	s.by = by
	c.subscribe(s)
	return nil
}

func (c *Collector) subscription(metric string, tags []Tag) (subscription, error) {
	s := subscription{names: c.names, value: value, row: Series{Metric: metric}, set: union(nil, nil, tags)}
	if len(s.set) < len(tags) {
		return s, fmt.Errorf("metric %s: a tag is named twice in its filter", metric)
	}
	s.row.Filter = filterText(s.set)
	if b, ok := builtins[metric]; ok {
		s.of, s.as, s.value, s.row.Kind, s.row.Time = b.of, b.kind.sample(), b.value, b.kind, b.time
	} else {
		m, ok := c.names.metric(metric)
		if !ok {
			return s, fmt.Errorf("metric %q: there is none of this name", metric)
		}
		s.of, s.base, s.row.Kind, s.row.Time = m.Kind.sample(), m.ID, m.Kind, m.Time
		s.as = s.of
	}
	for _, t := range s.set {
		s.conditions = append(s.conditions, condition{tag: t, where: dimensionOf(s.of, t.Key)})
	}
	return s, nil
}

func (n *Names) metric(name string) (Metric, bool) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	m, ok := n.metrics[name]
	return m, ok
}

// subscribe gives each shard a subscription of its own: what it has looked up is under the shard's lock.
func (c *Collector) subscribe(s subscription) {
	for _, shard := range c.shards {
		shard.mu.Lock()
		if !slices.ContainsFunc(shard.subscriptions, func(old subscription) bool { return old.row == s.row && old.by == s.by }) {
			mine := s
			mine.conditions = slices.Clone(s.conditions)
			shard.subscriptions = append(shard.subscriptions, mine)
		}
		shard.mu.Unlock()
	}
}
