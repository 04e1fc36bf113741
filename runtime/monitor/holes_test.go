package monitor

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shirou/gopsutil/v4/common"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/testmode"
)

// rig is a source whose world is made of figures, each of which can have a hole.
type rig struct {
	figures []figureOf
	clocks  []*rates
	read    func(texts map[string]string, at time.Time) ([]record.Resources, error)
	stamped bool // it tells its own time, so that a late answer is no hole
}

// figureOf is one figure that a source reads, and what becomes of it.
type figureOf struct {
	name     string
	at, step float64            // where it begins, and what a step adds
	values   map[string]float64 // what it makes of the source's values, while nothing is wrong
	count    bool               // they are counted since the last good one, whenever that was
	gauge    bool               // they are as they are: no time and no fall is wrong with it
	low      bool               // it cannot be beyond 2^32
	untimed  bool               // they are no rates over the time
	paced    bool               // it is not read in each reading where time goes back
}

// gauge is a figure that stays.
func gauge(name string, at float64, values map[string]float64) figureOf {
	return figureOf{name: name, at: at, values: values, gauge: true}
}

// goesWith says whether two figures make a value together.
func (f figureOf) goesWith(other figureOf) bool {
	for value := range f.values {
		if _, ok := other.values[value]; ok {
			return true
		}
	}
	return len(f.values) == 0
}

// untimed marks a figure that is compared with another one, not with the time.
func untimed(f figureOf) figureOf { f.untimed = true; return f }

// hole is something that goes wrong once, in the third reading.
type hole struct {
	name    string
	text    func(f figureOf, good float64) string // that stands in the figure's place
	after   func(f figureOf, n int) float64       // what it is n readings later; nil: what it would have been
	failed  bool                                  // there is no answer at all
	passes  time.Duration                         // time until the hole; 0: step
	stands  bool                                  // no time until the hole
	late    time.Duration                         // until the answer comes
	counter bool                                  // it means nothing to a gauge
}

// step is between two readings.
const step = 2 * time.Second

func says(text string) func(figureOf, float64) string {
	return func(figureOf, float64) string { return text }
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// holes are all kinds.
func holes() []hole {
	true_ := func(_ figureOf, good float64) string { return decimal(good) }
	return []hole{
		{name: "missing", text: says("")},
		{name: "NaN", text: says("NaN")},
		{name: "infinite", text: says("Inf")},
		{name: "negative", text: says("-5")},
		{name: "negative and large", text: says("-9223372036854775808")},
		{name: "a word", text: says("abc")},
		{name: "hexadecimal", text: says("0xzz")},
		{name: "two numbers", text: says("1.2.3")},
		{name: "no answer", failed: true},
		{name: "0 for once", text: says("0"), counter: true},
		{name: "begun anew", text: says("0"), counter: true, after: func(f figureOf, n int) float64 { return f.step * float64(n) }},
		{
			name: "begun anew at some number", text: func(f figureOf, _ float64) string { return decimal(f.at / 4) }, counter: true,
			after: func(f figureOf, n int) float64 { return f.at/4 + f.step*float64(n) },
		},
		{name: "late", text: true_, late: 3 * step, counter: true},
		{name: "the same time again", stands: true, counter: true},
		{name: "back in time", text: true_, passes: -step / 2, counter: true},
		{name: "wrapped at 2^32", text: says("3"), counter: true, after: func(f figureOf, n int) float64 { return 3 + f.step*float64(n) }},
		{name: "wrapped at 2^64", text: says("3"), counter: true, after: func(f figureOf, n int) float64 { return 3 + f.step*float64(n) }},
	}
}

// start is what a figure is before the hole.
func (h hole) start(f figureOf) float64 {
	switch h.name {
	case "wrapped at 2^32":
		return 1<<32 - 2*f.step
	case "wrapped at 2^64":
		return math.Nextafter(1<<64, 0) - 4096*f.step
	}
	return f.at
}

// rigs are one for each kind of source that has figures of its own.
func rigs() map[string]func(*testing.T, *ground) *rig {
	return map[string]func(*testing.T, *ground) *rig{
		"host": hostRig, "pid": processRig, "container": groupRig, "glances": glancesRig, "prometheus": prometheusRig, "expvar": expvarRig, "jvm": jvmRig,
		// what the kinds above are on other machines, and what is no kind
		"container, version 1": oldGroupRig, "container, elsewhere": engineRig, "glances, version 3": oldGlancesRig, "Glances' CSV": csvRig,
		"host, other systems": portableRig,
	}
}

// sameAs are kinds that open the sources of another one.
var sameAs = map[string]string{"name": "pid", "port": "pid", "auto": "container"}

func TestACounterWithAHoleIsAGapInEverySource(t *testing.T) {
	all := rigs()
	for _, k := range kinds() {
		if all[cmp.Or(sameAs[k.name], k.name)] == nil {
			t.Errorf("kind %s has no rig here: what becomes of its counters' holes?", k.name)
		}
	}
	for name, make := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := &ground{plant(t, nil), map[string]string{}}
			for i, f := range make(t, at).figures {
				for n, h := range holes() {
					if (i+n)%testmode.Runs(1, 3) != 0 {
						continue // of three figures each third one has a hole of this kind
					}
					if h.counter && f.gauge || (f.low && strings.HasPrefix(h.name, "wrapped")) || (f.paced && h.passes < 0) {
						continue
					}
					t.Run(f.name+" "+h.name, func(t *testing.T) { fall(t, make(t, at), f, h) })
				}
			}
		})
	}
}

// fall reads a source while one of its figures has a hole.
func fall(t *testing.T, r *rig, f figureOf, h hole) {
	t.Helper()
	clock := &fakeClock{}
	for _, m := range r.clocks {
		m.clock = clock.time
	}
	const holed = 2 // where the hole is
	var seen []map[string]float64
	for n := range 6 {
		texts := map[string]string{}
		steps := float64(n)
		if n >= holed && h.stands {
			steps--
		}
		for _, other := range r.figures {
			texts[other.name] = decimal(other.at + other.step*steps)
			if !other.goesWith(f) {
				texts[other.name] = decimal(other.at)
			}
		}
		good := h.start(f) + f.step*steps
		if n > holed && h.after != nil {
			good = h.after(f, n-holed)
		}
		texts[f.name] = decimal(good)
		passes := step
		if n == holed {
			if passes = cmp.Or(h.passes, step); h.stands {
				passes = 0
			}
			if h.text != nil {
				texts[f.name] = h.text(f, good)
			}
		}
		if n > 0 {
			clock.pass(passes)
		}
		if n == holed {
			clock.late = h.late
		}
		if n == holed && h.failed {
			texts = nil
		}
		now := clock.time()
		clock.told = 0
		rows, err := r.read(texts, now)
		if err != nil && n != holed {
			t.Fatalf("reading %d: %v", n, err)
		}
		values := map[string]float64{}
		for _, row := range rows {
			keepKnown(&row)
			maps.Copy(values, row.Values)
		}
		seen = append(seen, values)
	}
	for value, want := range f.values {
		fallen{f, h, r.stamped, seen}.judge(t, value, want)
	}
}

// fallen is what a source told while a figure had a hole.
type fallen struct {
	figureOf
	hole
	stamped bool
	seen    []map[string]float64
}

func (f fallen) judge(t *testing.T, value string, want float64) {
	t.Helper()
	var all []string
	for _, values := range f.seen {
		if v, told := values[value]; told {
			all = append(all, fmt.Sprint(v))
		} else {
			all = append(all, "-")
		}
	}
	harmless := (f.untimed || f.stamped) && (f.late > 0 || f.passes < 0)
	for n, values := range f.seen {
		v, told := values[value]
		right := told && math.Abs(v-want) <= 1e-6*want
		if f.count && n > 2 && told { // since the last good one
			right = right || math.Abs(v-2*want) <= 1e-6*want
		}
		switch {
		case n == 0 || (n == 1 && f.hole.name == "wrapped at 2^64"): // of such numbers the last digits are not known
		case right && (n != 2 || harmless):
		case n == 1 || n >= 4:
			t.Errorf("%s is %v (told: %v) in reading %d, want %v: %v", value, v, told, n, want, all)
		case told:
			t.Errorf("%s is %v in the hole or right after it, want %v or none after it: %v", value, v, want, all)
		}
	}
}

// ground is where the files of one kind of rig are, and what stands in them.
type ground struct {
	tree
	written map[string]string
}

// grow writes files, with their figures: lines without theirs are taken out.
// What stands there already is not written again.
func (g *ground) grow(t *testing.T, files, texts map[string]string) {
	t.Helper()
	for name, text := range files {
		lines := strings.SplitAfter(text, "\n")
		for i, line := range lines {
			for figure, v := range texts {
				word := "{" + figure + "}"
				switch {
				case !strings.Contains(line, word):
				case v == "" && strings.Contains(line, "="+word): // one of several that are named
					line = line[:strings.LastIndexByte(line[:strings.Index(line, word)], ' ')] + line[strings.Index(line, word)+len(word):]
				case v == "":
					line = ""
				default:
					line = strings.ReplaceAll(line, word, v)
				}
			}
			if texts == nil && strings.Contains(line, "{") {
				line = ""
			}
			lines[i] = line
		}
		if now := strings.Join(lines, ""); g.written[name] != now {
			g.written[name] = now
			grow(t, g.tree, map[string]string{name: now})
		}
	}
}

var hostFiles = map[string]string{
	"proc/stat":                "cpu  {user} 0 {system} 9000 {iowait} 0 0 {steal} 0 0\ncpu0 {core} 0 0 4000 0 0 0 0 0 0\ncpu1 40 0 0 4000 0 0 0 0 0 0\nprocs_running 4\n",
	"proc/meminfo":             "MemTotal: {memory} kB\nMemAvailable: 400 kB\nSwapTotal: 100 kB\nSwapFree: {swap} kB\n",
	"proc/vmstat":              "pgmajfault {faults}\noom_kill {kills}\n",
	"proc/diskstats":           " 254 0 vda {reads} 0 {sectors} 50 {writes} 0 {written} 150 0 {busy} 200 0 0 0 0\n 254 16 vdb 10 0 100 50 20 0 200 150 0 9 200 0 0 0 0\n",
	"sys/block/vda/size":       "1",
	"sys/block/vdb/size":       "1",
	"proc/net/dev":             "Inter-|   Receive  |  Transmit\n face |bytes\n  eth0: {in} {inPackets} 0 {drops} 0 0 0 0 {out} {outPackets} 0 2 0 0 0 0\n  eth1: 5 5 0 1 0 0 0 0 5 5 0 2 0 0 0 0\n",
	"proc/net/snmp":            "Tcp: RtoAlgorithm RetransSegs\nTcp: 1 {retransmits}\n",
	"proc/net/netstat":         "TcpExt: SyncookiesSent ListenOverflows\nTcpExt: 0 {overflows}\n",
	"proc/pressure/cpu":        "some avg10=0.18 total={pressure}\n",
	"proc/pressure/memory":     "some avg10=0.18 total={memorySome}\nfull avg10=0.18 total={memoryFull}\n",
	"proc/pressure/io":         "some avg10=0.18 total={ioSome}\nfull avg10=0.18 total={ioFull}\n",
	"sys/class/net/eth0/speed": "1000\n",
}

func hostRig(t *testing.T, at *ground) *rig {
	t.Helper()
	h := newHost(at.tree)
	t.Cleanup(func() { h.Close() })
	counter := func(name string, at, step float64, value string, want float64) figureOf {
		return figureOf{name: name, at: at, step: step, values: map[string]float64{value: want}}
	}
	user := counter("user", 1000, 100, record.CPUUserCores, .5)
	system := counter("system", 1000, 50, record.CPUSystemCores, .25)
	user.values[record.CPUCores], system.values[record.CPUCores] = .75, .75
	reads := counter("reads", 1000, 20, record.DiskReads, 10)
	reads.values[record.DiskWaitS] = 0
	kills := counter("kills", 8, 2, record.MemoryOOMKills, 2)
	kills.count, kills.untimed = true, true
	return &rig{
		clocks: []*rates{&h.rates},
		figures: []figureOf{
			user, system, counter("iowait", 1000, 20, record.CPUIOWaitCores, .1),
			counter("steal", 1000, 20, record.CPUStealCores, .1), counter("core", 1000, 100, record.CPUBusiestCore, .5),
			gauge("memory", 1000, map[string]float64{record.MemoryBytes: 600 * 1024}), gauge("swap", 40, map[string]float64{record.SwapBytes: 60 * 1024}),
			counter("faults", 1000, 20, record.MemoryFaults, 10), kills,
			reads, counter("sectors", 1000, 20, record.DiskReadBytes, 5120), counter("writes", 1000, 20, record.DiskWrites, 10),
			counter("written", 1000, 20, record.DiskWriteBytes, 5120), counter("busy", 10000, 1000, record.DiskBusy, .5),
			counter("in", 1000, 200, record.NetInBytes, 100), counter("out", 1000, 200, record.NetOutBytes, 100), counter("drops", 1000, 20, record.NetDrops, 10),
			counter("inPackets", 1000, 20, record.NetInPackets, 10), counter("outPackets", 1000, 20, record.NetOutPackets, 10),
			counter("retransmits", 1000, 20, record.NetRetransmits, 10), counter("overflows", 1000, 20, record.NetListenOverflows, 10),
			counter("pressure", 4e6, 1e6, record.CPUPressure, .5), counter("memorySome", 4e6, 1e6, record.MemoryPressureSome, .5),
			counter("memoryFull", 4e6, 1e6, record.MemoryPressureFull, .5), counter("ioSome", 4e6, 1e6, record.IOPressureSome, .5),
			counter("ioFull", 4e6, 1e6, record.IOPressureFull, .5),
		},
		read: func(texts map[string]string, _ time.Time) ([]record.Resources, error) {
			at.grow(t, hostFiles, texts)
			return h.Read(t.Context())
		},
	}
}

// portableRig lets gopsutil read a planted /proc, as it does on Linux; elsewhere it asks the system.
func portableRig(t *testing.T, at *ground) *rig {
	t.Helper()
	if !linux() {
		t.Skip("gopsutil can be told where to look on Linux only")
	}
	h := &portableHost{}
	ctx := context.WithValue(t.Context(), common.EnvKey, common.EnvMap{common.HostProcEnvKey: at.proc(), common.HostSysEnvKey: at.sys()})
	counter := func(name string, at, step float64, value string, want float64) figureOf {
		return figureOf{name: name, at: at, step: step, values: map[string]float64{value: want}}
	}
	others := hostRig(t, at).figures // stand still
	return &rig{
		clocks: []*rates{&h.rates},
		figures: []figureOf{
			counter("core", 1000, 100, record.CPUBusiestCore, .5), counter("reads", 1000, 20, record.DiskReads, 10), counter("sectors", 1000, 20, record.DiskReadBytes, 5120),
			counter("written", 1000, 20, record.DiskWriteBytes, 5120), counter("in", 1000, 200, record.NetInBytes, 100), counter("out", 1000, 200, record.NetOutBytes, 100),
		},
		read: func(texts map[string]string, _ time.Time) ([]record.Resources, error) {
			for _, f := range others {
				if _, ours := texts[f.name]; !ours && texts != nil {
					texts[f.name] = decimal(f.at)
				}
			}
			at.grow(t, hostFiles, texts)
			return h.Read(ctx)
		},
	}
}

var processFiles = map[string]string{
	"proc/77/stat":               "77 (web) S 1 1 1 0 -1 0 0 0 {faults} 0 {user} {system} {children} 0 20 0 {threads} 0 500 1000 300 1\n",
	"proc/77/statm":              "1000 {resident} 100 1 0 100 0\n",
	"proc/77/io":                 "read_bytes: {read}\nwrite_bytes: {written}\n",
	"proc/77/status":             "RssShmem: {shared} kB\n",
	"proc/77/task/77/children":   "",
	"proc/77/task/77/stat":       "77 (web) S 1 1\n",
	"proc/77/task/77/schedstat":  "{ran} {waited} 1\n",
	"proc/77/task/78/schedstat":  "1000000 0 1\n",
	"proc/77/task/78/stat":       "78 (web) S 1 1\n",
	"proc/self/mountinfo":        "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
	"proc/77/cgroup":             "0::/web\n",
	"sys/fs/cgroup/web/cpu.max":  "50000 100000\n",
	"sys/fs/cgroup/web/cpu.stat": "nr_periods {periods}\nnr_throttled {throttled}\n",
}

func processRig(t *testing.T, at *ground) *rig {
	t.Helper()
	at.grow(t, map[string]string{"proc/77/stat": statLine(77, 500)}, map[string]string{})
	p, err := byPid(at.tree, "77")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	const cores = .5 + .25 + .25
	return &rig{
		clocks: []*rates{&p.rates},
		figures: []figureOf{
			{name: "user", at: 1000, step: 100, values: map[string]float64{record.CPUUserCores: .5, record.CPUCores: cores}, low: true},
			{name: "system", at: 1000, step: 50, values: map[string]float64{record.CPUSystemCores: .25, record.CPUCores: cores}, low: true},
			{name: "children", at: 1000, step: 50, values: map[string]float64{record.CPUCores: cores}, low: true},
			{name: "faults", at: 1000, step: 20, values: map[string]float64{record.MemoryFaults: 10}},
			{name: "read", at: 1000, step: 20, values: map[string]float64{record.DiskReadBytes: 10}},
			{name: "written", at: 1000, step: 20, values: map[string]float64{record.DiskWriteBytes: 10}},
			{name: "ran", at: 4e9, step: 1e9, values: map[string]float64{record.CPUBusiestThread: .5}, low: true, paced: true},
			{name: "waited", at: 1e9, step: 2e8, values: map[string]float64{record.CPUThreadWaiting: .1, record.CPUWaiting: .1}, low: true, paced: true},
			{name: "periods", at: 1000, step: 20, values: map[string]float64{record.CPUThrottled: .5}, untimed: true},
			{name: "throttled", at: 500, step: 10, values: map[string]float64{record.CPUThrottled: .5}, untimed: true},
			gauge("resident", 300, map[string]float64{record.MemoryBytes: 201 * 4096}),
			gauge("threads", 5, map[string]float64{record.Threads: 5}),
			gauge("shared", 4, nil),
		},
		read: func(texts map[string]string, _ time.Time) ([]record.Resources, error) {
			at.grow(t, processFiles, texts)
			return p.Read(t.Context())
		},
	}
}

// groupFigures are those of a container's group.
func groupFigures(pressure bool, unit float64) []figureOf {
	counter := func(name string, at, step float64, value string, want float64) figureOf {
		return figureOf{name: name, at: at, step: step, values: map[string]float64{value: want}}
	}
	hits := counter("hits", 8, 2, record.MemoryLimitHits, 2)
	kills := counter("kills", 8, 2, record.MemoryOOMKills, 2)
	hits.count, kills.count, hits.untimed, kills.untimed = true, true, true, true
	all := []figureOf{
		counter("usage", 4e6*unit, 1e6*unit, record.CPUCores, .5), counter("user", 4e6, 6e5, record.CPUUserCores, .3), counter("system", 4e6, 4e5, record.CPUSystemCores, .2),
		untimed(counter("periods", 1000, 20, record.CPUThrottled, .5)), untimed(counter("throttled", 500, 10, record.CPUThrottled, .5)),
		counter("faults", 1000, 20, record.MemoryFaults, 10), hits, kills,
		counter("read", 1000, 20, record.DiskReadBytes, 10), counter("written", 1000, 20, record.DiskWriteBytes, 10),
		counter("reads", 1000, 20, record.DiskReads, 10), counter("writes", 1000, 20, record.DiskWrites, 10),
		gauge("memory", 1000, map[string]float64{record.MemoryBytes: 600}), gauge("idle", 400, map[string]float64{record.MemoryBytes: 600}),
		gauge("cache", 500, map[string]float64{record.MemoryCacheBytes: 500}), gauge("tasks", 7, map[string]float64{record.Threads: 7}),
	}
	if pressure {
		all = append(all, counter("pressure", 4e6, 1e6, record.CPUPressure, .5), gauge("swapped", 9, map[string]float64{record.SwapBytes: 9}))
	}
	return all
}

// inGroup gives a rig's container a group with these files.
func inGroup(t *testing.T, at *ground, files map[string]string, figures []figureOf) *rig {
	t.Helper()
	files["proc/70/stat"] = statLine(70, 500)
	at.grow(t, files, map[string]string{})
	c, err := newContainer(t.Context(), at.tree, &fakeEngine{now: found{id: firstLife, name: "kinto", pid: 70, started: "monday"}}, "kinto")
	if err != nil || c.group == nil {
		t.Fatal(c, err)
	}
	t.Cleanup(func() { c.Close() })
	return &rig{
		clocks: []*rates{&c.all, &c.each}, figures: figures,
		read: func(texts map[string]string, _ time.Time) ([]record.Resources, error) {
			at.grow(t, files, texts)
			return c.Read(t.Context())
		},
	}
}

func groupRig(t *testing.T, at *ground) *rig {
	t.Helper()
	dir := "sys/fs/cgroup/docker/" + firstLife
	return inGroup(t, at, map[string]string{
		"proc/70/cgroup":             "0::/docker/" + firstLife + "\n",
		"proc/self/mountinfo":        "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
		dir + "/cpu.max":             "50000 100000\n",
		dir + "/cpu.stat":            "usage_usec {usage}\nuser_usec {user}\nsystem_usec {system}\nnr_periods {periods}\nnr_throttled {throttled}\n",
		dir + "/memory.current":      "{memory}\n",
		dir + "/memory.swap.current": "{swapped}\n",
		dir + "/memory.stat":         "inactive_file {idle}\nfile {cache}\npgmajfault {faults}\n",
		dir + "/memory.events":       "max {hits}\noom_kill {kills}\n",
		dir + "/io.stat":             "254:0 rbytes={read} wbytes={written} rios={reads} wios={writes} dbytes=0\n254:16 rbytes=1 wbytes=1 rios=1 wios=1\n",
		dir + "/cpu.pressure":        "some avg10=0 total={pressure}\n",
		dir + "/pids.current":        "{tasks}\n",
		dir + "/cgroup.procs":        "",
	}, groupFigures(true, 1))
}

func oldGroupRig(t *testing.T, at *ground) *rig {
	t.Helper()
	dir := "/docker/" + firstLife + "/"
	var mounts, groups strings.Builder
	for i, c := range []string{"cpu", "cpuacct", "memory", "blkio", "pids"} {
		fmt.Fprintf(&mounts, "%d 23 0:27 / /sys/fs/cgroup/%s rw - cgroup cgroup rw,%s\n", 30+i, c, c)
		fmt.Fprintf(&groups, "%d:%s:/docker/%s\n", 9-i, c, firstLife)
	}
	figures := groupFigures(false, 1e3)
	for i, f := range figures {
		if f.name == "user" || f.name == "system" { // jiffies
			figures[i].at, figures[i].step = f.at/1e4, f.step/1e4
		}
	}
	return inGroup(t, at, map[string]string{
		"proc/70/cgroup":      groups.String(),
		"proc/self/mountinfo": mounts.String(),

		"sys/fs/cgroup/cpu" + dir + "cpu.cfs_quota_us":                            "50000\n",
		"sys/fs/cgroup/cpu" + dir + "cpu.cfs_period_us":                           "100000\n",
		"sys/fs/cgroup/cpu" + dir + "cpu.stat":                                    "nr_periods {periods}\nnr_throttled {throttled}\n",
		"sys/fs/cgroup/cpuacct" + dir + "cpuacct.usage":                           "{usage}\n",
		"sys/fs/cgroup/cpuacct" + dir + "cpuacct.stat":                            "user {user}\nsystem {system}\n",
		"sys/fs/cgroup/memory" + dir + "memory.usage_in_bytes":                    "{memory}\n",
		"sys/fs/cgroup/memory" + dir + "memory.stat":                              "total_inactive_file {idle}\ntotal_cache {cache}\ntotal_pgmajfault {faults}\n",
		"sys/fs/cgroup/memory" + dir + "memory.failcnt":                           "{hits}\n",
		"sys/fs/cgroup/memory" + dir + "memory.oom_control":                       "oom_kill {kills}\n",
		"sys/fs/cgroup/memory" + dir + "cgroup.procs":                             "",
		"sys/fs/cgroup/blkio" + dir + "blkio.throttle.io_service_bytes_recursive": "254:0 Read {read}\n254:0 Write {written}\n254:16 Read 1\n254:16 Write 1\nTotal 9\n",
		"sys/fs/cgroup/blkio" + dir + "blkio.throttle.io_serviced_recursive":      "254:0 Read {reads}\n254:0 Write {writes}\nTotal 9\n",
		"sys/fs/cgroup/pids" + dir + "pids.current":                               "{tasks}\n",
	}, figures)
}

// inJSON writes figures into a text where {name} stands for "name": what is no number is a string, and NaN is no JSON.
func inJSON(template string, texts map[string]string) string {
	for figure, v := range texts {
		word := `"` + figure + `":{` + figure + `}`
		if v == "" {
			template = strings.NewReplacer(word+",", "", ","+word, "", word, "").Replace(template)
			continue
		}
		if _, err := strconv.ParseFloat(v, 64); err != nil {
			quoted, _ := json.Marshal(v)
			v = string(quoted)
		}
		template = strings.ReplaceAll(template, "{"+figure+"}", v)
	}
	return template
}

// answering is a server whose answers are templates by path.
func answering(t *testing.T, templates map[string]string, fill func(string, map[string]string) string) (address string, say func(map[string]string, ...string)) {
	t.Helper()
	var texts map[string]string
	var more []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41") // as engines tell
		template, ok := templates[r.URL.Path]
		if !ok || texts == nil {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, strings.NewReplacer(more...).Replace(fill(template, texts)))
	}))
	t.Cleanup(s.Close)
	return s.URL, func(now map[string]string, replace ...string) { texts, more = now, replace }
}

func engineRig(t *testing.T, _ *ground) *rig {
	t.Helper()
	path := "/v1.41/containers/" + firstLife
	address, say := answering(t, map[string]string{
		"/_ping": "OK", path + "/json": `{"Id":"` + firstLife + `","Name":"/kinto","State":{"Running":true,"Pid":70,"StartedAt":"monday"}}`,
		"/v1.41/containers/kinto/json": `{"Id":"` + firstLife + `","Name":"/kinto","State":{"Running":true,"Pid":70,"StartedAt":"monday"}}`,
		path + "/stats": `{"read":"READ","cpu_stats":{"cpu_usage":{"total_usage":{total_usage},"usage_in_usermode":{usage_in_usermode},"usage_in_kernelmode":5},
			"online_cpus":2,"throttling_data":{"periods":{periods},"throttled_periods":{throttled_periods}}},
			"memory_stats":{"usage":{usage},"stats":{"inactive_file":{inactive_file}},"limit":5000},"pids_stats":{"current":{current}},
			"networks":{"eth0":{"rx_bytes":{rx_bytes},"tx_bytes":{tx_bytes},"rx_dropped":{rx_dropped},"tx_dropped":1}},
			"blkio_stats":{"io_service_bytes_recursive":[{"major":254,"minor":0,"op":"read","value":{value}},{"major":254,"minor":0,"op":"write","value":7}]}}`,
	}, inJSON)
	say(map[string]string{})
	d, err := newDocker("tcp://" + strings.TrimPrefix(address, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := newContainer(t.Context(), plant(t, map[string]string{"proc/70/cgroup": "0::/\n"}), d, "kinto")
	if err != nil || c.group != nil {
		t.Fatal(c, err)
	}
	t.Cleanup(func() { c.Close() })
	counter := func(name string, at, step float64, value string, want float64) figureOf {
		return figureOf{name: name, at: at, step: step, values: map[string]float64{value: want}}
	}
	return &rig{
		clocks: []*rates{&c.all}, stamped: true,
		figures: []figureOf{
			counter("total_usage", 4e9, 1e9, record.CPUCores, .5), counter("usage_in_usermode", 4e9, 6e8, record.CPUUserCores, .3),
			untimed(counter("periods", 1000, 20, record.CPUThrottled, .5)), untimed(counter("throttled_periods", 500, 10, record.CPUThrottled, .5)),
			gauge("usage", 1000, map[string]float64{record.MemoryBytes: 600}), gauge("inactive_file", 400, map[string]float64{record.MemoryBytes: 600}),
			gauge("current", 7, map[string]float64{record.Threads: 7}),
			counter("rx_bytes", 1000, 20, record.NetInBytes, 10), counter("tx_bytes", 1000, 20, record.NetOutBytes, 10), counter("rx_dropped", 1000, 20, record.NetDrops, 10),
			counter("value", 1000, 20, record.DiskReadBytes, 10),
		},
		read: func(texts map[string]string, at time.Time) ([]record.Resources, error) {
			say(texts, "READ", at.Format(time.RFC3339Nano))
			return c.Read(t.Context())
		},
	}
}

func prometheusRig(t *testing.T, _ *ground) *rig {
	t.Helper()
	address, say := answering(t, map[string]string{"/metrics": `# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total {cpu}
# TYPE process_open_fds gauge
process_open_fds {fds}
# TYPE jobs_total counter
jobs_total{queue="a"} {jobs}
jobs_total{queue="b"} 1e6
# TYPE pause_seconds summary
pause_seconds{quantile="0.5"} 1
pause_seconds_sum {pauses}
pause_seconds_count 7
# TYPE size histogram
size_bucket{le="+Inf"} 7
size_sum {sizes}
size_count 7
`}, func(template string, texts map[string]string) string {
		var all []string
		for line := range strings.Lines(template) {
			for figure, v := range texts {
				if word := "{" + figure + "}"; strings.Contains(line, word) {
					line = strings.ReplaceAll(line, word, v)
					if v == "" {
						line = ""
					}
				}
			}
			all = append(all, line)
		}
		return strings.Join(all, "")
	})
	p, err := newPrometheus(address + "/metrics#process_cpu_seconds_total+process_open_fds+jobs_total+pause_seconds+size")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return &rig{
		clocks: []*rates{&p.rates},
		figures: []figureOf{
			{name: "cpu", at: 100, step: 1, values: map[string]float64{record.CPUCores: .5}},
			gauge("fds", 12, map[string]float64{record.Descriptors: 12}),
			{name: "jobs", at: 1000, step: 20, values: map[string]float64{"jobs_total_per_s": 10}},
			{name: "pauses", at: 1000, step: 20, values: map[string]float64{"pause_seconds_per_s": 10}},
			{name: "sizes", at: 1000, step: 20, values: map[string]float64{"size_per_s": 10}},
		},
		read: func(texts map[string]string, _ time.Time) ([]record.Resources, error) {
			say(texts)
			return p.Read(t.Context())
		},
	}
}

func expvarRig(t *testing.T, _ *ground) *rig {
	t.Helper()
	address, say := answering(t, map[string]string{
		"/debug/vars": `{"memstats":{"HeapAlloc":{HeapAlloc},"NumGC":{NumGC},"LastGC":{LastGC},"PauseNs":[PAUSES],"GCCPUFraction":{GCCPUFraction}}}`,
	}, inJSON)
	e, err := newExpvar(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	e.birth = func() time.Time { return time.Unix(0, 0) }
	const pause = `1000000`
	return &rig{
		clocks: []*rates{&e.rates},
		figures: []figureOf{
			gauge("HeapAlloc", 5000, map[string]float64{record.HeapBytes: 5000}),
			{name: "NumGC", at: 400, step: 3, values: map[string]float64{record.GCCPU: .25, record.GCPauseS: .001}, low: true, untimed: true},
			gauge("LastGC", 0, nil), // it is when, and no figure
			gauge("GCCPUFraction", .25, map[string]float64{record.GCCPU: .25}),
		},
		read: func(texts map[string]string, at time.Time) ([]record.Resources, error) {
			if texts != nil {
				texts["LastGC"] = decimal(float64(at.UnixNano()))
			}
			say(texts, "PAUSES", strings.Repeat(pause+",", 255)+pause)
			return e.Read(t.Context())
		},
	}
}

func jvmRig(t *testing.T, _ *ground) *rig {
	t.Helper()
	j := &jvm{pid: "7", ended: make(chan struct{})}
	began := time.Date(2026, 8, 1, 9, 0, 0, 0, time.UTC)
	return &rig{
		clocks: []*rates{&j.rates}, stamped: true,
		figures: []figureOf{
			{name: "GCT", at: 100, step: 1, values: map[string]float64{record.GCCPU: .5}},
			gauge("EU", 10, map[string]float64{record.HeapBytes: 30 * 1024}), gauge("OU", 20, map[string]float64{record.HeapBytes: 30 * 1024}),
		},
		read: func(texts map[string]string, at time.Time) ([]record.Resources, error) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if texts == nil {
				cancel()
				return j.Read(ctx)
			}
			row := "Timestamp S0U EU OU GCT\n" + decimal(at.Sub(began).Seconds())
			for _, figure := range []string{"-", "EU", "OU", "GCT"} {
				row += " " + cmp.Or(texts[figure], "-")
			}
			j.follow(strings.NewReader(row + "\n"))
			return j.Read(ctx)
		},
	}
}

func glancesRigOf(t *testing.T, templates map[string]string, figures []figureOf) *rig {
	t.Helper()
	address, say := answering(t, templates, inJSON)
	g, err := newGlances(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return &rig{
		clocks: []*rates{&g.rates}, figures: figures,
		read: func(texts map[string]string, _ time.Time) ([]record.Resources, error) {
			say(texts)
			rows, err := g.Read(t.Context())
			for i, r := range rows { // containers' values beside the machine's
				if r.Kind() == record.KindContainer {
					values := map[string]float64{}
					for name, v := range r.Values {
						values["container "+name] = v
					}
					rows[i].Values = values
				}
			}
			return rows, err
		},
	}
}

func glancesRig(t *testing.T, _ *ground) *rig {
	t.Helper()
	disk := func(name, value string) figureOf { return gauge(name, 10, map[string]float64{value: 13}) }
	return glancesRigOf(t, map[string]string{
		"/api/4/pluginslist": `["cpu","mem","memswap","network","diskio","containers"]`,
		"/api/4/cpu":         `{"total":{total},"user":{user},"system":{system},"iowait":{iowait},"steal":{steal},"cpucore":4}`,
		"/api/4/mem":         `{"total":1000,"available":{available},"cached":{cached}}`, "/api/4/memswap": `{"used":{used}}`,
		"/api/4/network": `[{"interface_name":"eth0","key":"interface_name","bytes_recv_rate_per_sec":{bytes_recv_rate_per_sec},"bytes_sent_rate_per_sec":{bytes_sent_rate_per_sec}},
			{"interface_name":"eth1","key":"interface_name","bytes_recv_rate_per_sec":3,"bytes_sent_rate_per_sec":3}]`,
		"/api/4/diskio": `[{"disk_name":"vda","key":"disk_name","read_bytes_rate_per_sec":{read_bytes_rate_per_sec},"write_bytes_rate_per_sec":{write_bytes_rate_per_sec},
			"read_count_rate_per_sec":{read_count_rate_per_sec},"write_count_rate_per_sec":{write_count_rate_per_sec}},
			{"disk_name":"vdb","key":"disk_name","read_bytes_rate_per_sec":3,"write_bytes_rate_per_sec":3,"read_count_rate_per_sec":3,"write_count_rate_per_sec":3}]`,
		"/api/4/containers": `[{"key":"name","name":"kinto","cpu_percent":{cpu_percent},"memory_usage":{memory_usage},"memory_inactive_file":{memory_inactive_file},
			"memory_limit":500,"network_rx":{network_rx},"network_tx":{network_tx},"io_rx":{io_rx},"io_wx":{io_wx}}]`,
	}, []figureOf{
		gauge("total", 50, map[string]float64{record.CPUCores: 2}), gauge("user", 25, map[string]float64{record.CPUUserCores: 1}),
		gauge("system", 25, map[string]float64{record.CPUSystemCores: 1}), gauge("iowait", 5, map[string]float64{record.CPUIOWaitCores: .2}),
		gauge("steal", 5, map[string]float64{record.CPUStealCores: .2}), gauge("available", 400, map[string]float64{record.MemoryBytes: 600}),
		gauge("cached", 100, map[string]float64{record.MemoryCacheBytes: 100}), gauge("used", 9, map[string]float64{record.SwapBytes: 9}),
		disk("bytes_recv_rate_per_sec", record.NetInBytes), disk("bytes_sent_rate_per_sec", record.NetOutBytes),
		disk("read_bytes_rate_per_sec", record.DiskReadBytes), disk("write_bytes_rate_per_sec", record.DiskWriteBytes),
		disk("read_count_rate_per_sec", record.DiskReads), disk("write_count_rate_per_sec", record.DiskWrites),
		gauge("cpu_percent", 80, map[string]float64{"container " + record.CPUCores: .8}), gauge("memory_usage", 300, map[string]float64{"container " + record.MemoryBytes: 200}),
		gauge("memory_inactive_file", 100, map[string]float64{"container " + record.MemoryBytes: 200}),
		gauge("network_rx", 7, map[string]float64{"container " + record.NetInBytes: 7}), gauge("network_tx", 7, map[string]float64{"container " + record.NetOutBytes: 7}),
		gauge("io_rx", 7, map[string]float64{"container " + record.DiskReadBytes: 7}), gauge("io_wx", 7, map[string]float64{"container " + record.DiskWriteBytes: 7}),
	})
}

func oldGlancesRig(t *testing.T, _ *ground) *rig {
	t.Helper()
	return glancesRigOf(t, map[string]string{
		"/api/3/pluginslist": `["cpu","mem","network","diskio"]`,
		"/api/3/cpu":         `{"total":{total},"cpucore":4}`, "/api/3/mem": `{"total":1000,"available":400}`,
		"/api/3/network": `[{"interface_name":"eth0","key":"interface_name","rx":{rx},"tx":5,"time_since_update":{time_since_update}}]`,
		"/api/3/diskio": `[{"disk_name":"vda","key":"disk_name","read_bytes":{read_bytes},"write_bytes":5,"read_count":5,"write_count":5,"time_since_update":2},
			{"disk_name":"vdb","key":"disk_name","read_bytes":6,"write_bytes":5,"read_count":5,"write_count":5,"time_since_update":2}]`,
	}, []figureOf{
		gauge("total", 50, map[string]float64{record.CPUCores: 2}), gauge("rx", 20, map[string]float64{record.NetInBytes: 10}),
		gauge("time_since_update", 2, map[string]float64{record.NetInBytes: 10, record.NetOutBytes: 2.5}), gauge("read_bytes", 20, map[string]float64{record.DiskReadBytes: 13}),
	})
}

func csvRig(t *testing.T, _ *ground) *rig {
	t.Helper()
	file := "timestamp,containers.kinto.key,containers.kinto.name,containers.kinto.cpu_percent,containers.kinto.memory_usage,containers.kinto.memory_inactive_file," +
		"cpu.total,cpu.cpucore,mem.total,mem.available,network.eth0.key,network.eth0.interface_name,network.eth0.bytes_recv_rate_per_sec,network.eth1.key,network.eth1.interface_name,network.eth1.bytes_recv_rate_per_sec\n"
	return &rig{
		figures: []figureOf{
			gauge("percent", 80, map[string]float64{"container " + record.CPUCores: .8}), gauge("memory", 300, map[string]float64{"container " + record.MemoryBytes: 200}),
			gauge("idle", 100, map[string]float64{"container " + record.MemoryBytes: 200}), gauge("total", 50, map[string]float64{record.CPUCores: 2}),
			gauge("available", 400, map[string]float64{record.MemoryBytes: 600}), gauge("in", 10, map[string]float64{record.NetInBytes: 13}),
		},
		read: func(texts map[string]string, _ time.Time) ([]record.Resources, error) {
			at := time.Date(2026, 8, 1, 10, 0, strings.Count(file, "\n"), 0, time.UTC)
			row := at.Format(time.DateTime) + ",name,kinto,{percent},{memory},{idle},{total},4,1000,{available},interface_name,eth0,{in},interface_name,eth1,3\n"
			for figure, v := range texts {
				row = strings.ReplaceAll(row, "{"+figure+"}", v)
			}
			if texts == nil {
				row = "??\n"
			}
			file += row
			c, err := ReadGlances(strings.NewReader(file), CSVOptions{Start: at})
			if err != nil {
				return nil, err
			}
			rows := slices.DeleteFunc(c.Rows, func(r record.Resources) bool { return r.AtS != 0 })
			for i, r := range rows {
				if r.Kind() == record.KindContainer {
					values := map[string]float64{}
					for name, v := range r.Values {
						values["container "+name] = v
					}
					rows[i].Values = values
				}
			}
			return rows, nil
		},
	}
}
