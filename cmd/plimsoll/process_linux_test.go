package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/exit"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/target"
)

// program is a plimsoll process of its own.
type program struct {
	*exec.Cmd
	stdout, stderr bytes.Buffer
}

// start runs plimsoll in a folder of the test's.
func start(t *testing.T, dir string, args ...string) *program {
	t.Helper()
	p := command(t, dir, args...)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill() })
	return p
}

// command is plimsoll as start runs it, not started yet.
func command(t *testing.T, dir string, args ...string) *program {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &program{Cmd: exec.Command(self, args...)}
	p.Dir, p.Stdout, p.Stderr = dir, &p.stdout, &p.stderr
	p.Env = append(os.Environ(), asProgram+"=1", "XDG_STATE_HOME="+dir)
	return p
}

// status waits for the end and returns the exit status.
func (p *program) status(t *testing.T) int {
	t.Helper()
	var status *exec.ExitError
	if err := p.Wait(); err != nil && !errors.As(err, &status) {
		t.Fatal(err)
	}
	return p.ProcessState.ExitCode()
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// windows returns the window rows that a record has by now.
func windows(t *testing.T, path string) (list []*record.Window) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	r := record.NewReader(bytes.NewReader(text))
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) || errors.Is(err, record.ErrNotARecord) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		if w, ok := row.(*record.Window); ok {
			list = append(list, w)
		}
	}
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline:
			t.Fatalf("waited a minute for %s", what)
		case <-tick.C:
		}
	}
}

const getRoot = `import http from 'plimsoll/http'
export default () => { http.get(__ENV.SERVER_URL + '/') }
`

func TestKilledRunKeepsItsRecordUpToTheLastSecond(t *testing.T) {
	t.Parallel()
	server, err := target.Start(context.Background(), target.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	script := write(t, "get.js", getRoot)
	dir := filepath.Dir(script)
	path := filepath.Join(dir, "run.jsonl")
	run := start(t, dir, "run", script, "-e", "SERVER_URL="+server.URL(), "--vus", "2", "--duration", "10m", "-o", path)
	eventually(t, "three windows in the record", func() bool { return len(windows(t, path)) >= 3 })
	if err := run.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = run.Wait()

	var ok uint64
	for _, w := range windows(t, path) {
		for _, s := range w.Scenarios {
			ok += s.OK
		}
	}
	shown := start(t, dir, "report", path, "--json")
	if status := shown.status(t); status != 0 {
		t.Fatalf("report exits %d: %s", status, &shown.stderr)
	}
	var summary struct {
		Verdict    string
		Iterations struct{ OK uint64 }
	}
	if err := json.Unmarshal(shown.stdout.Bytes(), &summary); err != nil {
		t.Fatal(err)
	}
	if summary.Iterations.OK != ok || ok == 0 || summary.Verdict != "cut" {
		t.Errorf("report says %q with %d iterations, the record's windows have %d", summary.Verdict, summary.Iterations.OK, ok)
	}
	if counted := server.Counts().OK; counted < ok || counted-ok > counted/2 {
		t.Errorf("the record has %d requests of the %d that the target answered", ok, counted)
	}
}

func TestSignalsEndARunInOrder(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for name, script := range map[string]string{
		"a script that never ends": `export default () => { while (true) {} }`,
		"a silent server":          fmt.Sprintf(`import http from 'plimsoll/http'; export default () => { http.get('http://%s/') }`, silent.Addr()),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := write(t, "stuck.js", script)
			run := start(t, filepath.Dir(path), "run", path, "--duration", "10m", "--grace", "5m", "-o", "run.jsonl")
			eventually(t, "the record", func() bool { return len(windows(t, filepath.Join(filepath.Dir(path), "run.jsonl"))) > 0 })
			_ = run.Process.Signal(syscall.SIGINT)
			eventually(t, "the first signal's answer", func() bool {
				text, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "run.jsonl"))
				return strings.Contains(string(text), "stopped by a signal")
			})
			_ = run.Process.Signal(syscall.SIGINT)
			if status := run.status(t); status != exit.Interrupted {
				t.Errorf("exit status %d, want %d\n%s", status, exit.Interrupted, &run.stderr)
			}
			if out := run.stdout.String(); !strings.Contains(out, "interrupted") {
				t.Errorf("no summary after the second signal: %q", out)
			}
		})
	}
}

func TestGracePeriodEndsWhatDoesNotEnd(t *testing.T) {
	t.Parallel()
	path := write(t, "stuck.js", `export default () => { while (true) {} }`)
	run := start(t, filepath.Dir(path), "run", path, "--duration", "200ms", "--grace", "300ms")
	if status := run.status(t); status != exit.Nothing {
		t.Errorf("exit status %d, want %d: no iteration succeeded\n%s", status, exit.Nothing, &run.stderr)
	}
	if !strings.Contains(run.stderr.String(), "interrupted") {
		t.Errorf("nothing is said of the iteration that was cut off: %q", &run.stderr)
	}
}

func TestDemoTargetEndsWithItsOwner(t *testing.T) {
	t.Parallel()
	script := write(t, "get.js", getRoot)
	dir := filepath.Dir(script)
	path := filepath.Join(dir, "run.jsonl")
	run := start(t, dir, "run", script, "--demo=rejects:300", "--duration", "10m", "-o", path, "-e", "OUT=1")
	eventually(t, "a window in the record", func() bool { return len(windows(t, path)) > 0 })
	child := childOf(t, run.Process.Pid)
	_ = run.Process.Signal(syscall.SIGINT)
	if status := run.status(t); status != exit.Interrupted {
		t.Errorf("exit status %d, want %d\n%s", status, exit.Interrupted, &run.stderr)
	}
	if !strings.Contains(run.stdout.String(), "set to carry 300 requests/s") {
		t.Errorf("the truth is not told: %s", &run.stdout)
	}
	eventually(t, "the demo target's end", func() bool { return syscall.Kill(child, 0) != nil })
}

// childOf returns the only child of a process.
func childOf(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/task/" + strconv.Itoa(pid) + "/children")
	if err == nil {
		if child, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
			return child
		}
	}
	// A child belongs to the thread that made it, or the kernel does not tell: look at all processes.
	all, _ := os.ReadDir("/proc")
	for _, p := range all {
		stat, err := os.ReadFile("/proc/" + p.Name() + "/stat")
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(stat), ") ")
		if fields := strings.Fields(rest); len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			child, err := strconv.Atoi(p.Name())
			if err == nil {
				return child
			}
		}
	}
	t.Fatalf("process %d has no child: %v", pid, err)
	return 0
}
