package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/exit"
	"github.com/plimsoll-load/plimsoll/runtime/target"
	"github.com/plimsoll-load/plimsoll/runtime/testmode"
)

// phase is something that plimsoll does when a signal comes, for longer than anybody waits.
type phase struct {
	name   string
	script string                                // loadtest.js; none: there is no script
	args   []string                              // of plimsoll, run in the folder of the script
	before func(t *testing.T, dir string) string // prepares the folder, and returns one more argument
	ready  func(dir, said string) bool           // whether it has come that far; nil: it said "ready"
	record bool                                  // there is one, with an end row, and a summary
	code   int                                   // where the result was there before the signal; -1: the signal's
	alone  bool                                  // it ends when nobody reads it
}

// stuck is a regular expression that takes for ever, and cannot be interrupted.
const stuck = `/^(?=a)(a+)+$/.test('a'.repeat(60) + 'b')`

func phases(server string) []phase {
	run := []string{"run", "loadtest.js", "-e", "SERVER_URL=" + server, "-o", "run.jsonl", "--duration", "10m"}
	loaded := func(dir, _ string) bool {
		text, _ := os.ReadFile(filepath.Join(dir, "run.jsonl"))
		return bytes.Contains(text, []byte(`"type":"window"`))
	}
	return []phase{
		{name: "clone", args: []string{"run", "smoke", "--repo"}, before: silentServer, ready: exists("asked"), code: -1},
		{name: "npm", args: []string{"run", "smoke", "--install", "--allow-file", "--repo"}, before: repositoryWithPackages, ready: exists("bin/npm.started"), code: -1},
		{name: "load", script: `console.log('ready'); for (;;) {}`, args: run, code: -1},
		{name: "load stuck", script: `console.log('ready'); ` + stuck, args: run, code: -1},
		{name: "beforeAll", script: `export function setup() { console.log('ready'); for (;;) {} } export default () => {}`, args: run, record: true, code: -1},
		{name: "beforeAll stuck", script: `export function setup() { console.log('ready'); ` + stuck + ` } export default () => {}`, args: run, record: true, code: -1},
		{name: "run", script: getRoot, args: run, ready: loaded, record: true, code: -1},
		{name: "size", script: getRoot, args: []string{"size", "loadtest.js", "--demo=rejects:300", "-o", "run.jsonl"}, ready: loaded, record: true, code: -1},
		{
			name: "afterAll", script: `export function teardown() { console.log('ready'); for (;;) {} } export default () => {}`,
			args: []string{"run", "loadtest.js", "-o", "run.jsonl", "--iterations", "1"}, record: true, code: 0,
		},
		{
			name: "afterAll stuck", script: `export function teardown() { console.log('ready'); ` + stuck + ` } export default () => {}`,
			args: []string{"run", "loadtest.js", "-o", "run.jsonl", "--iterations", "1"}, record: true, code: 0,
		},
		{name: "report", args: []string{"report"}, before: pipe, ready: opened, code: -1},
		{name: "compare", args: []string{"compare", "pipe"}, before: pipe, ready: opened, code: -1},
		{name: "watch", args: []string{"watch", "host", "--every=250ms"}, ready: func(_, said string) bool { return said != "" }, code: 0, alone: true},
	}
}

func exists(name string) func(dir, _ string) bool {
	return func(dir, _ string) bool { _, err := os.Stat(filepath.Join(dir, name)); return err == nil }
}

// silentServer is the address of a repository that never answers.
func silentServer(t *testing.T, dir string) string {
	t.Helper()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	go func() {
		if _, err := silent.Accept(); err == nil {
			_ = os.WriteFile(filepath.Join(dir, "asked"), nil, 0o600)
		}
	}()
	return fmt.Sprintf("http://%s/tests.git", silent.Addr())
}

// repositoryWithPackages makes a repository whose packages are installed by a program npm that never ends.
func repositoryWithPackages(t *testing.T, dir string) string {
	t.Helper()
	for name, text := range map[string]string{
		"bin/npm":                 "#!/bin/sh\n>\"$0.started\"\nexec sleep 600\n",
		"tests/plimsoll.json":     `{"tests":{"smoke":{"script":"x.js"}}}`,
		"tests/x.js":              `export default () => {}`,
		"tests/package.json":      `{"name":"tests","version":"1.0.0"}`,
		"tests/package-lock.json": `{"name":"tests","version":"1.0.0","lockfileVersion":3,"requires":true,"packages":{"":{"name":"tests","version":"1.0.0"}}}`,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}, {"-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-qm", "x"}} {
		git := exec.Command("git", args...)
		git.Dir = filepath.Join(dir, "tests")
		if text, err := git.CombinedOutput(); err != nil {
			t.Fatalf("git: %v: %s", err, text)
		}
	}
	return "file://" + filepath.Join(dir, "tests")
}

// pipe is a record that nobody writes.
func pipe(t *testing.T, dir string) string {
	t.Helper()
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	return "pipe"
}

// opened says whether somebody waits for what comes by the pipe.
func opened(dir, _ string) bool {
	f, err := os.OpenFile(filepath.Join(dir, "pipe"), os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if err == nil {
		keepOpen.Store(f, true)
	}
	return err == nil
}

// keepOpen are the ends of pipes that must not be closed, or their readers would see the end.
var keepOpen sync.Map

// signals are what comes; "PIPE" is that the readers of the output go away.
var signalled = []struct {
	name  string
	comes []syscall.Signal
	code  int
}{
	{"INT", []syscall.Signal{syscall.SIGINT}, exit.Interrupted},
	{"INT twice", []syscall.Signal{syscall.SIGINT, syscall.SIGINT}, exit.Interrupted},
	{"TERM", []syscall.Signal{syscall.SIGTERM}, exit.Terminated},
	{"HUP", []syscall.Signal{syscall.SIGHUP}, exit.Terminated},
	{"PIPE", []syscall.Signal{syscall.SIGPIPE, syscall.SIGTERM}, exit.Terminated},
}

// Soon is what is wanted after the last signal, and long what fails a test: the machine may be busy.
const (
	soon = 2 * time.Second
	long = 20 * time.Second
)

// TestASignalIsAnsweredEverywhere sends signals to all that plimsoll does for long.
func TestASignalIsAnsweredEverywhere(t *testing.T) {
	t.Parallel()
	// Under nohup this process ignores HUP, and so would those that it starts: of one that it is told of, they do not.
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	server, err := target.Start(context.Background(), target.Config{Model: "unlimited"})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	slots := make(chan bool, 8) // they wait most of their time
	var all sync.WaitGroup
	var slowest sync.Map
	for i, p := range phases(server.URL()) {
		for k, s := range signalled {
			if turn := (i + k) % len(signalled); turn > 1 && !testmode.Full() {
				continue // two a phase, another two in the next
			}
			if strings.HasSuffix(p.name, "stuck") && s.code != exit.Interrupted {
				continue // it takes all of a processor until it is left behind
			}
			slots <- true
			all.Go(func() {
				defer func() { <-slots }()
				took := p.signal(t, s.name, s.comes, s.code)
				if took > soon {
					slowest.Store(p.name+", "+s.name, took)
				}
			})
		}
	}
	all.Wait()
	slowest.Range(func(what, took any) bool { t.Logf("%v: ended %v after the last signal", what, took); return true })
}

// streams are what a process says on both streams, read from a pipe that can be closed.
type streams struct {
	mu   sync.Mutex
	text bytes.Buffer
	out  *os.File      // the reader's end
	read chan struct{} // closed when nothing more comes
}

func (s *streams) follow(done *sync.WaitGroup) {
	done.Go(func() {
		defer close(s.read)
		part := make([]byte, 4096)
		for {
			n, err := s.out.Read(part)
			s.mu.Lock()
			s.text.Write(part[:n])
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	})
}

func (s *streams) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// signal lets plimsoll come to a phase, sends signals, and returns how long after the last one it ended.
func (p phase) signal(t *testing.T, name string, comes []syscall.Signal, code int) time.Duration {
	t.Helper()
	name = p.name + ", " + name
	dir := t.TempDir()
	said, c, closed := p.begin(t, dir)
	ended := make(chan struct{})
	go func() { _ = c.Wait(); close(ended) }()
	defer func() { _ = c.Process.Kill(); <-ended; closed() }()
	ready := p.ready
	if ready == nil {
		ready = func(_, said string) bool { return strings.Contains(said, "ready") }
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(time.Minute); !ready(dir, said.String()); {
		select {
		case <-tick.C:
		case <-ended:
			t.Errorf("%s: it ended before: %s", name, said)
			return 0
		case <-late:
			t.Errorf("%s: it did not come that far: %s", name, said)
			return 0
		}
	}
	for i, sig := range comes {
		if i > 0 { // the one before is taken in by now, or the kernel makes one of two
			select {
			case <-time.After(50 * time.Millisecond):
			case <-ended:
			}
		}
		if sig == syscall.SIGPIPE {
			closed()
		} else {
			_ = c.Process.Signal(sig)
		}
	}
	last := time.Now()
	select {
	case <-ended:
	case <-time.After(long):
		t.Errorf("%s: it goes on %v after the last signal: %s", name, long, said)
		return long
	}
	took := time.Since(last)
	select {
	case <-said.read:
	case <-time.After(long):
		t.Errorf("%s: somebody keeps its output open", name)
	}
	p.check(t, ending{name, dir, said.String(), c.ProcessState, code})
	return took
}

// begin starts plimsoll.
func (p phase) begin(t *testing.T, dir string) (said *streams, c *exec.Cmd, closed func()) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := p.args
	if p.before != nil {
		args = append(args[:len(args):len(args)], p.before(t, dir))
	}
	if p.script != "" {
		if err := os.WriteFile(filepath.Join(dir, "loadtest.js"), []byte(p.script), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	said = &streams{out: out, read: make(chan struct{})}
	c = exec.Command(self, args...)
	c.Dir, c.Stdout, c.Stderr = dir, in, in
	c.Env = append(os.Environ(), asProgram+"=1", "XDG_STATE_HOME="+dir, "XDG_CACHE_HOME="+dir, "PATH="+dir+"/bin:"+os.Getenv("PATH"))
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	_ = in.Close()
	var reader sync.WaitGroup
	said.follow(&reader)
	return said, c, func() { _ = out.Close(); reader.Wait() }
}

// ending is how a run of a phase ended.
type ending struct {
	name, dir, said string
	state           *os.ProcessState
	code            int // the exit status of the signal
}

// check looks at how it ended.
func (p phase) check(t *testing.T, e ending) {
	t.Helper()
	name, dir, said, state, code := e.name, e.dir, e.said, e.state, e.code
	if p.code >= 0 {
		code = p.code
	}
	if state.ExitCode() != code {
		t.Errorf("%s: %v, want the exit status %d: %s", name, state, code, said)
	}
	if !p.record {
		return
	}
	text, err := os.ReadFile(filepath.Join(dir, "run.jsonl"))
	if n := bytes.Count(text, []byte(`"type":"end"`)); err != nil || n != 1 {
		t.Errorf("%s: the record has %d end rows: %v", name, n, err)
	}
	if !bytes.Contains(text, []byte(fmt.Sprintf(`"exit_code":%d`, code))) && code != 0 {
		t.Errorf("%s: the record does not say %d", name, code)
	}
	if !strings.HasSuffix(name, "PIPE") && !strings.Contains(said, "iterations") {
		t.Errorf("%s: there is no summary: %s", name, said)
	}
}

// TestAReaderThatGoesAwayCostsNothing lets nobody read what a run prints: it runs to its end and writes its files.
func TestAReaderThatGoesAwayCostsNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := phase{
		script: `export default () => { console.log('x') }`,
		args:   []string{"run", "loadtest.js", "--iterations", "2000", "-o", "run.jsonl", "--html", "run.html", "--summary", "md,json,junit=sum"},
	}
	_, c, closed := p.begin(t, dir)
	closed()
	_ = c.Wait()
	if code := c.ProcessState.ExitCode(); code != 0 {
		t.Errorf("%v, want the exit status 0", c.ProcessState)
	}
	for name, holds := range map[string]string{"run.jsonl": `"type":"end"`, "run.html": "</html>", "sum.md": "iterations", "sum.json": `"verdict"`, "sum.xml": "</testsuites>"} {
		if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Contains(text, []byte(holds)) {
			t.Errorf("%s does not hold %s: %v", name, holds, err)
		}
	}
}

// TestAnIgnoredHangupStaysIgnored starts a run as nohup does.
func TestAnIgnoredHangupStaysIgnored(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "run.jsonl")
	script := write(t, "wait.js", `import { sleep } from 'k6'; export default () => sleep(0.01)`)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command("sh", "-c", `trap '' HUP; exec "$0" "$@"`, self, "run", script, "--duration", "10m", "-o", path)
	c.Env = append(os.Environ(), asProgram+"=1")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Process.Kill(); _ = c.Wait() }()
	eventually(t, "the load", func() bool { return len(windows(t, path)) > 0 })
	_ = c.Process.Signal(syscall.SIGHUP)
	before := len(windows(t, path))
	eventually(t, "two more windows", func() bool { return len(windows(t, path)) >= before+2 })
	_ = c.Process.Signal(syscall.SIGINT)
	_ = c.Wait()
	if code := c.ProcessState.ExitCode(); code != exit.Interrupted {
		t.Errorf("%v, want the exit status %d", c.ProcessState, exit.Interrupted)
	}
}

// TestAToolDiesWithPlimsoll kills plimsoll while npm works.
func TestAToolDiesWithPlimsoll(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := phase{args: []string{"run", "smoke", "--install", "--allow-file", "--repo"}, before: repositoryWithPackages}
	_, c, closed := p.begin(t, dir)
	defer closed()
	eventually(t, "npm", func() bool { return exists("bin/npm.started")(dir, "") })
	npm := childOf(t, c.Process.Pid)
	_ = c.Process.Kill()
	_ = c.Wait()
	eventually(t, "npm's end", func() bool { return syscall.Kill(npm, 0) != nil || zombie(npm) })
}

// zombie says whether a process has ended and nobody has asked for its status.
func zombie(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, state, _ := strings.Cut(string(stat), ") ")
	return err != nil || strings.HasPrefix(state, "Z")
}

// TestARecordIsThereFromItsFirstRow kills a run in beforeAll; another run meanwhile may not write to its record.
func TestARecordIsThereFromItsFirstRow(t *testing.T) {
	t.Parallel()
	path := write(t, "stuck.js", `export function setup() { console.log('ready'); for (;;) {} } export default () => {}`)
	dir := filepath.Dir(path)
	run := start(t, dir, "run", path, "-o", "run.jsonl")
	eventually(t, "the record's first row", func() bool {
		text, err := os.ReadFile(filepath.Join(dir, "run.jsonl"))
		return err == nil && bytes.HasSuffix(text, []byte("\n"))
	})
	second := start(t, dir, "run", path, "-o", "run.jsonl", "--force")
	if code := second.status(t); code != exit.Usage || !strings.Contains(second.stderr.String(), "another run writes its record there") {
		t.Errorf("a second writer ends with %d: %s", code, &second.stderr)
	}
	if err := run.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = run.Wait()
	shown := start(t, dir, "report", "run.jsonl")
	if code := shown.status(t); code != 0 || !strings.Contains(shown.stdout.String(), "cut") {
		t.Errorf("report ends with %d: %s%s", code, &shown.stdout, &shown.stderr)
	}
}
