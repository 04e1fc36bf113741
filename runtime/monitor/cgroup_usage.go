package monitor

import (
	"bytes"
	"path/filepath"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// usage notes what the group has used, by whichever version of the files is there.
func (g *cgroup) usage(r *reading) error {
	g.limits(r)
	if err := g.cpuUsage(r); err != nil {
		return err
	}
	g.memoryUsage(r)
	g.io(r)
	g.tasks(r)
	if at, ok := g.folders[""]; ok { // version 1 has no pressure of its own
		g.pressure(r, at.file("cpu.pressure"), record.CPUPressure, "")
		g.pressure(r, at.file("memory.pressure"), record.MemoryPressureSome, record.MemoryPressureFull)
		g.pressure(r, at.file("io.pressure"), record.IOPressureSome, record.IOPressureFull)
	}
	return nil
}

func (g *cgroup) cpuUsage(r *reading) error {
	if at, ok := g.v1("cpuacct"); ok {
		text, err := g.read(at.file("cpuacct.usage"))
		if err != nil {
			return err
		}
		r.rate(record.CPUCores, figure(bytes.TrimSpace(text))/1e9)
		return g.fields(at.file("cpuacct.stat"), func(name string, v float64) {
			switch name {
			case "user":
				r.rate(record.CPUUserCores, v*jiffy)
			case "system":
				r.rate(record.CPUSystemCores, v*jiffy)
			}
		})
	}
	at, ok := g.folders[""]
	if !ok {
		return nil
	}
	return g.fields(at.file("cpu.stat"), func(name string, us float64) {
		switch name {
		case "usage_usec":
			r.rate(record.CPUCores, us/1e6)
		case "user_usec":
			r.rate(record.CPUUserCores, us/1e6)
		case "system_usec":
			r.rate(record.CPUSystemCores, us/1e6)
		}
	})
}

// memoryNames are what the two versions call the same things.
type memoryNames struct{ usage, idle, cache, faults string }

// memoryUsage notes memory as engines do: the cache that lies idle does not count.
func (g *cgroup) memoryUsage(r *reading) {
	names := memoryNames{"memory.usage_in_bytes", "total_inactive_file", "total_cache", "total_pgmajfault"}
	at, old := g.v1("memory")
	if !old {
		var ok bool
		if at, ok = g.folders[""]; !ok {
			return
		}
		names = memoryNames{"memory.current", "inactive_file", "file", "pgmajfault"}
	}
	used, ok := g.number(at.file(names.usage))
	idle := unknown()
	err := g.fields(at.file("memory.stat"), func(name string, v float64) {
		switch name {
		case names.idle:
			idle = v
		case names.cache:
			r.set(record.MemoryCacheBytes, v)
		case names.faults:
			r.rate(record.MemoryFaults, v)
		}
	})
	if ok && err == nil && sound(idle) {
		r.set(record.MemoryBytes, max(used-idle, 0))
	}
	g.memoryEvents(r, at.path, old)
	if old {
		return
	}
	if swap, ok := g.number(at.file("memory.swap.current")); ok {
		r.set(record.SwapBytes, swap)
	}
}

// memoryEvents notes how often the limit of a folder was run into, and who was killed for it.
func (g *cgroup) memoryEvents(r *reading, dir string, old bool) {
	if old {
		if hits, ok := g.number(filepath.Join(dir, "memory.failcnt")); ok {
			r.count(record.MemoryLimitHits, hits)
		}
		g.oomKills(r, filepath.Join(dir, "memory.oom_control"))
		return
	}
	events := filepath.Join(dir, "memory.events")
	_ = g.fields(events, func(name string, v float64) {
		if name == "max" {
			r.count(record.MemoryLimitHits, v)
		}
	})
	g.oomKills(r, events)
}

// squeezed notes of a group with a memory limit of its own what its processes
// do not know: the cache that fills it, how often it was full, who was killed.
func (g *cgroup) squeezed(r *reading) {
	at, old := g.v1("memory")
	if !old {
		at = g.folders[""]
	}
	if g.tight == "" || g.tight != at.path {
		return // none, or one that others fill too
	}
	cache := "file"
	if old {
		cache = "total_cache"
	}
	_ = g.fields(filepath.Join(g.tight, "memory.stat"), func(name string, v float64) {
		if name == cache {
			r.set(record.MemoryCacheBytes, v)
		}
	})
	g.memoryEvents(r, g.tight, old)
}

func (g *cgroup) oomKills(r *reading, path string) {
	_ = g.fields(path, func(name string, v float64) {
		if name == "oom_kill" {
			r.count(record.MemoryOOMKills, v)
		}
	})
}

// ioNames are the keys of io.stat and what they count.
var ioNames = [...]struct{ key, value string }{
	{"rbytes=", record.DiskReadBytes}, {"wbytes=", record.DiskWriteBytes}, {"rios=", record.DiskReads}, {"wios=", record.DiskWrites},
}

// io notes bytes and operations that reached the disks.
func (g *cgroup) io(r *reading) {
	if at, ok := g.v1("blkio"); ok {
		g.blkio(r, at.file("blkio.throttle.io_service_bytes_recursive"), record.DiskReadBytes, record.DiskWriteBytes)
		g.blkio(r, at.file("blkio.throttle.io_serviced_recursive"), record.DiskReads, record.DiskWrites)
		return
	}
	at, ok := g.folders[""]
	if !ok {
		return
	}
	text, err := g.read(at.file("io.stat"))
	if err != nil {
		return
	}
	var sums [len(ioNames)]*sum
	for i, name := range ioNames {
		sums[i] = r.sum(name.value)
	}
	for line := range bytes.Lines(text) {
		device := ""
		for word := range bytes.FieldsSeq(line) {
			if device == "" {
				device = string(word)
			}
			for i, name := range ioNames {
				if rest, ok := bytes.CutPrefix(word, []byte(name.key)); ok {
					sums[i].grow(device, figure(rest))
				}
			}
		}
	}
	for i, name := range ioNames {
		sums[i].setOrNone(name.value)
	}
}

// blkio sums lines like "254:0 Read 4096" over the disks.
func (g *cgroup) blkio(r *reading, path, readValue, writeValue string) {
	text, err := g.read(path)
	if err != nil {
		return
	}
	read, written := r.sum(readValue), r.sum(writeValue)
	for line := range bytes.Lines(text) {
		c := bytes.Fields(line)
		if len(c) < 2 || string(c[0]) == "Total" {
			continue
		}
		v := unknown()
		if len(c) == 3 {
			v = figure(c[2])
		}
		switch device := string(c[0]); strings.ToLower(string(c[1])) {
		case "read":
			read.grow(device, v)
		case "write":
			written.grow(device, v)
		}
	}
	read.setOrNone(readValue)
	written.setOrNone(writeValue)
}

// tasks notes threads against the group's limit of them.
func (g *cgroup) tasks(r *reading) {
	at, ok := g.v1("pids")
	if !ok {
		if at, ok = g.folders[""]; !ok {
			return
		}
	}
	if n, ok := g.number(at.file("pids.current")); ok {
		r.set(record.Threads, n)
	}
	if n, ok := g.number(at.file("pids.max")); ok {
		r.limit(record.Threads, n)
	}
}
