package bottleneck

import (
	"cmp"
	"math"
	"slices"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// point is one load that was kept for a while.
type point struct {
	from, to float64 // seconds of the run; the judged part
	arrivals bool    // load is a rate, not a number of users
	level    float64
	rate     float64 // comparable iterations per second
	se       float64 // relative, of rate
	inFlight float64
	mean     float64 // successful iteration, seconds
	p50      float64 // of requests
	share    float64 // of iterations that failed
	pass     bool
	ok       float64 // iterations
	usual    float64 // successful iteration, seconds: the median where the middle half is close to it; 0: they differ

	// of the windows within, where there are any
	refused  float64 // requests answered 429 or 503
	requests float64
	failMean float64 // failed iteration, seconds; 0: none
	bytes    float64 // received from the service
}

func (p *point) length() float64 { return p.to - p.from }

// pointsOfHolds takes the holds that tell something about a load.
func pointsOfHolds(holds []record.Hold) []point {
	var all []point
	for _, h := range holds {
		if h.Phase == record.PhaseDrain || h.LengthS <= 0 || h.Verdict == record.Void {
			continue
		}
		rate := h.Work
		if rate == 0 {
			rate = h.Goodput
		}
		all = append(all, point{
			from: h.StartS, to: h.StartS + h.LengthS,
			arrivals: h.Control == record.ByRate, level: h.Level, rate: rate, se: h.SE, inFlight: h.InFlight,
			mean: h.MeanS, p50: h.P50S, share: h.Share, pass: h.Verdict == record.Pass, ok: float64(h.OK),
		})
	}
	return all
}

// slices a run is cut into: at most, and at least that long.
const (
	maxSlices   = 12
	minSliceS   = 2.0
	vusTogether = 1.25 // numbers of users within this ratio are one load
)

// pointsOfWindows cuts a run into slices of about equal load.
func pointsOfWindows(windows []record.Window, tolerance float64) []point {
	if len(windows) == 0 {
		return nil
	}
	last := windows[len(windows)-1]
	long := max((last.StartS+last.LengthS-windows[0].StartS)/maxSlices, minSliceS)
	var all []point
	for i := 0; i < len(windows); {
		j := i
		first := max(windows[i].VUs, 1)
		for j < len(windows) {
			ratio := float64(max(windows[j].VUs, 1)) / float64(first)
			end := windows[j].StartS + windows[j].LengthS
			j++
			if end-windows[i].StartS >= long || ratio > vusTogether || ratio < 1/vusTogether {
				break
			}
		}
		if p, ok := pointOf(windows[i:j], tolerance); ok {
			all = append(all, p)
		}
		i = j
	}
	return all
}

func pointOf(windows []record.Window, tolerance float64) (point, bool) {
	first, last := windows[0], windows[len(windows)-1]
	p := point{from: first.StartS, to: last.StartS + last.LengthS}
	var failed, seconds, timed, flight, users float64
	for i := range windows {
		w := &windows[i]
		for _, s := range w.Scenarios {
			p.ok += float64(s.OK)
			failed += float64(s.Failed)
			seconds += s.Duration.Mean().Seconds() * float64(s.Duration.Count())
			timed += float64(s.Duration.Count())
		}
		flight += float64(w.InFlight)
		users += float64(w.VUs)
	}
	if p.length() <= 0 || p.ok+failed == 0 {
		return p, false
	}
	n := float64(len(windows))
	p.rate, p.inFlight, p.level = p.ok/p.length(), flight/n, users/n
	p.share = failed / (p.ok + failed)
	p.pass = p.share <= tolerance
	if p.ok > 0 {
		p.mean, p.se = seconds/max(timed, 1), 1/math.Sqrt(p.ok)
	}
	return p, true
}

// addWindows adds to each point what only windows know.
func (a *analysis) addWindows() {
	for i := range a.points {
		p := &a.points[i]
		var failed, seconds float64
		var took metric.Histogram
		for j := range a.Windows {
			w := &a.Windows[j]
			if middle := w.StartS + w.LengthS/2; middle < p.from || middle > p.to {
				continue
			}
			p.addEndpoints(w)
			for _, s := range w.Scenarios {
				took.Merge(s.Duration)
				failed += float64(s.FailedDuration.Count())
				seconds += s.FailedDuration.Mean().Seconds() * float64(s.FailedDuration.Count())
			}
		}
		if failed > 0 {
			p.failMean = seconds / failed
		}
		if middle := took.Quantile(.5).Seconds(); took.Quantile(.75).Seconds()-took.Quantile(.25).Seconds() < middle*alike {
			p.usual = middle
		}
	}
}

func (p *point) addEndpoints(w *record.Window) {
	for _, e := range w.Endpoints {
		p.requests += float64(e.OK + e.Failed)
		p.bytes += float64(e.BytesIn)
		for _, s := range e.Status {
			if s.Status == 429 || s.Status == 503 {
				p.refused += float64(s.Count)
			}
		}
	}
}

// limit is where the service stopped to carry more.
type limit struct {
	rate     float64 // the most it carried
	unloaded float64 // time of an iteration at the lowest load
	quiet    float64 // the same, with nobody else on the machine
	slots    float64 // rate x quiet: what it works on at once
	lowest   point
	at       []point // the loads at the limit and beyond
	users    []point // closed loads, by number
	highest  point   // of users, or the highest rate
}

// findLimit finds it. Points at the limit are those that asked for as much as
// was carried at most, or more.
func findLimit(points []point) limit {
	var l limit
	if len(points) == 0 {
		return l
	}
	l.rate = carried(points)
	lowest := points[0]
	for _, p := range points {
		if p.mean > 0 && (lowest.mean == 0 || concurrency(p) < concurrency(lowest)) {
			lowest = p
		}
		if !p.arrivals {
			l.users = append(l.users, p)
		}
	}
	slices.SortStableFunc(l.users, func(x, y point) int { return cmp.Compare(x.level, y.level) })
	l.unloaded, l.lowest = lowest.mean, lowest
	l.undisturbed(lowest.mean)
	asked := math.Inf(1) // the fewest users that got nearly all
	for _, p := range l.users {
		if p.rate >= 0.95*l.rate {
			asked = min(asked, p.level)
		}
	}
	for _, p := range points {
		if (p.arrivals && p.level >= 0.93*l.rate) || (!p.arrivals && p.level >= asked) {
			l.at = append(l.at, p)
		}
		if concurrency(p) >= concurrency(l.highest) {
			l.highest = p
		}
	}
	if len(l.at) == 0 {
		l.at = []point{l.highest}
	}
	return l
}

// undisturbed sets the time that slots are reckoned with.
func (l *limit) undisturbed(quiet float64) { l.quiet, l.slots = quiet, l.rate*quiet }

// What others on the machine may do to the unloaded time.
const (
	alike       = 0.25 // middle half over median, where all iterations are the same work
	othersMuch  = 0.2  // cores that others use, from which on they are seen in single iterations
	disturbance = 1.3  // how many times longer they make the mean at most
)

// quieten leaves out of the unloaded time what others on the machine did to
// it: where iterations are all alike but for some that had to wait for a
// core, the median is what the service takes.
func (a *analysis) quieten() {
	p := a.limit.lowest
	if p.usual == 0 || p.usual >= p.mean || !a.others(p) {
		return
	}
	a.limit.undisturbed(max(p.usual, p.mean/disturbance))
}

// others says whether somebody else used the machine's cores during a load.
func (a *analysis) others(p point) bool {
	during := func(source string) float64 {
		return a.watch.during(source, record.CPUCores, []point{p}).mean
	}
	ours := during(record.KindGenerator)
	for _, source := range a.watch.target {
		ours += during(source)
	}
	return slices.ContainsFunc(a.watch.hosts, func(host string) bool { return during(host)-ours > othersMuch })
}

// carried is the goodput that was reached: of the holds within 3 % of the
// best one the mean, for the best alone is the luckiest.
func carried(points []point) float64 {
	best := 0.0
	for _, p := range points {
		if p.ok >= 15 || p.ok == 0 {
			best = max(best, p.rate)
		}
	}
	sum, weight := 0.0, 0.0
	for _, p := range points {
		if p.rate >= best*(1-max(0.03, 2*p.se)) && p.rate <= best {
			sum, weight = sum+p.rate*p.length(), weight+p.length()
		}
	}
	if weight == 0 {
		return 0
	}
	return sum / weight
}

// concurrency is how many iterations are under way, whichever way load is set.
func concurrency(p point) float64 {
	if !p.arrivals {
		return p.level
	}
	if p.inFlight > 0 {
		return p.inFlight
	}
	return p.rate * p.mean
}
