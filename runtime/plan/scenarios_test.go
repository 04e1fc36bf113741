package plan_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/plan"
)

const second = time.Second

// scenarios are options with nothing else.
func scenarios(text string) plan.Sources {
	return plan.Sources{Script: json.RawMessage(`{"scenarios": {` + text + `}}`)}
}

func TestScenarios(t *testing.T) {
	const grace = 30 * second
	to := func(n float64) []plan.Stage { return []plan.Stage{{Target: n}} }
	for _, tt := range []struct {
		scenario string
		want     plan.Executor
	}{
		// k6's defaults.
		{`{"executor": "shared-iterations"}`, plan.Executor{Kind: "shared-iterations", Iterations: 1, Duration: 10 * time.Minute, Stages: to(1)}},
		{`{"executor": "per-vu-iterations"}`, plan.Executor{Kind: "per-vu-iterations", PerVU: true, VUs: 1, Iterations: 1, Duration: 10 * time.Minute}},
		{`{"executor": "constant-vus", "duration": "30s"}`, plan.Executor{Kind: "constant-vus", Duration: 30 * second, Stages: to(1)}},
		{
			`{"executor": "ramping-vus", "stages": [{"duration": "10s", "target": 5}]}`,
			plan.Executor{Kind: "ramping-vus", Duration: 10 * second, Stages: []plan.Stage{{Target: 1}, {Duration: 10 * second, Target: 5}}},
		},
		{
			`{"executor": "constant-arrival-rate", "rate": 30, "duration": "1m", "preAllocatedVUs": 5}`,
			plan.Executor{Kind: "constant-arrival-rate", Open: true, Duration: time.Minute, VUs: 5, MaxVUs: 5, Stages: to(30)},
		},
		{
			`{"executor": "ramping-arrival-rate", "preAllocatedVUs": 5, "stages": [{"duration": "10s", "target": 5}]}`,
			plan.Executor{Kind: "ramping-arrival-rate", Open: true, Duration: 10 * second, VUs: 5, MaxVUs: 5, Stages: []plan.Stage{{}, {Duration: 10 * second, Target: 5}}},
		},
		// All keys.
		{
			`{"executor": "shared-iterations", "vus": 3, "iterations": 10, "maxDuration": "5s", "startTime": "2s", "gracefulStop": "1s", "exec": "f", "env": {"A": "b"}, "tags": {"c": "d"}}`,
			plan.Executor{Kind: "shared-iterations", Exec: "f", Env: map[string]string{"A": "b"}, Tags: map[string]string{"c": "d"}, Start: 2 * second, Iterations: 10, Duration: 5 * second, Stages: to(3), Grace: second},
		},
		{
			`{"executor": "per-vu-iterations", "vus": 3, "iterations": 10, "maxDuration": 5000, "gracefulStop": "0s"}`,
			plan.Executor{Kind: "per-vu-iterations", PerVU: true, VUs: 3, Iterations: 10, Duration: 5 * second, Grace: -1},
		},
		{
			`{"executor": "ramping-vus", "startVUs": 0, "stages": [{"duration": "0s", "target": 5}, {"duration": "4s", "target": 0}], "gracefulRampDown": "3s", "gracefulStop": "7s"}`,
			plan.Executor{Kind: "ramping-vus", Duration: 4 * second, Grace: 7 * second, RampDown: 3 * second, Stages: []plan.Stage{{}, {Target: 5}, {Duration: 4 * second}}},
		},
		{
			`{"executor": "constant-arrival-rate", "rate": 90, "timeUnit": "1m", "duration": "1m", "preAllocatedVUs": 5, "maxVUs": 20}`,
			plan.Executor{Kind: "constant-arrival-rate", Open: true, Duration: time.Minute, VUs: 5, MaxVUs: 20, Stages: to(1.5)},
		},
		{
			`{"executor": "ramping-arrival-rate", "startRate": 60, "timeUnit": "1m", "maxVUs": 7, "stages": [{"duration": "10s", "target": 120}]}`,
			plan.Executor{Kind: "ramping-arrival-rate", Open: true, Duration: 10 * second, MaxVUs: 7, Stages: []plan.Stage{{Target: 1}, {Duration: 10 * second, Target: 2}}},
		},
		// Beyond k6: no VUs beforehand, fractions, less than a second, arrivals at random; k6 takes texts for numbers, too.
		{
			`{"executor": "constant-arrival-rate", "rate": 0.5, "duration": "500ms", "arrivals": "poisson"}`,
			plan.Executor{Kind: "constant-arrival-rate", Open: true, Poisson: true, Duration: second / 2, MaxVUs: 10_000, Stages: to(0.5)},
		},
		{`{"executor": "constant-vus", "vus": "4", "duration": "1s", "exec": null}`, plan.Executor{Kind: "constant-vus", Duration: second, Stages: to(4)}},
	} {
		p, warnings := resolve(t, scenarios(`"a": `+tt.scenario))
		want := tt.want
		want.Scenario = "a"
		switch {
		case want.Grace == 0:
			want.Grace = grace
		case want.Grace < 0:
			want.Grace = 0
		}
		if want.RampDown == 0 {
			want.RampDown = grace
		}
		if len(p.Executors) != 1 || !reflect.DeepEqual(p.Executors[0], want) || !reflect.DeepEqual(p.Named, p.Executors) || len(warnings) > 0 {
			t.Errorf("%s: warnings %q and\n%+v\nwant\n%+v", tt.scenario, warnings, p.Executors, want)
		}
	}
}

// TestScenarioRefusals: k6 v2.2.0 ends with 104 at those that are marked, with a message of its own.
func TestScenarioRefusals(t *testing.T) {
	arrivals := `"executor": "constant-arrival-rate", "rate": 10, "duration": "1s", "preAllocatedVUs": 5`
	for _, tt := range []struct{ scenario, want string }{
		{`"a": {"executor": "bogus"}`, `options.scenarios.a.executor (script): "\"bogus\"" is no executor`}, // k6: unknown executor type
		{`"a": {"executor": "constant-vu"}`, "did you mean constant-vus?"},                                  // k6
		{`"a": {"executor": "externally-controlled", "vus": 2}`, "is no executor"},                          // k6 v2
		{`"a": {"vus": 5}`, "executor (script): \"\" is missing"},                                           // k6
		{`"a": null`, "is missing"},                // k6
		{`"a": {"executor": 7}`, "is no executor"}, // k6
		{`"a": 5`, "is not an object"},             // k6
		{`"a": {"executor": "constant-vus", "duration": "1s", "durations": 1}`, "options.scenarios.a.durations (script)"},                          // k6
		{`"a": {"executor": "constant-vus", "duration": "1s", "maxduration": "1s"}`, "is no key of the executor constant-vus"},                     // k6
		{`"a": {"executor": "per-vu-iterations", "gracefulRampDown": "3s"}`, "is no key of the executor per-vu-iterations"},                        // k6
		{`"a": {"executor": "constant-vus", "duration": "1s", "preAllocatedVUs": 3}`, "is no key of the executor constant-vus"},                    // k6
		{`"a b": {"executor": "constant-vus", "duration": "1s"}`, "rename it"},                                                                     // k6
		{`"": {"executor": "constant-vus", "duration": "1s"}`, "rename it"},                                                                        // k6
		{`"a": {"executor": "shared-iterations", "vus": 5, "iterations": 2}`, "fewer iterations (2) than virtual users (5)"},                       // k6
		{`"a": {"executor": "shared-iterations", "iterations": 0}`, "is less than 1"},                                                              // k6
		{`"a": {"executor": "per-vu-iterations", "iterations": -3}`, "is negative"},                                                                // k6
		{`"a": {"executor": "per-vu-iterations", "iterations": 1e99}`, "is not a whole number"},                                                    // k6
		{`"a": {"executor": "per-vu-iterations", "iterations": 9999999999999999999999}`, "is not a whole number"},                                  // k6
		{`"a": {"executor": "per-vu-iterations", "maxDuration": "0s"}`, "is less than"},                                                            // k6
		{`"a": {"executor": "constant-vus"}`, `options.scenarios.a.duration (script): "" is missing`},                                              // k6
		{`"a": {"executor": "constant-vus", "duration": "-1s"}`, "is negative"},                                                                    // k6
		{`"a": {"executor": "constant-vus", "duration": "99999999h"}`, "is not a duration"},                                                        // k6
		{`"a": {"executor": "constant-vus", "duration": "99999h"}`, "is more than 3650 days"},                                                      // k6 runs it
		{`"a": {"executor": "constant-vus", "duration": "soon"}`, "such as 30s"},                                                                   // k6
		{`"a": {"executor": "constant-vus", "duration": {}}`, "is not a duration"},                                                                 // k6
		{`"a": {"executor": "constant-vus", "duration": "1s", "vus": 0}`, "is less than 1"},                                                        // k6
		{`"a": {"executor": "constant-vus", "duration": "1s", "vus": -1}`, "is negative"},                                                          // k6
		{`"a": {"executor": "constant-vus", "duration": "1s", "vus": 2.5}`, "is not a whole number"},                                               // k6
		{`"a": {"executor": "constant-vus", "duration": "1s", "vus": [1]}`, "is not a count"},                                                      // k6
		{`"a": {"executor": "constant-vus", "duration": "1s", "vus": 5000000}`, "is more than 1000000"},                                            //
		{`"a": {"executor": "constant-vus", "duration": "1s", "startTime": "-1s"}`, "is negative"},                                                 // k6
		{`"a": {"executor": "constant-vus", "duration": "1s", "gracefulStop": "-1s"}`, "is negative"},                                              // k6
		{`"a": {"executor": "constant-vus", "duration": "1s", "exec": ""}`, "is no name"},                                                          // k6
		{`"a": {"executor": "constant-vus", "duration": "1s", "exec": 5}`, "is no name"},                                                           // k6
		{`"a": {"executor": "constant-vus", "duration": "1s", "env": {"A": 1}}`, "write env: { NAME: 'text' }"},                                    // k6
		{`"a": {"executor": "constant-vus", "duration": "1s", "tags": ["x"]}`, "write tags: { NAME: 'text' }"},                                     // k6
		{`"a": {"executor": "ramping-vus"}`, "stages (script): \"\" is missing"},                                                                   // k6
		{`"a": {"executor": "ramping-vus", "stages": []}`, "is missing"},                                                                           // k6
		{`"a": {"executor": "ramping-vus", "stages": {}}`, "is not a stages"},                                                                      // k6
		{`"a": {"executor": "ramping-vus", "stages": [{"target": 3}]}`, "has the stage duration"},                                                  // k6
		{`"a": {"executor": "ramping-vus", "stages": [{"duration": "1s", "target": -3}]}`, "at least 0"},                                           // k6
		{`"a": {"executor": "ramping-vus", "stages": [{"duration": "0s", "target": 3}]}`, "take no time"},                                          // k6 runs nothing
		{`"a": {"executor": "ramping-vus", "startVUs": 0, "stages": [{"duration": "1s", "target": 0}]}`, "has no load"},                            // k6
		{`"a": {"executor": "ramping-vus", "stages": [{"duration": "1s", "target": 2000000}]}`, "target of more than 1000000"},                     //
		{`"a": {"executor": "ramping-vus", "stages": [{"duration": "3000d", "target": 1}, {"duration": "3000d", "target": 1}]}`, "than 3650 days"}, //
		{`"a": {"executor": "ramping-vus", "stages": [` + strings.Repeat(`{"duration": "3000d", "target": 1},`, 60) + `{"duration": "1s", "target": 1}]}`, "than 3650 days"},
		{`"a": {"executor": "ramping-arrival-rate", "stages": [{"duration": "1s", "target": 0}]}`, "has no load"},                                    // k6 runs nothing
		{`"a": {"executor": "ramping-arrival-rate", "timeUnit": "0s", "stages": [{"duration": "1s", "target": 3}]}`, "timeUnit (script)"},            // k6
		{`"a": {"executor": "ramping-arrival-rate", "timeUnit": "1ms", "stages": [{"duration": "1s", "target": 30000}]}`, "more than 10000000"},      //
		{`"a": {"executor": "constant-arrival-rate", "duration": "1s", "preAllocatedVUs": 5}`, "rate (script): \"\" is missing"},                     // k6
		{`"a": {"executor": "constant-arrival-rate", "duration": "1s", "rate": 0, "preAllocatedVUs": 5}`, "rate (script)"},                           // k6
		{`"a": {"executor": "constant-arrival-rate", "duration": "1s", "rate": -1, "preAllocatedVUs": 5}`, "rate (script)"},                          // k6
		{`"a": {"executor": "constant-arrival-rate", "duration": "1s", "rate": 1e9, "timeUnit": "1ms", "preAllocatedVUs": 5}`, "more than 10000000"}, //
		{`"a": {` + arrivals + `, "maxVUs": 2}`, "maxVUs (2) that is less than preAllocatedVUs (5)"},                                                 // k6
		{`"a": {` + arrivals + `, "arrivals": "bursty"}`, "even, poisson"},                                                                           //
		{`"a": {` + arrivals + `}, "b": {` + arrivals + `, "vus": 3}`, "options.scenarios.b.vus"},                                                    // k6
	} {
		_, _, err := plan.Resolve(scenarios(tt.scenario))
		var e *plan.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: no error but %v", tt.scenario, err)
			continue
		}
		if text := e.Error() + "\n" + e.Hint(); !strings.Contains(text, tt.want) || e.Hint() == "" || e.ExitCode() != 2 {
			t.Errorf("%s: exit code %d and\n%s\nwant %q", tt.scenario, e.ExitCode(), text, tt.want)
		}
	}
	var many []string
	for i := range 1001 {
		many = append(many, fmt.Sprintf(`"s%d": {"executor": "per-vu-iterations"}`, i))
	}
	if _, _, err := plan.Resolve(scenarios(strings.Join(many, ","))); err == nil || !strings.Contains(err.Error(), "has 1001 scenarios, more than 1000") {
		t.Errorf("1001 scenarios: %v", err)
	}
	if p, _ := resolve(t, scenarios(strings.Join(many[1:], ","))); len(p.Executors) != 1000 {
		t.Errorf("of 1000 scenarios %d run", len(p.Executors))
	}
	for _, text := range []string{`{"scenarios": []}`, `{"scenarios": "a"}`, `{"scenarios": 1}`} { // k6, all of them
		if _, _, err := plan.Resolve(plan.Sources{Script: json.RawMessage(text)}); err == nil || !strings.Contains(err.Error(), "options.scenarios (script)") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestWhatStandsInForScenarios: as k6 v2.2.0, which tells the same with a warning, or refuses it with 104.
func TestWhatStandsInForScenarios(t *testing.T) {
	const two = `"scenarios": {"a": {"executor": "constant-vus", "duration": "1s"}, "b": {"executor": "shared-iterations", "startTime": "1h"}}`
	flag := func(name, value string) map[string]string { return map[string]string{name: value} }
	for _, tt := range []struct {
		more  string // of the script's options
		mode  plan.Mode
		flags map[string]string
		runs  string // scenarios
		warns string
		fails string
	}{
		{runs: "a b"},
		{flags: flag("max-vus", "7"), runs: "a b"},
		{flags: flag("grace", "7s"), runs: "a b"},
		{flags: flag("vus", "7"), warns: "options.scenarios is not used, because of --vus"},
		{flags: flag("duration", "7s"), warns: "because of --duration"},
		{flags: flag("iterations", "7"), warns: "because of --iterations"},
		{flags: map[string]string{"rate": "7/s", "duration": "1s"}, warns: "because of --"},
		{flags: flag("stages", "7s:1"), warns: "because of --stages"},
		{more: `"vus": 3, `, warns: "because of options.vus"},
		{more: `"vus": 3, "duration": "1s", `, fails: "options.duration does, too"},
		{more: `"iterations": 3, `, fails: "options.iterations does, too"},
		{more: `"stages": [{"duration": "1s", "target": 1}], `, fails: "options.stages does, too"},
		{mode: plan.Size, warns: "a sizing runs what its scenarios run"},
		{mode: plan.Classic, warns: "a sizing runs what its scenarios run"},
		{flags: flag("scenario", "b"), runs: "b"},
		{flags: flag("scenario", "c"), fails: "is no scenario of options.scenarios"},
		{flags: map[string]string{"scenario": "c", "vus": "3"}, warns: "because of --vus"}, // another one of the script's, perhaps
	} {
		p, warnings, err := plan.Resolve(plan.Sources{Mode: tt.mode, Script: json.RawMessage("{" + tt.more + two + "}"), Flags: tt.flags})
		var runs []string
		for _, e := range p.Executors {
			runs = append(runs, e.Scenario)
			if tt.flags["scenario"] != "" && e.Start != 0 {
				t.Errorf("%+v: alone it begins at %v, want at once", tt, e.Start)
			}
			if tt.flags["grace"] != "" && e.Grace != 7*second {
				t.Errorf("%+v: --grace is not the default of gracefulStop: %v", tt, e.Grace)
			}
		}
		told := strings.Join(warnings, "\n")
		switch {
		case tt.fails != "":
			if err == nil || !strings.Contains(err.Error(), tt.fails) {
				t.Errorf("%+v: %v", tt, err)
			}
		case err != nil || strings.Join(runs, " ") != tt.runs || (told != "") != (tt.warns != "") || !strings.Contains(told, tt.warns):
			t.Errorf("%+v: runs %q, warns %q, %v", tt, runs, told, err)
		case len(p.Named) != 2:
			t.Errorf("%+v: what the scenarios run is not known: %+v", tt, p.Named)
		}
	}
}

func TestScenariosInTheSettings(t *testing.T) {
	p, warnings := resolve(t, scenarios(`"b": {"executor": "constant-vus", "duration": "1s", "options": {"browser": {"type": "chromium"}}}, "a": {"executor": "per-vu-iterations"}`))
	if got := setting(p, "scenarios"); got.Value != "a:per-vu-iterations,b:constant-vus" || got.Source != plan.Script {
		t.Errorf("%+v", got)
	}
	if shown := setting(p, "vus"); shown.Name != "" {
		t.Errorf("%+v is shown, and nothing follows from it", shown)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], "there is no browser") {
		t.Errorf("warnings %q", warnings)
	}
}
