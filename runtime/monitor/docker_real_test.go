//go:build real && linux

package monitor_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/monitor"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// missing fails under CI and skips elsewhere.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// run runs a command and returns what it printed.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// image makes an image that holds nothing but the test's service.
func image(t *testing.T) string {
	t.Helper()
	if out, err := exec.Command("docker", "info").CombinedOutput(); err != nil {
		missing(t, "no Docker engine: "+string(out))
	}
	program := filepath.Join(t.TempDir(), "service")
	build := exec.Command("go", "build", "-o", program, "./testdata/service")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	w.WriteHeader(&tar.Header{Name: "tmp/", Typeflag: tar.TypeDir, Mode: 0o777})
	w.WriteHeader(&tar.Header{Name: "service", Mode: 0o755, Size: int64(len(text))})
	w.Write(text)
	w.Close()
	load := exec.Command("docker", "import", "-", "plimsoll-test-service")
	load.Stdin = &archive
	if out, err := load.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return "plimsoll-test-service"
}

// container starts the service in a container and returns its address.
func container(t *testing.T, name string, options []string, args ...string) string {
	t.Helper()
	exec.Command("docker", "rm", "-f", name).Run() // of a run that was cut
	all := append([]string{"run", "-d", "-i", "--name", name, "--label", "plimsoll-test=monitor", "-p", "127.0.0.1::8080"}, options...)
	all = append(append(all, image(t), "/service", "-listen", ":8080"), args...)
	run(t, "docker", all...)
	t.Cleanup(func() { exec.Command("docker", "rm", "-f", name).Run() })
	address := "http://" + run(t, "docker", "port", name, "8080/tcp") + "/"
	reachable(t, address)
	return address
}

func reachable(t *testing.T, address string) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		if r, err := http.Get(address); err == nil {
			r.Body.Close()
			return
		}
		select {
		case <-deadline:
			t.Fatalf("%s is not reachable", address)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// press keeps n requests under way until its context ends.
func press(ctx context.Context, address string, n int) {
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			for ctx.Err() == nil {
				r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
				if err != nil {
					return
				}
				if answer, err := http.DefaultClient.Do(r); err == nil {
					io.Copy(io.Discard, answer.Body)
					answer.Body.Close()
				}
			}
		})
	}
	all.Wait()
}

// during watches sources for d while something goes on, and returns the rows.
func during(t *testing.T, d time.Duration, spec, target string) []record.Resources {
	t.Helper()
	specs, err := monitor.Parse([]string{spec})
	if err != nil {
		t.Fatal(err)
	}
	sources, err := monitor.Open(t.Context(), specs, monitor.Target{URL: target})
	if err != nil {
		t.Fatal(err)
	}
	var rows []record.Resources
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	monitor.NewWatcher(time.Now(), 250*time.Millisecond, func(r record.Resources) { rows = append(rows, r) }).Run(ctx, sources...)
	return rows
}

// average is the mean of a value of a source after its first second.
func average(rows []record.Resources, source, value string) (float64, int) {
	total, n := 0.0, 0
	for _, r := range rows {
		if v, ok := r.Values[value]; ok && r.Source == source && r.AtS > 1 {
			total, n = total+v, n+1
		}
	}
	return total / float64(max(n, 1)), n
}

func TestRealContainerWithLimitsIsNamedWithThem(t *testing.T) {
	address := container(t, "plimsoll-test-limits", []string{"--cpus", "0.3", "--memory", "64m"}, "-mode", "cpu")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go press(ctx, address, 4)
	rows := during(t, 5500*time.Millisecond, "auto", address)
	const source = "container plimsoll-test-limits"
	cores, n := average(rows, source, record.CPUCores)
	if cores < 0.24 || cores > 0.36 || n < 8 {
		t.Errorf("%v cores in %d readings, want the quota's 0.3", cores, n)
	}
	if throttled, _ := average(rows, source, record.CPUThrottled); throttled < 0.5 {
		t.Errorf("throttled in %v of the periods", throttled)
	}
	for _, r := range rows {
		if r.Source == source && len(r.Values) > 0 && (r.Limits[record.CPUCores] != 0.3 || r.Limits[record.MemoryBytes] != 64<<20) {
			t.Fatalf("limits %v", r.Limits)
		}
	}
	if out, _ := average(rows, source, record.NetOutBytes); out < 1000 {
		t.Errorf("%v bytes/s sent", out)
	}
	if thread, n := average(rows, source, record.CPUBusiestThread); n < 2 || thread <= 0 {
		t.Errorf("busiest thread %v in %d readings", thread, n)
	}
	if busy, _ := average(rows, "host", record.CPUCores); busy < cores {
		t.Errorf("the host used %v cores", busy)
	}
	id := run(t, "docker", "inspect", "--format", "{{.Id}}", "plimsoll-test-limits")
	for _, reference := range []string{"plimsoll-test-limits", id, id[:12], address[strings.LastIndex(address, ":") : len(address)-1]} {
		for _, r := range during(t, 600*time.Millisecond, "container="+reference, "") {
			if r.Source != source || r.Limits[record.CPUCores] != 0.3 || r.Limits[record.MemoryBytes] != 64<<20 {
				t.Errorf("container=%s is watched as %s with limits %v: %s", reference, r.Source, r.Limits, r.Note)
			}
		}
	}
}

func TestRealContainerThatIsNotThereIsRefused(t *testing.T) {
	image(t)
	for _, reference := range []string{"plimsoll-test-none", ":1", "deadbeef"} {
		specs, err := monitor.Parse([]string{"container=" + reference})
		if err != nil {
			t.Fatal(err)
		}
		sources, err := monitor.Open(t.Context(), specs, monitor.Target{})
		var told *monitor.CannotWatchError
		if !errors.As(err, &told) || told.Hint() == "" {
			t.Errorf("container=%s gives %v, %v; want a refusal with a hint", reference, sources, err)
		}
	}
}

func TestRealContainerThatIsKilledAndStartedAgainLeavesAGap(t *testing.T) {
	const name = "plimsoll-test-killed"
	container(t, name, nil, "-mode", "none")
	done := make(chan []record.Resources)
	go func() { done <- during(t, 7*time.Second, "container="+name, "") }()
	<-time.After(1500 * time.Millisecond)
	run(t, "docker", "kill", name)
	<-time.After(2 * time.Second)
	run(t, "docker", "start", name)
	rows := <-done
	var notes []string
	var before, after int
	for _, r := range rows {
		switch {
		case r.Note != "":
			notes = append(notes, r.Note)
		case len(notes) == 0:
			before++
		default:
			after++
		}
	}
	told := strings.Join(notes, " | ")
	if !strings.Contains(told, "exit code 137") || !strings.Contains(told, "was restarted") {
		t.Errorf("notes: %s", told)
	}
	if before < 4 || after < 4 {
		t.Errorf("%d readings before and %d after the gap", before, after)
	}
}

func TestRealContainerThatNeedsTooMuchMemoryIsSeenToBeKilled(t *testing.T) {
	const name = "plimsoll-test-memory"
	address := container(t, name, []string{"--memory", "48m", "--memory-swap", "48m"}, "-mode", "memory")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan []record.Resources)
	go func() { done <- during(t, 8*time.Second, "container="+name, "") }()
	<-time.After(time.Second)
	go press(ctx, address, 2)
	rows := <-done
	most, hits, told := 0.0, 0.0, ""
	for _, r := range rows {
		if share, ok := r.Use(record.MemoryBytes); ok {
			most = max(most, share)
		}
		hits += r.Values[record.MemoryLimitHits]
		told += r.Note + " | "
	}
	if most < 0.5 {
		t.Errorf("at most %v of the memory limit seen", most)
	}
	if !strings.Contains(told, "killed for want of memory") {
		t.Errorf("the kill was not told: %s", told)
	}
	t.Logf("memory up to %.0f %% of the limit, %.0f times at it; notes: %s", most*100, hits, told)
}
