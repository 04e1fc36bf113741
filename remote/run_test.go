package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-load/plimsoll/remote/cleanup"
	"github.com/plimsoll-load/plimsoll/remote/fakeaws"
	"github.com/plimsoll-load/plimsoll/remote/plan"
	"github.com/plimsoll-load/plimsoll/remote/provider"
	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/report/compare"
	"github.com/plimsoll-load/plimsoll/report/text"
	"github.com/plimsoll-load/plimsoll/runtime/exit"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// trial is a run in a world of its own.
type trial struct {
	*fake
	world    World
	signals  chan os.Signal
	said     *strings.Builder
	printed  *bytes.Buffer
	children []Child
	capacity map[string]float64 // by machine type
	load     func(ctx context.Context, c Child) (int, error)
	status   int
	began    int // loads
	settings int // status of a look at the script and its settings
}

func newTrial(t *testing.T) *trial {
	t.Helper()
	tr := &trial{
		fake: newFake(), said: &strings.Builder{}, printed: &bytes.Buffer{}, status: 200,
		capacity: map[string]float64{"c7.small": 100, "c7.large": 190, "c7.huge": 700, "t3.small": 150},
	}
	tr.files["service.log"] = strings.Repeat("a line of the service\n", 100)
	tr.files["state.json"] = `{"Running":true}`
	tr.world = World{
		Cloud: tr.cloud(), Runs: t.TempDir(), Stdout: tr.printed, Stderr: tr.printed,
		Say: func(line string) {
			tr.mu.Lock()
			defer tr.mu.Unlock()
			fmt.Fprintln(tr.said, line)
		},
		Address:  func(context.Context) (string, error) { return "203.0.113.7/32", nil },
		Probe:    func(context.Context, string) (int, error) { return tr.status, nil },
		Plimsoll: tr.plimsoll,
	}
	return tr
}

// flag is the value of --name=value.
func flag(args []string, name string) string {
	for _, a := range args {
		if v, ok := strings.CutPrefix(a, "--"+name+"="); ok {
			return v
		}
	}
	return ""
}

// plimsoll stands for the program: a load of two minutes that finds the capacity.
func (tr *trial) plimsoll(ctx context.Context, c Child) (int, error) {
	if slices.Contains(c.Args, "--show-config") {
		return tr.settings, nil
	}
	tr.children = append(tr.children, c)
	if c.Args[0] == "report" || c.Args[0] == "compare" {
		return tr.tell(c)
	}
	tr.began++
	if tr.load != nil {
		return tr.load(ctx, c)
	}
	return tr.size(ctx, c, nil)
}

// tell shows records as `plimsoll report` and `compare` do.
func (tr *trial) tell(c Child) (int, error) {
	var sets []compare.Set
	for _, path := range c.Args[1:] {
		if strings.HasPrefix(path, "--") {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return 1, err
		}
		run, err := report.ReadWith(bytes.NewReader(text))
		if err != nil {
			return 1, err
		}
		run.Path = path
		sets = append(sets, compare.Set{Runs: []*report.Run{run}})
	}
	wide, json := text.Options{Width: 200}, slices.Contains(c.Args, "--json")
	if c.Args[0] == "compare" {
		compared, err := compare.Sets(sets)
		if err != nil {
			return 2, nil //nolint:nilerr // it says so, and ends with that
		}
		if json {
			text, err := compare.JSON(compared, 0.1)
			return 0, errors.Join(err, writeTo(c.Stdout, text))
		}
		return exit.Regression, text.WriteComparison(c.Stdout, compared, 0.1, wide)
	}
	if err := os.WriteFile(flag(c.Args, "html"), []byte("<html>"), 0o644); err != nil {
		return 1, err
	}
	if json {
		text, err := report.JSON(sets[0].Runs[0])
		return 0, errors.Join(err, writeTo(c.Stdout, text))
	}
	fmt.Fprintln(c.Stdout, "the summary")
	return 0, text.Write(c.Stdout, sets[0].Runs[0], wide)
}

func writeTo(w io.Writer, text []byte) error {
	_, err := w.Write(text)
	return err
}

// size writes a record as `plimsoll size` does.
func (tr *trial) size(ctx context.Context, c Child, rows []any) (int, error) {
	path := flag(c.Args, "output")
	name := strings.TrimSuffix(filepath.Base(filepath.Dir(path)), "-on-demand")
	code, verdict := exit.OK, record.VerdictFound
	began := time.Now()
	if provider.Pause(ctx, 2*time.Minute) != nil {
		code, verdict = exit.Interrupted, record.VerdictInterrupted
	}
	var machine *record.Machine
	if err := json.Unmarshal([]byte(flag(c.Args, "machine")), &machine); err != nil {
		return 1, err
	}
	sizing := &record.Sizing{Verdict: verdict, Unloaded: record.Unloaded{RequestsPerIteration: 2}, AtLimit: record.Latency{P95S: 0.05}}
	if verdict == record.VerdictFound {
		sizing.Capacity = &record.Capacity{Goodput: tr.capacity[name]}
	}
	all := append([]any{record.Run{SchemaVersion: record.SchemaVersion, Mode: "size", Started: began, Machine: machine}}, rows...)
	return code, writeRecord(path, append(all, record.End{AtS: 120, Verdict: verdict, ExitCode: code, Sizing: sizing}))
}

func writeRecord(path string, rows []any) error {
	b := &bytes.Buffer{}
	w := record.NewWriter(b)
	for _, r := range rows {
		if err := w.Write(r); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}

// options are those of a run with the defaults.
func options(types ...string) plan.Options {
	return plan.Options{Image: "kinto:1", Port: 8888, Types: types, ChildArgs: []string{"loadtest.js", "--tolerance=1%"}}
}

// run plans and does it, in virtual time.
func (tr *trial) run(t *testing.T, o plan.Options) (results []Outcome, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { results, err = tr.inside(t, o) })
	return results, err
}

func (tr *trial) inside(t *testing.T, o plan.Options) ([]Outcome, error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	tr.signals = make(chan os.Signal, 3) // of this bubble, or its time would stand still
	p, err := plan.Planner{Cloud: tr.world.Cloud, Address: tr.world.Address}.Plan(ctx, plan.NewRunID(time.Now()), o)
	if err != nil {
		return nil, err
	}
	results, err := tr.world.Run(ctx, p, NewStops(ctx, tr.signals))
	if err == nil {
		err = tr.world.Report(ctx, p, results, Show{})
	}
	return results, err
}

func TestARunEndsWithAVerdictAndLeavesNothing(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	results, err := tr.run(t, options("c7.small"))
	if err != nil {
		t.Fatal(err)
	}
	if left := tr.left(); left != nil {
		t.Errorf("left: %v", left)
	}
	if c, _ := results[0].Capacity(); c != 100 {
		t.Errorf("capacity %v, want 100", c)
	}
	m := tr.machines["i-002"]
	for tag, want := range map[string]string{plan.TagManaged: "true", plan.TagOwner: tr.callers.Name, plan.TagRole: plan.RoleService} {
		if m.Tags[tag] != want {
			t.Errorf("tag %s is %q, want %q", tag, m.Tags[tag], want)
		}
	}
	if _, err := time.Parse(time.RFC3339, m.Tags[plan.TagExpires]); err != nil {
		t.Errorf("the lease's tag: %v", err)
	}
	if rules := tr.rules["sg-001"]; len(rules) != 2 || rules[0] != (provider.Rule{Port: 8888, CIDR: "203.0.113.7/32"}) || rules[1] != (provider.Rule{Port: plan.GlancesPort, CIDR: "203.0.113.7/32"}) {
		t.Errorf("rules %v", rules)
	}
	args := tr.children[0].Args
	if direct := tr.children[0].Direct; direct != "127.0.102.1" {
		t.Errorf("plimsoll may go through a proxy to all but %q", direct)
	}
	for name, want := range map[string]string{"monitor": "glances=http://127.0.102.1:61208", "env": "SERVER_URL=http://127.0.102.1:8888", "tolerance": "1%"} {
		if got := flag(args, name); got != want {
			t.Errorf("plimsoll got --%s=%q, want %q (of %q)", name, got, want, args)
		}
	}
	if !strings.Contains(flag(args, "machine"), `"price_per_hour":0.05`) {
		t.Errorf("plimsoll got --machine=%s", flag(args, "machine"))
	}
	if got, _ := os.ReadFile(filepath.Join(results[0].Folder, "service.log")); string(got) != tr.files["service.log"] {
		t.Errorf("the service's log came home as %d bytes", len(got))
	}
	for _, want := range []string{"the summary", "0.0500 USD an hour", "c7.small eu-west-1, 0.05 USD an hour, 0.06944 USD a million requests at its capacity"} {
		if !strings.Contains(tr.printed.String(), want) {
			t.Errorf("%q is not in what was printed:\n%s", want, tr.printed)
		}
	}
}

func TestASweepLoadsOneMachineAtATime(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	loading := 0
	tr.load = func(ctx context.Context, c Child) (int, error) {
		loading++
		defer func() { loading-- }()
		if loading > 1 {
			t.Error("two machines are loaded at once")
		}
		return tr.size(ctx, c, nil)
	}
	o := options("c7.huge", "c7.small", "c7.large")
	o.TargetLoad = 500
	results, err := tr.run(t, o)
	if err != nil || len(results) != 3 {
		t.Fatal(err, len(results))
	}
	if results[0].Type.Name != "c7.small" || results[2].Type.Name != "c7.huge" {
		t.Errorf("the order is %s … %s, want smallest first", results[0].Type.Name, results[2].Type.Name)
	}
	if left := tr.left(); left != nil {
		t.Errorf("left: %v", left)
	}
	at := func(call string) int {
		return slices.IndexFunc(tr.calls, func(c string) bool { return strings.HasPrefix(c, call) })
	}
	if at("Launch c7.huge") > at("Run wait for docker") {
		t.Error("machines are not booted side by side")
	}
	last := tr.children[len(tr.children)-1].Args
	if want := []string{"compare", results[0].Record, results[1].Record, results[2].Record, "--target-load=500"}; !slices.Equal(last, want) {
		t.Errorf("the records were compared by %q, want %q", last, want)
	}
	for _, want := range []string{"a million requests", "c7.small     100/s                –  0.05 USD         0.06944 USD", "c7.huge, 8 vCPUs, 16 GiB: found (0.4000 USD an hour", "c7.small, 1 vCPU, 2 GiB"} {
		if !strings.Contains(tr.printed.String(), want) {
			t.Errorf("%q is not in what was printed:\n%s", want, tr.printed)
		}
	}
}

func TestASweepStopsWhenBiggerMachinesAddNothing(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	tr.capacity = map[string]float64{"c7.small": 100, "c7.large": 103, "c7.huge": 104}
	results, err := tr.run(t, options("c7.small", "c7.large", "c7.huge"))
	if err != nil {
		t.Fatal(err)
	}
	if !results[2].Skipped || tr.began != 2 || !strings.Contains(results[2].Err.Error(), "not what limits") {
		t.Errorf("the third was not left out: %+v", results[2])
	}
	if left := tr.left(); left != nil {
		t.Errorf("left: %v", left)
	}
}

// TestKilledAtEveryCall stops a run at its k-th call, before and after the call has its effect, and cleans up after it
// with another one: at all calls in a full test, at some of them else.
func TestKilledAtEveryCall(t *testing.T) {
	t.Parallel()
	before, after := 0, 0 // calls of a run that nobody kills
	tr := newTrial(t)
	tr.refuse = func(string) error { before++; return nil }
	tr.lose = func(string) error { after++; return nil }
	o := options("c7.small", "c7.large")
	o.Store = "bucket/load"
	if _, err := tr.run(t, o); err != nil || before < 20 || after < 5 {
		t.Fatalf("a run of two machines has %d calls, %d of which change something: %v", before, after, err)
	}
	for _, k := range fakeaws.KillPoints(before, 5, full()) {
		killedAt(t, k, false)
	}
	for _, k := range fakeaws.KillPoints(after, 0, full()) {
		killedAt(t, k, true)
	}
}

// full says that tests take the time that CI has: CONTRIBUTING.md tells what they leave out without it.
func full() bool { return os.Getenv("PLIMSOLL_FULL_TESTS") == "1" }

func killedAt(t *testing.T, k int, after bool) {
	t.Helper()
	tr, killed := newTrial(t), false
	tr.machines["i-foreign"] = &provider.Machine{ID: "i-foreign", State: provider.Running, Tags: provider.Tags{"Name": "of somebody else"}, Launched: time.Now()}
	tr.groups["sg-foreign"] = &provider.Group{ID: "sg-foreign", Name: "default", Tags: provider.Tags{}}
	n := 0
	dead := errors.New("killed")
	stop := func(string) error {
		if n++; n >= k {
			killed = true
			return dead
		}
		return nil
	}
	tr.refuse = stop
	if after {
		tr.refuse = func(string) error { // all calls behind the k-th have no effect
			if killed {
				return dead
			}
			return nil
		}
		tr.lose = stop
	}
	o := options("c7.small", "c7.large")
	o.Store = "bucket/load"
	_, _ = tr.run(t, o) // it fails, or not
	tr.refuse, tr.lose = nil, nil
	synctest.Test(t, func(t *testing.T) {
		c := cleanup.Cleaner{Clouds: map[string]provider.Cloud{"eu-west-1": tr.cloud()}, Runs: tr.world.Runs, Say: func(string) {}}
		for range 2 { // the second time there is nothing to do
			if left, err := c.Clean(t.Context(), cleanup.Scope{All: true}); err != nil || len(left) > 0 {
				t.Errorf("killed at call %d: cleaning up left %v: %v", k, left, err)
			}
		}
	})
	if left := tr.left(); left != nil {
		t.Errorf("killed at call %d (after: %v): left %v", k, after, left)
	}
	if tr.machines["i-foreign"].State != provider.Running || tr.groups["sg-foreign"] == nil {
		t.Errorf("killed at call %d: something of others was touched", k)
	}
}
