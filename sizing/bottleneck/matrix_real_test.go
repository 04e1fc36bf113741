//go:build real && linux

package bottleneck_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/monitor"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/sizing/bottleneck"
)

// cell is a real service limited in one way by real means.
type cell struct {
	name   string
	want   []string // right verdicts; "unsure" among them where no single one is
	args   []string // of the service
	quota  float64  // cores; 0: none
	memory int      // bytes; 0: unlimited
	iops   int      // writes a second to the disk of the folder for temporary files; 0: unlimited
	cpus   string   // cores it may run on, as a list
	slots  float64  // true ones; 0: not looked at
	behind []string // arguments of the service that it asks
	ci     bool
}

func cells() []cell {
	return []cell{
		{name: "CPU quota", want: []string{record.LimitCPU}, args: []string{"-mode", "cpu", "-work", "2ms"}, quota: 0.4, ci: true},
		{name: "10-slot pool", want: []string{record.LimitPool}, args: []string{"-mode", "pool", "-work", "25ms"}, slots: 10, ci: true},
		{name: "mutex", want: []string{record.LimitLock}, args: []string{"-mode", "mutex", "-work", "4ms"}, slots: 1, ci: true},
		{name: "429 limiter", want: []string{record.LimitAdmission}, args: []string{"-mode", "limiter", "-rate", "300"}, ci: true},
		{name: "fsync-bound disk", want: []string{record.LimitDisk}, args: []string{"-mode", "fsync"}, iops: 300, ci: true},
		{name: "one core of two", want: []string{record.LimitCPU}, args: []string{"-mode", "cpu", "-work", "4ms"}, cpus: "1"},
		{name: "one thread", want: []string{record.LimitThread, record.LimitCPU}, args: []string{"-mode", "thread", "-work", "4ms"}},
		{name: "memory limit, killed", want: []string{record.LimitMemory}, args: []string{"-mode", "memory", "-work", "10ms"}, memory: 64 << 20},
		{name: "slow downstream", want: []string{record.LimitDownstream}, args: []string{"-mode", "downstream"}, behind: []string{"-mode", "pool", "-slots", "1000", "-work", "25ms"}},
		{name: "file descriptors", want: []string{record.LimitDescriptors}, args: []string{"-mode", "fds", "-work", "25ms", "-slots", "30"}},
		{name: "listen backlog", want: []string{record.LimitBacklog}, args: []string{"-mode", "backlog", "-work", "4ms", "-slots", "8"}},
		{name: "GC pressure in a quota", want: []string{record.LimitCPU, record.LimitGC}, args: []string{"-mode", "gc"}, quota: 0.5},
		{name: "none but the generator", want: []string{record.LimitGenerator, record.LimitCPU}, args: []string{"-mode", "none"}},
	}
}

// missing fails under CI and skips elsewhere.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// group makes a control group with the cell's limits, of either version, and returns how to put a process into it.
func group(t *testing.T, c cell) func(pid int) {
	t.Helper()
	if c.quota == 0 && c.memory == 0 && c.cpus == "" && c.iops == 0 {
		return func(int) {}
	}
	name := fmt.Sprintf("plimsoll-test-%d-%d", os.Getpid(), time.Now().UnixNano())
	var folders []string
	set := func(folder, file, value string) {
		t.Helper()
		if !slices.Contains(folders, folder) {
			if err := os.Mkdir(folder, 0o755); err != nil {
				missing(t, "no control group can be made: "+err.Error())
			}
			folders = append(folders, folder)
			t.Cleanup(func() { removeGroup(t, folder) })
		}
		if err := os.WriteFile(filepath.Join(folder, file), []byte(value), 0o644); err != nil {
			missing(t, "the control group takes no limit: "+err.Error())
		}
	}
	const root = "/sys/fs/cgroup/"
	if _, err := os.Stat(root + "cgroup.controllers"); err == nil {
		set(root+name, "cgroup.type", "")
		at := root + name
		if c.quota > 0 {
			set(at, "cpu.max", fmt.Sprintf("%d 100000", int(c.quota*100000)))
		}
		if c.memory > 0 {
			set(at, "memory.max", strconv.Itoa(c.memory))
		}
		if c.cpus != "" {
			set(at, "cpuset.cpus", c.cpus)
		}
		if c.iops > 0 {
			set(at, "io.max", fmt.Sprintf("%s wiops=%d", disk(t), c.iops))
		}
	} else {
		if c.quota > 0 {
			set(root+"cpu/"+name, "cpu.cfs_quota_us", strconv.Itoa(int(c.quota*100000)))
		}
		if c.memory > 0 {
			set(root+"memory/"+name, "memory.limit_in_bytes", strconv.Itoa(c.memory))
		}
		if c.cpus != "" {
			set(root+"cpuset/"+name, "cpuset.mems", "0")
			set(root+"cpuset/"+name, "cpuset.cpus", c.cpus)
		}
		if c.iops > 0 {
			set(root+"blkio/"+name, "blkio.throttle.write_iops_device", fmt.Sprintf("%s %d", disk(t), c.iops))
		}
	}
	return func(pid int) {
		for _, folder := range folders {
			if err := os.WriteFile(filepath.Join(folder, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// disk is the number of the disk that temporary files are on.
func disk(t *testing.T) string {
	t.Helper()
	var info syscall.Stat_t
	if err := syscall.Stat(os.TempDir(), &info); err != nil {
		t.Fatal(err)
	}
	device := fmt.Sprintf("/sys/dev/block/%d:%d/", info.Dev>>8&0xfff, info.Dev&0xff|info.Dev>>12&0xfff00)
	file := device + "dev"
	if _, err := os.Stat(device + "partition"); err == nil {
		file = device + "../dev"
	}
	number, err := os.ReadFile(file)
	if err != nil {
		missing(t, "temporary files are on no disk of their own: "+err.Error())
	}
	return strings.TrimSpace(string(number))
}

// removeGroup waits until the group's processes are gone.
func removeGroup(t *testing.T, folder string) {
	t.Helper()
	for range 50 {
		if os.Remove(folder) == nil {
			return
		}
		<-time.After(20 * time.Millisecond)
	}
	t.Logf("%s stays behind", folder)
}

// build makes a program of this repository.
func build(t *testing.T, of string) string {
	t.Helper()
	program := filepath.Join(os.TempDir(), fmt.Sprintf("plimsoll-matrix-%d-%s", os.Getpid(), filepath.Base(of)))
	if _, err := os.Stat(program); err == nil {
		return program
	}
	c := exec.Command("go", "build", "-o", program, of)
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// serve starts a service and returns its address and number.
func serve(t *testing.T, c cell) (address string, pid int) {
	t.Helper()
	enter := group(t, c)
	service := exec.Command(build(t, "../../runtime/monitor/testdata/service"), c.args...)
	in, err := service.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := service.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	service.Stderr = os.Stderr
	if err := service.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); service.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	enter(service.Process.Pid)
	return strings.TrimSpace(line), service.Process.Pid
}

const script = `import http from 'plimsoll/http'
import { scenario, check } from 'plimsoll'
scenario('get', {}, () => { check(http.get(__ENV.TARGET), { ok: (r) => r.status === 200 }) })
`

// sized sizes a service with the real program, watches it, and attributes.
func sized(t *testing.T, c cell, budget string) (bottleneck.Input, record.Bottleneck) {
	t.Helper()
	if c.behind != nil {
		other, _ := serve(t, cell{args: c.behind})
		c.args = append(slices.Clone(c.args), "-downstream", other)
	}
	address, pid := serve(t, c)
	dir := t.TempDir()
	file, rec := filepath.Join(dir, "s.js"), filepath.Join(dir, "run.jsonl")
	if err := os.WriteFile(file, []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	size := exec.Command(build(t, "../../cmd/plimsoll"), "size", file, "-q", "-e", "TARGET="+address, "-o", rec, "--budget", budget, "--max", "400")
	var said strings.Builder
	size.Stdout, size.Stderr = &said, &said
	began := time.Now()
	if err := size.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	rows := make(chan []record.Resources, 1)
	go func() {
		sources, err := monitor.Open(ctx, []monitor.Spec{{Kind: "host"}, {Kind: "pid", Value: strconv.Itoa(pid)}}, monitor.Target{})
		if err != nil {
			t.Error(err)
		}
		var all []record.Resources
		monitor.NewWatcher(began, 250*time.Millisecond, func(r record.Resources) { all = append(all, r) }).Run(ctx, sources...)
		rows <- all
	}()
	err := size.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	cancel()
	in, started := load(t, rec)
	shift := began.Sub(started).Seconds()
	for _, r := range <-rows {
		r.AtS += shift
		in.Resources = append(in.Resources, r)
	}
	return in, bottleneck.Attribute(in)
}

// load reads a record.
func load(t *testing.T, path string) (in bottleneck.Input, started time.Time) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := record.NewReader(f)
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return in, started
		}
		if err != nil {
			t.Fatal(err)
		}
		switch row := row.(type) {
		case *record.Run:
			started = row.Started
		case *record.Hold:
			in.Holds = append(in.Holds, *row)
		case *record.Window:
			in.Windows = append(in.Windows, *row)
		case *record.Resources:
			in.Resources = append(in.Resources, *row)
		case *record.End:
			in.Sizing = row.Sizing
		}
	}
}

// TestRealFaultsAreNamed sizes real services: five cells once, or with
// -matrix all of them -times times each, as a table for the documentation.
func TestRealFaultsAreNamed(t *testing.T) {
	t.Cleanup(func() {
		for _, name := range []string{"service", "plimsoll"} {
			os.Remove(filepath.Join(os.TempDir(), fmt.Sprintf("plimsoll-matrix-%d-%s", os.Getpid(), name)))
		}
	})
	runs := 1
	if *matrix {
		runs = *times
	}
	for _, c := range cells() {
		if !c.ci && !*matrix {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			verdicts := map[string]int{}
			for range runs {
				_, b := sized(t, c, *budget)
				verdicts[b.Name]++
				t.Logf("%.0f/s, confidence %.2f: %s", b.Goodput, b.Confidence, b)
				switch {
				case !slices.Contains(c.want, b.Name):
					t.Errorf("named %s (runner-up %s), want %s; ceilings %+v", b.Name, b.RunnerUp, strings.Join(c.want, " or "), b.Ceilings)
				case c.slots > 0 && math.Abs(b.Slots/c.slots-1) > 0.1 && math.Abs(b.Slots-c.slots) > 0.15:
					t.Errorf("%.2f slots, want %v", b.Slots, c.slots)
				}
			}
			var told []string
			for _, name := range slices.Sorted(maps.Keys(verdicts)) {
				told = append(told, fmt.Sprintf("%s %d", name, verdicts[name]))
			}
			t.Logf("| %s | %d | %s |", c.name, runs, strings.Join(told, ", "))
		})
	}
}
