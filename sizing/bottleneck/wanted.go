package bottleneck

import (
	"math"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// maxWanted is how many holds may be asked for.
const maxWanted = 2

// Want is a hold that would decide what is undecided.
type Want struct {
	Control string // vus or rate, as in record.Hold
	Level   float64
	LengthS float64
	Why     string
}

// Wanted says which further holds would make the verdict sure: at most two,
// none where it is sure already or more load would tell nothing. The
// controller may hold them after it has its answer; they change no capacity.
func Wanted(in Input) []Want {
	verdict := Attribute(in)
	a := newAnalysis(in)
	if len(in.Holds) == 0 || a.limit.rate <= 0 || len(a.watch.target) == 0 {
		return nil
	}
	var wants []Want
	sure := verdict.Name != record.LimitUnsure && verdict.Confidence >= scoreNeeded
	if sure || verdict.Name == record.LimitNone || verdict.Name == record.LimitGenerator {
		return nil
	}
	if w, ok := a.wantLow(); ok {
		wants = append(wants, w)
	}
	if w, ok := a.wantHigh(); ok {
		wants = append(wants, w)
	}
	return wants[:min(len(wants), maxWanted)]
}

// wantLow is a load far below the others, where demands have too little to be fitted to.
func (a *analysis) wantLow() (Want, bool) {
	carried := a.fitted()
	lowest, highest := math.Inf(1), 0.0
	for _, p := range carried {
		lowest, highest = min(lowest, p.rate), max(highest, p.rate)
	}
	if len(carried) >= fitPoints && highest >= fitSpan*lowest {
		return Want{}, false
	}
	return Want{
		Control: "rate", Level: a.limit.rate / 5, LengthS: max(4, 60/a.limit.rate),
		Why: "what each resource needs is known from too few loads",
	}, true
}

// wantHigh is a load well beyond the limit: it tells a pool from contention.
func (a *analysis) wantHigh() (Want, bool) {
	beyond := math.Ceil(4 * math.Max(a.limit.slots, 1))
	for _, p := range a.limit.users {
		if p.level >= beyond*0.9 {
			return Want{}, false
		}
	}
	if _, failing := a.failing(); failing > 0 {
		return Want{}, false
	}
	return Want{
		Control: "vus", Level: beyond, LengthS: max(4, 60/a.limit.rate),
		Why: "whether goodput is flat or falls beyond the limit is not known",
	}, true
}
