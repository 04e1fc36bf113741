package monitor

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"

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
	r := h.rates.begin(record.KindHost)
	all, err := cpu.TimesWithContext(ctx, false)
	if err == nil && len(all) == 0 {
		err = errors.New("the system tells none")
	}
	if err != nil {
		return nil, fmt.Errorf("host: no CPU times: %w", err)
	}
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
	cores := r.sum(record.CPUBusiestCore)
	for _, c := range each {
		cores.grow(c.CPU, c.User+c.Nice+c.System+c.Irq+c.Softirq)
	}
	if cores.known() {
		r.set(record.CPUBusiestCore, min(cores.most, 1))
		r.limit(record.CPUBusiestCore, 1)
	}
}

func (h *portableHost) devices(ctx context.Context, r *reading) {
	if disks, err := disk.IOCountersWithContext(ctx); err == nil && len(disks) > 0 {
		readBytes, writeBytes := r.sum(record.DiskReadBytes), r.sum(record.DiskWriteBytes)
		reads, writes := r.sum(record.DiskReads), r.sum(record.DiskWrites)
		for name, d := range disks {
			readBytes.grow(name, float64(d.ReadBytes))
			writeBytes.grow(name, float64(d.WriteBytes))
			reads.grow(name, float64(d.ReadCount))
			writes.grow(name, float64(d.WriteCount))
		}
		readBytes.set(record.DiskReadBytes)
		writeBytes.set(record.DiskWriteBytes)
		reads.set(record.DiskReads)
		writes.set(record.DiskWrites)
	}
	if all, err := net.IOCountersWithContext(ctx, true); err == nil && len(all) > 0 {
		in, out, drops := r.sum(record.NetInBytes), r.sum(record.NetOutBytes), r.sum(record.NetDrops)
		for _, n := range all {
			in.grow(n.Name, float64(n.BytesRecv))
			out.grow(n.Name, float64(n.BytesSent))
			drops.grow(n.Name, float64(n.Dropin+n.Dropout))
		}
		in.set(record.NetInBytes)
		out.set(record.NetOutBytes)
		drops.set(record.NetDrops)
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
	r := p.rates.begin(p.name)
	var memory, threads, descriptors, count float64
	seconds := r.sum(record.CPUCores)
	seconds.gone = func(string) bool { return true } // processes end
	known := true
	for _, one := range p.all(ctx) {
		t, err := one.TimesWithContext(ctx)
		if err != nil {
			continue
		}
		count++
		seconds.grow(strconv.Itoa(int(one.Pid)), t.User+t.System)
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
		return nil, hasEnded(p.name)
	}
	seconds.set(record.CPUCores)
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
