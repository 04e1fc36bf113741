//go:build real && linux

package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/remote/fakeaws"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// made is an image for the double's machines; a part that is missing here skips, but not in CI.
func made(t *testing.T, kind string) string {
	t.Helper()
	missing := func(format string, args ...any) {
		t.Helper()
		if os.Getenv("CI") == "true" {
			t.Fatalf(format, args...)
		}
		t.Skipf(format, args...)
	}
	if out, err := exec.CommandContext(t.Context(), "docker", "info").CombinedOutput(); err != nil {
		missing("no engine: %v: %s", err, out)
	}
	var complaint strings.Builder
	c := exec.CommandContext(t.Context(), "../../.ci/instance-image", kind)
	c.Stderr = &complaint
	out, err := c.Output()
	if err != nil {
		missing("no image: %v: %s", err, complaint.String())
	}
	return strings.TrimSpace(string(out))
}

// realProgram puts the real plimsoll in the stand-in's place.
func (r *region) realProgram() {
	r.t.Helper()
	path := filepath.Join(r.dir, "bin", "plimsoll")
	_ = os.Remove(path) // the stand-in
	if out, err := exec.CommandContext(r.t.Context(), "go", "build", "-o", path, "../plimsoll").CombinedOutput(); err != nil {
		r.t.Fatalf("%v\n%s", err, out)
	}
}

// TestRealKintoIsSizedOnTwoMachines is the whole way: two machines that are
// containers with an engine of their own, a real Kinto and a real Glances on
// each, sized by the real program from a scenario repository.
func TestRealKintoIsSizedOnTwoMachines(t *testing.T) {
	kinto, glances := made(t, "kinto"), made(t, "glances")
	r := newRegion(t, fakeaws.Options{
		Machines: &fakeaws.Docker{Image: made(t, "instance"), Load: []string{kinto, glances}},
		Types:    []fakeaws.Type{{Name: "k1.half", VCPU: 1, Cores: 0.5, MiB: 1024}, {Name: "k1.one", VCPU: 1, Cores: 1, MiB: 1536}},
	})
	r.realProgram()
	repository := filepath.Join(r.dir, "tests")
	for _, command := range [][]string{
		{"cp", "-r", "../../examples/kinto", repository},
		{"git", "-C", repository, "init", "-q"},
		{"git", "-C", repository, "add", "."},
		{"git", "-C", repository, "-c", "user.name=test", "-c", "user.email=test@example.org", "commit", "-q", "-m", "tests"},
	} {
		if out, err := exec.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", command, err, out)
		}
	}
	got := r.run("size", "--image="+kinto, "--port=8888", "--type=k1.half", "--type=k1.one", "--glances-image="+glances, "--price-per-hour=0.05", "--yes", "--json",
		"--address-url="+r.URL()+fakeaws.ControlPath+"ip", "--base-path=/v1", "--budget=60s", "--repo=file://"+repository, "--allow-file", "capacity")
	t.Logf("exit status %d\n%s", got.code, got.stderr)
	var s summaryOfTest
	if err := json.Unmarshal([]byte(got.stdout), &s); err != nil {
		t.Fatalf("%v\n%s", err, got.stdout)
	}
	if len(s.Machines) != 2 {
		t.Fatalf("%d machines\n%s", len(s.Machines), got.stdout)
	}
	for _, m := range s.Machines {
		m.check(t)
	}
	if left := r.Left(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

type summaryOfTest struct {
	Machines []machineOfTest
}

type machineOfTest struct {
	Type, Record, Verdict, Limit, Error string
	Capacity                            *float64
	PricePerMillion                     *float64 `json:"price_per_million_requests"`
	Notes                               []string
}

// check looks at the figures, the page and the resources of one machine.
func (m machineOfTest) check(t *testing.T) {
	t.Helper()
	if m.Error != "" || m.Verdict == "" {
		t.Errorf("%s: verdict %q, error %q", m.Type, m.Verdict, m.Error)
		return
	}
	capacity := 0.0
	if m.Capacity != nil {
		capacity = *m.Capacity
	}
	t.Logf("%s: %s, %.1f/s, limit %q, notes %q", m.Type, m.Verdict, capacity, m.Limit, m.Notes)
	file, err := os.Open(m.Record)
	if err != nil {
		t.Error(err)
		return
	}
	defer file.Close()
	watched := 0
	for rows := record.NewReader(file); ; {
		row, err := rows.Next()
		if err != nil {
			break
		}
		if r, ok := row.(*record.Resources); ok && r.Source == "container plimsoll-service" && r.Values[record.CPUCores] > 0 {
			watched++
		}
	}
	if watched < 10 {
		t.Errorf("%s: Glances told of the service %d times", m.Type, watched)
	}
	page, err := os.ReadFile(filepath.Join(filepath.Dir(m.Record), "report.html"))
	if err != nil || !strings.Contains(string(page), m.Type) || !strings.Contains(string(page), "plimsoll-service") {
		t.Errorf("%s: the page does not tell of machine and service (%v)", m.Type, err)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(m.Record), "service.log")); err != nil {
		t.Error(err)
	}
}
