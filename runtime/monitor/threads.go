package monitor

import (
	"bytes"
	"os"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// maxThreads bounds how many threads of one process are followed one by one.
const maxThreads = 512

// threads notes the busiest thread and how many waited for a core, by their schedstat files.
func (p *processes) threads(r *reading) {
	var all threadSums
	for _, m := range p.members {
		former := m.threads
		if err := p.look(r, m, &all); err != nil {
			continue
		}
		for tid := range former {
			if m.threads[tid] == nil {
				p.drop(p.proc(m.pid, "task", tid, "stat"))
				p.drop(p.proc(m.pid, "task", tid, "schedstat"))
			}
		}
	}
	if all.known && !all.hole {
		r.set(record.CPUBusiestThread, all.ran)
		r.set(record.CPUThreadWaiting, all.waited)
		r.limit(record.CPUBusiestThread, 1)
		r.set(record.CPUWaiting, all.waiting)
	}
}

// threadSums are of all threads: what the busiest ran and waited in each second, and what all waited.
type threadSums struct {
	ran, waited, waiting float64
	known, hole          bool
}

func (a *threadSums) add(g growth, what outcome) {
	a.hole = a.hole || what == anew || what == held
	if what != grown {
		return
	}
	ran, waited := g.by[0]/g.seconds, g.by[1]/g.seconds
	a.known, a.waiting = true, a.waiting+waited
	if ran+waited > a.ran+a.waited {
		a.ran, a.waited = ran, waited
	}
}

// look reads the times of a member's threads anew. One that was not there at
// the look before began since.
func (p *processes) look(r *reading, m *member, all *threadSums) error {
	names, err := readNames(p.proc(m.pid, "task"))
	if err != nil {
		return err
	}
	former := m.threads
	m.threads = make(map[string]*counter, len(names))
	for _, tid := range names[:min(len(names), maxThreads)] {
		now, err := p.schedule(m.pid, tid)
		if err != nil {
			continue // it ended, or the kernel does not tell
		}
		c := former[tid]
		if c == nil {
			c = &counter{at: m.looked, known: !m.looked.to.IsZero()}
		}
		all.add(c.grow(now, r.at(), true))
		m.threads[tid] = c
	}
	m.looked = moment{}
	if len(names) <= maxThreads {
		m.looked = r.at()
	}
	return nil
}

// schedule is how long a thread ran and how long it was ready and had no core, in seconds.
func (p *processes) schedule(pid, tid string) (totals, error) {
	text, err := p.read(p.proc(pid, "task", tid, "schedstat"))
	if err != nil {
		return totals{}, err
	}
	f := bytes.Fields(text)
	if len(f) < 2 {
		return totals{unknown(), unknown()}, nil
	}
	return totals{figure(f[0]) / 1e9, figure(f[1]) / 1e9}, nil
}

// shareMemory finds the largest member's shared memory: what they share counts
// once. Where a member's cannot be read, it is what it was, if that is known.
func (p *processes) shareMemory() {
	largest := 0.0
	for _, m := range p.members {
		text, err := os.ReadFile(p.proc(m.pid, "status"))
		if err != nil {
			continue
		}
		_, rest, ok := bytes.Cut(text, []byte("RssShmem:"))
		if !ok {
			continue // an old kernel
		}
		line, _, _ := bytes.Cut(rest, []byte("kB"))
		v, isNumber := parse(bytes.TrimSpace(line))
		if !isNumber {
			return
		}
		largest = max(largest, v*1024)
	}
	p.shared, p.sharing = largest, true
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
