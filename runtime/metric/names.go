package metric

import "sync"

// Limits of the tables: a script that makes up names without end (an id in
// each URL, a message with a time stamp) ends in one row named [Other].
const (
	MaxEndpoints = 1000
	MaxFailures  = 1000
	Other        = "(other)"
)

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
}

type table[T comparable] struct {
	list []T
	ids  map[T]int
}

// NewNames returns empty tables; FailureID 0 is taken by "no failure".
func NewNames() *Names {
	n := &Names{}
	n.failures.intern(&n.mu, Failure{}, MaxFailures, Failure{})
	return n
}

// Scenario returns the id of a scenario, which it makes if need be.
func (n *Names) Scenario(name string) ScenarioID {
	return ScenarioID(n.scenarios.intern(&n.mu, name, MaxEndpoints, Other))
}

// Endpoint returns the id of an endpoint, that of [Other] once the table is full.
func (n *Names) Endpoint(e Endpoint) EndpointID {
	return EndpointID(n.endpoints.intern(&n.mu, e, MaxEndpoints, Endpoint{Name: Other}))
}

// Check returns the id of a check.
func (n *Names) Check(c CheckName) CheckID {
	return CheckID(n.checks.intern(&n.mu, c, MaxEndpoints, CheckName{Name: Other}))
}

// Failure returns the id of a failure; beyond [MaxFailures] messages are dropped and only the kind is kept.
func (n *Names) Failure(f Failure) FailureID {
	return FailureID(n.failures.intern(&n.mu, f, MaxFailures, Failure{Kind: f.Kind, Message: Other}))
}

// Snapshot is the tables from given lengths on: what was added since.
type Snapshot struct {
	Scenarios []string
	Endpoints []Endpoint
	Checks    []CheckName
	Failures  []Failure
}

// Since returns what was added after the first s0.. entries of each table (by the lengths in from).
func (n *Names) Since(from Lengths) (Snapshot, Lengths) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	s := Snapshot{
		Scenarios: clone(n.scenarios.list, from.Scenarios),
		Endpoints: clone(n.endpoints.list, from.Endpoints),
		Checks:    clone(n.checks.list, from.Checks),
		Failures:  clone(n.failures.list, from.Failures),
	}
	return s, Lengths{len(n.scenarios.list), len(n.endpoints.list), len(n.checks.list), len(n.failures.list)}
}

// Lengths are the lengths of the tables at some time.
type Lengths struct{ Scenarios, Endpoints, Checks, Failures int }

func clone[T any](list []T, from int) []T { return append([]T(nil), list[from:]...) }

// intern finds or adds key; over the limit it finds or adds overflow instead.
func (t *table[T]) intern(mu *sync.RWMutex, key T, limit int, overflow T) int {
	mu.RLock()
	id, ok := t.ids[key]
	mu.RUnlock()
	if ok {
		return id
	}
	mu.Lock()
	defer mu.Unlock()
	if id, ok := t.ids[key]; ok {
		return id
	}
	if len(t.list) >= limit {
		if id, ok := t.ids[overflow]; ok {
			return id
		}
		key = overflow
	}
	if t.ids == nil {
		t.ids = map[T]int{}
	}
	id = len(t.list)
	t.list = append(t.list, key)
	t.ids[key] = id
	return id
}
