package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/moby/moby/client"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// oldestAPI is what the engines of today's stable distributions speak at
// least; the client's module is pinned because a newer one may drop it.
const oldestAPI = "1.41"

// docker is an engine with Docker's API.
type docker struct{ api *client.Client }

// newDocker makes a client; it agrees with the engine on a version at the first call.
func newDocker(address string) (*docker, error) {
	options := []client.Opt{client.FromEnv}
	if address != "" {
		options = append(options, client.WithHost(address))
	}
	api, err := client.New(options...)
	if err != nil {
		return nil, err
	}
	return &docker{api}, nil
}

func (d *docker) Close() error { return d.api.Close() }

func (d *docker) find(ctx context.Context, ref string) (found, error) {
	if port, ok := strings.CutPrefix(ref, ":"); ok {
		id, err := d.publishes(ctx, port)
		if err != nil {
			return found{}, explain(err)
		}
		ref = id
	}
	answer, err := d.api.ContainerInspect(ctx, ref, client.ContainerInspectOptions{})
	if err != nil {
		return found{}, explain(err)
	}
	c := answer.Container
	f := found{id: c.ID, name: strings.TrimPrefix(c.Name, "/")}
	if c.HostConfig != nil {
		f.cores = float64(c.HostConfig.NanoCPUs) / 1e9
		if f.cores == 0 && c.HostConfig.CPUPeriod > 0 {
			f.cores = float64(c.HostConfig.CPUQuota) / float64(c.HostConfig.CPUPeriod)
		}
	}
	if c.State == nil {
		return f, nil
	}
	f.started = c.State.StartedAt
	if c.State.Running {
		f.pid = c.State.Pid
		return f, nil
	}
	f.state, f.why = record.StateEnded, fmt.Sprintf("%s, exit code %d", c.State.Status, c.State.ExitCode)
	if c.State.OOMKilled {
		f.state = record.StateOutOfMemory
		f.why += ", killed for want of memory"
	}
	return f, nil
}

// publishes finds the container that publishes a port.
func (d *docker) publishes(ctx context.Context, port string) (string, error) {
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return "", fmt.Errorf("%q is no port", port)
	}
	list, err := d.api.ContainerList(ctx, client.ContainerListOptions{})
	if err != nil {
		return "", err
	}
	for _, c := range list.Items {
		for _, p := range c.Ports {
			if uint64(p.PublicPort) == n {
				return c.ID, nil
			}
		}
	}
	return "", fmt.Errorf("no container publishes port %s", port)
}

// explain adds what to do to the errors that users meet.
func explain(err error) error {
	switch text := err.Error(); {
	case errors.Is(err, fs.ErrPermission) || strings.Contains(text, "permission denied"):
		return &CannotWatchError{
			What: "containers", Why: "this user may not talk to the Docker engine: " + text,
			Advice: "run as root or as a member of the group docker, or watch the process: --monitor port=N",
		}
	case strings.Contains(text, "failed to connect") || strings.Contains(text, "annot connect"):
		return &CannotWatchError{What: "containers", Why: text, Advice: "is the Docker engine running? DOCKER_HOST names another one"}
	case strings.Contains(text, "is not supported by this client"):
		return &CannotWatchError{What: "containers", Why: text, Advice: "the engine must speak API " + oldestAPI + " or newer"}
	}
	return err
}

// stats asks for one answer; its totals are made to rates like all others.
func (d *docker) stats(ctx context.Context, id string, r *reading) error {
	answer, err := d.api.ContainerStats(ctx, id, client.ContainerStatsOptions{})
	if err != nil {
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // read to its end or given up
	var s engineStats
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(&s); err != nil {
		return fmt.Errorf("the engine's statistics cannot be understood: %w", err)
	}
	if s.CPU.Usage.Total.value() == 0 && !(s.Memory.Usage.value() > 0) {
		return &stateError{record.StateEnded, errors.New("it does not run")}
	}
	s.note(r)
	return nil
}

// engineStats is what is used of an answer. All of it may be missing: a number
// that is not told is unknown, and not 0.
type engineStats struct {
	Read time.Time `json:"read"` // by the engine's clock
	CPU  struct {
		Usage struct {
			Total  number `json:"total_usage"`
			User   number `json:"usage_in_usermode"`
			System number `json:"usage_in_kernelmode"`
		} `json:"cpu_usage"`
		Online     number `json:"online_cpus"`
		Throttling struct {
			Periods   number `json:"periods"`
			Throttled number `json:"throttled_periods"`
		} `json:"throttling_data"`
	} `json:"cpu_stats"`
	Memory struct {
		Usage number            `json:"usage"`
		Limit number            `json:"limit"`
		Stats map[string]number `json:"stats"`
	} `json:"memory_stats"`
	Pids struct {
		Current number `json:"current"`
	} `json:"pids_stats"`
	Networks map[string]struct {
		In      number `json:"rx_bytes"`
		Out     number `json:"tx_bytes"`
		InDrop  number `json:"rx_dropped"`
		OutDrop number `json:"tx_dropped"`
	} `json:"networks"`
	Blkio struct {
		Bytes []struct {
			Major number `json:"major"`
			Minor number `json:"minor"`
			Op    string `json:"op"`
			Value number `json:"value"`
		} `json:"io_service_bytes_recursive"`
	} `json:"blkio_stats"`
}

// note makes the engine's totals to rates like all others, over the engine's own time.
func (s *engineStats) note(r *reading) {
	r.stamp = s.Read
	r.rate(record.CPUCores, s.CPU.Usage.Total.value()/1e9)
	r.rate(record.CPUUserCores, s.CPU.Usage.User.value()/1e9)
	r.rate(record.CPUSystemCores, s.CPU.Usage.System.value()/1e9)
	if n := s.CPU.Online.value(); n > 0 {
		r.limit(record.CPUCores, n)
	}
	if periods := s.CPU.Throttling.Periods.value(); periods > 0 { // else it has no quota
		r.ratio(record.CPUThrottled, s.CPU.Throttling.Throttled.value(), periods)
	}
	s.memory(r)
	if n := s.Pids.Current.value(); n > 0 {
		r.set(record.Threads, n)
	}
	in, out, drops := r.sum(record.NetInBytes), r.sum(record.NetOutBytes), r.sum(record.NetDrops)
	for name, n := range s.Networks {
		in.grow(name, n.In.value())
		out.grow(name, n.Out.value())
		drops.grow(name, n.InDrop.value()+n.OutDrop.value())
	}
	in.set(record.NetInBytes)
	out.set(record.NetOutBytes)
	drops.set(record.NetDrops)
	read, written := r.sum(record.DiskReadBytes), r.sum(record.DiskWriteBytes)
	for _, e := range s.Blkio.Bytes {
		device := fmt.Sprint(e.Major.v, ":", e.Minor.v)
		switch strings.ToLower(e.Op) {
		case "read":
			read.grow(device, e.Value.value())
		case "write":
			written.grow(device, e.Value.value())
		}
	}
	read.set(record.DiskReadBytes)
	written.set(record.DiskWriteBytes)
}

// memory notes it without the cache that lies idle, which version 2 of the cgroup files calls otherwise.
func (s *engineStats) memory(r *reading) {
	used := r.sum(record.MemoryBytes)
	if usage := s.Memory.Usage; usage.told {
		used.value("usage", usage.value())
	}
	idle, told := s.Memory.Stats["total_inactive_file"]
	if !told {
		idle, told = s.Memory.Stats["inactive_file"]
	}
	if told {
		used.less("idle", idle.value())
	}
	if used.known() && s.Memory.Usage.told {
		r.set(record.MemoryBytes, max(used.total, 0))
	}
	if l := s.Memory.Limit.value(); l > 0 && l < unlimited {
		r.limit(record.MemoryBytes, l)
	}
}
