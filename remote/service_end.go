package remote

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/provider"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// serviceEnd is how the service's container fared during the load.
type serviceEnd struct {
	note  string
	at    time.Time // when it ended, by the machine's clock; zero: it runs
	kills int       // for want of memory
}

// readServiceEnd reads what collect.sh gathered of the service's container.
func readServiceEnd(folder string) serviceEnd {
	text, err := os.ReadFile(filepath.Join(folder, "state.json"))
	if err != nil {
		return serviceEnd{}
	}
	var state struct {
		OOMKilled  bool
		Running    bool
		ExitCode   int
		FinishedAt string
	}
	if json.Unmarshal(text, &state) != nil {
		return serviceEnd{}
	}
	state.FinishedAt = provider.Tail(state.FinishedAt, 1)             // it is shown
	versions, _ := os.ReadFile(filepath.Join(folder, "versions.txt")) // without it restarts are not known
	restarts := 0
	for line := range strings.Lines(string(versions)) {
		_, _ = fmt.Sscanf(line, "restarts %d", &restarts)
	}
	oom, _ := os.ReadFile(filepath.Join(folder, "oom.txt")) // it is there only if the kernel said so
	e := serviceEnd{}
	if !state.Running {
		e.at, _ = time.Parse(time.RFC3339Nano, state.FinishedAt) // without it only the rate is not told
	}
	switch {
	case state.OOMKilled:
		e.note, e.kills = "the service was killed for want of memory at "+state.FinishedAt+": memory limits it, not CPU", 1
	case !state.Running && state.FinishedAt != "":
		e.note = fmt.Sprintf("the service ended during the run, at %s with code %d", state.FinishedAt, state.ExitCode)
	case restarts > 0 && len(oom) > 0:
		e.note = fmt.Sprintf("the service was started again %d times, and the kernel killed processes for want of memory: memory limits it, not CPU", restarts)
		e.kills = max(1, strings.Count(strings.ToLower(string(oom)), "killed process"))
	case restarts > 0:
		e.note = fmt.Sprintf("the service was started again %d times during the run", restarts)
	}
	return e
}

// killWindow is how far back the load that killed a service is looked for.
const killWindow = 5 // seconds

// rateBefore is the rate of requests in the seconds before a time.
func (f *facts) rateBefore(when time.Time) (rate float64, ok bool) {
	at := when.Sub(f.head.Started).Seconds()
	requests, length := 0.0, 0.0
	for _, s := range f.sent {
		if s.start < at && s.start+s.length > at-killWindow {
			requests, length = requests+s.requests, length+s.length
		}
	}
	return requests / length, length > 0
}

// nameMemory names memory as what limited the service: that the kernel killed
// it weighs more than what its CPU did before.
func nameMemory(end *record.End, service serviceEnd) {
	b := record.Bottleneck{}
	if end.Bottleneck != nil {
		b = *end.Bottleneck
	}
	if b.Name != record.LimitMemory {
		b.RunnerUp = ""
		if b.Name != record.LimitUnwatched && b.Name != record.LimitNone && b.Name != record.LimitUnsure {
			b.RunnerUp = b.Name
		}
		b.Name, b.Source, b.Confidence, b.Next = record.LimitMemory, record.KindContainer+" "+plan.ContainerName, 1, nil
	}
	b.Evidence = append([]record.Evidence{{Name: record.MemoryOOMKills, Value: float64(service.kills), Text: service.note}}, b.Evidence...)
	end.Bottleneck = &b
}
