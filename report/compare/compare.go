// Package compare says what changed from one set of runs to others, and
// whether it is more than runs vary by themselves.
package compare

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/plimsoll-load/plimsoll/report"
	"github.com/plimsoll-load/plimsoll/runtime/record"
	"github.com/plimsoll-load/plimsoll/runtime/redact"
	"github.com/plimsoll-load/plimsoll/runtime/units"
)

// Set is runs of the same thing: several of them tell how much it varies by itself.
type Set struct {
	Name string // shown; empty: the machine's type where these differ, else the first record's file name
	Runs []*report.Run
}

// Comparison is what changed from the first set to each of the others.
type Comparison struct {
	SchemaVersion int                `json:"schema_version"`
	Sets          []SetSummary       `json:"sets"` // the first is what the others are compared with
	Changes       []Change           `json:"changes"`
	Limits        []LimitOf          `json:"limits"`
	Machines      []report.MachineOf `json:"machines"` // of sizings whose records name the target's machine
	Warnings      []string           `json:"warnings"`

	sets  []Set
	sized []*record.Sizing // of Machines
}

// SetSummary names a set and its records.
type SetSummary struct {
	Name    string   `json:"name"`
	Records []string `json:"records"`
}

// LimitOf is what limited a set's runs.
type LimitOf struct {
	Set     string `json:"set"`
	Limit   string `json:"limit"`   // empty: not known
	Changed *bool  `json:"changed"` // against the first set; null: not known of one of the two
}

// Change is one measure's change from the first set to another one.
type Change struct {
	Set      string      `json:"set"`
	Measure  string      `json:"measure"` // capacity, plateau, goodput, failures, p50, p95, p99
	Load     string      `json:"load"`    // the equal load that it was measured at; empty: the run's own
	Unit     report.Unit `json:"unit"`
	Before   float64     `json:"before"`
	After    float64     `json:"after"`
	Relative *float64    `json:"change"` // (after - before) / before; null: before is 0
	Low      *float64    `json:"low"`    // 95 % interval of the change; null: nothing tells how much it varies
	High     *float64    `json:"high"`
	// Decisive measures decide about a regression; their intervals together hold with 95 %.
	Decisive bool   `json:"decisive"`
	Verdict  string `json:"verdict"` // better, worse, not significant
}

// Verdicts of a change.
const (
	Better         = "better"
	Worse          = "worse"
	NotSignificant = "not significant"
)

// Version is raised when a reader of the former version would misread a comparison.
const Version = 1

// Sets compares each set with the first one. It needs two sets, each with a
// run, all of one kind: sizings, or plain runs.
func Sets(sets []Set) (*Comparison, error) {
	if len(sets) < 2 {
		return nil, errors.New("compare: two sets of runs are needed, the first to compare with")
	}
	c := &Comparison{SchemaVersion: Version, Changes: []Change{}, Limits: []LimitOf{}, Warnings: []string{}}
	machines := append(machineNames(sets), make([]string, len(sets))...) // all of them, or none
	for i, s := range sets {
		if len(s.Runs) == 0 {
			return nil, fmt.Errorf("compare: set %d has no run", i+1)
		}
		s.Name = cmp.Or(redact.Line(s.Name), machines[i], baseName(s.Runs[0].Path), fmt.Sprintf("set %d", i+1))
		for slices.ContainsFunc(c.sets, func(o Set) bool { return o.Name == s.Name }) {
			s.Name += "'"
		}
		c.sets = append(c.sets, s)
		summary := SetSummary{Name: s.Name, Records: []string{}}
		for _, r := range s.Runs {
			if r.Sized() != sets[0].Runs[0].Sized() {
				return nil, fmt.Errorf("compare: %s is a sizing and %s is not: only runs of one kind can be compared", named(r, sets[0].Runs[0], true), named(r, sets[0].Runs[0], false))
			}
			summary.Records = append(summary.Records, r.Path)
		}
		c.Sets = append(c.Sets, summary)
		if lacks := unanswered(s); lacks != "" {
			c.Warnings = append(c.Warnings, lacks)
		}
	}
	for _, s := range c.sets[1:] {
		c.Changes = append(c.Changes, changes(c.sets[0], s)...)
		c.differences(c.sets[0], s)
	}
	c.limits()
	c.machines()
	return c, nil
}

// unanswered says that no sizing of a set found a capacity, and how the first ended; empty: one did, or they are plain runs.
func unanswered(s Set) string {
	for _, r := range s.Runs {
		if !r.Sized() || r.End.Sizing.Capacity != nil {
			return ""
		}
	}
	return fmt.Sprintf("no capacity of %s was found (%s): what it carries cannot be compared", s.Name, s.Runs[0].End.Sizing.Verdict)
}

func named(a, b *report.Run, sized bool) string {
	if a.Sized() != sized {
		a = b
	}
	return cmp.Or(baseName(a.Path), "one record")
}

func baseName(path string) string {
	if path == "" {
		return ""
	}
	return strings.TrimSuffix(filepath.Base(path), ".jsonl")
}

// changes are all measures that both sets have.
func changes(a, b Set) []Change {
	var out []Change
	add := func(m measure) {
		if change, ok := m.change(a, b); ok {
			out = append(out, change)
		}
	}
	if a.Runs[0].Sized() {
		add(measure{name: "capacity", unit: report.UnitRate, of: capacityOf, decisive: 1, assume: spreadOfRates})
		add(measure{name: "plateau", unit: report.UnitRate, of: plateauOf, assume: spreadOfRates})
		for _, load := range commonHolds(a, b) {
			for _, q := range []string{"p50", "p95", "p99"} {
				add(measure{name: q, load: load, unit: report.UnitSeconds, of: holdQuantile(load, q), lower: true, assume: spreadOfTimes})
			}
		}
		return out
	}
	add(measure{name: "goodput", unit: report.UnitRate, of: goodputOf, decisive: 2, assume: spreadOfRates})
	add(measure{name: "failures", unit: report.UnitShare, of: failuresOf, lower: true})
	add(measure{name: "not sent", unit: report.UnitShare, of: unsentOf, lower: true})
	if load, ok := equalLoad(a, b); ok {
		add(measure{name: "p50", load: load, unit: report.UnitSeconds, of: runQuantile("p50"), lower: true, assume: spreadOfTimes})
		add(measure{name: "p95", load: load, unit: report.UnitSeconds, of: runQuantile("p95"), lower: true, decisive: 2, assume: spreadOfTimes})
		add(measure{name: "p99", load: load, unit: report.UnitSeconds, of: runQuantile("p99"), lower: true, assume: spreadOfTimes})
	}
	return out
}

// Regression is the decisive change for the worse that is significant and
// beyond a fraction (0.05: five percent), the largest first; nil when there is none.
func (c *Comparison) Regression(beyond float64) *Change {
	var worst *Change
	for i := range c.Changes {
		k := &c.Changes[i]
		if k.Regressed(beyond) && (worst == nil || k.size() > worst.size()) {
			worst = k
		}
	}
	return worst
}

// Regressed says whether a change that decides is one for the worse, significant and beyond a fraction.
func (k *Change) Regressed(beyond float64) bool {
	return k.Decisive && k.Verdict == Worse && k.size() > beyond
}

// size is how large the change is, whichever way; 0 where it is not known.
func (k *Change) size() float64 {
	if k.Relative == nil {
		return 0
	}
	return math.Abs(*k.Relative)
}

// limits compares what limited the sets.
func (c *Comparison) limits() {
	first := limitOf(c.sets[0])
	for i, s := range c.sets {
		l := LimitOf{Set: s.Name, Limit: limitOf(s)}
		if i > 0 && l.Limit != "" && first != "" {
			changed := l.Limit != first
			l.Changed = &changed
		}
		c.Limits = append(c.Limits, l)
	}
}

// limitOf is the limit that most runs of a set name.
func limitOf(s Set) string {
	counts := map[string]int{}
	best := ""
	for _, r := range s.Runs {
		name := r.Limit()
		if counts[name]++; name != "" && (counts[name] > counts[best] || best == "") {
			best = name
		}
	}
	return best
}

// differences warns of what makes two sets no fair pair, and names it.
func (c *Comparison) differences(a, b Set) {
	warn := func(what, before, after string) {
		text := fmt.Sprintf("%s differs between %s and %s: %s, %s", what, a.Name, b.Name, cmp.Or(before, "none"), cmp.Or(after, "none"))
		if before != after && !slices.Contains(c.Warnings, text) {
			c.Warnings = append(c.Warnings, text)
		}
	}
	for _, r := range append(slices.Clone(a.Runs[1:]), b.Runs...) {
		x, y := a.Runs[0].Head, r.Head
		warn("the script", x.Script, y.Script)
		if x.Script == y.Script {
			warn("the script's content", short(x.ScriptHash), short(y.ScriptHash))
		}
		warn("the mode", string(x.Mode), string(y.Mode))
		warn("the tool", x.Tool, y.Tool)
		warn("the tolerance", units.Percent(a.Runs[0].Tolerance(), 1), units.Percent(r.Tolerance(), 1))
		warn("the generator", host(x.Generator), host(y.Generator))
		if !calledBy(a, x.Machine) || !calledBy(b, y.Machine) || x.Machine.Region != y.Machine.Region { // else it is what is compared
			warn("the target's machine", machine(x.Machine), machine(y.Machine))
		}
		before, after := settings(x), settings(y)
		for _, name := range slices.Sorted(keysOf(before, after)) {
			warn("the setting "+name, before[name], after[name])
		}
	}
	for _, s := range []Set{a, b} {
		for _, r := range s.Runs {
			if r.End == nil {
				c.Warnings = append(c.Warnings, fmt.Sprintf("a run of %s was cut: its figures are those until then", s.Name))
			}
		}
	}
	if len(a.Runs)+len(b.Runs) < 3 {
		text := fmt.Sprintf("one run alone does not tell how much runs vary: %s is assumed of rates and %s of response times; three runs each tell it",
			units.Percent(spreadOfRates, 1), units.Percent(spreadOfTimes, 1))
		if !slices.Contains(c.Warnings, text) {
			c.Warnings = append(c.Warnings, text)
		}
	}
}

func short(hash string) string { return hash[:min(len(hash), 12)] }

func host(h record.Host) string {
	if h.CPUs == 0 {
		return ""
	}
	return fmt.Sprintf("%s %s/%s with %s", h.Name, h.OS, h.Arch, units.Many(uint64(h.CPUs), "core"))
}

func machine(m *record.Machine) string {
	if m == nil {
		return ""
	}
	return strings.TrimSpace(m.Type + " " + m.Region)
}

// settings are those that make a difference: not where results go, nor the seed.
func settings(h record.Run) map[string]string {
	out := map[string]string{}
	for _, s := range h.Settings {
		switch s.Name {
		case "seed", "out", "output", "json", "html", "color", "full":
		default:
			out[s.Name] = s.Value
		}
	}
	return out
}

func keysOf(maps ...map[string]string) iter.Seq[string] {
	all := map[string]bool{}
	for _, m := range maps {
		for k := range m {
			all[k] = true
		}
	}
	return func(yield func(string) bool) {
		for k := range all {
			if !yield(k) {
				return
			}
		}
	}
}
