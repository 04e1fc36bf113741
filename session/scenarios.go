package session

import (
	"errors"
	"fmt"
	"slices"

	"github.com/plimsoll-load/plimsoll/runtime/plan"
	"github.com/plimsoll-load/plimsoll/runtime/vu"
)

// assign tells the factory what the scenarios of the script's options run, and
// finds the one that is to run alone.
func (s *Session) assign() error {
	var parts []vu.Part
	for _, e := range s.plan.Named {
		parts = append(parts, vu.Part{Name: e.Scenario, Exec: e.Exec, Env: e.Env, Tags: e.Tags})
	}
	if err := s.factory.Assign(parts, s.o.Mode != plan.Run); err != nil {
		return explainPart(err)
	}
	name := s.plan.Scenario
	if name == "" || len(s.plan.Executors) > 0 {
		return nil
	}
	var known []string
	for _, sc := range s.factory.Scenarios() {
		known = append(known, sc.Name)
	}
	if !slices.Contains(known, name) {
		return &plan.Error{Setting: "scenario", Value: name, Source: s.sourceOf("scenario"), Problem: "is no scenario of the script", Advice: plan.Suggest(name, known)}
	}
	return nil
}

// sized are the scenarios that a sizing is of.
func (s *Session) sized() []vu.Scenario {
	list := s.factory.Scenarios()
	if s.plan.Scenario == "" {
		return list
	}
	return slices.DeleteFunc(list, func(sc vu.Scenario) bool { return sc.Name != s.plan.Scenario })
}

// explainPart says what a scenario of the options could run instead.
func explainPart(err error) error {
	e := new(vu.PartError)
	if !errors.As(err, &e) {
		return err
	}
	advice := "export a function, or declare a scenario, and name it in exec"
	if len(e.Known) > 0 {
		advice = plan.Suggest(e.Part.Exec, e.Known)
	}
	return &plan.Error{Setting: "options.scenarios." + e.Part.Name + ".exec", Value: e.Part.Exec, Source: plan.Script, Problem: e.Problem, Advice: advice}
}

// sourceOf is where a setting's value came from.
func (s *Session) sourceOf(name string) plan.Source {
	for _, setting := range s.plan.Settings {
		if setting.Name == name {
			return setting.Source
		}
	}
	return plan.Default
}

// grace is in words how long iterations may go on that are to stop.
func (s *Session) grace() string {
	least, most := s.plan.Grace, s.plan.Grace
	for i, e := range s.plan.Executors {
		if i == 0 {
			least, most = e.Grace, e.Grace
		}
		least, most = min(least, e.Grace), max(most, e.Grace)
	}
	if least != most {
		return fmt.Sprintf("%v to %v", least, most)
	}
	return most.String()
}
