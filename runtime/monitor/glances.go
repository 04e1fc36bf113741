package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// maxAnswer bounds what is read of one answer.
const maxAnswer = 8 << 20

// glances asks a Glances server, of version 3 or 4, for its machine and the containers on it.
type glances struct {
	base    *url.URL
	http    *http.Client
	api     string // "4" or "3", once known
	plugins []string
	rates   rates
	seen    map[string]bool // containers of the reading before: whether they told how much of their cache is idle
}

// glancesPlugins are what is asked for, where it is there.
func glancesPlugins() []string {
	return []string{"cpu", "mem", "memswap", "network", "diskio", "containers", "docker"}
}

func newGlances(address string) (*glances, error) {
	base, err := url.Parse(address)
	if err != nil {
		return nil, &SpecError{"glances=" + address, err.Error()}
	}
	return &glances{base: base, http: &http.Client{Timeout: minTimeout}, seen: map[string]bool{}}, nil
}

func (g *glances) Name() string { return record.KindHost + " " + g.base.Host }

func (g *glances) Close() error { g.http.CloseIdleConnections(); return nil }

// every is how often a Glances has something new at most.
func (g *glances) every() time.Duration { return time.Second }

func (g *glances) Read(ctx context.Context) ([]record.Resources, error) {
	if g.api == "" {
		if err := g.meet(ctx); err != nil {
			return nil, err
		}
	}
	host := g.rates.begin(g.Name())
	var containers []item
	for _, plugin := range g.plugins {
		var answer any
		if err := g.get(ctx, plugin, &answer); err != nil {
			g.api = "" // it may be another version when it comes back
			return nil, err
		}
		switch items := itemsOf(answer); plugin {
		case "containers", "docker":
			containers = append(containers, items...)
		default:
			hostValues(host, plugin, items)
		}
	}
	rows := []record.Resources{host.Resources}
	now := map[string]bool{}
	for _, c := range containers {
		r := containerRow(c, host.Limits[record.CPUCores], g.seen)
		rows = append(rows, r)
		now[r.Source] = c.idle()
	}
	for source := range g.seen {
		if _, listed := now[source]; !listed {
			rows = append(rows, record.Resources{Source: source, Values: map[string]float64{}, Note: source + " is not listed by Glances any more"})
		}
	}
	g.seen = now
	return rows, nil
}

// meet finds out which version answers and what it watches.
func (g *glances) meet(ctx context.Context) error {
	var last error
	for _, api := range []string{"4", "3"} {
		g.api = api
		var list []string
		if last = g.get(ctx, "pluginslist", &list); last != nil {
			continue
		}
		g.plugins = slices.DeleteFunc(glancesPlugins(), func(p string) bool { return !slices.Contains(list, p) })
		if !slices.Contains(g.plugins, "cpu") {
			last = fmt.Errorf("glances at %s does not watch cpu: start it with its plugins cpu, mem, network, diskio and containers", g.base.Host)
			continue
		}
		return nil
	}
	g.api = ""
	return last
}

// get asks for one plugin.
func (g *glances) get(ctx context.Context, what string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, g.base.JoinPath("api", g.api, what).String(), nil)
	if err != nil {
		return err
	}
	answer, err := g.http.Do(request)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err // the address is in the message already
		}
		return fmt.Errorf("glances at %s does not answer: %w", g.base.Host, err)
	}
	defer answer.Body.Close() //nolint:errcheck // read to its end or given up
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("glances at %s answers %s for %s (versions 3 and 4 are understood)", g.base.Host, answer.Status, what)
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(into); err != nil {
		return fmt.Errorf("glances at %s: %s cannot be understood: %w", g.base.Host, what, err)
	}
	return nil
}

// item is one thing that a plugin tells of: its name, and its numbers by Glances' names.
type item struct {
	name string
	v    map[string]float64
}

// get returns the first of several fields that is known.
func (i item) get(names ...string) (float64, bool) {
	for _, name := range names {
		if v, ok := i.v[name]; ok {
			return v, true
		}
	}
	return 0, false
}

// itemsOf reads what a plugin answered: one object, a list of them, or an object that holds the list.
func itemsOf(answer any) []item {
	switch a := answer.(type) {
	case []any:
		var all []item
		for _, one := range a {
			if object, ok := one.(map[string]any); ok {
				all = append(all, itemOf(object))
			}
		}
		return all
	case map[string]any:
		if list, ok := a["containers"].([]any); ok {
			return itemsOf(list)
		}
		return []item{itemOf(a)}
	}
	return nil
}

func itemOf(object map[string]any) item {
	i := item{v: map[string]float64{}}
	for field, value := range object {
		switch v := value.(type) {
		case float64:
			if sound(v) { // what is negative was counted from a counter that began anew
				i.v[field] = v
			}
		case nil:
			if field == "cpu_limit" {
				i.v[field] = 0
			}
		case string:
			// the field `key` says which one holds the name
			if key, _ := object["key"].(string); field == key {
				i.name = v
			}
		}
	}
	return i
}

// hostValues translates what a plugin says of the machine.
func hostValues(r *reading, plugin string, items []item) {
	if len(items) == 0 {
		return
	}
	d := devices{r, items}
	switch one := items[0]; plugin {
	case "cpu":
		cpuValues(r, one)
	case "mem":
		total := one.value("total")
		if total > 0 {
			r.limit(record.MemoryBytes, total)
		}
		r.set(record.MemoryBytes, total-one.value("available"))
		r.set(record.MemoryCacheBytes, one.value("cached"))
	case "memswap":
		r.set(record.SwapBytes, one.value("used"))
	case "network":
		d.sum(record.NetInBytes, "bytes_recv_rate_per_sec", "bytes_recv", "rx")
		d.sum(record.NetOutBytes, "bytes_sent_rate_per_sec", "bytes_sent", "tx")
	case "diskio":
		d.sum(record.DiskReadBytes, "read_bytes_rate_per_sec", "read_bytes")
		d.sum(record.DiskWriteBytes, "write_bytes_rate_per_sec", "write_bytes")
		d.sum(record.DiskReads, "read_count_rate_per_sec", "read_count")
		d.sum(record.DiskWrites, "write_count_rate_per_sec", "write_count")
	}
}

func cpuValues(r *reading, one item) {
	cores, known := one.get("cpucore")
	if !known || cores < 1 {
		return
	}
	r.limit(record.CPUCores, cores)
	for field, name := range map[string]string{
		"total": record.CPUCores, "user": record.CPUUserCores, "system": record.CPUSystemCores,
		"iowait": record.CPUIOWaitCores, "steal": record.CPUStealCores,
	} {
		if v := one.value(field); v <= mostPercent {
			r.set(name, min(v, 100)/100*cores)
		}
	}
}

// mostPercent is what a share of the whole machine may be: 100, and what rounding adds.
const mostPercent = 101

// devices are the disks or the interfaces that make up some values of a row.
type devices struct {
	row   *reading
	items []item
}

// sum adds up a rate over devices. A field that is no rate counts since the
// device's last update, which may be unknown or 0 in the first readings: no value then.
func (d devices) sum(name, rate string, counts ...string) {
	all := d.row.sum(name)
	for _, i := range d.items {
		if layered(i.name) {
			continue
		}
		if v, ok := i.get(rate); ok {
			all.value(i.name, v)
		} else if v, ok := i.get(counts...); ok && i.v["time_since_update"] >= leastUpdate {
			all.value(i.name, v/i.v["time_since_update"])
		}
	}
	all.set(name)
}

// leastUpdate is how long a count was taken at least, in seconds: in less there is no rate to be told.
const leastUpdate = 0.1

// layered says whether a disk or an interface stands on others, which count already.
func layered(name string) bool {
	return slices.ContainsFunc([]string{"loop", "ram", "zram", "dm-", "lo", "veth", "docker", "br-"}, func(p string) bool {
		return strings.HasPrefix(name, p)
	})
}

// value is a field, or unknown.
func (i item) value(field string) float64 {
	if v, ok := i.v[field]; ok {
		return v
	}
	return unknown()
}

// idle says whether a container's idle cache is told.
func (i item) idle() bool { _, ok := i.v["memory_inactive_file"]; return ok }

// containerRow translates what Glances says of a container; hostCores is the
// limit where it has none of its own, before are the containers of the reading before.
func containerRow(i item, hostCores float64, before map[string]bool) record.Resources {
	r := record.Resources{
		Source: record.KindContainer + " " + printable(i.name),
		Values: map[string]float64{}, Limits: map[string]float64{},
	}
	if v, ok := i.get("cpu_percent"); ok && (hostCores == 0 || v <= 150*hostCores) { // Glances' own clock is coarse
		r.Values[record.CPUCores] = v / 100 // 100 is one core
	}
	if v, ok := i.get("cpu_limit"); ok {
		if v > 0 { // 0: it will be told later
			r.Limits[record.CPUCores] = v
		}
	} else if hostCores > 0 {
		r.Limits[record.CPUCores] = hostCores
	}
	if used, ok := i.get("memory_usage"); ok && (i.idle() || !before[r.Source]) {
		r.Values[record.MemoryBytes] = max(used-i.v["memory_inactive_file"], 0)
	}
	if v, ok := i.get("memory_limit"); ok && v > 0 {
		r.Limits[record.MemoryBytes] = v
	}
	for field, name := range map[string]string{
		"network_rx": record.NetInBytes, "network_tx": record.NetOutBytes,
		"io_rx": record.DiskReadBytes, "io_wx": record.DiskWriteBytes,
	} {
		if v, ok := i.get(field); ok {
			r.Values[name] = v
		}
	}
	return r
}
