package plan

import (
	"slices"
	"strings"
)

// A setting that changes nothing is not taken in silence: as a flag it is refused, from elsewhere (a named test, the
// environment, a script) it is warned about. A script alone is for run and for size: what it says for the other is no mistake.

// Need is what a setting needs, beside its modes, to change anything.
type Need uint8

// The needs.
const (
	NeedNothing    Need = iota
	NeedArrivals        // iterations arrive: run with a rate, any sizing by the controller
	NeedUsers           // virtual users iterate back to back: all but run with a rate
	NeedController      // a sizing, or the classic with the controller after it
	NeedFormer          // a former answer is checked again
	NeedSearch          // the answer is searched for: a sizing that checks no former answer again
)

// situation is what decides whether a setting changes anything.
type situation struct {
	mode        Mode
	classicOnly bool
	recheck     bool
	open        bool // run has a rate
	several     bool // run has scenarios, each with its executor
}

// in says whether a setting is one of a mode.
func (s Spec) in(m Mode) bool { return s.Modes == nil || slices.Contains(s.Modes, m) }

// missing says why a setting changes nothing, and what it belongs to; empty where it has an effect.
func (s situation) missing(spec Spec) (why, belongs string) {
	if !spec.in(s.mode) {
		return "has no effect in " + s.mode.command(), "it belongs to " + commands(spec.Modes)
	}
	none := "has no effect "
	switch spec.Needs {
	case NeedNothing:
	case NeedArrivals:
		switch {
		case s.several:
		case s.mode == Run && !s.open:
			return none + "without arrivals", "it belongs to `plimsoll run --rate` and `plimsoll size`"
		case s.classicOnly:
			return none + "with --classic-only, which has no arrivals", "it belongs to `plimsoll size` and `plimsoll run --rate`"
		}
	case NeedUsers:
		if s.mode == Run && s.open {
			return none + "on arrivals, which come at their rate", "it belongs to `plimsoll run` without --rate"
		}
	case NeedController, NeedSearch:
		if s.classicOnly {
			return none + "with --classic-only", "it belongs to `plimsoll size`, and to `plimsoll run --sizing` without --classic-only"
		}
		if spec.Needs == NeedSearch && s.recheck {
			return none + "with --from, which holds what the former answer says", "it belongs to `plimsoll size` without --from"
		}
	case NeedFormer:
		if !s.recheck {
			return none + "without --from", "it belongs to `plimsoll size --from`"
		}
	}
	return "", ""
}

// command is how a mode is typed.
func (m Mode) command() string {
	return [...]string{"`plimsoll run`", "`plimsoll size`", "`plimsoll run --sizing`"}[m]
}

// commands are how several modes are typed.
func commands(modes []Mode) string {
	var list []string
	for _, m := range modes {
		list = append(list, m.command())
	}
	return strings.Join(list, " and ")
}

// situation is the one of what was chosen.
func (r *resolver) situation(s Sources) situation {
	_, rated := r.chosen["rate"]
	return situation{s.Mode, s.Mode == Classic && s.ClassicOnly, s.Mode == Size && s.Recheck, s.Mode == Run && rated, s.Mode == Run && r.several()}
}

// effects refuses flags that change nothing, and warns of other settings that do not, once for each source and reason.
func (r *resolver) effects(s Sources) error {
	at := r.situation(s)
	type kind struct {
		source Source
		why    string
	}
	var order []kind
	unused := map[kind][]string{}
	for _, spec := range Table() {
		g, said := r.chosen[spec.Name]
		if !said {
			continue
		}
		why, belongs := at.missing(spec)
		switch {
		case why == "":
			continue
		case g.source == Flag:
			return &Error{g.key, g.text, Flag, why, belongs}
		}
		delete(r.chosen, spec.Name)
		if g.source == Script && !spec.in(at.mode) {
			continue
		}
		k := kind{g.source, why}
		if unused[k] == nil {
			order = append(order, k)
		}
		unused[k] = append(unused[k], g.key)
	}
	for _, k := range order {
		r.warn("%s (%s) %s", strings.Join(unused[k], ", "), k.source, plural(k.why, len(unused[k])))
	}
	return nil
}

// plural turns "has no effect" into that of several.
func plural(why string, n int) string {
	if n == 1 {
		return why
	}
	return strings.Replace(why, "has ", "have ", 1)
}

// unbound leaves out what a script says of its own load, which is no bound for a search of the limit.
func (r *resolver) unbound() {
	for _, name := range []string{"vus", "duration"} {
		if g, said := r.chosen[name]; said {
			r.warn("%s (%s) has no effect in %s, which looks for the limit itself", g.key, g.source, Classic.command())
			delete(r.chosen, name)
		}
	}
}
