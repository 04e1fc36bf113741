package monitor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// relook is how often a set of processes is put together anew.
const relook = time.Second

// process watches some processes and their descendants.
type process struct {
	fdCache
	name   string
	find   func() ([]string, error) // the roots
	procs  *processes
	rates  rates
	group  *cgroup
	cores  float64 // that the first of them may run on
	lookAt time.Time
	first  string               // the oldest root, by number and start: another one is a restart
	placed string               // the groups and cores of it, as the kernel tells them
	state  record.ResourceState // told with the next reading, and why
	note   string
	alone  bool // without descendants
}

func newProcess(t tree, name string, find func() ([]string, error)) *process {
	p := &process{name: name, find: find}
	p.procs = newProcesses(t, &p.fdCache)
	return p
}

func (p *process) Name() string { return p.name }

func (p *process) Read(context.Context) ([]record.Resources, error) {
	r := p.rates.begin(p.name)
	if !r.from.Before(p.lookAt) {
		if err := p.look(r.from); err != nil {
			p.lookAt = time.Time{}
			return nil, err
		}
	}
	if err := p.procs.usage(r, r.from); err != nil {
		p.lookAt = time.Time{}
		return nil, hasEnded(p.name)
	}
	p.limits(r)
	r.State, r.Note, p.state, p.note = p.state, p.note, "", ""
	return []record.Resources{r.Resources}, nil
}

// look finds the processes: they fork, end, and start anew.
func (p *process) look(now time.Time) error {
	roots, err := p.find()
	if err != nil {
		return err
	}
	if len(roots) == 0 {
		return hasEnded(p.name)
	}
	if !p.alone {
		if roots, err = p.procs.withDescendants(roots); err != nil {
			return err
		}
	}
	p.procs.set(roots)
	oldest := p.procs.oldest()
	if oldest == "" {
		return hasEnded(p.name)
	}
	if oldest != p.first {
		if p.first != "" {
			p.state, p.note = record.StateRestarted, p.name+" was restarted"
			p.rates.forget()
		}
		p.first, p.placed = oldest, ""
	}
	p.place(strings.Fields(oldest)[0])
	p.lookAt = now.Add(min(max(relook, slowShare*p.rates.now().Sub(now)), slowMost))
	return nil
}

// place finds out what limits the processes, their group and the cores they
// may use, and does so again when they were moved.
func (p *process) place(pid string) {
	groups, _ := os.ReadFile(p.procs.proc(pid, "cgroup")) // a machine may have none
	allowed := p.allowed(pid)
	placed := allowed + string(groups)
	if placed == "" || placed == p.placed { // the former of one that is about to end
		return
	}
	if p.placed != "" {
		p.state, p.note = record.StateMoved, p.name+" was moved to another control group or to other cores"
		p.rates.forget()
	}
	p.placed, p.group, p.cores = placed, nil, float64(countList(allowed))
	if g, err := cgroupOf(p.procs.tree, &p.fdCache, pid); err == nil {
		p.group = g
	}
}

// allowed lists the cores that a process may run on; empty: not known.
func (p *process) allowed(pid string) string {
	text, err := os.ReadFile(p.procs.proc(pid, "status"))
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if list, ok := strings.CutPrefix(line, "Cpus_allowed_list:"); ok {
			return strings.TrimSpace(list)
		}
	}
	return ""
}

// limits notes what the processes may use: the least of the machine, their affinity and their group.
func (p *process) limits(r *reading) {
	if p.cores > 0 {
		r.limit(record.CPUCores, p.cores)
	}
	if total, ok := p.procs.memTotal(); ok {
		r.limit(record.MemoryBytes, total)
	}
	if p.group == nil {
		return
	}
	p.group.limits(r) // of the group above the machine's
	p.group.squeezed(r)
	if p.cores > 0 && p.cores < r.Limits[record.CPUCores] {
		r.limit(record.CPUCores, p.cores)
	}
}

func (p *processes) memTotal() (float64, bool) {
	text, err := p.read(p.proc("meminfo"))
	if err != nil {
		return 0, false
	}
	line, _, _ := strings.Cut(string(text), "\n")
	f := strings.Fields(line)
	if len(f) < 2 || f[0] != "MemTotal:" {
		return 0, false
	}
	kb, ok := parse([]byte(f[1]))
	return kb * 1024, ok
}

// oldest is the number and start of the member that was started first.
func (p *processes) oldest() string {
	var first *member
	for _, m := range p.members {
		if first == nil || m.started < first.started || (m.started == first.started && m.number < first.number) {
			first = m
		}
	}
	if first == nil {
		return ""
	}
	return fmt.Sprintf("%s %.0f", first.pid, first.started)
}

// withDescendants adds the children of roots, theirs, and so on. Where the
// kernel lists children it is asked; else all processes are looked through.
func (p *processes) withDescendants(roots []string) ([]string, error) {
	all := slices.Clone(roots)
	for i := 0; i < len(all); i++ {
		tids, err := readNames(p.proc(all[i], "task"))
		if err != nil {
			continue
		}
		for _, tid := range tids {
			text, err := os.ReadFile(p.proc(all[i], "task", tid, "children"))
			if errors.Is(err, os.ErrNotExist) && tid == all[i] {
				return p.byParent(roots)
			}
			for _, child := range strings.Fields(string(text)) {
				if !slices.Contains(all, child) {
					all = append(all, child)
				}
			}
		}
	}
	return all, nil
}

// byParent finds descendants by the parent that each process names.
func (p *processes) byParent(roots []string) ([]string, error) {
	children := map[string][]string{}
	pids, err := p.allPids()
	if err != nil {
		return nil, err
	}
	for _, pid := range pids {
		text, err := os.ReadFile(p.proc(pid, "stat"))
		if err != nil {
			continue
		}
		if s, err := parseStat(text); err == nil {
			children[s.parent] = append(children[s.parent], pid)
		}
	}
	all := slices.Clone(roots)
	for i := 0; i < len(all); i++ {
		for _, child := range children[all[i]] {
			if !slices.Contains(all, child) {
				all = append(all, child)
			}
		}
	}
	return all, nil
}

// allPids lists the processes of the machine.
func (t tree) allPids() ([]string, error) {
	names, err := readNames(t.proc())
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(names, func(name string) bool {
		_, err := strconv.Atoi(name)
		return err != nil
	}), nil
}

// comm is the name of a process.
func (t tree) comm(pid string) string {
	text, err := os.ReadFile(t.proc(pid, "comm"))
	if err != nil {
		return ""
	}
	return printable(strings.TrimSuffix(string(text), "\n"))
}

// byPid watches one process; a later one that got its number is another one.
func byPid(t tree, pid string) (*process, error) {
	text, err := os.ReadFile(t.proc(pid, "stat"))
	if err != nil {
		return nil, &CannotWatchError{What: "process " + pid, Why: "there is no such process", Advice: "look it up with ps, or use --monitor name=… or port=…"}
	}
	first, err := parseStat(text)
	if err != nil {
		return nil, &CannotWatchError{What: "process " + pid, Why: err.Error()}
	}
	name := record.KindProcess + " " + pid + " " + first.name
	return newProcess(t, name, func() ([]string, error) {
		text, err := os.ReadFile(t.proc(pid, "stat"))
		if err != nil {
			return nil, hasEnded(name)
		}
		now, err := parseStat(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if now.ended() {
			return nil, hasEnded(name)
		}
		if now.started != first.started {
			return nil, &stateError{record.StateEnded, fmt.Errorf("%s has ended, and its number was given to another process", name)}
		}
		return []string{pid}, nil
	}), nil
}

// byName watches all processes of a name.
func byName(t tree, wanted string) (*process, error) {
	find := func() ([]string, error) {
		pids, err := t.allPids()
		if err != nil {
			return nil, err
		}
		self := strconv.Itoa(os.Getpid())
		return slices.DeleteFunc(pids, func(pid string) bool {
			return pid == self || (t.comm(pid) != wanted && t.program(pid) != wanted)
		}), nil
	}
	pids, err := find()
	if err == nil && len(pids) == 0 {
		err = errors.New("there is no process of that name")
	}
	if err != nil {
		return nil, &CannotWatchError{What: "processes named " + strconv.Quote(wanted), Why: err.Error(), Advice: "start the service first, or use --monitor pid=… or port=…"}
	}
	return newProcess(t, record.KindProcess+" "+printable(wanted), find), nil
}

// program is the last part of the path of what a process runs: comm is cut at 15 bytes.
func (t tree) program(pid string) string {
	text, err := os.ReadFile(t.proc(pid, "cmdline"))
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(string(text), "\x00")
	return first[strings.LastIndexByte(first, '/')+1:]
}

// linux says whether /proc and the cgroup files are there.
func linux() bool { return runtime.GOOS == "linux" }
