package bottleneck_test

import (
	"math"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/sizing/bottleneck"
)

// disturbed is a pool, of whose first user's iterations some take longer: times
// are in multiples of the unloaded time, and others use so many cores.
func disturbed(l *lab, others float64, times ...float64) bottleneck.Input {
	const service, generator = 0.4, 0.3 // cores
	l.hostAdds = func(state) map[string]float64 {
		return map[string]float64{record.CPUCores: service + generator + others}
	}
	l.values = func(state) map[string]float64 {
		return map[string]float64{record.CPUCores: service, record.CPUBusiestThread: 0.2}
	}
	l.own = func(state) map[string]float64 { return map[string]float64{record.CPUCores: generator} }
	in := l.size()
	first := &in.Holds[0]
	unloaded := l.slots / l.capacity
	mean := 0.0
	for _, x := range times {
		mean += x / float64(len(times))
	}
	first.MeanS = mean * unloaded
	for i := range in.Windows {
		w := &in.Windows[i]
		if w.StartS > first.StartS+first.LengthS {
			break
		}
		w.Scenarios[0].Duration.Reset()
		for _, x := range times {
			w.Scenarios[0].Duration.Add(time.Duration(x * unloaded * 1e9))
		}
	}
	return in
}

func TestSlotsAreReckonedWithTheTimeOfAQuietMachine(t *testing.T) {
	hiccups := []float64{1, 1, 1, 1, 1, 1, 1, 3} // mean 1.25
	for name, c := range map[string]struct {
		others float64
		times  []float64
		want   float64 // of the true slots
	}{
		"some wait for a core":         {0.6, hiccups, 1},
		"nobody else is there":         {0, hiccups, 1.25},
		"the work differs":             {0.6, []float64{0.5, 0.5, 0.8, 1, 1.2, 1.5, 1.8, 2.7}, 1.25},
		"a tenth takes far too long":   {0.6, []float64{1, 1, 1, 1, 1, 1, 1, 1, 1, 17}, 2},
		"all as long, in a full house": {2, []float64{1, 1, 1, 1}, 1},
	} {
		l := newLab(11)
		b := bottleneck.Attribute(disturbed(l, c.others, c.times...))
		if off := b.Slots/l.slots/c.want - 1; math.Abs(off) > 0.06 {
			t.Errorf("%s: %.1f of %v slots, want %.2f times these", name, b.Slots, l.slots, c.want)
		}
	}
}

func TestAGeneratorThatCouldMakeNoLoadIsNamed(t *testing.T) {
	in := bottleneck.Input{
		Holds:  []record.Hold{{Control: "vus", Level: 1, LengthS: 1, Goodput: 50, Work: 50, Verdict: "void", Cause: "generator"}},
		Sizing: &record.Sizing{Verdict: "generator", Reason: "its CPU was 100 % busy"},
	}
	if b := bottleneck.Attribute(in); b.Name != record.LimitGenerator || b.Confidence != 1 || len(b.Evidence) != 1 || b.Evidence[0].Text != in.Sizing.Reason {
		t.Errorf("%+v", b)
	}
	in.Sizing.Verdict = "dead"
	if b := bottleneck.Attribute(in); b.Name != record.LimitUnsure || b.Confidence != 0 {
		t.Errorf("nothing is known, but %+v", b)
	}
}
