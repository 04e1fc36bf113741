package bottleneck

import (
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// What growth needs to be told.
const (
	growthParts  = 8     // the run is cut into: the least value of each counts
	growthShare  = 0.05  // of the first value that it has to grow by
	growthEach   = 0.005 // bytes, or pieces, an iteration
	growthFallen = 0.7   // a value that falls to this share of what it was was given back
)

// grown is a quantity that may pile up, and the least growth that matters.
type grown struct {
	name string
	unit string
	less float64
}

func pilesUp() []grown {
	return []grown{
		{record.MemoryBytes, "B", 4 << 20},
		{record.DiskUsedBytes, "B", 4 << 20},
		{record.Descriptors, "", 16},
		{record.Connections, "", 16},
		{record.ConnectionsOut, "", 16},
		{record.ConnectionsClosing, "", 8},
		{record.Threads, "", 16},
		{record.HeapBytes, "B", 4 << 20},
	}
}

// growth tells what rises with the work done. The least value of each part of
// the run is looked at, by work done: garbage that is collected from time to
// time leaves these where they were, a leak does not.
func (a *analysis) growth() []record.Growth {
	var all []record.Growth
	work := a.work()
	if work == nil {
		return nil
	}
	for _, source := range a.watch.target {
		for _, g := range pilesUp() {
			if one, ok := a.grows(source, g, work); ok {
				all = append(all, one)
			}
		}
	}
	for _, host := range a.watch.hosts { // of the machine's own, only the disk can be the service's doing
		if one, ok := a.grows(host, grown{record.DiskUsedBytes, "B", 64 << 20}, work); ok {
			all = append(all, one)
		}
	}
	return all
}

// work returns how many iterations had succeeded by a time.
func (a *analysis) work() func(seconds float64) float64 {
	var at, done []float64
	total := 0.0
	add := func(to, n float64) {
		total += n
		at, done = append(at, to), append(done, total)
	}
	if len(a.Windows) > 0 {
		for i := range a.Windows {
			n := 0.0
			for _, s := range a.Windows[i].Scenarios {
				n += float64(s.OK)
			}
			add(a.Windows[i].StartS+a.Windows[i].LengthS, n)
		}
	} else {
		for _, h := range a.Holds {
			add(h.StartS+h.LengthS, float64(h.OK)+h.Goodput*h.SettleS)
		}
	}
	if total == 0 {
		return nil
	}
	return func(seconds float64) float64 {
		i, _ := slices.BinarySearch(at, seconds)
		if i == len(at) {
			return total
		}
		before, from := 0.0, 0.0
		if i > 0 {
			before, from = done[i-1], at[i-1]
		}
		part := 1.0
		if at[i] > from {
			part = (seconds - from) / (at[i] - from)
		}
		return before + part*(done[i]-before)
	}
}

// trace is a value by work done, one life of the service long.
type trace struct{ at, work, value []float64 }

func (a *analysis) trace(source, name string, work func(float64) float64) (trace, float64) {
	var t trace
	limit := 0.0
	for i := range a.watch.sources[source] {
		r := &a.watch.sources[source][i]
		if r.State.Over() {
			t = trace{} // what had piled up is gone
		}
		v, ok := r.Values[name]
		if !ok {
			continue
		}
		t.at, t.work, t.value = append(t.at, r.AtS), append(t.work, work(r.AtS)), append(t.value, v)
		if l, known := r.Limits[name]; known {
			limit = l
		}
	}
	return t, limit
}

func (a *analysis) grows(source string, g grown, work func(float64) float64) (record.Growth, bool) {
	t, limit := a.trace(source, g.name, work)
	lows := t.lows()
	if len(lows.work) < growthParts-2 {
		return record.Growth{}, false
	}
	// the first part is start-up: pools filling, code being compiled
	x, y := lows.work[1:], lows.value[1:]
	gain := y[len(y)-1] - y[0]
	if gain < g.less || gain < growthShare*y[0] || !steady(y) {
		return record.Growth{}, false
	}
	idle, slope := stat.LinearRegression(x, y, nil, false)
	spread := slopeError(x, y, idle, slope)
	if slope < growthEach || slope < 3*spread {
		return record.Growth{}, false
	}
	// a quantity that follows the load and not the work stops to grow when the load does
	if a.perWork(t) < slope/2 {
		return record.Growth{}, false
	}
	width := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(len(x) - 2)}.Quantile(0.975) * spread
	out := record.Growth{
		Source: source, Name: g.name, PerIteration: slope, Low: slope - width, High: slope + width, Limit: limit, FellTo: t.fell(),
	}
	if limit > 0 {
		out.FullAfter = (limit - idle) / slope
		out.FullInS = max(limit-t.value[len(t.value)-1], 0) / (slope * a.limit.rate)
	}
	each := amount(slope, g.unit)
	out.Text = strings.ReplaceAll(strings.TrimSuffix(out.Name, "_bytes"), "_", " ") + " grows by " + each + " an iteration"
	if out.FullInS > 0 {
		out.Text += ": full in " + units.Seconds(out.FullInS) + " at " + units.Number(a.limit.rate) + "/s"
	}
	return out, true
}

func amount(v float64, unit string) string {
	if unit == "B" {
		return units.Bytes(v)
	}
	return units.Number(v)
}

// lows cuts the trace into parts of equal work and takes the least value of each.
func (t trace) lows() trace {
	var out trace
	if len(t.work) < 2*growthParts {
		return out
	}
	first, last := t.work[0], t.work[len(t.work)-1]
	if last <= first {
		return out
	}
	part := (last - first) / growthParts
	for i := range growthParts {
		least, at, found := math.Inf(1), 0.0, false
		for j := range t.work {
			if w := t.work[j]; w >= first+float64(i)*part && (w < first+float64(i+1)*part || i == growthParts-1) && t.value[j] < least {
				least, at, found = t.value[j], w, true
			}
		}
		if found {
			out.work, out.value = append(out.work, at), append(out.value, least)
		}
	}
	return out
}

// steady says whether values rise nearly all the way, and in the last third too.
func steady(y []float64) bool {
	falls := 0
	for i := 1; i < len(y); i++ {
		if y[i] < y[i-1] {
			falls++
		}
	}
	third := len(y) * 2 / 3
	return falls <= 1 && y[len(y)-1]-y[third] > 0.1*(y[len(y)-1]-y[0])
}

// perWork is the growth by work where the load is the same: what each user
// under way takes is accounted for by its own term.
func (a *analysis) perWork(t trace) float64 {
	x := mat.NewDense(len(t.work), 3, nil)
	y := mat.NewVecDense(len(t.value), t.value)
	most := t.work[len(t.work)-1]
	for i := range t.work {
		x.SetRow(i, []float64{1, t.work[i] / most, a.underWay(t.at[i])})
	}
	var b mat.VecDense
	if b.SolveVec(x, y) != nil {
		return math.Inf(1) // one load only: it explains nothing
	}
	return b.AtVec(1) / most
}

// underWay is how many iterations were under way at a time.
func (a *analysis) underWay(at float64) float64 {
	n := 0.0
	for i := range a.points {
		if a.points[i].from <= at {
			n = concurrency(a.points[i])
		}
	}
	return n
}

// fell is the least share that a value fell to from what it had been before; 0: it never fell much.
func (t trace) fell() float64 {
	most, least := 0.0, 1.0
	for _, v := range t.value {
		most = max(most, v)
		if most > 0 {
			least = min(least, v/most)
		}
	}
	if least > growthFallen {
		return 0
	}
	return least
}

// slopeError is the standard error of the slope of a line through points.
func slopeError(x, y []float64, idle, slope float64) float64 {
	mean := stat.Mean(x, nil)
	var rest, spread float64
	for i := range x {
		e := y[i] - idle - slope*x[i]
		rest += e * e
		spread += (x[i] - mean) * (x[i] - mean)
	}
	return math.Sqrt(rest / max(float64(len(x)-2), 1) / spread)
}
