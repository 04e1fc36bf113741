package monitor

import (
	"bytes"
	"os"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// maxThreads bounds how many threads of one process are followed one by one.
const maxThreads = 512

// threads notes the busiest thread and how many waited for a core, by their schedstat files.
func (p *processes) threads(r *reading) {
	elapsed, timed := r.since("threads at", float64(time.Now().UnixNano())/1e9)
	var most thread
	var waited float64
	known := false
	for _, m := range p.members {
		former, looked := m.threads, m.looked
		if err := p.look(m); err != nil {
			continue
		}
		for tid, now := range m.threads {
			before := former[tid] // one that was not there began since
			if looked && now.ran >= before.ran {
				known = true
				since := thread{now.ran - before.ran, max(now.waited-before.waited, 0)}
				waited += since.waited
				if since.ran+since.waited > most.ran+most.waited {
					most = since
				}
			}
		}
		for tid := range former {
			if _, alive := m.threads[tid]; !alive {
				p.drop(p.proc(m.pid, "task", tid, "stat"))
				p.drop(p.proc(m.pid, "task", tid, "schedstat"))
			}
		}
	}
	if timed && known && elapsed > 0 {
		r.set(record.CPUBusiestThread, most.ran/elapsed)
		r.set(record.CPUThreadWaiting, most.waited/elapsed)
		r.limit(record.CPUBusiestThread, 1)
		r.set(record.CPUWaiting, waited/elapsed)
	}
}

// look reads the times of a member's threads anew.
func (p *processes) look(m *member) error {
	names, err := readNames(p.proc(m.pid, "task"))
	if err != nil {
		return err
	}
	m.threads = make(map[string]thread, len(names))
	for _, tid := range names[:min(len(names), maxThreads)] {
		if ran, wait, ok := p.schedule(m.pid, tid); ok {
			m.threads[tid] = thread{ran, wait}
		}
	}
	m.looked = len(names) <= maxThreads
	return nil
}

// schedule is how long a thread ran and how long it was ready and had no core, in seconds.
func (p *processes) schedule(pid, tid string) (ran, waited float64, ok bool) {
	text, err := p.read(p.proc(pid, "task", tid, "schedstat"))
	if err != nil {
		return 0, 0, false
	}
	f := bytes.Fields(text)
	if len(f) < 2 {
		return 0, 0, false
	}
	run, ok := parse(f[0])
	wait, also := parse(f[1])
	return run / 1e9, wait / 1e9, ok && also
}

// sharedMemory is the largest member's: what they share counts once.
func (p *processes) sharedMemory() float64 {
	largest := 0.0
	for _, m := range p.members {
		text, err := os.ReadFile(p.proc(m.pid, "status"))
		if err != nil {
			continue
		}
		_, rest, ok := bytes.Cut(text, []byte("RssShmem:"))
		line, _, _ := bytes.Cut(rest, []byte("kB"))
		if v, isNumber := parse(bytes.TrimSpace(line)); ok && isNumber {
			largest = max(largest, v*1024)
		}
	}
	return largest
}

// descriptors notes those of the member that has most of its limit in use.
func (p *processes) descriptors(r *reading) {
	var most, limit float64
	found := false
	for _, m := range p.members {
		n, ok := p.openDescriptors(m.pid)
		if !ok {
			continue
		}
		l, limited := p.descriptorLimit(m.pid)
		if !found || (limited && limit > 0 && n/l > most/limit) || (limit == 0 && n > most) {
			most, limit, found = n, l, true
		}
	}
	if !found {
		return
	}
	r.set(record.Descriptors, most)
	if limit > 0 {
		r.limit(record.Descriptors, limit)
	}
}

// openDescriptors counts a process's; since Linux 6.2 the folder's size says it.
func (p *processes) openDescriptors(pid string) (float64, bool) {
	path := p.proc(pid, "fd")
	if info, err := os.Stat(path); err == nil && info.Size() > 0 && p.root == "" {
		return float64(info.Size()), true
	}
	names, err := readNames(path)
	return float64(len(names)), err == nil
}

func (p *processes) descriptorLimit(pid string) (float64, bool) {
	text, err := os.ReadFile(p.proc(pid, "limits"))
	if err != nil {
		return 0, false
	}
	_, rest, ok := bytes.Cut(text, []byte("Max open files"))
	f := bytes.Fields(rest)
	if !ok || len(f) == 0 {
		return 0, false
	}
	return parse(f[0]) // "unlimited" is no number
}

// readNames lists a folder without asking about each entry.
func readNames(path string) ([]string, error) {
	dir, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer dir.Close() //nolint:errcheck // read only
	return dir.Readdirnames(-1)
}
