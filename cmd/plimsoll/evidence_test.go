package main

import (
	"testing"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/sizing"
)

// seen is the evidence of arrivals that were carried, of a service that nothing is known of but its idle CPU.
func seen() *evidence {
	e := &evidence{}
	at := 0.0
	for i, rate := range []float64{80, 90, 98} {
		h := record.Hold{
			N: i + 1, Phase: "refine", Control: "rate", Level: rate, StartS: at, LengthS: 5, Goodput: rate, Work: rate,
			OK: uint64(5 * rate), MeanS: 0.05 * float64(i+1), InFlight: 0.05 * rate * float64(i+1), SE: 0.05, Verdict: "pass",
		}
		e.add(&h)
		for range 20 {
			at += 0.25
			e.add(&record.Resources{
				AtS: at, Source: "process 7 web", Values: map[string]float64{record.CPUCores: 0.3}, Limits: map[string]float64{record.CPUCores: 2},
			})
		}
	}
	return e
}

func TestLoadsThatWouldDecideAreAskedOfTheController(t *testing.T) {
	w := seen().wanted(0.05)
	if len(w) == 0 || w[0].Control != sizing.ByRate || w[0].Level <= 0 || w[0].Level > 40 || w[0].Seconds < 4 || w[0].Why == "" {
		t.Errorf("asked for %+v, want a low rate", w)
	}
}

func TestWhatEachScenarioDoesAloneIsNoEvidenceOfTheMix(t *testing.T) {
	e := seen()
	before := len(e.Holds) + len(e.Resources)
	e.close()
	e.add(&record.Hold{Control: "vus", Level: 1, LengthS: 1, Verdict: "pass"})
	e.add(&record.Resources{Source: "process 7 web", Values: map[string]float64{record.CPUCores: 2}})
	if after := len(e.Holds) + len(e.Resources); after != before {
		t.Errorf("%d rows, want %d", after, before)
	}
}
