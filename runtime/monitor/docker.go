package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	engineapi "github.com/moby/moby/api/types/container"
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
	var s engineapi.StatsResponse
	if err := json.NewDecoder(answer.Body).Decode(&s); err != nil {
		return fmt.Errorf("the engine's statistics cannot be understood: %w", err)
	}
	if s.CPUStats.CPUUsage.TotalUsage == 0 && s.MemoryStats.Usage == 0 {
		return &stateError{record.StateEnded, errors.New("it does not run")}
	}
	noteStats(r, &s)
	return nil
}

func noteStats(r *reading, s *engineapi.StatsResponse) {
	r.rate(record.CPUCores, float64(s.CPUStats.CPUUsage.TotalUsage)/1e9)
	r.rate(record.CPUUserCores, float64(s.CPUStats.CPUUsage.UsageInUsermode)/1e9)
	r.rate(record.CPUSystemCores, float64(s.CPUStats.CPUUsage.UsageInKernelmode)/1e9)
	if n := s.CPUStats.OnlineCPUs; n > 0 {
		r.limit(record.CPUCores, float64(n))
	}
	periods, ok := r.since("cpu periods", float64(s.CPUStats.ThrottlingData.Periods))
	throttled, also := r.since("cpu throttled", float64(s.CPUStats.ThrottlingData.ThrottledPeriods))
	if ok && also && periods > 0 {
		r.set(record.CPUThrottled, min(throttled/periods, 1))
	}
	if s.MemoryStats.Usage > 0 {
		idle := s.MemoryStats.Stats["inactive_file"]
		if old, ok := s.MemoryStats.Stats["total_inactive_file"]; ok {
			idle = old
		}
		r.set(record.MemoryBytes, max(float64(s.MemoryStats.Usage)-float64(idle), 0))
	}
	if l := s.MemoryStats.Limit; l > 0 && l < unlimited {
		r.limit(record.MemoryBytes, float64(l))
	}
	if s.PidsStats.Current > 0 {
		r.set(record.Threads, float64(s.PidsStats.Current))
	}
	var in, out, drops float64
	for _, n := range s.Networks {
		in, out, drops = in+float64(n.RxBytes), out+float64(n.TxBytes), drops+float64(n.RxDropped+n.TxDropped)
	}
	if len(s.Networks) > 0 {
		r.rate(record.NetInBytes, in)
		r.rate(record.NetOutBytes, out)
		r.rate(record.NetDrops, drops)
	}
	var read, written float64
	for _, e := range s.BlkioStats.IoServiceBytesRecursive {
		switch strings.ToLower(e.Op) {
		case "read":
			read += float64(e.Value)
		case "write":
			written += float64(e.Value)
		}
	}
	if len(s.BlkioStats.IoServiceBytesRecursive) > 0 {
		r.rate(record.DiskReadBytes, read)
		r.rate(record.DiskWriteBytes, written)
	}
}
