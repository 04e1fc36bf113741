package monitor

import (
	"bytes"
	"context"
	"os"
	"strings"
	"time"

	"github.com/shirou/gopsutil/v4/disk"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// jiffy is the unit of CPU time in /proc: 1/100 s on every Linux of today.
const jiffy = 0.01

// usedEvery is how often the space in use on disk is asked for.
const usedEvery = 2 * time.Second

// filled notes the space in use on the file system that the program's folder is on.
func filled(ctx context.Context, r *reading) {
	if u, err := disk.UsageWithContext(ctx, "."); err == nil && u.Total > 0 {
		r.set(record.DiskUsedBytes, float64(u.Used))
		r.limit(record.DiskUsedBytes, float64(u.Used+u.Free))
	}
}

// host reads a Linux machine as a whole.
type host struct {
	tree
	fdCache
	rates  rates
	disks  map[string]bool // whole disks: partitions and layers on top would count twice
	speeds map[string]float64
	usedAt time.Time
}

func newHost(t tree) *host {
	return &host{tree: t, disks: map[string]bool{}, speeds: map[string]float64{}}
}

func (h *host) Name() string { return record.KindHost }

func (h *host) Read(ctx context.Context) ([]record.Resources, error) {
	r := h.rates.begin(record.KindHost)
	if err := h.cpu(r); err != nil {
		return nil, &CannotWatchError{What: "the host", Why: err.Error(), Advice: "is /proc mounted?"}
	}
	h.memory(r)
	h.disk(r)
	for _, p := range []struct{ file, some, full string }{
		{"cpu", record.CPUPressure, ""},
		{"memory", record.MemoryPressureSome, record.MemoryPressureFull},
		{"io", record.IOPressureSome, record.IOPressureFull},
	} {
		h.pressure(r, h.proc("pressure", p.file), p.some, p.full)
	}
	if used, name := h.traffic(r, h.proc("net/dev"), h.physical); used == 1 {
		if speed := h.speed(name); speed > 0 {
			r.limit(record.NetInBytes, speed)
			r.limit(record.NetOutBytes, speed)
		}
	}
	h.tcp(r, h.proc("net"))
	if r.from.Sub(h.usedAt) >= usedEvery {
		h.usedAt = r.from
		filled(ctx, r)
	}
	return []record.Resources{r.Resources}, nil
}

// cpu reads /proc/stat: all cores together, then each, then the run queue.
func (h *host) cpu(r *reading) error {
	text, err := h.read(h.proc("stat"))
	if err != nil {
		return err
	}
	cores, each := 0, r.sum(record.CPUBusiestCore)
	for line := range bytes.Lines(text) {
		columns := bytes.Fields(line)
		switch {
		case len(columns) > 8 && string(columns[0]) == "cpu":
			h.times(r, columns[1:])
		case len(columns) > 8 && bytes.HasPrefix(line, []byte("cpu")):
			cores++
			each.grow(string(columns[0]), times(columns[1:]).busy())
		case len(columns) == 2 && string(columns[0]) == "procs_running":
			if v, ok := parse(columns[1]); ok {
				r.set(record.RunQueue, max(v-1, 0)) // not the reader itself
			}
		}
	}
	if each.known() {
		r.set(record.CPUBusiestCore, min(each.most, 1))
		r.limit(record.CPUBusiestCore, 1)
	}
	if cores > 0 {
		r.limit(record.CPUCores, float64(cores))
		r.limit(record.RunQueue, float64(cores))
	}
	return nil
}

// cpuTimes are seconds by what a core did.
type cpuTimes struct{ user, system, iowait, steal float64 }

func (t cpuTimes) busy() float64 { return t.user + t.system }

func times(columns [][]byte) cpuTimes {
	var v [8]float64
	for i := range v {
		v[i] = figure(columns[i]) * jiffy
	}
	// user nice system idle iowait irq softirq steal
	return cpuTimes{user: v[0] + v[1], system: v[2] + v[5] + v[6], iowait: v[4], steal: v[7]}
}

func (h *host) times(r *reading, columns [][]byte) {
	t := times(columns)
	r.rate(record.CPUUserCores, t.user)
	r.rate(record.CPUSystemCores, t.system)
	r.rate(record.CPUIOWaitCores, t.iowait)
	r.rate(record.CPUStealCores, t.steal)
	r.rate(record.CPUCores, t.busy())
}

func (h *host) memory(r *reading) {
	total, available, swap, swapFree := unknown(), unknown(), unknown(), unknown()
	text, err := h.read(h.proc("meminfo"))
	if err != nil {
		return
	}
	for line := range bytes.Lines(text) {
		name, rest, _ := bytes.Cut(line, []byte{':'})
		v := figure(bytes.TrimSpace(bytes.TrimSuffix(bytes.TrimSpace(rest), []byte("kB")))) * 1024
		switch string(name) {
		case "MemTotal":
			total = v
		case "MemAvailable":
			available = v
		case "Cached":
			r.set(record.MemoryCacheBytes, v)
		case "SwapTotal":
			swap = v
		case "SwapFree":
			swapFree = v
		}
	}
	r.set(record.MemoryBytes, total-available)
	r.limit(record.MemoryBytes, total)
	if swap > 0 {
		r.set(record.SwapBytes, swap-swapFree)
		r.limit(record.SwapBytes, swap)
	}
	_ = h.fields(h.proc("vmstat"), func(name string, v float64) {
		switch name {
		case "pgmajfault":
			r.rate(record.MemoryFaults, v)
		case "oom_kill":
			r.count(record.MemoryOOMKills, v)
		}
	})
}

// disk reads /proc/diskstats: sums over the whole disks, but the busiest's share.
func (h *host) disk(r *reading) {
	text, err := h.read(h.proc("diskstats"))
	if err != nil {
		return
	}
	reads, readBytes := r.sum(record.DiskReads), r.sum(record.DiskReadBytes)
	writes, written := r.sum(record.DiskWrites), r.sum(record.DiskWriteBytes)
	waited, busy := r.sum(record.DiskWaitS), r.sum(record.DiskBusy)
	for line := range bytes.Lines(text) {
		c := bytes.Fields(line)
		if len(c) < 14 || !h.whole(string(c[2])) {
			continue
		}
		name, v := string(c[2]), [11]float64{}
		for i := range v {
			v[i] = figure(c[3+i])
		}
		reads.grow(name, v[0])
		readBytes.grow(name, v[2]*512)
		writes.grow(name, v[4])
		written.grow(name, v[6]*512)
		waited.grow(name, (v[3]+v[7])/1e3)
		busy.grow(name, v[9]/1e3)
	}
	readBytes.set(record.DiskReadBytes)
	written.set(record.DiskWriteBytes)
	if busy.known() {
		r.set(record.DiskBusy, min(busy.most, 1))
		r.limit(record.DiskBusy, 1)
	}
	reads.set(record.DiskReads)
	writes.set(record.DiskWrites)
	_, alsoReads := r.Values[record.DiskReads]
	_, alsoWrites := r.Values[record.DiskWrites]
	if operations := reads.by + writes.by; waited.known() && alsoReads && alsoWrites && operations > 0 {
		r.set(record.DiskWaitS, waited.by/operations)
	}
}

// whole says whether a block device is a disk of its own.
func (h *host) whole(name string) bool {
	known, ok := h.disks[name]
	if ok {
		return known
	}
	for _, layer := range []string{"loop", "ram", "zram", "dm-", "md", "sr", "fd"} {
		if strings.HasPrefix(name, layer) {
			h.disks[name] = false
			return false
		}
	}
	_, err := os.Stat(h.sys("block", name))
	h.disks[name] = err == nil
	return err == nil
}

// physical says whether an interface is one by which the machine talks to others.
func (h *host) physical(name string) bool {
	for _, virtual := range []string{"lo", "veth", "docker", "br-", "virbr", "ifb", "tun", "tap", "dummy", "cni", "flannel"} {
		if strings.HasPrefix(name, virtual) {
			return false
		}
	}
	return true
}

// speed is a link's, in bytes/s; 0 when the driver does not say.
func (h *host) speed(name string) float64 {
	if known, ok := h.speeds[name]; ok {
		return known
	}
	megabits, ok := h.number(h.sys("class/net", name, "speed"))
	if !ok || megabits <= 0 {
		megabits = 0
	}
	h.speeds[name] = megabits * 1e6 / 8
	return h.speeds[name]
}
