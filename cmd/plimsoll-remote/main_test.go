package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/fakeaws"
)

// asProgram makes the test binary behave as plimsoll-remote, for tests that need a process of their own.
const asProgram = "PLIMSOLL_REMOTE_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		p := thisProcess()
		p.interval = 60 * time.Millisecond // the double takes no time
		os.Exit(p.main())
	}
	// Under nohup this process ignores HUP, and so would those that it starts: of one that it is told of, they do not.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	os.Exit(m.Run())
}

// region is a region of the double, with what a run needs of this machine: a
// program plimsoll (a stand-in that writes a record and ends), and a service
// at the address of each instance.
type region struct {
	*fakeaws.Cloud
	t    *testing.T
	dir  string
	port int
	env  []string

	mu      sync.Mutex
	servers map[string]*http.Server
}

const standIn = `#!/bin/sh
# Stands for plimsoll: writes what a sizing of a second would have written.
trap 'verdict=interrupted' INT
for a in "$@"; do
	case $a in
	--output=*) out=${a#--output=} ;;
	--machine=*'"spot":true'*) spot=true ;;
	--show-config) exit 0 ;;
	--html=*) echo '<html></html>' >"${a#--html=}" ;;
	esac
done
case $1 in report | compare) echo "$*" && exit 0 ;; esac
if [ -n "$spot" ]; then until [ -n "$verdict" ]; do sleep 0.05; done; fi # until it is taken
cat >"$out" <<END
{"type":"run","row":{"schema_version":1,"tool":"stand-in","mode":"size","started":"2026-01-01T00:00:00Z"}}
{"type":"end","row":{"at_s":1,"verdict":"${verdict:-found}","reason":"","exit_code":0,"sizing":{"schema_version":1,"verdict":"${verdict:-found}","capacity":{"goodput":100},"unloaded":{"requests_per_iteration":1},"curve":[]}}}
END
`

func newRegion(t *testing.T, o fakeaws.Options) *region {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &region{t: t, dir: t.TempDir(), port: l.Addr().(*net.TCPAddr).Port, servers: map[string]*http.Server{}}
	l.Close()
	after := o.After
	o.After = func(c fakeaws.Call) bool {
		if c.Action == "DescribeInstances" {
			r.serve()
		}
		return after == nil || after(c)
	}
	if o.Script == nil {
		o.Script = answered(nil)
	}
	if r.Cloud, err = fakeaws.Start(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.Close()
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, s := range r.servers {
			s.Close()
		}
	})
	r.SeedProfile("plimsoll-instance")
	bin := filepath.Join(r.dir, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bin, "plimsoll"), []byte(standIn), 0o755); err != nil {
		t.Fatal(err)
	}
	r.env = []string{
		asProgram + "=1", "PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + r.dir, "XDG_STATE_HOME=" + filepath.Join(r.dir, "state"),
		"AWS_ENDPOINT_URL=" + r.URL(), "AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=AKIATEST", "AWS_SECRET_ACCESS_KEY=planted-secret-key",
		"AWS_EC2_METADATA_DISABLED=true",
	}
	return r
}

// serve lets a service listen at the address of each instance that runs.
func (r *region) serve() {
	for _, i := range r.State().Instances {
		r.mu.Lock()
		if i.State == "running" && i.PublicIP != "" && r.servers[i.PublicIP] == nil {
			if l, err := net.Listen("tcp", net.JoinHostPort(i.PublicIP, strconv.Itoa(r.port))); err == nil {
				s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, i.PublicIP) })}
				r.servers[i.PublicIP] = s
				go s.Serve(l)
			}
		}
		r.mu.Unlock()
	}
}

// answered answers the scripts of a run as machines do on which all goes well; first may know better.
func answered(first func(m fakeaws.Command) (fakeaws.Outcome, bool)) fakeaws.Script {
	return func(_ context.Context, _ fakeaws.Instance, m fakeaws.Command) fakeaws.Outcome {
		if first != nil {
			if o, ok := first(m); ok {
				return o
			}
		}
		if strings.Contains(m.Text, "+clock") {
			return fakeaws.Outcome{Stdout: fmt.Sprintf("clock %d.%09d\nplimsoll-rc=0\n", time.Now().Unix(), time.Now().Nanosecond())}
		}
		return fakeaws.Outcome{Stdout: "plimsoll-rc=0\n"}
	}
}

// command is this program as a process.
func (r *region) command(args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		r.t.Fatal(err)
	}
	c := exec.CommandContext(r.t.Context(), self, args...)
	c.Env = r.env
	return c
}

// ended is how a process ended.
type ended struct {
	code           int
	stdout, stderr string
}

func (r *region) run(args ...string) ended {
	r.t.Helper()
	c := r.command(args...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		r.t.Fatal(err)
	}
	return ended{c.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// sizing is the command line of a run.
func (r *region) sizing(more ...string) []string {
	return append([]string{
		"size", "--image=kinto:1", "--port=" + strconv.Itoa(r.port), "--type=t3.micro", "--yes", "--metrics=none",
		"--address-url=" + r.URL() + fakeaws.ControlPath + "ip", "loadtest.js",
	}, more...)
}

func TestARunAgainstTheDouble(t *testing.T) {
	t.Parallel()
	r := newRegion(t, fakeaws.Options{})
	foreign, _ := r.SeedForeign("eu-west-1", nil)
	began := time.Now()
	got := r.run(r.sizing("--type=t3.small")...)
	t.Logf("%v, %d calls\n%s\n%s", time.Since(began), len(r.Calls()), got.stderr, got.stdout)
	if got.code != 0 {
		t.Fatalf("exit status %d", got.code)
	}
	if left := r.Left(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	for _, i := range r.State().Instances {
		if i.ID == foreign && i.State != "running" {
			t.Errorf("an instance of others is %s", i.State)
		}
	}
	for _, want := range []string{"t3.micro, 2 vCPUs, 1 GiB: found", "t3.small", "compare /", "an hour"} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("%q was not printed", want)
		}
	}
}
