package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// Evidence are the sentences that a verdict stands on: where the knee is, what
// was tested, which resource was nearest its limit then and which were not,
// and whether the generator could have been the limit.
func (r *Run) Evidence() []string {
	var out []string
	say := func(format string, a ...any) { out = append(out, fmt.Sprintf(format, a...)) }
	if s := r.Answer(); s != nil {
		out = append(out, sizingEvidence(s)...)
	} else if l := r.Total.Latency; l != nil {
		say("Half of the %s took at most %s, 95 %% at most %s, the longest %s.", units.Many(r.Total.Requests(), "request"), units.Seconds(l.P50), units.Seconds(l.P95), units.Seconds(l.Max))
	}
	if d := r.Total.Dropped; d.Total() > 0 && r.Head.Mode == record.ModeRun {
		say("Of what was due, %s.", unsentList(d))
	}
	for _, t := range r.Thresholds() {
		if !t.OK || t.Allowed > 0 {
			say("%s %s: %s.", ThresholdTone(&t).Symbol(), thresholdName(&t), ThresholdValue(&t))
		}
	}
	if len(r.Failures) > 0 {
		g := r.Failures[0]
		say("The most frequent failure is “%s”: %s, first seen at %s.", g.Sample.Text(), units.Many(g.Count(), "time"), units.Clock(math.Floor(g.Sample.First)))
	}
	if list := r.outages(); len(list) > 0 {
		text := fmt.Sprintf("Nothing worked from %s to %s", units.Clock(list[0].From), units.Clock(list[0].To))
		if len(list) > 1 {
			text += fmt.Sprintf(", and %s more", units.Many(uint64(len(list)-1), "time"))
		}
		say("%s.", text)
	}
	if b := r.Bottleneck(); b != nil {
		out = append(out, bottleneckEvidence(b)...)
	}
	from, to, when := 0.0, math.Inf(1), "during the run"
	if h := r.limitHold(); h != nil {
		from, to, when = h.StartS, h.StartS+h.LengthS, "at "+LoadOf(*h)
	}
	out = append(out, r.resourceEvidence(from, to, when)...)
	return append(out, r.generatorEvidence()...)
}

func sizingEvidence(s *record.Sizing) []string {
	var out []string
	say := func(format string, a ...any) { out = append(out, fmt.Sprintf(format, a...)) }
	if p := s.Plateau; p != nil && s.VUs.Knee > 0 {
		say("More than %d virtual users bring no more: %s iterations/s is the most that users back to back reach, at %s.", s.VUs.Knee, units.Number(p.Goodput), vuRange(p.VUsFrom, p.VUsTo))
	}
	if r := s.Shape.Retrograde; r != nil {
		say("More users make it slower: %s/s at %s fall to %s/s at %d.", units.Number(r.Peak), units.Many(uint64(max(r.PeakVUs, 0)), "VU"), units.Number(r.Goodput), r.AtVUs)
	}
	if c := s.Capacity; c != nil && c.OfferedConfirmed > 0 {
		text := fmt.Sprintf("%s arrivals/s were held for %s with %s failing", units.Number(c.OfferedConfirmed), units.Seconds(c.ConfirmS), units.Percent(c.FailedShare, 1))
		switch {
		case c.FirstFailing != nil:
			text += fmt.Sprintf("; %s/s failed", units.Number(*c.FirstFailing))
		case s.Interval.Hi != nil && !s.Interval.HiTested:
			text += fmt.Sprintf("; the upper end, %s/s, is computed and was not tested", units.Number(*s.Interval.Hi))
		}
		say("%s.", text)
	}
	if line := shapeLine(s); line != "" {
		say("The service: %s.", line)
	}
	for _, f := range aloneFacts(s) {
		say("Alone, %s.", f.Text)
	}
	return append(out, s.Notes...)
}

// near is a resource and how much of its limit was in use.
type near struct {
	text  string
	share float64
}

// nearestLimits are the mean uses from one time to another, the highest first.
func (r *Run) nearestLimits(sources []Source, from, to float64) []near {
	var list []near
	for _, s := range sources {
		for _, series := range s.Series {
			var sum, last float64
			n := 0
			for i, at := range s.At {
				if v := series.Values[i] / series.Limits[i]; at > from && at <= to+0.5 && !math.IsNaN(v) {
					sum, last, n = sum+v, series.Limits[i], n+1
				}
			}
			if n > 0 {
				m := MeasureOf(series.Key)
				text := fmt.Sprintf("%s of %s at %s", m.Name, s.Name, units.Percent(sum/float64(n), 1))
				if m.Unit != UnitShare {
					text += " of " + m.Format(last)
				}
				list = append(list, near{text, sum / float64(n)})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b near) int { return cmp.Compare(b.share, a.share) })
	return list
}

func bottleneckEvidence(b *record.Bottleneck) []string {
	out := []string{bottleneckLine(b) + "."}
	for _, g := range b.Growth {
		out = append(out, strings.TrimSuffix(g.Text, ".")+".")
	}
	return append(out, b.Notes...)
}

func (r *Run) resourceEvidence(from, to float64, when string) []string {
	targets := r.Targets()
	if len(targets) == 0 {
		if r.Bottleneck() != nil {
			return nil // it has said so
		}
		return []string{"The target's resources were not watched, so what limits it is not known."}
	}
	list := r.nearestLimits(targets, from, to)
	if len(list) == 0 {
		return []string{"The target was watched, but nothing of it that has a known limit was read " + when + "."}
	}
	out := []string{fmt.Sprintf("Nearest its limit %s was %s.", when, list[0].text)}
	var rest []string
	for _, n := range list[1:min(len(list), 4)] {
		rest = append(rest, n.text)
	}
	if len(rest) > 0 {
		out = append(out, "Next: "+strings.Join(rest, "; ")+".")
	}
	return out
}

func (r *Run) generatorEvidence() []string {
	var out []string
	if s := r.Answer(); s != nil && !s.Generator.OK {
		return []string{"The generator could not make the load as asked (" + cmp.Or(s.Generator.Reason, "no reason recorded") + "): the figures are a lower bound."}
	}
	own := r.Generator()
	if own == nil {
		return []string{"The generator did not watch itself."}
	}
	u := own.Use(record.CPUCores)
	if u == nil || u.Share == nil {
		return nil
	}
	text := fmt.Sprintf("The generator used at most %s of its %s cores", units.Percent(*u.Share, 1), units.Number(*u.Limit))
	if *u.Share > record.GeneratorBusy {
		return append(out, text+": it may have been the limit itself.")
	}
	return append(out, text+".")
}
