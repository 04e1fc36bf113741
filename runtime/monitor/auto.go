package monitor

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// openAuto finds what listens on the target's port, if that is on this
// machine: a container where the process is in one, else the process with its
// children; and the host beside it.
func openAuto(ctx context.Context, target Target) ([]Source, error) {
	port, local, err := target.port()
	if err != nil {
		return nil, &CannotWatchError{What: "the target", Why: err.Error(), Advice: "name what to watch: --monitor pid=N, container=NAME …"}
	}
	if !local {
		return nil, &CannotWatchError{
			What: "the target", Why: "it is on another machine",
			Advice: "run Glances there (glances -w) and give --monitor glances=http://HOST:61208",
		}
	}
	s, err := openPort(ctx, port, target)
	if err != nil {
		return nil, err
	}
	return []Source{Host(), s}, nil
}

func openPort(ctx context.Context, port int, target Target) (Source, error) {
	if !linux() {
		return openPortable(ctx, Spec{"port", strconv.Itoa(port)})
	}
	t := tree{}
	pids, err := t.listeners(port)
	if err != nil {
		// an engine may publish ports in the kernel, without any process that listens
		if c, noContainer := openContainer(ctx, ":"+strconv.Itoa(port), target); noContainer == nil {
			return c, nil
		}
		return asSource(byPort(port))
	}
	pid := slices.Min(pids)
	if t.comm(pid) == "docker-proxy" {
		return openContainer(ctx, ":"+strconv.Itoa(port), target)
	}
	if id, ok := t.containerOf(pid); ok {
		c, err := openContainer(ctx, id, target)
		if err == nil {
			return c, nil
		}
		return newContainer(ctx, t, silent{id: id, pid: pid}, id) // podman, containerd, or no right to ask the engine
	}
	return asSource(byPort(port))
}

// silent is an engine that cannot be asked: all that is known is a process of the container.
type silent struct{ id, pid string }

var errSilent = errors.New("its engine cannot be asked")

func (s silent) find(_ context.Context, _ string) (found, error) {
	n, err := strconv.Atoi(s.pid)
	if err != nil {
		return found{}, errSilent
	}
	text, err := tree{}.startOf(s.pid)
	if err != nil {
		return found{name: s.id[:12], id: s.id, state: record.StateEnded, why: "its process has ended"}, nil //nolint:nilerr // that is what why says
	}
	return found{id: s.id, name: s.id[:12], pid: n, started: text}, nil
}

func (s silent) stats(context.Context, string, *reading) error { return errSilent }

func (s silent) Close() error { return nil }

// startOf tells a process from a later one of the same number.
func (t tree) startOf(pid string) (string, error) {
	f := fdCache{}
	defer f.Close() //nolint:errcheck // read only
	s, err := newProcesses(t, &f).stat(pid)
	if err != nil {
		return "", err
	}
	return strconv.FormatFloat(s.started, 'f', 0, 64), nil
}
