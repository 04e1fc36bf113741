// Package recommend turns the answer of a sizing into what to do: how many
// replicas a target load needs, and what more of them, or more concurrency in
// one, can bring. What an advice assumes and did not measure it says.
package recommend

import (
	"fmt"
	"math"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// Plan is how careful an advice is; zero values are the defaults.
type Plan struct {
	Headroom float64 // share of a replica's capacity that is planned for, 0.7
	Spare    int     // replicas beyond those needed, 1; negative: none
}

func (p Plan) complete() Plan {
	if p.Headroom == 0 {
		p.Headroom = .7
	}
	if p.Spare == 0 {
		p.Spare = 1
	}
	p.Spare = max(0, p.Spare)
	return p
}

// tight is the share of capacity that must suffice when the spare replicas are gone.
const tight = .95

// For says how many replicas of what was sized carry a target load, in
// successful iterations per second. Nil: the sizing found no capacity.
func For(s record.Sizing, target float64, p Plan) *record.Advice {
	if s.Capacity == nil || !(target > 0) {
		return nil
	}
	p = p.complete()
	x := s.Capacity.Goodput
	a := record.Advice{
		TargetLoad: target, Spare: p.Spare, Headroom: p.Headroom, PerReplica: x,
		Assumptions: []string{"replicas do not disturb each other (one was measured)"},
	}
	usable := p.Headroom * x
	if calm, ok := calmRate(s); ok && calm < usable {
		usable = calm
		a.Headroom = calm / x
		a.Assumptions = append(a.Assumptions, fmt.Sprintf("planned for %s/s each, where response times are at most 80 %% of the objective's", units.Precise(calm)))
	}
	a.Replicas = int(math.Ceil(target/usable)) + p.Spare
	for target > tight*float64(a.Replicas-p.Spare)*x {
		a.Replicas++
	}
	if s.Shape.AboveLimit == record.AboveRetrograde {
		a.Assumptions = append(a.Assumptions, "more than a replica carries makes it slower for everybody: limit what reaches each")
	}
	return &a
}

// calmRate is the largest rate of arrivals that kept every objective with a fifth to spare.
func calmRate(s record.Sizing) (float64, bool) {
	if len(s.Objectives) == 0 {
		return 0, false
	}
	rate := 0.0
	for _, h := range s.Curve {
		calm := h.Control == record.ByRate && h.Verdict == record.Pass
		for _, o := range s.Objectives {
			q := h.P95S
			if o.Allowed < .04 {
				q = h.P99S
			}
			calm = calm && q > 0 && q <= .8*o.Target
		}
		if calm {
			rate = max(rate, h.Level)
		}
	}
	return rate, rate > 0
}

// Size is the capacity measured with a number of replicas.
type Size struct {
	Replicas int
	Goodput  float64
}

// ByReplicas says how many replicas carry a target load, from sizings with
// different numbers of them: three or more numbers show how they disturb each
// other, two show a serial share only, one nothing.
func ByReplicas(sizes []Size, target float64, p Plan) (record.Advice, error) {
	p = p.complete()
	a := record.Advice{TargetLoad: target, Spare: p.Spare, Headroom: p.Headroom}
	fit, said, err := scaling(sizes)
	if err != nil {
		return a, err
	}
	a.PerReplica = fit.Gamma
	a.Assumptions = []string{said}
	last := 1 << 20
	if peak, ok := fit.Peak(); ok {
		last = max(1, int(math.Round(peak)))
	}
	n := 1
	for n < last && p.Headroom*fit.Goodput(float64(n)) < target {
		n++
	}
	if p.Headroom*fit.Goodput(float64(n)) < target {
		a.Assumptions = append(a.Assumptions, fmt.Sprintf("not reachable by replicas: %d of them carry %s/s at most, planned at %.0f %%", n, units.Precise(fit.Goodput(float64(n))), 100*p.Headroom))
		return a, nil
	}
	a.Replicas = n + p.Spare
	largest := 0
	for _, s := range sizes {
		largest = max(largest, s.Replicas)
	}
	if n > largest {
		a.Assumptions = append(a.Assumptions, fmt.Sprintf("beyond the %d that were measured it is extrapolated", largest))
	}
	return a, nil
}

// scaling fits what the number of measured sizes allows, and says what that is.
func scaling(sizes []Size) (USL, string, error) {
	var ps []Point
	seen := map[int]bool{}
	for _, s := range sizes {
		if s.Replicas < 1 || !(s.Goodput > 0) {
			return USL{}, "", fmt.Errorf("%d replicas with %s/s are no measurement: give numbers above zero", s.Replicas, units.Precise(s.Goodput))
		}
		seen[s.Replicas] = true
		ps = append(ps, Point{N: float64(s.Replicas), X: s.Goodput})
	}
	switch len(seen) {
	case 0:
		return USL{}, "", fmt.Errorf("no sizing is given: name one for each number of replicas")
	case 1:
		return USL{Gamma: ps[0].X / ps[0].N}, "replicas do not disturb each other (one number of them was measured)", nil
	case 2:
		fit := solve(ps, []bool{true, true, false})
		return fit, fmt.Sprintf("a share of %s is served by one at a time (Amdahl's law, two numbers of replicas were measured; whether they slow each other down cannot be told)", units.Number(fit.Sigma)), nil
	}
	fit := fitWithin(ps)
	return fit, fmt.Sprintf("replicas compete (σ %s) and wait for each other (κ %s) as the Universal Scalability Law fitted to %d numbers of them says", units.Number(fit.Sigma), units.Number(fit.Kappa), len(seen)), nil
}
