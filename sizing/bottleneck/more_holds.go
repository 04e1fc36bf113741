package bottleneck

import (
	"math"

	"github.com/plimsoll-load/plimsoll/runtime/record"
)

// mostRequests is how many holds may be asked for.
const mostRequests = 2

// MoreHolds says which further holds would make the verdict sure: at most two,
// none where it is sure already or more load would tell nothing. The
// controller may hold them after it has its answer; they change no capacity.
func MoreHolds(in Input) []record.HoldRequest {
	verdict := Attribute(in)
	a := newAnalysis(in)
	if len(in.Holds) == 0 || a.limit.rate <= 0 || len(a.watch.target) == 0 {
		return nil
	}
	var requests []record.HoldRequest
	sure := verdict.Name != record.LimitUnsure && verdict.Confidence >= scoreNeeded
	if sure || verdict.Name == record.LimitNone || verdict.Name == record.LimitGenerator {
		return nil
	}
	if r, ok := a.lowLoad(); ok {
		requests = append(requests, r)
	}
	if r, ok := a.highLoad(); ok {
		requests = append(requests, r)
	}
	return requests[:min(len(requests), mostRequests)]
}

// lowLoad is a load far below the others, where demands have too little to be fitted to.
func (a *analysis) lowLoad() (record.HoldRequest, bool) {
	carried := a.fitted()
	lowest, highest := math.Inf(1), 0.0
	for _, p := range carried {
		lowest, highest = min(lowest, p.rate), max(highest, p.rate)
	}
	if len(carried) >= fitPoints && highest >= fitSpan*lowest {
		return record.HoldRequest{}, false
	}
	return record.HoldRequest{
		Control: record.ByRate, Level: a.limit.rate / 5, LengthS: max(4, 60/a.limit.rate),
		Why: "what each resource needs is known from too few loads",
	}, true
}

// highLoad is a load well beyond the limit: it tells a pool from contention.
func (a *analysis) highLoad() (record.HoldRequest, bool) {
	beyond := math.Ceil(4 * math.Max(a.limit.slots, 1))
	for _, p := range a.limit.users {
		if p.level >= beyond*0.9 {
			return record.HoldRequest{}, false
		}
	}
	if _, failing := a.failing(); failing > 0 {
		return record.HoldRequest{}, false
	}
	return record.HoldRequest{
		Control: record.ByVUs, Level: beyond, LengthS: max(4, 60/a.limit.rate),
		Why: "whether goodput is flat or falls beyond the limit is not known",
	}, true
}
