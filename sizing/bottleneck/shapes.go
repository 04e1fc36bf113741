package bottleneck

import (
	"math"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// Shapes of limits that are in the software.
const (
	flatWithin  = 0.12 // X at twice the knee and beyond, of the most
	flatAmong   = 0.25 // the same where others fill the machine: what is left of it comes and goes
	fallAmong   = 0.4  // goodput that is lost where others fill the machine, from which on it is the service's doing
	oneAtATime  = 1.5  // slots, up to which it is a lock
	latencyFlat = 1.5  // accepted iterations take at most this many times the unloaded time
	fastFailure = 0.7  // a refusal takes at most this share of an accepted iteration
)

// shapes scores the kinds of software limits.
func (a *analysis) shapes() []candidate {
	var all []candidate
	for _, one := range []func() candidate{a.leak, a.admission, a.coherency, a.downstream, a.pool, a.stalls} {
		if c := one(); c.score > 0 {
			all = append(all, c)
		}
	}
	explained := 0.0
	for _, c := range all {
		if c.name == record.LimitAdmission || c.name == record.LimitDownstream || c.name == record.LimitCoherency {
			explained = max(explained, c.score)
		}
	}
	for i := range all {
		if all[i].name == record.LimitPool || all[i].name == record.LimitLock { // these look like slots too
			all[i].score *= 1 - explained/2
		}
	}
	return all
}

// unlimited says whether nothing was reached: the highest load was carried as well as the lowest.
func (a *analysis) unlimited() bool {
	top := a.limit.highest
	for _, p := range a.points {
		if !p.pass {
			return false
		}
	}
	if a.Sizing != nil && a.Sizing.Verdict == record.VerdictFound {
		return false
	}
	return a.limit.unloaded > 0 && top.mean > 0 && top.mean < 1.3*a.limit.unloaded && top.rate >= 0.9*a.limit.rate
}

func (l limit) stillRising() record.Evidence {
	c := candidate{}
	c.add("mean_s", l.highest.mean, "the highest load still took %s an iteration (%s unloaded)", units.Seconds(l.highest.mean), units.Seconds(l.unloaded))
	return c.evidence[0]
}

// failing sums the points beyond the tolerance.
func (a *analysis) failing() (all point, n int) {
	var seconds, fails, weight float64
	for _, p := range a.points {
		if p.pass || p.share == 0 {
			continue
		}
		n++
		all.refused, all.requests = all.refused+p.refused, all.requests+p.requests
		all.share = max(all.share, p.share)
		if p.mean > 0 {
			seconds, weight = seconds+p.mean*p.ok, weight+p.ok
		}
		if p.failMean > 0 {
			fails = max(fails, p.failMean)
		}
	}
	if weight > 0 {
		all.mean = seconds / weight
	}
	all.failMean = fails
	return all, n
}

// admission refuses quickly and serves the rest as fast as ever.
func (a *analysis) admission() candidate {
	c := candidate{name: record.LimitAdmission}
	f, n := a.failing()
	if n == 0 || f.mean <= 0 || a.limit.unloaded <= 0 {
		return c
	}
	slower := f.mean / a.limit.unloaded
	if slower > latencyFlat {
		return c
	}
	c.score = 0.5
	if f.requests > 0 && f.refused <= 0.02*f.requests {
		c.score = 0.2 // it fails fast, but does not say that it is too much
	}
	c.add("slower", slower, "what is accepted takes %s, as unloaded (%s)", units.Seconds(f.mean), units.Seconds(a.limit.unloaded))
	if f.requests > 0 && f.refused > 0.02*f.requests {
		c.score += 0.3
		c.add("refused_share", f.refused/f.requests, "%s of requests are answered 429 or 503", units.Percent(f.refused/f.requests, 1))
	}
	if f.failMean > 0 && f.failMean < fastFailure*f.mean {
		c.score += 0.1
		c.add("refusal_s", f.failMean, "refused within %s", units.Seconds(f.failMean))
	}
	c.add("goodput", a.limit.rate, "no more than %s/s pass", units.Number(a.limit.rate))
	return c
}

// flatWithin is how much goodput may differ and still be called the same.
func (a *analysis) flatWithin() float64 {
	ran, _, _ := a.coreDemand()
	ran += a.at(record.KindGenerator, record.CPUCores).mean
	for _, host := range a.watch.hosts {
		if used := a.at(host, record.CPUCores); used.use() > fullUse && ran < used.mean/2 {
			return flatAmong
		}
	}
	return flatWithin
}

// flat says whether more users than fill it carry no more, and over which range of users.
func (a *analysis) flat() (span float64, ok bool) {
	users := a.limit.users
	if len(users) == 0 || users[0].level == users[len(users)-1].level {
		return 0, false // one load alone is flat always
	}
	filled := a.limit.slots
	highest := 0.0
	for _, p := range users {
		if p.level < 1.9*filled || p.level < 2 || (!p.pass && p.share > 0.5) {
			continue
		}
		if math.Abs(p.rate/a.limit.rate-1) > max(a.flatWithin(), 3*p.se) {
			return 0, false
		}
		highest = max(highest, p.level)
	}
	return highest / max(filled, 1), highest > 0
}

// queued says whether an arrival load beyond the limit piled up or failed.
func (a *analysis) queued() bool {
	for _, p := range a.points {
		if p.arrivals && !p.pass {
			return true
		}
	}
	return false
}

// pool is a number of slots that work is done in; one slot is a lock.
func (a *analysis) pool() candidate {
	c := candidate{name: record.LimitPool}
	slots := a.limit.slots
	span, flat := a.flat()
	if slots <= 0 || (!flat && !a.queued()) {
		return c
	}
	if slots <= oneAtATime {
		c.name = record.LimitLock
	}
	c.score = 0.5
	if flat && span >= 2 {
		c.score += 0.2
	}
	if users := a.limit.users; flat && users[len(users)-1].rate < (1-a.flatWithin())*a.limit.rate {
		c.score -= 0.3 // flat for all that is known, but it may as well fall
	}
	if slots < 3 || math.Abs(slots-math.Round(slots)) < 0.08*slots {
		c.score += 0.1
	}
	c.add("slots", slots, "works on %s at once (%s/s x %s)", units.Number(slots), units.Number(a.limit.rate), units.Seconds(a.limit.quiet))
	if flat {
		c.add("mean_s", a.limit.highest.mean, "goodput is flat up to %s users while an iteration grows to %s", units.Number(a.limit.users[len(a.limit.users)-1].level), units.Seconds(a.limit.users[len(a.limit.users)-1].mean))
	}
	for _, source := range a.watch.target {
		if used := a.at(source, record.CPUCores); used.known() && used.limit > 0 {
			c.add(record.CPUCores, used.mean, "%s uses %s of its %s", source, units.Percent(used.use(), 1), units.Cores(used.limit))
		}
	}
	return c
}

// coherency is goodput that falls when more users come.
func (a *analysis) coherency() candidate {
	c := candidate{name: record.LimitCoherency}
	users := a.limit.users
	if len(users) < 3 {
		return c
	}
	peak := users[0]
	for _, p := range users {
		if p.rate > peak.rate {
			peak = p
		}
	}
	last := users[len(users)-1]
	drop := 1 - last.rate/peak.rate
	noise := math.Hypot(last.se, peak.se)
	if last.level < 1.9*peak.level || drop < max(0.1, a.flatWithin()-0.02) || drop < 3*noise || last.share > 0.3 {
		return c
	}
	c.score = 0.8
	if drop > 0.2 {
		c.score = 0.9
	}
	if a.flatWithin() == flatAmong && drop < fallAmong {
		c.score = 0.45 // it may as well be the machine
	}
	c.add("peak", peak.rate, "%s/s with %s users", units.Number(peak.rate), units.Number(peak.level))
	c.add("drop", drop, "%s/s with %s: %s less", units.Number(last.rate), units.Number(last.level), units.Percent(drop, 1))
	return c
}

// downstream holds as many connections to others as it has slots.
func (a *analysis) downstream() candidate {
	c := candidate{name: record.LimitDownstream}
	slots := a.limit.slots
	for _, source := range a.watch.target {
		out := a.at(source, record.ConnectionsOut)
		idle := a.watch.during(source, record.ConnectionsOut, a.points[:1])
		if !out.known() || out.mean < 1 || slots < 1 {
			continue
		}
		// as many as slots: each waits for an answer; or as many as users, with no pool
		fits := math.Abs(out.mean/slots-1) < 0.3 || out.mean > 0.7*concurrency(a.limit.highest)
		if !fits {
			continue
		}
		c.source = source
		c.score = 0.9
		if idle.known() && idle.mean >= 0.9*out.mean {
			c.score = 0.6 // they were all open with no load too: a pool that is kept filled
		}
		c.evidence = nil
		c.add(record.ConnectionsOut, out.mean, "%s connections to other services are in use", units.Number(out.mean))
		c.add("slots", slots, "it works on %s at once", units.Number(slots))
	}
	if _, flat := a.flat(); !flat && !a.queued() {
		c.score = 0
	}
	return c
}

// leak fails after some work, whatever the load.
func (a *analysis) leak() candidate {
	c := candidate{name: record.LimitLeak}
	if a.Sizing != nil && len(a.Sizing.Shape.Outages) > 0 {
		c.score = 0.8
		c.add("outages", float64(len(a.Sizing.Shape.Outages)), "everything failed after %d requests", a.Sizing.Shape.Outages[0])
	}
	inversions := 0
	for i, p := range a.points {
		for _, earlier := range a.points[:i] {
			if !p.pass && p.share > 0.5 && earlier.pass && earlier.arrivals == p.arrivals && p.level <= earlier.level {
				inversions++
				break
			}
		}
	}
	if inversions >= 2 {
		c.score = max(c.score, 0.7)
		c.add("inversions", float64(inversions), "%d loads failed that had been carried before", inversions)
	}
	return c
}

// stalls are windows in which next to nothing was carried, at even distances.
func (a *analysis) stalls() candidate {
	c := candidate{name: record.LimitStalls}
	period, n := stallPeriod(a.Windows)
	if a.Sizing != nil && a.Sizing.Shape.StallPeriodS > 0 {
		period, n = a.Sizing.Shape.StallPeriodS, max(n, 3)
	}
	if n < 3 {
		return c
	}
	c.score = 0.55
	c.add("stall_period_s", period, "it stands still every %s", units.Seconds(period))
	return c
}

// stallPeriod finds the even distance between windows that carried less than a
// third of their neighbours.
func stallPeriod(windows []record.Window) (seconds float64, n int) {
	var at []float64
	rate := func(i int) float64 {
		ok := 0.0
		for _, s := range windows[i].Scenarios {
			ok += float64(s.OK)
		}
		return ok / max(windows[i].LengthS, 1e-3)
	}
	for i := 1; i < len(windows)-1; i++ {
		around := min(rate(i-1), rate(i+1))
		if around > 5 && rate(i) < around/3 {
			at = append(at, windows[i].StartS)
		}
	}
	if len(at) < 4 {
		return 0, 0
	}
	mean := (at[len(at)-1] - at[0]) / float64(len(at)-1)
	for i := 1; i < len(at); i++ {
		if math.Abs(at[i]-at[i-1]-mean) > 0.25*mean+windows[0].LengthS {
			return 0, 0
		}
	}
	return mean, len(at)
}
