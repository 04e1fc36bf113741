package bottleneck_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/sizing/bottleneck"
)

func TestWhatWouldBeNextIsTheLowestOtherCeiling(t *testing.T) {
	l := newLab(7)
	quota(l)
	l.limits = map[string]float64{record.NetOutBytes: 2 * l.capacity * l.bytes}
	l.also(func(s state) map[string]float64 { return map[string]float64{record.NetOutBytes: s.x * l.bytes} })
	l.arrivals(l.capacity/5, 4)
	b := bottleneck.Attribute(l.size())
	if b.Name != record.LimitCPU || b.Next == nil || b.Next.Name != record.LimitNetwork {
		t.Fatalf("%+v", b)
	}
	if off := math.Abs(b.Next.Rate/(2*l.capacity) - 1); off > 0.1 {
		t.Errorf("the network is full at %v/s, want twice the capacity of %v", b.Next.Rate, l.capacity)
	}
	if b.Next.Low >= b.Next.Rate || b.Next.High <= b.Next.Rate || b.Next.High-b.Next.Low > b.Next.Rate {
		t.Errorf("its interval is %v..%v", b.Next.Low, b.Next.High)
	}
	if want := l.bytes; math.Abs(b.Next.Demand/want-1) > 0.1 {
		t.Errorf("one iteration needs %v bytes, want %v", b.Next.Demand, want)
	}
	if !strings.Contains(b.String(), "; next: network at ") {
		t.Errorf("said as %q", b)
	}
}

func TestTheIntervalOfACeilingHoldsTheTruth(t *testing.T) {
	inside, all := 0, 0
	for seed := range 60 {
		l := newLab(uint64(seed))
		l.hostSize, l.cores, l.noise = 8, 2, 0.1
		use := 0.3 + 0.3*l.Float64()
		l.values = func(s state) map[string]float64 {
			return map[string]float64{record.CPUCores: 0.1 + (use*l.cores-0.1)*s.full, record.CPUBusiestThread: 0.2}
		}
		truth := l.capacity * (l.cores - 0.1) / (use*l.cores - 0.1)
		for _, c := range bottleneck.Attribute(l.size()).Ceilings {
			if c.Name == record.LimitCPU && c.Source == web {
				all++
				if c.Low <= truth && truth <= c.High {
					inside++
				}
			}
		}
	}
	if all < 55 || inside*100 < 88*all {
		t.Errorf("the truth is within %d of %d intervals of 95 %%", inside, all)
	}
}

func TestUseThatBendsIsExtrapolatedFromItsUpperHalf(t *testing.T) {
	l := newLab(11)
	l.hostSize, l.cores, l.noise, l.slots = 8, 2, 0.01, 12
	// cheap while idle (batching off), dear above a third: a line through all would be too steep or too flat
	bent := func(full float64) float64 { return 0.02 + 0.9*full*full }
	l.values = func(s state) map[string]float64 {
		return map[string]float64{record.CPUCores: bent(s.full), record.CPUBusiestThread: 0.2}
	}
	b := bottleneck.Attribute(l.size())
	slope := bent(1) - bent(0.5) // per half capacity
	upper := l.capacity * (1 + (l.cores-bent(1))/slope/2)
	lower := l.capacity * (l.cores - 0.02) / 0.92
	for _, c := range b.Ceilings {
		if c.Name == record.LimitCPU && c.Source == web {
			if math.Abs(c.Rate/upper-1) > 0.08 {
				t.Errorf("full at %v, want about %v (a line through all says %v)", c.Rate, upper, lower)
			}
			return
		}
	}
	t.Error("no ceiling")
}

func TestUnwatchedIsSaidAndNotGuessed(t *testing.T) {
	l := newLab(3)
	quota(l)
	in := l.size()
	in.Resources = nil
	b := bottleneck.Attribute(in)
	if b.Name != record.LimitUnwatched || b.Confidence != 0 || !strings.Contains(b.String(), "--monitor") || len(b.Notes) == 0 {
		t.Errorf("%+v", b)
	}
	// refusals speak for themselves
	l = newLab(3)
	idle(l)
	l.refuses = true
	in = l.size()
	in.Resources = nil
	if b := bottleneck.Attribute(in); b.Name != record.LimitAdmission || b.Confidence > 0.45 {
		t.Errorf("%s with confidence %v", b.Name, b.Confidence)
	}
}

func TestHalfTheTimeWatchedIsHalfTheConfidence(t *testing.T) {
	whole := newLab(5)
	quota(whole)
	in := whole.size()
	sure := bottleneck.Attribute(in)
	var some []record.Resources
	for i, r := range in.Resources {
		if i%3 == 0 && int(r.AtS)%4 < 2 {
			some = append(some, record.Resources{AtS: r.AtS, Source: r.Source, Values: map[string]float64{}, Note: "does not answer"})
			continue
		}
		some = append(some, r)
	}
	in.Resources = some
	b := bottleneck.Attribute(in)
	if b.Coverage > 0.7 || b.Coverage < 0.3 || sure.Coverage < 0.95 {
		t.Errorf("covered %v, before %v", b.Coverage, sure.Coverage)
	}
	if b.Name == record.LimitCPU && b.Confidence > 0.55*sure.Confidence {
		t.Errorf("confidence %v, with all of the time watched %v", b.Confidence, sure.Confidence)
	}
	if !strings.Contains(strings.Join(b.Notes, ";"), "halved") {
		t.Errorf("notes %q", b.Notes)
	}
}

func TestWhereNoLimitWasReachedNoneIsNamed(t *testing.T) {
	l := newLab(2)
	l.slots = 500
	idle(l)
	for n := 1.0; n <= 64; n *= 2 {
		l.users(n, 3)
	}
	b := bottleneck.Attribute(l.in)
	if b.Name != record.LimitNone || !strings.HasPrefix(b.String(), "No limit was reached: ") {
		t.Errorf("%+v", b)
	}
}

func TestNothingAtAllIsUnsure(t *testing.T) {
	b := bottleneck.Attribute(bottleneck.Input{})
	if b.Name != record.LimitUnsure || b.Evidence == nil {
		t.Errorf("%+v", b)
	}
	for _, in := range []bottleneck.Input{
		{Holds: []record.Hold{{Verdict: "void", LengthS: 1, OK: 5}}},
		{Holds: []record.Hold{{Verdict: "fail", LengthS: 1, Share: 1, Failed: 10, Control: "vus", Level: 1}}},
		{Windows: []record.Window{{LengthS: 1}}},
	} {
		b := bottleneck.Attribute(in)
		if _, err := json.Marshal(b); err != nil || b.String() == "" {
			t.Errorf("%+v: %v", b, err)
		}
	}
}

// alone leaves of an input what a run without a sizing has.
func alone(in bottleneck.Input) bottleneck.Input {
	in.Holds = nil
	return in
}

func TestARunWithoutHoldsIsAttributedByItsWindows(t *testing.T) {
	right, wrong := 0, 0
	for seed := range 60 {
		l := newLab(uint64(seed))
		quota(l)
		for n := 1.0; n <= 32; n *= 2 {
			l.users(n, 4)
		}
		switch b := bottleneck.Attribute(alone(l.in)); b.Name {
		case record.LimitCPU:
			right++
		case record.LimitUnsure:
		default:
			wrong++
		}
	}
	if right < 57 || wrong > 1 {
		t.Errorf("right %d, wrong %d of 60", right, wrong)
	}
}

func TestARunOfOneConstantLoadNamesAFullResource(t *testing.T) {
	l := newLab(4)
	quota(l)
	l.users(20, 30)
	if b := bottleneck.Attribute(alone(l.in)); b.Name != record.LimitCPU || b.Source != web {
		t.Errorf("%+v", b)
	}
	l = newLab(4)
	idle(l)
	l.users(1, 30)
	if b := bottleneck.Attribute(alone(l.in)); b.Name != record.LimitNone {
		t.Errorf("a load that is carried is limited by %+v", b)
	}
}

// held makes a long hold at a constant load in which values change with the iterations done.
func held(seed uint64, values func(done float64, s state) map[string]float64) bottleneck.Input {
	l := newLab(seed)
	l.capacity, l.slots, l.noise = 400, 8, 0.005
	idle(l)
	done := 0.0
	l.also(func(s state) map[string]float64 {
		done += s.x / 4
		return values(done, s)
	})
	for _, n := range []float64{1, 2, 4, 8, 16, 32} {
		l.users(n, 6)
	}
	l.arrivals(0.5*l.capacity, 4)
	l.arrivals(0.97*l.capacity, 12)
	return l.in
}

func TestMemoryThatGrowsWithTheWorkIsToldWithItsSlopeAndItsEnd(t *testing.T) {
	for seed := range 8 {
		in := held(uint64(seed), func(done float64, _ state) map[string]float64 {
			return map[string]float64{record.MemoryBytes: 100e6 + 9000*done}
		})
		var memory *record.Growth
		b := bottleneck.Attribute(in)
		for i := range b.Growth {
			if b.Growth[i].Name == record.MemoryBytes {
				memory = &b.Growth[i]
			}
		}
		if memory == nil {
			t.Fatalf("seed %d: not told: %+v", seed, b.Growth)
		}
		if math.Abs(memory.PerIteration/9000-1) > 0.15 || memory.Low > 9000*1.05 || memory.High < 9000*0.95 {
			t.Errorf("seed %d: %v bytes an iteration (%v..%v), want 9000", seed, memory.PerIteration, memory.Low, memory.High)
		}
		if want := (512e6 - 100e6) / 9000; math.Abs(memory.FullAfter/want-1) > 0.15 {
			t.Errorf("full after %v iterations, want %v", memory.FullAfter, want)
		}
		if memory.FullInS < 1 || memory.FullInS > 120 || !strings.Contains(memory.Text, "an iteration: full in ") {
			t.Errorf("full in %v s: %q", memory.FullInS, memory.Text)
		}
	}
}

func TestWhatIsCollectedOrFollowsTheLoadIsNoLeak(t *testing.T) {
	for name, values := range map[string]func(done float64, s state) map[string]float64{
		"garbage that is collected": func(done float64, _ state) map[string]float64 {
			return map[string]float64{record.MemoryBytes: 100e6 + math.Mod(done*50e3, 80e6), record.HeapBytes: 50e6 + math.Mod(done*50e3, 80e6)}
		},
		"memory of those who are there": func(_ float64, s state) map[string]float64 {
			return map[string]float64{record.MemoryBytes: 100e6 + 4e6*s.n, record.Descriptors: 20 + s.n, record.Connections: s.n}
		},
		"a cache that fills and is full": func(done float64, _ state) map[string]float64 {
			return map[string]float64{record.MemoryBytes: 100e6 + min(done*30e3, 60e6)}
		},
		"noise": func(float64, state) map[string]float64 { return map[string]float64{record.MemoryBytes: 100e6} },
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range 25 {
				in := held(uint64(seed), values)
				if g := bottleneck.Attribute(in).Growth; len(g) != 0 {
					t.Fatalf("seed %d: %+v", seed, g)
				}
			}
		})
	}
}

func TestARampIsNoLeakThoughEachUserTakesMemory(t *testing.T) {
	l := newLab(1)
	l.capacity, l.slots, l.noise = 400, 64, 0.005
	idle(l)
	l.also(func(s state) map[string]float64 {
		return map[string]float64{record.MemoryBytes: 100e6 + 4e6*s.n, record.Connections: s.n}
	})
	for n := 2.0; n <= 40; n += 2 {
		l.users(n, 3)
	}
	for _, in := range []bottleneck.Input{l.in, alone(l.in)} {
		if g := bottleneck.Attribute(in).Growth; len(g) != 0 {
			t.Errorf("%+v", g)
		}
	}
}

func TestDescriptorsThatPileUpAreTold(t *testing.T) {
	in := held(1, func(done float64, _ state) map[string]float64 {
		return map[string]float64{record.Descriptors: 20 + done/10, record.ConnectionsClosing: done / 10}
	})
	var names []string
	for _, g := range bottleneck.Attribute(in).Growth {
		names = append(names, g.Name)
		if g.Name == record.Descriptors && math.Abs(g.PerIteration-0.1) > 0.015 {
			t.Errorf("%v an iteration, want 0.1", g.PerIteration)
		}
	}
	if len(names) != 2 {
		t.Errorf("told: %v", names)
	}
}

func TestAServiceThatIsRestartedStartsAnew(t *testing.T) {
	in := held(1, func(done float64, _ state) map[string]float64 {
		return map[string]float64{record.MemoryBytes: 100e6 + 9000*done}
	})
	last := in.Holds[len(in.Holds)-1]
	for i, r := range in.Resources {
		if r.Source == web && r.AtS > last.StartS {
			in.Resources[i].State = record.StateRestarted
			break
		}
	}
	for _, g := range bottleneck.Attribute(in).Growth {
		if g.FullAfter > 0 && math.Abs(g.PerIteration/9000-1) > 0.2 {
			t.Errorf("a slope over two lives: %+v", g)
		}
	}
}

func TestHoldsThatWouldDecideAreAskedForAndNoOthers(t *testing.T) {
	l := newLab(8)
	quota(l)
	if w := bottleneck.MoreHolds(l.size()); len(w) != 0 {
		t.Errorf("it is sure, and asks for %+v", w)
	}
	// only loads near the limit, and two candidates
	l = newLab(8)
	idle(l)
	l.slots = 10
	l.arrivals(0.8*l.capacity, 4)
	l.arrivals(0.9*l.capacity, 4)
	l.arrivals(0.985*l.capacity, 8)
	w := bottleneck.MoreHolds(l.in)
	if len(w) == 0 || len(w) > 2 {
		t.Fatalf("asked for %+v", w)
	}
	if w[0].Control != "rate" || w[0].Level > 0.3*l.capacity || w[0].Why == "" || w[0].LengthS < 4 {
		t.Errorf("asked for %+v, want a low load", w[0])
	}
	l.arrivals(w[0].Level, w[0].LengthS)
	last := &l.in.Holds[len(l.in.Holds)-1]
	last.Phase, last.Why = "further", w[0].Why
	if told := strings.Join(bottleneck.Attribute(l.in).Notes, "; "); !strings.Contains(told, "held for this verdict") || !strings.Contains(told, w[0].Why) {
		t.Errorf("what was held further is not told: %s", told)
	}
	in := l.in
	in.Resources = nil
	if w := bottleneck.MoreHolds(in); w != nil {
		t.Errorf("without a monitor it asks for %+v", w)
	}
}

func TestStallsAreNamedWithTheirPeriodWhereNothingElseIs(t *testing.T) {
	var in bottleneck.Input
	for i := range 120 {
		s := record.ScenarioCounts{ScenarioWindow: metric.ScenarioWindow{OK: 100}}
		if i%10 == 5 {
			s.OK = 4
		}
		s.Duration.Add(20 * time.Millisecond)
		in.Windows = append(in.Windows, record.Window{StartS: float64(i), LengthS: 1, VUs: 4, InFlight: 2, Scenarios: []record.ScenarioCounts{s}})
		in.Resources = append(in.Resources, record.Resources{AtS: float64(i + 1), Source: web, Values: map[string]float64{record.CPUCores: 0.2}, Limits: map[string]float64{record.CPUCores: 2}})
	}
	for i := range in.Windows { // somewhat slower at the end: not "no limit"
		if i >= 60 {
			in.Windows[i].Scenarios[0].Duration.Reset()
			in.Windows[i].Scenarios[0].Duration.Add(40 * time.Millisecond)
		}
	}
	b := bottleneck.Attribute(in)
	if b.Name != record.LimitStalls || math.Abs(b.Evidence[0].Value-10) > 0.5 {
		t.Errorf("%+v", b)
	}
}

func TestAServiceThatFailsAfterSomeWorkLeaks(t *testing.T) {
	l := newLab(6)
	idle(l)
	in := l.size()
	in.Sizing = &record.Sizing{Verdict: "unstable", Shape: record.Shape{Outages: []uint64{20000, 40100}}}
	if b := bottleneck.Attribute(in); b.Name != record.LimitLeak && !strings.Contains(b.RunnerUp, record.LimitLeak) {
		t.Errorf("%+v", b)
	}
}

func TestTheInputIsNotChanged(t *testing.T) {
	l := newLab(9)
	quota(l)
	in := l.size()
	before, _ := json.Marshal(in)
	bottleneck.Attribute(in)
	bottleneck.MoreHolds(in)
	if after, _ := json.Marshal(in); string(before) != string(after) {
		t.Error("it is")
	}
}

func TestWhereOthersFillTheMachineAFallIsNotBelievedAtOnce(t *testing.T) {
	for falls, want := range map[float64]string{0.3: record.LimitUnsure, 0.7: record.LimitCoherency} {
		l := newLab(7)
		idle(l)
		l.falls = falls
		l.also(func(s state) map[string]float64 { return map[string]float64{record.CPUCores: 0.05 * s.full} })
		l.hostAdds = func(state) map[string]float64 {
			return map[string]float64{record.CPUCores: 4, record.CPUPressure: 0.7, record.RunQueue: 12}
		}
		if b := bottleneck.Attribute(l.size()); b.Name != want {
			t.Errorf("goodput that falls by %v for fourfold users is named %s, want %s: %s", falls, b.Name, want, b)
		}
	}
}

func TestOfSeveralProcessesEachIsToldWithItsPartOfTheMachine(t *testing.T) {
	l := newLab(5)
	for _, f := range faults() {
		if f.name == "the machine is full" {
			f.build(l)
		}
	}
	in := l.size()
	for _, r := range in.Resources {
		if r.Source == web {
			r.Source, r.Values = "process 7 postgres", map[string]float64{record.CPUCores: 0.5, record.MemoryBytes: 1e8}
			in.Resources = append(in.Resources, r)
		}
	}
	b := bottleneck.Attribute(in)
	if text := b.String(); b.Name != record.LimitCPU || b.Source != host || !strings.Contains(text, "container web + ") || !strings.Contains(text, "process 7 postgres)") {
		t.Errorf("%s", text)
	}
}

func TestTheSentenceSaysWhoseItIsAndWhy(t *testing.T) {
	for want, b := range map[string]record.Bottleneck{
		"Limited by cpu of kinto: 97 % of its 1.00 core, throttled 43 % of periods; next: disk at 1,200/s": {
			Name: record.LimitCPU, Source: "container kinto",
			Evidence: []record.Evidence{{Text: "97 % of its 1.00 core"}, {Text: "throttled 43 % of periods"}},
			Next:     &record.Ceiling{Name: record.LimitDisk, Rate: 1200},
		},
		"Limited by a pool of about 10 slots: works on 10 at once":   {Name: record.LimitPool, Slots: 10.02, Evidence: []record.Evidence{{Text: "works on 10 at once"}}},
		"Limited by cpu of the host":                                 {Name: record.LimitCPU, Source: "host"},
		"Limited by one thread of 4711 python":                       {Name: record.LimitThread, Source: "process 4711 python"},
		"Not sure what limits it: cpu of host or pool":               {Name: record.LimitUnsure, RunnerUp: "cpu of host or pool"},
		"Limited by the generator, not by the service: it used 96 %": {Name: record.LimitGenerator, Evidence: []record.Evidence{{Text: "it used 96 %"}}},
		"": {},
	} {
		if got := b.String(); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

func TestARunOfOneConstantLoadThatIsCarriedHasNoLimit(t *testing.T) {
	var in bottleneck.Input
	for i := range 30 {
		in.Windows = append(in.Windows, record.Window{
			StartS: float64(i), LengthS: 1, VUs: 4, InFlight: 4,
			Scenarios: []record.ScenarioCounts{{ScenarioWindow: metric.ScenarioWindow{Started: 100, OK: 100, Requests: 100}}},
		})
		in.Resources = append(in.Resources, record.Resources{
			AtS: float64(i) + 0.5, Source: "process 7 api",
			Values: map[string]float64{record.CPUCores: 0.2}, Limits: map[string]float64{record.CPUCores: 2},
		})
	}
	if b := bottleneck.Attribute(in); b.Name != record.LimitNone || len(b.Notes) == 0 {
		t.Errorf("%s (%v), want none, and what would tell more", b.Name, b.Notes)
	}
}
