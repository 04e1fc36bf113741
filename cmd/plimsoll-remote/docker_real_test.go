//go:build real && linux

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/remote/fakeaws"
)

// outside runs a program that a real test needs. On CI it must be there and work.
func outside(t *testing.T, program string, args ...string) string {
	t.Helper()
	var out, complaint bytes.Buffer
	c := exec.CommandContext(t.Context(), program, args...)
	c.Stdout, c.Stderr = &out, &complaint
	if err := c.Run(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s: %v (.ci/run installs what it needs)\n%s", program, err, complaint.String())
		}
		t.Skipf("%s: %v\n%.1000s", program, err, complaint.String())
	}
	return strings.TrimSpace(out.String())
}

// rented is a region whose machines exist: containers with an engine of their own.
type rented struct {
	*fakeaws.Cloud
	machines              *fakeaws.Docker
	t                     *testing.T
	dir                   string
	foreign, foreignGroup string
	env                   []string
}

func newRented(t *testing.T, d *fakeaws.Docker, types ...fakeaws.Type) *rented {
	t.Helper()
	c, err := fakeaws.Start(fakeaws.Options{Types: types, Machines: d})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	r := &rented{Cloud: c, machines: d, t: t, dir: t.TempDir()}
	r.SeedProfile("plimsoll-instance")
	r.foreign, r.foreignGroup = r.SeedForeign("eu-west-1", map[string]string{"Name": "of others"})
	bin := filepath.Join(r.dir, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	r.env = []string{
		asProgram + "=1", "PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + r.dir, "XDG_STATE_HOME=" + filepath.Join(r.dir, "state"),
		"AWS_ENDPOINT_URL=" + r.URL(), "AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=AKIATEST", "AWS_SECRET_ACCESS_KEY=planted-secret-key",
		"AWS_EC2_METADATA_DISABLED=true",
	}
	return r
}

// command is this program as a process, with the cloud as AWS.
func (r *rented) command(args ...string) *exec.Cmd {
	r.t.Helper()
	self, err := os.Executable()
	if err != nil {
		r.t.Fatal(err)
	}
	c := exec.CommandContext(r.t.Context(), self, args...)
	c.Env, c.Dir = r.env, r.dir
	return c
}

// scenario makes a repository of examples/kinto and tells its address.
func (r *rented) scenario() string {
	r.t.Helper()
	folder := filepath.Join(r.dir, "scenario")
	if err := os.CopyFS(folder, os.DirFS("../../examples/kinto")); err != nil {
		r.t.Fatal(err)
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}, {"-c", "user.name=test", "-c", "user.email=test@example.org", "commit", "-qm", "scenario"}} {
		outside(r.t, "git", append([]string{"-C", folder}, args...)...)
	}
	return "file://" + folder
}

// recorded is what a test reads of a record.
type recorded struct {
	verdict    string
	plateau    float64
	bottleneck string
	cores      float64        // the service's limit
	sources    map[string]int // rows of each source of resources
}

func readRecord(t *testing.T, file string) recorded {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := recorded{sources: map[string]int{}}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var l struct {
			Type string
			Row  struct {
				Verdict, Source string
				Limits          map[string]float64
				Bottleneck      struct{ Name string }
				Sizing          struct{ Plateau struct{ Goodput float64 } }
			}
		}
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			continue // rows of another shape
		}
		switch l.Type {
		case "resources":
			out.sources[strings.Fields(l.Row.Source)[0]]++
			if l.Row.Source == "container plimsoll-service" {
				out.cores = max(out.cores, l.Row.Limits["cpu_cores"])
			}
		case "end":
			out.verdict, out.plateau, out.bottleneck = l.Row.Verdict, l.Row.Sizing.Plateau.Goodput, l.Row.Bottleneck.Name
		}
	}
	return out
}

// dom is a page as a browser shows it, with a picture beside it.
func dom(t *testing.T, page string) string {
	t.Helper()
	args := []string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
		"--disable-sync", "--virtual-time-budget=4000", "--user-data-dir=" + t.TempDir(), "--window-size=1280,2300",
	}
	outside(t, "chromium", append(args, "--screenshot="+strings.TrimSuffix(page, ".html")+".png", "file://"+page)...)
	return outside(t, "chromium", append(args, "--dump-dom", "file://"+page)...)
}

// TestRealRemoteSizesKintoOnTwoTypes is the whole way: a scenario repository, two machines side by side, a real Kinto,
// a real Glances, the load from here, pages and prices, and nothing left. What was carried is not judged: this machine
// may be busy.
func TestRealRemoteSizesKintoOnTwoTypes(t *testing.T) {
	kinto, glances := made(t, "kinto"), made(t, "glances")
	r := newRented(t, &fakeaws.Docker{Image: made(t, "instance"), Load: []string{kinto, glances}},
		fakeaws.Type{Name: "half.core", VCPU: 1, Cores: 0.5, MiB: 1024, USDHour: 0.01}, fakeaws.Type{Name: "one.core", VCPU: 1, MiB: 1024, USDHour: 0.02})
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(r.dir, "bin")+"/", "../plimsoll").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	var stdout, stderr bytes.Buffer
	c := r.command("size", "--image="+kinto, "--port=8888", "--base-path=/v1", "--type=half.core", "--type=one.core", "--glances-image="+glances,
		"--address-url="+r.URL()+fakeaws.ControlPath+"ip", "--yes", "--budget=75s", "--target-load=300/s", "--allow-file", "--repo="+r.scenario(), "capacity")
	c.Stdout, c.Stderr = &stdout, &stderr
	err := c.Run()
	t.Logf("%v\n%s\n%s", err, stderr.String(), stdout.String())
	if code := c.ProcessState.ExitCode(); code != 0 && code != 5 { // 5: found nothing definite on a busy machine
		t.Fatalf("exit status %d", code)
	}
	for _, want := range []string{
		`(?m)^Machine +capacity .* a million requests +needed, an hour$`, `(?m)^half\.core .* 0\.01 USD`,
		`(?m)^Machine +half\.core, 1 vCPU, 1 GiB: .*\(0\.0100 USD an hour`, `(?m)^Machine +one\.core, .*\(0\.0200 USD an hour`,
	} {
		if !regexp.MustCompile(want).MatchString(stdout.String()) {
			t.Errorf("%s was not printed", want)
		}
	}
	for kind, cores := range map[string]float64{"half.core": 0.5, "one.core": 1} {
		r.check(kind, cores)
	}
	if left := r.Left(); len(left) > 0 {
		t.Errorf("left before any cleanup: %v", left)
	}
	r.nothingLeft()
}

// check looks at the record and at the page of one machine.
func (r *rented) check(kind string, cores float64) {
	r.t.Helper()
	found, err := filepath.Glob(filepath.Join(r.dir, "state/plimsoll/remote/*", kind, "record.jsonl"))
	if err != nil || len(found) != 1 {
		r.t.Fatalf("%s has the records %v", kind, found)
	}
	got := readRecord(r.t, found[0])
	r.t.Logf("%s: %+v", kind, got)
	// The generator shares this machine's cores with what it loads, and may say that it was the limit.
	if !slices.Contains([]string{"found", "budget", "unstable", "generator"}, got.verdict) || got.plateau <= 0 || got.bottleneck == "" {
		r.t.Errorf("%s: verdict %q, %v/s at its peak, limited by %q", kind, got.verdict, got.plateau, got.bottleneck)
	}
	if got.sources["container"] < 20 || got.sources["host"] < 20 || got.cores != cores {
		r.t.Errorf("%s: Glances told %v, the service's limit as %v cores, want %v", kind, got.sources, got.cores, cores)
	}
	page := filepath.Join(filepath.Dir(found[0]), "report.html")
	shown := dom(r.t, page)
	for _, want := range []string{kind, "plimsoll-service", "plimsoll-glances", "<canvas", "<svg", "USD"} {
		if !strings.Contains(shown, want) {
			r.t.Errorf("the page of %s does not show %q", kind, want)
		}
	}
}

// nothingLeft lets `cleanup` look, then looks for machines, containers and groups that should have gone, and at what is
// of others.
func (r *rented) nothingLeft() {
	r.t.Helper()
	var out bytes.Buffer
	c := r.command("cleanup", "--all")
	c.Stdout, c.Stderr = &out, &out
	if err := c.Run(); err != nil || !strings.Contains(out.String(), "nothing is left") {
		r.t.Errorf("cleanup: %v, %s", err, out.String())
	}
	if left := r.Left(); len(left) > 0 {
		r.t.Errorf("left: %v", left)
	}
	if left, err := r.machines.Left(r.t.Context()); err != nil || len(left) > 0 {
		r.t.Errorf("containers are left: %v %v", left, err)
	}
	s := r.State()
	for _, i := range s.Instances {
		if i.ID == r.foreign && i.State != "running" {
			r.t.Errorf("an instance of others is %s", i.State)
		}
		if i.PublicIP != "" && !netip.MustParseAddr(i.PublicIP).IsLoopback() {
			r.t.Errorf("%s was at %s, which is not this machine", i.ID, i.PublicIP)
		}
	}
	if !slices.ContainsFunc(s.Groups, func(g fakeaws.Group) bool { return g.ID == r.foreignGroup }) {
		r.t.Error("a group of others is gone")
	}
	for _, call := range r.Calls() {
		if strings.Contains(call.Action, "KeyPair") || strings.Contains(call.Request, "planted-secret-key") {
			r.t.Errorf("call %d, %s: %s", call.N, call.Action, call.Request)
		}
	}
}
