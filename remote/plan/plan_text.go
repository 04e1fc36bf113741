package plan

import (
	"fmt"
	"io"
	"strings"

	"github.com/plimsoll-load/plimsoll/remote/provider"
	"github.com/plimsoll-load/plimsoll/remote/script"
)

// Write prints a plan for a person to agree to.
func (p *Plan) Write(w io.Writer) {
	o := &p.Options
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%-12s%s\n", name, fmt.Sprintf(format, args...))
	}
	line("Run", "%s", p.Run)
	line("Account", "%s, %s, as %s", p.Caller.Account, p.Caller.Region, p.Caller.Name)
	line("Service", "%s on port %d", o.Image, o.Port)
	if o.Instance != "" {
		line("Machine", "%s, which is there and will stay", o.Instance)
	}
	for _, m := range p.Machines {
		role := "Machine"
		if m.Role == RoleGenerator {
			role = "Generator"
		}
		line(role, "%s: %s, %s, %s%s, %s", m.Type.Name, VCPUs(m.Type.VCPUs), GiB(m.Type.MemoryBytes), m.Image.ID, p.market(m), PerHour(m.Price))
	}
	if len(p.Subnets) > 0 {
		var all []string
		for _, s := range p.Subnets {
			all = append(all, s.ID+" ("+s.Zone+")")
		}
		line("Subnets", "%s: the first that has room", strings.Join(all, ", "))
		line("Open to", "%s on tcp %d%s", strings.Join(p.Sources, ", "), o.Port, p.watchedPort())
	}
	if len(p.Machines) > 0 {
		line("Ends itself", "%s at the latest, if this program cannot do it", Clock(p.Expires))
	}
	line("Cost", "%s, for about %d minutes each%s (machines alone, without disk, address and traffic)", About(p.Cost), script.Minutes(o.Estimate+bootEstimate), p.ofGenerator())
	for _, m := range p.Machines {
		if p.MayBePreempted(m) {
			line("If taken", "%s: %s", m.Type.Name, p.ifPreempted(m))
		}
	}
	for _, n := range p.Notes {
		line("Note", "%s", n)
	}
}

// WriteScripts prints what --dry-run shows besides: what machines will run.
func (p *Plan) WriteScripts(w io.Writer) {
	fmt.Fprintf(w, "\n# when a machine boots\n%s", script.UserData(p.Life, p.Dialect.Boot))
	for _, s := range []script.Step{p.Ready(), p.Service(), p.Glances(WatcherFile), p.Collect(), p.Clean()} {
		fmt.Fprintf(w, "\n# %s\n%s", s.Title, s.Text())
	}
}

func (p *Plan) watchedPort() string {
	if p.Options.Metrics != "glances" {
		return ""
	}
	return fmt.Sprintf(" and tcp %d (Glances)", GlancesPort)
}

func (p *Plan) market(m PlannedMachine) string {
	if p.MayBePreempted(m) {
		return ", " + p.Dialect.Preemptible
	}
	return ""
}

// ofGenerator is the generator's part of the cost.
func (p *Plan) ofGenerator() string {
	g := p.Generator()
	if g == nil {
		return ""
	}
	return fmt.Sprintf("; %s of it for the generator, which is there all the time", p.Estimate([]PlannedMachine{*g}))
}

// ifPreempted is what becomes of a type whose machine is taken away.
func (p *Plan) ifPreempted(m PlannedMachine) string {
	cost := p.RetryCost(m)
	if p.Afford(cost) != nil {
		return fmt.Sprintf("it is not tried again: on demand it would cost %s more, which --max-cost does not allow", About(cost))
	}
	return fmt.Sprintf("it is tried once more on demand, for %s more", About(cost))
}

// VCPUs is a number of them in words.
func VCPUs(n int) string {
	if n == 1 {
		return "1 vCPU"
	}
	return fmt.Sprintf("%d vCPUs", n)
}

// About is an estimated cost in words.
func About(c Cost) string {
	if !c.Known {
		return c.String()
	}
	return "about " + c.String()
}

// PerHour is a price in words; nil is one that is not known.
func PerHour(p *provider.Price) string {
	if p == nil {
		return "price unknown"
	}
	return fmt.Sprintf("%.4f %s an hour (%s)", p.PerHour, p.Currency, p.Source)
}

// GiB is a size in words, with one decimal place where that is not 0.
func GiB(bytes int64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(bytes)/(1<<30)), ".0") + " GiB"
}
