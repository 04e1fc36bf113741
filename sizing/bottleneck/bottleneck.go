// Package bottleneck says what limited a service: which resource was full, or
// which shape of a software limit the load curve has, with the figures that
// made it say so, and that it is not sure when it is not.
//
// It is a pure function over the rows of a record. Demands come from the
// utilisation law: the use of each resource is fitted against the load over
// the holds that were carried, and tells at which load the resource would be
// full. A resource scores when that ceiling is where the service's limit was
// found, when it was saturated there (throttling, pressure, drops), and when
// it was nearly all used. Only where no resource scores does the shape of the
// curve speak: refusals, slots, locks, contention, stalls, leaks, another
// service waited for.
//
// Runs without holds are cut into slices, which are treated alike.
package bottleneck

import (
	"cmp"
	"math"
	"slices"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// Thresholds of the verdict.
const (
	scoreNeeded  = 0.5  // of the best candidate
	marginNeeded = 0.3  // before the next one
	nearCeiling  = 1.12 // a ceiling this far above the limit is the limit
	closeCeiling = 1.3  // … is near
	fullUse      = 0.9
	coverNeeded  = 0.8 // of the judged time watched, else the confidence is halved
)

// Input is what was seen, as the record has it. The slices are not changed.
type Input struct {
	Holds     []record.Hold // of a sizing; empty for a run
	Windows   []record.Window
	Resources []record.Resources
	Sizing    *record.Sizing // where there was one
	Own       uint64         // iterations that failed for want of the generator's own files, ports or memory
	Tolerance float64        // share of iterations that may fail; 0: 5 %
}

// analysis is what is computed once and looked at by many.
type analysis struct {
	Input
	points []point // by time
	limit  limit
	watch  watched
}

// Attribute says what limited the service.
func Attribute(in Input) record.Bottleneck {
	a := newAnalysis(in)
	out := record.Bottleneck{
		Goodput: a.limit.rate, Watched: a.watch.names(), Coverage: a.coverage(), Evidence: []record.Evidence{},
	}
	if len(a.points) == 0 || a.limit.rate <= 0 {
		out.Name = record.LimitUnsure
		if c := a.generator(); c.score >= marginNeeded+scoreNeeded { // it could not make any load at all
			out.Name, out.Source, out.Confidence, out.Evidence = c.name, c.source, c.score, c.evidence
		}
		out.Notes = append(out.Notes, "nothing was carried that could be looked at")
		return out
	}
	out.Slots = a.limit.slots
	out.Growth = a.growth()
	candidates := a.resources()
	out.Ceilings = ceilings(candidates)
	a.decide(&out, candidates)
	out.Next = next(out.Name, out.Source, out.Ceilings)
	a.notes(&out)
	return out
}

func newAnalysis(in Input) *analysis {
	if in.Tolerance == 0 {
		in.Tolerance = 0.05
	}
	a := &analysis{Input: in, watch: newWatched(in.Resources)}
	if len(in.Holds) > 0 {
		a.points = pointsOfHolds(in.Holds)
	} else {
		a.points = pointsOfWindows(in.Windows, in.Tolerance)
	}
	a.addWindows()
	a.limit = findLimit(a.points)
	a.quieten()
	return a
}

// candidate is something that may be the limit.
type candidate struct {
	name, source string
	score        float64
	evidence     []record.Evidence
	ceiling      *record.Ceiling
}

// decide names the best candidate, or says that it is not sure.
func (a *analysis) decide(out *record.Bottleneck, resources []candidate) {
	byScore := func(x, y candidate) int { return cmp.Compare(y.score, x.score) }
	slices.SortStableFunc(resources, byScore)
	a.ownFirst(resources)
	if len(resources) > 0 && resources[0].score >= scoreNeeded {
		a.name(out, resources)
		return
	}
	if a.unlimited() {
		out.Name, out.Confidence = record.LimitNone, 0.8
		out.Evidence = append(out.Evidence, a.limit.stillRising())
		return
	}
	shapes := a.shapes()
	slices.SortStableFunc(shapes, byScore)
	switch {
	case len(a.watch.target) == 0 && (len(shapes) == 0 || shapes[0].name != record.LimitAdmission):
		out.Name = record.LimitUnwatched
		if len(shapes) > 0 {
			out.RunnerUp, out.Evidence = shapes[0].name, shapes[0].evidence
		}
	case (len(shapes) == 0 || shapes[0].score < scoreNeeded) && a.oneLoad():
		out.Name, out.Confidence = record.LimitNone, 0.5
		out.Notes = append(out.Notes, "one load shows no limit: size the service, or run several loads")
	case len(shapes) == 0 || shapes[0].score < scoreNeeded:
		out.Name = record.LimitUnsure
		if len(shapes) > 0 {
			out.RunnerUp, out.Evidence = shapes[0].name, shapes[0].evidence
		} else if len(resources) > 0 && resources[0].score > 0 {
			out.RunnerUp, out.Evidence = label(resources[0]), resources[0].evidence
		}
	default:
		a.name(out, shapes)
	}
}

// oneLoad says whether a run kept one load that the service carried: its curve has no shape.
func (a *analysis) oneLoad() bool {
	if len(a.Holds) > 0 {
		return false
	}
	low, high := math.Inf(1), 0.0
	for _, p := range a.points {
		if !p.pass {
			return false
		}
		low, high = min(low, p.level), max(high, p.level)
	}
	return high <= 1.5*low
}

// ownFirst prefers the service's own limit to the machine's: on a machine that
// others fill too, a quota that is used up is still the quota.
func (a *analysis) ownFirst(all []candidate) {
	if len(all) == 0 || !shared(all[0].source) {
		return
	}
	machine := a.at(all[0].source, record.CPUCores).limit
	for i, c := range all {
		if sameResource(c.name, all[0].name) && !shared(c.source) && c.score >= 0.8 && a.at(c.source, record.CPUCores).limit < 0.95*machine {
			all[0], all[i] = all[i], all[0]
			return
		}
	}
}

// sameResource says whether what is named second is no other resource: the CPU
// is what the garbage collector uses.
func sameResource(name, other string) bool {
	return name == other || name == record.LimitGC && other == record.LimitCPU
}

// name takes the first of the candidates if it is far enough ahead.
func (a *analysis) name(out *record.Bottleneck, all []candidate) {
	best := all[0]
	second := candidate{}
	for _, c := range all[1:] {
		if !sameResource(best.name, c.name) { // another source of the same resource does not compete
			second = c
			break
		}
	}
	out.Confidence = min(max(best.score-max(second.score, 0), 0), 1)
	if out.Coverage < coverNeeded {
		out.Confidence /= 2
	}
	out.Evidence = best.evidence
	if best.score-second.score < marginNeeded-1e-9 {
		out.Name = record.LimitUnsure
		out.RunnerUp = label(best) + " or " + label(second)
		out.Evidence = append(slices.Clone(best.evidence[:min(2, len(best.evidence))]), second.evidence[:min(2, len(second.evidence))]...)
		return
	}
	out.Name, out.Source = best.name, best.source
	if second.score > 0 {
		out.RunnerUp = label(second)
	}
}

// label is a candidate in words.
func label(c candidate) string {
	if c.source == "" {
		return c.name
	}
	return c.name + " of " + c.source
}

// ceilings lists those that are known, lowest first.
func ceilings(all []candidate) []record.Ceiling {
	var known []record.Ceiling
	for _, c := range all {
		if c.ceiling != nil && !math.IsInf(c.ceiling.Rate, 0) {
			known = append(known, *c.ceiling)
		}
	}
	slices.SortFunc(known, func(x, y record.Ceiling) int { return cmp.Compare(x.Rate, y.Rate) })
	return known
}

// next is the lowest ceiling of another resource than the one that was named.
func next(name, source string, all []record.Ceiling) *record.Ceiling {
	for _, c := range all {
		if c.Name == name || c.Name == record.LimitGenerator || (name == record.LimitGC && c.Name == record.LimitCPU) || (source == "" && c.Source == record.KindGenerator) {
			continue
		}
		return &c
	}
	return nil
}

// notes says what was missing.
func (a *analysis) notes(out *record.Bottleneck) {
	if len(a.watch.target) == 0 {
		out.Notes = append(out.Notes, "resources of the service were not watched: --monitor auto, pid=N, container=NAME or glances=URL")
	} else if out.Coverage < coverNeeded {
		out.Notes = append(out.Notes, units.Percent(out.Coverage, 1)+" of the judged time were watched: confidence is halved")
	}
	for _, h := range a.Holds {
		if h.Phase == record.PhaseFurther {
			out.Notes = append(out.Notes, "held for this verdict, after the answer: "+told(h))
		}
	}
	if n := len(a.fitted()); n < fitPoints && len(a.Holds) > 0 {
		out.Notes = append(out.Notes, "few loads were carried: ceilings are rough")
	}
}

// told is the load of a hold and why it was held.
func told(h record.Hold) string {
	load := units.Number(h.Level) + " virtual users"
	if h.Control == record.ByRate {
		load = units.Number(h.Level) + " arrivals/s"
	}
	return load + ", because " + h.Why
}
