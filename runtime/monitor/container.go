package monitor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"strconv"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// container watches a container by its cgroup files and its processes, which
// are current at any moment; the engine says which these are, and is asked
// again when they are gone. Where they cannot be read (an engine on another
// machine or in a virtual one) the engine's own statistics are used.
type container struct {
	tree
	fdCache
	engine engine
	name   string // of the rows
	found  found
	group  *cgroup
	procs  *processes
	all    rates // of the group
	each   rates // of the processes

	lookAt  time.Time
	born    float64              // start of the first process: tells a restart, and a number given anew
	state   record.ResourceState // told with the next reading, and why
	note    string
	network bool // it has a network of its own
}

// found is what an engine knows of a container.
type found struct {
	id, name string
	pid      int // of the first process, in this machine's numbers; 0 when it does not run
	started  string
	why      string               // it does not run
	state    record.ResourceState // then: ended, or out of memory
	cores    float64              // limit; 0: none
}

// engine is who starts containers.
type engine interface {
	// find looks a container up by name, id, or ":" and a published port.
	find(ctx context.Context, ref string) (found, error)
	// stats notes the engine's own figures.
	stats(ctx context.Context, id string, r *reading) error
	Close() error
}

func openContainer(ctx context.Context, ref string, target Target) (Source, error) {
	e, err := newDocker(target.Docker)
	if err != nil {
		return nil, &CannotWatchError{What: "container " + ref, Why: err.Error(), Advice: "check the engine's address (DOCKER_HOST)"}
	}
	c, err := newContainer(ctx, tree{}, e, ref)
	if err != nil {
		_ = e.Close() // the error of finding is the one to tell
		return nil, err
	}
	return c, nil
}

func newContainer(ctx context.Context, t tree, e engine, ref string) (*container, error) {
	f, err := e.find(ctx, ref)
	if err == nil && f.pid == 0 {
		err = errors.New("it does not run: " + f.why)
	}
	if err != nil {
		var told *CannotWatchError
		if errors.As(err, &told) {
			return nil, err
		}
		return nil, &CannotWatchError{
			What: "container " + ref, Why: err.Error(),
			Advice: "docker ps lists what runs; a published port is written container=:8080",
		}
	}
	c := &container{tree: t, engine: e, name: record.KindContainer + " " + printable(f.name), found: f}
	c.procs = newProcesses(t, &c.fdCache)
	c.enter(f)
	return c, nil
}

func (c *container) Name() string { return c.name }

func (c *container) Close() error { return errors.Join(c.fdCache.Close(), c.engine.Close()) }

// every is how often there is something new: an engine's statistics tick once a second.
func (c *container) every() time.Duration {
	if c.group == nil {
		return time.Second
	}
	return 0
}

// enter takes up the container's present life.
func (c *container) enter(f found) {
	c.found = f
	c.all.forget()
	c.each.forget()
	c.group, c.born, c.network = nil, 0, false
	_ = c.fdCache.Close() // they belong to the life before
	pid := strconv.Itoa(f.pid)
	if !linux() && c.root == "" {
		return
	}
	// a number of another machine may be in use here too: the group has to name the container
	if id, ok := c.containerOf(pid); !ok || id != f.id {
		return
	}
	s, err := c.procs.stat(pid)
	if err != nil {
		return
	}
	if group, err := cgroupOf(c.tree, &c.fdCache, pid); err == nil {
		c.group, c.born = group, s.started
	}
	own, _ := os.Readlink(c.proc("self/ns/net"))
	theirs, err := os.Readlink(c.proc(pid, "ns/net"))
	c.network = err == nil && own != theirs
}

func (c *container) Read(ctx context.Context) ([]record.Resources, error) {
	r := c.all.begin(c.name)
	if !r.from.Before(c.lookAt) {
		if err := c.look(ctx); err != nil {
			return nil, err
		}
		c.lookAt = r.from.Add(relook)
	}
	r.State, r.Note, c.state, c.note = c.state, c.note, "", ""
	if c.group == nil {
		if err := c.engine.stats(ctx, c.found.id, r); err != nil {
			c.lookAt = time.Time{}
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
		if c.found.cores > 0 {
			r.limit(record.CPUCores, c.found.cores)
		}
		return []record.Resources{r.Resources}, nil
	}
	if err := c.group.usage(r); err != nil {
		c.lookAt = time.Time{} // it ended between two looks
		return nil, hasEnded(c.name)
	}
	each := c.each.begin(c.name)
	if err := c.procs.usage(each, r.from); err == nil {
		maps.Copy(each.Values, r.Values) // the group's own figures are exact
		maps.Copy(each.Limits, r.Limits)
		r.Values, r.Limits = each.Values, each.Limits
	}
	if total, ok := c.procs.memTotal(); ok && r.Limits[record.MemoryBytes] == 0 {
		r.limit(record.MemoryBytes, total)
	}
	if c.network {
		net := c.proc(strconv.Itoa(c.found.pid), "net")
		c.traffic(r, net+"/dev", func(name string) bool { return name != "lo" })
		c.tcp(r, net)
	}
	return []record.Resources{r.Resources}, nil
}

// look finds the container's processes, and the container when its first one is not there any more.
func (c *container) look(ctx context.Context) error {
	if c.group != nil {
		s, err := c.procs.stat(strconv.Itoa(c.found.pid))
		if err == nil && s.started == c.born {
			pids, err := c.group.pids()
			if err == nil {
				c.procs.set(pids)
			}
			return nil //nolint:nilerr // without the list of processes the group's figures are still good
		}
	} else if c.found.pid != 0 && !c.lookAt.IsZero() {
		return nil // the engine's statistics fail by themselves when it ends
	}
	f, err := c.engine.find(ctx, c.found.id)
	if err != nil {
		// removed and made anew under its name?
		if f, err = c.engine.find(ctx, c.found.name); err != nil {
			return &stateError{record.StateEnded, fmt.Errorf("%s is gone: %w", c.name, err)}
		}
	}
	if f.pid == 0 {
		return &stateError{f.state, fmt.Errorf("%s does not run: %s", c.name, f.why)}
	}
	if f.started != c.found.started || f.id != c.found.id {
		c.state, c.note = record.StateRestarted, c.name+" was restarted"
		c.enter(f)
		if c.group != nil {
			if pids, err := c.group.pids(); err == nil {
				c.procs.set(pids)
			}
		}
	}
	return nil
}

// containerOf is the id of the container that a process is in, by its groups' names.
func (t tree) containerOf(pid string) (string, bool) {
	text, err := os.ReadFile(t.proc(pid, "cgroup"))
	if err != nil {
		return "", false
	}
	// engines name groups by ids of 64 hexadecimal digits; the last one is the innermost
	id, run := "", 0
	for i, b := range append(text, 0) {
		if (b >= '0' && b <= '9') || (b >= 'a' && b <= 'f') {
			run++
			continue
		}
		if run == 64 {
			id = string(text[i-64 : i])
		}
		run = 0
	}
	return id, id != ""
}
