package session

import (
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/plan"
)

// planOf is that of options.scenarios.
func planOf(t *testing.T, scenarios string, flags map[string]string) plan.Plan {
	t.Helper()
	p, _, err := plan.Resolve(plan.Sources{Script: []byte(`{"scenarios": {` + scenarios + `}}`), Flags: flags})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestWhatScenariosAskOfThisMachine(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		scenarios string
		flags     map[string]string
		vus       int
		grace     string
	}{
		{`"a": {"executor": "constant-vus", "vus": 30, "duration": "1s"}`, nil, 30, "30s"},
		{`"a": {"executor": "shared-iterations", "vus": 4, "iterations": 9, "gracefulStop": "5s"}`, nil, 4, "5s"},
		{`"a": {"executor": "per-vu-iterations", "vus": 7}`, map[string]string{"grace": "9s"}, 7, "9s"},
		{`"a": {"executor": "ramping-vus", "startVUs": 3, "stages": [{"duration": "1s", "target": 60}, {"duration": "1s", "target": 0}]}`, nil, 60, "30s"},
		{`"a": {"executor": "constant-arrival-rate", "rate": 900, "duration": "1s", "preAllocatedVUs": 50}`, nil, 0, "30s"}, // as many as they turn out to need
		{`"a": {"executor": "constant-vus", "vus": 30, "duration": "1s", "gracefulStop": "1s"}, "b": {"executor": "per-vu-iterations", "vus": 7}`, nil, 37, "1s to 30s"},
		{`"a": {"executor": "constant-vus", "vus": 30, "duration": "1s"}, "b": {"executor": "per-vu-iterations", "vus": 7}`, map[string]string{"scenario": "b"}, 7, "30s"},
		{`"a": {"executor": "constant-vus", "vus": 30, "duration": "1s"}`, map[string]string{"vus": "5"}, 5, "30s"},
		{`"a": {"executor": "constant-vus", "vus": 30, "duration": "1s"}`, map[string]string{"stages": "1s:9", "grace": "2s"}, 9, "2s"},
		{`"a": {"executor": "constant-vus", "vus": 30, "duration": "1s", "gracefulStop": "0s"}`, nil, 30, time.Duration(0).String()},
	} {
		p := planOf(t, tt.scenarios, tt.flags)
		s := &Session{plan: p}
		if vus, grace := mostVUs(plan.Run, &p), s.grace(); vus != tt.vus || grace != tt.grace {
			t.Errorf("%s %v: %d VUs and a grace period of %s, want %d and %s", tt.scenarios, tt.flags, vus, grace, tt.vus, tt.grace)
		}
	}
}
