package plan

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Scenarios of a script's options are executors by name, each with what its
// iterations run. Keys, defaults and rules are k6's, but where a comment says
// otherwise; a plan without VUs made before an open load, durations below a
// second and fractions of a rate are taken, too.

// The executors that a scenario may name.
const (
	sharedIterations    = "shared-iterations"
	perVUIterations     = "per-vu-iterations"
	constantVUs         = "constant-vus"
	rampingVUs          = "ramping-vus"
	constantArrivalRate = "constant-arrival-rate"
	rampingArrivalRate  = "ramping-arrival-rate"
)

func executorNames() []string {
	return []string{sharedIterations, perVUIterations, constantVUs, rampingVUs, constantArrivalRate, rampingArrivalRate}
}

// draft is a scenario as far as its keys have been read.
type draft struct {
	Executor
	vus         int
	start, rate float64 // VUs, or arrivals per unit
	unit        time.Duration
}

// scenarioKey is one key of a scenario. Its Spec has no place in [Table].
type scenarioKey struct {
	Spec
	executors []string // that have it; nil: all
	needed    bool
	set       func(*draft, value)
}

// scenarioKeys are those that hold one value; exec, env, tags and options are read by themselves.
func scenarioKeys() []scenarioKey {
	iterations, closed := []string{sharedIterations, perVUIterations}, []string{sharedIterations, perVUIterations, constantVUs}
	constant, ramping := []string{constantVUs, constantArrivalRate}, []string{rampingVUs, rampingArrivalRate}
	open := []string{constantArrivalRate, rampingArrivalRate}
	return []scenarioKey{
		{Spec{Option: "startTime", Kind: Time, Doc: "when it begins, after the run's beginning"}, nil, false, func(d *draft, v value) { d.Start = v.duration }},
		{Spec{Option: "gracefulStop", Kind: Time, Doc: "how long iterations may go on after its end"}, nil, false, func(d *draft, v value) { d.Grace = v.duration }},
		{Spec{Option: "vus", Kind: Count, Min: 1, Max: maxUsers, Doc: "how many virtual users run at once"}, closed, false, func(d *draft, v value) { d.vus = int(v.whole) }},
		{Spec{Option: "iterations", Kind: Count, Min: 1, Max: 1e15, Doc: "how many iterations are started"}, iterations, false, func(d *draft, v value) { d.Iterations = int(v.whole) }},
		{Spec{Option: "maxDuration", Kind: Time, Min: 1, Doc: "when no more are started, although some are left"}, iterations, false, func(d *draft, v value) { d.Duration = v.duration }},
		{Spec{Option: "duration", Kind: Time, Min: 1, Doc: "how long iterations are started"}, constant, true, func(d *draft, v value) { d.Duration = v.duration }},
		{Spec{Option: "startVUs", Kind: Count, Max: maxUsers, Doc: "how many virtual users there are when the first stage begins"}, []string{rampingVUs}, false, func(d *draft, v value) { d.start = v.number }},
		{Spec{Option: "stages", Kind: Ramp, Max: maxRate, Doc: "the load over time, a list of { duration: '30s', target: 10 }"}, ramping, true, func(d *draft, v value) { d.Stages = v.stages }},
		{Spec{Option: "gracefulRampDown", Kind: Time, Doc: "how long an iteration may go on whose virtual user a stage does not want any more"}, []string{rampingVUs}, false, func(d *draft, v value) { d.RampDown = v.duration }},
		{Spec{Option: "rate", Kind: Number, Min: 1e-6, Max: maxRate * 3600, Doc: "how many iterations are started each timeUnit"}, []string{constantArrivalRate}, true, func(d *draft, v value) { d.rate = v.number }},
		{Spec{Option: "startRate", Kind: Number, Max: maxRate * 3600, Doc: "the rate when the first stage begins"}, []string{rampingArrivalRate}, false, func(d *draft, v value) { d.start = v.number }},
		{Spec{Option: "timeUnit", Kind: Time, Min: float64(time.Millisecond), Doc: "the time that rates are of"}, open, false, func(d *draft, v value) { d.unit = v.duration }},
		{Spec{Option: "preAllocatedVUs", Kind: Count, Max: maxUsers, Doc: "how many virtual users are made before the first arrival"}, open, false, func(d *draft, v value) { d.VUs = int(v.whole) }},
		{Spec{Option: "maxVUs", Kind: Count, Min: 1, Max: maxUsers, Doc: "most virtual users that arrivals may need"}, open, false, func(d *draft, v value) { d.MaxVUs = int(v.whole) }},
		{Spec{Option: "arrivals", Kind: Choice, Words: []string{"even", "poisson"}, Doc: "how arrivals follow each other: even, or poisson"}, open, false, func(d *draft, v value) { d.Poisson = v.text == "poisson" }}, // ours
	}
}

// maxScenarios bounds the scenarios of a script's options: each virtual user knows all of them.
const maxScenarios = 1000

// scenarioError is what is wrong with a scenario, or with a key of it.
func scenarioError(path string, raw json.RawMessage, problem, advice string) error {
	return &Error{strings.TrimSuffix("options.scenarios."+path, "."), shorten(string(raw)), Script, problem, advice}
}

// readScenarios takes options.scenarios into the plan, and makes it what runs unless a setting stands in for it.
func (r *resolver) readScenarios(p *Plan) error {
	if len(r.scenarios) == 0 {
		return nil
	}
	all, err := members(r.scenarios)
	if err != nil {
		return scenarioError("", r.scenarios, "is not an object", "write scenarios: { NAME: { executor: 'constant-vus', vus: 10, duration: '30s' } }")
	}
	if len(all) > maxScenarios {
		return scenarioError("", r.scenarios, fmt.Sprintf("has %d scenarios, more than %d", len(all), maxScenarios), "join those that do the same")
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		e, err := r.scenario(p, name, all[name])
		if err != nil {
			return err
		}
		p.Named = append(p.Named, e)
	}
	return r.chooseLoad(p)
}

// chooseLoad decides whether the scenarios run, or what else was said about the load.
func (r *resolver) chooseLoad(p *Plan) error {
	switch {
	case len(p.Named) == 0:
		r.warn("options.scenarios is empty: it is not used")
		return nil
	case r.mode != Run:
		r.warn("options.scenarios: a sizing runs what its scenarios run, and finds the load itself")
		return nil
	}
	for _, name := range standIns() {
		other, said := r.chosen[name]
		switch {
		case !said:
		case other.source == Script && name != "vus": // as in k6, which takes vus for an override
			return scenarioError("", r.scenarios, "says what the load is, and "+other.key+" does, too", "leave out one of them")
		default:
			r.warn("options.scenarios is not used, because of %s", other.key)
			return nil
		}
	}
	p.Executors = slices.Clone(p.Named)
	var text []string
	for _, e := range p.Named {
		text = append(text, e.Scenario+":"+e.Kind)
	}
	p.Settings = slices.DeleteFunc(p.Settings, func(s Setting) bool { return s.Name == "vus" }) // a default that nothing follows from
	p.Settings = append(p.Settings, Setting{"scenarios", strings.Join(text, ","), Script})
	return nil
}

// standIns are the settings that say of the load what scenarios do.
func standIns() []string { return []string{"duration", "iterations", "stages", "rate", "vus"} }

// several says whether the script has scenarios that no setting stands in for.
func (r *resolver) several() bool {
	all, err := members(r.scenarios)
	return err == nil && len(all) > 0 && !slices.ContainsFunc(standIns(), func(name string) bool {
		_, said := r.chosen[name]
		return said
	})
}

// chooseScenario keeps one scenario alone, where that was asked for. It begins at once.
func (p *Plan) chooseScenario(r *resolver) error {
	name := p.Scenario
	if name == "" || len(p.Executors) == 0 {
		return nil
	}
	i := slices.IndexFunc(p.Executors, func(e Executor) bool { return e.Scenario == name })
	if i < 0 {
		g := r.chosen["scenario"]
		return &Error{g.key, g.text, g.source, "is no scenario of options.scenarios", Suggest(name, p.scenarioNames())}
	}
	p.Executors = []Executor{p.Executors[i]}
	p.Executors[0].Start = 0
	return nil
}

func (p *Plan) scenarioNames() (names []string) {
	for _, e := range p.Executors {
		names = append(names, e.Scenario)
	}
	return names
}

// scenario reads one; what it does not say comes from the plan's own settings.
func (r *resolver) scenario(p *Plan, name string, raw json.RawMessage) (Executor, error) {
	if !isScenarioName(name) {
		return Executor{}, scenarioError(name, raw, "has a name that is not of letters of a to z, digits, - and _", "rename it: it stands in tags and thresholds")
	}
	keys, err := members(raw)
	if err != nil {
		return Executor{}, scenarioError(name, raw, "is not an object", "write "+name+": { executor: 'constant-vus', vus: 10, duration: '30s' }")
	}
	d := draft{Executor: Executor{Scenario: name, Grace: p.Grace, RampDown: p.RampDown, Poisson: p.Poisson, Iterations: 1}, vus: 1, unit: time.Second}
	if d.Kind, err = executorKind(name, keys["executor"]); err != nil {
		return Executor{}, err
	}
	switch d.Kind {
	case sharedIterations, perVUIterations:
		d.Duration = maxIterationsTime
	case rampingVUs:
		d.start = 1
	}
	if err := r.words(&d, name, keys); err != nil {
		return Executor{}, err
	}
	for _, k := range scenarioKeys() {
		if err := d.take(k, name, keys); err != nil {
			return Executor{}, err
		}
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) { // what nobody took
		return Executor{}, scenarioError(name+"."+key, keys[key], "is no key of the executor "+d.Kind, Suggest(key, keysOf(d.Kind)))
	}
	return d.shape(p, raw)
}

// maxIterationsTime is how long a given number of iterations may take where the script does not say.
const maxIterationsTime = 10 * time.Minute

// isScenarioName says whether a name may stand in tags and thresholds as it is.
func isScenarioName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_'
	})
}

func executorKind(name string, raw json.RawMessage) (string, error) {
	var kind string
	switch {
	case raw == nil:
		return "", scenarioError(name+".executor", nil, "is missing", "name one of "+strings.Join(executorNames(), ", "))
	case json.Unmarshal(raw, &kind) != nil || !slices.Contains(executorNames(), kind):
		return "", scenarioError(name+".executor", raw, "is no executor", Suggest(kind, executorNames()))
	}
	return kind, nil
}

// keysOf are the keys that scenarios of an executor have.
func keysOf(kind string) []string {
	list := []string{"executor", "exec", "env", "tags"}
	for _, k := range scenarioKeys() {
		if k.executors == nil || slices.Contains(k.executors, kind) {
			list = append(list, k.Option)
		}
	}
	return list
}

// words takes the keys that hold texts.
func (r *resolver) words(d *draft, name string, keys map[string]json.RawMessage) error {
	if raw, ok := keys["exec"]; ok && string(raw) != "null" {
		if json.Unmarshal(raw, &d.Exec) != nil || d.Exec == "" {
			return scenarioError(name+".exec", raw, "is no name", "name a function that the script exports, or a scenario of it")
		}
	}
	for key, into := range map[string]*map[string]string{"env": &d.Env, "tags": &d.Tags} {
		if raw, ok := keys[key]; ok && json.Unmarshal(raw, into) != nil {
			return scenarioError(name+"."+key, raw, "is not an object of texts", "write "+key+": { NAME: 'text' }")
		}
	}
	if _, ok := keys["options"]; ok {
		r.warn("options.scenarios.%s.options has no effect here: there is no browser", name)
	}
	for _, key := range []string{"executor", "exec", "env", "tags", "options"} {
		delete(keys, key)
	}
	return nil
}

// take reads one key, if it is there and the executor has it.
func (d *draft) take(k scenarioKey, name string, keys map[string]json.RawMessage) error {
	if k.executors != nil && !slices.Contains(k.executors, d.Kind) {
		return nil
	}
	raw, path := keys[k.Option], name+"."+k.Option
	delete(keys, k.Option)
	text, err := k.fromJSON(raw)
	var v value
	switch {
	case err == nil && text == "" && k.needed:
		return scenarioError(path, raw, "is missing", "it is "+k.Doc+example(k.Spec))
	case err == nil && text == "":
		return nil
	case err == nil:
		v, err = k.parse(text)
	}
	if err != nil {
		return scenarioError(path, raw, err.Error(), "it is "+k.Doc+example(k.Spec))
	}
	k.set(d, v)
	return nil
}

// shape makes stages of the draft, and checks what no key says alone.
func (d *draft) shape(p *Plan, raw json.RawMessage) (Executor, error) {
	advice, problem := "", error(nil)
	switch d.Kind {
	case sharedIterations:
		if d.Iterations < d.vus {
			advice, problem = "raise iterations, or lower vus", fmt.Errorf("has fewer iterations (%d) than virtual users (%d)", d.Iterations, d.vus)
		}
		d.Stages = []Stage{{Target: float64(d.vus)}}
	case perVUIterations:
		d.PerVU, d.VUs = true, d.vus
	case constantVUs:
		d.Iterations, d.Stages = 0, []Stage{{Target: float64(d.vus)}}
	case rampingVUs:
		d.Iterations = 0
		advice, problem = d.ramp(1, maxUsers)
	case constantArrivalRate:
		d.Stages = []Stage{{Target: d.rate / d.unit.Seconds()}}
		advice, problem = d.open(p)
	case rampingArrivalRate:
		if advice, problem = d.ramp(d.unit.Seconds(), maxRate); problem == nil {
			advice, problem = d.open(p)
		}
	}
	if problem != nil {
		return Executor{}, scenarioError(d.Scenario, raw, problem.Error(), advice)
	}
	return d.Executor, nil
}

// tooLong is longer than any load.
const tooLong = maxDays*24*time.Hour + 1

// ramp begins the stages where the scenario says, in what is a second's of a unit.
func (d *draft) ramp(unit, most float64) (advice string, problem error) {
	d.Stages = append([]Stage{{Target: d.start}}, d.Stages...)
	highest := 0.0
	d.Duration = 0
	for i := range d.Stages {
		d.Stages[i].Target /= unit
		highest = max(highest, d.Stages[i].Target)
		d.Duration = min(d.Duration+d.Stages[i].Duration, tooLong) // no overflow
	}
	switch {
	case d.Duration == 0:
		return "give a stage a duration", errors.New("has stages that take no time")
	case d.Duration == tooLong:
		return "shorten them", fmt.Errorf("has stages that take longer than %d days together", maxDays)
	case highest == 0:
		return "give a stage a target above 0", errors.New("has no load in any of its stages")
	case highest > most:
		return "lower it", fmt.Errorf("has a stage with a target of more than %.0f", most)
	}
	return "", nil
}

// open completes a scenario of arrivals.
func (d *draft) open(p *Plan) (advice string, problem error) {
	d.Open, d.Iterations = true, 0
	for _, s := range d.Stages {
		if s.Target > maxRate {
			return "lower it", fmt.Errorf("has a rate of more than %d a second", maxRate)
		}
	}
	switch {
	case d.MaxVUs == 0 && d.VUs > 0:
		d.MaxVUs = d.VUs
	case d.MaxVUs == 0:
		d.MaxVUs = p.MaxVUs
	case d.MaxVUs < d.VUs:
		return "raise maxVUs, or leave it out", fmt.Errorf("has a maxVUs (%d) that is less than preAllocatedVUs (%d)", d.MaxVUs, d.VUs)
	}
	return "", nil
}
