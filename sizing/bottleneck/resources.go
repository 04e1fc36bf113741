package bottleneck

import (
	"fmt"
	"slices"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// Saturation is what these values are beyond, at the limit.
const (
	throttledMuch = 0.05 // of the quota's periods
	pressureMuch  = 0.25 // of the time, cpu and io
	memoryMuch    = 0.01 // of the time all tasks waited for memory
	linkFull      = 0.9
)

// resources scores every resource of every source.
func (a *analysis) resources() []candidate {
	var all []candidate
	for _, source := range a.watch.target {
		all = append(all, a.cpu(source), a.thread(source), a.memory(source), a.disk(source),
			a.network(source), a.descriptors(source), a.backlog(source))
	}
	for _, host := range a.watch.hosts {
		all = append(all, a.hostCPU(host), a.network(host))
	}
	all = append(all, a.generator())
	a.consequences(all)
	return slices.DeleteFunc(all, func(c candidate) bool { return c.score == 0 && c.ceiling == nil })
}

// consequences takes weight from what follows from another full resource.
func (a *analysis) consequences(all []candidate) {
	best := map[string]float64{}
	for _, c := range all {
		best[c.name] = max(best[c.name], c.score)
	}
	if best[record.LimitGenerator] >= fullUse {
		for i := range all { // whatever else was full, it was not filled by the load that was meant
			if all[i].name != record.LimitGenerator {
				all[i].score *= 0.5
			}
		}
		return
	}
	busy := max(best[record.LimitCPU], best[record.LimitThread], best[record.LimitMemory], best[record.LimitGC])
	for i := range all {
		switch c := &all[i]; {
		case c.name == record.LimitBacklog && max(busy, best[record.LimitDisk]) >= 0.8: // nobody had time to accept
			c.score *= 0.5
		case c.name == record.LimitDisk && best[record.LimitMemory] >= 0.8: // it reads back what had to go
			c.score *= 0.5
		case c.name == record.LimitNetwork && busy >= 0.8:
			c.score *= 0.7
		}
	}
}

// at is a value at the limit.
func (a *analysis) at(source, name string) figure {
	return a.watch.during(source, name, a.limit.at)
}

func (c *candidate) add(name string, value float64, format string, args ...any) {
	c.evidence = append(c.evidence, record.Evidence{Name: name, Value: value, Text: fmt.Sprintf(format, args...)})
}

// tellCeiling adds the ceiling to the evidence.
func (c *candidate) tellCeiling() {
	if c.ceiling != nil {
		c.add("ceiling", c.ceiling.Rate, "ceiling %s/s", units.Number(c.ceiling.Rate))
	}
}

func (a *analysis) cpu(source string) candidate {
	c := candidate{name: record.LimitCPU, source: source}
	used := a.at(source, record.CPUCores)
	if !used.known() {
		return c
	}
	if used.limit > 0 {
		c.add(record.CPUCores, used.mean, "%s of its %s", units.Percent(used.use(), 1), units.Cores(used.limit))
	} else {
		c.add(record.CPUCores, used.mean, "uses %s of an unknown limit", units.Cores(used.mean))
	}
	c.ceiling = a.ceiling(c, record.CPUCores, used)
	c.score = a.nearness(c.ceiling)
	saturated := false
	if f := a.at(source, record.CPUThrottled); f.known() && f.mean > throttledMuch {
		saturated = true
		c.add(record.CPUThrottled, f.mean, "throttled %s of periods", units.Percent(f.mean, 1))
	}
	if f := a.at(source, record.CPUPressure); f.known() && f.mean > pressureMuch {
		saturated = true
		c.add(record.CPUPressure, f.mean, "a task waited for a core %s of the time", units.Percent(f.mean, 1))
	}
	waited := a.at(source, record.CPUWaiting)
	if waited.known() && used.limit > 0 && waited.mean > pressureMuch*used.limit {
		saturated = true
		c.add(record.CPUWaiting, waited.mean, "%s threads waited for a core", units.Number(waited.mean))
	}
	// on a core that others use too it cannot use all of it: what it wanted counts
	if saturated && used.use() > 0.4 && used.mean+waited.mean > fullUse*used.limit && c.score < 0.5 {
		c.score = 0.5
		c.ceiling = &record.Ceiling{Name: c.name, Source: source, Rate: a.limit.rate, Low: a.limit.rate, High: a.limit.rate / used.use(), Use: used.use(), Demand: used.mean / a.limit.rate}
	}
	// throttling of what is far from its quota on average is bursts, not a limit
	if saturated && used.use() > 0.4 {
		c.score += 0.4
	}
	if used.use() > fullUse {
		c.score += 0.1
	}
	c.tellCeiling()
	a.collection(&c)
	return c
}

// collection renames a full CPU that is used by the garbage collector.
func (a *analysis) collection(c *candidate) {
	f := a.at(c.source, record.GCCPU)
	for _, other := range a.watch.target {
		if !f.known() {
			f = a.at(other, record.GCCPU)
		}
	}
	if f.known() && f.mean >= 0.3 && c.score >= scoreNeeded {
		c.name = record.LimitGC
		c.evidence = slices.Insert(c.evidence, 0, record.Evidence{
			Name: record.GCCPU, Value: f.mean, Text: units.Percent(f.mean, 1) + " of its CPU time is garbage collection",
		})
	}
}

// thread is one thread that is busy all the time while there are more cores.
func (a *analysis) thread(source string) candidate {
	c := candidate{name: record.LimitThread, source: source}
	busiest, used := a.at(source, record.CPUBusiestThread), a.at(source, record.CPUCores)
	if !busiest.known() || used.limit < 1.2 {
		return c // with one core or less it is the CPU
	}
	c.add(record.CPUBusiestThread, busiest.mean, "its busiest thread uses %s of a core", units.Percent(busiest.mean, 1))
	c.add(record.CPUCores, used.mean, "all together %s of %s", units.Number(used.mean), units.Cores(used.limit))
	if busiest.limit == 0 {
		busiest.limit = 1
	}
	c.ceiling = a.ceiling(c, record.CPUBusiestThread, busiest)
	waited := a.at(source, record.CPUThreadWaiting)
	busy := busiest.mean + waited.mean
	if busiest.mean < 0.4 || busy < 0.8 || a.wantsMore(source, used) {
		return c // a thread that waits for something else is no limit, whatever a line says
	}
	c.score = a.nearness(c.ceiling) + 0.4
	if busy > fullUse {
		c.score = max(c.score, 0.9) + 0.1
	}
	if waited.mean > 0.05 {
		c.add(record.CPUThreadWaiting, waited.mean, "and waits for a core %s of the time", units.Percent(waited.mean, 1))
	}
	c.tellCeiling()
	return c
}

// wantsMore says whether the service's threads together want clearly more than one core.
func (a *analysis) wantsMore(source string, used figure) bool {
	return used.mean+a.at(source, record.CPUWaiting).mean > 1.5
}

// kills counts processes that were killed for want of memory. A process's own
// files are gone with it: that it ended while the machine killed one tells as much.
func (a *analysis) kills(source string) float64 {
	n := a.watch.total(source, record.MemoryOOMKills)
	ended := false
	for _, r := range a.watch.sources[source] {
		if r.State == record.StateOutOfMemory {
			n++
		}
		ended = ended || r.State.Over()
	}
	for _, host := range a.watch.hosts {
		if ended && n == 0 {
			n = a.watch.total(host, record.MemoryOOMKills)
		}
	}
	return n
}

func (a *analysis) memory(source string) candidate {
	c := candidate{name: record.LimitMemory, source: source}
	kills := a.kills(source)
	used := a.at(source, record.MemoryBytes)
	most := 0.0
	for i := range a.watch.sources[source] {
		if use, ok := a.watch.sources[source][i].Use(record.MemoryBytes); ok {
			most = max(most, use)
		}
	}
	if used.limit > 0 {
		c.add(record.MemoryBytes, used.mean, "%s of its %s of memory at most", units.Percent(most, 1), units.Bytes(used.limit))
	}
	if kills > 0 {
		c.score = 1
		c.add(record.MemoryOOMKills, kills, "killed for want of memory %s times", units.Number(kills))
		return c
	}
	if f := a.at(source, record.MemoryPressureFull); f.known() && f.mean > memoryMuch {
		c.score += 0.4
		c.add(record.MemoryPressureFull, f.mean, "all tasks waited for memory %s of the time", units.Percent(f.mean, 1))
	}
	a.readBack(&c, used)
	if used.use() > fullUse {
		c.score += 0.1
	}
	return c
}

// readBack sees a limit that is full, by the pages that had to go and are needed again.
func (a *analysis) readBack(c *candidate, used figure) {
	hits, faults := a.at(c.source, record.MemoryLimitHits), a.at(c.source, record.MemoryFaults)
	held := used.mean + a.at(c.source, record.MemoryCacheBytes).mean // mapped files are cache
	if hits.mean <= 0 || faults.mean <= 10 || used.limit <= 0 || held < 0.8*used.limit {
		return
	}
	c.score += 0.5
	if faults.mean >= a.limit.rate {
		c.score += 0.3 // at least one for each iteration
	}
	c.add(record.MemoryFaults, faults.mean, "%s pages a second read back from disk", units.Number(faults.mean))
	c.add("memory_held", held, "%s of its %s held, with cache", units.Percent(min(held/used.limit, 1), 1), units.Bytes(used.limit))
}

// disk needs the machine's word that a disk is busy and the service's own that it waits for it.
func (a *analysis) disk(source string) candidate {
	c := candidate{name: record.LimitDisk, source: source}
	busy := figure{}
	for _, from := range append([]string{source}, a.watch.hosts...) {
		for _, name := range []string{record.IOPressureSome, record.DiskBusy} {
			if f := a.at(from, name); f.known() && f.mean > busy.mean {
				busy = f
			}
		}
	}
	blocked, own := a.at(source, record.DiskBlocked), a.at(source, record.IOPressureSome)
	if always := min(blocked.mean, 1); always > busy.mean { // waits for a journal are in no pressure
		busy = figure{mean: always, cover: blocked.cover}
	}
	waits := blocked.mean > 0.2 || own.mean > 0.15
	if !blocked.known() && !own.known() {
		l, ok := a.demand(source, record.DiskWriteBytes)
		waits = ok && l.rises()
	}
	if !busy.known() || !waits {
		return c
	}
	c.add(record.IOPressureSome, busy.mean, "a disk was waited for %s of the time", units.Percent(busy.mean, 1))
	if blocked.known() {
		c.add(record.DiskBlocked, blocked.mean, "%s of its threads slept for it", units.Number(blocked.mean))
	}
	if f := a.at(source, record.DiskWriteBytes); f.mean > 0 {
		c.add(record.DiskWriteBytes, f.mean, "%s/s written", units.Bytes(f.mean))
	}
	busy.limit = 1
	c.ceiling = a.ceiling(c, record.IOPressureSome, busy)
	c.score = a.nearness(c.ceiling)
	if busy.mean > pressureMuch {
		c.score += 0.4
	}
	if busy.mean > fullUse {
		c.score += 0.1
	}
	if a.fillsSlots(blocked.mean) {
		c.score += 0.2
		c.add("disk_share", blocked.mean/a.limit.slots, "%s of what it works on at once waits for a disk", units.Percent(min(blocked.mean/a.limit.slots, 1), 1))
	}
	return c
}

// fillsSlots says whether waiting for a disk is most of what is done at once: a
// lock or a pool around a slow disk is the disk's limit, also where the rest,
// on a slow machine, is long enough for the disk never to be full.
func (a *analysis) fillsSlots(blocked float64) bool {
	return a.limit.slots > 0 && blocked > pressureMuch && blocked >= 0.5*a.limit.slots
}

func (a *analysis) network(source string) candidate {
	c := candidate{name: record.LimitNetwork, source: source}
	for _, name := range []string{record.NetOutBytes, record.NetInBytes} {
		f := a.at(source, name)
		if !f.known() || f.limit <= 0 || f.use() < 0.1 {
			continue
		}
		ceiling := a.ceiling(c, name, f)
		score := a.nearness(ceiling)
		if f.use() > linkFull {
			score += 0.5
		}
		if c.ceiling == nil || score > c.score {
			c.score, c.ceiling, c.evidence = score, ceiling, nil
			c.add(name, f.mean, "%s/s of %s/s of its link", units.Bytes(f.mean), units.Bytes(f.limit))
		}
	}
	if f := a.at(source, record.NetDrops); c.ceiling != nil && f.mean > 1 {
		c.score += 0.3
		c.add(record.NetDrops, f.mean, "%s packets a second dropped", units.Number(f.mean))
	}
	if c.score > 0 {
		c.tellCeiling()
	}
	a.unsent(&c)
	return c
}

// unsent sees a narrow way by what the service has written and could not send yet.
func (a *analysis) unsent(c *candidate) {
	queue := a.at(c.source, record.NetSendQueueBytes)
	var bytes, iterations, flight, length float64
	for _, p := range a.limit.at {
		bytes, iterations = bytes+p.bytes, iterations+p.ok
		flight, length = flight+concurrency(p)*p.length(), length+p.length()
	}
	if !queue.known() || bytes == 0 || iterations == 0 || flight == 0 {
		return
	}
	waiting := queue.mean / (bytes / iterations) // iterations whose answer waits to be sent
	share := waiting / (flight / length)
	if share < 0.25 || queue.mean < 16<<10 {
		return
	}
	score := 0.6
	if share >= 0.5 {
		score = 0.9
	}
	if score <= c.score {
		return
	}
	c.score, c.evidence = score, nil
	c.add(record.NetSendQueueBytes, queue.mean, "%s of answers are written and not yet sent", units.Bytes(queue.mean))
	c.add("net_waiting_share", share, "%s of what is under way waits for the network", units.Percent(share, 1))
	c.add(record.NetOutBytes, bytes/length, "%s/s arrive", units.Bytes(bytes/length))
}

func (a *analysis) descriptors(source string) candidate {
	c := candidate{name: record.LimitDescriptors, source: source}
	most, limit := 0.0, 0.0
	for i := range a.watch.sources[source] {
		r := &a.watch.sources[source][i]
		if use, ok := r.Use(record.Descriptors); ok && use > most {
			most, limit = use, r.Limits[record.Descriptors]
		}
	}
	if most < 0.95 {
		return c
	}
	c.score = 0.9
	c.add(record.Descriptors, most*limit, "%s of its %s descriptors open", units.Percent(most, 1), units.Number(limit))
	if f, n := a.failing(); n > 0 {
		c.add("failed_share", f.share, "up to %s of iterations fail", units.Percent(f.share, 1))
	} else {
		c.add("in_flight", concurrency(a.limit.highest), "with %s iterations under way", units.Number(concurrency(a.limit.highest)))
	}
	return c
}

// backlog is a queue of connections that overflows, or is never empty.
func (a *analysis) backlog(source string) candidate {
	c := candidate{name: record.LimitBacklog, source: source}
	overflows, queue := a.at(source, record.NetListenOverflows), a.at(source, record.NetListenQueue)
	if !overflows.known() && queue.mean >= 1 && (queue.limit == 0 || queue.use() > 0.3) {
		// the machine counts for all its servers: only where the service's own queue is long is it the service's
		for _, host := range a.watch.hosts {
			overflows = a.at(host, record.NetListenOverflows)
		}
	}
	if overflows.mean > 0.5 {
		c.score += 0.5
		c.add(record.NetListenOverflows, overflows.mean, "%s connections a second refused because the queue was full", units.Number(overflows.mean))
	}
	if queue.mean >= 1 && (queue.limit == 0 || queue.use() > 0.1) {
		c.score += 0.4
		of := ""
		if queue.limit > 0 {
			of = " of at most " + units.Number(queue.limit)
		}
		c.add(record.NetListenQueue, queue.mean, "%s%s connections wait to be accepted", units.Number(queue.mean), of)
	}
	return c
}
