package plan_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/plan"
)

func resolve(t *testing.T, s plan.Sources) (plan.Plan, []string) {
	t.Helper()
	p, warnings, err := plan.Resolve(s)
	if err != nil {
		t.Fatalf("%+v: %v", s, err)
	}
	return p, warnings
}

// setting finds one of a plan's settings.
func setting(p plan.Plan, name string) plan.Setting {
	for _, s := range p.Settings {
		if s.Name == name {
			return s
		}
	}
	return plan.Setting{}
}

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestPrecedence(t *testing.T) {
	s := plan.Sources{Seed: 7}
	for _, step := range []struct {
		add  func()
		want plan.Setting
	}{
		{func() {}, plan.Setting{Name: "delay", Value: "0s", Source: plan.Default}},
		{func() { s.Script = json.RawMessage(`{"delay": 100}`) }, plan.Setting{Name: "delay", Value: "100ms", Source: plan.Script}},
		{func() { s.Test = []plan.Setting{{Name: "delay", Value: "2s"}} }, plan.Setting{Name: "delay", Value: "2s", Source: plan.Test}},
		{func() { s.Env = env("PLIMSOLL_DELAY", "3s") }, plan.Setting{Name: "delay", Value: "3s", Source: plan.Env}},
		{func() { s.Flags = map[string]string{"delay": "4s"} }, plan.Setting{Name: "delay", Value: "4s", Source: plan.Flag}},
	} {
		step.add()
		p, _ := resolve(t, s)
		if got := setting(p, "delay"); got != step.want {
			t.Errorf("got %+v, want %+v", got, step.want)
		}
		if want, _ := time.ParseDuration(step.want.Value); p.Delay != want {
			t.Errorf("the plan has a delay of %v, its setting says %v", p.Delay, want)
		}
		if p.Seed != 7 || setting(p, "seed").Value != "7" {
			t.Errorf("the drawn seed is not in the plan: %d", p.Seed)
		}
	}
}

func TestShapeOfALoad(t *testing.T) {
	second := time.Second
	constant := func(n float64) []plan.Stage { return []plan.Stage{{Target: n}} }
	for _, tt := range []struct {
		name, script string
		flags        map[string]string
		want         plan.Plan // its load alone
	}{
		{"nothing said is one iteration", ``, nil, plan.Plan{Executor: plan.Executor{VUs: 1, Iterations: 1, Stages: constant(1)}}},
		{"users alone run one iteration each", `{"vus": 5}`, nil, plan.Plan{Executor: plan.Executor{VUs: 5, Iterations: 5, Stages: constant(5)}}},
		{"users for a duration", `{"vus": 5, "duration": "30s"}`, nil, plan.Plan{Executor: plan.Executor{VUs: 5, Duration: 30 * second, Stages: constant(5)}}},
		{"iterations within a duration", `{"vus": 5, "duration": "30s", "iterations": 9}`, nil, plan.Plan{Executor: plan.Executor{VUs: 5, Duration: 30 * second, Iterations: 9, Stages: constant(5)}}},
		{"fewer iterations than users", `{"vus": 5, "iterations": 2}`, nil, plan.Plan{Executor: plan.Executor{VUs: 2, Iterations: 2, Stages: constant(2)}}},
		{"a duration ends a script's stages", `{"stages": [{"duration": "30s", "target": 10}]}`, map[string]string{"duration": "5s"}, plan.Plan{Executor: plan.Executor{VUs: 1, Duration: 5 * second, Stages: constant(1)}}},
		{"a duration shortens a script's rate", `{"rate": "100/s", "duration": "60s"}`, map[string]string{"duration": "5s"}, plan.Plan{Executor: plan.Executor{Open: true, Duration: 5 * second, Stages: constant(100)}}},
		{"a rate replaces a script's users", `{"vus": 5, "duration": "30s"}`, map[string]string{"rate": "9000/m"}, plan.Plan{Executor: plan.Executor{Open: true, VUs: 5, Duration: 30 * second, Stages: constant(150)}}},
		{
			"stages start from the users", `{"vus": 2, "stages": [{"duration": "30s", "target": 10}, {"duration": 5000, "target": 0}]}`, nil,
			plan.Plan{Executor: plan.Executor{VUs: 2, Duration: 35 * second, Stages: []plan.Stage{{Target: 2}, {Duration: 30 * second, Target: 10}, {Duration: 5 * second, Target: 0}}}},
		},
		{
			"stages of a flag", `{"duration": "1h"}`,
			map[string]string{"stage": "10s:4, 1m30s:4"},
			plan.Plan{Executor: plan.Executor{VUs: 1, Duration: 100 * second, Stages: []plan.Stage{{Target: 1}, {Duration: 10 * second, Target: 4}, {Duration: 90 * second, Target: 4}}}},
		},
	} {
		p, _ := resolve(t, plan.Sources{Script: json.RawMessage(tt.script), Flags: tt.flags})
		got := plan.Plan{Executor: plan.Executor{VUs: p.VUs, Iterations: p.Iterations, Duration: p.Duration, Stages: p.Stages, Open: p.Open}}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

func TestModes(t *testing.T) {
	script := json.RawMessage(`{"vus": 3, "duration": "10s", "sizing": {"tolerance": 2, "objectives": ["p(95)<200ms"]}}`)
	size, _ := resolve(t, plan.Sources{Mode: plan.Size, Script: script})
	if size.Stages != nil || size.Duration != 0 || size.Timeout != 10*time.Second || !size.Poisson {
		t.Errorf("a sizing follows the script's own load, or has the defaults of a run: %+v", size)
	}
	if size.Sizing.Tolerance != 0.02 || size.Sizing.Objectives[0] != "p(95)<200ms" || size.Sizing.By != plan.ByVUs {
		t.Errorf("sizing %+v", size.Sizing)
	}
	classic, _ := resolve(t, plan.Sources{Mode: plan.Classic, Script: script, Flags: map[string]string{"sizing-tolerance": "5"}})
	if want := []plan.Stage{{Duration: 5 * time.Minute, Target: 500}}; !reflect.DeepEqual(classic.Stages, want) || classic.Duration != 0 {
		t.Errorf("the classic ramps %v for %v, want %v without end", classic.Stages, classic.Duration, want)
	}
	if classic.Sizing.Tolerance != 0.05 {
		t.Errorf("--sizing-tolerance 5 is %v", classic.Sizing.Tolerance)
	}
	workers, _ := resolve(t, plan.Sources{Mode: plan.Classic, Flags: map[string]string{"workers": "40", "ramp-up": "1m"}})
	if want := []plan.Stage{{Duration: time.Minute, Target: 40}}; !reflect.DeepEqual(workers.Stages, want) {
		t.Errorf("--workers 40 --ramp-up 1m ramps %v", workers.Stages)
	}
	run, _ := resolve(t, plan.Sources{Script: script})
	if run.Timeout != time.Minute || setting(run, "resolution").Name != "" {
		t.Errorf("a run has the settings of a sizing: %+v", run.Settings)
	}
}

func TestBackoff(t *testing.T) {
	for text, want := range map[string]plan.Backoff{
		`"iteration"`: {}, `"none"`: {None: true}, `"1s"`: {Wait: time.Second},
	} {
		if p, _ := resolve(t, plan.Sources{Script: json.RawMessage(`{"backoff": ` + text + `}`)}); p.Backoff != want {
			t.Errorf("back-off %s is %+v", text, p.Backoff)
		}
	}
}

func TestRefusals(t *testing.T) {
	flag := func(name, value string) plan.Sources {
		return plan.Sources{Flags: map[string]string{name: value}}
	}
	sizing := func(name, value string) plan.Sources {
		return plan.Sources{Mode: plan.Size, Flags: map[string]string{name: value}}
	}
	script := func(text string) plan.Sources { return plan.Sources{Script: json.RawMessage(text)} }
	for _, tt := range []struct {
		name    string
		sources plan.Sources
		want    string // in the error and its hint
	}{
		{"negative duration", flag("duration", "-5s"), `--duration (flag): "-5s" is negative`},
		{"duration without a unit", flag("duration", "30"), "write 30s or 30ms"},
		{"duration of nothing", flag("duration", "0s"), "is less than"},
		{"not a duration", flag("grace", "soon"), "such as 30s"},
		{"no users", flag("vus", "0"), "is less than 1"},
		{"half a user", script(`{"vus": 1.5}`), `options.vus (script): "1.5" is not a whole number`},
		{"a user list", script(`{"vus": [1]}`), "is not a count"},
		{"tolerance over 100", sizing("tolerance", "101%"), "is more than 100%"},
		{"negative tolerance", sizing("tolerance", "-1"), "is less than 0%"},
		{"no rate", flag("rate", "0/s"), "is less than"},
		{"unknown unit", flag("rate", "5/d"), "there are /s, /m and /h"},
		{"rate without an end", flag("rate", "5/s"), "--duration 60s"},
		{"rate and stages", plan.Sources{Flags: map[string]string{"rate": "5/s", "stages": "1s:1"}}, "there is a rate, too"},
		{"unknown failure", flag("fail-on", "checks,typos"), `has "typos": it takes exceptions`},
		{"unknown choice", sizing("arrivals", "bursty"), "even, poisson"},
		{"stages of no length", script(`{"stages": [{"duration": "0s", "target": 5}]}`), "takes no time"},
		{"bad stage", flag("stages", "10s"), "30s:10"},
		{"negative stage", script(`{"stages": [{"duration": "1s", "target": -1}]}`), "targets are at least 0"},
		{"back-off in numbers", script(`{"backoff": 1}`), "write '1s'"},
		{"options that are no object", script(`[1]`), "is not an object"},
		{"sizing that is no object", script(`{"sizing": "5%"}`), "write sizing: {"},
		{"unknown setting of a test", plan.Sources{Test: []plan.Setting{{Name: "durations", Value: "1s"}}}, "did you mean duration?"},
		{"environment", plan.Sources{Env: env("PLIMSOLL_VUS", "many")}, "PLIMSOLL_VUS (environment)"},
	} {
		_, _, err := plan.Resolve(tt.sources)
		var e *plan.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: no error but %v", tt.name, err)
			continue
		}
		if text := e.Error() + "\n" + e.Hint(); !strings.Contains(text, tt.want) || e.Hint() == "" || e.ExitCode() != 2 {
			t.Errorf("%s: exit code %d and\n%s\nwant %q", tt.name, e.ExitCode(), text, tt.want)
		}
	}
}

func TestWarnings(t *testing.T) {
	for _, tt := range []struct{ script, want string }{
		{`{"durations": "1s"}`, "did you mean duration?"},
		{`{"sizing": {"toleranz": "1%"}}`, "did you mean sizing.tolerance?"},
		{`{"scenarios": {}}`, "options.scenarios is empty"},
		{`{"vus": 9, "iterations": 2}`, "7 are not started"},
	} {
		if _, warnings := resolve(t, plan.Sources{Script: json.RawMessage(tt.script)}); !strings.Contains(strings.Join(warnings, "\n"), tt.want) {
			t.Errorf("%s: warnings are %q, want %q", tt.script, warnings, tt.want)
		}
	}
	quiet := json.RawMessage(`{"vus": null, "noCookiesReset": true, "setupTimeout": "5s", "insecureSkipTLSVerify": true}`)
	p, warnings := resolve(t, plan.Sources{Script: quiet})
	if len(warnings) > 0 || !p.Insecure {
		t.Errorf("warnings %q for options that are known; insecure %v", warnings, p.Insecure)
	}
	for text, want := range map[string]int{"0.05": 1, "0.05%": 0, "5": 0, "0": 0} {
		_, warnings := resolve(t, plan.Sources{Mode: plan.Size, Flags: map[string]string{"tolerance": text}})
		if len(warnings) != want {
			t.Errorf("tolerance %s: warnings %q, want %d", text, warnings, want)
		}
	}
}

func TestTableIsSound(t *testing.T) {
	seen, word := map[string]bool{}, regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	for _, s := range plan.Table() {
		for _, name := range append([]string{s.Name, s.Short, s.Option}, s.Aliases...) {
			if name != "" && name != s.Name && seen[name] {
				t.Errorf("%s: the name %s is taken", s.Name, name)
			}
		}
		for _, name := range append([]string{s.Name, s.Short, s.Option}, s.Aliases...) {
			seen[name] = true
		}
		if !word.MatchString(s.Name) || s.Doc == "" || s.Kind == "" {
			t.Errorf("%s: name, doc or kind is missing or odd", s.Name)
		}
		for _, mode := range []plan.Mode{plan.Run, plan.Size, plan.Classic} {
			if text := s.DefaultIn(mode); text != "" && s.Check(text) != nil {
				t.Errorf("%s: the default %q does not pass: %v", s.Name, text, s.Check(text))
			}
		}
	}
}

func TestShownValuesCanBeGivenAgain(t *testing.T) {
	script := json.RawMessage(`{"delay": 1500, "failOn": ["checks"], "stages": [{"duration": "1m30s", "target": 3}]}`)
	p, _ := resolve(t, plan.Sources{Script: script, Seed: 4})
	flags := map[string]string{}
	for _, s := range p.Settings {
		flags[s.Name] = s.Value
	}
	again, _ := resolve(t, plan.Sources{Flags: flags})
	p.Settings, again.Settings = nil, nil
	if !reflect.DeepEqual(p, again) {
		t.Errorf("from the shown values:\n%+v\nwant\n%+v", again, p)
	}
}

func FuzzOptions(f *testing.F) {
	f.Add([]byte(`{"vus": 10, "duration": "30s", "sizing": {"tolerance": "5%"}}`), "30s:10,1m:0")
	f.Add([]byte(`{"stages": [{"duration": 1e3, "target": 1}], "delay": 0.5}`), "9000/m")
	f.Add([]byte(`{"iterations": 3, "failOn": ["checks"], "backoff": "none", "rate": null}`), "2d1h")
	f.Add([]byte(`{"scenarios": {"a": {"executor": "constant-arrival-rate", "rate": 3, "duration": "1s", "maxVUs": 7, "startTime": 5}}}`), "1")
	f.Add([]byte(`{"scenarios": {"a": {"executor": "ramping-vus", "stages": [{"duration": "1s", "target": 5}], "env": {"A": "b"}}}}`), "1")
	f.Add([]byte(`{"scenarios": {"a": {"executor": "per-vu-iterations"}, "b": {"executor": "shared-iterations", "vus": 2, "iterations": 2}}}`), "1")
	f.Fuzz(func(t *testing.T, script []byte, text string) {
		for _, mode := range []plan.Mode{plan.Run, plan.Size, plan.Classic} {
			p, _, err := plan.Resolve(plan.Sources{Mode: mode, Script: script})
			if err != nil {
				var e *plan.Error
				if !errors.As(err, &e) || e.Hint() == "" {
					t.Fatalf("%s: an error without advice: %v", script, err)
				}
				continue
			}
			if p.Duration < 0 || p.Delay < 0 || p.Grace < 0 || p.VUs < 0 || p.Iterations < 0 || p.Sizing.Tolerance < 0 || p.Sizing.Tolerance > 1 {
				t.Fatalf("%s: %+v", script, p)
			}
			for _, e := range p.Executors {
				if e.Duration <= 0 || e.Grace < 0 || e.Start < 0 || e.RampDown < 0 || e.Open && (e.MaxVUs < e.VUs || e.MaxVUs < 1) {
					t.Fatalf("%s: %+v", script, e)
				}
			}
			if mode == plan.Run && p.Duration == 0 && p.Iterations == 0 {
				t.Fatalf("%s: a run without an end: %+v", script, p)
			}
		}
		for _, s := range plan.Table() {
			_ = s.Check(text)
		}
	})
}
