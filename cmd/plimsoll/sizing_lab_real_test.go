//go:build real

package main_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// The environment of the real proof of sizing. A bare run is short, as CI
// wants it; `make sizing-real` repeats each case and keeps the tables.
const (
	envRuns    = "PLIMSOLL_SIZING_RUNS"    // how often each case is run, 1
	envTables  = "PLIMSOLL_SIZING_TABLES"  // Markdown file whose marked sections are replaced
	envRecords = "PLIMSOLL_SIZING_RECORDS" // folder that keeps the record of each run
)

// abreast is how many cases run at the same time: each target and each
// generator takes about a tenth of a core at these rates.
const abreast = 3

// patience is how long a sizing may take before it is called stuck.
const patience = 8 * time.Minute

// Cores of the two sides, where there are two and they can be chosen.
const (
	generatorCore = 0
	targetCore    = 1
)

// priority of both sides, where it may be raised: what else the machine does is not under test.
const priority = "-10"

// oneRequest is a script of one request an iteration.
const oneRequest = `import http from 'plimsoll/http'
export default () => { http.get(__ENV.SERVER_URL + '/') }
`

// lab is what real sizings share: the program, where its parts run and where results go.
type lab struct {
	*testing.T
	plimsoll string
	script   string
	taskset  string // "": parts run where the system puts them
	nice     string // "": and with the priority of everything else
	records  string
	runs     int

	mu   sync.Mutex // of what side-by-side cases add to
	made int
}

func newLab(t *testing.T) *lab {
	t.Helper()
	l := &lab{T: t, plimsoll: program(t), script: filepath.Join(t.TempDir(), "one.js"), records: os.Getenv(envRecords), runs: 1}
	if err := os.WriteFile(l.script, []byte(oneRequest), 0o600); err != nil {
		t.Fatal(err)
	}
	if path, err := exec.LookPath("taskset"); err == nil && runtime.NumCPU() > 1 {
		l.taskset = path
	}
	if path, err := exec.LookPath("nice"); err == nil {
		if out, err := exec.CommandContext(t.Context(), path, "-n", priority, path).Output(); err == nil && strings.TrimSpace(string(out)) == priority {
			l.nice = path
		}
	}
	if text := os.Getenv(envRuns); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("%s=%s is no number of runs", envRuns, text)
		}
		l.runs = n
	}
	if l.records == "" {
		l.records = t.TempDir()
	} else if err := os.MkdirAll(l.records, 0o750); err != nil {
		t.Fatal(err)
	}
	return l
}

// spare is the time that is left for an orderly end when the test's own time runs out.
const spare = 20 * time.Second

// Context ends shortly before the test's own time does: a test that is cut
// stops what it started, and leaves the tables as far as it got.
func (l *lab) Context() context.Context {
	end, ok := l.Deadline()
	if !ok {
		return l.T.Context()
	}
	ctx, cancel := context.WithDeadline(l.T.Context(), end.Add(-spare))
	l.Cleanup(cancel)
	return ctx
}

// full says whether everything is to be run, as for the committed tables.
func (l *lab) full() bool { return l.runs > 1 }

// pinned says where the two sides ran.
func (l *lab) pinned() string {
	text := "target and generator were not pinned to cores"
	if l.taskset != "" {
		text = "targets were pinned to one core, generators to another"
	}
	if l.nice != "" {
		text += ", both at a raised priority"
	}
	return text
}

// on is a command that runs on one core and before others, where that can be chosen.
func (l *lab) on(ctx context.Context, core int, name string, args ...string) *exec.Cmd {
	if l.taskset != "" {
		name, args = l.taskset, append([]string{"-c", strconv.Itoa(core), name}, args...)
	}
	if l.nice != "" {
		name, args = l.nice, append([]string{"-n", priority, name}, args...)
	}
	c := exec.CommandContext(ctx, name, args...)
	c.Dir = filepath.Dir(l.script)
	c.Env = append(os.Environ(), "XDG_STATE_HOME="+c.Dir)
	c.WaitDelay = 5 * time.Second
	return c
}

// service is a target in a process of its own.
type service struct {
	url    string
	cmd    *exec.Cmd
	stderr bytes.Buffer
}

// serve starts a target; whoever sizes it learns nothing but its address.
func (l *lab) serve(ctx context.Context, model string) (*service, error) {
	s := &service{cmd: l.on(ctx, targetCore, l.plimsoll, "target", "--model="+model)}
	s.cmd.Stderr = &s.stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	line := make([]byte, 256)
	n, err := out.Read(line)
	if err != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		return nil, fmt.Errorf("target %s: %w: %s", model, err, &s.stderr)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }() // nothing more is said there
	s.url = strings.TrimSpace(string(line[:n]))
	return s, nil
}

var countedRequests = regexp.MustCompile(`target: (\d+) requests`)

// stop ends the target and returns how many requests it counted.
func (s *service) stop() (uint64, error) {
	_ = s.cmd.Process.Signal(os.Interrupt)
	if err := s.cmd.Wait(); err != nil {
		return 0, fmt.Errorf("target: %w: %s", err, &s.stderr)
	}
	m := countedRequests.FindStringSubmatch(s.stderr.String())
	if m == nil {
		return 0, fmt.Errorf("the target does not tell its requests: %s", &s.stderr)
	}
	return strconv.ParseUint(m[1], 10, 64)
}

// answer is what the tests read of `size --json` and `run --json`.
type answer struct {
	record.Sizing
	Iterations struct {
		Count, OK, Failed uint64
		Goodput           float64
	}
	Requests  struct{ Count, Failed uint64 }
	Generator struct{ Sizing record.GeneratorReport }
	Load      struct {
		DurationS float64 `json:"duration_s"`
	}
}

// sized is how a run of plimsoll went.
type sized struct {
	answer
	ran
	record   string
	repeated bool // the first try was said to be limited by its generator
}

// load runs plimsoll against a service to its end, and reads its --json.
func (l *lab) load(ctx context.Context, url string, args ...string) (*sized, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	s := &sized{record: l.recordFile(args[0])}
	c := l.on(ctx, generatorCore, l.plimsoll, append(args, "--json", "--output="+s.record)...)
	return s, s.run(c, url)
}

// steady makes a sizing, and makes it once more where it says that the
// generator was the limit: none of these targets tires one, but a machine that
// others use may stop it for a moment.
func (l *lab) steady(size func() (*sized, error)) (*sized, error) {
	s, err := size()
	if err != nil || s.Verdict != record.VerdictGenerator {
		return s, err
	}
	l.Logf("load %s: the generator is said to be the limit after %.0f s: %s: once more (%s)", busy(), s.took.Seconds(), s.Reason, s.record)
	if s, err = size(); s != nil {
		s.repeated = true
	}
	return s, err
}

// recordFile is a new name in the folder of records.
func (l *lab) recordFile(of string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.made++
	return filepath.Join(l.records, fmt.Sprintf("%s-%s-%03d.jsonl", filepath.Base(l.Name()), of, l.made))
}

func (s *sized) run(c *exec.Cmd, url string) error {
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	c.Env = append(c.Env, "SERVER_URL="+url)
	begin := time.Now()
	err := c.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return fmt.Errorf("%s: %w\n%s", c, err, &stderr)
	}
	s.ran = ran{c.ProcessState.ExitCode(), stdout.String(), stderr.String(), time.Since(begin)}
	if err := json.Unmarshal(stdout.Bytes(), &s.answer); err != nil {
		return fmt.Errorf("exit %d after %v, and stdout is no JSON: %w\n%.2000s\n%.2000s", s.exit, s.took, err, &stdout, &stderr)
	}
	return nil
}

// sideBySide runs n cases, a few at a time, and waits for all of them.
func sideBySide(n int, run func(i int)) {
	var all sync.WaitGroup
	places := make(chan struct{}, abreast)
	for i := range n {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			run(i)
		})
	}
	all.Wait()
}

// table keeps a section of the file of tables, where one was named; it may be
// called as often as there is news, so that a run that is cut leaves what it had.
func (l *lab) table(name, text string) {
	path := os.Getenv(envTables)
	if path == "" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	page, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		l.Errorf("tables: %v", err)
		return
	}
	begin, end := "<!-- begin "+name+" -->\n", "<!-- end "+name+" -->\n"
	before, rest, found := strings.Cut(string(page), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		before, after = string(page), ""
	}
	if err := os.WriteFile(path, []byte(before+begin+text+end+after), 0o600); err != nil {
		l.Errorf("tables: %v", err)
	}
}

// busy is the load average of the machine, for the log: where others work too, times are not ours.
func busy() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "?"
	}
	return strings.Join(strings.Fields(string(text))[:1], "")
}
