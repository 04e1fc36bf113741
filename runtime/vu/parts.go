package vu

import (
	"fmt"
	"maps"
	"slices"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

// Part is a scenario of the script's options: under its name its iterations
// are counted and asked for (see [User.Iterate]).
type Part struct {
	Name string
	// Exec names what they run: a scenario that the script declares, or a
	// function that it exports. Empty: the scenario of the part's name, else the
	// default function, else what each VU picks by weight.
	Exec string
	Env  map[string]string // __ENV, beside what all have
	Tags map[string]string // of all their samples
}

// part is a Part, prepared once for all users.
type part struct {
	Part
	env  map[string]string
	tags metric.TagsID
}

// assigned is what only a user with parts has.
type assigned struct {
	parts []scenario
	now   *part // of the iteration under way, or the last; nil: none
}

// enter makes a scenario's environment and tags those of the iteration.
func (u *User) enter(s *scenario) {
	if u.assigned.now = s.part; s.part != nil {
		u.samples.SetTags(s.part.tags)
	} else {
		u.samples.SetTags(0)
	}
}

// PartError says that a part has nothing to run.
type PartError struct {
	Part    Part
	Problem string
	Known   []string // what it could run
}

func (e *PartError) Error() string {
	return fmt.Sprintf("scenario %s of the options %s", e.Part.Name, e.Problem)
}

// Assign makes parts known to the users that are made from then on. With mix
// they are what users pick from, unless the script declares scenarios by
// itself; a script that has nothing else to run is picked from them anyway.
func (f *Factory) Assign(parts []Part, mix bool) error {
	for _, p := range parts {
		prepared := part{Part: p}
		if len(p.Env) > 0 {
			prepared.env = maps.Clone(f.config.Env)
			if prepared.env == nil {
				prepared.env = map[string]string{}
			}
			maps.Copy(prepared.env, p.Env)
		}
		var tags []metric.Tag
		for _, key := range slices.Sorted(maps.Keys(p.Tags)) {
			tags = append(tags, metric.Tag{Key: key, Value: p.Tags[key]})
		}
		prepared.tags = f.config.Names.Tags(0, tags...)
		f.parts = append(f.parts, prepared)
	}
	f.mix = mix
	for _, p := range parts {
		if problem := f.home.unfit(p); problem != "" {
			return &PartError{p, problem, f.home.runnable()}
		}
	}
	f.home.assign()
	return nil
}

// unfit says why a part cannot be; empty: it can.
func (u *User) unfit(p Part) string {
	run := u.runs(p)
	switch own := u.declared(p.Name); {
	case run == nil && p.Exec != "":
		return "runs what the script neither exports as a function nor declares as a scenario"
	case run == nil && u.weights == 0:
		return "has no exec, and the script has no default function"
	case own != nil && own.dialect == ours && p.Exec != "" && p.Exec != p.Name:
		return "has the name of a scenario that the script declares, and runs another"
	}
	return ""
}

// runnable are the names that a part's Exec may have.
func (u *User) runnable() (names []string) {
	for _, s := range u.scenarios {
		names = append(names, s.name)
	}
	for _, name := range u.exports.Keys() {
		if u.exported(name) != nil && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// exported is what a function of the script's exports is as a scenario; nil: there is none.
func (u *User) exported(name string) *scenario {
	fn, ok := goja.AssertFunction(u.exports.Get(name))
	if !ok || !slices.Contains(u.exports.Keys(), name) { // objects have methods of their own
		return nil
	}
	return &scenario{name: name, call: fn, dialect: k6}
}

// declared is a scenario of the script; nil: it declares none of this name.
func (u *User) declared(name string) *scenario {
	for i := range u.scenarios {
		if u.scenarios[i].name == name {
			return &u.scenarios[i]
		}
	}
	return nil
}

// named is a part, else a scenario of the script; nil: there is none of this name.
func (u *User) named(name string) *scenario {
	if u.assigned != nil {
		for i := range u.assigned.parts {
			if s := &u.assigned.parts[i]; s.name == name {
				return s
			}
		}
	}
	return u.declared(name)
}

// runs is what a part runs; nil: what each VU picks, or nothing.
func (u *User) runs(p Part) *scenario {
	if p.Exec == "" {
		if s := u.declared(p.Name); s != nil {
			return s
		}
		return u.declared("default")
	}
	if s := u.declared(p.Exec); s != nil {
		return s
	}
	return u.exported(p.Exec)
}

// assign makes scenarios of the parts, once the script is loaded.
func (u *User) assign() {
	if len(u.factory.parts) == 0 {
		return
	}
	u.assigned = &assigned{}
	mix := u.factory.mix
	for _, s := range u.scenarios {
		mix = mix && s.dialect == k6 // the default function: scenarios say it better
	}
	for i := range u.factory.parts {
		p := &u.factory.parts[i]
		s := scenario{picks: true}
		if run := u.runs(p.Part); run != nil {
			s = *run
		}
		s.id, s.name, s.weight = u.factory.config.Names.Scenario(p.Name), p.Name, 1
		s.part = p
		u.assigned.parts = append(u.assigned.parts, s)
	}
	if mix || u.weights == 0 {
		u.scenarios, u.weights = u.assigned.parts, float64(len(u.assigned.parts))
	}
}
