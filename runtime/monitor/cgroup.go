package monitor

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// unlimited is what cgroup v1 writes, about, where no limit is set.
const unlimited = 1 << 62

// cgroup is where the kernel accounts and limits a group of processes. On
// version 1 every controller has a folder of its own, on version 2 there is one.
type cgroup struct {
	*fdCache
	tree
	folders map[string]folder  // by controller; "" is version 2's
	set     map[string]float64 // limits as they were at
	setAt   time.Time
	quotas  string // folder of the group whose quota is the smallest; "" without one
	tight   string // folder whose memory limit binds; empty: none
}

// folder is a group's, and the mount that it is in: limits of the folders between hold too.
type folder struct{ mount, path string }

func (f folder) file(name string) string { return filepath.Join(f.path, name) }

// cgroupOf finds the group of a process.
func cgroupOf(t tree, f *fdCache, pid string) (*cgroup, error) {
	text, err := os.ReadFile(t.proc(pid, "cgroup"))
	if err != nil {
		return nil, err
	}
	mounts, err := cgroupMounts(t)
	if err != nil {
		return nil, err
	}
	g := &cgroup{fdCache: f, tree: t, folders: map[string]folder{}}
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		for name := range strings.SplitSeq(parts[1], ",") {
			m, ok := mounts[name]
			relative, below := strings.CutPrefix(parts[2], strings.TrimSuffix(m.root, "/"))
			if !ok || !below {
				continue
			}
			at := folder{mount: m.at, path: filepath.Join(m.at, path.Clean("/"+relative))}
			if _, err := os.Stat(at.path); err == nil {
				g.folders[name] = at
			}
		}
	}
	if len(g.folders) == 0 {
		return nil, errors.New("no cgroup file system is mounted where its groups could be read")
	}
	return g, nil
}

// cgroupMount is a mount of a cgroup file system: where, and which part of the hierarchy.
type cgroupMount struct{ at, root string }

// cgroupMounts reads the mounts by controller; "" is version 2's.
func cgroupMounts(t tree) (map[string]cgroupMount, error) {
	text, err := os.ReadFile(t.proc("self/mountinfo"))
	if err != nil {
		return nil, err
	}
	mounts := map[string]cgroupMount{}
	for line := range strings.Lines(string(text)) {
		before, after, ok := strings.Cut(line, " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if !ok || len(left) < 5 || len(right) < 3 {
			continue
		}
		m := cgroupMount{at: t.root + left[4], root: left[3]}
		switch right[0] {
		case "cgroup2":
			mounts[""] = m
		case "cgroup":
			for controller := range strings.SplitSeq(right[2], ",") {
				mounts[controller] = m
			}
		}
	}
	return mounts, nil
}

// v1 returns a controller's folder on version 1. It is false where that controller is on version 2 or nowhere.
func (g *cgroup) v1(controller string) (folder, bool) {
	f, ok := g.folders[controller]
	return f, ok && controller != ""
}

// upwards calls each with the group's folder and those above, up to the mount.
func (f folder) upwards(each func(dir string)) {
	for dir := f.path; ; dir = filepath.Dir(dir) {
		each(dir)
		if dir == f.mount || len(dir) <= len(f.mount) {
			return
		}
	}
}

// pids lists the processes of the group and of the groups below.
func (g *cgroup) pids() ([]string, error) {
	var at folder
	for _, controller := range []string{"", "memory", "cpu", "pids", "name=systemd"} {
		// on a hybrid system version 2 may hold all processes in its root
		if f, ok := g.folders[controller]; ok && f.path != f.mount {
			at = f
			break
		}
	}
	if at.path == "" {
		return nil, errors.New("it is in the root group, with all other processes")
	}
	var pids []string
	err := filepath.WalkDir(at.path, func(name string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() != "cgroup.procs" {
			return nil // a group that just went away
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return nil //nolint:nilerr // likewise
		}
		pids = append(pids, strings.Fields(string(text))...)
		return nil
	})
	if err == nil && len(pids) == 0 {
		err = fmt.Errorf("no process is left in %s", at.path)
	}
	return pids, err
}

// limits notes the smallest limit of the group and those above it, and how
// often its quota was used up. Limits are read anew once a second.
func (g *cgroup) limits(r *reading) {
	if now := r.from; g.set == nil || now.Sub(g.setAt) >= relook {
		g.set, g.setAt, g.quotas, g.tight = map[string]float64{}, now, "", ""
		g.cpuLimit()
		g.memoryLimit()
	}
	maps.Copy(r.Limits, g.set)
	if g.quotas != "" {
		g.throttled(r)
	}
}

// cpuLimit finds the least of the cores of the group and the quotas above it.
func (g *cgroup) cpuLimit() {
	if cores, ok := g.cpuset(); ok {
		g.set[record.CPUCores] = cores
	}
	at, old := g.v1("cpu")
	if !old {
		var ok bool
		if at, ok = g.folders[""]; !ok {
			return
		}
	}
	least := math.Inf(1)
	at.upwards(func(dir string) {
		if cores, ok := g.quota(dir, old); ok && cores < least {
			least, g.quotas = cores, dir
		}
	})
	if known, ok := g.set[record.CPUCores]; g.quotas != "" && (!ok || least < known) {
		g.set[record.CPUCores] = least
	}
}

// quota is that of one folder in cores; false without one.
func (g *cgroup) quota(dir string, old bool) (float64, bool) {
	if old {
		quota, set := g.number(filepath.Join(dir, "cpu.cfs_quota_us"))
		period, also := g.number(filepath.Join(dir, "cpu.cfs_period_us"))
		return quota / max(period, 1), set && also && quota > 0
	}
	text, err := g.read(filepath.Join(dir, "cpu.max"))
	if err != nil {
		return 0, false
	}
	quota, period, _ := bytes.Cut(bytes.TrimSpace(text), []byte{' '})
	us, set := parse(quota) // "max" is no number
	each, also := parse(period)
	return us / max(each, 1), set && also
}

// throttled notes in how many of the quota's periods it ran out.
func (g *cgroup) throttled(r *reading) {
	periods, throttled := unknown(), unknown()
	_ = g.fields(filepath.Join(g.quotas, "cpu.stat"), func(name string, v float64) {
		switch name {
		case "nr_periods":
			periods = v
		case "nr_throttled":
			throttled = v
		}
	})
	r.ratio(record.CPUThrottled, throttled, periods) // periods are counted only while it runs: none is an idle group
}

// cpuset counts the cores that the group may run on.
func (g *cgroup) cpuset() (float64, bool) {
	var path string
	if at, ok := g.v1("cpuset"); ok {
		path = at.file("cpuset.effective_cpus")
	} else if at, ok := g.folders[""]; ok {
		path = at.file("cpuset.cpus.effective")
	} else {
		return 0, false
	}
	text, err := g.read(path)
	if err != nil {
		return 0, false
	}
	n := countList(string(bytes.TrimSpace(text)))
	return float64(n), n > 0
}

// countList counts the members of a list like "0-3,7".
func countList(list string) int {
	n := 0
	for part := range strings.SplitSeq(list, ",") {
		from, to, isRange := strings.Cut(part, "-")
		first, ok := parse([]byte(from))
		if !ok {
			return 0
		}
		if !isRange {
			n++
			continue
		}
		last, ok := parse([]byte(to))
		if !ok || last < first {
			return 0
		}
		n += int(last-first) + 1
	}
	return n
}

func (g *cgroup) memoryLimit() {
	name := "memory.limit_in_bytes"
	at, ok := g.v1("memory")
	if !ok {
		name = "memory.max"
		if at, ok = g.folders[""]; !ok {
			return
		}
	}
	at.upwards(func(dir string) {
		limit, ok := g.number(filepath.Join(dir, name))
		if !ok || limit <= 0 || limit >= unlimited {
			return
		}
		if known, limited := g.set[record.MemoryBytes]; !limited || limit < known {
			g.set[record.MemoryBytes], g.tight = limit, dir
		}
	})
}
