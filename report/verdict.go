package report

import (
	"fmt"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/exit"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// Tone says how a verdict is to be taken.
type Tone int

// The tones. Their zero value is Good.
const (
	Good Tone = iota // it went well, or the limit was found
	Warn             // inconclusive, or cut
	Bad              // broken
)

// Symbol stands beside the colour, for those who do not see it.
func (t Tone) Symbol() string { return [...]string{"✓", "!", "✗"}[t] }

// Verdict is the first line of every report.
type Verdict struct {
	Tone     Tone
	Word     string // the record's verdict, "cut" where it has no end; of a comparison a word of its own
	Sentence string
	Reason   string // why it ended; may be empty
}

// Verdict sums the run up.
func (r *Run) Verdict() Verdict {
	if r.End == nil {
		return Verdict{Warn, string(record.VerdictCut), fmt.Sprintf("the record ends at %s without a verdict; until then %s", units.Seconds(r.Duration), r.totals()), ""}
	}
	v := Verdict{Bad, string(r.End.Verdict), r.totals(), r.End.Reason}
	switch {
	case r.End.ExitCode == exit.OK:
		v.Tone = Good
	case exit.Undecided(r.End.ExitCode):
		v.Tone = Warn
	}
	if s := r.Answer(); s != nil {
		v.Sentence = r.sizingSentence(s)
		if s.Reason != "" {
			v.Reason = s.Reason
		}
	}
	if v.Word == "" {
		v.Word = "ended"
	}
	if t := r.End.Teardown; t != "" && v.Word != string(record.VerdictTeardown) {
		v.Sentence += "; the teardown failed: " + t
	}
	return v
}

// totals says what was done, in one sentence.
func (r *Run) totals() string {
	c := r.Total
	text := ""
	switch {
	case c.Ended() > 0:
		text = fmt.Sprintf("%s in %s (%s), %s failed", units.Many(c.Ended(), "iteration"), units.Seconds(r.Duration),
			units.PerSecond(c.Ended(), r.Duration), units.Percent(float64(c.Failed), float64(c.Ended())))
	case c.Started > 0:
		text = units.Many(c.Started, "iteration") + " begun, none ended"
	default:
		text = "no iteration was run"
	}
	if d := c.Dropped; d.Total() > 0 {
		text += "; " + UnsentText(d, c.Due())
	}
	return text
}

func (r *Run) sizingSentence(s *record.Sizing) string {
	switch {
	case s.Capacity != nil:
		text := fmt.Sprintf("carries %s iterations/s", units.Number(s.Capacity.Goodput))
		if m := s.Unloaded.RequestsPerIteration; m > 0 {
			text += fmt.Sprintf(" (%s requests/s)", units.Number(s.Capacity.Goodput*m))
		}
		if s.AtLimit.P95S > 0 {
			text += ", p95 " + units.Seconds(s.AtLimit.P95S)
		}
		return text + r.limitedBy(s)
	case s.Verdict == record.VerdictBaseline:
		return fmt.Sprintf("no capacity: %s of the iterations fail at the lowest load already (tolerance %s)",
			units.Percent(s.Unloaded.FailedShare, 1), units.Percent(s.Settings.Tolerance, 1))
	case s.Verdict == record.VerdictDead:
		return "no capacity: nothing worked"
	case s.Plateau != nil && s.Plateau.Goodput > 0:
		return fmt.Sprintf("no tested limit; the best seen is %s iterations/s", units.Number(s.Plateau.Goodput))
	}
	return "no limit was found, and no load was measured long enough to give a number"
}

// limitedBy names what gives way first: a resource where that is known with
// some confidence, else what set the limit.
func (r *Run) limitedBy(s *record.Sizing) string {
	if b := r.Bottleneck(); b != nil && b.Confidence >= 0.3 {
		switch b.Name {
		case record.LimitNone, record.LimitUnsure, record.LimitUnwatched:
		default:
			return ", limited by " + b.Label()
		}
	}
	if s.Binding != "" {
		return ", limit set by " + string(s.Binding)
	}
	return ""
}

// CapacityFacts are the lines of the answer: label and text.
func CapacityFacts(s *record.Sizing) []Fact {
	var out []Fact
	if c := s.Capacity; c != nil {
		out = append(out, Fact{"Capacity", capacityLine(s, c)})
		if c.CI95[1] > 0 {
			out = append(out, Fact{"", fmt.Sprintf("95 %%: %s..%s iterations/s%s", units.Number(c.CI95[0]), units.Number(c.CI95[1]), estimate(c))})
		}
	}
	if p := s.Plateau; p != nil && p.Goodput > 0 {
		label := "Plateau"
		if p.Kind == record.PlateauPeak {
			label = "Peak"
		}
		out = append(out, Fact{label, plateauLine(s, p)})
	}
	if line := vuLine(&s.VUs); line != "" {
		out = append(out, Fact{"VUs", line})
	}
	if l := s.AtLimit; l.P50S > 0 {
		text := fmt.Sprintf("p50 %s  p95 %s  p99 %s at the limit", units.Seconds(l.P50S), units.Seconds(l.P95S), units.Seconds(l.P99S))
		if s.Unloaded.RequestS > 0 {
			text += fmt.Sprintf("; a request takes %s unloaded", units.Seconds(s.Unloaded.RequestS))
		}
		if s.Capacity != nil && s.Capacity.InFlight > 0 {
			text += fmt.Sprintf("; in flight %s", units.Number(s.Capacity.InFlight))
		}
		out = append(out, Fact{"Latency", text})
	}
	out = append(out, aloneFacts(s)...)
	for _, o := range s.Objectives {
		text := fmt.Sprintf("%s: %s beyond it at the limit, %s allowed", o.Kind, units.Percent(o.AtLimit, 1), units.Percent(o.Allowed, 1))
		if o.Binding {
			text += " (it sets the limit)"
		}
		out = append(out, Fact{"Objective", text})
	}
	return out
}

// aloneFacts are the answers for each scenario by itself.
func aloneFacts(s *record.Sizing) []Fact {
	var out []Fact
	for _, a := range s.Alone {
		text := a.Name + ": " + string(a.Verdict)
		if a.Goodput != nil {
			text = fmt.Sprintf("%s: carries %s iterations/s, limit set by %s", a.Name, units.Number(*a.Goodput), a.Binding)
		}
		out = append(out, Fact{"Alone", text})
	}
	return out
}

// classicLine is what Molotov's rule says.
func classicLine(c *record.Classic) string {
	text := units.Percent(c.Ratio, 1) + " of the last minute's iterations failed"
	if c.Reached {
		return fmt.Sprintf("%s at %s", text, units.Many(uint64(max(c.MaxWorkers, 0)), "worker"))
	}
	return fmt.Sprintf("%s with up to %s: within the tolerance", text, units.Many(uint64(max(c.MaxWorkers, 0)), "worker"))
}

func estimate(c *record.Capacity) string {
	if c.OfferedEstimate <= 0 {
		return ""
	}
	return fmt.Sprintf("; limit estimated at %s/s arriving", units.Number(c.OfferedEstimate))
}

func capacityLine(s *record.Sizing, c *record.Capacity) string {
	parts := []string{units.Number(c.Goodput) + " iterations/s"}
	if c.OfferedConfirmed > 0 {
		parts[0] += fmt.Sprintf("   held %s at %s/s arriving, %s failing (tolerance %s)",
			units.Seconds(c.ConfirmS), units.Number(c.OfferedConfirmed), units.Percent(c.FailedShare, 1), units.Percent(s.Settings.Tolerance, 1))
	}
	switch {
	case c.FirstFailing != nil:
		parts = append(parts, units.Number(*c.FirstFailing)+"/s fails")
	case s.Interval.Hi != nil && !s.Interval.HiTested:
		parts = append(parts, fmt.Sprintf("upper end %s/s computed, not tested", units.Number(*s.Interval.Hi)))
	}
	return strings.Join(parts, "; ")
}

func plateauLine(s *record.Sizing, p *record.Plateau) string {
	text := units.Number(p.Goodput)
	if p.SE > 0 {
		text += " ± " + units.Number(2*p.SE*p.Goodput)
	}
	text += "/s at " + vuRange(p.VUsFrom, p.VUsTo)
	if r := s.Shape.Retrograde; r != nil {
		text += fmt.Sprintf(", %s/s at %d: more users make it slower", units.Number(r.Goodput), r.AtVUs)
	}
	return text
}

func vuRange(from, to int) string {
	if from == to {
		return units.Many(uint64(max(from, 0)), "VU")
	}
	return fmt.Sprintf("%d..%d VUs", from, to)
}

func vuLine(v *record.VUBounds) string {
	var parts []string
	if v.Knee > 0 {
		parts = append(parts, fmt.Sprintf("%d flat out reach it (97 %%)", v.Knee))
	}
	if v.Within > 0 {
		text := fmt.Sprintf("%d stayed within tolerance", v.Within)
		if v.FirstFailing != nil {
			text += fmt.Sprintf(", %d failed %s", *v.FirstFailing, units.Percent(v.FailedShare, 1))
		}
		parts = append(parts, text)
	}
	if v.Estimate != nil {
		parts = append(parts, fmt.Sprintf("tolerance estimated to be reached at %s", units.Number(*v.Estimate)))
	}
	return strings.Join(parts, "; ")
}

// shapeLine says how the service behaves around its limit.
func shapeLine(s *record.Sizing) string {
	var parts []string
	switch s.Shape.AboveLimit {
	case "", record.AboveUnknown:
	default:
		parts = append(parts, string(s.Shape.AboveLimit)+" above the limit")
	}
	if s.Shape.RecoveryS > 0 {
		parts = append(parts, "recovers in "+units.Seconds(s.Shape.RecoveryS))
	}
	if s.Shape.Rising {
		parts = append(parts, "gave more later than before (warm-up or autoscaler)")
	}
	if s.Shape.Slowing {
		parts = append(parts, "gave less later than before (growing data, or a slower machine)")
	}
	if s.Shape.StallPeriodS > 0 {
		parts = append(parts, "stalls every "+units.Seconds(s.Shape.StallPeriodS))
	}
	if n := len(s.Shape.Outages); n > 0 {
		parts = append(parts, units.Many(uint64(n), "outage"))
	}
	if s.Shape.BaseFailure > 0 {
		parts = append(parts, units.Percent(s.Shape.BaseFailure, 1)+" fail at any load")
	}
	return strings.Join(parts, "; ")
}

// demoLines compare the answer with the truth about the demo target.
func demoLines(r *Run) []Fact {
	d := r.End.Demo
	out := []Fact{{"Demo", fmt.Sprintf("target was set to carry %s requests/s (%s), counted %s requests itself; we counted %s",
		units.Number(d.Capacity), d.Model, units.Int(d.Requests), units.Int(r.Total.Requests()))}}
	s := r.Answer()
	if s == nil || s.Plateau == nil && s.Capacity == nil {
		return out
	}
	ours := 0.0
	if s.Plateau != nil {
		ours = s.Plateau.Goodput
	}
	if s.Capacity != nil {
		ours = s.Capacity.Goodput
	}
	m := s.Unloaded.RequestsPerIteration
	if ours <= 0 || m <= 0 || d.Capacity <= 0 {
		return out
	}
	return append(out, Fact{"", fmt.Sprintf("measured: %s iterations/s × %s requests = %s requests/s (%s)",
		units.Number(ours), units.Number(m), units.Number(ours*m), units.Signed(ours*m/d.Capacity-1))})
}
