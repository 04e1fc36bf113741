package monitor

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// Pacing of what costs more than reading a file a process.
const (
	slowEvery   = time.Second
	slowMost    = 2 * time.Second // though it takes longer on a full machine
	slowShare   = 200             // the slow part may take 1/200 of a core
	socketShare = 1000            // the kernel walks a table of all sockets there might be: some ms, however few there are
	socketMost  = 3 * time.Second
	threadsATry = 32 // states of threads looked at in one reading
)

// pageSize is the unit of a statm file.
const pageSize = 4096

// processes reads a set of processes: some roots and all their descendants.
type processes struct {
	tree
	*fdCache
	clock   func(pid int) (float64, bool)
	members map[string]*member
	vanish  float64 // CPU time of members that are gone, as far as it had been seen
	slowAt  time.Time
	socksAt time.Time
	next    int // thread to look at next
	sockets sockets
	shared  float64 // shared memory, counted once
	sharing bool    // it is known
}

// member is one process.
type member struct {
	pid     string
	number  int
	started float64             // ticks since boot: tells a process from a later one of the same number
	key     string              // number and start
	cpu     float64             // when last seen
	threads map[string]*counter // what each had run and waited when last looked at
	looked  moment              // when threads had all that there were; zero: it had not
}

// stat is what is used of /proc/PID/stat.
type stat struct {
	name                  string
	state                 byte
	parent                string
	faults, user, system  float64
	waited                float64 // CPU time of children that ended and were waited for
	threads, started, rss float64
}

var errStat = errors.New("its stat file cannot be understood")

// parseStat reads a stat file. The name may hold spaces and brackets, so it ends at the last one.
func parseStat(text []byte) (stat, error) {
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return stat{}, errStat
	}
	c := bytes.Fields(text[end+1:])
	if len(c) < 22 {
		return stat{}, errStat
	}
	started, ok := parse(c[19])
	if !ok {
		return stat{}, errStat // of whom the rest tells is not known
	}
	v := func(i int) float64 { return figure(c[i]) }
	return stat{
		name: printable(string(text[open+1 : end])), state: c[0][0], parent: string(c[1]),
		faults: v(9), user: v(11) * jiffy, system: v(12) * jiffy, waited: (v(13) + v(14)) * jiffy,
		threads: v(17), started: started, rss: v(21),
	}, nil
}

// printable makes a name from outside safe to show on one line.
func printable(name string) string {
	clean := []rune(name)
	for i, r := range clean {
		if !strconv.IsPrint(r) {
			clean[i] = '?'
		}
	}
	if len(clean) > 100 {
		clean = append(clean[:99], '…')
	}
	return string(clean)
}

func newProcesses(t tree, f *fdCache) *processes {
	p := &processes{tree: t, fdCache: f, clock: cpuClock, members: map[string]*member{}}
	if t.root != "" {
		p.clock = func(int) (float64, bool) { return 0, false }
	}
	return p
}

// stat reads a process's state.
func (p *processes) stat(pid string) (stat, error) {
	text, err := p.read(p.proc(pid, "stat"))
	if err != nil {
		return stat{}, err
	}
	one, err := parseStat(text)
	if err == nil && one.ended() {
		err = fs.ErrNotExist
	}
	return one, err
}

// ended says whether only its parent still has to take notice.
func (s stat) ended() bool { return s.state == 'Z' || s.state == 'X' }

// set makes the members those of pids, by number and start time.
func (p *processes) set(pids []string) {
	seen := map[string]bool{}
	for _, pid := range pids {
		s, err := p.stat(pid)
		if errors.Is(err, errStat) && p.members[pid] != nil {
			seen[pid] = true // it cannot be told apart from another one now: the next look will
			continue
		}
		if err != nil {
			continue // it ended while we looked
		}
		seen[pid] = true
		if m := p.members[pid]; m != nil && m.started == s.started {
			continue
		}
		p.remove(pid)
		number, err := strconv.Atoi(pid)
		if err != nil {
			continue
		}
		m := &member{pid: pid, number: number, started: s.started, threads: map[string]*counter{}}
		m.key = fmt.Sprintf("%s %.0f", pid, s.started)
		m.note(p.cpu(number, s))
		p.members[pid] = m
	}
	for pid := range p.members {
		if !seen[pid] {
			p.remove(pid)
		}
	}
}

func (p *processes) remove(pid string) {
	m := p.members[pid]
	if m == nil {
		return
	}
	p.vanish += m.cpu
	delete(p.members, pid)
	for _, name := range []string{"stat", "statm", "io"} {
		p.drop(p.proc(pid, name))
	}
	for tid := range m.threads {
		p.drop(p.proc(pid, "task", tid, "stat"))
		p.drop(p.proc(pid, "task", tid, "schedstat"))
	}
}

// note remembers what a member has used, where that is known.
func (m *member) note(cpu float64) {
	if sound(cpu) {
		m.cpu = cpu
	}
}

func (p *processes) cpu(pid int, s stat) float64 {
	if seconds, ok := p.clock(pid); ok {
		return seconds
	}
	return s.user + s.system
}

// counts are sums over the members.
type counts struct {
	cpu, waited, user, system, faults *sum
	anon, readBytes, writeBytes       *sum
	threads                           float64
	io                                bool
}

// counts begins the sums. A member that ended is no hole in them.
func (p *processes) counts(r *reading) *counts {
	sum := func(name string) *sum {
		s := r.sum(name)
		s.gone = func(key string) bool {
			pid, _, _ := strings.Cut(key, " ")
			m := p.members[pid]
			return m == nil || m.key != key
		}
		return s
	}
	return &counts{
		cpu: sum(record.CPUCores), waited: sum("waited"), user: sum(record.CPUUserCores), system: sum(record.CPUSystemCores),
		faults: sum(record.MemoryFaults), anon: sum(record.MemoryBytes),
		readBytes: sum(record.DiskReadBytes), writeBytes: sum(record.DiskWriteBytes), io: true,
	}
}

// usage notes what the members use. It fails when none is left.
func (p *processes) usage(r *reading, now time.Time) error {
	c := p.counts(r)
	for _, pid := range slices.Sorted(maps.Keys(p.members)) {
		m := p.members[pid]
		s, err := p.stat(pid)
		switch {
		case errors.Is(err, errStat): // it is there, and tells nothing
			s = stat{faults: unknown(), user: unknown(), system: unknown(), waited: unknown(), threads: unknown()}
		case err != nil || s.started != m.started:
			p.remove(pid)
			continue
		}
		p.add(c, m, s)
	}
	if len(p.members) == 0 {
		return fs.ErrNotExist
	}
	p.note(r, c)
	p.blocked(r, c.threads)
	if now.Before(p.slowAt) {
		return nil
	}
	p.slowAt = now.Add(min(max(slowEvery, slowShare*p.slow(r, now)), slowMost))
	return nil
}

func (p *processes) add(c *counts, m *member, s stat) {
	cpu := p.cpu(m.number, s)
	m.note(cpu)
	c.cpu.grow(m.key, cpu)
	c.waited.grow(m.key, s.waited)
	c.user.grow(m.key, s.user)
	c.system.grow(m.key, s.system)
	c.faults.grow(m.key, s.faults)
	c.threads += s.threads
	if text, err := p.read(p.proc(m.pid, "statm")); err == nil {
		anon := unknown()
		if f := bytes.Fields(text); len(f) > 2 {
			anon = (figure(f[1]) - figure(f[2])) * pageSize
		}
		c.anon.value(m.key, anon)
	}
	read, written := unknown(), unknown()
	err := p.fields(p.proc(m.pid, "io"), func(name string, v float64) {
		switch name {
		case "read_bytes:":
			read = v
		case "write_bytes:":
			written = v
		}
	})
	if c.io = c.io && err == nil; c.io { // else it belongs to another user
		c.readBytes.grow(m.key, read)
		c.writeBytes.grow(m.key, written)
	}
}

func (p *processes) note(r *reading, c *counts) {
	p.cores(r, c)
	c.user.set(record.CPUUserCores)
	c.system.set(record.CPUSystemCores)
	c.faults.set(record.MemoryFaults)
	if !p.sharing {
		p.shareMemory()
	}
	if c.anon.known() && p.sharing {
		r.set(record.MemoryBytes, c.anon.total+p.shared)
	}
	r.set(record.Threads, c.threads)
	r.set(record.Processes, float64(len(p.members)))
	if c.io {
		c.readBytes.set(record.DiskReadBytes)
		c.writeBytes.set(record.DiskWriteBytes)
	}
}

// cores notes the CPU time of the members, and of children that ended what was not yet counted of them.
func (p *processes) cores(r *reading, c *counts) {
	known, rate := c.cpu.known(), c.cpu.total
	if c.waited.known() && c.waited.by > 0 {
		late := max(c.waited.by-p.vanish, 0)
		p.vanish = max(p.vanish-c.waited.by, 0)
		rate += c.waited.total * late / c.waited.by
	}
	if known && !c.waited.hole {
		r.set(record.CPUCores, rate)
	}
}

// blocked samples the states of some threads: those in D wait for a disk.
func (p *processes) blocked(r *reading, threads float64) {
	type place struct{ pid, tid string }
	var all []place
	for _, pid := range slices.Sorted(maps.Keys(p.members)) {
		for _, tid := range slices.Sorted(maps.Keys(p.members[pid].threads)) {
			all = append(all, place{pid, tid})
		}
	}
	looked, waiting := 0, 0
	for range min(len(all), threadsATry) {
		p.next = (p.next + 1) % len(all)
		at := all[p.next]
		text, err := p.read(p.proc(at.pid, "task", at.tid, "stat"))
		if err != nil {
			continue
		}
		looked++
		if end := bytes.LastIndexByte(text, ')'); end > 0 && len(text) > end+2 && text[end+2] == 'D' {
			waiting++
		}
	}
	if looked > 0 {
		r.set(record.DiskBlocked, float64(waiting)*max(threads/float64(looked), 1))
	}
}

// slow notes what needs a look at each thread, descriptor and connection. It
// returns what that took, but for the sockets, which have a pace of their own.
func (p *processes) slow(r *reading, now time.Time) time.Duration {
	began := time.Now()
	p.threads(r)
	p.shareMemory()
	p.descriptors(r)
	took := time.Since(began)
	if !now.Before(p.socksAt) {
		p.connections(r)
		p.socksAt = now.Add(min(max(slowEvery, socketShare*(time.Since(began)-took)), socketMost))
	}
	return took
}
