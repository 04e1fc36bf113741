//go:build real

package main_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// outside finds a program that a real test needs. On CI it must be there.
func outside(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	switch {
	case err == nil:
		return path
	case os.Getenv("CI") != "":
		t.Fatalf("%s is missing: .ci/run installs it", program)
	default:
		t.Skipf("%s is not installed", program)
	}
	return ""
}

// root is the folder of the repository.
func root(t *testing.T) string {
	t.Helper()
	folder, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// program builds plimsoll and returns its file.
func program(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "plimsoll")
	if runtime.GOOS == "windows" {
		file += ".exe"
	}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", file, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return file
}

// ran is how a command went.
type ran struct {
	exit           int
	stdout, stderr string
	took           time.Duration
}

// command runs a program to its end, in the root of the repository, with more environment.
func command(t *testing.T, env []string, name string, args ...string) ran {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	var stdout, stderr bytes.Buffer
	c.Dir, c.Stdout, c.Stderr = root(t), &stdout, &stderr
	c.Env = append(append(os.Environ(), "XDG_STATE_HOME="+t.TempDir()), env...)
	begin := time.Now()
	err := c.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", name, err)
	}
	return ran{c.ProcessState.ExitCode(), stdout.String(), stderr.String(), time.Since(begin)}
}

// want fails the test unless the command ended with a status.
func (r ran) want(t *testing.T, exit int) ran {
	t.Helper()
	if r.exit != exit {
		t.Fatalf("exit %d, want %d\n--- stdout\n%.2000s\n--- stderr\n%s", r.exit, exit, r.stdout, r.stderr)
	}
	return r
}

// result is what the tests read of --json, of run and of size.
type result struct {
	Verdict    string
	Iterations struct {
		Count, OK, Failed uint64
		Goodput           float64
	}
	Requests struct{ Count, Failed uint64 }
	Checks   struct{ Passed, Failed uint64 }
	Plateau  *struct{ Goodput float64 }
	Capacity *struct{ Goodput float64 }
}

func (r ran) json(t *testing.T) (v result) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.stdout), &v); err != nil {
		t.Fatalf("stdout is no JSON: %v\n%.2000s\n--- stderr\n%s", err, r.stdout, r.stderr)
	}
	return v
}

// kinto is a real Kinto, with its data in memory if nothing else is asked for, on a free port of loopback.
type kinto struct {
	settings string
	url      string // with /v1
	server   *exec.Cmd
	ended    chan struct{} // closed when the process has ended
	log      *bytes.Buffer // to be read then
}

const kintoSettings = `
[server:main]
use = egg:waitress#main
host = 127.0.0.1
port = %d
[app:main]
use = egg:kinto
kinto.project_name = %s
kinto.storage_backend = kinto.core.storage.memory
kinto.cache_backend = kinto.core.cache.memory
kinto.permission_backend = kinto.core.permission.memory
kinto.userid_hmac_secret = none
kinto.bucket_create_principals = system.Authenticated
kinto.includes = kinto.plugins.default_bucket
multiauth.policies = basicauth
[loggers]
keys = root
[handlers]
keys = console
[formatters]
keys = generic
[logger_root]
level = ERROR
handlers = console
[handler_console]
class = StreamHandler
args = (sys.stderr,)
formatter = generic
[formatter_generic]
format = %%(asctime)s %%(levelname)s %%(message)s
`

// startKinto starts a Kinto without data, and stops it at the end of the test.
func startKinto(t *testing.T) *kinto {
	t.Helper()
	return startKintoWith(t, kintoSettings)
}

// startKintoWith takes settings that leave the port and the project's name open.
func startKintoWith(t *testing.T, text string) *kinto {
	t.Helper()
	path := outside(t, "kinto")
	var last error
	for range 5 { // the free port may be taken by another before Kinto has it
		k := &kinto{settings: text, log: new(bytes.Buffer)}
		if last = k.start(t, path); last == nil {
			t.Cleanup(k.stop)
			return k
		}
		k.stop()
	}
	t.Fatalf("Kinto does not start: %v", last)
	return nil
}

// start returns once this very Kinto answers: it is known by the project name that it was given.
func (k *kinto) start(t *testing.T, path string) error {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	port := free.Addr().(*net.TCPAddr).Port
	free.Close()
	nonce := "plimsoll-" + rand.Text()
	settings := filepath.Join(t.TempDir(), "kinto.ini")
	if err := os.WriteFile(settings, fmt.Appendf(nil, k.settings, port, nonce), 0o600); err != nil {
		return err
	}
	k.url = fmt.Sprintf("http://127.0.0.1:%d/v1", port)
	k.server = exec.Command(path, "start", "--ini", settings)
	k.server.Stdout, k.server.Stderr = k.log, k.log
	if err := k.server.Start(); err != nil {
		return err
	}
	k.ended = make(chan struct{})
	go func() {
		defer close(k.ended)
		_ = k.server.Wait() // its log says why
	}()
	patience, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		if name, err := projectName(patience, k.url+"/"); err == nil {
			if name != nonce {
				return fmt.Errorf("on port %d is another Kinto: %s", port, name)
			}
			return nil
		}
		select {
		case <-k.ended:
			return fmt.Errorf("it ended:\n%s", k.log)
		case <-patience.Done():
			return errors.New("it did not answer for a minute")
		case <-again.C:
		}
	}
}

// projectName asks a Kinto for its name.
func projectName(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	var root struct {
		Name string `json:"project_name"`
	}
	err = json.NewDecoder(res.Body).Decode(&root)
	return root.Name, err
}

// stop ends this Kinto by its process, which keeps nothing.
func (k *kinto) stop() {
	if k.ended != nil {
		_ = k.server.Process.Kill() // it may have ended by itself
		<-k.ended
	}
}

const example = "examples/kinto/loadtest.js"

// runExample runs the Kinto example for a while against a fresh Kinto.
func runExample(t *testing.T, plimsoll string, vus int, length time.Duration) result {
	t.Helper()
	k := startKinto(t)
	defer k.stop()
	return command(t, []string{"SERVER_URL=" + k.url}, plimsoll, "run", example, "--json",
		fmt.Sprintf("--vus=%d", vus), "--duration="+length.String()).want(t, 0).json(t)
}

func TestRealKintoAnswersAsTheExampleWants(t *testing.T) {
	got := runExample(t, program(t), 4, 5*time.Second)
	if got.Checks.Failed != 0 || got.Checks.Passed == 0 || got.Iterations.Failed != 0 || got.Requests.Failed != 0 {
		t.Errorf("got %+v, want no failure", got)
	}
}

func TestRealKintoWithoutCredentials(t *testing.T) {
	k := startKinto(t)
	got := command(t, []string{"SERVER_URL=" + k.url, "KINTO_AUTH="}, program(t), "run", example, "--vus=4", "--duration=2s").want(t, 6)
	if !strings.Contains(got.stdout+got.stderr, "401") {
		t.Errorf("it does not say that the status was 401:\n%s\n%s", got.stdout, got.stderr)
	}
}

// TestRealKintoIsSizedAtItsPeak holds the peak of a sizing against the best of
// fixed runs right before and after it. Kinto's speed follows the machine's:
// half of what the fixed runs moved is allowed besides, and where they moved
// by more than a tenth it is all done once more.
func TestRealKintoIsSizedAtItsPeak(t *testing.T) {
	plimsoll := program(t)
	for last := range 2 {
		before := bestOfFixedRuns(t, plimsoll)
		k := startKinto(t)
		ran := command(t, []string{"SERVER_URL=" + k.url}, plimsoll, "size", example, "--json")
		k.stop()
		after := bestOfFixedRuns(t, plimsoll)
		got := ran.json(t)
		middle, part := (before+after)/2, math.Abs(after-before)/((before+after)/2)
		if got.Plateau == nil {
			t.Fatalf("exit %d, verdict %s: no peak\n%.3000s", ran.exit, got.Verdict, ran.stderr)
		}
		off := got.Plateau.Goodput/middle - 1
		t.Logf("verdict %s, peak %.1f/s after %v; fixed runs %.1f/s before and %.1f/s after: %+.1f %% off",
			got.Verdict, got.Plateau.Goodput, ran.took.Round(time.Second), before, after, 100*off)
		if math.Abs(off) <= 0.10+part/2 {
			return
		}
		if part <= 0.10 || last == 1 {
			t.Fatalf("the peak of %.1f/s is %+.1f %% off, %.1f %% are allowed", got.Plateau.Goodput, 100*off, 100*(0.10+part/2))
		}
	}
}

// bestOfFixedRuns is the most that 1, 4 or 16 users get of a fresh Kinto each.
func bestOfFixedRuns(t *testing.T, plimsoll string) (best float64) {
	t.Helper()
	for _, vus := range []int{1, 4, 16} {
		got := runExample(t, plimsoll, vus, 5*time.Second)
		best = max(best, got.Iterations.Goodput)
	}
	return best
}
