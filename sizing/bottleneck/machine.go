package bottleneck

import (
	"math"
	"slices"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// hostCPU is the machine's CPU: the limit only where the service itself had to
// wait for it. That others keep a machine full does not slow a service that sleeps.
func (a *analysis) hostCPU(host string) candidate {
	c := candidate{name: record.LimitCPU, source: host}
	used := a.at(host, record.CPUCores)
	if !used.known() || used.limit <= 0 {
		return c
	}
	c.ceiling = a.ceiling(c, record.CPUCores, used)
	if used.use() < 0.85 {
		return c
	}
	ran, waited, watched := a.coreDemand()
	if watched && ran+waited < 0.75*used.limit {
		return c
	}
	c.add(record.CPUCores, used.mean, "%s of the machine's %s in use", units.Percent(used.use(), 1), units.Cores(used.limit))
	if watched {
		c.add("service_cores", ran, "%s by the service%s", units.Number(ran), a.among())
	}
	if g := a.at(record.KindGenerator, record.CPUCores); g.known() && host == record.KindHost {
		c.add("generator_cores", g.mean, "%s by the generator", units.Number(g.mean))
	}
	// the service wanted all that is left, and it is used up: that is the ceiling
	c.ceiling = &record.Ceiling{
		Name: c.name, Source: host, Rate: a.limit.rate / min(used.use(), 1), Low: a.limit.rate, High: a.limit.rate / fullUse,
		Use: used.use(), Demand: used.mean / a.limit.rate,
	}
	c.score = a.nearness(c.ceiling)
	queue, pressure := a.at(host, record.RunQueue), a.at(host, record.CPUPressure)
	if pressure.mean > pressureMuch || queue.mean > used.limit || waited > pressureMuch*used.limit {
		c.score += 0.4
	}
	if used.use() > fullUse {
		c.score += 0.1
	}
	if f := a.at(host, record.CPUStealCores); f.mean > 0.1*used.limit {
		c.add(record.CPUStealCores, f.mean, "%s cores are taken by the hypervisor", units.Number(f.mean))
	}
	return c
}

// among says how the service's sources share the cores that they use; nothing where there is one.
func (a *analysis) among() string {
	var parts []string
	for _, source := range a.watch.target {
		if used := a.at(source, record.CPUCores); used.known() {
			parts = append(parts, units.Number(used.mean)+" "+source)
		}
	}
	if len(parts) < 2 {
		return ""
	}
	return " (" + strings.Join(parts, " + ") + ")"
}

// coreDemand is how many cores the service's sources used and waited for.
func (a *analysis) coreDemand() (ran, waited float64, watched bool) {
	for _, source := range a.watch.target {
		used := a.at(source, record.CPUCores)
		if !used.known() {
			continue
		}
		watched = true
		ran += used.mean
		waited += a.at(source, record.CPUWaiting).mean
	}
	return ran, waited, watched
}

// ownShare is the share of iterations that the generator may fail itself without being the limit.
const ownShare = 0.01

// iterations are those that ended, and those that failed.
func (a *analysis) iterations() (ended, failed uint64) {
	for i := range a.Windows {
		for _, s := range a.Windows[i].Scenarios {
			ended, failed = ended+s.OK+s.Failed, failed+s.Failed
		}
	}
	return ended, failed
}

// generator is this program: when it was late, nothing is known of the service.
func (a *analysis) generator() candidate {
	c := candidate{name: record.LimitGenerator, source: record.KindGenerator}
	used := a.at(record.KindGenerator, record.CPUCores)
	if used.known() && used.limit > 0 {
		c.add(record.CPUCores, used.mean, "the generator used %s of its %s", units.Percent(used.use(), 1), units.Cores(used.limit))
		if used.use() > record.GeneratorBusy {
			c.score = 0.95
			c.ceiling = a.ceiling(c, record.CPUCores, used)
		}
	}
	for _, host := range a.watch.hosts {
		full := a.at(host, record.CPUCores)
		ran, _, watched := a.coreDemand()
		if host == record.KindHost && watched && full.use() > 0.95 && used.mean > max(ran, 0.4*full.limit) {
			c.score = max(c.score, 0.95)
			c.add("service_cores", ran, "on a full machine it used more cores than the service (%s)", units.Number(ran))
		}
	}
	if wait := a.at(record.KindGenerator, record.SchedWaitS); wait.known() && wait.mean > math.Max(0.1*a.limit.unloaded, 2e-3) && used.use() > 0.7 {
		c.score = max(c.score, 0.9)
		c.add(record.SchedWaitS, wait.mean, "its own work waited %s for a thread", units.Seconds(wait.mean))
	}
	if ended, failed := a.iterations(); a.Own > 0 && a.Own >= failed/2 && float64(a.Own) >= ownShare*float64(ended) {
		c.score = 1
		c.add("own_failures", float64(a.Own), "%d of %d iterations failed for want of its own files, ports or memory", a.Own, ended)
	}
	if a.Sizing != nil && a.Sizing.Verdict == record.VerdictGenerator {
		c.score = 1
		c.evidence = slices.Insert(c.evidence, 0, record.Evidence{Name: "verdict", Value: 1, Text: a.Sizing.Reason})
	}
	return c
}
