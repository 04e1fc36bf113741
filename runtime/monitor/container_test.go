package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	engineapi "github.com/moby/moby/api/types/container"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// fakeEngine is an engine with one container.
type fakeEngine struct {
	now   found
	err   error
	asked int
}

func (e *fakeEngine) find(_ context.Context, ref string) (found, error) {
	e.asked++
	if e.err != nil {
		return found{}, e.err
	}
	if ref != e.now.id && ref != e.now.name {
		return found{}, errors.New("no such container")
	}
	return e.now, nil
}

func (e *fakeEngine) stats(_ context.Context, _ string, r *reading) error {
	if e.now.pid == 0 {
		return errors.New("it does not run")
	}
	r.set(record.CPUCores, 0.25)
	return nil
}

func (e *fakeEngine) Close() error { return nil }

var (
	firstLife  = strings.Repeat("a1", 32)
	secondLife = strings.Repeat("b2", 32)
)

// lives is a planted tree in which container id has the processes pid and pid+1.
func lives(id string, pid, started int) map[string]string {
	group := "sys/fs/cgroup/docker/" + id
	files := map[string]string{
		"proc/self/mountinfo":                 "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
		"proc/meminfo":                        "MemTotal: 1000 kB\n",
		fmt.Sprintf("proc/%d/cgroup", pid):    "0::/docker/" + id + "\n",
		fmt.Sprintf("proc/%d/stat", pid):      statLine(pid, started),
		fmt.Sprintf("proc/%d/stat", pid+1):    statLine(pid+1, started+1),
		group + "/cgroup.procs":               fmt.Sprintf("%d\n%d\n", pid, pid+1),
		group + "/cpu.max":                    "50000 100000\n",
		group + "/cpu.stat":                   "usage_usec 1000\nuser_usec 1\nsystem_usec 1\nnr_periods 1\nnr_throttled 0\n",
		group + "/memory.current":             "5000\n",
		group + "/memory.stat":                "inactive_file 1000\nfile 1000\n",
		group + "/memory.max":                 "max\n",
		fmt.Sprintf("proc/%d/limits", pid):    "Max open files            1024                 4096                 files\n",
		fmt.Sprintf("proc/%d/fd/none", pid):   "",
		fmt.Sprintf("proc/%d/fd/none", pid+1): "",
	}
	return files
}

func statLine(pid, started int) string {
	return fmt.Sprintf("%d (web) S 1 1 1 0 -1 0 0 0 0 0 10 0 0 0 20 0 3 0 %d 1000 300 1\n", pid, started)
}

func TestAContainerIsWatchedThroughItsLives(t *testing.T) {
	at := plant(t, lives(firstLife, 70, 500))
	e := &fakeEngine{now: found{id: firstLife, name: "kinto", pid: 70, started: "monday"}}
	c, err := newContainer(t.Context(), at, e, "kinto")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	read := func() (record.Resources, error) {
		c.lookAt = time.Time{}
		rows, err := c.Read(t.Context())
		if err != nil {
			return record.Resources{}, err
		}
		return rows[0], nil
	}
	r, err := read()
	if err != nil {
		t.Fatal(err)
	}
	if r.Source != "container kinto" || r.Values[record.MemoryBytes] != 4000 || r.Values[record.Processes] != 2 || r.Limits[record.CPUCores] != 0.5 || r.Limits[record.MemoryBytes] != 1000*1024 {
		t.Errorf("%+v", r)
	}
	if e.asked != 1 {
		t.Errorf("the engine was asked %d times, want once: the files say the rest", e.asked)
	}

	// killed
	e.now.pid, e.now.state, e.now.why = 0, record.StateOutOfMemory, "exited, exit code 137, killed for want of memory"
	grow(t, at, map[string]string{"proc/70/stat": statLine(70, 999)}) // its number is given to another process
	if _, err := read(); err == nil || !strings.Contains(err.Error(), "killed for want of memory") || stateOf(err) != record.StateOutOfMemory {
		t.Errorf("got %v", err)
	}

	// started again
	e.now.pid, e.now.started = 80, "tuesday"
	grow(t, at, lives(firstLife, 80, 1500))
	r, err = read()
	if err != nil {
		t.Fatal(err)
	}
	if r.Note != "container kinto was restarted" || r.State != record.StateRestarted {
		t.Errorf("note %q, state %q", r.Note, r.State)
	}
	if _, ok := r.Values[record.CPUCores]; ok {
		t.Error("two lives make one rate")
	}

	// removed, and made anew under its name
	e.now = found{id: secondLife, name: "kinto", pid: 90, started: "wednesday"}
	grow(t, at, lives(secondLife, 90, 2500))
	grow(t, at, map[string]string{"proc/80/stat": statLine(80, 999)})
	if r, err = read(); err != nil || r.Note == "" || r.State != record.StateRestarted {
		t.Errorf("%+v, %v", r, err)
	}

	// gone for good
	e.err = errors.New("no such container")
	grow(t, at, map[string]string{"proc/90/stat": statLine(90, 999)})
	if _, err := read(); err == nil || !strings.Contains(err.Error(), "is gone") || stateOf(err) != record.StateEnded {
		t.Errorf("got %v", err)
	}
}

func TestAnEngineElsewhereIsAskedForItsStatistics(t *testing.T) {
	// a process of that number is here too, but it is another one
	at := plant(t, map[string]string{"proc/70/stat": statLine(70, 1), "proc/70/cgroup": "0::/user.slice\n"})
	e := &fakeEngine{now: found{id: firstLife, name: "kinto", pid: 70}}
	c, err := newContainer(t.Context(), at, e, "kinto")
	if err != nil {
		t.Fatal(err)
	}
	if c.every() != time.Second {
		t.Errorf("statistics are asked for every %v", c.every())
	}
	rows, err := c.Read(t.Context())
	if err != nil || rows[0].Values[record.CPUCores] != 0.25 {
		t.Errorf("%v, %v", rows, err)
	}
	e.now.pid, e.now.why = 0, "exited"
	if _, err := c.Read(t.Context()); err == nil {
		t.Error("no gap")
	}
	if _, err := c.Read(t.Context()); err == nil || !strings.Contains(err.Error(), "exited") {
		t.Errorf("got %v", err)
	}
}

func TestAContainerThatDoesNotRunIsRefused(t *testing.T) {
	e := &fakeEngine{now: found{id: firstLife, name: "kinto", why: "exited, exit code 1"}}
	_, err := newContainer(t.Context(), tree{}, e, "kinto")
	var cannot *CannotWatchError
	if !errors.As(err, &cannot) || !strings.Contains(cannot.Why, "exit code 1") {
		t.Errorf("got %v", err)
	}
	if _, err := newContainer(t.Context(), tree{}, e, "web"); !errors.As(err, &cannot) || !strings.Contains(cannot.Hint(), "docker ps") {
		t.Errorf("got %v", err)
	}
}

// dockerAPI is a server that speaks version 1.41, and refuses others.
func dockerAPI(t *testing.T, answers map[string]any) *docker {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/_ping" {
			fmt.Fprint(w, "OK")
			return
		}
		path, ok := strings.CutPrefix(r.URL.Path, "/v1.41")
		answer, known := answers[path]
		if !ok || !known {
			w.WriteHeader(http.StatusNotFound)
			json.NewEncoder(w).Encode(map[string]string{"message": "no such container: " + r.URL.Path})
			return
		}
		json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(s.Close)
	d, err := newDocker("tcp://" + strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func TestAnEngineOfVersion141IsUnderstood(t *testing.T) {
	inspect := map[string]any{
		"Id": firstLife, "Name": "/kinto",
		"State": map[string]any{"Running": true, "Pid": 70, "StartedAt": "monday"}, "HostConfig": map[string]any{"NanoCpus": 500000000},
	}
	stopped := map[string]any{"Id": secondLife, "Name": "/old", "State": map[string]any{"Status": "exited", "ExitCode": 137, "OOMKilled": true}}
	d := dockerAPI(t, map[string]any{
		"/containers/kinto/json":              inspect,
		"/containers/" + firstLife + "/json":  inspect,
		"/containers/" + secondLife + "/json": stopped,
		"/containers/json": []any{map[string]any{
			"Id": firstLife, "Ports": []any{map[string]any{"PrivatePort": 8888, "PublicPort": 80, "Type": "tcp"}},
		}},
	})
	want := found{id: firstLife, name: "kinto", pid: 70, started: "monday", cores: 0.5}
	for _, ref := range []string{"kinto", ":80"} {
		if got, err := d.find(t.Context(), ref); err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", ref, got, err, want)
		}
	}
	if got, err := d.find(t.Context(), secondLife); err != nil || got.pid != 0 || got.why != "exited, exit code 137, killed for want of memory" || got.state != record.StateOutOfMemory {
		t.Errorf("got %+v, %v", got, err)
	}
	for ref, why := range map[string]string{"none": "no such container", ":81": "no container publishes port 81", ":x": "is no port"} {
		if _, err := d.find(t.Context(), ref); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: got %v", ref, err)
		}
	}
}

func TestAnEngineThatIsNotThereIsExplained(t *testing.T) {
	d, err := newDocker("unix:///no/such/docker.sock")
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.find(t.Context(), "kinto")
	var cannot *CannotWatchError
	if !errors.As(err, &cannot) || !strings.Contains(cannot.Hint(), "running") {
		t.Errorf("got %v", err)
	}
}

func TestStatisticsOfAnEngineBecomeRates(t *testing.T) {
	var s engineapi.StatsResponse
	s.Read = time.Date(2026, 8, 1, 10, 0, 0, 0, time.UTC)
	s.CPUStats.CPUUsage.TotalUsage = 1e9
	s.CPUStats.OnlineCPUs = 2
	s.CPUStats.ThrottlingData.Periods, s.CPUStats.ThrottlingData.ThrottledPeriods = 10, 1
	s.MemoryStats.Usage, s.MemoryStats.Limit = 5000, 1<<63-4096
	s.MemoryStats.Stats = map[string]uint64{"inactive_file": 1, "total_inactive_file": 1000}
	s.Networks = map[string]engineapi.NetworkStats{"eth0": {RxBytes: 100}}
	clock := &fakeClock{}
	m := rates{clock: clock.time}
	read := func() *reading {
		t.Helper()
		r := m.begin("x")
		text, err := json.Marshal(s) // under the names that the engine's own module has
		if err != nil {
			t.Fatal(err)
		}
		var answer engineStats
		if err := json.Unmarshal(text, &answer); err != nil {
			t.Fatal(err)
		}
		answer.note(r)
		return r
	}
	check(t, read().Values, map[string]float64{record.MemoryBytes: 4000}, record.CPUCores, record.DiskReadBytes)
	s.Read = s.Read.Add(2 * time.Second)
	s.CPUStats.CPUUsage.TotalUsage = 2e9
	s.CPUStats.ThrottlingData.Periods, s.CPUStats.ThrottlingData.ThrottledPeriods = 30, 11
	s.Networks = map[string]engineapi.NetworkStats{"eth0": {RxBytes: 300}}
	clock.pass(1800 * time.Millisecond) // the engine's own time counts
	r := read()
	check(t, r.Values, map[string]float64{record.CPUCores: 0.5, record.CPUThrottled: 0.5, record.NetInBytes: 100})
	check(t, maps.Clone(r.Limits), map[string]float64{record.CPUCores: 2}, record.MemoryBytes)
}
