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
		if ns, ok := parse(bytes.TrimSpace(text)); ok {
			r.rate(record.CPUCores, ns/1e9)
		}
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
	var idle float64
	var idleKnown bool
	err := g.fields(at.file("memory.stat"), func(name string, v float64) {
		switch name {
		case names.idle:
			idle, idleKnown = v, true
		case names.cache:
			r.set(record.MemoryCacheBytes, v)
		case names.faults:
			r.rate(record.MemoryFaults, v)
		}
	})
	if ok && err == nil && idleKnown {
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
var ioNames = [...]string{"rbytes=", "wbytes=", "rios=", "wios="}

// io notes bytes and operations that reached the disks.
func (g *cgroup) io(r *reading) {
	var total [len(ioNames)]float64
	found := false
	if at, ok := g.v1("blkio"); ok {
		bytesFound := g.blkio(at.file("blkio.throttle.io_service_bytes_recursive"), &total[0], &total[1])
		found = g.blkio(at.file("blkio.throttle.io_serviced_recursive"), &total[2], &total[3]) && bytesFound
	} else if at, ok := g.folders[""]; ok {
		text, err := g.read(at.file("io.stat"))
		found = err == nil
		for word := range bytes.FieldsSeq(text) {
			for i, name := range ioNames {
				if rest, ok := bytes.CutPrefix(word, []byte(name)); ok && err == nil {
					v, _ := parse(rest)
					total[i] += v
				}
			}
		}
	}
	if !found {
		return
	}
	r.rate(record.DiskReadBytes, total[0])
	r.rate(record.DiskWriteBytes, total[1])
	r.rate(record.DiskReads, total[2])
	r.rate(record.DiskWrites, total[3])
}

// blkio sums lines like "254:0 Read 4096" over the disks.
func (g *cgroup) blkio(path string, read, written *float64) bool {
	text, err := g.read(path)
	if err != nil {
		return false
	}
	for line := range bytes.Lines(text) {
		c := bytes.Fields(line)
		if len(c) != 3 {
			continue
		}
		v, _ := parse(c[2])
		switch strings.ToLower(string(c[1])) {
		case "read":
			*read += v
		case "write":
			*written += v
		}
	}
	return true
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
