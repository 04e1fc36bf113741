package monitor

import (
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// plant writes files below a new root, as the kernel would show them.
func plant(t *testing.T, files map[string]string) tree {
	t.Helper()
	root := t.TempDir()
	grow(t, tree{root}, files)
	return tree{root}
}

func grow(t *testing.T, at tree, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(at.root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// check compares the values of a row; a name with no entry in want must be missing.
func check(t *testing.T, got map[string]float64, want map[string]float64, missing ...string) {
	t.Helper()
	for name, v := range want {
		if g, ok := got[name]; !ok {
			t.Errorf("%s is missing, want %v", name, v)
		} else if math.Abs(g-v) > 1e-9*max(1, math.Abs(v)) {
			t.Errorf("%s is %v, want %v", name, g, v)
		}
	}
	for _, name := range missing {
		if g, ok := got[name]; ok {
			t.Errorf("%s is %v, want it missing", name, g)
		}
	}
}

// cgroup2 is a tree of version 2: a group of half a core in a slice of two.
var cgroup2 = map[string]string{
	"proc/self/mountinfo": "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n",
	"proc/77/cgroup":      "0::/kinto.slice/web\n",

	"sys/fs/cgroup/kinto.slice/cpu.max":    "200000 100000\n",
	"sys/fs/cgroup/kinto.slice/memory.max": "268435456\n",

	"sys/fs/cgroup/kinto.slice/web/cpu.max":               "50000 100000\n",
	"sys/fs/cgroup/kinto.slice/web/cpuset.cpus.effective": "0-3\n",
	"sys/fs/cgroup/kinto.slice/web/cpu.stat":              "usage_usec 1000000\nuser_usec 600000\nsystem_usec 400000\nnr_periods 100\nnr_throttled 10\nthrottled_usec 5\n",
	"sys/fs/cgroup/kinto.slice/web/cpu.pressure":          "some avg10=9.00 avg60=0.00 avg300=0.00 total=1000000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
	"sys/fs/cgroup/kinto.slice/web/memory.pressure":       "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
	"sys/fs/cgroup/kinto.slice/web/memory.current":        "150000000\n",
	"sys/fs/cgroup/kinto.slice/web/memory.max":            "max\n",
	"sys/fs/cgroup/kinto.slice/web/memory.swap.current":   "4096\n",
	"sys/fs/cgroup/kinto.slice/web/memory.stat":           "anon 100\nfile 60000000\ninactive_file 50000000\npgmajfault 7\n",
	"sys/fs/cgroup/kinto.slice/web/memory.events":         "low 0\nhigh 0\nmax 3\noom 0\noom_kill 0\n",
	"sys/fs/cgroup/kinto.slice/web/io.stat":               "254:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n254:16 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0\n",
	"sys/fs/cgroup/kinto.slice/web/pids.current":          "12\n",
	"sys/fs/cgroup/kinto.slice/web/pids.max":              "max\n",
	"sys/fs/cgroup/kinto.slice/web/cgroup.procs":          "77\n78\n",
	"sys/fs/cgroup/kinto.slice/web/inner/cgroup.procs":    "79\n",
}

// cgroup1 is the same in version 1, with version 2 mounted beside it without controllers.
var cgroup1 = map[string]string{
	"proc/self/mountinfo": `30 23 0:26 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu
31 23 0:27 / /sys/fs/cgroup/cpuacct rw - cgroup cgroup rw,cpuacct
32 23 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
33 23 0:29 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset
34 23 0:30 / /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio
35 23 0:31 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids
36 23 0:32 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
`,
	"proc/77/cgroup": "9:pids:/web\n8:blkio:/web\n7:cpuset:/web\n6:memory:/web\n5:cpuacct:/web\n4:cpu:/web\n0::/\n",

	"sys/fs/cgroup/unified/cgroup.procs":                                "1\n2\n77\n",
	"sys/fs/cgroup/cpu/cpu.cfs_quota_us":                                "-1\n",
	"sys/fs/cgroup/cpu/cpu.cfs_period_us":                               "100000\n",
	"sys/fs/cgroup/cpu/web/cpu.cfs_quota_us":                            "50000\n",
	"sys/fs/cgroup/cpu/web/cpu.cfs_period_us":                           "100000\n",
	"sys/fs/cgroup/cpu/web/cpu.stat":                                    "nr_periods 100\nnr_throttled 10\nthrottled_time 5000\n",
	"sys/fs/cgroup/cpu/web/cgroup.procs":                                "77\n",
	"sys/fs/cgroup/cpuacct/web/cpuacct.usage":                           "1000000000\n",
	"sys/fs/cgroup/cpuacct/web/cpuacct.stat":                            "user 60\nsystem 40\n",
	"sys/fs/cgroup/cpuset/web/cpuset.effective_cpus":                    "0-2,5\n",
	"sys/fs/cgroup/memory/memory.limit_in_bytes":                        "9223372036854771712\n",
	"sys/fs/cgroup/memory/web/memory.limit_in_bytes":                    "268435456\n",
	"sys/fs/cgroup/memory/web/memory.usage_in_bytes":                    "150000000\n",
	"sys/fs/cgroup/memory/web/memory.stat":                              "cache 1\ninactive_file 2\ntotal_cache 60000000\ntotal_inactive_file 50000000\ntotal_pgmajfault 7\n",
	"sys/fs/cgroup/memory/web/memory.failcnt":                           "3\n",
	"sys/fs/cgroup/memory/web/memory.oom_control":                       "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n",
	"sys/fs/cgroup/memory/web/cgroup.procs":                             "77\n78\n",
	"sys/fs/cgroup/blkio/web/blkio.throttle.io_service_bytes_recursive": "254:0 Read 8192\n254:0 Write 8192\n254:0 Total 16384\nTotal 16384\n",
	"sys/fs/cgroup/blkio/web/blkio.throttle.io_serviced_recursive":      "254:0 Read 2\n254:0 Write 2\n254:0 Total 4\nTotal 4\n",
	"sys/fs/cgroup/pids/web/pids.current":                               "12\n",
	"sys/fs/cgroup/pids/web/pids.max":                                   "max\n",
}

func TestCgroupFilesOfBothVersionsGiveTheSameValues(t *testing.T) {
	type change map[string]string
	for name, c := range map[string]struct {
		before  map[string]string
		after   change
		more    map[string]float64
		missing []string
	}{
		"version 2": {cgroup2, change{
			"sys/fs/cgroup/kinto.slice/web/cpu.stat":        "usage_usec 1900000\nuser_usec 1300000\nsystem_usec 600000\nnr_periods 120\nnr_throttled 25\nthrottled_usec 9\n",
			"sys/fs/cgroup/kinto.slice/web/cpu.pressure":    "some avg10=9.00 avg60=0.00 avg300=0.00 total=2000000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
			"sys/fs/cgroup/kinto.slice/web/memory.pressure": "some avg10=0.00 avg60=0.00 avg300=0.00 total=400000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=100000\n",
			"sys/fs/cgroup/kinto.slice/web/memory.stat":     "anon 100\nfile 60000000\ninactive_file 50000000\npgmajfault 17\n",
			"sys/fs/cgroup/kinto.slice/web/memory.events":   "low 0\nhigh 0\nmax 5\noom 1\noom_kill 1\n",
			"sys/fs/cgroup/kinto.slice/web/io.stat":         "254:0 rbytes=4096 wbytes=28192 rios=1 wios=12\n254:16 rbytes=4096 wbytes=0 rios=1 wios=0\n",
		}, map[string]float64{record.CPUPressure: 0.5, record.MemoryPressureSome: 0.2, record.MemoryPressureFull: 0.05, record.SwapBytes: 4096}, nil},
		"version 1": {cgroup1, change{
			"sys/fs/cgroup/cpu/web/cpu.stat":                                    "nr_periods 120\nnr_throttled 25\nthrottled_time 5000\n",
			"sys/fs/cgroup/cpuacct/web/cpuacct.usage":                           "1900000000\n",
			"sys/fs/cgroup/cpuacct/web/cpuacct.stat":                            "user 130\nsystem 60\n",
			"sys/fs/cgroup/memory/web/memory.stat":                              "total_cache 60000000\ntotal_inactive_file 50000000\ntotal_pgmajfault 17\n",
			"sys/fs/cgroup/memory/web/memory.failcnt":                           "5\n",
			"sys/fs/cgroup/memory/web/memory.oom_control":                       "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
			"sys/fs/cgroup/blkio/web/blkio.throttle.io_service_bytes_recursive": "254:0 Read 8192\n254:0 Write 28192\nTotal 16384\n",
			"sys/fs/cgroup/blkio/web/blkio.throttle.io_serviced_recursive":      "254:0 Read 2\n254:0 Write 12\nTotal 4\n",
		}, nil, []string{record.CPUPressure, record.MemoryPressureSome}},
	} {
		t.Run(name, func(t *testing.T) {
			at := plant(t, c.before)
			f := &fdCache{}
			defer f.Close()
			g, err := cgroupOf(at, f, "77")
			if err != nil {
				t.Fatal(err)
			}
			clock := &fakeClock{}
			m := rates{clock: clock.time}
			r := m.begin("container web")
			if err := g.usage(r); err != nil {
				t.Fatal(err)
			}
			check(t, r.Values, map[string]float64{record.MemoryBytes: 100000000, record.Threads: 12},
				record.CPUCores, record.CPUThrottled, record.MemoryOOMKills, record.DiskWriteBytes)
			grow(t, at, c.after)
			clock.pass(2 * time.Second)
			r = m.begin("container web")
			if err := g.usage(r); err != nil {
				t.Fatal(err)
			}
			check(t, r.Values, map[string]float64{
				record.CPUCores: 0.45, record.CPUUserCores: 0.35, record.CPUSystemCores: 0.1, record.CPUThrottled: 0.75,
				record.MemoryCacheBytes: 60000000, record.MemoryFaults: 5, record.MemoryLimitHits: 2, record.MemoryOOMKills: 1,
				record.DiskReadBytes: 0, record.DiskWriteBytes: 10000, record.DiskWrites: 5, record.DiskReads: 0,
			}, c.missing...)
			check(t, r.Values, c.more)
			check(t, r.Limits, map[string]float64{record.CPUCores: 0.5, record.MemoryBytes: 268435456}, record.Threads)
		})
	}
}

func TestAGroupsProcessesAreThoseOfTheGroupsBelowToo(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  int
	}{"version 2": {cgroup2, 3}, "version 1 beside an empty version 2": {cgroup1, 2}} {
		t.Run(name, func(t *testing.T) {
			g, err := cgroupOf(plant(t, c.files), &fdCache{}, "77")
			if err != nil {
				t.Fatal(err)
			}
			if pids, err := g.pids(); err != nil || len(pids) != c.want {
				t.Errorf("got %v, %v, want %d processes", pids, err, c.want)
			}
		})
	}
}

func TestALimitAboveTheGroupHoldsToo(t *testing.T) {
	at := plant(t, cgroup2)
	grow(t, at, map[string]string{"sys/fs/cgroup/kinto.slice/cpu.max": "20000 100000\n", "sys/fs/cgroup/kinto.slice/cpu.stat": "nr_periods 4\nnr_throttled 1\n"})
	f := &fdCache{}
	g, err := cgroupOf(at, f, "77")
	if err != nil {
		t.Fatal(err)
	}
	clock := &fakeClock{}
	m := rates{clock: clock.time}
	r := m.begin("x")
	g.limits(r)
	check(t, r.Limits, map[string]float64{record.CPUCores: 0.2})
	grow(t, at, map[string]string{"sys/fs/cgroup/kinto.slice/cpu.stat": "nr_periods 8\nnr_throttled 3\n"})
	clock.pass(relook / 2)
	r = m.begin("x")
	g.limits(r)
	check(t, r.Values, map[string]float64{record.CPUThrottled: 0.5}) // of the group whose quota binds
	grow(t, at, map[string]string{"sys/fs/cgroup/kinto.slice/cpu.max": "10000 100000\n"})
	g.setAt = g.setAt.Add(-relook)
	g.limits(r)
	check(t, r.Limits, map[string]float64{record.CPUCores: 0.1}) // changed while it runs
}

func TestWhatFillsAProcesssMemoryLimitIsToldByItsGroup(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		full  map[string]string
	}{
		"version 2": {cgroup2, map[string]string{"sys/fs/cgroup/kinto.slice/web/memory.events": "low 0\nhigh 0\nmax 9\noom 1\noom_kill 1\n"}},
		"version 1": {cgroup1, map[string]string{
			"sys/fs/cgroup/memory/web/memory.failcnt": "9\n", "sys/fs/cgroup/memory/web/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			at := plant(t, c.files)
			grow(t, at, map[string]string{"sys/fs/cgroup/kinto.slice/web/memory.max": "134217728\n"}) // of version 2 its own is the least then
			f := &fdCache{}
			defer f.Close()
			g, err := cgroupOf(at, f, "77")
			if err != nil {
				t.Fatal(err)
			}
			clock := &fakeClock{}
			m := rates{clock: clock.time}
			r := m.begin("process 77 web")
			g.limits(r)
			g.squeezed(r)
			check(t, r.Values, map[string]float64{record.MemoryCacheBytes: 60000000}, record.MemoryLimitHits, record.MemoryOOMKills)
			grow(t, at, c.full)
			clock.pass(time.Second)
			r = m.begin("process 77 web")
			g.limits(r)
			g.squeezed(r)
			check(t, r.Values, map[string]float64{record.MemoryLimitHits: 6, record.MemoryOOMKills: 1})
			g.tight = "/sys/fs/cgroup/another"
			r = m.begin("process 77 web")
			if g.squeezed(r); len(r.Values) != 0 {
				t.Errorf("of a limit that others fill too: %v", r.Values)
			}
		})
	}
}

func TestWithoutCgroupFilesThereIsNoGroup(t *testing.T) {
	at := plant(t, map[string]string{"proc/self/mountinfo": "1 2 3:4 / / rw - ext4 /dev/vda rw\n", "proc/77/cgroup": "0::/\n"})
	if g, err := cgroupOf(at, &fdCache{}, "77"); err == nil {
		t.Errorf("got %+v", g)
	}
}

func TestTotalsThatGoDownAreNoRates(t *testing.T) {
	clock := &fakeClock{}
	m := rates{clock: clock.time}
	for i, c := range []struct {
		total float64
		want  float64
		known bool
	}{
		{100, 0, false},
		{150, 25, true},
		{10, 0, false},
		{30, 10, true},
		{unknown(), 0, false},
		{70, 10, true},
		{-1, 0, false},
		{110, 10, true}, // over the time since the last good one
		{0, 0, false},
		{130, 0, false},
		{150, 10, true}, // it had not begun anew
		{math.Inf(1), 0, false},
		{190, 10, true},
	} {
		clock.pass(2 * time.Second)
		r := m.begin("x")
		r.rate("n", c.total)
		if got, ok := r.Values["n"]; ok != c.known || got != c.want {
			t.Errorf("reading %d: got %v, %v, want %v, %v", i, got, ok, c.want, c.known)
		}
	}
}

// machine is a host with one disk, a partition of it, two interfaces and two cores.
var machine = map[string]string{
	"proc/stat": `cpu  1000 100 500 9000 40 10 10 20 0 0
cpu0 600 100 300 4000 20 10 10 20 0 0
cpu1 400 0 200 5000 20 0 0 0 0 0
intr 1 2 3
procs_running 4
procs_blocked 1
`,
	"proc/meminfo":       "MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    400 kB\nCached:          200 kB\nSwapTotal:       100 kB\nSwapFree:         75 kB\n",
	"proc/vmstat":        "pgmajfault 100\noom_kill 1\n",
	"proc/diskstats":     " 254 0 vda 10 0 100 50 20 0 200 150 0 1000 200 0 0 0 0\n 254 1 vda1 10 0 100 50 20 0 200 150 0 1000 200\n 7 0 loop0 999 0 999 9 9 9 9 9 9 9 9\n",
	"sys/block/vda/size": "1",
	"proc/net/dev": `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:  9999999    1079    0    0    0     0          0         0   127583    1079    0    0    0     0       0          0
  eth0: 1000 10    0    1    0     0          0         0  2000   20    0    2    0     0       0          0
`,
	"sys/class/net/eth0/speed": "1000\n",
	"proc/net/snmp":            "Tcp: RtoAlgorithm RetransSegs\nTcp: 1 10\n",
	"proc/net/netstat":         "TcpExt: SyncookiesSent ListenOverflows\nTcpExt: 0 4\n",
	"proc/pressure/cpu":        "some avg10=0.18 avg60=1.62 avg300=4.71 total=1000000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
	"proc/pressure/io":         "some avg10=0.18 avg60=1.62 avg300=4.71 total=1000000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
}

func TestAHostIsReadFromProc(t *testing.T) {
	at := plant(t, machine)
	h := newHost(at)
	defer h.Close()
	clock := &fakeClock{}
	h.rates.clock = clock.time
	first, err := h.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	check(t, first[0].Values, map[string]float64{record.MemoryBytes: 600 * 1024, record.SwapBytes: 25 * 1024, record.RunQueue: 3},
		record.CPUCores, record.DiskBusy, record.NetInBytes)
	grow(t, at, map[string]string{
		"proc/stat":         "cpu  1100 100 550 9000 60 10 10 20 0 0\ncpu0 690 100 340 4000 20 10 10 20 0 0\ncpu1 410 0 210 5000 20 0 0 0 0 0\nprocs_running 1\n",
		"proc/diskstats":    " 254 0 vda 10 0 100 50 30 0 400 350 0 1500 200 0 0 0 0\n 254 1 vda1 10 0 100 50 20 0 200 150 0 9000 200\n 7 0 loop0 9999 0 999 9 9 9 9 9 9 9 9\n",
		"proc/net/dev":      "  lo: 99999999 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n eth0: 3000 30 0 1 0 0 0 0 6000 40 0 4 0 0 0 0\n",
		"proc/net/snmp":     "Tcp: RtoAlgorithm RetransSegs\nTcp: 1 14\n",
		"proc/net/netstat":  "TcpExt: SyncookiesSent ListenOverflows\nTcpExt: 0 12\n",
		"proc/vmstat":       "pgmajfault 120\noom_kill 2\n",
		"proc/pressure/cpu": "some avg10=0.18 avg60=1.62 avg300=4.71 total=1600000\n",
		"proc/pressure/io":  "some avg10=0.18 avg60=1.62 avg300=4.71 total=1200000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=200000\n",
	})
	clock.pass(2 * time.Second)
	rows, err := h.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := rows[0]
	check(t, got.Values, map[string]float64{
		record.CPUCores: 0.75, record.CPUUserCores: 0.5, record.CPUSystemCores: 0.25, record.CPUIOWaitCores: 0.1, record.CPUBusiestCore: 0.65,
		record.DiskWrites: 5, record.DiskWriteBytes: 51200, record.DiskBusy: 0.25, record.DiskWaitS: 0.02, record.DiskReads: 0,
		record.NetInBytes: 1000, record.NetOutBytes: 2000, record.NetDrops: 1, record.NetRetransmits: 2, record.NetListenOverflows: 4,
		record.MemoryFaults: 10, record.MemoryOOMKills: 1, record.CPUPressure: 0.3, record.IOPressureSome: 0.1, record.IOPressureFull: 0.1,
	})
	check(t, got.Limits, map[string]float64{record.CPUCores: 2, record.MemoryBytes: 1000 * 1024, record.NetInBytes: 125e6, record.DiskBusy: 1})
}

func TestANameOfAProcessMayHoldAnything(t *testing.T) {
	s, err := parseStat([]byte("77 (a) R 1 (\x1b[2J) S 12 77 77 0 -1 4194560 100 0 3 0 250 50 30 20 20 0 5 0 4242 1000 300 18446744073709551615\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := stat{name: "a) R 1 (?[2J", state: 'S', parent: "12", faults: 3, user: 2.5, system: 0.5, waited: 0.5, threads: 5, started: 4242, rss: 300}
	if s != want {
		t.Errorf("got %+v\nwant %+v", s, want)
	}
	for _, broken := range []string{"", "77", "77 (x", "77 x) S", ") (", "77 (x) S 1 2"} {
		if _, err := parseStat([]byte(broken)); err == nil {
			t.Errorf("%q is taken", broken)
		}
	}
}

func FuzzStat(f *testing.F) {
	f.Add([]byte("77 (a) R 1 (b) S 12 77 77 0 -1 4194560 100 0 3 0 250 50 30 20 20 0 5 0 4242 1000 300 1"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := parseStat(text)
		if err == nil && len(s.name) > 500 {
			t.Errorf("a name of %d bytes", len(s.name))
		}
	})
}

func TestGoneIsToldAsGone(t *testing.T) {
	f := &fdCache{}
	if _, err := f.read(filepath.Join(t.TempDir(), "none")); !os.IsNotExist(err) {
		t.Errorf("got %v, want %v", err, fs.ErrNotExist)
	}
}
