package vu

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/dop251/goja"

	"github.com/plimsoll-load/plimsoll/runtime/metric"
)

type scenario struct {
	id      metric.ScenarioID
	name    string
	weight  float64
	delay   time.Duration
	call    goja.Callable
	dialect dialect
	picks   bool  // it runs what the user picks
	part    *part // of the script's options; nil: the script declared it
}

// dialect says what a function is given.
type dialect uint8

const (
	ours dialect = iota // ({vu, data, iteration})
	k6                  // (data)
)

type hook int

const (
	noHook hook = iota - 1
	beforeAll
	afterAll
	beforeVU
	afterVU
	handleSummary
	hooks
)

func hookByName(name string) hook {
	for h, n := range hookNames() {
		if n == name {
			return hook(h)
		}
	}
	return noHook
}

func hookNames() [hooks]string {
	return [hooks]string{"beforeAll", "afterAll", "beforeVU", "afterVU", "handleSummary"}
}

func (h hook) String() string { return hookNames()[h] }

var errTooLate = errors.New("it must be called while the script is loaded, at its top level")

// AddScenario declares a scenario.
func (u *User) AddScenario(name string, weight float64, delay time.Duration, fn goja.Callable) error {
	return u.addScenario(scenario{name: name, weight: weight, delay: delay, call: fn})
}

func (u *User) addScenario(s scenario) error {
	switch {
	case u.loaded:
		return errTooLate
	case s.name == "":
		return errors.New("a scenario needs a name")
	case s.weight < 0 || math.IsNaN(s.weight) || math.IsInf(s.weight, 0):
		return fmt.Errorf("the weight of scenario %q is %v: it must be 0 or more", s.name, s.weight)
	case s.delay < 0:
		return fmt.Errorf("the delay of scenario %q is %v: it must be 0 or more", s.name, s.delay)
	}
	for _, other := range u.scenarios {
		if other.name == s.name {
			return fmt.Errorf("there are two scenarios named %q: give each a name of its own", s.name)
		}
	}
	s.id = u.factory.config.Names.Scenario(s.name)
	u.scenarios = append(u.scenarios, s)
	u.weights += s.weight
	return nil
}

// AddHook declares beforeAll, afterAll, beforeVU or afterVU.
func (u *User) AddHook(name string, fn goja.Callable) error {
	return u.addHook(hookByName(name), fn, ours)
}

func (u *User) addHook(h hook, fn goja.Callable, d dialect) error {
	switch {
	case h == noHook:
		return errors.New("there is no such hook")
	case u.loaded:
		return errTooLate
	case u.hooks[h] != nil:
		return fmt.Errorf("%v was given twice: a script has one", h)
	}
	u.hooks[h], u.dialect[h] = fn, d
	return nil
}

// SetOptions declares options; those of a later call win, key by key.
func (u *User) SetOptions(value goja.Value) error {
	if u.loaded {
		return errTooLate
	}
	u.optionCalls = append(u.optionCalls, value)
	return nil
}

// Defaults are what beforeVU returned; nil when it returned nothing.
func (u *User) Defaults() *goja.Object { return u.defaults }

// declareExports takes what the script declared by exporting it.
func (u *User) declareExports() error {
	if u.exports == nil {
		return errShape
	}
	if fn, ok := goja.AssertFunction(u.exports.Get("default")); ok {
		if err := u.addScenario(scenario{name: "default", weight: 1, call: fn, dialect: k6}); err != nil {
			return err
		}
	}
	for name, h := range map[string]hook{"setup": beforeAll, "teardown": afterAll, "handleSummary": handleSummary} {
		fn, ok := goja.AssertFunction(u.exports.Get(name))
		if !ok {
			continue
		}
		if err := u.addHook(h, fn, k6); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return u.mergeOptions(u.exports.Get("options"))
}

// mergeOptions makes one JSON object of the exported options and of those given by calls.
func (u *User) mergeOptions(exported goja.Value) error {
	if u.id != 0 {
		return nil
	}
	merged := map[string]json.RawMessage{}
	for _, value := range append([]goja.Value{exported}, u.optionCalls...) {
		if value == nil || goja.IsUndefined(value) {
			continue
		}
		text, err := u.toJSON(value, true)
		if err != nil {
			return fmt.Errorf("options: %w", err)
		}
		if err := json.Unmarshal([]byte(text), &merged); err != nil {
			return fmt.Errorf("options is %s: it must be an object", text)
		}
		u.optionsJSON, _ = json.Marshal(merged)
	}
	u.optionCalls = nil
	return nil
}

// validate is for what only the whole script can get wrong.
func (u *User) validate() error {
	var from struct {
		Scenarios map[string]any `json:"scenarios"`
	}
	err := json.Unmarshal(u.optionsJSON, &from)
	if len(from.Scenarios) > 0 || len(u.optionsJSON) > 0 && err != nil { // they may name exported functions: see Assign
		return nil
	}
	if len(u.scenarios) == 0 {
		return u.explain("", errors.New("the script has no scenario: call scenario('name', () => { … }), or export a default function"))
	}
	if u.weights == 0 {
		return u.explain("", errors.New("all scenarios have weight 0: none would ever run"))
	}
	return nil
}
