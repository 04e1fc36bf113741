package metric

import (
	"fmt"
	"sync"
)

// Limits of the tables: a script that makes up names without end (an id in
// each URL, a message with a time stamp) ends in one row named [Other], and in
// a warning that says so (see [Snapshot]).
const (
	MaxEndpoints = 1000
	MaxFailures  = 1000
	MaxSeries    = 1000 // own metrics and submetrics
	Other        = "(other)"
)

// Unknown stands for a name that a window of another process counts and its tables do not have.
const Unknown = "(unknown)"

// Endpoint names a kind of request: its method and its name (the tag `name`,
// else the URL's path with the parts that look like identifiers masked).
type Endpoint struct {
	Method string `json:"method"`
	Name   string `json:"name"`
}

// Failure says why an iteration or a request failed. Equal failures are counted together.
type Failure struct {
	Kind    string `json:"kind"`             // exception, check, status, timeout, refused, reset, dns, tls, connection, invalid, interrupted
	Message string `json:"message"`          // what a person reads
	Where   string `json:"where,omitempty"`  // file:line:column of the script
	Target  string `json:"target,omitempty"` // method and endpoint name, for failed requests
	Code    int    `json:"code,omitempty"`   // status, or the error code a script sees (k6's numbers)
}

// CheckName is a check as the script wrote it, with the groups it stood in.
type CheckName struct {
	Scenario ScenarioID `json:"scenario"`
	Name     string     `json:"name"`
}

// Names interns names for one test. The zero value is not ready: use [NewNames].
// It is safe for concurrent use; virtual users keep what they looked up.
type Names struct {
	mu        sync.RWMutex
	scenarios table[string]
	endpoints table[Endpoint]
	checks    table[CheckName]
	failures  table[Failure]
	series    table[Series]
	metrics   map[string]Metric // own metrics, by name
	tags      tagTable
	warnings  []string
}

type table[T comparable] struct {
	limit int // of entries; what overflows into comes on top
	list  []T
	ids   map[T]int
}

// NewNames returns empty tables; FailureID 0 is taken by "no failure", TagsID 0 by "no tags".
func NewNames() *Names {
	n := &Names{metrics: map[string]Metric{}, tags: newTagTable()}
	n.scenarios.limit, n.endpoints.limit, n.checks.limit, n.failures.limit, n.series.limit = MaxEndpoints, MaxEndpoints, MaxEndpoints, MaxFailures, MaxSeries
	n.failures.add(Failure{})
	return n
}

// Scenario returns the id of a scenario, which it makes if need be.
func (n *Names) Scenario(name string) ScenarioID {
	return ScenarioID(intern(n, &n.scenarios, name, Other))
}

// ScenarioName is the name of an id.
func (n *Names) ScenarioName(id ScenarioID) string { return n.scenario(int(id)) }

// Endpoint returns the id of an endpoint, that of [Other] once the table is full.
func (n *Names) Endpoint(e Endpoint) EndpointID {
	return EndpointID(intern(n, &n.endpoints, e, Endpoint{Name: Other}))
}

// Check returns the id of a check.
func (n *Names) Check(c CheckName) CheckID {
	return CheckID(intern(n, &n.checks, c, CheckName{Name: Other}))
}

// Failure returns the id of a failure; beyond [MaxFailures] messages are dropped and only the kind is kept.
func (n *Names) Failure(f Failure) FailureID {
	return FailureID(intern(n, &n.failures, f, Failure{Kind: f.Kind, Message: Other}))
}

// intern finds or adds key in t, one of the tables of n; over the limit it finds or adds overflow instead.
func intern[T comparable](n *Names, t *table[T], key, overflow T) int {
	n.mu.RLock()
	id, ok := t.ids[key]
	n.mu.RUnlock()
	if ok {
		return id
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if id, ok := t.ids[key]; ok {
		return id
	}
	if len(t.list) >= t.limit {
		if id, ok := t.ids[overflow]; ok {
			return id
		}
		n.warnings = append(n.warnings, full(key, t.limit))
		key = overflow
	}
	return t.add(key)
}

func (t *table[T]) add(key T) int {
	if t.ids == nil {
		t.ids = map[T]int{}
	}
	id := len(t.list)
	t.list = append(t.list, key)
	if _, ok := t.ids[key]; !ok {
		t.ids[key] = id
	}
	return id
}

// full says that a table had no room for key.
func full(key any, limit int) string {
	switch key := key.(type) {
	case Endpoint:
		return fmt.Sprintf("more than %d endpoints: %s %s and what comes after it is counted as %s; give such requests one name", limit, key.Method, key.Name, Other)
	case CheckName:
		return fmt.Sprintf("more than %d checks: %q and what comes after it is counted as %s", limit, key.Name, Other)
	case Failure:
		return fmt.Sprintf("more than %d failures: of new ones only the kind is kept (%s), not the message", limit, key.Kind)
	case Series:
		return fmt.Sprintf("more than %d series: %s and what comes after it is counted as %s", limit, key.Name(), Other)
	}
	return fmt.Sprintf("more than %d names: %v and what comes after it is counted as %s", limit, key, Other)
}

// Snapshot is the tables from given lengths on: what was added since.
type Snapshot struct {
	Scenarios []string    `json:"scenarios,omitempty"`
	Endpoints []Endpoint  `json:"endpoints,omitempty"`
	Checks    []CheckName `json:"checks,omitempty"`
	Failures  []Failure   `json:"failures,omitempty"` // the first of all is "no failure", and empty
	Series    []Series    `json:"series,omitempty"`   // own metrics and submetrics
	Warnings  []string    `json:"-"`                  // which tables are full, or which tag has too many values: what it names is counted as [Other]
}

// Empty says whether nothing was added but warnings.
func (s *Snapshot) Empty() bool {
	return len(s.Scenarios)+len(s.Endpoints)+len(s.Checks)+len(s.Failures)+len(s.Series) == 0
}

// Lengths are the lengths of the tables at some time.
type Lengths struct{ Scenarios, Endpoints, Checks, Failures, Series, Warnings int }

// Since returns what was added after the first entries of each table (by the lengths in from).
func (n *Names) Since(from Lengths) (Snapshot, Lengths) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	s := Snapshot{
		Scenarios: clone(n.scenarios.list, from.Scenarios),
		Endpoints: clone(n.endpoints.list, from.Endpoints),
		Checks:    clone(n.checks.list, from.Checks),
		Failures:  clone(n.failures.list, from.Failures),
		Series:    clone(n.series.list, from.Series),
		Warnings:  clone(n.warnings, from.Warnings),
	}
	return s, Lengths{len(n.scenarios.list), len(n.endpoints.list), len(n.checks.list), len(n.failures.list), len(n.series.list), len(n.warnings)}
}

func clone[T any](list []T, from int) []T { return append([]T(nil), list[from:]...) }

// Append adds the names of another process, in its order, so that its ids mean
// the same here: into tables that take no names but by Append.
func (n *Names) Append(s Snapshot) {
	n.mu.Lock()
	defer n.mu.Unlock()
	appendAll(&n.scenarios, s.Scenarios)
	appendAll(&n.endpoints, s.Endpoints)
	appendAll(&n.checks, s.Checks)
	appendAll(&n.series, s.Series)
	for _, f := range s.Failures {
		if f != (Failure{}) { // every table has "no failure"
			n.failures.add(f)
		}
	}
}

func appendAll[T comparable](t *table[T], list []T) {
	for _, key := range list {
		t.add(key)
	}
}
