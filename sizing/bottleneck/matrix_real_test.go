//go:build real && linux

package bottleneck_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// How the matrix of all faults is run; without -matrix five cells are, once.
var (
	matrix  = flag.String("matrix", "", "file that keeps the results of all cells: runs that are in it are not repeated")
	table   = flag.String("table", "", "file that the results of -matrix are written to, for people")
	one     = flag.String("cell", "", "of -matrix, only cells whose name contains this")
	variant = flag.String("variant", "", "of -matrix, only this: plain, rates or neighbour")
	budget  = flag.String("budget", "40s", "of one real sizing")
)

// cell is a real service limited in one way by real means.
type cell struct {
	name      string
	want      []string // right verdicts
	args      []string // of the service
	quota     float64  // cores; 0: none
	memory    int      // bytes; 0: unlimited
	iops      int      // writes a second to the disk of the folder for temporary files; 0: unlimited
	cpus      string   // cores it may run on, as a list
	shaped    []string // commands of tc for the way out, with ; between them
	slots     float64  // true ones; 0: not looked at
	behind    []string // arguments of the service that it asks
	beside    []string // arguments of a neighbour
	generator float64  // cores that the generator may use; 0: all
	tells     bool     // it tells of its heap
	ci        bool
}

// cells are the faults, with a capacity of about rate.
func cells(rate float64) []cell {
	each := func(cores float64) string {
		return time.Duration(cores / rate * float64(time.Second)).Round(time.Microsecond).String()
	}
	mbit := fmt.Sprintf("%.1fmbit", rate*64*1024*8*1.05/1e6) // answers of 64 KiB, with headers
	return []cell{
		{name: "CPU quota", want: []string{record.LimitCPU}, args: []string{"-mode", "cpu", "-work", each(0.4)}, quota: 0.4, ci: true},
		{name: "10-slot pool", want: []string{record.LimitPool}, args: []string{"-mode", "pool", "-work", each(10)}, slots: 10, ci: true},
		{name: "mutex", want: []string{record.LimitLock}, args: []string{"-mode", "mutex", "-work", each(1)}, slots: 1, ci: true},
		{name: "429 limiter", want: []string{record.LimitAdmission}, args: []string{"-mode", "limiter", "-rate", fmt.Sprint(rate)}, ci: true},
		{name: "fsync-bound disk", want: []string{record.LimitDisk}, args: []string{"-mode", "fsync"}, iops: int(rate), ci: true},
		{name: "one core of two", want: []string{record.LimitCPU}, args: []string{"-mode", "cpu", "-work", each(0.8)}, cpus: "1"},
		{name: "one thread", want: []string{record.LimitThread}, args: []string{"-mode", "thread", "-work", each(0.8)}},
		{name: "memory limit, killed", want: []string{record.LimitMemory}, args: []string{"-mode", "memory", "-work", "10ms"}, memory: 64 << 20},
		{name: "memory limit, pressure", want: []string{record.LimitMemory}, args: []string{"-mode", "pressure", "-bytes", "201326592"}, memory: 64 << 20},
		{name: "bandwidth, tbf", want: []string{record.LimitNetwork}, args: []string{"-mode", "net"}, shaped: []string{"qdisc add dev DEV root tbf rate " + mbit + " burst 128kb latency 200ms"}},
		{name: "bandwidth, htb", want: []string{record.LimitNetwork}, args: []string{"-mode", "net"}, shaped: []string{
			"qdisc add dev DEV root handle 1: htb default 1;class add dev DEV parent 1: classid 1:1 htb rate " + mbit,
		}},
		{name: "listen backlog", want: []string{record.LimitBacklog}, args: []string{"-mode", "backlog", "-work", each(1), "-slots", "8"}},
		{name: "file descriptors", want: []string{record.LimitDescriptors}, args: []string{"-mode", "fds", "-work", each(10), "-slots", "30"}},
		{name: "GC pressure", want: []string{record.LimitGC}, args: []string{"-mode", "gc"}, quota: 0.5, tells: true},
		{name: "slow downstream", want: []string{record.LimitDownstream}, args: []string{"-mode", "downstream"}, behind: []string{"-mode", "pool", "-slots", "1000", "-work", each(10)}},
		{name: "CPU quota and pool at once", want: []string{record.LimitCPU, record.LimitPool, record.LimitUnsure}, args: []string{"-mode", "both", "-work", each(40), "-burn", each(1.2)}, quota: 0.4},
		{name: "none but the generator", want: []string{record.LimitGenerator}, args: []string{"-mode", "none"}, generator: 0.2},
	}
}

// plainRate is the capacity of most cells where nothing else is asked for.
const plainRate = 400

// variants are the ways in which each cell is run: the i-th run's capacity, and its neighbour.
func variants() map[string]func(i int) (rate float64, beside []string) {
	return map[string]func(int) (float64, []string){
		"plain": func(int) (float64, []string) { return plainRate, nil },
		// spread evenly, in whatever number of runs
		"rates":     func(i int) (float64, []string) { return 200 + 400*math.Mod(0.5+0.618034*float64(i), 1), nil },
		"neighbour": func(int) (float64, []string) { return plainRate, []string{"-mode", "neighbour", "-work", "10ms"} },
	}
}

// result is one run, as the file of results keeps it.
type result struct {
	Cell, Variant string
	Right         bool
	Name          string // verdict
	Goodput       float64
	Slots         float64 // relative error; 0: not looked at
	Confidence    float64
	Text          string
}

func judge(c cell, variant string, b record.Bottleneck) result {
	r := result{Cell: c.name, Variant: variant, Name: b.Name, Right: slices.Contains(c.want, b.Name), Goodput: b.Goodput, Confidence: b.Confidence, Text: b.String()}
	if c.slots > 0 {
		r.Slots = b.Slots/c.slots - 1
	}
	return r
}

// offSlots says whether the slots are off by more than a tenth, and by more than one decimal that a busy machine costs.
func (r result) offSlots(c cell) bool {
	return math.Abs(r.Slots) > 0.1 && math.Abs(r.Slots)*c.slots > 0.2
}

func (r result) tell(t *testing.T, c cell) {
	t.Helper()
	t.Logf("%.0f/s, %s: %s", r.Goodput, r.Name, r.Text)
	if !r.Right {
		t.Errorf("named %s, want %s", r.Name, strings.Join(c.want, " or "))
	}
	if r.offSlots(c) {
		t.Errorf("%+.0f %% of its %v slots", r.Slots*100, c.slots)
	}
}

// TestRealFaultsAreNamed sizes five real services, each limited in one way. On
// a machine that does other work as well a second try is allowed.
func TestRealFaultsAreNamed(t *testing.T) {
	if *matrix != "" {
		t.Skip("-matrix runs all")
	}
	forgetPrograms(t)
	for _, c := range cells(300) {
		if !c.ci {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			_, b := sized(t, c, *budget)
			r := judge(c, "plain", b)
			if !r.Right || r.offSlots(c) {
				t.Logf("once more: %s, %+.0f %% of slots: %s", r.Name, r.Slots*100, r.Text)
				_, b = sized(t, c, *budget)
				r = judge(c, "plain", b)
			}
			r.tell(t, c)
		})
	}
}

// TestRealMatrix runs each cell -times times in each variant, keeps the
// results, and writes them as a table. What is kept already is not repeated.
func TestRealMatrix(t *testing.T) {
	if *matrix == "" {
		t.Skip("takes hours: make matrix")
	}
	forgetPrograms(t)
	for _, name := range []string{"plain", "rates", "neighbour"} {
		if *variant != "" && *variant != name {
			continue
		}
		for k, plain := range cells(plainRate) {
			if !strings.Contains(plain.name, *one) {
				continue
			}
			for i := count(kept(t), plain.name, name); i < *times; i++ {
				t.Run(fmt.Sprintf("%s/%s/%d", plain.name, name, i+1), func(t *testing.T) {
					rate, beside := variants()[name](i)
					c := cells(rate)[k]
					c.beside = beside
					_, b := sized(t, c, *budget)
					r := judge(c, name, b)
					keep(t, r)
					t.Logf("%.0f/s, %s, right: %v: %s", r.Goodput, r.Name, r.Right, r.Text)
				})
				writeTable(t, kept(t))
			}
		}
	}
	writeTable(t, kept(t)) // of what there was before, too
}

func forgetPrograms(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		for _, name := range []string{"service", "plimsoll"} {
			os.Remove(filepath.Join(os.TempDir(), fmt.Sprintf("plimsoll-matrix-%d-%s", os.Getpid(), name)))
		}
	})
}

// kept reads the results there are.
func kept(t *testing.T) (all []result) {
	t.Helper()
	f, err := os.Open(*matrix)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var r result
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatalf("%s: %v", *matrix, err)
		}
		all = append(all, r)
	}
	return all
}

func count(all []result, cell, variant string) (n int) {
	for _, r := range all {
		if r.Cell == cell && r.Variant == variant {
			n++
		}
	}
	return n
}

// keep appends a result.
func keep(t *testing.T, r result) {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(*matrix, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(append(text, '\n')); err != nil {
		t.Fatal(err)
	}
}

// tally counts verdicts. Where the generator could not make the load there is no result.
type tally struct {
	runs, right, unsure, none, wrong int
	off                              float64 // of the slots, at most
	names                            map[string]int
}

func (n *tally) add(r result) {
	n.runs++
	n.off = max(n.off, math.Abs(r.Slots))
	if n.names == nil {
		n.names = map[string]int{}
	}
	n.names[r.Name]++
	switch {
	case r.Right:
		n.right++
	case r.Name == record.LimitUnsure:
		n.unsure++
	case r.Name == record.LimitGenerator:
		n.none++
	default:
		n.wrong++
	}
}

func (n *tally) String() string {
	var called []string
	for _, name := range slices.Sorted(maps.Keys(n.names)) {
		called = append(called, fmt.Sprintf("%s %d", name, n.names[name]))
	}
	return fmt.Sprintf("%d | %d | %d | %d | %d | %s", n.runs, n.right, n.unsure, n.none, n.wrong, strings.Join(called, ", "))
}

// writeTable writes the confusion table: a row a cell and variant, what each was called how often.
func writeTable(t *testing.T, all []result) {
	t.Helper()
	if *table == "" {
		return
	}
	var out strings.Builder
	fmt.Fprintf(&out, `# Real services, each limited in one way

What the real program called each. Written by `+"`make matrix`"+` (`+"`make matrix CELL=mutex RUNS=10`"+` for a part; what is kept in
bin/matrix.jsonl is not run again). Every run sizes `+"`runtime/monitor/testdata/service`"+` in %s, limited by control groups, by `+"`tc`"+`
in a network name space of its own, or by itself. *rates*: a capacity of 200 to 600/s, another one each run; *neighbour*:
another process uses half a core, 10 ms of each 20. *No result*: the generator could not make the load, and says so.

Machine: %s.

| limited by | variant | runs | right | unsure | no result | wrong | named | ĉ off by at most |
|---|---|---|---|---|---|---|---|---|
`, *budget, machine())
	var together tally
	for _, c := range cells(plainRate) {
		for _, name := range []string{"plain", "rates", "neighbour"} {
			var n tally
			for _, r := range all {
				if r.Cell == c.name && r.Variant == name {
					n.add(r)
					together.add(r)
				}
			}
			slots := ""
			if c.slots > 0 {
				slots = fmt.Sprintf("%.0f %%", n.off*100)
			}
			if n.runs > 0 {
				fmt.Fprintf(&out, "| %s | %s | %s | %s |\n", c.name, name, &n, slots)
			}
		}
	}
	part := func(n int) float64 { return 100 * float64(n) / float64(max(together.runs, 1)) }
	fmt.Fprintf(&out, "\nTogether: %.1f %% right, %.1f %% unsure, %.1f %% without a result, %.1f %% wrong, of %d runs.\n",
		part(together.right), part(together.unsure), part(together.none), part(together.wrong), together.runs)
	if err := os.WriteFile(*table, []byte(out.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// machine is what the runs were made on.
func machine() string {
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	release, _, _ := strings.Cut(strings.TrimSpace(string(kernel)), "-")
	groups := "control groups of version 1"
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		groups = "control groups of version 2"
	}
	memory := 0.0
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		fmt.Sscanf(string(text), "MemTotal: %f kB", &memory)
	}
	load := "?"
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		load = strings.Fields(string(text))[1] // of five minutes; a run of its own makes about 2
	}
	return fmt.Sprintf("%d cores, %.0f GB of memory, Linux %s, %s, load %s at the end", runtime.NumCPU(), memory/1e6, release, groups, load)
}
