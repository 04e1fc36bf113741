package sizingtest

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/sizing"
)

// Stats are what many sizings of one model came to.
type Stats struct {
	Model    *Model
	Truth    Truth
	Runs     int
	Verdicts map[record.Verdict]int
	Falling  int // runs that saw goodput fall beyond a peak
	Rising   int // runs that saw capacity rise

	Errors      []float64 // of goodput, relative, one for each number
	Covered     int       // numbers whose 95 % interval holds the truth
	Wall        []float64 // seconds
	Failed      []float64 // iterations
	FailedShare []float64 // of those sent
	Users       float64   // most users of a ramp, in multiples of what is allowed (32 times what fills it, or 64)
	Offered     float64   // most arrivals of a hold, in multiples of what is carried
	Told        float64   // largest share of failures of arrivals that are told as carried
	Goodput     []float64 // of each number
}

// Sizer sizes a world; sizing.Run bound to a context is one.
type Sizer func(*World, sizing.Options) (record.Sizing, error)

// Measure sizes the model with so many seeds.
func Measure(m *Model, o sizing.Options, seeds int, size Sizer) (Stats, error) {
	s := Stats{Model: m, Truth: m.Truth(), Runs: seeds, Verdicts: map[record.Verdict]int{}}
	for seed := range uint64(seeds) {
		a, err := size(m.New(firstSeed+seed), o)
		if err != nil {
			return s, fmt.Errorf("%s with seed %d: %w", m.Name, firstSeed+seed, err)
		}
		s.add(a)
	}
	return s, nil
}

const firstSeed = 1000

func (s *Stats) add(a record.Sizing) {
	s.Verdicts[a.Verdict]++
	if a.Shape.Retrograde != nil {
		s.Falling++
	}
	if a.Shape.Rising {
		s.Rising++
	}
	s.Wall = append(s.Wall, a.Cost.WallS)
	s.Failed = append(s.Failed, float64(a.Cost.Failed))
	s.FailedShare = append(s.FailedShare, float64(a.Cost.Failed)/max(1, float64(a.Cost.Iterations)))
	s.loads(a)
	if a.Capacity != nil {
		s.Goodput = append(s.Goodput, a.Capacity.Goodput)
		if a.Control != record.BySessions {
			s.Told = max(s.Told, a.Capacity.FailedShare)
		}
	}
	if a.Capacity == nil || s.Truth.Goodput == 0 {
		return
	}
	s.Errors = append(s.Errors, a.Capacity.Goodput/s.Truth.Goodput-1)
	if ci := a.Capacity.CI95; ci[0] <= s.Truth.Goodput && s.Truth.Goodput <= ci[1] {
		s.Covered++
	}
}

// loads notes the largest loads.
func (s *Stats) loads(a record.Sizing) {
	if a.Plateau == nil {
		return
	}
	allowed := max(64, 32*a.Plateau.Goodput*(a.Unloaded.IterationS+s.Model.delay))
	for _, h := range a.Curve {
		switch {
		case h.Control == record.ByVUs && h.Phase == record.PhaseRamp:
			s.Users = max(s.Users, h.Level/allowed)
		case h.Control == record.ByRate && s.Truth.Offered > 0:
			s.Offered = max(s.Offered, h.Level/s.Truth.Offered)
		}
	}
}

// Within is the share of all runs whose goodput is right to a relative error.
func (s *Stats) Within(relative float64) float64 {
	n := 0
	for _, e := range s.Errors {
		if math.Abs(e) <= relative {
			n++
		}
	}
	return float64(n) / float64(s.Runs)
}

// Right is the share of runs with a verdict.
func (s *Stats) Right(verdict record.Verdict) float64 {
	return float64(s.Verdicts[verdict]) / float64(s.Runs)
}

// Bias is the median error.
func (s *Stats) Bias() float64 { return Quantile(s.Errors, .5) }

// Coverage is the share of the numbers whose interval holds the truth.
func (s *Stats) Coverage() float64 { return float64(s.Covered) / float64(max(1, len(s.Errors))) }

// Quantile of a sample; NaN when it is empty.
func Quantile(a []float64, q float64) float64 {
	if len(a) == 0 {
		return math.NaN()
	}
	b := slices.Sorted(slices.Values(a))
	return b[int(math.Round(q*float64(len(b)-1)))]
}

// TableHead is the head of a table of Stats in Markdown.
const TableHead = "| model | truth /s | error median | p95 | within 3 % | 5 % | coverage | wall median s | p95 | failed median | of sent | verdicts |\n" +
	"|---|---|---|---|---|---|---|---|---|---|---|---|\n"

// Row is a row of the table.
func (s *Stats) Row() string {
	var sizes []float64
	for _, e := range s.Errors {
		sizes = append(sizes, math.Abs(e))
	}
	var verdicts []string
	for _, v := range slices.Sorted(maps.Keys(s.Verdicts)) {
		verdicts = append(verdicts, fmt.Sprintf("%s %d", v, s.Verdicts[v]))
	}
	if s.Falling > 0 {
		verdicts = append(verdicts, fmt.Sprintf("(falling %d)", s.Falling))
	}
	if s.Rising > 0 {
		verdicts = append(verdicts, fmt.Sprintf("(rising %d)", s.Rising))
	}
	if len(s.Errors) == 0 {
		return fmt.Sprintf("| %s | – | – | – | – | – | – | %.0f | %.0f | %.0f | %.1f %% | %s |\n", s.Model.Name,
			Quantile(s.Wall, .5), Quantile(s.Wall, .95), Quantile(s.Failed, .5), 100*Quantile(s.FailedShare, .5), strings.Join(verdicts, ", "))
	}
	return fmt.Sprintf("| %s | %.1f | %+.1f %% | %.1f %% | %.0f %% | %.0f %% | %.0f %% | %.0f | %.0f | %.0f | %.1f %% | %s |\n",
		s.Model.Name, s.Truth.Goodput, 100*s.Bias(), 100*Quantile(sizes, .95), 100*s.Within(.03), 100*s.Within(.05), 100*s.Coverage(),
		Quantile(s.Wall, .5), Quantile(s.Wall, .95), Quantile(s.Failed, .5), 100*Quantile(s.FailedShare, .5), strings.Join(verdicts, ", "))
}
