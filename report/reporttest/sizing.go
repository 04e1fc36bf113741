package reporttest

import (
	"math"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// sizing drives the service as `plimsoll size` does, in small.
type sizing struct {
	*making
	at    float64
	holds []record.Hold
}

// Sizing is the record of a sizing that finds the service's capacity.
func Sizing(s Service) []byte { return encode(SizingRows(s)) }

// SizingRows are its rows, as [Rows] are those of a plain run.
func SizingRows(s Service) []any {
	m := maker(&s)
	m.write(m.head(record.ModeSize), m.names())
	z := &sizing{making: m}
	z.event(record.EventPhase, "ramp: virtual users, doubled each time")
	for vus := 1; vus <= 256; vus *= 2 {
		z.hold(record.PhaseRamp, record.ByVUs, float64(vus), 3)
	}
	z.event(record.EventPhase, "confirm: arrivals on both sides of what the ramp found")
	lo, hi := 1.037*s.Capacity, 1.068*s.Capacity
	z.hold(record.PhaseConfirm, record.ByRate, lo, 12)
	z.hold(record.PhaseRetestUpper, record.ByRate, hi, 8)
	m.tail(record.End{AtS: z.at, Verdict: record.VerdictFound, Reason: "both sides of the limit were tested", Sizing: z.answer(lo, hi), Bottleneck: z.bottleneck()})
	return m.rows
}

// Undecided is the record of a sizing that ended without a capacity: verdict
// baseline, max, budget, unstable, generator or dead.
func Undecided(s Service, verdict record.Verdict, exit int) []byte {
	m := maker(&s)
	m.write(m.head(record.ModeSize), m.names())
	z := &sizing{making: m}
	z.hold(record.PhaseProbe, record.ByVUs, 1, 3)
	answer := &record.Sizing{
		SchemaVersion: 1, Verdict: verdict, ExitCode: exit, Reason: "the test ended before a limit was found", Control: record.ByVUs, Backoff: "iteration",
		Settings: record.SizingSettings{Tolerance: 0.05, Resolution: 0.03, BudgetS: 240, Max: 500}, Generator: record.GeneratorReport{OK: verdict != record.VerdictGenerator},
	}
	if verdict != record.VerdictDead && verdict != record.VerdictBaseline {
		answer.Plateau = &record.Plateau{Goodput: z.holds[0].Goodput, SE: 0.02, VUsFrom: 1, VUsTo: 1, Kind: record.PlateauNone, Iterations: z.holds[0].OK}
	}
	m.tail(record.End{AtS: z.at, Verdict: verdict, Reason: answer.Reason, ExitCode: exit, Sizing: answer})
	return encode(m.rows)
}

func (z *sizing) event(kind record.EventKind, message string) {
	z.write(record.Event{AtS: z.at, Kind: kind, Message: message})
}

func (z *sizing) hold(phase record.Phase, control record.Control, load float64, seconds int) {
	l, vus := loadOf(z.Capacity, load), int(load)
	if control == record.ByRate {
		l = level{rate: load, failed: max(0, 1-z.Capacity*1.002/load), mean: 0.09}
		vus = int(math.Ceil(load * l.mean))
	}
	h := record.Hold{
		N: len(z.holds) + 1, Phase: phase, Control: control, Level: load, StartS: z.at + 0.5, LengthS: float64(seconds), SettleS: 0.5,
		InFlight: float64(vus), MeanS: l.mean, P50S: l.mean * .45, P95S: l.mean * 1.3, P99S: l.mean * 2.1, Share: l.failed, SE: 0.01,
	}
	for range seconds {
		z.load(z.at, 1, l, vus)
		z.at++
	}
	h.Sent = uint64(l.rate * h.LengthS)
	h.Failed = uint64(float64(h.Sent) * l.failed)
	h.OK, h.Requests = h.Sent-h.Failed, 2*h.Sent
	h.Goodput = float64(h.OK) / h.LengthS
	h.Work = h.Goodput
	h.Verdict = record.Pass
	if l.failed > 0.05 {
		h.Verdict, h.Cause = record.Fail, record.CauseFailures
	}
	z.holds = append(z.holds, h)
	z.write(h)
}

func (z *sizing) answer(lo, hi float64) *record.Sizing {
	failing, estimate := 256, 231.0
	bounds := record.VUBounds{Knee: 20, KneeBelow: 16, Within: 128, FirstFailing: &failing, FailedShare: 0.14, Estimate: &estimate, Largest: 256}
	var cost record.Cost
	for _, h := range z.holds {
		cost.Holds++
		cost.Iterations += h.Sent
		cost.Requests += h.Requests
		cost.Failed += h.Failed
	}
	cost.WallS = z.at
	return &record.Sizing{
		SchemaVersion: 1, Verdict: record.VerdictFound, Binding: record.CauseFailures, Reason: "the load was confirmed, and 3 % more fails", Control: record.ByVUs, Backoff: "iteration",
		Capacity: &record.Capacity{
			VUBounds: bounds, Goodput: z.Capacity, GoodputClosed: z.Capacity, OfferedConfirmed: lo, OfferedEstimate: 1.05 * z.Capacity,
			FirstFailing: &hi, CI95: [2]float64{.988 * z.Capacity, 1.011 * z.Capacity}, ConfirmS: 12, FailedShare: 0.034, InFlight: 93, Resolution: 0.03,
		},
		Plateau: &record.Plateau{Goodput: z.Capacity, SE: 0.004, VUsFrom: 32, VUsTo: 256, Iterations: 9000, Kind: record.PlateauFlat}, VUs: bounds,
		Interval: record.Interval{Lo: lo, Hi: &hi, HiTested: true}, Unloaded: record.Unloaded{IterationS: 0.02, RequestS: 0.01, RequestsPerIteration: 2},
		AtLimit:   record.Latency{P50S: 0.021, P90S: 0.093, P95S: 0.118, P99S: 0.164, MaxS: 0.31},
		Shape:     record.Shape{AboveLimit: record.AboveFlat, RecoveryS: 0.5},
		Generator: record.GeneratorReport{OK: true, Sent: 0.9998, LateS: 0.0003, CPU: 0.22},
		Cost:      cost, Settings: record.SizingSettings{Tolerance: 0.05, Resolution: 0.03, BudgetS: 240, Max: 500},
	}
}

// bottleneck is as sizing/bottleneck would name it; nil where nothing was watched.
func (z *sizing) bottleneck() *record.Bottleneck {
	if z.Unwatched {
		return nil
	}
	next := record.Ceiling{Name: record.LimitNetwork, Source: "host", Rate: 6.2 * z.Capacity}
	return &record.Bottleneck{
		Name: record.LimitCPU, Source: z.Prefix + "container kinto", Confidence: 0.8, RunnerUp: record.LimitMemory, Goodput: z.Capacity,
		Evidence: []record.Evidence{{Name: record.CPUCores, Value: 1.95, Text: "cpu 97 % of 2 cores"}, {Name: record.CPUThrottled, Value: 0.1, Text: "throttled in 10 % of the periods"}},
		Next:     &next, Coverage: 1,
	}
}
