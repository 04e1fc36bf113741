package session_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/runtime/exit"
	"github.com/plimsoll-load/plimsoll/runtime/plan"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/target"
	"github.com/plimsoll-load/plimsoll/session"
)

// What thresholds add to the verdict of a run, and what they take nothing from.
func TestThresholdsInTheVerdict(t *testing.T) {
	t.Parallel()
	server := serve(t, target.Config{})
	const request = `http.get(__ENV.SERVER_URL + '/')`
	for name, c := range map[string]struct {
		thresholds, body, objective string
		verdict                     record.Verdict
		exit, kept                  int
		reason                      string
	}{
		"kept":                  {"http_reqs: count==4; vus: value<=2", request, "", "ok", 0, 2, "all iterations have run"},
		"broken":                {"http_reqs: count==4; http_reqs: count>4", request, "", "failed", 4, 1, "1 of 2 thresholds broken: http_reqs count>4 (4)"},
		"broken, more than fit": {strings.Repeat("http_reqs: count>4;", 5), request, "", "failed", 4, 0, "; and 2 more"},
		"of a filter":           {"http_req_failed{scenario:shop}: rate==0; http_req_failed{scenario:other}: rate==0", request, "", "failed", 4, 1, "nothing was measured"},
		"beside an objective":   {"http_reqs: count>4", request, "p(95)<1µs", "failed", 4, 0, "p(95)<1µs was missed"},
		"after an objective":    {"http_reqs: count>4", request, "p(95)<30s", "failed", 4, 1, "1 of 1 thresholds broken"},
		"nothing worked":        {"http_reqs: count==4; checks: rate>0", "throw new Error('no')", "", "dead", 6, 0, "not one iteration succeeded"},
		"beyond the tolerance":  {"http_reqs: count==4", "if (__ITER % 2) throw new Error('no'); " + request, "", "failed", 4, 0, "of the iterations failed"},
		"nothing to judge":      {"http_req_duration: p(95)<200", "", "", "failed", 4, 0, "nothing was measured"},
		"what any value keeps":  {"http_req_duration: max>=0", "", "", "ok", 0, 1, "all iterations have run"},
	} {
		settings := map[string]string{"iterations": "4", "vus": "2", "threshold": c.thresholds, "backoff": "none"}
		if c.objective != "" {
			settings["objective"] = c.objective
		}
		result := run(t, session.Options{
			Script: script(t, fmt.Sprintf("import { scenario } from 'plimsoll'\nimport http from 'plimsoll/http'\nscenario('shop', {}, () => { %s })", c.body)),
			Env:    []string{"SERVER_URL=" + server.URL()}, Monitor: []string{"none"}, Settings: settings,
		})
		kept, e := 0, result.End
		for _, x := range e.Thresholds {
			if x.OK {
				kept++
			}
		}
		if e.Verdict != c.verdict || e.ExitCode != c.exit || kept != c.kept || !strings.Contains(e.Reason, c.reason) {
			t.Errorf("%s: %s (%s), exit code %d, %d kept: %+v\nwant %s (%s), %d, %d", name, e.Verdict, e.Reason, e.ExitCode, kept, e.Thresholds, c.verdict, c.reason, c.exit, c.kept)
		}
	}
}

// A run that a threshold ends, ends in order: its iterations are whole, and the record says why.
func TestAThresholdEndsARun(t *testing.T) {
	t.Parallel()
	server, fold, seen := serve(t, target.Config{}), session.NewFold(), newWitness()
	result := run(t, session.Options{
		Script: script(t, `import http from 'k6/http'
import { sleep } from 'k6'
export const options = { vus: 2, duration: '10m', thresholds: { http_reqs: [{ threshold: 'count<5', abortOnFail: true }], checks: ['rate>=0'] } }
export default function () { http.get(__ENV.SERVER_URL + '/'); sleep(0.02); http.get(__ENV.SERVER_URL + '/') }`),
		Env: []string{"SERVER_URL=" + server.URL()}, Monitor: []string{"none"}, Sinks: []session.Sink{fold, seen},
	})
	e := result.End
	if e.Verdict != "failed" || e.ExitCode != exit.Broken || !strings.Contains(e.Reason, "abortOnFail") || !e.Thresholds[1].Aborted || e.Thresholds[0].Aborted {
		t.Errorf("ended %+v", e)
	}
	r := fold.Run()
	if r.Total.Failed > 0 || r.Total.Started != r.Total.OK || r.Total.Requests() != 2*r.Total.OK || *e.Thresholds[1].Value != float64(r.Total.Requests()) {
		t.Errorf("%+v, the threshold has %v", r.Total, *e.Thresholds[1].Value)
	}
	if !strings.Contains(seen.text(), "abortOnFail is broken: http_reqs count<5") || len(report.BrokenFirst(e.Thresholds)) != 2 {
		t.Errorf("told\n%s", seen.text())
	}
}

// What is wrong is found before anything runs, wherever it comes from.
func TestThresholdsThatCannotBeHeld(t *testing.T) {
	t.Parallel()
	const scenario = "export default function () {}\n"
	for name, c := range map[string]struct {
		o    session.Options
		want string
	}{
		"a script's":     {session.Options{Script: script(t, scenario+"export const options = { thresholds: { nope: ['avg<5'] } }")}, `thresholds (script): "nope" is no metric of this test`},
		"a flag's":       {session.Options{Script: script(t, scenario), Settings: map[string]string{"threshold": "nope: avg<5"}}, `thresholds (flag): "nope" is no metric`},
		"an environment": {session.Options{Script: script(t, scenario), Environ: []string{"PLIMSOLL_THRESHOLD=vus: p(95)<5"}}, `PLIMSOLL_THRESHOLD vus (environment): "p(95)<5" asks for p, which a gauge does not have`},
		"null":           {session.Options{Script: script(t, scenario+"export const options = { thresholds: { vus: [null] } }")}, "neither a string nor an object"},
		"an object":      {session.Options{Script: script(t, scenario+"export const options = { thresholds: { vus: { value: 5 } } }")}, "key \"value\", which there is not"},
		"a list":         {session.Options{Script: script(t, scenario+"export const options = { thresholds: ['vus<5'] }")}, "is not an object of metrics"},
		"a number":       {session.Options{Script: script(t, scenario+"export const options = { thresholds: 5 }")}, "which metric"},
		"a prototype":    {session.Options{Script: script(t, scenario+"export const options = { thresholds: { __proto__: null, constructor: ['avg<5'] } }")}, `"constructor" is no metric`},
		"a long name":    {session.Options{Script: script(t, scenario+"export const options = { thresholds: { ['a'.repeat(1e5)]: ['avg<5'] } }")}, "longer than"},
	} {
		s, err := session.Prepare(t.Context(), c.o)
		if err == nil {
			t.Errorf("%s is taken", name)
			_ = s.Close()
			continue
		}
		var coded interface{ ExitCode() int }
		var hinted interface{ Hint() string }
		if !strings.Contains(err.Error(), c.want) || !errors.As(err, &coded) || coded.ExitCode() != exit.Usage || !errors.As(err, &hinted) || hinted.Hint() == "" {
			t.Errorf("%s: %v, want %q, exit code 2 and a hint", name, err, c.want)
		}
	}
}

// A sizing has objectives: what a script's runs must keep is not read there, and breaks nothing.
func TestASizingPassesThresholdsOver(t *testing.T) {
	t.Parallel()
	for mode, want := range map[plan.Mode]int{plan.Run: 1, plan.Size: 0, plan.Classic: 0} {
		s, err := session.Prepare(t.Context(), session.Options{
			Script: script(t, "export default function () {}\nexport const options = { thresholds: { http_reqs: ['count<0'] } }"), Mode: mode,
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Plan().Thresholds; len(got) != want {
			t.Errorf("mode %d: %+v, want %d", mode, got, want)
		}
		_ = s.Close()
	}
}

// A filter by a tag that no sample can have is told before the load. Once requests
// keep tags of their own this is to go.
func TestFiltersThatFindNothingAreTold(t *testing.T) {
	t.Parallel()
	const options = "export default function () {}\nexport const options = { scenarios: { shop: { executor: 'shared-iterations', tags: { team: 'a' } } } }"
	for filter, told := range map[string]bool{
		"http_req_duration{type:static}: max<1": true, "http_req_duration{status:200,type:static}: max<1": true, "http_reqs{group:::a}: count>0": true,
		"iterations{status:200}: count>0": true, "checks{type:static}: rate>0": true, "iteration_duration{name:a}: max<1": true,
		"http_req_duration{team:a}: max<1": false, "http_req_duration{name:a,status:200,method:GET}: max<1": false, "checks{group:::a}: rate>0": false,
		"checks{check:a,scenario:shop}: rate>0": false, "iterations{scenario:shop,team:a}: count>0": false, "http_req_failed{expected_response:true}: rate<1": false,
	} {
		seen := newWitness()
		s, err := session.Prepare(t.Context(), session.Options{Script: script(t, options), Settings: map[string]string{"threshold": filter}, Sinks: []session.Sink{seen}})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(seen.text(), "finds nothing"); got != told {
			t.Errorf("%s: told %t, want %t: %s", filter, got, told, seen.text())
		}
		_ = s.Close()
	}
}
