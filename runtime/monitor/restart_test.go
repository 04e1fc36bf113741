package monitor

import (
	"math"
	"testing"
	"time"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// Counters of a service that was started anew may have passed those of the one before by the next look.
func TestAServiceStartedAnewThatIsAheadOfTheOneBeforeIsAGap(t *testing.T) {
	address, say := answering(t, map[string]string{
		"/metrics":    "# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds BEGAN\n# TYPE jobs_total counter\njobs_total JOBS\n",
		"/debug/vars": `{"memstats":{"HeapAlloc":1,"NumGC":JOBS,"LastGC":JOBS000000000,"PauseNs":[7],"GCCPUFraction":0.5}}`,
	}, func(template string, _ map[string]string) string { return template })
	p, err := newPrometheus(address + "/metrics#jobs_total")
	if err != nil {
		t.Fatal(err)
	}
	e, err := newExpvar(address)
	if err != nil {
		t.Fatal(err)
	}
	began := ""
	e.birth = func() time.Time { return time.Unix(int64(2*len(began)), 0) }
	clock := &fakeClock{}
	p.rates.clock, e.rates.clock = clock.time, clock.time
	for _, s := range []struct {
		source Source
		value  string
	}{{p, "jobs_total_per_s"}, {e, record.GCCPU}} {
		defer s.source.Close()
		read := func(jobs, process string) (r record.Resources, told bool) {
			t.Helper()
			began = process
			say(map[string]string{}, "JOBS", jobs, "BEGAN", process)
			clock.pass(step)
			rows, err := s.source.Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			_, told = rows[0].Values[s.value]
			return rows[0], told
		}
		read("10", "100")
		if r, told := read("20", "100"); !told || r.State != "" {
			t.Errorf("%s: %+v of one process", s.value, r)
		}
		say(nil) // it is away
		if _, err := s.source.Read(t.Context()); err == nil {
			t.Error("there is an answer")
		}
		if r, told := read("900", "1000"); told || r.State != record.StateRestarted || r.Note == "" {
			t.Errorf("%s: %+v of two processes", s.value, r)
		}
		if r, told := read("910", "1000"); !told || r.State != "" {
			t.Errorf("%s: %+v of the second one", s.value, r)
		}
	}
}

func TestARowThatCannotBeHeldIsCleanedWhoeverMadeIt(t *testing.T) {
	for name, c := range map[string]struct {
		v    float64
		kind string
		kept bool
	}{
		"none": {unknown(), record.KindHost, false}, "negative": {-1, record.KindHost, false}, "endless": {math.Inf(1), record.KindPrometheus, false},
		"a service's own": {-1, record.KindPrometheus, true}, "0": {0, record.KindHost, true}, "5": {5, record.KindContainer, true},
	} {
		r := record.Resources{Source: c.kind, Values: map[string]float64{"x": c.v}, Limits: map[string]float64{"x": c.v}}
		keepKnown(&r)
		if _, kept := r.Values["x"]; kept != c.kept || len(r.Limits) != len(r.Values) {
			t.Errorf("%s: %+v, want it kept: %v", name, r, c.kept)
		}
	}
}
