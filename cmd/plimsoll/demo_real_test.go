//go:build real

package main_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// demoAnswer is what the test reads of `size --demo --json`.
type demoAnswer struct {
	result
	Unloaded struct {
		RequestsPerIteration float64 `json:"requests_per_iteration"`
	}
	Demo struct {
		Model    string
		Capacity float64
		Requests uint64
	}
}

// TestRealDemo sizes the demo target as README.md has it, at capacities drawn
// now, of a service that rejects and of one that queues for ever. The three
// runs of a kind share the machine: each takes a tenth of a core.
func TestRealDemo(t *testing.T) {
	plimsoll := program(t)
	for _, kind := range []string{"rejects", "queues"} {
		t.Run(kind, func(t *testing.T) {
			for i := range 3 {
				model := fmt.Sprintf("%s:%d", kind, 800+rand.IntN(801))
				t.Run(fmt.Sprint(i+1), func(t *testing.T) {
					t.Parallel()
					demo(t, plimsoll, model)
				})
			}
		})
	}
}

func demo(t *testing.T, plimsoll, model string) {
	t.Helper()
	ran := command(t, nil, plimsoll, "size", "examples/kinto/loadtest.js", "--demo="+model, "--json").want(t, 0)
	var a demoAnswer
	if err := json.Unmarshal([]byte(ran.stdout), &a); err != nil {
		t.Fatalf("%v\n%.2000s", err, ran.stdout)
	}
	if a.Verdict != "found" || a.Capacity == nil {
		t.Fatalf("%s: verdict %s without a capacity", model, a.Verdict)
	}
	carried := a.Capacity.Goodput * a.Unloaded.RequestsPerIteration
	t.Logf("%s: %.1f iterations/s × %.3f requests = %.1f requests/s, %+.1f %%, in %v",
		model, a.Capacity.Goodput, a.Unloaded.RequestsPerIteration, carried, 100*(carried/a.Demo.Capacity-1), ran.took.Round(time.Second))
	if math.Abs(carried/a.Demo.Capacity-1) > 0.10 {
		t.Errorf("%s: measured %.1f requests/s, the target carries %g", model, carried, a.Demo.Capacity)
	}
	if a.Demo.Requests != a.Requests.Count {
		t.Errorf("%s: the target counted %d requests, we %d", model, a.Demo.Requests, a.Requests.Count)
	}
}
