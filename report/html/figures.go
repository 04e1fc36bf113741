package html

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// figures are the numbers under the verdict, at most six.
func figures(r *report.Run) []figure {
	if s := r.Answer(); s != nil {
		out := sizingFigures(s)
		if b := r.End.Bottleneck; b != nil && b.Name != "" {
			f := figure{"Bottleneck", b.Name, strings.TrimSpace(b.Source), "confidence " + units.Number(b.Confidence)}
			if n := len(out); n > 0 && out[n-1].Name == limitSetBy {
				f.Note += "; limit set by " + out[n-1].Value
				out = out[:n-1]
			}
			out = append(out, f)
		}
		return out
	}
	c := r.Total
	if c.Ended() == 0 {
		return nil
	}
	out := []figure{
		{"Iterations", units.Int(c.Ended()), "", units.PerSecond(c.Ended(), r.Duration)},
		{"Failed", units.Percent(float64(c.Failed), float64(c.Ended())), "", units.Many(c.Failed, "iteration")},
	}
	if c.Requests() > 0 {
		out = append(out, figure{"Requests", units.Int(c.Requests()), "", units.PerSecond(c.Requests(), r.Duration)})
	}
	if l := c.Latency; l != nil {
		out = append(out, figure{"Response time, p95", units.Seconds(l.P95), "", "p50 " + units.Seconds(l.P50) + ", p99 " + units.Seconds(l.P99)})
	} else if l := c.Iteration; l != nil {
		out = append(out, figure{"Iteration, p95", units.Seconds(l.P95), "", "p50 " + units.Seconds(l.P50) + ", p99 " + units.Seconds(l.P99)})
	}
	if n := c.ChecksPassed + c.ChecksFail; n > 0 {
		out = append(out, figure{"Checks passed", units.Percent(float64(c.ChecksPassed), float64(n)), "", "of " + units.Int(n)})
	}
	return append(out, figure{"Virtual users", strconv.Itoa(c.VUsMax), "", "for " + units.Seconds(r.Duration)})
}

const limitSetBy = "Limit set by"

func sizingFigures(s *record.Sizing) []figure {
	var out []figure
	switch c := s.Capacity; {
	case c != nil:
		note := ""
		if c.CI95[1] > 0 {
			note = fmt.Sprintf("95 %%: %s to %s", units.Number(c.CI95[0]), units.Number(c.CI95[1]))
		}
		out = append(out, figure{"Capacity", units.Number(c.Goodput), "iterations/s", note})
		if m := s.Unloaded.RequestsPerIteration; m > 0 {
			out = append(out, figure{"Requests at capacity", units.Number(c.Goodput * m), "per second", units.Number(m) + " an iteration"})
		}
		if c.OfferedConfirmed > 0 {
			out = append(out, figure{"Held", units.Number(c.OfferedConfirmed), "arrivals/s", fmt.Sprintf("for %s, %s failing", units.Seconds(c.ConfirmS), units.Percent(c.FailedShare, 1))})
		}
	case s.Plateau != nil && s.Plateau.Goodput > 0:
		out = append(out, figure{"Best seen", units.Number(s.Plateau.Goodput), "iterations/s", "no limit was tested"})
	}
	if v := s.VUs; v.Knee > 0 {
		note := ""
		if v.Within > 0 {
			note = strconv.Itoa(v.Within) + " stayed within tolerance"
		}
		out = append(out, figure{"Virtual users to reach it", strconv.Itoa(v.Knee), "", note})
	}
	if l := s.AtLimit; l.P95S > 0 {
		out = append(out, figure{"Response time, p95", units.Seconds(l.P95S), "", "p50 " + units.Seconds(l.P50S) + ", p99 " + units.Seconds(l.P99S)})
	}
	if s.Binding != "" {
		out = append(out, figure{limitSetBy, string(s.Binding), "", "tolerance " + units.Percent(s.Settings.Tolerance, 1)})
	}
	return out
}

// facts tell how to do it again.
func facts(r *report.Run) []fact {
	h := r.Head
	var out []fact
	add := func(name, value string) {
		if value != "" {
			out = append(out, fact{name, value})
		}
	}
	add("Script", h.Script)
	add("Script SHA-256", h.ScriptHash)
	if g := h.Repository; g != nil {
		add("Repository", g.URL)
		add("Commit", g.Commit)
		add("Test", g.Test)
	}
	add("Seed", strconv.FormatUint(h.Seed, 10))
	add("Tool", h.Tool)
	g := h.Generator
	if g.CPUs > 0 {
		add("Generator", fmt.Sprintf("%s %s/%s, %s, %s", g.Name, g.OS, g.Arch, units.Many(uint64(g.CPUs), "core"), g.GoVersion))
	}
	if line := r.MachineLine(); line != "" {
		add("Target's machine", line)
	}
	add("Proxy", r.ProxyLine())
	add("Duration", units.Seconds(r.Duration))
	if interval := r.Interval(); interval > 0 {
		add("Measured every", units.Seconds(interval))
	}
	if d := demo(r); d != "" {
		add("Demo target", d)
	}
	add("Record", r.Path)
	return out
}

func demo(r *report.Run) string {
	if r.End == nil || r.End.Demo == nil {
		return ""
	}
	d := r.End.Demo
	return fmt.Sprintf("was set to carry %s requests/s (%s), counted %s requests itself; we counted %s",
		units.Number(d.Capacity), d.Model, units.Int(d.Requests), units.Int(r.Total.Requests()))
}
