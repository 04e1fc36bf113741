package report

import (
	"fmt"
	"strings"

	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// Fact is a line with a label; an empty one continues the line above.
type Fact struct{ Label, Text string }

// Facts are the labelled lines under the verdict.
func (r *Run) Facts() []Fact {
	var out []Fact
	if v := r.Verdict(); v.Reason != "" {
		out = append(out, Fact{"Ended", v.Reason})
	}
	if s := r.Answer(); s != nil {
		out = append(out, r.sizingFacts(s)...)
	} else {
		out = append(out, Fact{"Load", r.loadLine()})
		if l := r.Total.Latency; l != nil {
			out = append(out, Fact{"Latency", latencyLine(l) + "  (requests, the failed ones too)"})
		}
		if l := r.Total.Iteration; l != nil {
			out = append(out, Fact{"Iteration", latencyLine(l) + "  (successful ones)"})
		}
		if l := r.Total.Lateness; l != nil {
			out = append(out, Fact{"Lateness", fmt.Sprintf("p50 %s  p99 %s  max %s behind the time an iteration was due", units.Seconds(l.P50), units.Seconds(l.P99), units.Seconds(l.Max))})
		}
		if r.Total.Requests() > 0 {
			out = append(out, Fact{"Requests", r.requestLine()})
		}
	}
	if r.End != nil && r.End.Sizing != nil && r.End.Sizing.Classic != nil {
		out = append(out, Fact{"Classic", classicLine(r.End.Sizing.Classic)})
	}
	if r.End != nil && r.End.Demo != nil {
		out = append(out, demoLines(r)...)
	}
	out = append(out, r.ResourceFacts()...)
	out = append(out, r.warningFacts()...)
	if line := r.ProxyLine(); line != "" {
		out = append(out, Fact{"Proxy", line})
	}
	if line := r.MachineLine(); line != "" {
		out = append(out, Fact{"Machine", line})
	}
	if line := r.Origin(); line != "" {
		out = append(out, Fact{"Repository", line})
	}
	if r.Path != "" {
		out = append(out, Fact{"Record", r.Path})
	}
	return out
}

// ProxyLine says what stood between the generator and the service; empty where nothing did.
func (r *Run) ProxyLine() string {
	if len(r.Proxies) == 0 {
		return ""
	}
	return "through proxy " + strings.Join(r.Proxies, " and ")
}

// mostWarnings are shown in a summary.
const mostWarnings = 5

func (r *Run) warningFacts() (out []Fact) {
	for _, warning := range r.Warnings[:min(len(r.Warnings), mostWarnings)] {
		out = append(out, Fact{"Warning", warning})
	}
	if n := len(r.Warnings) - mostWarnings; n > 0 {
		out = append(out, Fact{"", fmt.Sprintf("and %d more: --json has all", n)})
	}
	return out
}

// Origin says which repository, commit and test the scenario is from; empty where it is from this disk.
func (r *Run) Origin() string {
	g := r.Head.Repository
	if g == nil {
		return ""
	}
	text := g.URL + " at " + g.Commit
	if g.Test != "" {
		text = "test " + g.Test + " of " + text
	}
	return text
}

func (r *Run) sizingFacts(s *record.Sizing) []Fact {
	out := CapacityFacts(s)
	if line := shapeLine(s); line != "" {
		out = append(out, Fact{"Shape", line})
	}
	if c := s.Cost; c.Holds > 0 {
		out = append(out, Fact{"Cost", fmt.Sprintf("%s, %s, %s, %s failed", units.Many(uint64(c.Holds), "hold"), units.Seconds(c.WallS),
			units.Many(c.Requests, "request"), units.Many(c.Failed, "iteration"))})
	}
	if s.BudgetNeededS > 0 {
		out = append(out, Fact{"Budget", fmt.Sprintf("%s would give bounds of ± 10 %%, %s a test of both sides", units.Seconds(s.BudgetNeededS), units.Seconds(s.BudgetForTestS))})
	}
	if a := s.Recommendation; a != nil && a.Replicas > 0 {
		out = append(out, Fact{"Advice", fmt.Sprintf("for %s iterations/s: %d replicas at %s of %s/s each, %d of them spare", units.Number(a.TargetLoad),
			a.Replicas, units.Percent(a.Headroom, 1), units.Number(a.PerReplica), a.Spare)})
	}
	if c := s.Recheck; c != nil {
		out = append(out, Fact{"Before", fmt.Sprintf("%s iterations/s: changed by %+.1f %%, noise is ± %s", units.Number(c.Former), c.Change*100, units.Percent(c.Noise, 1))})
	}
	for _, note := range s.Notes {
		out = append(out, Fact{"Note", note})
	}
	return out
}

func (r *Run) loadLine() string {
	text := fmt.Sprintf("up to %s for %s: %s begun, %s succeeded (%s), %s failed", units.Many(uint64(max(r.Total.VUsMax, 0)), "VU"), units.Seconds(r.Duration),
		units.Many(r.Total.Started, "iteration"), units.Int(r.Total.OK), units.PerSecond(r.Total.OK, r.Duration), units.Int(r.Total.Failed))
	if d := r.Total.Dropped; d.Total() > 0 {
		text += "; " + unsentList(d)
	}
	return text
}

func (r *Run) requestLine() string {
	c := r.Total
	text := fmt.Sprintf("%s (%s), %s failed; %s in, %s out; %s opened", units.Int(c.Requests()), units.PerSecond(c.Requests(), r.Duration),
		units.Percent(float64(c.RequestsFailed), float64(c.Requests())), units.Bytes(float64(c.BytesIn)), units.Bytes(float64(c.BytesOut)), units.Many(c.Connections, "connection"))
	if c.Repeated > 0 {
		text += fmt.Sprintf(", %s repeated after a stale connection", units.Int(c.Repeated))
	}
	return text
}

func latencyLine(l *Quantiles) string {
	return fmt.Sprintf("p50 %s  p90 %s  p95 %s  p99 %s  max %s", units.Seconds(l.P50), units.Seconds(l.P90), units.Seconds(l.P95), units.Seconds(l.P99), units.Seconds(l.Max))
}
