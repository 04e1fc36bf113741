package report

import (
	"cmp"
	"slices"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// Curve is the load curve: what came out for what was under way.
type Curve struct {
	Name   string // of the set, in a comparison
	X      string // what the loads are: "iterations under way", "virtual users"
	Points []CurvePoint
	Knee   float64     // virtual users that reach 97 % of the plateau; 0: not known
	Tested *[2]float64 // goodput that is sure: the capacity's interval
}

// CurvePoint is one load: a hold, or the windows of a run at one number of virtual users.
type CurvePoint struct {
	Load    float64
	Goodput float64
	P95     float64          // seconds; 0: none
	Failed  float64          // share
	Verdict record.Judgement // empty: not judged
	Name    string
}

// LoadCurve makes the curve; nil where fewer than three loads were seen.
func (r *Run) LoadCurve() *Curve {
	c := &Curve{X: "iterations under way"}
	for _, h := range r.Holds {
		if h.LengthS > 0 && h.OK+h.Failed > 0 && h.Verdict != record.Void {
			c.Points = append(c.Points, CurvePoint{max(h.InFlight, 0), h.Goodput, h.P95S, share(h.Failed, h.OK+h.Failed), h.Verdict, string(h.Phase) + " " + LoadOf(h)})
		}
	}
	if len(r.Holds) == 0 {
		c.X, c.Points = "virtual users", r.curveOfWindows()
	}
	slices.SortStableFunc(c.Points, func(a, b CurvePoint) int { return cmp.Compare(a.Load, b.Load) })
	loads := slices.CompactFunc(slices.Clone(c.Points), func(a, b CurvePoint) bool { return a.Load == b.Load })
	if len(loads) < 3 {
		return nil
	}
	if s := r.Answer(); s != nil {
		c.answer(s)
	}
	return c
}

func (c *Curve) answer(s *record.Sizing) {
	c.Knee = float64(max(s.VUs.Knee, 0))
	if k := s.Capacity; k != nil && k.CI95[1] > k.CI95[0] {
		c.Tested = &[2]float64{k.CI95[0], k.CI95[1]}
	}
}

// curveOfWindows groups a run's windows by the virtual users at their end,
// into at most 60 loads; the p95 of a group is the median of its windows'.
func (r *Run) curveOfWindows() []CurvePoint {
	type load struct {
		ok, failed uint64
		seconds    float64
		p95        []float64
	}
	step := max(1, (r.Total.VUsMax+59)/60)
	byLoad := map[int]*load{}
	for _, p := range r.Points {
		key := (p.VUs + step - 1) / step * step
		l := byLoad[key]
		if l == nil {
			l = &load{}
			byLoad[key] = l
		}
		l.ok, l.failed, l.seconds = l.ok+p.OK, l.failed+p.Failed, l.seconds+p.Length
		if p.Latency != nil {
			l.p95 = append(l.p95, p.Latency.P95)
		}
	}
	var out []CurvePoint
	for vus, l := range byLoad {
		if l.seconds > 0 && l.ok+l.failed > 0 {
			out = append(out, CurvePoint{
				Load: float64(vus), Goodput: float64(l.ok) / l.seconds, Failed: share(l.failed, l.ok+l.failed),
				P95: typical(len(l.p95), func(i int) float64 { return l.p95[i] }), Name: units.Many(uint64(max(vus, 0)), "VU"),
			})
		}
	}
	return out
}

// Doubling says that loads span so much that an axis of doublings shows them best.
func Doubling(loads []float64) bool {
	if len(loads) == 0 {
		return false
	}
	return slices.Min(loads) > 0 && slices.Max(loads) > 16*slices.Min(loads)
}
