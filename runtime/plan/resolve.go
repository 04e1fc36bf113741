package plan

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/plimsoll-load/plimsoll/runtime/exit"
	"github.com/plimsoll-load/plimsoll/runtime/threshold"
)

// Sources are where settings may come from.
type Sources struct {
	Mode        Mode
	ClassicOnly bool // of Classic: the controller does not follow
	Recheck     bool // of Size: a former answer is checked again

	Script json.RawMessage // the script's options; may be nil
	Test   []Setting       // of a named test, by name or by script option
	Env    func(name string) string
	Flags  map[string]string // those given, by name or alias
	Seed   uint64            // drawn by the caller, used when none is given
}

// Error is a setting that cannot be used.
type Error struct {
	Setting string
	Value   string
	Source  Source
	Problem string // goes on from the value: "is negative"
	Advice  string
}

// Error says what is wrong, and where it stands.
func (e *Error) Error() string {
	return fmt.Sprintf("%s (%s): %q %s", e.Setting, e.Source, e.Value, e.Problem)
}

// Hint says what to do.
func (e *Error) Hint() string { return e.Advice }

// ExitCode is that of a wrong configuration.
func (e *Error) ExitCode() int { return exit.Usage }

// Resolve makes a plan of all sources, the strongest first: flag, environment,
// named test, script, default. A load has one shape, so what a stronger source
// says of it makes void what a weaker one says otherwise: --duration ends a
// script's stages. The warnings are for the user; they are no errors.
func Resolve(s Sources) (Plan, []string, error) {
	r := resolver{mode: s.Mode, chosen: map[string]given{}}
	if err := r.gather(s); err != nil {
		return Plan{}, r.warnings, err
	}
	r.oust()
	if err := r.effects(s); err != nil {
		return Plan{}, r.warnings, err
	}
	p := Plan{Seed: s.Seed}
	at := r.situation(s)
	for _, spec := range Table() {
		if !spec.in(s.Mode) {
			continue
		}
		if err := r.apply(&p, spec); err != nil {
			return Plan{}, r.warnings, err
		}
		if why, _ := at.missing(spec); why != "" { // a default that nothing follows from is not shown
			p.Settings = slices.DeleteFunc(p.Settings, func(shown Setting) bool { return shown.Name == spec.Name })
		}
	}
	if err := r.readScenarios(&p); err != nil {
		return Plan{}, r.warnings, err
	}
	if err := p.chooseScenario(&r); err != nil {
		return Plan{}, r.warnings, err
	}
	if err := r.shape(&p); err != nil {
		return Plan{}, r.warnings, err
	}
	return p, r.warnings, nil
}

// given is a setting's text and its source.
type given struct {
	text   string
	source Source
	key    string // as the source calls it
}

type resolver struct {
	mode      Mode
	chosen    map[string]given // by name of the setting
	scenarios json.RawMessage  // of the script's options
	warnings  []string
}

func (r *resolver) warn(format string, args ...any) {
	r.warnings = append(r.warnings, fmt.Sprintf(format, args...))
}

// gather lets each source overwrite the weaker ones.
func (r *resolver) gather(s Sources) error {
	if err := r.script(s.Script); err != nil {
		return err
	}
	if s.Mode == Classic {
		r.unbound()
	}
	for _, t := range s.Test {
		spec, ok := find(t.Name)
		if !ok {
			return &Error{t.Name, t.Value, Test, "is no setting", Suggest(t.Name, names())}
		}
		r.chosen[spec.Name] = given{t.Value, Test, t.Name}
	}
	for _, spec := range Table() {
		if s.Env == nil {
			break
		}
		if text := s.Env(spec.Env()); text != "" {
			r.chosen[spec.Name] = given{text, Env, spec.Env()}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Flags)) {
		spec, ok := find(name)
		if !ok {
			return &Error{name, s.Flags[name], Flag, "is no setting", Suggest(name, names())}
		}
		r.chosen[spec.Name] = given{s.Flags[name], Flag, "--" + name}
	}
	return nil
}

// find looks a setting up by its name, an alias, or its script option.
func find(name string) (Spec, bool) {
	for _, s := range Table() {
		if s.Name == name || s.Option != "" && s.Option == name || slices.Contains(s.Aliases, name) {
			return s, true
		}
	}
	return Spec{}, false
}

func names() []string {
	var list []string
	for _, s := range Table() {
		list = append(list, s.Name)
	}
	return list
}

// strength orders the sources.
func (s Source) strength() int {
	return slices.Index([]Source{Default, Script, Test, Env, Flag}, s)
}

// oust drops what a stronger source made void.
func (r *resolver) oust() {
	void := map[string]bool{}
	for _, pair := range exclusive() {
		for _, o := range []struct{ by, was string }{{pair[0], pair[1]}, {pair[1], pair[0]}} {
			by, said := r.chosen[o.by]
			was, weaker := r.chosen[o.was]
			if said && weaker && was.source.strength() < by.source.strength() {
				void[o.was] = true
				r.warn("%s of the %s is not used, because of %s", was.key, was.source, by.key)
			}
		}
	}
	for name := range void {
		delete(r.chosen, name)
	}
}

// apply puts one setting into the plan.
func (r *resolver) apply(p *Plan, spec Spec) error {
	g, ok := r.chosen[spec.Name]
	if !ok {
		g = given{spec.DefaultIn(r.mode), Default, spec.Name}
		if spec.Kind == Seed {
			g.text = fmt.Sprint(p.Seed)
		}
	}
	if g.text == "" && !ok {
		return nil
	}
	v, err := spec.parse(g.text)
	var bound *threshold.Error
	if errors.As(err, &bound) {
		return boundError(g.key, g.source, bound)
	}
	if err != nil {
		return &Error{g.key, g.text, g.source, err.Error(), "it is " + spec.Doc + example(spec)}
	}
	if spec.Kind == Percent && v.number > 0 && v.number < 1 && v.text != g.text {
		r.warn("%s %s means %s: write 5%% or 5 for five in a hundred", g.key, g.text, v.text)
	}
	spec.put(p, v)
	p.Settings = append(p.Settings, Setting{spec.Name, v.text, g.source})
	return nil
}

// boundError names the threshold that is wrong, of a setting that may hold many.
func boundError(key string, source Source, e *threshold.Error) *Error {
	if e.Metric != "" && e.Metric != e.Text {
		key += " " + e.Metric
	}
	return &Error{key, e.Text, source, e.Where(), boundAdvice(e)}
}

func boundAdvice(e *threshold.Error) string {
	if e.Advice != "" {
		return e.Advice
	}
	return Suggest(e.Word, e.Known)
}

// ThresholdError is what cannot be held against anything, as an error of the
// setting; another error stays as it is.
func (p *Plan) ThresholdError(err error) error {
	var bound *threshold.Error
	if !errors.As(err, &bound) {
		return err
	}
	for _, s := range p.Settings {
		if s.Name == "threshold" {
			return boundError("thresholds", s.Source, bound)
		}
	}
	return boundError("thresholds", Default, bound)
}

// example ends the advice where a kind's form is not plain.
func example(s Spec) string {
	switch s.Kind {
	case Time:
		return ", such as 30s, 1m30s or 500ms"
	case Percent:
		return ", such as 5%"
	default:
		return ""
	}
}
