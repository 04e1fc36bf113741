package bottleneck_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/sizing"
	"github.com/plimsoll-load/plimsoll/sizing/bottleneck"
	"github.com/plimsoll-load/plimsoll/sizing/sizingtest"
)

// seen is the evidence of arrivals that were carried, of a service that nothing is known of but its idle CPU.
func seen() *bottleneck.Fold {
	f := &bottleneck.Fold{}
	at := 0.0
	for i, rate := range []float64{80, 90, 98} {
		h := record.Hold{
			N: i + 1, Phase: "refine", Control: "rate", Level: rate, StartS: at, LengthS: 5, Goodput: rate, Work: rate,
			OK: uint64(5 * rate), MeanS: 0.05 * float64(i+1), InFlight: 0.05 * rate * float64(i+1), SE: 0.05, Verdict: "pass",
		}
		f.Add(&h)
		for range 20 {
			at += 0.25
			f.Add(&record.Resources{
				AtS: at, Source: "process 7 web", Values: map[string]float64{record.CPUCores: 0.3}, Limits: map[string]float64{record.CPUCores: 2},
			})
		}
	}
	return f
}

func TestLoadsThatWouldDecideAreAskedOfTheController(t *testing.T) {
	w := seen().MoreHolds(0.05)
	if len(w) == 0 || w[0].Control != record.ByRate || w[0].Level <= 0 || w[0].Level > 40 || w[0].LengthS < 4 || w[0].Why == "" {
		t.Errorf("asked for %+v, want a low rate", w)
	}
}

// TestWhatIsNotSureIsHeldFurther sizes a model by arrivals, of which half the
// time was watched: that is not sure, and no users have shown what lies beyond.
func TestWhatIsNotSureIsHeldFurther(t *testing.T) {
	f := &bottleneck.Fold{}
	m := sizingtest.Named("mmc-noerr")
	o := m.Options()
	o.By = record.ByRate
	o.Further = func(record.Sizing) []record.HoldRequest { return f.MoreHolds(0.05) }
	var further []record.Hold
	answer, err := sizing.Run(t.Context(), m.New(3), o, func(h record.Hold) {
		f.Add(&h)
		for at := h.StartS; at < h.StartS+h.LengthS/2; at += 0.25 {
			f.Add(&record.Resources{AtS: at, Source: "process 7 web", Values: map[string]float64{record.CPUCores: 0.2}, Limits: map[string]float64{record.CPUCores: 2}})
		}
		f.Add(&record.Resources{AtS: h.StartS + h.LengthS/2, Source: "process 7 web", Note: "it does not answer"})
		if h.Phase == "further" {
			further = append(further, h)
		}
	})
	if err != nil || answer.Verdict != record.VerdictFound {
		t.Fatalf("%s, %v", answer.Verdict, err)
	}
	if len(further) == 0 || len(further) > 2 || further[0].Control != "vus" || further[0].Level < 30 {
		t.Fatalf("held further: %+v, want users far beyond its 20 slots", further)
	}
	b := f.Attribute(&answer, 0.05)
	if told := strings.Join(b.Notes, "; "); !strings.Contains(told, "held for this verdict") || !strings.Contains(told, further[0].Why) {
		t.Errorf("not told: %s", told)
	}
}

func TestWhatEachScenarioDoesAloneIsNoEvidenceOfTheMix(t *testing.T) {
	f := seen()
	before := f.Attribute(nil, 0.05)
	f.Close()
	f.Add(&record.Hold{Control: "vus", Level: 1, LengthS: 1, Verdict: "pass"})
	for at := range 100 { // a CPU that is used up
		f.Add(&record.Resources{
			AtS: float64(at) / 4, Source: "process 7 web", Values: map[string]float64{record.CPUCores: 2}, Limits: map[string]float64{record.CPUCores: 2},
		})
	}
	if after := f.Attribute(nil, 0.05); !reflect.DeepEqual(after, before) {
		t.Errorf("limited by %v, want %v as before", after, before)
	}
}
