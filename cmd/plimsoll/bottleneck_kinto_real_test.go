//go:build real && linux

package main_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// verdict is what these tests read of --json.
type verdict struct {
	Verdict    string
	Bottleneck *record.Bottleneck
	Iterations struct{ OK, Failed uint64 }
}

// limitOf runs plimsoll against a Kinto and returns what it says of its limits.
func limitOf(t *testing.T, plimsoll string, k *kinto, args ...string) verdict {
	t.Helper()
	ran := command(t, []string{"SERVER_URL=" + k.url}, plimsoll, append(args, "--json")...)
	var got verdict
	if err := json.Unmarshal([]byte(ran.stdout), &got); err != nil || got.Bottleneck == nil {
		t.Fatalf("exit %d, no bottleneck: %v\n%.2000s\n%s", ran.exit, err, ran.stdout, ran.stderr)
	}
	b := got.Bottleneck
	t.Logf("%s, %.0f/s: %s", got.Verdict, b.Goodput, b)
	for _, g := range b.Growth {
		t.Logf("growth of %s: %s", g.Source, g.Text)
	}
	for _, n := range b.Notes {
		t.Logf("note: %s", n)
	}
	return got
}

// stated fails the test unless the verdict is one of some, with figures.
func (l verdict) stated(t *testing.T, names ...string) {
	t.Helper()
	if b := l.Bottleneck; !slices.Contains(names, b.Name) || len(b.Evidence) == 0 || b.Coverage < 0.8 {
		t.Errorf("limited by %q (runner-up %q) with %d figures, watched for %.0f %%; want %s",
			b.Name, b.RunnerUp, len(b.Evidence), 100*b.Coverage, strings.Join(names, " or "))
	}
}

// halfCore lets a process use half a core, by a control group of either version.
func halfCore(t *testing.T, pid int) {
	t.Helper()
	folder, file, value := "/sys/fs/cgroup/cpu/", "cpu.cfs_quota_us", "50000"
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		folder, file, value = "/sys/fs/cgroup/", "cpu.max", value+" 100000"
	}
	folder += fmt.Sprintf("plimsoll-kinto-%d", pid)
	err := os.Mkdir(folder, 0o755)
	if err == nil {
		t.Cleanup(func() { _ = os.Remove(folder) }) // it is empty once the process has ended
		err = os.WriteFile(filepath.Join(folder, file), []byte(value), 0o644)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0o644)
	}
	if err == nil {
		return
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("no control group can be made: %v", err)
	}
	t.Skipf("no control group can be made: %v", err)
}

func sizeKinto(t *testing.T, plimsoll string, k *kinto, monitor string) verdict {
	t.Helper()
	return limitOf(t, plimsoll, k, "size", example, "--budget=45s", "--monitor="+monitor)
}

// TestRealLimitOfKinto states what limits a Kinto: in half a core, with all
// cores of the machine (its interpreter works on one thing at a time), and
// with its data in PostgreSQL, which is watched beside it.
func TestRealLimitOfKinto(t *testing.T) {
	plimsoll := program(t)
	t.Run("half a core", func(t *testing.T) {
		k := startKinto(t)
		halfCore(t, k.server.Process.Pid)
		got := sizeKinto(t, plimsoll, k, "auto")
		got.stated(t, record.LimitCPU)
		if b := got.Bottleneck; !strings.HasPrefix(b.Source, record.KindProcess) || !strings.Contains(b.String(), "0.5 cores") {
			t.Errorf("of %s: %s; want the process's, of its 0.5 cores", b.Source, b)
		}
		k.stop()
	})
	t.Run("no limit", func(t *testing.T) {
		sizeKinto(t, plimsoll, startKinto(t), "auto").stated(t, record.LimitThread, record.LimitLock, record.LimitCoherency, record.LimitCPU)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		db := startPostgres(t)
		db.migrate(t)
		k := startKintoWith(t, db.settings())
		got := sizeKinto(t, plimsoll, k, fmt.Sprintf("auto,pid=%d", db.server.Process.Pid))
		got.stated(t, record.LimitThread, record.LimitLock, record.LimitCoherency, record.LimitCPU, record.LimitDisk, record.LimitPool, record.LimitDownstream)
		for _, one := range []string{"kinto", "postgres"} {
			if !slices.ContainsFunc(got.Bottleneck.Watched, func(source string) bool { return strings.Contains(source, one) }) {
				t.Errorf("%s is not among what was watched: %v", one, got.Bottleneck.Watched)
			}
		}
	})
}

// postgres is a PostgreSQL of its own in a folder of its own.
type postgres struct {
	server *exec.Cmd
	port   int
}

// settings are those of a Kinto that keeps all in it.
func (p *postgres) settings() string {
	text := kintoSettings
	for _, part := range []string{"storage", "cache", "permission"} {
		text = strings.Replace(text, "kinto.core."+part+".memory",
			fmt.Sprintf("kinto.core.%s.postgresql\nkinto.%s_url = postgresql://kinto@127.0.0.1:%d/postgres", part, part, p.port), 1)
	}
	return text
}

// migrate makes Kinto's tables.
func (p *postgres) migrate(t *testing.T) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "migrate.ini")
	if err := os.WriteFile(file, fmt.Appendf(nil, p.settings(), 1, "migrate"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(outside(t, "kinto"), "migrate", "--ini", file).CombinedOutput(); err != nil {
		t.Fatalf("kinto migrate: %v\n%s", err, out)
	}
}

// postgresPrograms is the folder of Debian's programs, or that of PATH.
func postgresPrograms(t *testing.T) string {
	t.Helper()
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb"); len(found) > 0 {
		return filepath.Dir(slices.Max(found))
	}
	return filepath.Dir(outside(t, "initdb"))
}

// startPostgres starts a PostgreSQL without data, as a user without rights: it refuses to be root's.
func startPostgres(t *testing.T) *postgres {
	t.Helper()
	programs := postgresPrograms(t)
	python := filepath.Join(filepath.Dir(outside(t, "kinto")), "python")
	if out, err := exec.Command(python, "-c", "import psycopg2, sqlalchemy, zope.sqlalchemy").CombinedOutput(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("Kinto cannot use PostgreSQL: %s", out)
		}
		t.Skipf("Kinto cannot use PostgreSQL (pip install 'kinto[postgresql]'): %s", out)
	}
	dir, err := os.MkdirTemp("", "plimsoll-postgres") //nolint:usetesting // another user may not enter the test's own
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	var as *syscall.SysProcAttr
	if os.Getuid() == 0 {
		as = unprivileged(t, dir)
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(programs, "initdb"), "-D", data, "-U", "kinto", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
	initdb.SysProcAttr, initdb.Dir = as, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &postgres{port: free.Addr().(*net.TCPAddr).Port}
	free.Close()
	var log bytes.Buffer
	p.server = exec.Command(filepath.Join(programs, "postgres"), "-D", data, "-p", strconv.Itoa(p.port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="+dir, "-c", "timezone=UTC")
	p.server.SysProcAttr, p.server.Dir, p.server.Stdout, p.server.Stderr = as, dir, &log, &log
	if err := p.server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.server.Process.Signal(syscall.SIGINT) // at once, with its children in order
		_ = p.server.Wait()
	})
	for deadline := time.Now().Add(30 * time.Second); ; <-time.After(100 * time.Millisecond) {
		ready := exec.Command(filepath.Join(programs, "pg_isready"), "-h", dir, "-p", strconv.Itoa(p.port)) // by its own folder: this very one
		if ready.Run() == nil {
			return p
		}
		if time.Now().After(deadline) {
			t.Fatalf("PostgreSQL does not start:\n%s", log.String())
		}
	}
}

// unprivileged gives a folder to nobody, and says how to start a process as that.
func unprivileged(t *testing.T, dir string) *syscall.SysProcAttr {
	t.Helper()
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(nobody.Uid)
	gid, _ := strconv.Atoi(nobody.Gid)
	if err := os.Chown(dir, uid, gid); err != nil {
		t.Fatal(err)
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}} //nolint:gosec // ids are not negative
}

const writeOnly = `import http from 'plimsoll/http'
import { scenario, fail } from 'plimsoll'
const records = __ENV.SERVER_URL.replace('://', '://user:pass@') + '/buckets/default/collections/tasks/records'
const body = JSON.stringify({ data: { text: 'x'.repeat(6000) } })
scenario('write', {}, () => {
  const res = http.post(records, body, { headers: { 'Content-Type': 'application/json' }, tags: { name: 'records' } })
  if (res.status !== 201) fail('status ' + res.status)
})
`

// memoryOf is what a process keeps in memory of its own.
func memoryOf(t *testing.T, pid int) float64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var kB float64
		if n, _ := fmt.Sscanf(line, "RssAnon: %f kB", &kB); n == 1 {
			return kB * 1024
		}
	}
	t.Fatal("no RssAnon")
	return 0
}

// TestRealGrowthOfKintosMemory writes a fixed number of records to a Kinto
// that keeps them in memory: what the kernel counts before and after tells the slope.
func TestRealGrowthOfKintosMemory(t *testing.T) {
	plimsoll := program(t)
	k := startKinto(t)
	script := filepath.Join(t.TempDir(), "write.js")
	if err := os.WriteFile(script, []byte(writeOnly), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(n int) verdict {
		return limitOf(t, plimsoll, k, "run", script, "--vus=2", "--duration=5m", fmt.Sprintf("--iterations=%d", n), "--monitor=auto")
	}
	run(500) // the first ones load modules and fill pools
	const writes = 4000
	before := memoryOf(t, k.server.Process.Pid)
	got := run(writes)
	truth := (memoryOf(t, k.server.Process.Pid) - before) / writes
	if got.Iterations.OK != writes {
		t.Fatalf("%d writes, want %d", got.Iterations.OK, writes)
	}
	for _, g := range got.Bottleneck.Growth {
		if g.Name != record.MemoryBytes || !strings.HasPrefix(g.Source, record.KindProcess) {
			continue
		}
		t.Logf("%.0f B a write by the kernel's count, %.0f (%.0f to %.0f) told", truth, g.PerIteration, g.Low, g.High)
		if math.Abs(g.PerIteration/truth-1) > 0.15 {
			t.Errorf("%.0f B a write are told, %.0f counted", g.PerIteration, truth)
		}
		return
	}
	t.Errorf("growth of %.0f B a write is not told", truth)
}

// TestRealGarbageIsNoGrowth loads a service that makes a lot of garbage and keeps none of it.
func TestRealGarbageIsNoGrowth(t *testing.T) {
	file := filepath.Join(t.TempDir(), "service")
	if out, err := exec.Command("go", "build", "-o", file, "../../runtime/monitor/testdata/service").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	service := exec.Command(file, "-mode", "gc")
	in, err := service.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := service.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := service.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); _ = service.Wait() })
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address = strings.TrimSpace(address)
	ran := command(t, []string{"SERVER_URL=" + address}, program(t), "run", getOnce(t), "--vus=2", "--duration=15s", "--json",
		fmt.Sprintf("--monitor=host,pid=%d,expvar=%sdebug/vars", service.Process.Pid, address))
	var got verdict
	if err := json.Unmarshal([]byte(ran.stdout), &got); err != nil || got.Bottleneck == nil {
		t.Fatalf("exit %d: %v\n%s", ran.exit, err, ran.stderr)
	}
	t.Logf("%d iterations: %s", got.Iterations.OK, got.Bottleneck)
	if got.Iterations.OK < 100 {
		t.Errorf("%d iterations make too little garbage to tell", got.Iterations.OK)
	}
	for _, g := range got.Bottleneck.Growth {
		t.Errorf("garbage that is collected is called growth of %s: %s", g.Source, g.Text)
	}
}
