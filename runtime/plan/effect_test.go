package plan_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/plan"
)

// ways are all ways to make a load, each with the flags that it takes.
var ways = map[string]plan.Sources{
	"run":        {Mode: plan.Run},
	"run stages": {Mode: plan.Run, Flags: map[string]string{"stages": "1s:2"}},
	"run rate":   {Mode: plan.Run, Flags: map[string]string{"rate": "5/s", "duration": "1s"}},
	"scenarios": {Mode: plan.Run, Script: json.RawMessage(`{"scenarios": {"s": {"executor": "constant-arrival-rate", "rate": 3, "duration": "1s"},
		"t": {"executor": "constant-vus", "duration": "1s"}}}`)},
	"classic":      {Mode: plan.Classic},
	"classic only": {Mode: plan.Classic, ClassicOnly: true},
	"size":         {Mode: plan.Size},
	"size rate":    {Mode: plan.Size, Flags: map[string]string{"by": "rate"}},
	"sessions":     {Mode: plan.Size, Flags: map[string]string{"by": "sessions"}},
	"recheck":      {Mode: plan.Size, Recheck: true},
}

const (
	runs    = "run, run stages, run rate, scenarios"
	sizes   = "size, size rate, sessions, recheck"
	control = "classic, " + sizes // where the controller sizes
	closed  = "run, run stages, scenarios, classic, classic only, " + sizes
)

// effects say of each setting in which ways it has an effect, and which; in all others it is refused.
var effects = map[string]struct{ in, which, value string }{
	"vus":            {runs + ", classic, classic only", "so many users; of a rate: made before it begins", "3"},
	"duration":       {runs + ", classic, classic only", "ends the load; the classic's, after its ramp", "5s"},
	"iterations":     {runs, "ends the load", "7"},
	"stages":         {"run, run stages, scenarios", "the load over time", "1s:1"},
	"rate":           {"run, run rate, scenarios", "the load", "9/s"},
	"arrivals":       {"run rate, scenarios, " + control, "how arrivals follow each other: a sizing tests with them", "poisson"},
	"max-vus":        {"run rate, scenarios, " + control, "the most users that arrivals may need", "50"},
	"grace":          {"all", "how a load ends", "2s"},
	"scenario":       {"all", "what runs", "s"},
	"seed":           {"all", "picks", "7"},
	"delay":          {closed, "between iterations of a user", "1ms"},
	"backoff":        {closed, "after a failed iteration of a user", "none"},
	"timeout":        {"all", "of requests", "3s"},
	"insecure":       {"all", "of requests", "true"},
	"max-body":       {"all", "of responses", "1MiB"},
	"discard-bodies": {"all", "of responses", "true"},
	"fail-on":        {"all", "of iterations", "checks"},
	"tolerance":      {"all", "what may fail, and of arrivals what may not be sent", "3%"},
	"objective":      {runs + ", " + control, "what holds are judged by; of a run: the exit code", "p(95)<200ms"},
	"threshold":      {runs, "the exit code, and the end of a run", "http_reqs: count>5"},
	"by":             {"size, size rate, sessions", "what is ramped", "rate"},
	"max":            {control, "ends the ramp", "50"},
	"resolution":     {control, "the width of the answer; with --from of the upper side", "5%"},
	"budget":         {control, "the time", "1m"},
	"soak":           {control, "a last hold", "5s"},
	"per-scenario":   {control, "further sizings", "true"},
	"target-load":    {control, "a recommendation", "9/s"},
	"max-regression": {"recheck", "the exit code", "20%"},
	"ramp-up":        {"classic, classic only", "the classic's ramp", "1m"},
}

func effective(in, way string) bool {
	return in == "all" || slices.Contains(strings.Split(in, ", "), way)
}

// with is a way with one more flag.
func with(s plan.Sources, name, value string) plan.Sources {
	flags := map[string]string{name: value}
	for k, v := range s.Flags {
		if k != name {
			flags[k] = v
		}
	}
	if name == "rate" && s.Mode == plan.Run {
		flags["duration"] = "1s"
	}
	s.Flags = flags
	return s
}

func TestAFlagHasAnEffectOrIsRefused(t *testing.T) {
	t.Parallel()
	for _, spec := range plan.Table() {
		e, known := effects[spec.Name]
		if !known || e.in == "" || e.which == "" {
			t.Errorf("%s: say in effects where it has one, and which", spec.Name)
			continue
		}
		for way, s := range ways {
			for _, name := range append([]string{spec.Name}, spec.Aliases...) {
				p, _, err := plan.Resolve(with(s, name, e.value))
				if effective(e.in, way) {
					if err != nil || setting(p, spec.Name).Source != plan.Flag {
						t.Errorf("%s --%s: %v, shown as %+v; want that it has an effect: %s", way, name, err, setting(p, spec.Name), e.which)
					}
					continue
				}
				var refused *plan.Error
				if !errors.As(err, &refused) || refused.ExitCode() != 2 || refused.Setting != "--"+name && way != "run stages" || refused.Hint() == "" {
					t.Errorf("%s --%s: %v, want that it is refused with exit code 2 and what it belongs to", way, name, err)
				}
			}
		}
	}
	for name := range effects {
		if !slices.ContainsFunc(plan.Table(), func(s plan.Spec) bool { return s.Name == name }) {
			t.Errorf("there is no setting %s", name)
		}
	}
}

// What a script, a named test or the environment says may be meant for another way: it is told, and changes nothing.
func TestOtherSettingsWithoutAnEffectAreWarnedAbout(t *testing.T) {
	t.Parallel()
	for _, spec := range plan.Table() {
		e := effects[spec.Name]
		for way, s := range ways {
			if s.Flags[spec.Name] != "" || spec.Name == "rate" || spec.Name == "stages" || spec.Name == "by" {
				continue // they make the way
			}
			other := s
			other.Test = []plan.Setting{{Name: spec.Name, Value: e.value}}
			environment := s
			environment.Env = env(spec.Env(), e.value)
			sources := map[string]plan.Sources{"(named test)": other, "(environment)": environment}
			for source, s := range sources {
				_, warnings := resolve(t, s)
				told := slices.ContainsFunc(warnings, func(w string) bool { return strings.Contains(w, source) && strings.Contains(w, "no effect") })
				if told == effective(e.in, way) {
					t.Errorf("%s with %s %s: warnings %q, has an effect: %t", way, spec.Name, source, warnings, effective(e.in, way))
				}
			}
		}
	}
}

// What a script says for the other command is no mistake: it is for both.
func TestWhatIsNotUsedIsToldInOneLine(t *testing.T) {
	t.Parallel()
	script := json.RawMessage(`{"vus": 3, "duration": "10s", "maxVUs": 9, "sizing": {"budget": "1m", "objectives": ["p(95)<200ms"], "max": 9}}`)
	for way, want := range map[string][]string{
		"run":     {"options.maxVUs (script) has no effect without arrivals"},
		"size":    {},
		"classic": {"options.vus (script) has no effect", "options.duration (script) has no effect"},
	} {
		s := ways[way]
		s.Script = script
		_, warnings := resolve(t, s)
		if len(warnings) != len(want) {
			t.Errorf("%s: warnings %q, want %q", way, warnings, want)
			continue
		}
		for i, w := range warnings {
			if !strings.HasPrefix(w, want[i]) {
				t.Errorf("%s: %q, want %q", way, w, want[i])
			}
		}
	}
}
