package monitor

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/disk"
	"github.com/shirou/gopsutil/v4/mem"
	"github.com/shirou/gopsutil/v4/net"
	ps "github.com/shirou/gopsutil/v4/process"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// portableHost reads a machine by gopsutil: macOS, Windows and the BSDs. It
// knows no pressure, no throttling and no run queue, and says so once.
type portableHost struct {
	rates rates
	told  bool
}

func (h *portableHost) Name() string { return record.KindHost }

func (h *portableHost) Close() error { return nil }

func (h *portableHost) Read(ctx context.Context) ([]record.Resources, error) {
	all, err := cpu.TimesWithContext(ctx, false)
	if err != nil || len(all) == 0 {
		return nil, fmt.Errorf("host: no CPU times: %w", err)
	}
	r := h.rates.begin(time.Now(), record.KindHost)
	r.rate(record.CPUUserCores, all[0].User+all[0].Nice)
	r.rate(record.CPUSystemCores, all[0].System+all[0].Irq+all[0].Softirq)
	r.rate(record.CPUCores, all[0].User+all[0].Nice+all[0].System+all[0].Irq+all[0].Softirq)
	r.limit(record.CPUCores, float64(runtime.NumCPU()))
	h.cores(ctx, r)
	if m, err := mem.VirtualMemoryWithContext(ctx); err == nil {
		r.set(record.MemoryBytes, float64(m.Total-m.Available))
		r.limit(record.MemoryBytes, float64(m.Total))
	}
	h.devices(ctx, r)
	filled(ctx, r)
	if !h.told {
		h.told = true
		r.Note = "on " + runtime.GOOS + " pressure, throttling, run queue and listen queues cannot be watched"
	}
	return []record.Resources{r.Resources}, nil
}

func (h *portableHost) cores(ctx context.Context, r *reading) {
	each, err := cpu.TimesWithContext(ctx, true)
	if err != nil {
		return
	}
	busiest, known := 0.0, false
	for _, c := range each {
		if grown, ok := r.since(c.CPU, c.User+c.Nice+c.System+c.Irq+c.Softirq); ok && r.seconds > 0 {
			busiest, known = max(busiest, grown/r.seconds), true
		}
	}
	if known {
		r.set(record.CPUBusiestCore, min(busiest, 1))
		r.limit(record.CPUBusiestCore, 1)
	}
}

func (h *portableHost) devices(ctx context.Context, r *reading) {
	if disks, err := disk.IOCountersWithContext(ctx); err == nil && len(disks) > 0 {
		var t disk.IOCountersStat
		for _, d := range disks {
			t.ReadBytes, t.WriteBytes = t.ReadBytes+d.ReadBytes, t.WriteBytes+d.WriteBytes
			t.ReadCount, t.WriteCount = t.ReadCount+d.ReadCount, t.WriteCount+d.WriteCount
		}
		r.rate(record.DiskReadBytes, float64(t.ReadBytes))
		r.rate(record.DiskWriteBytes, float64(t.WriteBytes))
		r.rate(record.DiskReads, float64(t.ReadCount))
		r.rate(record.DiskWrites, float64(t.WriteCount))
	}
	if all, err := net.IOCountersWithContext(ctx, false); err == nil && len(all) > 0 {
		r.rate(record.NetInBytes, float64(all[0].BytesRecv))
		r.rate(record.NetOutBytes, float64(all[0].BytesSent))
		r.rate(record.NetDrops, float64(all[0].Dropin+all[0].Dropout))
	}
}

// portableProcess reads processes and their descendants by gopsutil.
type portableProcess struct {
	name    string
	roots   []int32
	started map[int32]int64
	rates   rates
}

func newPortableProcess(name string, roots []int32) *portableProcess {
	return &portableProcess{name: name, roots: roots, started: map[int32]int64{}}
}

func (p *portableProcess) Name() string { return p.name }

func (p *portableProcess) Close() error { return nil }

func (p *portableProcess) Read(ctx context.Context) ([]record.Resources, error) {
	r := p.rates.begin(time.Now(), p.name)
	var seconds, memory, threads, descriptors, count float64
	known := true
	for _, one := range p.all(ctx) {
		t, err := one.TimesWithContext(ctx)
		if err != nil {
			continue
		}
		count++
		seconds += t.User + t.System
		if m, err := one.MemoryInfoWithContext(ctx); err == nil {
			memory += float64(m.RSS)
		}
		if n, err := one.NumThreadsWithContext(ctx); err == nil {
			threads += float64(n)
		}
		n, err := one.NumFDsWithContext(ctx)
		known = known && err == nil
		descriptors += float64(n)
	}
	if count == 0 {
		p.rates.forget()
		return nil, hasEnded(p.name)
	}
	r.rate(record.CPUCores, seconds)
	r.limit(record.CPUCores, float64(runtime.NumCPU()))
	r.set(record.MemoryBytes, memory)
	r.set(record.Threads, threads)
	r.set(record.Processes, count)
	if known {
		r.set(record.Descriptors, descriptors)
	}
	return []record.Resources{r.Resources}, nil
}

// all returns the roots that are still the processes they were, with their descendants.
func (p *portableProcess) all(ctx context.Context) []*ps.Process {
	var all []*ps.Process
	for _, pid := range p.roots {
		one, err := ps.NewProcessWithContext(ctx, pid)
		if err != nil {
			continue
		}
		born, err := one.CreateTimeWithContext(ctx)
		if first, ok := p.started[pid]; err != nil || (ok && first != born) {
			continue // its number belongs to another process now
		}
		p.started[pid] = born
		all = append(all, one)
	}
	for i := 0; i < len(all) && p.name != record.KindGenerator; i++ {
		children, err := all[i].ChildrenWithContext(ctx)
		if err == nil {
			all = append(all, children...)
		}
	}
	return all
}

// portablePids finds processes by name or by the port they listen on.
func portablePids(ctx context.Context, name string, port int) ([]int32, error) {
	var found []int32
	if port > 0 {
		sockets, err := net.ConnectionsWithContext(ctx, "tcp")
		if err != nil {
			return nil, err
		}
		for _, s := range sockets {
			if s.Status == "LISTEN" && int(s.Laddr.Port) == port && s.Pid > 0 && !slices.Contains(found, s.Pid) {
				found = append(found, s.Pid)
			}
		}
		return found, nil
	}
	all, err := ps.ProcessesWithContext(ctx)
	if err != nil {
		return nil, err
	}
	for _, one := range all {
		if n, err := one.NameWithContext(ctx); err == nil && n == name {
			found = append(found, one.Pid)
		}
	}
	return found, nil
}

// openPortable makes the source of a process where there is no /proc.
func openPortable(ctx context.Context, s Spec) (Source, error) {
	what := s.String()
	var pids []int32
	switch s.Kind {
	case "pid":
		n, err := strconv.ParseInt(s.Value, 10, 32)
		if err != nil {
			return nil, &CannotWatchError{What: what, Why: "a process has a number"}
		}
		pids = []int32{int32(n)}
	case "port":
		port, _ := strconv.Atoi(s.Value) // Parse has looked at it
		var err error
		if pids, err = portablePids(ctx, "", port); err != nil {
			return nil, &CannotWatchError{What: what, Why: err.Error()}
		}
	default:
		var err error
		if pids, err = portablePids(ctx, s.Value, 0); err != nil {
			return nil, &CannotWatchError{What: what, Why: err.Error()}
		}
	}
	if len(pids) == 0 {
		return nil, &CannotWatchError{What: what, Why: "there is no such process", Advice: "start the service first"}
	}
	return newPortableProcess(record.KindProcess+" "+printable(s.Value), pids), nil
}
