//go:build real && linux

package bottleneck_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/sizing/bottleneck"
)

// missing fails under CI and skips elsewhere.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// group makes a control group with the cell's limits, of either version, and returns how to run a program in it.
func group(t *testing.T, c cell) (enter []string) {
	t.Helper()
	if c.quota == 0 && c.memory == 0 && c.cpus == "" && c.iops == 0 {
		return nil
	}
	if os.Getuid() != 0 {
		missing(t, "control groups are made by root alone")
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
	join := ""
	for _, folder := range folders {
		join += "echo $$ >" + folder + "/cgroup.procs && "
	}
	return []string{"sh", "-c", join + `exec "$0" "$@"`}
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

// process starts a program of this repository in a cell's groups; it ends with the test.
func process(t *testing.T, c cell, args ...string) (*exec.Cmd, io.Reader) {
	t.Helper()
	args = append(group(t, c), args...)
	one := exec.Command(args[0], args[1:]...)
	in, err := one.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := one.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	one.Stderr = os.Stderr
	if err := one.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); one.Wait() })
	return one, out
}

// serve starts a service and returns its address and number.
func serve(t *testing.T, c cell) (address string, pid int) {
	t.Helper()
	args := append([]string{build(t, "../../runtime/monitor/testdata/service")}, c.args...)
	if c.shaped != nil {
		enter, inside := shaped(t, c.shaped)
		args = append(append(enter, args...), "-listen", inside+":0")
	}
	service, out := process(t, c, args...)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line), service.Process.Pid
}

// shaped makes a network name space whose way out is as narrow as a queueing
// discipline says, and returns how to run a program in it, and its address
// there: one of those kept for measuring (RFC 2544). What a former one left
// behind goes some time after it, so that no two have a name in common.
func shaped(t *testing.T, discipline []string) (enter []string, inside string) {
	t.Helper()
	if os.Getuid() != 0 {
		missing(t, "network name spaces are made by root alone")
	}
	n := time.Now().UnixNano() / 1e6 % 1e6
	name, near, far := fmt.Sprintf("plimsoll%d", n), fmt.Sprintf("pl%da", n), fmt.Sprintf("pl%db", n)
	outside, inside := fmt.Sprintf("198.18.%d.1", n%251), fmt.Sprintf("198.18.%d.2", n%251)
	t.Cleanup(func() { exec.Command("ip", "netns", "del", name).Run() }) // the pair of links goes with it
	for _, args := range [][]string{
		{"ip", "netns", "add", name},
		{"ip", "link", "add", near, "type", "veth", "peer", "name", far, "netns", name},
		{"ip", "addr", "add", outside + "/30", "dev", near},
		{"ip", "link", "set", near, "up"},
		{"ip", "-n", name, "addr", "add", inside + "/30", "dev", far},
		{"ip", "-n", name, "link", "set", far, "up"},
		{"ip", "-n", name, "link", "set", "lo", "up"},
	} {
		command(t, args...)
	}
	for step := range slices.Values(strings.Split(strings.Join(discipline, " "), ";")) {
		command(t, append([]string{"ip", "netns", "exec", name, "tc"}, strings.Fields(strings.ReplaceAll(step, "DEV", far))...)...)
	}
	return []string{"ip", "netns", "exec", name}, inside
}

func command(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		missing(t, fmt.Sprintf("%s: %v: %s", strings.Join(args, " "), err, out))
	}
}

const script = `import http from 'plimsoll/http'
import { scenario, check } from 'plimsoll'
scenario('get', {}, () => { check(http.get(__ENV.TARGET), { ok: (r) => r.status === 200 }) })
`

// sized sizes a service with the real program, which watches it and says what limits it.
func sized(t *testing.T, c cell, budget string) (bottleneck.Input, record.Bottleneck) {
	t.Helper()
	watched := []string{"host"}
	if c.behind != nil {
		other, _ := serve(t, cell{args: c.behind})
		c.args = append(slices.Clone(c.args), "-downstream", other)
	}
	if c.beside != nil {
		process(t, cell{}, append([]string{build(t, "../../runtime/monitor/testdata/service")}, c.beside...)...)
	}
	address, pid := serve(t, c)
	watched = append(watched, fmt.Sprintf("pid=%d", pid))
	if c.tells {
		watched = append(watched, "expvar="+address+"debug/vars")
	}
	dir := t.TempDir()
	file, rec := filepath.Join(dir, "s.js"), filepath.Join(dir, "run.jsonl")
	if err := os.WriteFile(file, []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	size, out := process(t, cell{quota: c.generator}, build(t, "../../cmd/plimsoll"), "size", file, "-q", "-e", "TARGET="+address,
		"-o", rec, "--budget", budget, "--max", "400", "--monitor", strings.Join(watched, ","))
	said, err := io.ReadAll(out)
	if err != nil {
		t.Fatal(err)
	}
	size.Wait() // how it ended is in the record
	in, b := load(t, rec)
	if b == nil {
		t.Fatalf("no verdict:\n%s", said)
	}
	return in, *b
}

// load reads a record.
func load(t *testing.T, path string) (in bottleneck.Input, b *record.Bottleneck) {
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
			return in, b
		}
		if err != nil {
			t.Fatal(err)
		}
		switch row := row.(type) {
		case *record.Hold:
			in.Holds = append(in.Holds, *row)
		case *record.Window:
			in.Windows = append(in.Windows, *row)
		case *record.Resources:
			in.Resources = append(in.Resources, *row)
		case *record.End:
			in.Sizing, b = row.Sizing, row.Bottleneck
		}
	}
}
