package remote

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/provider"
	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// TestAServiceThatIsKilledForMemoryIsNotLimitedByCPU has a service whose CPU was busy when the kernel killed it: memory is
// named, with the load just before, in the result and in the record.
func TestAServiceThatIsKilledForMemoryIsNotLimitedByCPU(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		state, versions, oom string
		want                 string
		kills                float64
	}{
		"it is gone": {
			`{"Running":false,"OOMKilled":true,"ExitCode":137,"FinishedAt":"TIME"}`, "", "",
			"killed for want of memory at TIME: memory limits it, not CPU; it had 80 requests/s just before", 1,
		},
		"it came back": {`{"Running":true}`, "restarts 2\n", "Killed process 1\nKilled process 2\n", "was started again 2 times, and the kernel", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := newTrial(t)
			at := ""
			tr.load = func(ctx context.Context, c Child) (int, error) {
				began := time.Now()
				at = began.Add(30 * time.Second).UTC().Format(time.RFC3339Nano)
				tr.mu.Lock()
				tr.files["state.json"] = strings.ReplaceAll(test.state, "TIME", at)
				for name, text := range map[string]string{"versions.txt": test.versions, "oom.txt": test.oom} {
					if text != "" {
						tr.files[name] = text
					}
				}
				tr.mu.Unlock()
				_ = provider.Pause(ctx, time.Minute)
				rows := []any{record.Run{SchemaVersion: record.SchemaVersion, Mode: "size", Started: began}}
				for n := range 60 {
					requests := uint64(300)
					switch {
					case n >= 30:
						requests = 1
					case n >= 20:
						requests = 80
					}
					rows = append(rows, record.Window{StartS: float64(n), LengthS: 1, Scenarios: []record.ScenarioCounts{{ScenarioWindow: metric.ScenarioWindow{Requests: requests}}}})
				}
				cpu := &record.Bottleneck{Name: record.LimitCPU, Source: "container plimsoll-service", Confidence: 0.4, Evidence: []record.Evidence{{Text: "busy"}}}
				return 0, writeRecord(flag(c.Args, "output"), append(rows, record.End{AtS: 60, Verdict: "found", Bottleneck: cpu}))
			}
			results, err := tr.run(t, options("c7.small"))
			if err != nil {
				t.Fatal(err)
			}
			r := results[0]
			want := strings.ReplaceAll(test.want, "TIME", at)
			if b := r.End.Bottleneck; b == nil || b.Name != record.LimitMemory || b.RunnerUp != record.LimitCPU || len(b.Evidence) != 2 || b.Evidence[0].Value != test.kills || !strings.Contains(b.Evidence[0].Text, want) {
				t.Errorf("limited by %+v, want memory: %s", b, want)
			}
			if !strings.Contains(strings.Join(r.Notes, "\n"), want) {
				t.Errorf("notes %q", r.Notes)
			}
			if kept, _ := os.ReadFile(r.Record); !strings.Contains(string(kept), `"name":"memory"`) {
				t.Error("the record names something else")
			}
		})
	}
}
