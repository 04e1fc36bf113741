//go:build real

package main_test

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// limited is a model of package target with what it truly carries.
type limited struct {
	model     string
	doc       string
	truth     func(capacity float64) float64 // successful requests per second
	objective bool
	often     bool // run even where each is run once
}

const (
	slotServers = 8 // of the target's slot models
	slotPlaces  = 16
	objectiveIn = 5 // mean service times
)

func limits() []limited {
	share := func(x float64) func(float64) float64 { return func(c float64) float64 { return x * c } }
	fixed := func(load float64) float64 { return rejectedFixed(load, slotServers, slotPlaces) }
	return []limited{
		{model: "bucket", doc: "token bucket", truth: share(1), often: true},
		{model: "rejects", doc: "8 slots, 16 places, fixed service", truth: share(goodputAtTolerance(0, fixed))},
		{model: "exponential", doc: "8 slots, 16 places, exponential service", truth: share(goodputAtTolerance(0, func(load float64) float64 {
			return rejectedExponential(load, slotServers, slotPlaces)
		}))},
		{model: "queues", doc: "8 slots, endless queue", truth: share(1), often: true},
		{model: "lock", doc: "one lock, endless queue", truth: share(1)},
		{model: "retrograde", doc: "slower with more than 16 inside; the truth survives a minute in 9 of 10", truth: func(c float64) float64 {
			return c * survivable(c)
		}},
		{model: "objective", doc: "8 slots, endless queue, exponential; 95 % within 5 service times", objective: true, often: true, truth: share(largestLoad(.1, 1, func(load float64) bool {
			return late(load, slotServers, objectiveIn) <= tolerated
		}))},
		{model: "flaky", doc: "as rejects, and 2 % fail whatever the load", truth: share(goodputAtTolerance(.02, fixed))},
	}
}

// outing is one sizing of one model.
type outing struct {
	kind     int // index of its model
	capacity float64
	truth    float64
	got      *sized
	err      error
}

// off is the relative error of the goodput; NaN without a number.
func (o *outing) off() float64 {
	if o.got == nil || o.got.Capacity == nil {
		return math.NaN()
	}
	return o.got.Capacity.Goodput/o.truth - 1
}

// TestRealSizingOfKnownServices sizes targets whose capacity is drawn now and
// known to their own process alone.
func TestRealSizingOfKnownServices(t *testing.T) {
	l := newLab(t)
	kinds := limits()
	var outings []outing
	for range l.runs { // in turns, so that what passes by on the machine hits all models
		for i, k := range kinds {
			if c := 300 + 300*rand.Float64(); l.full() || k.often {
				c = math.Round(c)
				outings = append(outings, outing{kind: i, capacity: c, truth: k.truth(c)})
			}
		}
	}
	begin := time.Now()
	sideBySide(len(outings), func(i int) {
		o := &outings[i]
		got, err := l.steady(func() (*sized, error) { return l.outing(l.Context(), kinds[o.kind], o.capacity) })
		l.mu.Lock()
		o.got, o.err = got, err
		done := append([]outing(nil), outings...)
		l.mu.Unlock()
		l.Logf("%4.0f s, load %s: %s", time.Since(begin).Seconds(), busy(), o.told(kinds[o.kind]))
		l.table("models", modelsTable(l, kinds, done))
	})
	l.Logf("\n%s", modelsTable(l, kinds, outings))
	for _, o := range outings {
		k := kinds[o.kind]
		switch {
		case o.err != nil:
			t.Errorf("%s:%g: %v", k.model, o.capacity, o.err)
		case o.got.Verdict != record.VerdictFound || o.got.exit != 0:
			t.Errorf("%s:%g: verdict %s, exit %d: %s (%s)", k.model, o.capacity, o.got.Verdict, o.got.exit, o.got.Reason, o.got.record)
		case !(math.Abs(o.off()) <= .10):
			t.Errorf("%s:%g: it carries %.1f/s, sizing said %.1f/s (%s)", k.model, o.capacity, o.truth, o.got.Capacity.Goodput, o.got.record)
		}
	}
}

// outing sizes a fresh target once.
func (l *lab) outing(ctx context.Context, k limited, capacity float64) (*sized, error) {
	target, err := l.serve(ctx, fmt.Sprintf("%s:%g,seed=%d", k.model, capacity, rand.Uint32()))
	if err != nil {
		return nil, err
	}
	args := []string{"size", l.script}
	if k.objective {
		limit := time.Duration(objectiveIn * slotServers / capacity * float64(time.Second)).Round(time.Microsecond)
		args = append(args, "--objective=p(95)<"+limit.String())
	}
	got, err := l.load(ctx, target.url, args...)
	counted, stopped := target.stop()
	switch {
	case err != nil:
		return nil, err
	case stopped != nil:
		return got, stopped
	case counted != got.Requests.Count:
		return got, fmt.Errorf("the target counted %d requests, we %d", counted, got.Requests.Count)
	}
	return got, nil
}

// told is an outing in a line.
func (o *outing) told(k limited) string {
	if o.got == nil {
		return fmt.Sprintf("%s:%g: %v", k.model, o.capacity, o.err)
	}
	text := fmt.Sprintf("%-12s %4.0f/s, truth %6.1f/s: %s", k.model, o.capacity, o.truth, o.got.Verdict)
	if c := o.got.Capacity; c != nil {
		text += fmt.Sprintf(" %6.1f/s (%+.1f %%), 95 %% %.1f..%.1f", c.Goodput, 100*o.off(), c.CI95[0], c.CI95[1])
	}
	g := &o.got.Generator.Sizing
	text += fmt.Sprintf(", %s, %.0f s, %d of %d failed", o.got.Binding, o.got.Cost.WallS, o.got.Cost.Failed, o.got.Cost.Iterations)
	if o.got.repeated {
		text += ", at the second try"
	}
	if g.VoidHold > 0 {
		text += fmt.Sprintf(", %d holds void", g.VoidHold)
	}
	if len(g.Warnings) > 0 {
		text += " [" + strings.Join(g.Warnings, "; ") + "]"
	}
	if o.err != nil {
		text += ": " + o.err.Error()
	}
	return text
}

func modelsTable(l *lab, kinds []limited, outings []outing) string {
	var out strings.Builder
	out.WriteString("| model | runs | error, median | largest | within 3 % | 5 % | interval covers | wall, median | longest | failed | void holds | repeated | verdicts |\n" +
		"|---|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	covered, numbers := 0, 0
	for i, k := range kinds {
		s := tally(i, outings)
		if s.runs == 0 {
			continue
		}
		covered, numbers = covered+s.covered, numbers+len(s.errors)
		fmt.Fprintf(&out, "| %s: %s | %d | %s | %s | %d | %d | %d | %.0f s | %.0f s | %.1f %% | %d | %d | %s |\n",
			k.model, k.doc, s.runs, percentOf(quantile(s.errors, .5), "%+.1f %%"), percentOf(quantile(s.sizes, .95), "%.1f %%"),
			s.within(.03), s.within(.05), s.covered, quantile(s.wall, .5), quantile(s.wall, 1), 100*quantile(s.failed, .5), s.void, s.repeated, s.verdicts())
	}
	fmt.Fprintf(&out, "\nThe 95 %% interval covers the truth in %d of %d numbers. Capacities were drawn between 300/s and 600/s;\n%s;\n"+
		"up to %d cases ran side by side, each taking about a tenth of either core. The script is one GET.\nRepeated: the first try was said to be limited by its generator.\n", covered, numbers, l.pinned(), abreast)
	return out.String()
}

// stats are the outings of one model.
type stats struct {
	runs, covered, void, repeated int
	errors, sizes                 []float64
	wall, failed                  []float64
	verdictsOf, bindingOf         map[string]int
}

func tally(kind int, outings []outing) stats {
	s := stats{verdictsOf: map[string]int{}, bindingOf: map[string]int{}}
	for i := range outings {
		o := &outings[i]
		if o.kind != kind || o.got == nil {
			continue
		}
		s.runs++
		s.verdictsOf[string(o.got.Verdict)]++
		s.bindingOf[string(o.got.Binding)]++
		if o.got.repeated {
			s.repeated++
		}
		s.void += o.got.Generator.Sizing.VoidHold
		s.wall = append(s.wall, o.got.Cost.WallS)
		s.failed = append(s.failed, float64(o.got.Cost.Failed)/max(1, float64(o.got.Cost.Iterations)))
		if c := o.got.Capacity; c != nil {
			s.errors, s.sizes = append(s.errors, o.off()), append(s.sizes, math.Abs(o.off()))
			if c.CI95[0] <= o.truth && o.truth <= c.CI95[1] {
				s.covered++
			}
		}
	}
	return s
}

func (s *stats) within(part float64) (n int) {
	for _, e := range s.sizes {
		if e <= part {
			n++
		}
	}
	return n
}

func (s *stats) verdicts() string {
	var list []string
	for _, of := range []map[string]int{s.verdictsOf, s.bindingOf} {
		for _, word := range slices.Sorted(maps.Keys(of)) {
			if word != "" {
				list = append(list, fmt.Sprintf("%s %d", word, of[word]))
			}
		}
	}
	return strings.Join(list, ", ")
}

// quantile of a sample; NaN when it is empty.
func quantile(list []float64, q float64) float64 {
	if len(list) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(list))
	return sorted[int(math.Round(q*float64(len(sorted)-1)))]
}

func percentOf(share float64, format string) string {
	if math.IsNaN(share) {
		return "–"
	}
	return fmt.Sprintf(format, 100*share)
}
